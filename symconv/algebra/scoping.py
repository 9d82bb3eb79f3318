"""Free and bound indices, and substitution that never captures.

`Sum(x[i], (i, 0, N - 1))` binds i. Substituting `j -> i` inside `Sum(x[i + j], (i, ...))`
must not let the sum catch the new i, so the bound index is renamed first. (SymPy's own
`Sum(c[i]*x[i], (i, 1, N)).diff(x[i])` makes this mistake.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias, overload

from symconv.algebra.expressions import Array, Definition, Entry, Expression, Statement, Sum
from symconv.algebra.indices import Condition, Index, IntegerExpression, Range, Size, Symbol
from symconv.algebra.tree import Node, map_parts, parts, subexpressions, symbols, walk
from symconv.errors import IllFormed, NotSupported

Replacements: TypeAlias = Mapping[Symbol, IntegerExpression]


def free_symbols(expression: Expression) -> dict[Symbol, None]:
    """Return the sizes and indices that no sum inside binds, in order of appearance."""
    return dict.fromkeys(_free(expression, frozenset()))


def free_indices(expression: Expression) -> tuple[Index, ...]:
    """Return the indices that no sum inside binds, in order of appearance."""
    return tuple(symbol for symbol in free_symbols(expression) if isinstance(symbol, Index))


def all_symbols(expression: Expression) -> dict[Symbol, None]:
    """Return every size and index that occurs, free or bound, in order of appearance."""
    return dict.fromkeys(
        node.index if isinstance(node, Range) else node
        for node in walk(expression)
        if isinstance(node, Symbol | Range)
    )


def size_symbols(statement: Statement) -> tuple[Size, ...]:
    """Return the sizes that a statement mentions anywhere, shapes of its arrays included."""
    found: dict[Symbol, None] = {}
    for side in (statement.lhs, statement.rhs):
        found |= all_symbols(side)
        for array in arrays(side):
            for extent in array.shape:
                found |= dict.fromkeys(symbols(extent))
    values = (value for _, value in statement.where)
    for node in (*statement.free, *statement.assumptions, *values):
        found |= dict.fromkeys(symbols(node))
    return tuple(symbol for symbol in found if isinstance(symbol, Size))


def arrays(expression: Expression) -> dict[Array, None]:
    """Return every array that occurs, in order of appearance."""
    return dict.fromkeys(entry.array for entry in entries(expression))


def require_shape_in_sizes(array: Array) -> None:
    """Refuse an extent that holds an index: an array has one shape, whatever is summed.

    Raises:
        IllFormed: when there is one.
    """
    for extent in array.shape:
        for symbol in symbols(extent):
            if isinstance(symbol, Index):
                raise IllFormed(
                    f"the shape of {array.name} holds the index {symbol}",
                    code="index-in-shape",
                    help="write extents in sizes alone",
                )


def entries(expression: Expression) -> Iterator[Entry]:
    """Yield every entry that is written in the expression, left to right."""
    return (part for part in subexpressions(expression) if isinstance(part, Entry))


@overload
def substitute(node: Expression, replacements: Replacements) -> Expression: ...
@overload
def substitute(node: Condition, replacements: Replacements) -> Condition: ...
@overload
def substitute(node: IntegerExpression, replacements: Replacements) -> IntegerExpression: ...
@overload
def substitute(node: Range, replacements: Replacements) -> Range: ...
def substitute(node: Node, replacements: Replacements) -> Node:
    """Replace free symbols by integer expressions, all at once and without capture."""
    if isinstance(node, Symbol):
        return replacements.get(node, node)
    if not replacements:
        return node
    if isinstance(node, Sum):
        return _substitute_sum(node, replacements)
    return map_parts(node, lambda part: substitute(part, replacements))


def rename_bound(expression: Sum, taken: Iterable[Symbol]) -> Sum:
    """Rename the indices that a sum binds so that they avoid the given symbols."""
    used = {symbol.name for symbol in taken}
    clashing = [item.index for item in expression.ranges if item.index.name in used]
    if not clashing:
        return expression
    used |= {symbol.name for symbol in all_symbols(expression)}
    fresh: dict[Symbol, Index] = {}
    for index in clashing:
        name = fresh_name(index.name, used)
        used.add(name)
        fresh[index] = Index(name)
    ranges: list[Range] = []
    active: dict[Symbol, IntegerExpression] = {}
    for item in expression.ranges:
        moved = substitute(item, active)
        if item.index in fresh:
            active[item.index] = fresh[item.index]
            moved = replace(moved, index=fresh[item.index])
        ranges.append(moved)
    return Sum(substitute(expression.body, active), *ranges)


def fresh_name(name: str, used: set[str]) -> str:
    """Make a name that is not in use: p, then p_1, p_2, ..."""
    number = 1
    while f"{name}_{number}" in used:
        number += 1
    return f"{name}_{number}"


def expand_where(statement: Statement) -> Statement:
    """Substitute the statement's own abbreviations; later ones may use earlier ones.

    Raises:
        NotSupported: when an index has two values, two ranges, or a value and a range.
    """
    free: set[Symbol] = set()
    for item in statement.free:
        if item.index in free:
            raise _meant_twice(item.index, f"the range {item}, and another one")
        free.add(item.index)
    if not statement.where:
        return statement
    values: dict[Symbol, IntegerExpression] = {}
    for index, value in statement.where:
        if index in free or index in values:
            other = "a range" if index in free else "another value"
            raise _meant_twice(index, f"a value by where, {index} = {value}, and {other}")
        values[index] = substitute(value, values)
    return replace(
        statement,
        lhs=substitute(statement.lhs, values),
        rhs=substitute(statement.rhs, values),
        where=(),
    )


def _meant_twice(index: Symbol, twice: str) -> NotSupported:
    return NotSupported(
        f"{index} has {twice}",
        code="free-index-twice",
        help=f"leave one of the two out, or give one of them another name than {index}",
    )


def inline(definition: Definition, indices: tuple[IntegerExpression, ...]) -> Expression:
    """Return the body of a definition at the given indices."""
    replacements: dict[Symbol, IntegerExpression] = {}
    replacements.update(zip(definition.parameters, indices, strict=True))
    return substitute(definition.body, replacements)


def dependencies(definitions: Mapping[str, Definition]) -> dict[str, frozenset[str]]:
    """Return, by defined array, every array that its definition reads, directly or through others.

    Raises:
        ValueError: if a definition depends on itself.
    """
    found: dict[str, frozenset[str]] = {}

    def visit(name: str, path: tuple[str, ...]) -> frozenset[str]:
        if name in path:
            raise ValueError(f"the definition of {name} depends on itself: {' -> '.join(path)}")
        if name not in definitions:
            return frozenset()
        if name not in found:
            reached: set[str] = set()
            for array in arrays(definitions[name].body):
                reached |= {array.name} | visit(array.name, (*path, name))
            found[name] = frozenset(reached)
        return found[name]

    return {name: visit(name, ()) for name in definitions}


def _substitute_sum(expression: Sum, replacements: Replacements) -> Sum:
    bound = {item.index for item in expression.ranges}
    arriving = {symbol for value in replacements.values() for symbol in symbols(value)}
    if bound & arriving:
        expression = rename_bound(expression, arriving | set(replacements))
    ranges: list[Range] = []
    active = dict(replacements)
    for item in expression.ranges:
        ranges.append(substitute(item, active))
        active = {symbol: value for symbol, value in active.items() if symbol != item.index}
    return Sum(substitute(expression.body, active), *ranges)


def _free(node: Node, bound: frozenset[Symbol]) -> Iterator[Symbol]:
    if isinstance(node, Symbol):
        if node not in bound:
            yield node
    elif isinstance(node, Sum):
        for item in node.ranges:
            yield from _free(item, bound)
            bound = bound | {item.index}
        yield from _free(node.body, bound)
    else:
        for part in parts(node):
            yield from _free(part, bound)
