"""Whether a side has a meaning at given sizes: is anything lost at a point that is reached?

An entry must be read inside its array, a range must end at integers, and whatever is computed
must have a value. Most of it is plain from the ranges of the indices alone; for the rest the
steps that lead there are solved (`boxes`), and the points that are left are looked at. That
something is lost is all that is found here; which of it evaluation meets first, evaluation
knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np

from symconv.algebra.evaluation import Exact, integer_value
from symconv.algebra.expressions import Add, Array, Delta, Entry, Expression, Iverson, Mul, Number
from symconv.algebra.indices import (
    And,
    CeilingDivision,
    Comparison,
    Condition,
    Constant,
    Divides,
    FloorDivision,
    Index,
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Or,
    Plus,
    Quotient,
    Range,
    Remainder,
    Size,
    Times,
)
from symconv.concrete.boxes import Box
from symconv.concrete.columns import range_failure, whole
from symconv.concrete.points import Reached, is_reached, reached
from symconv.concrete.solutions import Boxes
from symconv.concrete.terms import Multiplied, Step
from symconv.errors import IllFormed

Spans: TypeAlias = "Mapping[Index, tuple[int, int] | None]"
"""The least and the greatest value of every index that is bound; None where that is not plain."""


class Meanings:
    """Look for what has no meaning at given sizes.

    Args:
        boxes: where steps lead at the given sizes.
    """

    def __init__(self, boxes: Boxes) -> None:
        self._boxes = boxes
        self._sizes = boxes.sizes
        self._shapes: dict[int, tuple[Array, tuple[Exact, ...] | IllFormed]] = {}
        self._lost: dict[Multiplied, IllFormed | None] = {}

    def lost(self, side: Multiplied) -> IllFormed | None:
        """Say what has no meaning where it is reached: an entry, a range or a factor.

        Raises:
            NotSupported: when index values may not fit in 64 bits.
            TooLarge: when too many points would have to be looked at.
        """
        if side not in self._lost:
            self._lost[side] = next(self._without_meaning(side), None)
        return self._lost[side]

    def _without_meaning(self, side: Multiplied) -> Iterator[IllFormed]:
        # No index of a side is bound twice, or both bound and unbound.
        spans: dict[Index, tuple[int, int] | None] = {}
        for check in side.checks:
            if isinstance(check.node, Range):
                plain = self._is_bound(check.node, spans)
            else:
                plain = self._is_plain(check.node, spans)
            if not plain:
                yield from self._lost_in(check.node, self._boxes.of(check.before))

    def shape(self, array: Array) -> tuple[Exact, ...] | IllFormed:
        """Return the shape of an array, or why it has none at these sizes."""
        if id(array) not in self._shapes:
            try:
                shape = tuple(integer_value(extent, self._sizes) for extent in array.shape)
            except IllFormed as error:
                shape = error.with_traceback(None)
            # The array is kept, so that its identity is not given to another.
            self._shapes[id(array)] = (array, shape)
        return self._shapes[id(array)][1]

    def _is_bound(self, item: Range, spans: dict[Index, tuple[int, int] | None]) -> bool:
        """Bound the index of a range, and tell whether both ends plainly are integers."""
        lower, upper = self._interval(item.lower, spans), self._interval(item.upper, spans)
        plain = (lower or self._has_value(item.lower, spans, whole=True)) and (
            upper or self._has_value(item.upper, spans, whole=True)
        )
        spans[item.index] = (lower[0], upper[1]) if lower and upper else None
        return bool(plain)

    def _interval(self, expression: IntegerExpression, spans: Spans) -> tuple[int, int] | None:
        """Bound what is made of sizes and indices by sums and products; None for the rest."""
        match expression:
            case Constant(value=value):
                return value, value
            case Size():
                value = self._sizes.get(expression)
                return None if value is None else (value, value)
            case Index():
                return spans.get(expression)
            case Plus(terms=parts) | Times(factors=parts):
                total: tuple[int, int] | None = None
                for part in parts:
                    inner = self._interval(part, spans)
                    if inner is None:
                        return None
                    if total is None:
                        total = inner
                    elif isinstance(expression, Plus):
                        total = total[0] + inner[0], total[1] + inner[1]
                    else:
                        corners = [one * other for one in total for other in inner]
                        total = min(corners), max(corners)
                return total
        return None

    def _is_plain(self, node: Expression, bound: Spans) -> bool:
        """Tell whether a node has a meaning wherever the ranges of the indices reach."""
        match node:
            case Entry(array=array, indices=indices):
                shape = self.shape(array)
                spans = [self._interval(part, bound) for part in indices]
                return not isinstance(shape, IllFormed) and all(
                    span is not None and span[0] >= 0 and span[1] < extent
                    for span, extent in zip(spans, shape, strict=True)
                )
            case Number(value=value):
                return self._has_value(value, bound)
            case Delta(left=left, right=right):
                return self._has_value(left, bound) and self._has_value(right, bound)
            case Iverson(condition=condition):
                return self._has_truth(condition, bound)
            case Add(terms=parts) | Mul(factors=parts):
                return all(self._is_plain(part, bound) for part in parts)
        return False

    def _has_truth(self, condition: Condition, bound: Spans) -> bool:
        match condition:
            case Comparison(left=left, right=right):
                return self._has_value(left, bound) and self._has_value(right, bound)
            case Divides(divisor=divisor, value=value):
                return self._has_value(Remainder(value, divisor), bound)
            case And(conditions=parts) | Or(conditions=parts):
                return all(self._has_truth(part, bound) for part in parts)
            case Not(condition=part):
                return self._has_truth(part, bound)
        raise TypeError(f"not a condition: {condition!r}")

    def _has_value(
        self, expression: IntegerExpression, bound: Spans, *, whole: bool = False
    ) -> bool:
        """Tell whether an expression plainly has a value, and a whole one if so asked."""
        match expression:
            case Constant():
                return True
            case Size():
                return expression in self._sizes
            case Index():
                return expression in bound
            case Plus(terms=parts) | Times(factors=parts):
                return all(self._has_value(part, bound, whole=whole) for part in parts)
            case Minimum(arguments=parts) | Maximum(arguments=parts):
                return all(self._has_value(part, bound, whole=whole) for part in parts)
            case Quotient() if whole:
                return False
            case FloorDivision() | CeilingDivision() | Remainder() | Quotient():
                divisor = self._interval(expression.divisor, {})
                # A remainder of fractions is one.
                inner = whole and isinstance(expression, Remainder)
                return (
                    divisor is not None
                    and divisor[0] != 0
                    and self._has_value(expression.dividend, bound, whole=inner)
                )
        return False

    def _lost_in(self, node: Step, box: Box) -> Iterator[IllFormed]:
        """Say what of a node has no meaning at a point that is reached."""
        if box.empty:
            return
        match node:
            case Range(lower=lower, upper=upper):
                for end in (lower, upper):
                    value = box.affine(end)
                    if value is None and is_reached(box):
                        found = reached(box, box.formula(end))
                        yield from _without_value(found)
                        if not np.all(whole(found.values)):
                            fact, help = range_failure(node, "where it is not an integer")
                            yield IllFormed(fact, code="non-integer-bound", help=help)
            case Entry(array=array, indices=indices):
                shape = self.shape(array)
                if isinstance(shape, IllFormed):
                    if is_reached(box):
                        yield shape
                    return
                for part, extent in zip(indices, shape, strict=True):
                    yield from _outside(node, part, extent, box)
            case Expression():
                if is_reached(box):
                    yield from _without_value(reached(box, box.factor(node)))
            case _:
                raise TypeError(f"not a step: {node!r}")


def _outside(entry: Entry, part: IntegerExpression, extent: Exact, box: Box) -> Iterator[IllFormed]:
    """Say at which position an entry is read that its axis does not have."""
    value = box.affine(part)
    if value is not None:
        least, greatest = box.span(value)
        if least >= 0 and greatest < extent:
            return
    if not is_reached(box):
        return
    found = reached(box, box.formula(part) if value is None else value)
    yield from _without_value(found)
    positions = np.atleast_1d(found.values)
    outside = positions[(positions < 0) | (positions >= extent) | ~np.asarray(whole(positions))]
    if outside.size:
        place = outside.flat[0]
        yield IllFormed(
            f"{entry} reads position {place} of an axis of {entry.array} that has {extent}",
            code="out-of-range" if place == int(place) else "non-integer-index",
            help="end the sum earlier, shift the index, or guard the entry with a bracket",
        )


def _without_value(found: Reached) -> Iterator[IllFormed]:
    for failure in found.failures:
        yield IllFormed(failure.fact, code=failure.code, help=failure.help)
