"""Free and bound indices, and substitution that never captures.

`Sum(x[i], (i, 0, N - 1))` binds i. Substituting `j -> i` inside `Sum(x[i + j], (i, ...))`
must not let the sum catch the new i, so the bound index is renamed first. (SymPy's own
`Sum(c[i]*x[i], (i, 1, N)).diff(x[i])` makes this mistake.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from symconv.algebra.expressions import (
    Add,
    Array,
    Definition,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    Index,
    IntegerExpression,
    Range,
    Size,
    Symbol,
    condition_integers,
    substitute_condition,
    substitute_symbols,
    symbols,
)
from symconv.errors import IllFormed, NotSupported


def free_symbols(expression: Expression) -> dict[Symbol, None]:
    """Return the sizes and indices that no sum inside binds, in order of appearance."""
    return dict.fromkeys(_free(expression, frozenset()))


def free_indices(expression: Expression) -> tuple[Index, ...]:
    """Return the indices that no sum inside binds, in order of appearance."""
    return tuple(symbol for symbol in free_symbols(expression) if isinstance(symbol, Index))


def all_symbols(expression: Expression) -> dict[Symbol, None]:
    """Return every size and index that occurs, free or bound, in order of appearance."""
    return dict.fromkeys(_all(expression))


def size_symbols(statement: Statement) -> tuple[Size, ...]:
    """Return the sizes that a statement mentions anywhere, shapes of its arrays included."""
    found: dict[Symbol, None] = {}
    for side in (statement.lhs, statement.rhs):
        found |= all_symbols(side)
        for array in arrays(side):
            for extent in array.shape:
                found |= dict.fromkeys(symbols(extent))
    for item in statement.free:
        found |= dict.fromkeys((*symbols(item.lower), *symbols(item.upper)))
    for condition in statement.assumptions:
        for integer in condition_integers(condition):
            found |= dict.fromkeys(symbols(integer))
    for _, value in statement.where:
        found |= dict.fromkeys(symbols(value))
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
    match expression:
        case Entry():
            yield expression
        case Number() | Delta() | Iverson():
            return
        case Add(terms=parts) | Mul(factors=parts):
            for part in parts:
                yield from entries(part)
        case Sum(body=body):
            yield from entries(body)
        case Derivative(body=body, by=by):
            yield from entries(body)
            yield by
        case _:
            raise TypeError(f"not an expression: {expression!r}")


def substitute(
    expression: Expression, replacements: Mapping[Symbol, IntegerExpression]
) -> Expression:
    """Replace free symbols by integer expressions, all at once and without capture."""
    if not replacements:
        return expression
    match expression:
        case Number(value=value):
            return Number(substitute_symbols(value, replacements))
        case Entry(array=array, indices=indices):
            return Entry(array, tuple(substitute_symbols(part, replacements) for part in indices))
        case Delta(left=left, right=right):
            return Delta(
                substitute_symbols(left, replacements), substitute_symbols(right, replacements)
            )
        case Iverson(condition=condition):
            return Iverson(substitute_condition(condition, replacements))
        case Add(terms=parts):
            return Add(tuple(substitute(part, replacements) for part in parts))
        case Mul(factors=parts):
            return Mul(tuple(substitute(part, replacements) for part in parts))
        case Derivative(body=body, by=by):
            changed = substitute(by, replacements)
            assert isinstance(changed, Entry), "substitution keeps the kind of a node"
            return Derivative(substitute(body, replacements), changed)
        case Sum():
            return _substitute_sum(expression, replacements)
    raise TypeError(f"not an expression: {expression!r}")


def rename_bound(expression: Sum, taken: Iterable[Symbol]) -> Sum:
    """Rename the indices that a sum binds so that they avoid the given symbols."""
    used = {symbol.name for symbol in taken}
    clashing = [item.index for item in expression.ranges if item.index.name in used]
    if not clashing:
        return expression
    used |= {symbol.name for symbol in all_symbols(expression)}
    fresh: dict[Symbol, IntegerExpression] = {}
    for index in clashing:
        name = fresh_name(index.name, used)
        used.add(name)
        fresh[index] = Index(name)
    ranges: list[Range] = []
    active: dict[Symbol, IntegerExpression] = {}
    for item in expression.ranges:
        lower = substitute_symbols(item.lower, active)
        upper = substitute_symbols(item.upper, active)
        index = item.index
        if index in fresh:
            active[index] = fresh[index]
            renamed = fresh[index]
            assert isinstance(renamed, Index), "a bound index is renamed to an index"
            index = renamed
        ranges.append(Range(index, lower, upper))
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
        values[index] = substitute_symbols(value, values)
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
    for parameter, value in zip(definition.target.indices, indices, strict=True):
        assert isinstance(parameter, Index), "a definition has plain indices on its left"
        replacements[parameter] = value
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


def _substitute_sum(expression: Sum, replacements: Mapping[Symbol, IntegerExpression]) -> Sum:
    bound = {item.index for item in expression.ranges}
    arriving = {symbol for value in replacements.values() for symbol in symbols(value)}
    if bound & arriving:
        expression = rename_bound(expression, arriving | set(replacements))
    ranges: list[Range] = []
    active = dict(replacements)
    for item in expression.ranges:
        lower = substitute_symbols(item.lower, active)
        upper = substitute_symbols(item.upper, active)
        active = {symbol: value for symbol, value in active.items() if symbol != item.index}
        ranges.append(Range(item.index, lower, upper))
    return Sum(substitute(expression.body, active), *ranges)


def _free(expression: Expression, bound: frozenset[Symbol]) -> Iterator[Symbol]:
    match expression:
        case Sum(body=body, ranges=ranges):
            for item in ranges:
                for bound_expression in (item.lower, item.upper):
                    yield from (s for s in symbols(bound_expression) if s not in bound)
                bound = bound | {item.index}
            yield from _free(body, bound)
        case Add(terms=parts) | Mul(factors=parts):
            for part in parts:
                yield from _free(part, bound)
        case Derivative(body=body, by=by):
            yield from _free(body, bound)
            yield from _free(by, bound)
        case _:
            for integer in _integers(expression):
                yield from (s for s in symbols(integer) if s not in bound)


def _all(expression: Expression) -> Iterator[Symbol]:
    match expression:
        case Sum(body=body, ranges=ranges):
            for item in ranges:
                yield item.index
                yield from symbols(item.lower)
                yield from symbols(item.upper)
            yield from _all(body)
        case Add(terms=parts) | Mul(factors=parts):
            for part in parts:
                yield from _all(part)
        case Derivative(body=body, by=by):
            yield from _all(body)
            yield from _all(by)
        case _:
            for integer in _integers(expression):
                yield from symbols(integer)


def _integers(expression: Expression) -> tuple[IntegerExpression, ...]:
    match expression:
        case Number(value=value):
            return (value,)
        case Entry(indices=indices):
            return indices
        case Delta(left=left, right=right):
            return (left, right)
        case Iverson(condition=condition):
            return condition_integers(condition)
    raise TypeError(f"not an expression: {expression!r}")
