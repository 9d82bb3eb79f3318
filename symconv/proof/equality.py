"""A statement decided for every size: proved, refuted, ill-formed, or undecided.

The theorem. Let a statement have sizes that satisfy the layer's constraints and the
statement's assumptions, and free indices in their ranges. Suppose that

1. such sizes and indices exist;
2. wherever evaluation reads an entry it is inside its array, wherever it uses a bound or a
   position that is an integer, and wherever it divides the divisor is not 0, the latter
   already by the ranges, deltas and brackets around the division;
3. in every term of the normal form of ``left - right`` the monomial determines the bound
   indices, except those that nothing mentions and that run over one interval; and
4. for every list of arrays, the coefficient functions of the terms over these arrays add up
   to 0 at all positions, sizes and free indices.

Then both sides are the same polynomial in the inputs' entries at each of these sizes and
indices. Reason: let every array have an independent variable at every position, inside or
outside its shape. By 2 both sides have the value that they get when nothing is skipped:
products distribute, and a product that evaluation skips has a factor without entries that
is 0. So the difference is the sum of the terms of the normal form. By 3 the coefficient
of a monomial in a term is the weighted bracket that `coefficients` writes down, and two
polynomials in independent variables are equal exactly when all coefficients are; that is 4.

Each of 2, 3 and 4 is a list of obligations, formulas over integers that must be
unsatisfiable. The laws of `reduction`, each an equivalence, make them smaller before Z3 is
asked: an equation gives an index away, a multiple of d from 0 to d - 1 is 0, decided brackets
go, a sum of brackets is split into cases, parts without a common symbol are asked apart. One
that can be satisfied gives sizes at which evaluation replays it. A proof is built here alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from symconv.algebra.evaluation import Evaluator
from symconv.algebra.expressions import Expression, Statement
from symconv.algebra.indices import Condition, Symbol
from symconv.algebra.normal_form import normal_form
from symconv.algebra.scoping import expand_where
from symconv.algebra.size_limits import TOO_LARGE, require_small, require_small_parts
from symconv.errors import IllFormed, InternalError, NotSupported
from symconv.layers.layer import Layer, Sizes
from symconv.proof.coefficients import coefficient_function
from symconv.proof.counterexample import (
    TOTAL_STEPS,
    Failure,
    Steps,
    guard_sizes,
    replay,
    small_sizes,
    smallest_sizes,
)
from symconv.proof.hypotheses import (
    layer_hypotheses,
    least_values,
    require_satisfiable,
    size_scope,
    sound_definitions,
)
from symconv.proof.obligations import Either, Nonzero, Obligation, Weighted
from symconv.proof.questions import Checked, Questions
from symconv.proof.smt import FULL, Answer, Effort, Solver
from symconv.proof.standing_alone import layer_of_its_own
from symconv.proof.well_formedness import Requirement, Walker, between_conditions
from symconv.verdicts import Counterexample, Evidence, Note, Verdict

_SEAL = object()
WORK_A_STATEMENT = 100_000
WORK_AN_OBLIGATION = 20_000
WORK_A_QUESTION = 10_000
WORK_A_STEP = 5
"""What statements, obligations, questions and steps of evaluation cost beside the solver's work,
in its own count: 1,000,000 of it are about a third of a second.
"""


@dataclass(frozen=True, slots=True)
class Proof(Evidence):
    """Why a statement is true for every size; only `prove` builds one.

    Attributes:
        statement: what is proved.
        layer: the name of the layer.
        hypotheses: the constraints on sizes and the assumptions.
        least: the least value of each size.
        witness: sizes that satisfy the hypotheses.
        obligations: formulas that the solver found unsatisfiable together with the
            hypotheses; with the theorem they entail the statement.
    """

    statement: Statement
    layer: str
    hypotheses: tuple[Condition, ...]
    least: Mapping[Symbol, int]
    witness: Sizes
    obligations: tuple[Obligation, ...]
    seal: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise InternalError("a proof is only built by the prover")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the prover found; true as a condition only when the statement was proved.

    Attributes:
        verdict: proved, refuted, ill-formed or undecided.
        detail: a sentence that says why.
        proof: the proof of a proved statement.
        counterexample: where a refuted or ill-formed statement fails.
        code: a stable, specific word, or None when proved.
        notes: what the verdict rests on besides: derivatives that are 0 because nothing is
            read, and the layer where none was given.
        verified_at: sizes at which evaluation found the statement true.
        obligations: the obligations that were looked at.
        assumptions: what was supposed of the sizes, beyond the layer's constraints.
        work: how much was done, counted roughly in the solver's own count.
    """

    verdict: Verdict
    detail: str
    proof: Proof | None = None
    counterexample: Counterexample | None = None
    code: str | None = None
    notes: tuple[Note, ...] = ()
    verified_at: tuple[Sizes, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    assumptions: tuple[Condition, ...] = ()
    work: int = WORK_A_STATEMENT

    def __bool__(self) -> bool:
        return self.verdict.is_true


def prove(
    statement: Statement,
    layer: Layer | None = None,
    *,
    assumptions: tuple[Condition, ...] = (),
    effort: Effort = FULL,
) -> Outcome:
    """Decide a statement for every size at once.

    Args:
        statement: the statement, with the ranges of its free indices.
        layer: the sizes, their constraints, and the definitions. Without one every size
            that the statement mentions is at least 1, and its arrays have entries that stand
            for themselves; a derivative of one by another is then not known, unless all of
            them are arrays of a layer that symconv ships, which is used and noted. What is
            false there, but true of one a word away that nothing tells from it, is undecided.
        assumptions: conditions on sizes besides the statement's own.
        effort: how hard to try; `QUICK` for many candidates.

    Returns:
        The verdict with its proof or its counterexample. A counterexample is the smallest
        one unless it says that it is not.

    Raises:
        InternalError: when the solver and evaluation disagree.
        IllFormed: for a layer whose constraints or derived sizes use a symbol that has no
            value there, such as a derived size that is computed from itself.
    """
    try:
        require_small(statement, {} if layer is None else layer.definition_by_name)
        require_small_parts(assumptions)
        statement = expand_where(statement)
    except NotSupported as error:
        return _refused(error)
    statement = replace(statement, assumptions=(*statement.assumptions, *assumptions))
    notes: tuple[Note, ...] = ()
    others: Iterable[Layer] = ()
    if layer is None:
        layer, notes, others = layer_of_its_own(statement)
    work = WORK_A_STATEMENT
    try:
        run = _Run(statement, layer, effort)
        outcome = run.outcome()
        work += run.work
    except RecursionError:
        # The limits above are counted; this one depends on the caller's own depth.
        outcome = Outcome(Verdict.UNDECIDED, "nested too deeply to decide", code=TOO_LARGE)
    except NotSupported as error:
        # What the hypotheses alone need: they are put into words before anything is tried.
        outcome = _refused(error)
    if outcome.verdict.is_false:
        # Where no layer is named, nothing is false that is true of one that looks the same.
        fast = replace(effort, minimize=False, evaluate_first=True)
        if true_of := [other.name for other in others if prove(statement, other, effort=fast)]:
            fact = f"{outcome.verdict.value} for {layer.name}, proved for {' and '.join(true_of)}"
            advice = "say which is meant: prove(statement, layer)"
            outcome = _refused(NotSupported(fact, code="several-readings", help=advice))
    notes = (*notes, *outcome.notes)
    return replace(outcome, assumptions=statement.assumptions, notes=notes, work=work)


def _refused(error: NotSupported) -> Outcome:
    advice = f"; {error.help}" if error.help else ""
    return Outcome(Verdict.UNDECIDED, f"{error.fact}{advice}", code=error.code)


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """What evaluation found at given sizes: a failure, or that the statement is true there."""

    failure: Failure | None


class _Run:
    """One statement on its way to a verdict."""

    def __init__(self, statement: Statement, layer: Layer, effort: Effort) -> None:
        self.statement = statement
        self.layer = layer
        self.effort = effort
        self.least = least_values(layer)
        self.base = layer_hypotheses(layer)
        self.solver = Solver((*self.base, *statement.assumptions), self.least, effort)
        self.free = tuple(part for item in statement.free for part in between_conditions(item))
        self.questions = Questions(self.solver)
        self.well_formed = False
        self.steps = Steps()
        self.unknown: NotSupported | None = None

    @property
    def work(self) -> int:
        """What was done so far."""
        return (
            self.solver.used
            + WORK_A_QUESTION * self.solver.questions
            + WORK_AN_OBLIGATION * len(self.questions.asked)
            + WORK_A_STEP * (TOTAL_STEPS - self.steps.left)
        )

    @property
    def asked(self) -> tuple[Obligation, ...]:
        """The obligations that were looked at so far."""
        return tuple(self.questions.asked)

    def outcome(self) -> Outcome:
        sides = (self.statement.lhs, self.statement.rhs)
        try:
            self.unknown = self._not_known(sides)
            decided = self._decide()
        except IllFormed as error:
            return self._ill_formed(error)
        except NotSupported as error:
            decided = self._fall_back(error.fact, error.code)
        if decided.verdict not in (Verdict.PROVED, Verdict.REFUTED):
            return decided
        zeros = self.layer.dependence.zeros(*sides)
        return replace(decided, notes=tuple(Note("reading", said) for said in zeros))

    def _not_known(self, sides: tuple[Expression, Expression]) -> NotSupported | None:
        """Return why an array or a derivative is not known, or None where all are."""
        try:
            self.layer.require_one_shape_a_name(*sides)
            self.layer.dependence.require(*sides)
        except NotSupported as error:
            return error
        except ValueError as error:
            raise IllFormed(str(error), code="recursive-definition") from None
        return None

    def _decide(self) -> Outcome:
        requirements = self._requirements()
        if self.effort.evaluate_first and self.unknown is None:
            for sizes in guard_sizes(self.statement, self.layer):
                found = self._evaluated(sizes, minimal=False)
                if found is not None and found.failure is not None:
                    return self._failure(found.failure)
        witness = self._witness()
        checked = self.questions.require(requirements)
        if checked.failing:
            return self._fails(checked.failing, ill_formed=True, open_ones=bool(checked.reasons))
        if self.unknown is not None:
            raise self.unknown
        if checked.reasons:
            return self._open(checked)
        self.well_formed = True
        differences = self._coefficients()
        satisfied: list[Obligation] = []
        unknown: list[Obligation] = []
        for obligation in differences:
            answer = self.questions.ask(obligation)
            if answer is Answer.SATISFIABLE:
                satisfied.append(obligation)
            elif answer is Answer.UNKNOWN:
                unknown.append(obligation)
        if satisfied:
            return self._fails(satisfied, ill_formed=False, open_ones=bool(unknown))
        if unknown:
            return self._fall_back(f"the solver gave up on: {unknown[0].claim}", "solver-limit")
        return self._proved(witness)

    def _requirements(self) -> list[Requirement]:
        scope = size_scope(self.layer)
        sound = sound_definitions(self.layer)
        walker = Walker(self.layer.definition_by_name, sound, self.solver)
        # An assumption must have a value before it may be assumed.
        needed = walker.assumptions(self.statement.assumptions, scope)
        bare = Solver(self.base, self.least, self.effort) if needed else self.solver
        for requirement in needed:
            if not bare.never(*requirement.obligation.formulas):
                raise NotSupported(f"an assumption needs that {requirement.obligation.claim}")
        found = walker.statement(self.statement, scope)
        self.questions.asked += walker.lemmas
        return found

    def _witness(self) -> Sizes:
        """Return sizes at which the statement says something.

        Raises:
            IllFormed: when there are none: the statement states nothing.
        """
        nearby = list(
            islice(small_sizes(self.layer, self.statement.assumptions, most_tried=200), 1)
        )
        # An example shows both at once, without the solver.
        if not (nearby and self._says_something(nearby[0])):
            require_satisfiable(self.solver, (), "no size satisfies the assumptions")
            require_satisfiable(self.solver, self.free, "the free indices never have a value")
        if nearby:
            return nearby[0]
        # Assumptions may put the smallest sizes far away: the solver knows where.
        found = smallest_sizes(self.solver, Either((self.free,)), self.layer).sizes
        if found is None:
            raise NotSupported("no admissible sizes were found", code="solver-limit")
        return found

    def _says_something(self, sizes: Sizes) -> bool:
        """Tell whether the free indices have a value at sizes that satisfy the assumptions."""
        evaluator = Evaluator({}, sizes.by_symbol)
        try:
            return next(evaluator.assignments(self.statement.free), None) is not None
        except IllFormed:
            return False

    def _open(self, checked: Checked) -> Outcome:
        """Say that it is open whether the statement has a meaning, or that it has none.

        Where a guard could not be put into words, the solver knows where to look first.
        """
        if checked.possible:
            violation = Either(tuple(item.formulas for item in checked.possible))
            sizes = smallest_sizes(self.solver, violation, self.layer).sizes
            found = None if sizes is None else self._evaluated(sizes, minimal=False)
            if found is not None and found.failure and found.failure.ill_formed is not None:
                return self._failure(found.failure)
        # A guarded division has a value; only the steps of the theorem do not cover it.
        self.well_formed = all(code == "guarded-division" for _, code in checked.reasons)
        return self._fall_back(*checked.reasons[0])

    def _coefficients(self) -> list[Obligation]:
        """Return, by list of arrays, that all coefficients of left - right are 0."""
        terms = normal_form(
            self.statement.lhs - self.statement.rhs,
            self.layer.definition_by_name,
            least=self.least,
        )
        weighted: dict[tuple[tuple[str, int], ...], list[Weighted]] = {}
        for term in terms:
            function = coefficient_function(term, self.solver, self.free)
            self.questions.asked += function.obligations
            weighted.setdefault(term.arrays, []).extend(function.weighted)
        return [
            Obligation(
                "equal-coefficients",
                f"every monomial in {'*'.join(name for name, _ in arrays) or 'no array'} has the "
                "same coefficient on both sides",
                (*self.free, Nonzero(tuple(parts))),
            )
            for arrays, parts in weighted.items()
        ]

    def _fails(self, failing: list[Obligation], *, ill_formed: bool, open_ones: bool) -> Outcome:
        """Replay the smallest sizes at which an obligation fails."""
        violation = Either(tuple(item.formulas for item in failing))
        found = smallest_sizes(self.solver, violation, self.layer)
        if found.sizes is None:
            return self._fall_back(f"the solver gave up on: {failing[0].claim}", "solver-limit")
        minimal = found.minimal and not open_ones
        evaluated = self._evaluated(found.sizes, minimal=minimal)
        if evaluated is None:
            reason = f"{failing[0].claim}: fails at {found.sizes}, too large to be replayed"
            return self._fall_back(reason, "too-many-steps")
        failure = evaluated.failure
        if failure is None or ill_formed != (failure.ill_formed is not None):
            raise InternalError(
                f"{self.statement.key or self.statement}: the solver says that "
                f"{failing[0].claim} fails at {found.sizes}, evaluation does not"
            )
        return self._failure(failure)

    def _failure(self, failure: Failure) -> Outcome:
        example, error = failure.counterexample, failure.ill_formed
        return Outcome(
            Verdict.REFUTED if error is None else Verdict.ILL_FORMED,
            example.sentence() if error is None else error.fact,
            counterexample=example,
            code="different" if error is None else error.code,
            obligations=self.asked,
        )

    def _ill_formed(self, error: IllFormed) -> Outcome:
        """Report what has no meaning at any size, at the smallest sizes where that shows."""
        # Evaluation cannot tell a size that the layer lacks from an index without a value.
        sizes_tried = 0 if error.code == "unknown-size" else 3
        try:
            for sizes in islice(self._small_sizes(), sizes_tried):
                found = self._evaluated(sizes)
                if found is None:
                    break
                if found.failure is not None and found.failure.ill_formed is not None:
                    return self._failure(found.failure)
        except ValueError:
            # An entry has the wrong axes, or a definition depends on itself.
            pass
        return Outcome(Verdict.ILL_FORMED, error.fact, code=error.code)

    def _fall_back(self, reason: str, code: str) -> Outcome:
        """Look for a counterexample at small sizes; without one nothing is decided.

        A part without meaning at any of them takes precedence over a difference. As long as
        there may be such a part at other sizes, a difference is not called the smallest
        counterexample. Evaluation takes an array of which nothing is known for an input, so a
        difference says nothing where a derivative is not known.
        """
        if self.unknown is not None:
            advice = f"; {self.unknown.help}" if self.unknown.help else ""
            return self._undecided(f"{self.unknown.fact}{advice}", self.unknown.code)
        passed: list[Sizes] = []
        different: Failure | None = None
        for sizes in islice(self._small_sizes(), self.effort.sizes_tried):
            found = self._evaluated(sizes)
            if found is None:
                # The sizes that follow are larger still.
                break
            if found.failure is None:
                passed.append(sizes)
            elif found.failure.ill_formed is not None:
                return self._failure(found.failure)
            elif different is None:
                different = found.failure
        if different is not None:
            if self.well_formed:
                return self._failure(different)
            example = replace(different.counterexample, minimal=False)
            refuted = self._failure(Failure(example))
            open_part = f"whether it has a meaning at all sizes is open: {reason}"
            return replace(refuted, detail=f"{refuted.detail}; {open_part}")
        return self._undecided(reason, code, tuple(passed))

    def _undecided(self, reason: str, code: str, passed: tuple[Sizes, ...] = ()) -> Outcome:
        asked = self.asked
        return Outcome(Verdict.UNDECIDED, reason, code=code, verified_at=passed, obligations=asked)

    def _proved(self, witness: Sizes) -> Outcome:
        checked: list[Sizes] = []
        for sizes in dict.fromkeys([witness, *guard_sizes(self.statement, self.layer)]):
            found = self._evaluated(sizes)
            if found is None:
                # The guard is a second look, not a part of the proof.
                continue
            if found.failure is not None:
                raise InternalError(
                    f"{self.statement.key or self.statement} was proved, but fails at {sizes}: "
                    f"{found.failure.counterexample.sentence()}"
                )
            checked.append(sizes)
        proof = Proof(
            self.statement,
            self.layer.name,
            self.solver.hypotheses,
            self.least,
            witness,
            self.asked,
            _SEAL,
        )
        return Outcome(
            Verdict.PROVED,
            f"proved for every size by {len(self.questions.asked)} obligations",
            proof=proof,
            verified_at=tuple(checked),
            obligations=self.asked,
        )

    def _evaluated(self, sizes: Sizes, *, minimal: bool = True) -> _Evaluated | None:
        """Replay the statement at sizes; None where that takes too many steps."""
        try:
            found = replay(self.statement, self.layer, sizes, minimal=minimal, steps=self.steps)
            return _Evaluated(found)
        except NotSupported:
            return None

    def _small_sizes(self) -> Iterator[Sizes]:
        return small_sizes(self.layer, self.statement.assumptions)
