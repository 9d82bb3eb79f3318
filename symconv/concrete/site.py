"""Statements and loops checked at one choice of sizes, each check replayed or doubled."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from time import perf_counter
from typing import ClassVar, Generic, TypeAlias, TypeVar

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
from symconv.algebra.indices import Condition, Index, condition_text
from symconv.algebra.scoping import arrays, expand_where, require_shape_in_sizes
from symconv.algebra.text import number_text
from symconv.concrete.closed_forms import Oracle
from symconv.concrete.differences import Difference
from symconv.concrete.monomial_tables import Tables
from symconv.concrete.numbers import ExactRuns, NumberMismatch
from symconv.concrete.rows import MOST_ROWS
from symconv.concrete.spot_checks import SpotChecks
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
from symconv.verdicts import Counterexample, Judgement, Kind, Method, Result, Verdict

Item: TypeAlias = Statement | Loop
_Sides: TypeAlias = tuple[Polynomial, Polynomial]

ORACLE_TERMS = 400
"""Up to this many products a statement is also expanded by SymPy, beside the tables."""
ORACLE_TERMS_ALONE = 20_000
"""Up to this many products SymPy decides what the tables cannot express."""
ORACLE_LOOP_PRODUCTS = 60
"""Up to this many products of the layer its loops also run on SymPy Symbols."""


class Witnesses:
    """The ways to check anything at one choice of sizes, with what they share."""

    def __init__(self, layer: Layer, sizes: Sizes) -> None:
        self.layer = layer
        self.sizes = sizes
        self.evaluator = Evaluator(layer.definition_by_name, sizes.by_symbol)
        self.oracle = Oracle(layer, sizes)
        self.tables = Tables(layer, sizes)
        self.runs = ExactRuns(layer, sizes, self.tables)
        self.spot_checks = SpotChecks(layer, sizes)

    @cached_property
    def products(self) -> int:
        """How many products the layer's loss expands to, the unit of its work."""
        if self.layer.loss is None:
            return 0
        definitions, scope = self.layer.definition_by_name, self.sizes.by_symbol
        return term_count(self.layer.loss[()], definitions, scope)


def check_at(witnesses: Witnesses, item: Item, ways: tuple[Method, ...]) -> AtSizes:
    """Return the check of a statement or loop by the ways that apply at given sizes."""
    if isinstance(item, Loop):
        return LoopAtSizes(witnesses, item, ways)
    return StatementAtSizes(witnesses, item, ways)


_Judged = TypeVar("_Judged", Statement, Loop)


class CheckAtSizes(ABC, Generic[_Judged]):
    """The check of one statement or loop at one choice of sizes, replayed or doubled.

    Attributes:
        kind: what sort of thing is judged.
        route: how its closed forms are compared fast.
        oracle_work: up to how much work SymPy compares them, too.
    """

    kind: ClassVar[Kind]
    route: ClassVar[str]
    oracle_work: ClassVar[int]

    def __init__(self, witnesses: Witnesses, item: _Judged, ways: tuple[Method, ...]) -> None:
        self.item = item
        self._at = witnesses
        self._ways = ways

    @property
    def name(self) -> str:
        """What is checked, and where."""
        return f"{self.item.key} at {self._at.sizes}"

    def admits(self) -> bool:
        """Tell whether it says something here: its assumptions hold, its indices exist."""
        return True

    def has_a_way(self) -> bool:
        """Tell whether one of the ways applies to it."""
        return "closed-form" in self._ways or self._runs()

    def require_room(self) -> None:
        """Make sure that the closed forms fit in memory, before they are built.

        Raises:
            TooLarge: when they do not; the message says how many terms there are.
        """
        terms = self._terms()
        if terms > MOST_ROWS:
            raise TooLarge(
                f"{self.name} has {terms:,} terms, more than the {MOST_ROWS:,} that fit in memory",
                terms=terms,
                help="give smaller sizes",
            )

    def run(self) -> Iterator[Result]:
        """Check it by every way that applies."""
        if "closed-form" in self._ways:
            yield from self._closed_forms()
        if "numbers" in self._ways and self._runs():
            yield self._numbers()

    def _closed_forms(self) -> Iterator[Result]:
        work = self._work()
        fast = self._compared(self.route, self._by_tables)
        alone = fast.verdict is Verdict.UNDECIDED
        if work > (ORACLE_TERMS_ALONE if alone else self.oracle_work):
            yield fast
            return
        yield from _together(fast, self._compared("sympy", self._by_sympy))

    def _compared(self, route: str, compare: Callable[[], Difference | None]) -> Result:
        """Turn the outcome of one comparison of closed forms into a result."""
        start = perf_counter()
        try:
            difference = compare()
            seconds = perf_counter() - start
            judgement = Judgement(Verdict.VERIFIED, None, self._same())
            if difference is not None:
                judgement = self._replayed(difference)
        except SymconvError as error:
            seconds = perf_counter() - start
            judgement = self._failed(error)
        return self._result(judgement, "closed-form", route, seconds)

    def _numbers(self) -> Result:
        start = perf_counter()
        try:
            mismatch, detail = self._on_numbers()
            judgement = Judgement(Verdict.VERIFIED, None, detail)
            if mismatch is not None:
                judgement = self._mismatch(mismatch)
        except SymconvError as error:
            judgement = _judge_error(error)
        return self._result(judgement, "numbers", "loops", perf_counter() - start)

    def _replayed(self, difference: Difference) -> Judgement:
        """Evaluate both sides where they differ, by a way that shares nothing with the routes."""
        left, right, sides = self._values(difference)
        if (left, right) != (difference.left, difference.right):
            raise InternalError(
                f"{self.name}: the counterexample {difference} does not replay, "
                f"the coefficients are {left} and {right}"
            )
        counterexample = Counterexample(
            sizes=self._at.sizes.given,
            indices=difference.indices,
            monomial=monomial_text(difference.monomial),
            left_coefficient=number_text(left),
            right_coefficient=number_text(right),
            left=polynomial_text(sides[0]) if sides else None,
            right=polynomial_text(sides[1]) if sides else None,
        )
        detail = counterexample.sentence()
        return Judgement(Verdict.REFUTED, "wrong-value", detail, counterexample)

    def _mismatch(self, mismatch: NumberMismatch) -> Judgement:
        counterexample = Counterexample(
            sizes=self._at.sizes.given,
            indices=mismatch.indices,
            left=mismatch.left,
            right=mismatch.right,
        )
        detail = f"on {mismatch.dtype} integers {counterexample.sentence()}"
        return Judgement(Verdict.REFUTED, "wrong-value", detail, counterexample)

    def _result(self, judgement: Judgement, method: Method, route: str, seconds: float) -> Result:
        name, _, form = self.item.key.partition(":")
        return judgement.result(
            name,
            form=form or None,
            kind=self.kind,
            method=method,
            route=route,
            sizes=self._at.sizes.given,
            seconds=seconds,
            assumptions=tuple(map(condition_text, self._assumptions)),
        )

    @property
    def _assumptions(self) -> tuple[Condition, ...]:
        return ()

    @abstractmethod
    def _runs(self) -> bool:
        """Tell whether it can be compared on numbers."""

    @abstractmethod
    def _terms(self) -> int:
        """Return how many terms its closed forms have."""

    @abstractmethod
    def _work(self) -> int:
        """Return how much work SymPy has with it."""

    @abstractmethod
    def _by_tables(self) -> Difference | None: ...

    @abstractmethod
    def _by_sympy(self) -> Difference | None: ...

    @abstractmethod
    def _on_numbers(self) -> tuple[NumberMismatch | None, str]:
        """Compare numbers; return where they differ, and how they were compared."""

    @abstractmethod
    def _values(self, difference: Difference) -> tuple[Exact, Exact, _Sides | None]:
        """Return both coefficients of a difference, and both sides, by another way."""

    @abstractmethod
    def _failed(self, error: SymconvError) -> Judgement:
        """Judge what the comparison of closed forms raised."""

    @abstractmethod
    def _same(self) -> str:
        """Say what was found true."""


class StatementAtSizes(CheckAtSizes[Statement]):
    """The check of a statement: both sides are the same polynomials."""

    kind = "claim"
    route = "tables"
    oracle_work = ORACLE_TERMS

    @cached_property
    def _expanded(self) -> Statement:
        return expand_where(self.item)

    @property
    def _assumptions(self) -> tuple[Condition, ...]:
        return self.item.assumptions

    def admits(self) -> bool:
        """Tell whether its assumptions hold here, and its free indices have values."""
        evaluator = self._at.evaluator
        try:
            return (
                all(map(evaluator.truth, self._assumptions))
                and next(evaluator.assignments(self._expanded.free), None) is not None
            )
        except (IllFormed, NotSupported):
            # It is judged, and found ill-formed or open.
            return True

    def has_a_way(self) -> bool:
        """Tell whether one of the ways applies to it; any does where it has no meaning."""
        return self._refusal() is not None or super().has_a_way()

    def run(self) -> Iterator[Result]:
        """Check it by every way that applies, unless it has no meaning or is not supported."""
        refusal = self._refusal()
        if refusal is None:
            yield from super().run()
        else:
            yield self._result(_judge_error(refusal), self._ways[-1], "evaluation", 0.0)

    def _refusal(self) -> IllFormed | NotSupported | None:
        try:
            for array in (*arrays(self._expanded.lhs), *arrays(self._expanded.rhs)):
                require_shape_in_sizes(array)
            self._at.layer.dependence.require(self._expanded.lhs, self._expanded.rhs)
            _ = [self._at.evaluator.truth(condition) for condition in self._assumptions]
        except (IllFormed, NotSupported) as error:
            return error
        return None

    def _runs(self) -> bool:
        return self._at.runs.applies(self._expanded)

    def _terms(self) -> int:
        terms = self._count(self.item)
        if terms > MOST_ROWS:
            # That counts what guards and deltas leave out, too; this does not.
            with suppress(NotSupported):
                terms = self._at.tables.term_count(self.item)
        return terms

    def _work(self) -> int:
        return self._count(self._expanded)

    def _count(self, statement: Statement) -> int:
        definitions, scope = self._at.layer.definition_by_name, self._at.sizes.by_symbol
        return statement_term_count(statement, definitions, scope)

    def _by_tables(self) -> Difference | None:
        difference = self._at.tables.compare(self._expanded)
        self._at.spot_checks.polynomials(self._at.tables, self._expanded)
        return difference

    def _by_sympy(self) -> Difference | None:
        return self._at.oracle.compare(self._expanded)

    def _on_numbers(self) -> tuple[NumberMismatch | None, str]:
        mismatch = self._at.runs.compare_statement(self._expanded)
        return mismatch, "the formula equals the loops on integers, compared by =="

    def _values(self, difference: Difference) -> tuple[Exact, Exact, _Sides | None]:
        indices: Values = {Index(name): value for name, value in difference.indices.items()}
        left = self._at.evaluator.polynomial(self._expanded.lhs, indices)
        right = self._at.evaluator.polynomial(self._expanded.rhs, indices)
        monomial = difference.monomial
        return left.get(monomial, 0), right.get(monomial, 0), (left, right)

    def _failed(self, error: SymconvError) -> Judgement:
        judgement = _judge_error(error)
        ill_formed = judgement.verdict is Verdict.ILL_FORMED
        return self._replayed_ill_formed() if ill_formed else judgement

    def _replayed_ill_formed(self) -> Judgement:
        """Find the first free indices at which evaluation finds no meaning either."""
        indices: dict[str, int] = {}
        try:
            for assignment in self._at.evaluator.assignments(self._expanded.free):
                indices = {symbol.name: value for symbol, value in assignment.items()}
                for side in (self._expanded.lhs, self._expanded.rhs):
                    _ = self._at.evaluator.polynomial(side, assignment)
                indices = {}
        except IllFormed as error:
            # Between two values it is the ranges that have no end.
            example = Counterexample(self._at.sizes.given, indices or error.indices)
            return Judgement(Verdict.ILL_FORMED, error.code, _with_help(error), example)
        raise InternalError(f"{self.name}: evaluation finds it well-formed")

    def _same(self) -> str:
        return "both sides are the same polynomial at every entry"


class LoopAtSizes(CheckAtSizes[Loop]):
    """The check of a loop nest: it computes the layer's polynomials, and its numbers."""

    kind = "code"
    route = "loops"
    oracle_work = ORACLE_LOOP_PRODUCTS

    def _runs(self) -> bool:
        return self._at.runs.applies(self.item)

    def _terms(self) -> int:
        return self._at.products

    def _work(self) -> int:
        return self._at.products

    def _by_tables(self) -> Difference | None:
        return self._at.tables.compare_loop(self.item)

    def _by_sympy(self) -> Difference | None:
        return self._at.oracle.compare_loop(self.item)

    def _on_numbers(self) -> tuple[NumberMismatch | None, str]:
        mismatch = self._at.runs.compare_loop(self.item)
        names = {"object": "128-bit integers"}
        ran = [names.get(dtype, dtype) for dtype in self._at.runs.dtypes_run]
        return mismatch, f"{', '.join(ran)}: compared by =="

    def _values(self, difference: Difference) -> tuple[Exact, Exact, _Sides | None]:
        position = tuple(difference.indices.values())
        monomial = difference.monomial
        entry = self._at.layer.named_entry(self.item.computes, position)
        expected = self._at.evaluator.polynomial(entry)
        if self._at.products <= ORACLE_TERMS_ALONE:
            got = self._at.oracle.loop_polynomial(self.item, position)
            return expected.get(monomial, 0), got.get(monomial, 0), (expected, got)
        right = self._at.runs.coefficient(self.item, position, monomial)
        return expected.get(monomial, 0), right, None

    def _failed(self, error: SymconvError) -> Judgement:
        """Judge what was raised; a loop may only not run on symbols."""
        if not isinstance(error, LoopRaised):
            return _judge_error(error)
        try:
            mismatch = self._at.runs.compare_loop(self.item, dtypes=("float64",))
        except (LoopRaised, WrongShape) as again:
            return _judge_error(again)
        except NotSupported:
            mismatch = None
        if mismatch is not None:
            return self._mismatch(mismatch)
        fact = f"{error.fact}, but only on symbols: numbers run"
        return Judgement(Verdict.UNDECIDED, NotSupported.default_code, fact)

    def _same(self) -> str:
        return f"the loops compute {self.item.computes} at every entry, as polynomials"


AtSizes: TypeAlias = StatementAtSizes | LoopAtSizes


def _judge_error(error: SymconvError) -> Judgement:
    """Turn what a check raised into a verdict; what says nothing about the item goes on up."""
    match error:
        case IllFormed():
            return Judgement(Verdict.ILL_FORMED, error.code, _with_help(error))
        case NotSupported():
            return Judgement(Verdict.UNDECIDED, error.code, error.fact)
        case WrongShape() | LoopRaised():
            return Judgement(Verdict.REFUTED, error.code, error.fact)
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


def _with_help(error: SymconvError) -> str:
    return f"{error.fact}; {error.help}" if error.help else error.fact
