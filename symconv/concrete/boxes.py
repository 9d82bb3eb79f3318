"""Where a product is not zero, at given sizes: a box of loop indices, and what is left to ask.

Every index becomes affine in *loop indices*, each of which runs from 0 up to a length of its
own. Deltas are solved: in ``[p + k*S == i + P]`` the free index i becomes ``p + k*S - P``, so
that a sum over i's values is a sum over the box of p and k. A bracket around a position, as in
``[0 <= i + P - k*S <= HH - 1] * w[i + P - k*S]``, is solved the same way after its middle has
been named. What cannot be solved stays as a `Limit`, and what is not affine as a column of
values (`columns`): both are asked at the points of the box (`points`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import ceil, floor, prod
from typing import TypeAlias

import numpy as np

from symconv.algebra.evaluation import Exact
from symconv.algebra.expressions import Delta, Entry, Expression, Iverson, Number
from symconv.algebra.indices import (
    Comparison,
    Condition,
    Index,
    IntegerExpression,
    Range,
    conjuncts,
    equal,
)
from symconv.algebra.tree import integers, symbols
from symconv.concrete.affine import Affine, Limit, column, merged, shorter, without
from symconv.concrete.bindings import Bindings, Values
from symconv.concrete.columns import (
    Column,
    ColumnFormula,
    ColumnScope,
    coefficient_formula,
    condition_formula,
    integer_formula,
)
from symconv.concrete.rows import MOST_ROWS, WITHIN_INT64
from symconv.concrete.terms import Steps
from symconv.errors import NotSupported, TooLarge

Axes: TypeAlias = "tuple[Index, ...]"
Columns: TypeAlias = "Mapping[Index, np.ndarray]"
KnownRanges: TypeAlias = "dict[int, tuple[Range, int, Affine]]"
"""How many values an index takes, and what it is, by the identity of its range, kept alive here."""

# Formulas hold no sizes, so that each is compiled once.
_integer = lru_cache(maxsize=4096)(integer_formula)
_condition = lru_cache(maxsize=4096)(condition_formula)
_coefficient = lru_cache(maxsize=4096)(coefficient_formula)


class Box:
    """The points at which the steps of a product are not 0, at given sizes.

    Args:
        steps: what binds indices, and what multiplies.
        sizes: a value per size.
        free: the free indices.
        entries: what is read; it decides which index a delta is solved for.
        known: ranges bound before at these sizes, between numbers; others are added to it.
    """

    def __init__(
        self,
        steps: Steps,
        sizes: Values,
        free: Iterable[Index] = (),
        entries: Iterable[Entry] = (),
        known: KnownRanges | None = None,
    ) -> None:
        self._known = {} if known is None else known
        self._bindings = Bindings(sizes)
        self._sizes = sizes
        self._free = tuple(free)
        self.lengths: dict[Index, int] = {}
        """How many values each loop index takes, from 0."""
        self.spans: dict[Index, tuple[int, int]] = {}
        """The least and the greatest value of each index, before anything is asked."""
        self.limits: list[Limit] = []
        self.conditions: list[ColumnFormula] = []
        """Conditions that are not affine."""
        self.coefficients: list[ColumnFormula] = []
        """Factors that are not the same everywhere."""
        self.scale: Exact = 1
        """The product of the factors that are."""
        self.empty = False
        for step in steps:
            if isinstance(step, Range):
                self._bind(step)
        self._full = dict(self.lengths)
        self._positions = [part for entry in entries for part in entry.indices]
        if not self.empty:
            self._multiply([step for step in steps if not isinstance(step, Range)])
        self.empty = self.empty or any(length <= 0 for length in self.lengths.values())

    def _multiply(self, factors: Iterable[Expression]) -> None:
        equations: list[Affine] = []
        for factor in factors:
            match factor:
                case Delta(left=left, right=right):
                    self._require(equal(left, right), equations)
                case Iverson(condition=condition):
                    for part in conjuncts(condition):
                        self._require(part, equations)
                case _:
                    self._scale(factor)
        self.empty = self.scale == 0
        while equations and not self.empty:
            equations = self._solve(*equations)
        self._tighten()
        while not self.empty and self._name_a_position():
            self._tighten()
        self._settle()

    @property
    def at(self) -> dict[Index, Affine]:
        """What each index of the steps is, in loop indices."""
        return self._bindings.at

    def affine(self, expression: IntegerExpression) -> Affine | None:
        """Write an integer expression in loop indices; see `Bindings.affine`."""
        return self._bindings.affine(expression)

    def formula(self, expression: IntegerExpression) -> ColumnFormula:
        """Compile an integer expression that is not affine.

        Raises:
            NotSupported: when its numbers may not fit in 64 bits.
        """
        return self._fitting(_integer(expression), expression)

    def factor(self, expression: Expression) -> ColumnFormula:
        """Compile a factor; see `formula`."""
        return self._fitting(_coefficient(expression), expression)

    def values(self, formula: ColumnFormula, columns: Columns, live: np.ndarray | None) -> Column:
        """Compute a formula on columns of loop indices.

        Where it has no value at a live row, what is returned there means nothing: that is
        looked at beforehand.
        """
        return formula.value(self.scope(formula, columns), live)

    def scope(self, formula: ColumnFormula, columns: Columns) -> ColumnScope:
        """Return the values that a formula is computed from, on columns of loop indices."""
        named = {
            index.name: self.positions(value, columns)
            for index, value in self.at.items()
            if index.name in formula.indices
        }
        return ColumnScope({size.name: value for size, value in self._sizes.items()}, named)

    def span(self, value: Affine) -> tuple[int, int]:
        """Bound an affine integer, also by a limit on what it is made of."""
        least, greatest = value.span(self.lengths)
        for limit in self.limits:
            if limit.value.steps == value.steps:
                shift = value.start - limit.value.start
                return max(least, limit.low + shift), min(greatest, limit.high + shift)
        return least, greatest

    def positions(self, value: Affine, columns: Columns) -> Column:
        """Compute an affine integer on columns of loop indices.

        Raises:
            NotSupported: when it may not fit in 64 bits.
        """
        if not value.steps:
            return value.start
        if any(abs(end) >= WITHIN_INT64 for end in value.span(self.lengths)):
            raise NotSupported("index values do not fit in 64 bits")
        return column(value, columns)

    def grid(self, axes: Axes) -> Columns:
        """Return the values of some loop indices, each on an axis of its own.

        Raises:
            TooLarge: when they have too many points.
        """
        points = prod(self.lengths[axis] for axis in axes)
        if points > MOST_ROWS:
            raise TooLarge(
                f"some indices take {points:,} values together, and {MOST_ROWS:,} fit in memory",
                terms=points,
                help="choose smaller sizes",
            )
        columns: dict[Index, np.ndarray] = {}
        for place, axis in enumerate(axes):
            shape = [1] * len(axes)
            shape[place] = self.lengths[axis]
            columns[axis] = np.arange(self.lengths[axis]).reshape(shape)
        return columns

    def mask(self, asked: Iterable[Limit | ColumnFormula], axes: Axes) -> np.ndarray:
        """Tell at which points of some axes limits and conditions hold.

        Raises:
            TooLarge: when the axes have too many points.
        """
        columns = self.grid(axes)
        held = np.ones([self.lengths[axis] for axis in axes], dtype=bool)
        for item in asked:
            if isinstance(item, Limit):
                values = self.positions(item.value, columns)
                held &= (item.low <= values) & (values <= item.high)
            else:
                # Where it has no value is not reached: that is looked at beforehand.
                held &= np.asarray(self.values(item, columns, None), dtype=bool)
        return held

    def axes_of(self, *parts: Affine | Limit | ColumnFormula) -> Axes:
        """Return the loop indices on which some parts depend, in the order of the box."""
        if len(parts) == 1 and isinstance(parts[0], Affine) and len(parts[0].steps) < 2:
            return tuple(parts[0].steps)
        found: set[Index] = set()
        for part in parts:
            match part:
                case Affine():
                    found |= set(part.steps)
                case Limit():
                    found |= set(part.value.steps)
                case ColumnFormula():
                    for index, value in self.at.items():
                        if index.name in part.indices:
                            found |= set(value.steps)
        return tuple(index for index in self.lengths if index in found)

    def _bind(self, item: Range) -> None:
        if id(item) in self._known:
            _, length, here = self._known[id(item)]
            self._bind_between_numbers(item.index, length, here)
            return
        lower, upper = self.affine(item.lower), self.affine(item.upper)
        if lower is None or upper is None:
            self._bind_between(item)
            return
        if not any(isinstance(one, Index) for end in integers(item) for one in symbols(end)):
            length = upper.start - lower.start + 1
            here = lower if length == 1 else Affine(lower.start, {item.index: 1})
            self._known[id(item)] = (item, length, here)
            self._bind_between_numbers(item.index, length, here)
            return
        least, greatest = lower.span(self.lengths)[0], upper.span(self.lengths)[1]
        self.spans[item.index] = (least, greatest)
        length = upper.plus(lower, -1).plus(Affine(1))
        if not length.steps and length.start == 1:
            self.at[item.index] = lower
            return
        if not length.steps:
            # A range that moves with another index, such as k*S..k*S+HH-1, counts from its start.
            self.lengths[item.index] = length.start
            self.at[item.index] = Affine(lower.start, {**lower.steps, item.index: 1})
            self.empty |= length.start <= 0
            return
        if self.empty:
            self.at[item.index] = Affine(0)
            return
        self.lengths[item.index] = greatest - least + 1
        self.at[item.index] = here = Affine(least, {item.index: 1})
        self.empty = greatest < least
        most = greatest - least
        self.limits.append(Limit(here.plus(lower, -1), 0, most))
        self.limits.append(Limit(upper.plus(here, -1), 0, most))

    def _bind_between_numbers(self, index: Index, length: int, here: Affine) -> None:
        self.spans[index] = (here.start, here.start + length - 1)
        self.at[index] = here
        if length != 1:
            self.lengths[index] = length
            self.empty |= length <= 0

    def _bind_between(self, item: Range) -> None:
        """Bind an index whose range has an end that is not affine."""
        if self.empty:
            self.at[item.index] = Affine(0)
            return
        ends: list[Column] = []
        for end in (item.lower, item.upper):
            formula = self.formula(end)
            ends.append(self.values(formula, self.grid(self.axes_of(formula)), None))
        least, greatest = ceil(np.min(ends[0])), floor(np.max(ends[1]))
        self.spans[item.index] = (least, greatest)
        self.lengths[item.index] = greatest - least + 1
        self.at[item.index] = Affine(least, {item.index: 1})
        self.empty = greatest < least
        for condition in (
            Comparison(item.lower, "<=", item.index),
            Comparison(item.index, "<=", item.upper),
        ):
            self.conditions.append(self._fitting(_condition(condition), condition))

    def _put(self, index: Index, value: Affine) -> None:
        """Replace a loop index everywhere by what it is."""
        self._bindings.put(index, value)
        self.limits = [
            Limit(limit.value.put(index, value), limit.low, limit.high, limit.crop)
            for limit in self.limits
        ]
        del self.lengths[index]

    def _scale(self, factor: Expression) -> None:
        """Take a factor in."""
        if isinstance(factor, Number):
            value = self.affine(factor.value)
            if value is not None and not value.steps:
                self.scale *= value.start
                return
        self.coefficients.append(self.factor(factor))

    def _require(self, condition: Condition, equations: list[Affine]) -> None:
        """Take a bracket's condition in."""
        if isinstance(condition, Comparison) and condition.relation != "!=":
            left, right = self.affine(condition.left), self.affine(condition.right)
            if left is not None and right is not None:
                match condition.relation:
                    case "==":
                        equations.append(left.plus(right, -1))
                    case "<=" | "<":
                        self._at_least(right.plus(left, -1), condition.relation == "<")
                    case ">=" | ">":
                        self._at_least(left.plus(right, -1), condition.relation == ">")
                return
        self.conditions.append(self._fitting(_condition(condition), condition))

    def _fitting(self, formula: ColumnFormula, what: object) -> ColumnFormula:
        """Return a formula whose numbers all fit in 64 bits."""
        if not formula.indices:
            # Computed once, in Python's integers.
            return formula
        factor, degree = formula.growth
        spans = [abs(end) for value in self.at.values() for end in value.span(self.lengths)]
        reach = max(1, *spans, *self._sizes.values())
        if factor * reach**degree >= WITHIN_INT64:
            raise NotSupported(f"the numbers of {what} do not fit in 64 bits")
        return formula

    def _settle(self) -> None:
        """Compute what does not depend on a loop index any more."""
        for factor in [part for part in self.coefficients if not self.axes_of(part)]:
            self.coefficients.remove(factor)
            self.scale = self.scale * self.values(factor, {}, None)
        for condition in [part for part in self.conditions if not self.axes_of(part)]:
            self.conditions.remove(condition)
            self.empty |= not self.values(condition, {}, None)
        self.empty |= self.scale == 0

    def _at_least(self, value: Affine, strict: bool) -> None:
        self.limits.append(Limit(value, int(strict), max(int(strict), value.span(self.lengths)[1])))

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
        read = {index for part in self._read() for index in part.steps}
        others = len(equation.steps) - 1

        def order(index: Index) -> tuple[bool, bool]:
            return (index in read and others > 1, not self._is_full(index))

        return min(candidates, key=order, default=None)

    def _read(self) -> list[Affine]:
        """Return the positions of what is read, as far as they are affine."""
        return [part for part in map(self.affine, self._positions) if part is not None]

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
            joined = merged(self.limits)
            self.limits = []
            for place, limit in enumerate(joined):
                least, greatest = limit.value.span(self.lengths)
                if limit.low <= least and greatest <= limit.high:
                    continue
                if limit.low > limit.high or greatest < limit.low or limit.high < least:
                    self.empty = True
                    return
                if len(limit.value.steps) == 1:
                    self.limits += joined[place + 1 :]
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
        positions = self._read()
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
