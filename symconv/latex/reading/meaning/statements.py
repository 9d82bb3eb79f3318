"""Claims as statements: free indices with their ranges, assumptions, abbreviations.

What makes an equality ill-formed before any proof is found here: indices that differ
between the two sides, an index that is free and bound, axes left out here and written
there, numbers outside of an array.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from symconv.algebra.evaluation import integer_value
from symconv.algebra.expressions import Entry, Iverson, Mul, Number, Statement
from symconv.algebra.indices import (
    Comparison,
    Condition,
    Constant,
    Index,
    IntegerExpression,
    Range,
    Symbol,
    condition_text,
    equal,
)
from symconv.algebra.ratios import same_polynomial
from symconv.algebra.scoping import entries
from symconv.algebra.tree import symbols
from symconv.errors import IllFormed
from symconv.latex.reading.context import Context
from symconv.latex.reading.items import Span
from symconv.latex.reading.meaning.clauses import Restrictions
from symconv.latex.reading.meaning.piecewise import require_covered
from symconv.latex.reading.meaning.scope import (
    Bounds,
    Readings,
    Scope,
    bounds_of,
    is_plain,
    range_of,
    same_bounds,
    sentences,
    unclear_range,
    usual_bounds,
    without_abbreviations,
)
from symconv.latex.reading.meaning.sides import Side
from symconv.latex.reading.syntax import Additive, Name, Node, Stopped, Summation, children
from symconv.verdicts import Note


def statement(
    left: Side, right: Side, head: Side, restricted: Restrictions
) -> tuple[Statement, tuple[Note, ...]]:
    """Build the statement that two members of a chain are equal.

    Args:
        left: one member.
        right: the next one.
        head: the first member of the chain, whose indices are the free ones.
        restricted: what the clauses of the claim say.

    Returns:
        The statement and the readings that were used.

    Raises:
        Stopped: where the equality is ill-formed before any proof.
    """
    context = left.scope.context
    _refuse_renamed(head)
    free = _free_names(left, right, head)
    _refuse_undeclared(left, right, head, free)
    refuse_other_ranges(restricted.ranges, left, right)
    ranges, late = _ranges(free, left, right, head, restricted.ranges)
    readings = list(restricted.readings)
    assumptions = list(restricted.assumptions)
    ones = _omitted(left.scope, right.scope, context)
    if ones:
        readings.append(
            "leading axes that are left out stand for size 1: "
            f"{' = '.join(str(_left_of(part)) for part in ones)} = 1"
        )
    assumptions += [part for part in ones if part not in assumptions]
    if context.examples and not free and _has_positions(left, right):
        examples = [equal(size, value) for size, value in context.examples]
        values: dict[Symbol, int] = dict(context.examples)
        values |= {size: 1 for size in context.sizes if equal(size, 1) in ones}
        _refuse_outside(left.scope, values)
        _refuse_outside(right.scope, values)
        readings.append(
            "the sizes of the example hold: "
            + ", ".join(f"{size} = {value}" for size, value in context.examples)
        )
        assumptions += [part for part in examples if part not in assumptions]
    made = Statement(
        left.expression,
        right.expression,
        free=ranges,
        assumptions=tuple(assumptions),
        where=used_abbreviations(left, right),
    )
    needed = (*restricted.coverage, *left.scope.coverage, *right.scope.coverage)
    guards = _guards(restricted.guards, made, left, right)
    require_covered(needed, context, ranges, (*made.assumptions, *guards), made.where)
    if guards:
        factors = tuple(map(Iverson, guards))
        made = made.with_sides(Mul((*factors, made.lhs)), Mul((*factors, made.rhs)))
        readings += [f"it is claimed only where {condition_text(item)}" for item in guards]
        readings += [_open_end(condition) for condition in guards if _is_one_sided(condition)]
    said = tuple(Note("reading", reading) for reading in readings)
    return made, (*sentences(left.scope.readings, late[0], right.scope.readings, late[1]), *said)


def _is_one_sided(condition: Condition) -> bool:
    return isinstance(condition, Comparison) and condition.relation in ("<", "<=", ">", ">=")


def _open_end(condition: Condition) -> str:
    return f"the end that {condition_text(condition)} leaves open is that of the arrays"


def _guards(
    conditions: Sequence[Condition], made: Statement, left: Side, right: Side
) -> tuple[Condition, ...]:
    """Return the conditions on free indices under which an equality is claimed.

    Raises:
        Stopped: where one is about an index that is not free in it.
    """
    context = left.scope.context
    free = {item.index.name for item in made.free}
    kept: list[Condition] = []
    for condition in conditions:
        plain = without_abbreviations(condition, context)
        used = set(symbols(plain))
        names = {symbol.name for symbol in used if isinstance(symbol, Index)}
        if names <= free:
            kept.append(plain)
            continue
        bound = {**left.scope.bound, **right.scope.bound}
        if condition in context.said.conditions and not names & (free | bound.keys()):
            continue  # It is about letters that do not stand in this equation.
        name = min(names - free)
        raise Stopped(
            bound.get(name, left.node.span),
            "unsupported",
            f"{condition_text(condition)} is a condition on {name}, which is not free here",
            "write the condition as a bracket in the equation: [ ... ]",
        )
    return tuple(kept)


def _left_of(condition: Condition) -> IntegerExpression:
    assert isinstance(condition, Comparison), "sizes are set equal to 1"
    return condition.left


def _refuse_renamed(head: Side) -> None:
    """Refuse a letter that was defined as an integer before, and is an index on the left."""
    for name, span in head.scope.lone_abbreviations.items():
        if is_plain(name):
            raise Stopped(
                span,
                "unsupported",
                f"{name} was defined as {head.scope.context.abbreviation(name)} before, "
                "and is an index on the left-hand side",
                "name one of the two otherwise",
            )


def _free_names(left: Side, right: Side, head: Side) -> dict[str, Span]:
    """Return the free indices of an equality; refuse those that the head does not have."""
    free = {**left.free, **{name: s for name, s in right.free.items() if name not in left.free}}
    allowed = head.free
    # Equations between integers hold no indices of arrays; those of p_0 = Sk are on the right.
    number = isinstance(head.expression, Number)
    for side in () if number else (left, right):
        for name, span in side.free.items():
            if name in allowed:
                continue
            # Beside an index i of arrays, an i' can be nothing but another index.
            letters = {
                index.rstrip("'") for s in (head, left, right) for index in s.scope.subscripts
            }
            if name.rstrip("'") not in letters:
                raise side.scope.undeclared(name, span)
            if name in side.scope.bound:
                raise Stopped(
                    span,
                    "unclear-sum-scope",
                    f"{name} stands behind the end of the sum over {name}",
                    "a sum reaches to the next + or -: put parentheses around what it sums",
                )
            refuse_convention(side, name, span)
            left_out = {**head.scope.omitted, **left.scope.omitted}
            usual = usual_bounds(name, side.scope.context)
            extents = [e for e in left_out if usual and same_polynomial(usual[1], e - 1)]
            if extents:
                raise Stopped(
                    left_out[extents[0]],
                    "unclear-rank",
                    f"axes are left out here, and {name} may be the index of one of them",
                    "write every axis",
                )
            raise Stopped(
                span,
                "free-index-mismatch",
                f"{name} is neither summed nor on the left-hand side",
                f"put {name} under a sum, add it to the left-hand side, "
                f"or define it first: {name} = ...",
                (name,),
            )
    for side in (left, right):
        for name, span in side.scope.bound.items():
            if name in free or name in allowed:
                raise Stopped(
                    span,
                    "index-free-and-bound",
                    f"{name} is summed over here, and is free in the equation",
                    f"name the summed index otherwise, such as {name}'",
                )
    return free


def refuse_convention(side: Side, name: str, span: Span) -> None:
    """Refuse an index that stands twice in a term without any sum: it may be summed by convention.

    Raises:
        Stopped: where that is so.
    """
    if any(isinstance(part, Summation) for part in _walk(side.node)):
        return
    if _standing(side.node, name) > 1:
        raise Stopped(
            span,
            "summation-convention",
            f"{name} stands twice without a sum sign; the summation convention is not read",
            f"write the sum: \\sum_{{{name}}} ...",
        )


def _standing(node: Node, name: str) -> int:
    """Count how often a name stands in one term: terms that are added do not count together."""
    if isinstance(node, Additive):
        return max(_standing(term, name) for term in node.terms)
    here = isinstance(node, Name) and node.name == name
    return here + sum(_standing(part, name) for part in children(node))


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for part in children(node):
        yield from _walk(part)


def _refuse_undeclared(left: Side, right: Side, head: Side, free: Mapping[str, Span]) -> None:
    """Refuse a free name that is used as a number and is nowhere an index."""
    scopes = (head.scope, left.scope, right.scope)
    for side in (left, right):
        for name, span in side.scope.values.items():
            known = any(name in scope.subscripts for scope in scopes)
            known = known or usual_bounds(name, side.scope.context) is not None
            declared = any(index.name == name for index in side.scope.context.indices)
            if name in free and not known and not declared:
                raise side.scope.undeclared(name, span)


def _ranges(
    free: Mapping[str, Span], left: Side, right: Side, head: Side, given: Mapping[str, Bounds]
) -> tuple[tuple[Range, ...], tuple[Readings, Readings]]:
    """Return the ranges of the free indices, and what they rest on for names of either side."""
    ranges: list[Range] = []
    used: tuple[dict[str, dict[str, None]], ...] = ({}, {})
    for name, span in free.items():
        if name in given:
            ranges.append(range_of(name, given[name]))
            continue
        found = next(
            (side.scope.free[name] for side in (head, left, right) if side.scope.free.get(name)),
            [],
        )
        if len(found) == 1:
            ranges.append(range_of(name, found[0]))
            continue
        place = 0 if name in left.free else 1
        side = (left, right)[place]
        bounds = bounds_of(name, span, found, side.scope.context, side.fallback)
        if bounds is None:
            raise unclear_range(name, span)
        if bounds.reading:
            used[place].setdefault(bounds.reading, {})[name] = None
        ranges.append(range_of(name, bounds.ends))
    return tuple(ranges), (used[0], used[1])


def refuse_other_ranges(given: Mapping[str, Bounds], *sides: Side) -> None:
    """Refuse a range behind an equation for an index that is summed over another one in it.

    Raises:
        Stopped: where that is so.
    """
    for side in sides:
        for name, ends in given.items():
            said = side.scope.context.said.range_of(name)
            if said is not None and ends == (said.lower, said.upper):
                continue  # A sum with bounds of its own has another index of that name.
            for bounds in side.scope.sums.get(name, ()):
                if not same_bounds(bounds, ends):
                    raise Stopped(
                        side.scope.bound[name],
                        "unclear-range",
                        f"{name} is summed over {bounds[0]}..{bounds[1]} here, "
                        f"and runs over {ends[0]}..{ends[1]} behind the equation",
                        f"write the bounds of {name} at the sum sign",
                    )


def _omitted(left: Scope, right: Scope, context: Context) -> tuple[Condition, ...]:
    """Return which sizes are 1 because their axes are left out; refuse those also written."""
    omitted = {**right.omitted, **left.omitted}
    for extent, span in omitted.items():
        if extent in left.kept or extent in right.kept:
            raise Stopped(
                span,
                "unclear-rank",
                f"the axis of {extent} is left out here, and written elsewhere in the equation",
                "write every axis, or leave the leading ones out everywhere",
            )
    return tuple(equal(size, 1) for size in context.sizes if size in omitted)


def _has_positions(left: Side, right: Side) -> bool:
    """Tell whether an element of an array is written out with numbers."""
    found = [entry for side in (left, right) for entry in entries(side.expression)]
    return any(_is_element(entry) for entry in found)


def _is_element(entry: Entry) -> bool:
    return bool(entry.indices) and all(isinstance(index, Constant) for index in entry.indices)


def _refuse_outside(scope: Scope, values: Mapping[Symbol, int]) -> None:
    for array, axis, position, span in scope.numbers:
        try:
            extent = integer_value(array.shape[axis], values)
        except IllFormed:
            continue  # The example does not say how long this axis is.
        if not 0 <= position < extent:
            base = scope.context.base_of(array.name)
            raise Stopped(
                span,
                "out-of-range-number",
                f"{array.name} has no position {position + base} on an axis of extent "
                f"{array.shape[axis]} = {extent}",
                f"positions of {array.name} count from {base}",
            )


def used_abbreviations(*sides: Side) -> tuple[tuple[Index, IntegerExpression], ...]:
    """Return the abbreviations that the sides of an equality use, directly or through others."""
    context = sides[0].scope.context
    used = {name for side in sides for name in side.scope.abbreviations}
    for index, value in reversed(context.abbreviations):
        if index.name in used:
            used |= {symbol.name for symbol in symbols(value)}
    return tuple(item for item in context.abbreviations if item[0].name in used)
