"""Equations that define abbreviations and arrays, and those that would if they could be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from symconv.algebra.expressions import Array, Definition
from symconv.algebra.indices import (
    And,
    Condition,
    Constant,
    Index,
    IntegerExpression,
    Plus,
    Range,
    Symbol,
    as_integer,
    between,
    condition_text,
)
from symconv.algebra.scoping import arrays, dependencies, substitute
from symconv.algebra.tree import symbols
from symconv.errors import UsageError
from symconv.latex.reading.atoms import Atom, atoms
from symconv.latex.reading.claims import Member
from symconv.latex.reading.context import Context, DefinedWhere
from symconv.latex.reading.items import Abbreviation, ArrayDefinition, FormulaReading, Span
from symconv.latex.reading.meaning.array_entries import KRONECKER
from symconv.latex.reading.meaning.clauses import Restrictions
from symconv.latex.reading.meaning.elements import (
    MOST_NAMES,
    element_definition,
    is_given_by_elements,
)
from symconv.latex.reading.meaning.integers import integer_of, is_integer
from symconv.latex.reading.meaning.piecewise import require_covered
from symconv.latex.reading.meaning.scope import (
    Bounds,
    Scope,
    expanded,
    is_usual_index,
    plausible_index,
    range_of,
    same_bounds,
    sentences,
    usual_bounds,
    without_abbreviations,
)
from symconv.latex.reading.meaning.sides import Side, sides
from symconv.latex.reading.meaning.statements import (
    refuse_convention,
    refuse_other_ranges,
    used_abbreviations,
)
from symconv.latex.reading.syntax import Group, Literal, Name, Node, Product, Stopped
from symconv.latex.reading.tokens import names

_ANYWHERE: Final = Restrictions()


def abbreviation(
    head: Node, value: Node, span: Span, context: Context, restricted: Restrictions = _ANYWHERE
) -> FormulaReading | None:
    """Read ``p_0 = Sk``; None where the left side is no new name or the right no integer.

    Args:
        head: the left side.
        value: the right side.
        span: where the equation stands.
        context: what is known before it.
        restricted: where the name is defined; elsewhere it has no value.

    Raises:
        Stopped: for a name that is defined by itself, or that cannot be one.
    """
    name = new_symbol(head, context)
    scope = Scope(context)
    if name is None or not is_integer(value, scope):
        return None
    integer = integer_of(value, scope)
    _refuse_too_many(span, context)
    if Index(name) in symbols(expanded(integer, context)):
        raise Stopped(span, "cyclic-definition", f"{name} is defined by itself")
    for used, place in scope.values.items():
        if not plausible_index(used):
            raise scope.undeclared(used, place)
    try:
        known = context.with_abbreviation(Index(name), integer)
    except UsageError as error:
        raise Stopped(head.span, "unsupported", error.fact, error.help) from error
    held = symbols(expanded(integer, context))
    needed = [
        *restricted.assumptions,
        *(_between(n, ends) for n, ends in restricted.ranges.items() if Index(n) in held),
        *(c for c in restricted.guards if _indices(c) & set(held)),
        *(item.condition for item in (*restricted.coverage, *scope.coverage)),
    ]
    if needed:
        condition = without_abbreviations(_all(needed), context)
        known = known.with_domain(DefinedWhere(name, (), condition))
    return FormulaReading((Abbreviation(span, Index(name), integer),), known)


def _indices(condition: Condition) -> set[Symbol]:
    inside = symbols(condition)
    return {symbol for symbol in inside if isinstance(symbol, Index)}


def _between(name: str, ends: Bounds) -> Condition:
    return between(ends[0], Index(name), ends[1])


def _all(conditions: Sequence[Condition]) -> Condition:
    return conditions[0] if len(conditions) == 1 else And(tuple(conditions))


def new_symbol(head: Node, context: Context) -> str | None:
    """Return the name on the left of a definition of an integer, or None."""
    if not isinstance(head, Name):
        return None
    name = head.name
    match head.subscripts:
        case None:
            pass
        case (Literal(kind="number", text=text),) if text.isdecimal():
            if context.array(head.name) is not None:
                return None
            name = f"{head.name}_{text}"
        case _:
            return None
    return None if context.knows(name) else name


def array_definition(
    head: Node, value: Node, span: Span, context: Context, restricted: Restrictions = _ANYWHERE
) -> FormulaReading | None:
    """Read the definition of an array; None where its left side defines none.

    Args:
        head: the left side.
        value: the right side.
        span: where the equation stands.
        context: what is known before it.
        restricted: where the array is defined; its other entries have no value.

    Raises:
        Stopped: where the definition has no meaning, or is not supported.
    """
    head = as_entry(head, context)
    if not isinstance(head, Name) or is_fixed(head.name, context):
        return None
    scope = Scope(context)
    array = context.array(head.name)
    if head.name.startswith("\\"):
        raise scope.undeclared(head.name, head.span, axes=len(head.subscripts or ()))
    letters = {part.name for part in head.subscripts or () if isinstance(part, Name)}
    (side,) = sides([value], context, letters | restricted.letters)
    if array is not None and isinstance(side, Side) and _is_made_of(side, array, context):
        return None
    names = [_plain_index(part, scope) for part in head.subscripts or ()]
    if None in names or len(set(names)) != len(names) or is_given_by_elements(head.name, context):
        if array is None:
            raise scope.undeclared(head.name, head.span, axes=len(names))
        return element_definition(array, head, side, span, context, restricted)
    _refuse_too_many(span, context)
    if isinstance(side, Stopped):
        raise side
    indices = [name for name in names if name is not None]
    if array is None and any(item.index.name == head.name for item in context.ranges):
        # A letter that is an index otherwise becomes no array: n_f = 64 is a number of filters.
        raise scope.undeclared(head.name, head.span, axes=len(indices))
    if array is None:
        shape = tuple(_extent(name, side, head, context) for name in indices)
        array = Array(head.name, shape)
    if array.shape and not indices:
        raise Stopped(
            head.span,
            "unsupported",
            f"{array.name} stands without its indices: equations between whole arrays",
            "write an index per axis",
        )
    if len(array.shape) != len(indices):
        raise Stopped(
            head.span,
            "wrong-rank",
            f"{array.name} has {len(array.shape)} axes, got {len(indices)} indices",
        )
    return _defined(array, indices, side, span, context, restricted)


def _defined(
    array: Array,
    indices: list[str],
    side: Side,
    span: Span,
    context: Context,
    restricted: Restrictions,
) -> FormulaReading:
    refuse_other_ranges(restricted.ranges, side)
    for name, place in side.free.items():
        if name not in indices:
            if name not in side.scope.subscripts:
                raise side.scope.undeclared(name, place)
            refuse_convention(side, name, place)
            raise Stopped(
                place,
                "free-index-mismatch",
                f"{name} is neither summed nor on the left-hand side",
                f"put {name} under a sum, or add it to the left-hand side",
                (name,),
            )
    for name, place in side.scope.bound.items():
        if name in indices:
            raise Stopped(place, "index-free-and-bound", f"{name} is summed over here, and is free")
    if side.scope.omitted:
        place = next(iter(side.scope.omitted.values()))
        raise Stopped(place, "unsupported", "axes left out in the definition of an array")
    base = context.base_of(array.name)
    changed: dict[Symbol, IntegerExpression] = {
        Index(name): expanded(Index(name), context) for name in side.scope.abbreviations
    }
    body = substitute(side.expression, changed)
    if base:
        body = substitute(body, {Index(name): Index(name) + base for name in indices})
    ranges = tuple(
        Range(Index(name), as_integer(base), extent + (base - 1))
        for name, extent in zip(indices, array.shape, strict=True)
    )
    said = {name: ends for name, ends in restricted.ranges.items() if name in indices}
    require_covered(
        (*side.scope.coverage, *restricted.coverage),
        context,
        tuple(range_of(r.index.name, said.get(r.index.name, (r.lower, r.upper))) for r in ranges),
        tuple(restricted.assumptions),
        used_abbreviations(side),
    )
    definition = Definition(array[tuple(Index(name) for name in indices)], body)
    try:
        known = context.with_definition(definition)
        _ = dependencies({item.array.name: item for item in known.definitions})
    except UsageError as error:
        raise Stopped(span, "unsupported", error.fact, error.help) from error
    except ValueError as error:
        raise Stopped(span, "cyclic-definition", str(error)) from error
    for condition in restricted.guards:
        others = _indices(condition) - {r.index for r in ranges} - set(changed)
        if others and condition not in context.said.conditions:
            raise Stopped(
                span,
                "unsupported",
                f"{condition_text(condition)} is a condition on what is no index of {array.name}",
                "write the condition as a bracket in the equation: [ ... ]",
            )
    needed = [
        *restricted.assumptions,
        *(
            _between(r.index.name, said[r.index.name])
            for r in ranges
            if r.index.name in said and not same_bounds(said[r.index.name], (r.lower, r.upper))
        ),
    ]
    needed += [c for c in restricted.guards if _indices(c) & {r.index for r in ranges}]
    if needed:
        positions: dict[Symbol, IntegerExpression] = {
            Index(name): Index(name) + base for name in indices
        }
        condition = without_abbreviations(_all(needed), context)
        condition = substitute(condition, positions) if base else condition
        known = known.with_domain(DefinedWhere(array.name, tuple(map(Index, indices)), condition))
    return FormulaReading(
        (ArrayDefinition(span, definition, sentences(side.scope.readings)),), known
    )


def as_entry(head: Node, context: Context) -> Node:
    """Return a left side such as O(i,j) or y[r, c] as the entry of a declared array that it is."""
    match head:
        case Product(
            signs=("", ""),
            factors=(Name(name=name, subscripts=None), Group(bracket="(" | "[", items=items)),
        ):
            array = context.array(name)
            if array is not None and len(array.shape) == len(items):
                return Name(head.span, head.depth, name, items)
    return head


def _is_made_of(side: Side, array: Array, context: Context) -> bool:
    """Tell whether an array stands in an expression, directly or through definitions."""
    pending, seen = list(arrays(side.expression)), set[Array]()
    while pending:
        current = pending.pop()
        if current == array:
            return True
        if current not in seen:
            seen.add(current)
            definition = context.definition(current.name)
            pending.extend(() if definition is None else arrays(definition.body))
    return False


def _refuse_too_many(span: Span, context: Context) -> None:
    if len(context.spellings) >= MOST_NAMES:
        raise Stopped(span, "unsupported", f"more than {MOST_NAMES} names are known already")


def is_fixed(name: str, context: Context) -> bool:
    """Tell whether a name means something already that an equation cannot define."""
    array = context.array(name)
    if array is None:
        return context.knows(name)
    known = context.layer.array_by_name if context.layer else {}
    if name in known:
        return True
    return context.definition(name) is not None and not is_given_by_elements(name, context)


def _plain_index(node: Node, scope: Scope) -> str | None:
    if not isinstance(node, Name) or not is_integer(node, scope):
        return None
    value = integer_of(node, scope, subscript=True)
    if not isinstance(value, Index) or scope.context.abbreviation(value.name) is not None:
        return None
    return value.name


def _extent(name: str, side: Side, head: Node, context: Context) -> IntegerExpression:
    """Return the extent of an axis of a new array, from the arrays that its index stands in."""
    found = side.scope.free.get(name, [])
    usual = usual_bounds(name, side.scope.context)
    bounds: Bounds | None = found[0] if len(found) == 1 else usual
    base = context.base_of(head.name) if isinstance(head, Name) else 0
    if bounds is None or bounds[0] != Constant(base):
        assert isinstance(head, Name), "an array is defined by its name"
        axes = len(head.subscripts or ())
        undeclared = side.scope.undeclared(head.name, head.span, axes=axes)
        fact = f"the shape of {head.name} does not follow from the indices: {name}"
        raise Stopped(head.span, undeclared.code, fact, undeclared.help, undeclared.missing)
    match bounds[1]:
        case Plus(terms=(first, Constant(value=-1))) if base == 0:
            return first
        case Plus(terms=(*rest, Constant(value=-1))) if base == 0:
            return Plus(tuple(rest))
    return bounds[1] + (1 - base) if base != 1 else bounds[1]


def unread_definition(
    members: Sequence[Member], node: Node | Stopped, context: Context, *, marked: bool = False
) -> Context:
    """Say of the name on the left of an equation that it has no known meaning, if it defines it.

    An array that is declared counts as independent until it is defined, and a letter as an
    index. Where something is said of either that cannot be read, neither is true any more:
    what needs the name is undecided, until it is defined readably.

    Args:
        members: the sides of the equation; what stands in one on the right is not defined by it.
        node: the left side as it was parsed, or why it was not.
        context: what is known.
        marked: whether the equation is written as a definition.
    """
    head, *values = members
    if is_kronecker(head.atoms, context):
        return context.with_domain(DefinedWhere(KRONECKER, (), None))
    if not isinstance(node, Stopped) and not _is_named(node):
        return context
    found = names(head.atoms, context.spellings)
    if not found or (not marked and any(_mentions(v, found[0], context) for v in values)):
        return context
    name = found[0]
    if context.array(name) is not None:
        return (
            context
            if is_fixed(name, context)
            else context.with_domain(DefinedWhere(name, (), None))
        )
    symbol = None if isinstance(node, Stopped) else new_symbol(node, context)
    if symbol is None or is_usual_index(symbol, context):
        return context
    return context.with_domain(DefinedWhere(symbol, (), None))


def unread_text(text: str, context: Context) -> Context:
    """Do the same for a definition that is given as text, such as a declaration holds.

    Args:
        text: the equation.
        context: what is known.
    """
    left, equals, _ = text.partition("=")
    found = names(atoms(left), context.spellings) if equals else []
    if not found or is_fixed(found[0], context):
        return context
    return context.with_domain(DefinedWhere(found[0], (), None))


def is_kronecker(found: Sequence[Atom], context: Context) -> bool:
    r"""Tell whether a side is a lone \delta with its indices, and no declared name."""
    if any(source.startswith(KRONECKER) for source, _ in context.spellings):
        return False
    visible = [atom for atom in found if atom.kind not in ("space", "wide", "align")]
    if not visible or visible[0].text != KRONECKER:
        return False
    depth = 0
    for atom in visible[1:]:
        if depth == 0 and atom.text not in ("_{", "^{", "(", "["):
            return False
        depth += atom.kind == "open" or atom.text in ("(", "[")
        depth -= atom.kind == "close" or atom.text in (")", "]")
    return True


def _is_named(node: Node) -> bool:
    match node:
        case Name():
            return True
        case Product(signs=("", ""), factors=(Name(subscripts=None), Group())):
            return True
    return False


def _mentions(value: Member, name: str, context: Context) -> bool:
    return name in names(value.atoms, context.spellings)
