"""Where a product is not zero, at given sizes: a box of loop indices, and what is left to ask.

Every index of a context becomes affine in *loop indices*, each of which runs from 0 up to a
length of its own. Deltas are solved: in ``[p + k*S == i + P]`` the free index i becomes
``p + k*S - P``, so that a sum over i's values is a sum over the box of p and k. A bracket
around a position, as in ``[0 <= i + P - k*S <= HH - 1] * w[i + P - k*S]``, is solved the same
way after its middle has been named. What cannot be solved stays as a `Limit` or as a
condition, and is asked at every point of the box.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import TypeAlias

import numpy as np

from symconv.algebra.evaluation import Exact, integer_value
from symconv.algebra.expressions import Delta, Entry, Iverson, Number
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
    Not,
    Or,
    Plus,
    Quotient,
    Range,
    Remainder,
    Size,
    Symbol,
    Times,
    condition_integers,
    conjuncts,
    operands,
    symbols,
)
from symconv.concrete.affine import Affine, column, shorter, without
from symconv.concrete.columns import Formula, Scope, condition_formula
from symconv.concrete.products import Context
from symconv.errors import IllFormed, NotSupported

Values: TypeAlias = Mapping[Symbol, int]

MOST_POINTS = 4_000_000
"""How many points of a box are asked one by one; more are refused."""


@dataclass(frozen=True, slots=True)
class Limit:
    """low <= value <= high.

    Attributes:
        value: an affine integer.
        low: its least value.
        high: its greatest value.
        crop: whether the limit says no more than that a free index stays within its range.
    """

    value: Affine
    low: int
    high: int
    crop: bool = False


class Box:
    """The points at which a context is reached, at given sizes.

    Args:
        context: the context.
        sizes: a value per size.
        free: the free indices.
        entries: what is read in the context; it decides which index a delta is solved for.

    Raises:
        NotSupported: where a bound or a coefficient is not affine in the indices.
    """

    def __init__(
        self, context: Context, sizes: Values, free: Iterable[Index], entries: Iterable[Entry]
    ) -> None:
        self._sizes = sizes
        self._free = tuple(free)
        self.lengths: dict[Index, int] = {}
        """How many values each loop index takes, from 0."""
        self.at: dict[Index, Affine] = {}
        """What each index of the context is, in loop indices."""
        self.limits: list[Limit] = []
        self.conditions: list[Formula] = []
        """Conditions that are not affine."""
        self.scale: Exact = 1
        """The product of the numbers in the context."""
        self.empty = False
        for item in context.ranges:
            self._bind(item)
        self._full = dict(self.lengths)
        self._positions = [part for entry in entries for part in entry.indices]
        self._drop_single_values()
        equations: list[Affine] = []
        for guard in context.guards:
            match guard:
                case Number(value=value):
                    self.scale *= self._constant(value)
                case Delta(left=left, right=right):
                    equations.append(self.affine(left).plus(self.affine(right), -1))
                case Iverson(condition=condition):
                    for part in conjuncts(condition):
                        self._require(part, equations)
        self.empty = self.empty or self.scale == 0
        while equations and not self.empty:
            equations = self._solve(*equations)
        self._tighten()
        while not self.empty and self._name_a_position():
            self._tighten()
        self.empty = self.empty or any(length <= 0 for length in self.lengths.values())

    def affine(self, expression: IntegerExpression) -> Affine:
        """Write an integer expression in loop indices.

        Raises:
            NotSupported: where it is not affine in them, or not an integer everywhere.
        """
        match expression:
            case Constant(value=value):
                return Affine(value)
            case Size():
                if expression not in self._sizes:
                    raise NotSupported(f"{expression} has no value")
                return Affine(self._sizes[expression])
            case Index():
                if expression not in self.at:
                    raise NotSupported(f"{expression} is not bound")
                return self.at[expression]
            case Plus(terms=terms):
                total = Affine(0)
                for term in terms:
                    total = total.plus(self.affine(term))
                return total
            case Times(factors=factors):
                product = Affine(1)
                for factor in map(self.affine, factors):
                    if product.steps and factor.steps:
                        raise NotSupported(f"{expression} is not affine in the indices")
                    product = (
                        factor.times(product.start) if factor.steps else product.times(factor.start)
                    )
                return product
            case Quotient(dividend=dividend, divisor=divisor):
                over, by = self.affine(dividend), self._constant(divisor)
                whole = [by and part % by == 0 for part in (over.start, *over.steps.values())]
                if not all(whole):
                    raise NotSupported(f"{expression} is not affine in the indices")
                steps = {index: int(step // by) for index, step in over.steps.items()}
                return Affine(int(over.start // by), steps)
        if any(self.affine(part).steps for part in operands(expression)):
            raise NotSupported(f"{expression} is not affine in the indices")
        return Affine(self._whole(expression))

    def mask(self, asked: Iterable[Limit | Formula], axes: tuple[Index, ...]) -> np.ndarray:
        """Tell at which points of some axes limits and conditions hold.

        Raises:
            NotSupported: where the axes have too many points, or a condition no value.
        """
        if prod(self.lengths[axis] for axis in axes) > MOST_POINTS:
            raise NotSupported(f"a condition on more than {MOST_POINTS:,} points")
        columns = self._columns(axes)
        held = np.ones([self.lengths[axis] for axis in axes], dtype=bool)
        for item in asked:
            if isinstance(item, Limit):
                values = column(item.value, columns)
                held &= (item.low <= values) & (values <= item.high)
                continue
            named = {
                index.name: column(value, columns)
                for index, value in self.at.items()
                if index.name in item.indices
            }
            scope = Scope({size.name: value for size, value in self._sizes.items()}, named)
            held &= np.asarray(item.value(scope, None), dtype=bool)
            if scope.failures:
                raise NotSupported(scope.failures[0].fact)
        return held

    def axes_of(self, *parts: Affine | Limit | Formula) -> tuple[Index, ...]:
        """Return the loop indices on which some parts depend, in the order of the box."""
        found: set[Index] = set()
        for part in parts:
            match part:
                case Affine():
                    found |= set(part.steps)
                case Limit():
                    found |= set(part.value.steps)
                case Formula():
                    for index, value in self.at.items():
                        if index.name in part.indices:
                            found |= set(value.steps)
        return tuple(index for index in self.lengths if index in found)

    def require_in_range(self, entry: Entry, shape: tuple[int, ...], *, complete: bool) -> None:
        """Refuse an entry that is read outside its array.

        Args:
            entry: the entry, read at the points of this box.
            shape: its array's shape.
            complete: whether it is read at all of these points, or perhaps at fewer.

        Raises:
            IllFormed: when it is read outside its array.
            NotSupported: when that cannot be told.
        """
        if self.empty:
            return
        for part, extent in zip(entry.indices, shape, strict=True):
            value = self.affine(part)
            least, greatest = value.span(self.lengths)
            if least >= 0 and greatest < extent:
                continue
            if not complete:
                raise NotSupported(f"{entry} is read behind a factor that may be 0")
            asked = [*self.limits, *self.conditions]
            axes = self.axes_of(value, *asked)
            reached = self.mask(asked, axes)
            met = np.broadcast_to(column(value, self._columns(axes)), reached.shape)[reached]
            outside = met[(met < 0) | (met >= extent)]
            if len(outside):
                raise IllFormed(
                    f"{entry} reads position {outside[0]} of an axis of {entry.array} "
                    f"that has {extent}",
                    code="out-of-range",
                    help="end the sum earlier, shift the index, or guard the entry with a bracket",
                )

    def _bind(self, item: Range) -> None:
        lower, upper = self.affine(item.lower), self.affine(item.upper)
        length = upper.plus(lower, -1).plus(Affine(1))
        if not length.steps:
            # A range that moves with another index, such as k*S..k*S+HH-1, counts from its start.
            self.lengths[item.index] = length.start
            self.at[item.index] = Affine(lower.start, {**lower.steps, item.index: 1})
            self.empty = self.empty or length.start <= 0
            return
        if self.empty:
            self.at[item.index] = Affine(0)
            return
        least, greatest = lower.span(self.lengths)[0], upper.span(self.lengths)[1]
        self.lengths[item.index] = greatest - least + 1
        self.at[item.index] = here = Affine(least, {item.index: 1})
        self.empty = greatest < least
        most = greatest - least
        self.limits.append(Limit(here.plus(lower, -1), 0, most))
        self.limits.append(Limit(upper.plus(here, -1), 0, most))

    def _drop_single_values(self) -> None:
        for index in [index for index, length in self.lengths.items() if length == 1]:
            self._put(index, Affine(0))

    def _put(self, index: Index, value: Affine) -> None:
        """Replace a loop index everywhere by what it is."""
        self.at = {other: known.put(index, value) for other, known in self.at.items()}
        self.limits = [
            Limit(limit.value.put(index, value), limit.low, limit.high, limit.crop)
            for limit in self.limits
        ]
        del self.lengths[index]

    def _require(self, condition: Condition, equations: list[Affine]) -> None:
        """Take a bracket's condition in."""
        if isinstance(condition, Comparison) and condition.relation != "!=":
            try:
                left, right = self.affine(condition.left), self.affine(condition.right)
            except NotSupported:
                self._keep(condition)
                return
            match condition.relation:
                case "==":
                    equations.append(left.plus(right, -1))
                case "<=" | "<":
                    self._at_least(right.plus(left, -1), condition.relation == "<")
                case ">=" | ">":
                    self._at_least(left.plus(right, -1), condition.relation == ">")
            return
        self._keep(condition)

    def _keep(self, condition: Condition) -> None:
        for divisor in _divisors(condition):
            # A divisor of 0 matters only where it is reached, which is not followed here.
            value = self.affine(divisor)
            if value.steps or value.start == 0:
                raise NotSupported(f"{condition} divides by {divisor}, which may be 0")
        for integer in condition_integers(condition):
            for symbol in symbols(integer):
                if symbol not in self.at and symbol not in self._sizes:
                    raise NotSupported(f"{symbol} has no value")
        formula = condition_formula(condition)
        factor, degree = formula.growth
        spans = [0]
        if not self.empty:
            spans = [abs(end) for value in self.at.values() for end in value.span(self.lengths)]
        reach = max(1, *spans, *map(abs, self._sizes.values()))
        if factor * reach**degree >= 2**62:
            raise NotSupported(f"the numbers of {condition} do not fit in 64 bits")
        self.conditions.append(formula)

    def _at_least(self, value: Affine, strict: bool) -> None:
        if not self.empty:
            self.limits.append(
                Limit(value, int(strict), max(int(strict), value.span(self.lengths)[1]))
            )

    def _solve(self, equation: Affine, *later: Affine) -> list[Affine]:
        """Solve ``equation = 0`` for a loop index, and put that into later equations."""
        chosen = self._chosen(equation)
        if chosen is None:
            self.limits.append(Limit(equation, 0, 0))
            return list(later)
        value = without(equation, chosen).times(-equation.steps[chosen])
        last = self.lengths[chosen] - 1
        self.limits.append(Limit(value, 0, last, crop=self._is_full(chosen)))
        self._put(chosen, value)
        return [other.put(chosen, value) for other in later]

    def _chosen(self, equation: Affine) -> Index | None:
        """Choose what to solve for: an index that is not read, else one that leaves no limit."""
        candidates = [index for index, step in equation.steps.items() if abs(step) == 1]
        read = {index for part in self._positions for index in self.affine(part).steps}
        others = len(equation.steps) - 1

        def order(index: Index) -> tuple[bool, bool]:
            return (index in read and others > 1, not self._is_full(index))

        return min(candidates, key=order, default=None)

    def _is_full(self, index: Index) -> bool:
        """Tell whether a loop index is a free index with its whole range."""
        return (
            index in self._free
            and self.at[index].steps == {index: 1}
            and self.lengths[index] == self._full[index]
        )

    def _tighten(self) -> None:
        """Turn limits on one index into shorter ranges, and drop those that always hold."""
        changed = True
        while changed and not self.empty:
            changed = False
            merged = _merged(self.limits)
            self.limits = []
            for place, limit in enumerate(merged):
                least, greatest = limit.value.span(self.lengths)
                if limit.low <= least and greatest <= limit.high:
                    continue
                if limit.low > limit.high or greatest < limit.low or limit.high < least:
                    self.empty = True
                    return
                if len(limit.value.steps) == 1:
                    self.limits += merged[place + 1 :]
                    self._cut(limit)
                    changed = True
                    break
                self.limits.append(limit)

    def _cut(self, limit: Limit) -> None:
        """Shorten the range of the one index of a limit."""
        ((index, step),) = limit.value.steps.items()
        assert step > 0, "merged limits begin with a positive step"
        low, high = limit.low - limit.value.start, limit.high - limit.value.start
        first, last = max(0, -(-low // step)), min(self.lengths[index] - 1, high // step)
        if last < first:
            self.empty = True
            return
        if last == first:
            self._put(index, Affine(first))
            return
        self.lengths[index] = last - first + 1
        if first:
            order = list(self.lengths)
            length = self.lengths[index]
            self._put(index, Affine(first, {index: 1}))
            self.lengths[index] = length
            self.lengths = {other: self.lengths[other] for other in order}

    def _name_a_position(self) -> bool:
        """Make a limited position a loop index of its own, in place of a free index."""
        positions = [self.affine(part) for part in self._positions]
        for limit in self.limits:
            if limit.crop:
                continue
            for index, step in limit.value.steps.items():
                if abs(step) == 1 and self._is_full(index):
                    with_it = [value for value in positions if index in value.steps]
                    if with_it and all(shorter(value, limit.value, index) for value in with_it):
                        self._name(limit, index, step)
                        return True
        return False

    def _name(self, limit: Limit, index: Index, step: int) -> None:
        named = Index(f"{index.name}.")
        while named in self.lengths or named in self.at:
            named = Index(f"{named.name}.")
        self.limits.remove(limit)
        low = max(limit.low, limit.value.span(self.lengths)[0])
        high = min(limit.high, limit.value.span(self.lengths)[1])
        value = Affine(low, {named: 1}).plus(without(limit.value, index), -1).times(step)
        self.limits.append(Limit(value, 0, self.lengths[index] - 1, crop=True))
        self._put(index, value)
        self.lengths[named] = high - low + 1
        if high == low:
            self._put(named, Affine(0))

    def _columns(self, axes: tuple[Index, ...]) -> dict[Index, np.ndarray]:
        columns: dict[Index, np.ndarray] = {}
        for place, axis in enumerate(axes):
            shape = [1] * len(axes)
            shape[place] = self.lengths[axis]
            columns[axis] = np.arange(self.lengths[axis]).reshape(shape)
        return columns

    def _constant(self, expression: IntegerExpression) -> Exact:
        """Compute a number that does not depend on indices."""
        try:
            return integer_value(expression, self._sizes)
        except IllFormed as error:
            # Either it depends on an index, or it has no value, if it is ever reached.
            raise NotSupported(f"{expression} is not a number at given sizes") from error

    def _whole(self, expression: IntegerExpression) -> int:
        value = self._constant(expression)
        if isinstance(value, Fraction) and value.denominator != 1:
            raise NotSupported(f"{expression} is {value}, which is not an integer")
        return int(value)


def _divisors(node: Condition | IntegerExpression) -> Iterator[IntegerExpression]:
    """Yield what a condition divides by."""
    match node:
        case Divides(divisor=divisor, value=value):
            yield divisor
            yield from (*_divisors(divisor), *_divisors(value))
        case Comparison(left=left, right=right):
            yield from (*_divisors(left), *_divisors(right))
        case And(conditions=parts) | Or(conditions=parts):
            for part in parts:
                yield from _divisors(part)
        case Not(condition=part):
            yield from _divisors(part)
        case Quotient() | FloorDivision() | CeilingDivision() | Remainder():
            yield node.divisor
            yield from (*_divisors(node.dividend), *_divisors(node.divisor))
        case IntegerExpression():
            for part in operands(node):
                yield from _divisors(part)
        case _:
            raise TypeError(f"not a condition: {node!r}")


def _merged(limits: list[Limit]) -> list[Limit]:
    """Join limits on the same index sum, up to its sign, into one."""
    found: dict[tuple[tuple[str, int], ...], Limit] = {}
    for limit in limits:
        value, low, high = limit.value, limit.low, limit.high
        key = tuple(sorted((index.name, step) for index, step in value.steps.items()))
        if key and key[0][1] < 0:
            key = tuple((name, -step) for name, step in key)
            value, low, high = value.times(-1), -high, -low
        if key in found:
            known = found[key]
            shift = value.start - known.value.start
            found[key] = Limit(
                known.value,
                max(known.low, low - shift),
                min(known.high, high - shift),
                known.crop and limit.crop,
            )
        else:
            found[key] = Limit(value, low, high, limit.crop)
    return list(found.values())
