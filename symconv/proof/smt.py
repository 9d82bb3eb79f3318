"""The solver: whether formulas over integers can hold together, as Z3 says.

A verdict must not depend on the machine: the solver runs on one thread with fixed seeds,
bounded by its own resource counter and never by seconds, in a context of its own for every
statement, so that nothing asked before has an effect. Several strategies are tried in a
fixed order; when all give up the answer is unknown, and unknown is neither yes nor no.

What is asked is made smaller first, see `reduction`: Z3 sees one case of one part at a time.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from symconv.algebra.evaluation import integer_value
from symconv.algebra.indices import Condition, Symbol, equal
from symconv.proof.obligations import Formula
from symconv.proof.reduction import Conjunction, Reduction
from symconv.proof.translation import Translation, Uses


class Answer(enum.Enum):
    """What the solver found."""

    UNSATISFIABLE = "unsat"
    SATISFIABLE = "sat"
    UNKNOWN = "unknown"


_Found = tuple[Answer, dict[Symbol, int]]


@dataclass(frozen=True, slots=True)
class Strategy:
    """One way to ask the solver.

    Attributes:
        resources: the resource limit, in the solver's own count.
        preprocessing: whether the solver's preprocessing is used.
        lemmas: whether products by sizes are explained by lemmas, see `_Translation.lemmas`.
        seed: the random seed.
    """

    resources: int
    preprocessing: bool = False
    lemmas: bool = False
    seed: int = 0


STRATEGIES = (
    Strategy(200_000),
    Strategy(400_000, lemmas=True),
    Strategy(1_000_000, preprocessing=True),
    Strategy(2_000_000, preprocessing=True, lemmas=True),
    Strategy(2_000_000, lemmas=True, seed=1),
)

MOST_SPENT = 4_000_000
"""Limit: what giving up may cost for one statement, in the solver's own count, some seconds."""
MOST_USED = 12_000_000
"""Limit: what all answers for one statement may cost, the definite ones too, in that count."""
MOST_QUESTIONS = 1_500
"""Limit: questions for one statement; a formula on a page asks about 100."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard the solver tries.

    Attributes:
        strategies: what is tried, in order, until one gives an answer.
        minimize: whether the smallest counterexample is looked for.
        sizes_tried: how many small sizes are evaluated where the solver gives up.
        evaluate_first: whether a few small sizes are evaluated before the solver is asked,
            which is the fast way to see that a candidate is wrong.
    """

    strategies: tuple[Strategy, ...] = STRATEGIES
    minimize: bool = True
    sizes_tried: int = 60
    evaluate_first: bool = False


FULL = Effort()
QUICK = Effort(strategies=STRATEGIES[:2], minimize=False, sizes_tried=12, evaluate_first=True)


def solver_name() -> str:
    """Return the solver's name and version, as reports show it."""
    return f"z3 {z3.get_version_string()}"


class Solver:
    """Decide formulas under hypotheses that are fixed for one statement.

    Args:
        hypotheses: conditions that hold throughout.
        least: the least values that are known of symbols.
        effort: how hard to try.

    Attributes:
        questions: how many questions were asked.
        spent: what the strategies that gave up may have used, in the solver's own count.
        used: what all answers cost, in that count.
    """

    def __init__(
        self, hypotheses: Sequence[Condition], least: Mapping[Symbol, int], effort: Effort = FULL
    ) -> None:
        self.hypotheses = tuple(hypotheses)
        self.least = dict(least)
        self.effort = effort
        self.questions = 0
        self.spent = 0
        self.used = 0
        self.reduction = Reduction(self.least)
        self._context = z3.Context()
        self._translation = Translation(self._context, self.reduction)
        self._known = self.reduction.together(Conjunction(), self.hypotheses)
        self._found: dict[tuple[Formula, ...], _Found] = {}

    @property
    def is_exhausted(self) -> bool:
        """Whether so much was asked that every further answer is unknown."""
        limits = (
            (self.spent, MOST_SPENT),
            (self.used, MOST_USED),
            (self.questions, MOST_QUESTIONS),
        )
        return any(count > most for count, most in limits)

    def ask(self, *formulas: Formula) -> _Found:
        """Tell whether the formulas can hold together; the values are a way in which they do.

        Raises:
            NotSupported: for a formula that has no translation.
        """
        return self.session(*formulas).ask()

    def session(self, *formulas: Formula) -> Session:
        """Reduce formulas once, for several questions that only add conditions."""
        return Session(self, formulas)

    def never(self, *formulas: Formula) -> bool:
        """Tell whether the formulas never hold together; False also where nothing is known."""
        return self.ask(*formulas)[0] is Answer.UNSATISFIABLE

    def together(self, formulas: Iterable[Formula]) -> Conjunction | None:
        """Put formulas together with the hypotheses; None where they contradict."""
        return self._known and self.reduction.together(self._known, formulas)

    def decide(self, conjunction: Conjunction) -> _Found:
        """Tell whether a conjunction can hold, part by part: parts share no symbol."""
        values: dict[Symbol, int] = {}
        answer = Answer.SATISFIABLE
        for part in self.reduction.independent(conjunction.formulas):
            if part not in self._found:
                self._found[part] = self._check(part)
            found, more = self._found[part]
            if found is Answer.UNSATISFIABLE:
                return found, {}
            if found is Answer.UNKNOWN:
                answer = found
            values |= more
        if answer is Answer.UNKNOWN:
            return answer, {}
        for symbol, value in reversed(conjunction.solved):
            for other in self.reduction.symbols(equal(value, 0)):
                _ = values.setdefault(other, 0)
            values[symbol] = int(integer_value(value, values))
        return answer, values

    def _check(self, formulas: Sequence[Formula]) -> _Found:
        """Ask Z3 about formulas with one strategy after the other."""
        uses = Uses()
        assertions = [self._translation.formula(part, uses) for part in formulas]
        assertions += self._translation.sides(uses)
        self.questions += 1
        for strategy in self.effort.strategies:
            if self.is_exhausted:
                break
            solver = self._start(strategy)
            solver.add(*assertions)
            if strategy.lemmas:
                solver.add(*self._translation.lemmas(uses))
            try:
                found = solver.check()
            except z3.Z3Exception:  # out of memory or a defect of the solver: it does not know
                continue
            finally:
                # The solver counts for its context: for all questions so far.
                self.used = max(self.used, _resources(solver))
            if found == z3.unsat:
                return Answer.UNSATISFIABLE, {}
            if found == z3.sat:
                return Answer.SATISFIABLE, self._translation.values(solver.model(), formulas)
            if "interrupt" in solver.reason_unknown():
                # The solver catches the signal; without this Ctrl-C would be lost.
                raise KeyboardInterrupt
            self.spent += strategy.resources
        return Answer.UNKNOWN, {}

    def _start(self, strategy: Strategy) -> Any:
        """Start a strategy afresh, with its seed and its resource limit."""
        make = z3.Solver if strategy.preprocessing else z3.SimpleSolver
        solver = make(ctx=self._context)
        solver.set("rlimit", strategy.resources)
        solver.set("random_seed", strategy.seed)
        # It would take Ctrl-C for itself and give up on one question only.
        solver.set("ctrl_c", False)
        return solver


class Session:
    """Formulas, and questions that add conditions to them."""

    def __init__(self, solver: Solver, formulas: Sequence[Formula]) -> None:
        self._owner = solver
        self._cases: list[Conjunction] = []
        together = solver.together(formulas)
        if together is not None:
            cases = solver.reduction.cases(together)
            self._cases = [together] if cases is None else cases

    def assume(self, *conditions: Condition) -> None:
        """Add conditions to every question that follows."""
        self._cases = self._with(conditions)

    def narrow(self) -> None:
        """Forget the cases that never hold, so that further questions do not look at them."""
        decide = self._owner.decide
        self._cases = [case for case in self._cases if decide(case)[0] is not Answer.UNSATISFIABLE]

    def ask(self, *conditions: Condition) -> _Found:
        """Tell whether the formulas can hold together with more conditions."""
        answer = Answer.UNSATISFIABLE
        for case in self._with(conditions):
            found, values = self._owner.decide(case)
            if found is Answer.SATISFIABLE:
                return found, values
            if found is Answer.UNKNOWN:
                answer = found
        return answer, {}

    def _with(self, conditions: Sequence[Condition]) -> list[Conjunction]:
        if not conditions:
            return self._cases
        together = (self._owner.reduction.together(case, conditions) for case in self._cases)
        return [case for case in together if case is not None]


def _resources(solver: Any) -> int:
    """Return what a solver and those before it in its context have used."""
    statistics = solver.statistics()
    return next((value for name, value in statistics if name == "rlimit count"), 0)


def smt_text(
    hypotheses: Iterable[Condition], formulas: Iterable[Formula], least: Mapping[Symbol, int]
) -> str:
    """Write formulas as SMT-LIB 2 declarations and assertions, without the final question."""
    context = z3.Context()
    translation, uses = Translation(context, Reduction(least)), Uses()
    translated = [translation.formula(part, uses) for part in (*hypotheses, *formulas)]
    solver = z3.SimpleSolver(ctx=context)
    solver.add(*translated, *translation.sides(uses))
    lines = solver.to_smt2().splitlines()
    return "\n".join(
        line for line in lines if not line.startswith((";", "(set-info", "(check-sat"))
    )
