"""Everything that is checked at one choice of sizes, each check replayed or doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import TypeAlias

from symconv.algebra.counting import statement_term_count, term_count
from symconv.algebra.evaluation import (
    Evaluator,
    Exact,
    Polynomial,
    Values,
    monomial_text,
    polynomial_text,
)
from symconv.algebra.expressions import Statement
from symconv.algebra.indices import Index
from symconv.algebra.scoping import arrays, expand_where, require_shape_in_sizes
from symconv.algebra.text import number_text
from symconv.concrete.closed_forms import Oracle
from symconv.concrete.differences import Difference
from symconv.concrete.index_domains import MOST_ROWS
from symconv.concrete.monomial_tables import Tables
from symconv.concrete.numbers import ExactRuns, NumberMismatch
from symconv.errors import (
    IllFormed,
    InternalError,
    LoopRaised,
    NotSupported,
    SymconvError,
    TooLarge,
    WrongShape,
)
from symconv.layers.layer import Layer, Loop, Sizes
from symconv.verdicts import Counterexample, Method, Result, Verdict

Item: TypeAlias = Statement | Loop

ORACLE_TERMS = 400
"""Up to this many products a statement is also expanded by SymPy, beside the tables."""
ORACLE_TERMS_ALONE = 20_000
"""Up to this many products SymPy decides what the tables cannot express."""
ORACLE_LOOP_PRODUCTS = 60
"""Up to this many products of the layer its loops also run on SymPy Symbols."""


class Site:
    """Everything that is checked at one choice of sizes, with what the checks share."""

    def __init__(self, layer: Layer, sizes: Sizes) -> None:
        self.sizes = sizes
        self._layer = layer
        self._evaluator = Evaluator(layer.definition_by_name, sizes.by_symbol)
        self._oracle = Oracle(layer, sizes)
        self._tables = Tables(layer, sizes)
        self._runs = ExactRuns(layer, sizes, self._tables)

    def admits(self, item: Item) -> bool:
        """Tell whether a statement says something here: its assumptions hold, its indices exist."""
        if isinstance(item, Loop):
            return True
        try:
            return (
                all(map(self._evaluator.truth, item.assumptions))
                and next(self._evaluator.assignments(expand_where(item).free), None) is not None
            )
        except (IllFormed, NotSupported):
            # It is judged, and found ill-formed or open.
            return True

    def require_room(self, item: Item) -> None:
        """Make sure that the closed forms of an item fit in memory, before they are built.

        Raises:
            TooLarge: when they do not; the message says how many terms there are.
        """
        definitions, scope = self._layer.definition_by_name, self.sizes.by_symbol
        if isinstance(item, Loop):
            terms = self._products()
        else:
            terms = statement_term_count(item, definitions, scope)
            if terms > MOST_ROWS:
                # That counts what guards and deltas leave out, too; this does not.
                with suppress(NotSupported):
                    terms = self._tables.term_count(item)
        if terms > MOST_ROWS:
            raise TooLarge(
                f"{item.key} at {self.sizes} has {terms:,} terms, "
                f"more than the {MOST_ROWS:,} that fit in memory",
                terms=terms,
                help="give smaller sizes",
            )

    def check(self, item: Item, ways: tuple[Method, ...]) -> Iterator[Result]:
        """Check one statement or loop by every way that applies."""
        if isinstance(item, Statement):
            try:
                item = expand_where(item)
                for array in (*arrays(item.lhs), *arrays(item.rhs)):
                    require_shape_in_sizes(array)
                self._layer.dependence.require(item.lhs, item.rhs)
                _ = [self._evaluator.truth(condition) for condition in item.assumptions]
            except (IllFormed, NotSupported) as error:
                yield self._result(item, ways[-1], "evaluation", 0.0, _judge_error(error))
                return
        if "closed-form" in ways:
            if isinstance(item, Loop):
                yield from self._check_loop(item)
            else:
                yield from self._check_statement(item)
        if "numbers" in ways and self._runs.applies(item):
            yield self._check_numbers(item)

    def _check_statement(self, statement: Statement) -> Iterator[Result]:
        terms = statement_term_count(
            statement, self._layer.definition_by_name, self.sizes.by_symbol
        )
        fast = self._by_difference(statement, "tables", lambda: self._tables.compare(statement))
        alone = fast.verdict is Verdict.UNDECIDED
        if terms > (ORACLE_TERMS_ALONE if alone else ORACLE_TERMS):
            yield fast
            return
        slow = self._by_difference(statement, "sympy", lambda: self._oracle.compare(statement))
        yield from _together(fast, slow)

    def _check_loop(self, loop: Loop) -> Iterator[Result]:
        fast = self._by_difference(loop, "loops", lambda: self._tables.compare_loop(loop))
        alone = fast.verdict is Verdict.UNDECIDED
        if self._products() > (ORACLE_TERMS_ALONE if alone else ORACLE_LOOP_PRODUCTS):
            yield fast
            return
        slow = self._by_difference(loop, "sympy", lambda: self._oracle.compare_loop(loop))
        yield from _together(fast, slow)

    def _check_numbers(self, item: Item) -> Result:
        start = perf_counter()
        try:
            if isinstance(item, Loop):
                mismatch = self._runs.compare_loop(item)
                names = {"object": "128-bit integers"}
                ran = [names.get(dtype, dtype) for dtype in self._runs.dtypes_run]
                detail = f"{', '.join(ran)}: compared by =="
            else:
                mismatch = self._runs.compare_statement(item)
                detail = "the formula equals the loops on integers, compared by =="
            judgement = _Judgement(Verdict.VERIFIED, None, detail)
            if mismatch is not None:
                judgement = self._mismatch(mismatch)
        except SymconvError as error:
            judgement = _judge_error(error)
        return self._result(item, "numbers", "loops", perf_counter() - start, judgement)

    def _by_difference(
        self, item: Item, route: str, compare: Callable[[], Difference | None]
    ) -> Result:
        """Turn the outcome of one comparison of closed forms into a result."""
        start = perf_counter()
        try:
            difference = compare()
            seconds = perf_counter() - start
            judgement = _Judgement(Verdict.VERIFIED, None, _same_detail(item))
            if difference is not None:
                judgement = self._replayed(item, difference)
        except SymconvError as error:
            seconds = perf_counter() - start
            judgement = _judge_error(error)
            if isinstance(error, LoopRaised) and isinstance(item, Loop):
                judgement = self._raised(item, error)
            if judgement.verdict is Verdict.ILL_FORMED and isinstance(item, Statement):
                judgement = self._replayed_ill_formed(item)
        return self._result(item, "closed-form", route, seconds, judgement)

    def _raised(self, loop: Loop, error: LoopRaised) -> _Judgement:
        """Tell a loop that raises from one that only does not run on symbols."""
        try:
            _ = self._runs.compare_loop(loop, dtypes=("float64",))
        except LoopRaised as again:
            return _judge_error(again)
        except SymconvError:
            pass
        fact = f"{error.fact}, but only on symbols: numbers run"
        return _Judgement(Verdict.UNDECIDED, NotSupported.default_code, fact)

    def _replayed(self, item: Item, difference: Difference) -> _Judgement:
        """Evaluate both sides where they differ, by a way that shares nothing with the routes."""
        if isinstance(item, Loop):
            left, right, sides = self._loop_values(item, difference)
        else:
            left, right, sides = self._statement_values(item, difference)
        if (left, right) != (difference.left, difference.right):
            raise InternalError(
                f"{item.key} at {self.sizes}: the counterexample {difference} does not replay, "
                f"the coefficients are {left} and {right}"
            )
        counterexample = Counterexample(
            sizes=self.sizes.given,
            indices=difference.indices,
            monomial=monomial_text(difference.monomial),
            left_coefficient=number_text(left),
            right_coefficient=number_text(right),
            left=polynomial_text(sides[0]) if sides else None,
            right=polynomial_text(sides[1]) if sides else None,
        )
        detail = counterexample.sentence()
        return _Judgement(Verdict.REFUTED, "wrong-value", detail, counterexample)

    def _statement_values(
        self, statement: Statement, difference: Difference
    ) -> tuple[Exact, Exact, tuple[Polynomial, Polynomial]]:
        statement = expand_where(statement)
        indices: Values = {Index(name): value for name, value in difference.indices.items()}
        left = self._evaluator.polynomial(statement.lhs, indices)
        right = self._evaluator.polynomial(statement.rhs, indices)
        monomial = difference.monomial
        return left.get(monomial, 0), right.get(monomial, 0), (left, right)

    def _loop_values(
        self, loop: Loop, difference: Difference
    ) -> tuple[Exact, Exact, tuple[Polynomial, Polynomial] | None]:
        position = tuple(difference.indices.values())
        monomial = difference.monomial
        entry = self._layer.named_entry(loop.computes, position)
        expected = self._evaluator.polynomial(entry)
        if self._products() <= ORACLE_TERMS_ALONE:
            got = self._oracle.loop_polynomial(loop, position)
            return expected.get(monomial, 0), got.get(monomial, 0), (expected, got)
        right = self._runs.coefficient(loop, position, monomial)
        return expected.get(monomial, 0), right, None

    def _replayed_ill_formed(self, statement: Statement) -> _Judgement:
        """Find the first free indices at which evaluation finds no meaning either."""
        expanded = expand_where(statement)
        indices: dict[str, int] = {}
        try:
            for assignment in self._evaluator.assignments(expanded.free):
                indices = {symbol.name: value for symbol, value in assignment.items()}
                for side in (expanded.lhs, expanded.rhs):
                    _ = self._evaluator.polynomial(side, assignment)
                indices = {}
        except IllFormed as error:
            # Between two values it is the ranges that have no end.
            example = Counterexample(self.sizes.given, indices or error.indices)
            return _Judgement(Verdict.ILL_FORMED, error.code, _with_help(error), example)
        raise InternalError(f"{statement.key} at {self.sizes}: evaluation finds it well-formed")

    def _mismatch(self, mismatch: NumberMismatch) -> _Judgement:
        counterexample = Counterexample(
            sizes=self.sizes.given,
            indices=mismatch.indices,
            left=mismatch.left,
            right=mismatch.right,
        )
        detail = f"on {mismatch.dtype} integers {counterexample.sentence()}"
        return _Judgement(Verdict.REFUTED, "wrong-value", detail, counterexample)

    def _products(self) -> int:
        """Return how many products the layer's loss expands to, the unit of its work."""
        if self._layer.loss is None:
            return 0
        return term_count(
            self._layer.loss[()], self._layer.definition_by_name, self.sizes.by_symbol
        )

    def _result(
        self, item: Item, method: Method, route: str, seconds: float, judgement: _Judgement
    ) -> Result:
        name, _, form = item.key.partition(":")
        return Result(
            statement=name,
            form=form or None,
            kind="claim" if isinstance(item, Statement) else "code",
            method=method,
            route=route,
            verdict=judgement.verdict,
            code=judgement.code,
            sizes=self.sizes.given,
            seconds=seconds,
            detail=judgement.detail,
            counterexample=judgement.counterexample,
        )


@dataclass(frozen=True, slots=True)
class _Judgement:
    """A verdict with what it rests on, before it is put into a result."""

    verdict: Verdict
    code: str | None
    detail: str
    counterexample: Counterexample | None = None


def _judge_error(error: SymconvError) -> _Judgement:
    """Turn what a check raised into a verdict; what says nothing about the item goes on up."""
    match error:
        case IllFormed():
            return _Judgement(Verdict.ILL_FORMED, error.code, _with_help(error))
        case NotSupported():
            return _Judgement(Verdict.UNDECIDED, error.code, error.fact)
        case WrongShape() | LoopRaised():
            return _Judgement(Verdict.REFUTED, error.code, error.fact)
    raise error


def _together(fast: Result, slow: Result) -> Iterator[Result]:
    """Yield what two routes found; one that cannot do it leaves the other's word.

    Raises:
        InternalError: when they say different things.
    """
    if fast.verdict is not Verdict.UNDECIDED and slow.verdict is not Verdict.UNDECIDED:
        require_agreement(fast, slow)
        yield fast
    yield fast if slow.verdict is Verdict.UNDECIDED else slow


def require_agreement(fast: Result, slow: Result) -> None:
    """Stop loudly when two independent routes say different things.

    Raises:
        InternalError: when they do.
    """
    same = (fast.verdict, fast.code) == (slow.verdict, slow.code)
    if not same or fast.counterexample != slow.counterexample:
        raise InternalError(
            f"{fast.key} at {fast.sizes}: {fast.route} says {fast.verdict} ({fast.detail}), "
            f"{slow.route} says {slow.verdict} ({slow.detail})"
        )


def _same_detail(item: Item) -> str:
    if isinstance(item, Loop):
        return f"the loops compute {item.computes} at every entry, as polynomials"
    return "both sides are the same polynomial at every entry"


def _with_help(error: SymconvError) -> str:
    return f"{error.fact}; {error.help}" if error.help else error.fact
