"""The smallest counterexample: found by the solver, replayed by evaluation.

The order is the design's: least sum of the given sizes, then lexicographic in the layer's
order of sizes, then free indices, then monomial. The solver finds the smallest sizes at
which something fails; `evaluation` is then run at these sizes, and what it finds first is
the counterexample. One that does not replay is an internal error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from math import prod

from symconv.algebra.counting import statement_term_count, term_count
from symconv.algebra.dependence import derivatives
from symconv.algebra.evaluation import (
    Evaluator,
    Polynomial,
    Values,
    condition_value,
    monomial_text,
    polynomial_text,
    side_polynomials,
)
from symconv.algebra.expressions import Definition, Expression, Statement
from symconv.algebra.indices import Condition, Plus, Range, Symbol, equal
from symconv.algebra.text import number_text
from symconv.errors import IllFormed, NotSupported, SizesError
from symconv.layers.layer import Layer, Sizes
from symconv.proof.obligations import Formula
from symconv.proof.smt import Answer, Session, Solver
from symconv.verdicts import Counterexample

GUARD_PATTERN = (0, 1, 0, 2, 1, 0, 0, 3, 1, 0, 1)
GUARD_TURNS = 60
GUARD_VARIED = 3
GUARD_PRODUCT = 600
GUARD_TERMS = 3_000
REPLAY_STEPS = 400_000
"""Limit: what evaluation does at one choice of sizes, some seconds at most."""
TOTAL_STEPS = 1_500_000
"""Limit: what evaluation does for one statement, at all sizes together."""
MOST_ASKED = 400
"""Limit: questions in search of the smallest sizes; a layer of nine sizes takes about 100."""
ONE_BY_ONE = 16
"""So many amounts are tried one by one before an interval is halved."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a statement fails at given sizes.

    Attributes:
        counterexample: sizes, free indices, monomial, values.
        ill_formed: what is without meaning there, or None where the two sides differ.
    """

    counterexample: Counterexample
    ill_formed: IllFormed | None = None


@dataclass(frozen=True, slots=True)
class SmallestSizes:
    """Sizes at which a formula holds.

    Attributes:
        sizes: the sizes, or None where the solver found none.
        minimal: whether every smaller choice was shown to be impossible.
    """

    sizes: Sizes | None
    minimal: bool


def smallest_sizes(solver: Solver, violation: Formula, layer: Layer) -> SmallestSizes:
    """Find the smallest sizes at which a formula holds.

    Args:
        solver: knows the constraints on sizes.
        violation: what holds there.
        layer: the order of sizes and their least values.
    """
    session = solver.session(violation)
    found, values = session.ask()
    if found is not Answer.SATISFIABLE:
        return SmallestSizes(None, False)
    if not solver.effort.minimize:
        return _at(layer, values, minimal=False)
    session.narrow()
    search = _Search(session, values)
    least = [layer.minimum.get(size, 1) for size in layer.given]
    search.lower(layer.given, sum(least))
    for size, start in zip(layer.given, least, strict=True):
        search.lower((size,), start)
    return _at(layer, search.values, minimal=search.minimal)


def _at(layer: Layer, values: dict[Symbol, int], *, minimal: bool) -> SmallestSizes:
    try:
        return SmallestSizes(_sizes(layer, values), minimal)
    except SizesError:
        # Some have more digits than a size may have.
        return SmallestSizes(None, False)


@dataclass(slots=True)
class _Search:
    """A way in which formulas hold, made smaller one sum of sizes after the other.

    Attributes:
        session: the formulas, and the sums that are as small as they can be.
        values: the smallest way so far.
        minimal: whether every smaller one was shown to be impossible.
        asked: how many questions were asked.
    """

    session: Session
    values: dict[Symbol, int]
    minimal: bool = True
    asked: int = 0

    def lower(self, parts: tuple[Symbol, ...], least: int) -> None:
        """Make a sum of sizes as small as it can be, and fix it there.

        Small amounts are asked for one by one, as equations are easy to decide; from there
        on the interval is halved.
        """
        total = Plus(parts)
        high = self._amount(parts)
        for amount in range(least, min(high, least + ONE_BY_ONE)):
            if self._possible(equal(total, amount)):
                high = amount
                break
        low = min(high, least + ONE_BY_ONE)
        while low < high:
            middle = (low + high) // 2
            if self._possible(total >= low, total <= middle):
                high = self._amount(parts)
            else:
                low = middle + 1
        self.session.assume(equal(total, high))

    def _amount(self, parts: tuple[Symbol, ...]) -> int:
        return sum(self.values.get(part, 1) for part in parts)

    def _possible(self, *conditions: Condition) -> bool:
        self.asked += 1
        if self.asked > MOST_ASKED:
            self.minimal = False
            return False
        found, smaller = self.session.ask(*conditions)
        if found is Answer.SATISFIABLE:
            self.values = smaller
            return True
        self.minimal = self.minimal and found is Answer.UNSATISFIABLE
        return False


@dataclass(slots=True)
class Steps:
    """What evaluation may still do for one statement, at all sizes together."""

    left: int = TOTAL_STEPS


def replay(
    statement: Statement,
    layer: Layer,
    sizes: Sizes,
    *,
    minimal: bool = True,
    steps: Steps | None = None,
) -> Failure | None:
    """Evaluate a statement at given sizes; return the first place where it fails, if any.

    A part without meaning comes before a difference, wherever it is. An assumption that has
    no value is such a part.

    Raises:
        NotSupported: when that takes more than `REPLAY_STEPS` steps, or more than are left.
    """
    definitions = layer.definition_by_name
    evaluator = _BoundedEvaluator(definitions, sizes.by_symbol, steps or Steps())
    different: Failure | None = None
    try:
        if not all(evaluator.truth(item) for item in statement.assumptions):
            return None
        # Known before anything is multiplied out.
        terms = statement_term_count(statement, definitions, sizes.by_symbol)
        bodies = (
            part.body for side in (statement.lhs, statement.rhs) for part in derivatives(side)
        )
        terms += sum(term_count(body, definitions, sizes.by_symbol) for body in bodies)
        if terms > min(REPLAY_STEPS, evaluator.steps.left):
            raise _too_many_steps()
        for indices, left, right in side_polynomials(statement, evaluator):
            if different is None and left != right:
                different = Failure(_difference(sizes, indices, left, right, minimal))
    except IllFormed as error:
        example = Counterexample(sizes.given, error.indices, minimal=minimal)
        return Failure(example, error)
    return different


class _BoundedEvaluator(Evaluator):
    """The evaluator, with an end: what takes too many steps is not a question for it."""

    def __init__(self, definitions: Mapping[str, Definition], sizes: Values, steps: Steps) -> None:
        super().__init__(definitions, sizes)
        self._steps = 0
        self.steps = steps

    def count(self, steps: int = 1) -> None:
        """Count steps.

        Raises:
            NotSupported: when there are more than `REPLAY_STEPS`.
        """
        self._steps += steps
        self.steps.left -= steps
        if self._steps > REPLAY_STEPS or self.steps.left < 0:
            raise _too_many_steps()

    def _evaluate(
        self, expression: Expression, scope: dict[Symbol, int], keep: frozenset[str]
    ) -> Polynomial:
        found = super()._evaluate(expression, scope, keep)
        # What a step costs grows with the factors of a monomial.
        factors = len(next(iter(found))) if found else 0
        self.count(1 + len(found) * (1 + factors // 4))
        return found

    def _sum_into(
        self,
        total: Polynomial,
        body: Expression,
        ranges: tuple[Range, ...],
        scope: dict[Symbol, int],
        keep: frozenset[str],
    ) -> None:
        # Counted by itself: inner ranges may all be empty, and nothing is evaluated.
        self.count()
        super()._sum_into(total, body, ranges, scope, keep)

    def _assignments(
        self, ranges: tuple[Range, ...], scope: dict[Symbol, int], chosen: dict[Symbol, int]
    ) -> Iterator[dict[Symbol, int]]:
        self.count()
        yield from super()._assignments(ranges, scope, chosen)


def small_sizes(
    layer: Layer, assumptions: tuple[Condition, ...], *, most_sum: int = 6, most_tried: int = 3_000
) -> Iterator[Sizes]:
    """Yield admissible sizes from the smallest on, in the order of counterexamples.

    Args:
        layer: its given sizes, their least values and constraints.
        assumptions: conditions that the sizes have to satisfy besides.
        most_sum: how far the sum may lie above the least one.
        most_tried: how many choices are looked at, admissible or not.
    """
    least = [layer.minimum.get(size, 1) for size in layer.given]
    tried = 0
    for extra in range(most_sum + 1):
        for parts in _compositions(extra, len(least)):
            tried += 1
            if tried > most_tried:
                return
            values = [low + part for low, part in zip(least, parts, strict=True)]
            sizes = admissible(layer, assumptions, dict(zip(layer.given, values, strict=True)))
            if sizes is not None:
                yield sizes


def guard_sizes(statement: Statement, layer: Layer) -> list[Sizes]:
    """Return a handful of cheap sizes at which a proof is checked by evaluation.

    The two smallest, and a few on which no two sizes need be the same: most mistakes
    cannot be seen where everything is 1.
    """
    found = list(islice(small_sizes(layer, statement.assumptions, most_tried=50), 2))
    varied = 0
    for turn in range(GUARD_TURNS):
        values: dict[Symbol, int] = {
            size: layer.minimum.get(size, 1) + GUARD_PATTERN[(7 * turn + 3 * place) % 11]
            for place, size in enumerate(layer.given)
        }
        sizes = admissible(layer, statement.assumptions, values)
        if sizes is None or sizes in found or prod(sizes.values()) > GUARD_PRODUCT:
            continue
        if statement_term_count(statement, layer.definition_by_name, sizes.by_symbol) > GUARD_TERMS:
            continue
        found.append(sizes)
        varied += 1
        if varied == GUARD_VARIED:
            break
    return found


def admissible(
    layer: Layer, assumptions: tuple[Condition, ...], values: dict[Symbol, int]
) -> Sizes | None:
    """Build sizes if they satisfy the constraints and the assumptions, else return None.

    No assumption excludes sizes at which one has no value; `replay` reports them.
    """
    try:
        sizes = layer.sizes(**{size.name: values[size] for size in layer.given})
    except SizesError:
        return None
    by_symbol = sizes.by_symbol
    try:
        holds = all(condition_value(item, by_symbol) for item in assumptions)
    except IllFormed:
        return sizes
    return sizes if holds else None


def _too_many_steps() -> NotSupported:
    return NotSupported(
        f"an evaluation takes more than {REPLAY_STEPS:,} steps", code="too-many-steps"
    )


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yield the ways to write a total as ordered parts, in lexicographic order."""
    if parts == 0:
        if total == 0:
            yield ()
        return
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _compositions(total - first, parts - 1):
            yield (first, *rest)


def _sizes(layer: Layer, values: dict[Symbol, int]) -> Sizes:
    return layer.sizes(**{size.name: values[size] for size in layer.given})


def _difference(
    sizes: Sizes, indices: dict[Symbol, int], left: Polynomial, right: Polynomial, minimal: bool
) -> Counterexample:
    names = {symbol.name: value for symbol, value in indices.items()}
    monomial = min(key for key in {**left, **right} if left.get(key, 0) != right.get(key, 0))
    constants = all(not key for key in {**left, **right})
    return Counterexample(
        sizes.given,
        names,
        monomial=None if constants else monomial_text(monomial),
        left_coefficient=None if constants else number_text(left.get(monomial, 0)),
        right_coefficient=None if constants else number_text(right.get(monomial, 0)),
        left=polynomial_text(left),
        right=polynomial_text(right),
        minimal=minimal,
    )
