"""The solver: formulas over integers translated for Z3, the only place that imports it.

A verdict must not depend on the machine: the solver runs on one thread with fixed seeds,
bounded by its own resource counter and never by seconds, in a context of its own for every
statement, so that nothing asked before has an effect. Several strategies are tried in a
fixed order; when all give up the answer is unknown, and unknown is neither yes nor no.

Division by a symbol is not left to the solver: ``floor(a/d)`` becomes a new integer q with
``d*q <= a < d*(q+1)``. The side conditions have a solution for every value of everything
else, so they never take a possibility away; by a divisor that may be 0 they say nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, TypeAlias

import z3

from symconv.algebra.conditions import FALSE, canonical_condition, conjunction
from symconv.algebra.indices import (
    And,
    Comparison,
    Condition,
    Constant,
    Divides,
    FloorDivision,
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Or,
    Plus,
    Quotient,
    Relation,
    Symbol,
    Times,
)
from symconv.algebra.ratios import ONE, Terms, is_positive, multiply_terms, ratio, terms_expression
from symconv.algebra.size_limits import too_large
from symconv.errors import InternalError, NotSupported
from symconv.proof.obligations import Either, Formula, Nonzero, Weighted

Integer: TypeAlias = Any
"""A term of the solver; its own types are not precise enough to be of use here."""


class Answer(enum.Enum):
    """What the solver found."""

    UNSATISFIABLE = "unsat"
    SATISFIABLE = "sat"
    UNKNOWN = "unknown"


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

MOST_BITS = 10_000
"""Limit: numbers of more bits, about 3,000 digits, are not asked about."""
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
        self.context = z3.Context()
        self.translation = _Translation(self.context, self.least)
        known = conjunction(self.translation.canonical(part) for part in hypotheses)
        self._known = set(known.conditions) if isinstance(known, And) else {known}

    @property
    def is_exhausted(self) -> bool:
        """Whether so much was asked that every further answer is unknown."""
        limits = (
            (self.spent, MOST_SPENT),
            (self.used, MOST_USED),
            (self.questions, MOST_QUESTIONS),
        )
        return any(count > most for count, most in limits)

    def ask(self, *formulas: Formula) -> tuple[Answer, dict[Symbol, int]]:
        """Tell whether the formulas can hold together; the values are a way in which they do.

        Raises:
            NotSupported: for a formula that has no translation.
        """
        return self.session(*formulas).ask()

    def session(self, *formulas: Formula) -> Session:
        """Translate formulas once, for several questions that only add conditions."""
        return Session(self, formulas)

    def never(self, *formulas: Formula) -> bool:
        """Tell whether the formulas never hold together; False also where nothing is known."""
        if self.clearly_never(formulas):
            return True
        return self.ask(*formulas)[0] is Answer.UNSATISFIABLE

    def clearly_never(self, formulas: Sequence[Formula]) -> bool:
        """Tell without the solver whether formulas contradict: one is the other's negation."""
        canonical = self.translation.canonical
        found = conjunction(canonical(part) for part in formulas if isinstance(part, Condition))
        if found == FALSE:
            return True
        asked = found.conditions if isinstance(found, And) else (found,)
        known = self._known | set(asked)
        return any(canonical(Not(part)) in known for part in asked)

    def start(self, strategy: Strategy) -> Any:
        """Start a strategy afresh, with its seed and its resource limit."""
        make = z3.Solver if strategy.preprocessing else z3.SimpleSolver
        solver = make(ctx=self.context)
        solver.set("rlimit", strategy.resources)
        solver.set("random_seed", strategy.seed)
        # It would take Ctrl-C for itself and give up on one question only.
        solver.set("ctrl_c", False)
        return solver


class Session:
    """Formulas, and questions that add conditions to them."""

    def __init__(self, solver: Solver, formulas: Sequence[Formula]) -> None:
        self._owner = solver
        self._translation = solver.translation
        self._uses = _Uses()
        self._assertions = [
            self._translation.formula(part, self._uses) for part in (*solver.hypotheses, *formulas)
        ]

    def ask(self, *conditions: Condition) -> tuple[Answer, dict[Symbol, int]]:
        """Tell whether the formulas can hold together with more conditions."""
        uses = self._uses.copy()
        added = [self._translation.formula(part, uses) for part in conditions]
        assertions = [*self._assertions, *added, *self._translation.sides(uses)]
        self._owner.questions += 1
        for strategy in self._owner.effort.strategies:
            if self._owner.is_exhausted:
                break
            solver = self._owner.start(strategy)
            solver.add(*assertions)
            if strategy.lemmas:
                solver.add(*self._translation.lemmas(uses))
            try:
                found = solver.check()
            except z3.Z3Exception:  # out of memory or a defect of the solver: it does not know
                continue
            finally:
                # The solver counts for its context: for all questions so far.
                self._owner.used = max(self._owner.used, _resources(solver))
            if found == z3.unsat:
                return Answer.UNSATISFIABLE, {}
            if found == z3.sat:
                return Answer.SATISFIABLE, self._translation.values(solver.model())
            if "interrupt" in solver.reason_unknown():
                # The solver catches the signal; without this Ctrl-C would be lost.
                raise KeyboardInterrupt
            self._owner.spent += strategy.resources
        return Answer.UNKNOWN, {}


def _resources(solver: Any) -> int:
    """Return what a solver and those before it in its context have used."""
    statistics = solver.statistics()
    return next((value for name, value in statistics if name == "rlimit count"), 0)


def smt_text(
    hypotheses: Iterable[Condition], formulas: Iterable[Formula], least: Mapping[Symbol, int]
) -> str:
    """Write formulas as SMT-LIB 2 declarations and assertions, without the final question."""
    context = z3.Context()
    translation, uses = _Translation(context, least), _Uses()
    translated = [translation.formula(part, uses) for part in (*hypotheses, *formulas)]
    solver = z3.SimpleSolver(ctx=context)
    solver.add(*translated, *translation.sides(uses))
    lines = solver.to_smt2().splitlines()
    return "\n".join(
        line for line in lines if not line.startswith((";", "(set-info", "(check-sat"))
    )


@dataclass(slots=True)
class _Uses:
    """What the translation of a formula rests on, in the order in which it came up.

    Attributes:
        floors: the divisions, whose quotients need their side conditions.
        multiples: what is multiplied by a positive size, which lemmas are about.
    """

    floors: dict[FloorDivision, None] = field(default_factory=dict)
    multiples: dict[tuple[Symbol, IntegerExpression], None] = field(default_factory=dict)

    def copy(self) -> _Uses:
        return _Uses(dict(self.floors), dict(self.multiples))

    def add(self, other: _Uses) -> None:
        self.floors |= other.floors
        self.multiples |= other.multiples


class _Translation:
    """Terms of the solver for the symbols of one statement; what was translated is kept."""

    def __init__(self, context: z3.Context, least: Mapping[Symbol, int]) -> None:
        self._context = context
        self._least = least
        self._constants: dict[Symbol, Integer] = {}
        self._names: set[str] = set()
        self._quotients: dict[FloorDivision, Integer] = {}
        self._sides: dict[FloorDivision, list[Any]] = {}
        self._free_truths = 0
        self._canonical: dict[Condition, Condition] = {}
        self._conditions: dict[Condition, tuple[Any, _Uses]] = {}
        self._uses = _Uses()

    def formula(self, formula: Formula, uses: _Uses) -> Any:
        """Translate a formula, and add what its meaning rests on."""
        self._uses = uses
        return self._formula(formula)

    def canonical(self, condition: Condition) -> Condition:
        """Write a condition in its canonical form."""
        if condition not in self._canonical:
            self._canonical[condition] = canonical_condition(condition, self._least)
        return self._canonical[condition]

    def sides(self, uses: _Uses) -> list[Any]:
        """Return the side conditions of quotients."""
        return [side for node in uses.floors for side in self._sides[node]]

    def lemmas(self, uses: _Uses) -> list[Any]:
        """Return that products by a positive size keep the order of what is multiplied.

        For integers a < b and d >= 1, d*a + d <= d*b. The solver knows this, but does not
        always think of it; a lemma takes no possibility away.
        """
        multiples: dict[Symbol, list[Integer]] = {}
        for size, other in uses.multiples:
            multiples.setdefault(size, [z3.IntVal(1, self._context)]).append(self._integer(other))
        found: list[Any] = []
        for size, others in multiples.items():
            by = self._constant(size)
            for a, b in combinations(others, 2):
                found += [
                    z3.Implies(a < b, by * a + by <= by * b),
                    z3.Implies(b < a, by * b + by <= by * a),
                    z3.Implies(a == b, by * a == by * b),
                ]
        return found

    def _formula(self, formula: Formula) -> Any:
        match formula:
            case Condition():
                return self._kept(self.canonical(formula))
            case Nonzero(terms=terms):
                return differs(self._weighted(terms))
            case Either(alternatives=alternatives):
                return self._any(
                    self._all(self._formula(part) for part in parts) for parts in alternatives
                )
        raise TypeError(f"not a formula: {formula!r}")

    def _kept(self, condition: Condition) -> Any:
        """Translate a canonical condition once, and remember what it rests on."""
        if condition not in self._conditions:
            outer, self._uses = self._uses, _Uses()
            translated = self._condition(condition)
            self._conditions[condition] = (translated, self._uses)
            self._uses = outer
        translated, uses = self._conditions[condition]
        self._uses.add(uses)
        return translated

    def values(self, model: Any) -> dict[Symbol, int]:
        """Read the value of every symbol from a model."""
        found: dict[Symbol, int] = {}
        for symbol, constant in self._constants.items():
            value = model.eval(constant, model_completion=True)
            if not z3.is_int_value(value):
                raise InternalError(f"the solver gave {symbol} the value {value}")
            try:
                found[symbol] = value.as_long()
            except ValueError:  # Python reads no number of more than 4,300 digits
                raise too_large(f"{symbol} has more than {MOST_BITS:,} bits") from None
        return found

    def _condition(self, condition: Condition) -> Any:
        match condition:
            case Comparison(left=Constant(value=0), relation=relation, right=right):
                return self._comparison(relation, right)
            case Divides(divisor=divisor, value=value):
                return self._integer(divisor) * self._floor(value, divisor) == self._integer(value)
            case And(conditions=parts):
                return self._all(self._condition(part) for part in parts)
            case Or(conditions=parts):
                return self._any(self._condition(part) for part in parts)
            case Not(condition=part):
                return z3.Not(self._condition(part))
        raise TypeError(f"not a canonical condition: {condition!r}")

    def _comparison(self, relation: Relation, right: IntegerExpression) -> Any:
        if not isinstance(right, Quotient):
            return _related(relation, self._integer(right))
        # The sign of the divisor is not known; by 0 the comparison may be either.
        dividend, divisor = self._integer(right.dividend), self._integer(right.divisor)
        self._free_truths += 1
        either = z3.Bool(self._name(f"undefined.{self._free_truths}"), self._context)
        return z3.Or(
            z3.And(divisor > 0, _related(relation, dividend)),
            z3.And(divisor < 0, _related(relation, -dividend)),
            z3.And(divisor == 0, either),
        )

    def _integer(self, expression: IntegerExpression) -> Integer:
        match expression:
            case Constant(value=value):
                if value.bit_length() > MOST_BITS:
                    raise too_large(f"a number has more than {MOST_BITS:,} bits")
                return z3.IntVal(value, self._context)
            case Symbol():
                return self._constant(expression)
            case Plus(terms=parts):
                return z3.Sum([self._integer(part) for part in parts])
            case Times(factors=parts):
                return self._product(parts)
            case FloorDivision(dividend=dividend, divisor=divisor):
                return self._floor(dividend, divisor)
            case Minimum(arguments=parts):
                return self._extreme(parts, least=True)
            case Maximum(arguments=parts):
                return self._extreme(parts, least=False)
            case Quotient():
                raise NotSupported(f"{expression} inside a minimum or a maximum is not an integer")
        raise TypeError(f"not a canonical integer expression: {expression!r}")

    def _product(self, parts: tuple[IntegerExpression, ...]) -> Integer:
        factors = [self._integer(part) for part in parts]
        symbols = [part for part in parts if not isinstance(part, Constant)]
        if len(symbols) == 2:
            for by, other in (symbols, symbols[::-1]):
                if isinstance(by, Symbol) and self._least.get(by, 0) > 0:
                    self._uses.multiples[by, other] = None
        return z3.Product(factors)

    def _extreme(self, parts: tuple[IntegerExpression, ...], *, least: bool) -> Integer:
        first, *rest = (self._integer(part) for part in parts)
        for other in rest:
            first = z3.If(first <= other if least else first >= other, first, other)
        return first

    def _floor(self, dividend: IntegerExpression, divisor: IntegerExpression) -> Integer:
        node = FloorDivision(dividend, divisor)
        value, by = self._integer(dividend), self._integer(divisor)
        positive = is_positive(ratio(divisor).numerator, self._least)
        if node not in self._quotients:
            name = self._name(f"quotient.{len(self._quotients) + 1}")
            quotient = self._quotients[node] = z3.Int(name, self._context)
            product = by * quotient
            above = z3.And(product <= value, value < product + by)
            below = z3.And(product >= value, value > product + by)
            either = [z3.Implies(by > 0, above), z3.Implies(by < 0, below)]
            self._sides[node] = [above] if positive else either
        self._uses.floors[node] = None
        if positive and isinstance(divisor, Symbol):
            self._uses.multiples[divisor, node] = None
        return self._quotients[node]

    def _weighted(self, terms: tuple[Weighted, ...]) -> Integer:
        ratios = [ratio(term.coefficient) for term in terms]
        common: Terms = ONE
        seen: list[Terms] = []
        for part in ratios:
            by = part.denominator
            if by != ONE and by not in seen:
                if not is_positive(by, self._least):
                    raise NotSupported(f"the coefficient divides by {terms_expression(by)}")
                seen.append(by)
                common = multiply_terms(common, by)
        total: Integer = z3.IntVal(0, self._context)
        for term, part in zip(terms, ratios, strict=True):
            # Scaling every coefficient by one positive number changes no zero.
            scale = ONE
            for by in seen:
                if by != part.denominator:
                    scale = multiply_terms(scale, by)
            value = self._integer(terms_expression(multiply_terms(part.numerator, scale)))
            guard = self._all(self._formula(item) for item in term.conditions)
            total = total + z3.If(guard, value, z3.IntVal(0, self._context))
        return total

    def _constant(self, symbol: Symbol) -> Integer:
        if symbol not in self._constants:
            self._constants[symbol] = z3.Int(self._name(symbol.name), self._context)
        return self._constants[symbol]

    def _name(self, wanted: str) -> str:
        """Keep names apart that belong to different kinds of symbols; n' is written n!."""
        name = "".join(c if c.isascii() and (c.isalnum() or c in "_.") else "!" for c in wanted)
        while name in self._names:
            name += "!"
        self._names.add(name)
        return name

    def _all(self, parts: Iterable[Any]) -> Any:
        return z3.And([*parts, z3.BoolVal(True, self._context)])

    def _any(self, parts: Iterable[Any]) -> Any:
        return z3.Or([*parts, z3.BoolVal(False, self._context)])


def differs(value: Integer) -> Any:
    """Build that a difference of two coefficients is not 0, in either direction."""
    return value != 0


def _related(relation: Relation, value: Integer) -> Any:
    """Build ``0 relation value``."""
    match relation:
        case "<=":
            return value >= 0
        case "<":
            return value > 0
        case "==":
            return value == 0
        case "!=":
            return value != 0
    raise TypeError(f"not a canonical relation: {relation}")
