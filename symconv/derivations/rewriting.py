"""The rewriting that the steps of a derivation are made of.

Each function proposes; nothing is taken on trust, because the line that it leads to is
proved. The solver is asked here only for what may be left out: a bracket that always holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from symconv.algebra.calculus import contract
from symconv.algebra.expressions import (
    Delta,
    Entry,
    Expression,
    Iverson,
    Mul,
    Sum,
    product_factors,
)
from symconv.algebra.indices import (
    And,
    CeilingDivision,
    Comparison,
    Condition,
    Divides,
    FloorDivision,
    Index,
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Range,
    Size,
    Symbol,
    between,
    conjuncts,
    equal,
)
from symconv.algebra.ratios import (
    ONE,
    Terms,
    is_positive,
    linear_part,
    ratio,
    terms_expression,
)
from symconv.algebra.tree import symbols
from symconv.derivations.summands import Summand, layer_order, tidy, tidy_integer
from symconv.layers.layer import Layer
from symconv.proof.equality import layer_hypotheses, least_values
from symconv.proof.smt import Solver


@dataclass(frozen=True, slots=True)
class Solved:
    """A delta that was solved for an index that a sum binds.

    Attributes:
        delta: the delta.
        index: the index, which the sum no longer binds.
        value: what the index is.
        conditions: what remains of the range of the index, and of a division.
        summand: what is left.
    """

    delta: Delta
    index: Index
    value: IntegerExpression
    conditions: tuple[Condition, ...]
    summand: Summand

    @property
    def divides(self) -> bool:
        """Whether the solution is a division."""
        return any(isinstance(condition, Divides) for condition in self.conditions)

    def bound_in_value(self) -> int:
        """Count the indices that sums still bind in what the index is."""
        return sum(1 for symbol in symbols(self.value) if symbol in self.summand.bound())


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A bracket that became part of the range of an index.

    Attributes:
        condition: what the bracket said.
        index: the index.
        steps: whether the index moves the position by more than one.
    """

    condition: Condition
    index: Index
    steps: bool


class Rewriter:
    """Rewriting of summands under the hypotheses of a layer and the ranges of free indices.

    Args:
        layer: the layer.
        free: the ranges of the free indices.
    """

    def __init__(self, layer: Layer, free: Sequence[Range]) -> None:
        self.least: dict[Symbol, int] = least_values(layer)
        self.positive = [
            size for size, least in self.least.items() if isinstance(size, Size) and least > 0
        ]
        self.free = tuple(condition for item in free for condition in _within(item))
        self.order = layer_order(layer)
        self.solver = Solver(layer_hypotheses(layer), self.least)

    def always(self, condition: Condition, summand: Summand) -> bool:
        """Tell whether a condition holds wherever a summand is not 0; False if unknown."""
        known = [condition for item in summand.ranges for condition in _within(item)]
        for factor in summand.factors:
            if isinstance(factor, Delta):
                known.append(equal(factor.left, factor.right))
            elif isinstance(factor, Iverson):
                known.extend(conjuncts(factor.condition))
        return self.solver.never(*self.free, *known, Not(condition))

    def solutions(self, summand: Summand) -> Iterator[Solved]:
        """Yield every way to solve a delta for a bound index, in the order of the ranges."""
        for item in summand.ranges:
            others = tuple(other for other in summand.ranges if other is not item)
            if any(item.index in (*symbols(o.lower), *symbols(o.upper)) for o in others):
                continue
            for place, delta in enumerate(summand.factors):
                if isinstance(delta, Delta) and item.index in _delta_symbols(delta):
                    rest = summand.factors[:place] + summand.factors[place + 1 :]
                    solved = self._solved(delta, item, rest, others)
                    if solved is not None:
                        yield solved

    def _solved(
        self,
        delta: Delta,
        item: Range,
        rest: tuple[Expression, ...],
        others: tuple[Range, ...],
    ) -> Solved | None:
        body = contract(Sum(Mul((delta, *rest)), item), positive=self.positive)
        if isinstance(body, Sum):
            return None
        factors = product_factors(body)
        count = len(factors) - len(rest)
        brackets, left = factors[:count], factors[count:]
        found = [
            part for b in brackets if isinstance(b, Iverson) for part in conjuncts(b.condition)
        ]
        value = next(
            part.right for part in found if isinstance(part, Comparison) and part.left == item.lower
        )
        bare = Summand(tuple(left), others)
        conditions = [tidy(part, self.order) for part in found if not self.always(part, bare)]
        kept = tuple(_brackets(conditions))
        return Solved(
            delta,
            item.index,
            tidy_integer(value, self.order),
            tuple(conditions),
            Summand((*left, *kept), others),
        )

    def without_idle_brackets(self, summand: Summand) -> tuple[Summand, tuple[Condition, ...]]:
        """Leave out the brackets that hold wherever the rest of the summand is not 0."""
        dropped: list[Condition] = []
        for factor in summand.factors:
            if not isinstance(factor, Iverson):
                continue
            smaller = replace(
                summand, factors=tuple(other for other in summand.factors if other is not factor)
            )
            if all(self.always(part, smaller) for part in conjuncts(factor.condition)):
                summand = smaller
                dropped.append(factor.condition)
        return summand, tuple(dropped)

    def narrowed(self, summand: Summand) -> tuple[Summand, tuple[Narrowed, ...]]:
        """Put brackets into the ranges of sums: ``[0 <= i - S*k]`` ends k at floor(i/S)."""
        notes: list[Narrowed] = []
        for factor in summand.factors:
            if not isinstance(factor, Iverson):
                continue
            parts = conjuncts(factor.condition)
            attempt = summand
            bounds: list[Narrowed] = []
            for part in parts:
                found = self._bound(part, attempt)
                if found is None:
                    break
                attempt, note = found
                bounds.append(note)
            if len(bounds) == len(parts):
                factors = tuple(other for other in attempt.factors if other is not factor)
                summand = replace(attempt, factors=factors)
                notes += [replace(bounds[0], condition=factor.condition)]
        return summand, tuple(notes)

    def _bound(self, condition: Condition, summand: Summand) -> tuple[Summand, Narrowed] | None:
        if not isinstance(condition, Comparison) or condition.relation not in ("<=", ">="):
            return None
        low, high = condition.left, condition.right
        if condition.relation == ">=":
            low, high = high, low
        difference = ratio(high - low)
        if difference.denominator != ONE:
            return None
        for place in reversed(range(len(summand.ranges))):
            item = summand.ranges[place]
            split = linear_part(difference.numerator, item.index)
            if split is None or not split[0]:
                continue
            coefficient, rest = split
            # Nothing that the sum binds here or further in may stand in the bound.
            inner = {other.index for other in summand.ranges[place:]}
            if inner & set(symbols(terms_expression(rest))):
                continue
            narrower = self._narrower(item, coefficient, rest)
            if narrower is None:
                continue
            ranges = (*summand.ranges[:place], narrower, *summand.ranges[place + 1 :])
            steps = coefficient not in ({(): 1}, {(): -1})
            return replace(summand, ranges=ranges), Narrowed(condition, item.index, steps)
        return None

    def _narrower(self, item: Range, coefficient: Terms, rest: Terms) -> Range | None:
        """Narrow a range to where coefficient*index + rest is at least 0."""
        opposite = _negative(coefficient)
        if is_positive(coefficient, self.least):
            lower = self._divided(CeilingDivision, _negative(rest), coefficient)
            return replace(item, lower=_joined(Maximum, item.lower, lower))
        if is_positive(opposite, self.least):
            upper = self._divided(FloorDivision, rest, opposite)
            return replace(item, upper=_joined(Minimum, item.upper, upper))
        return None

    def _divided(
        self, kind: type[CeilingDivision | FloorDivision], terms: Terms, by: Terms
    ) -> IntegerExpression:
        value = tidy_integer(terms_expression(terms), self.order)
        if by == ONE:
            return value
        return kind(value, tidy_integer(terms_expression(by), self.order))


def guarded_entry(body: Expression) -> bool:
    """Tell whether a definition is one entry behind brackets, as a padded array is."""
    factors = product_factors(body)
    kinds = [type(factor) for factor in factors if not isinstance(factor, Iverson)]
    return kinds == [Entry]


def _joined(
    kind: type[Maximum] | type[Minimum], old: IntegerExpression, new: IntegerExpression
) -> IntegerExpression:
    parts = old.arguments if isinstance(old, Maximum | Minimum) and type(old) is kind else (old,)
    return kind((*parts, new))


def _negative(terms: Terms) -> Terms:
    return {powers: -value for powers, value in terms.items()}


def _within(item: Range) -> tuple[Condition, ...]:
    return conjuncts(between(item.lower, item.index, item.upper))


def _delta_symbols(delta: Delta) -> tuple[Symbol, ...]:
    return (*symbols(delta.left), *symbols(delta.right))


def _brackets(conditions: Sequence[Condition]) -> Iterator[Iverson]:
    """Write divisibility and range each as one bracket."""
    division = [part for part in conditions if isinstance(part, Divides)]
    interval = [part for part in conditions if not isinstance(part, Divides)]
    for part in division:
        yield Iverson(part)
    if interval:
        yield Iverson(interval[0] if len(interval) == 1 else And(tuple(interval)))
