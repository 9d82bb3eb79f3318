"""Equations that define: abbreviations, arrays, and the sizes of an example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Final

from symconv.algebra.expressions import Add, Array, Definition, Number
from symconv.algebra.indices import (
    And,
    Condition,
    Constant,
    Index,
    IntegerExpression,
    Or,
    Plus,
    Range,
    Size,
    Symbol,
    as_integer,
    between,
    condition_integers,
    condition_text,
    equal,
    substitute_condition,
    symbols,
)
from symconv.algebra.scoping import arrays, dependencies, substitute
from symconv.errors import UsageError
from symconv.latex.reading.clauses import Restrictions
from symconv.latex.reading.context import Context, DefinedWhere
from symconv.latex.reading.integers import integer_of, is_integer
from symconv.latex.reading.items import Abbreviation, ArrayDefinition, ExampleSize, Item, Span
from symconv.latex.reading.meaning import entry_of
from symconv.latex.reading.piecewise import guarded, require_covered
from symconv.latex.reading.scope import (
    Bounds,
    Scope,
    expanded,
    plausible_index,
    range_of,
    same_bounds,
    sentences,
    without_abbreviations,
)
from symconv.latex.reading.statements import (
    Side,
    refuse_convention,
    refuse_other_ranges,
    sides,
    used_abbreviations,
)
from symconv.latex.reading.syntax import Group, Literal, Name, Node, Product, Stopped
from symconv.verdicts import Note

_ANYWHERE: Final = Restrictions()
EXAMPLE: Final = "example"
"""The code of an equation that gives an entry its value in an example, and claims nothing."""
MOST_NAMES: Final = 500
"""The most names that may be known at once; every further one makes reading slower."""


@dataclass(frozen=True, slots=True)
class Defined:
    """A definition that was read, and what is known with it."""

    item: Item
    context: Context


def example_sizes(
    nodes: Sequence[Node | Stopped], span: Span, context: Context
) -> list[ExampleSize] | None:
    """Read ``H = W = 5``; None where an equation is no example.

    Raises:
        Stopped: where a size is smaller than it can be.
    """
    *names, last = nodes
    found: list[ExampleSize] = []
    if not isinstance(last, Literal) or not last.text.isdecimal():
        return None
    for node in names:
        if not isinstance(node, Name) or node.subscripts or Size(node.name) not in context.sizes:
            return None
        size = Size(node.name)
        least = dict(context.minimum).get(size, 1)
        if int(last.text) < least:
            raise Stopped(
                last.span, "out-of-range-number", f"{size} is at least {least}, got {last.text}"
            )
        found.append(ExampleSize(span, size, int(last.text)))
    return found


def only_given_sizes(nodes: Sequence[Node | Stopped], context: Context) -> bool:
    """Tell whether an equation restricts the given sizes, as ``H = W`` does.

    No such equation can be true for every size, so it is a condition of what follows and
    claims nothing; an equation for a derived size is a claim.
    """
    first = nodes[0]
    if not isinstance(first, Name) or Size(first.name) not in context.sizes:
        return False
    return is_about_given_sizes(nodes, context)


def is_about_given_sizes(nodes: Sequence[Node | Stopped], context: Context) -> bool:
    """Tell whether nothing but given sizes and numbers stands in an equation."""
    derived = {item.size for item in context.layer.derived} if context.layer else set()
    scope = Scope(context)
    for node in nodes:
        if isinstance(node, Stopped) or not is_integer(node, scope):
            return False
        try:
            value = integer_of(node, scope)
        except Stopped:
            return False
        if any(not isinstance(s, Size) or s in derived for s in symbols(value)):
            return False
    return True


def abbreviation(
    head: Node, value: Node, span: Span, context: Context, restricted: Restrictions = _ANYWHERE
) -> Defined | None:
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
    return Defined(Abbreviation(span, Index(name), integer), known)


def _indices(condition: Condition) -> set[Symbol]:
    inside = (s for integer in condition_integers(condition) for s in symbols(integer))
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
) -> Defined | None:
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
        return _element(array, head, side, span, context, restricted)
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
    return Defined(*_defined(array, indices, side, span, context, restricted))


def _defined(
    array: Array,
    indices: list[str],
    side: Side,
    span: Span,
    context: Context,
    restricted: Restrictions,
) -> tuple[ArrayDefinition, Context]:
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
        condition = substitute_condition(condition, positions) if base else condition
        known = known.with_domain(DefinedWhere(array.name, tuple(map(Index, indices)), condition))
    return ArrayDefinition(span, definition, sentences(side.scope)), known


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


def is_given_by_elements(name: str, context: Context) -> bool:
    """Tell whether an array has some of its entries given one by one, and not yet all."""
    definition = context.definition(name)
    if definition is None or context.domain(name) is None:
        return False
    return definition.target.indices[:1] == (_axis(name, 0),)


def _axis(name: str, axis: int) -> Index:
    return Index(f"{name}_{axis}")


def _element(
    array: Array,
    head: Name,
    side: Side | Stopped,
    span: Span,
    context: Context,
    restricted: Restrictions,
) -> Defined | None:
    """Read an equation that gives one entry of an array: y_{11} = ..., with y_{12} to follow.

    What is known of the array grows by that entry; the other ones have no value yet.
    """
    scope = Scope(context, final=True)
    entry = entry_of(head, scope)
    if isinstance(side, Stopped):
        raise side
    positions = [position for position in entry.indices if isinstance(position, Constant)]
    if len(positions) < len(array.shape) or side.free or restricted != _ANYWHERE:
        raise Stopped(
            head.span,
            "unsupported",
            f"this gives some entries of {array.name} alone",
            f"define all of {array.name} by one equation, with an index per axis",
        )
    if isinstance(side.expression, Number) and not any(symbols(side.expression.value)):
        raise Stopped(head.span, EXAMPLE, f"a value of {array.name} in an example")
    indices = tuple(_axis(array.name, axis) for axis in range(len(positions)))
    here = And(tuple(equal(i, at) for i, at in zip(indices, positions, strict=True)))
    piece = guarded(here, side.expression)
    known, domain = context.definition(array.name), context.domain(array.name)
    places, pieces = [here], [] if piece is None else [piece]
    if known is not None:
        assert domain is not None, "an array that is given by elements says which"
        assert isinstance(domain.condition, Or), "and which are a list"
        if here in domain.condition.conditions:
            return None
        places = [*domain.condition.conditions, here]
        pieces = [*(known.body.terms if isinstance(known.body, Add) else (known.body,)), *pieces]
    if len(places) > MOST_NAMES:
        raise Stopped(span, "unsupported", f"more than {MOST_NAMES} entries are given one by one")
    body = Add(tuple(pieces)) if pieces else Number(as_integer(0))
    definition = Definition(array[indices], body)
    rest = replace(
        context,
        definitions=tuple(item for item in context.definitions if item.array != array),
    )
    found = rest.with_definition(definition)
    if not _are_all(len(places), array):
        found = found.with_domain(DefinedWhere(array.name, indices, Or(tuple(places))))
    said = Note("reading", f"{entry} is given here, as one entry of {array.name}")
    return Defined(ArrayDefinition(span, definition, (*sentences(side.scope), said)), found)


def _are_all(count: int, array: Array) -> bool:
    extents = [extent.value for extent in array.shape if isinstance(extent, Constant)]
    return len(extents) == len(array.shape) and count == prod(extents)


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
    usual = side.scope.usual(name)
    bounds: Bounds | None = found[0] if len(found) == 1 else usual
    base = context.base_of(head.name) if isinstance(head, Name) else 0
    if bounds is None or bounds[0] != Constant(base):
        assert isinstance(head, Name), "an array is defined by its name"
        stopped = side.scope.undeclared(head.name, head.span, axes=len(head.subscripts or ()))
        stopped.message = f"the shape of {head.name} does not follow from the indices: {name}"
        raise stopped
    match bounds[1]:
        case Plus(terms=(first, Constant(value=-1))) if base == 0:
            return first
        case Plus(terms=(*rest, Constant(value=-1))) if base == 0:
            return Plus(tuple(rest))
    return bounds[1] + (1 - base) if base != 1 else bounds[1]
