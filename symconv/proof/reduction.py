"""Conjunctions made smaller before the solver is asked, by laws that keep what they mean.

Five laws, each an equivalence:

- an equation ``0 = e`` with an index or a coordinate of coefficient 1 or -1 gives it away: it
  is replaced by its value everywhere, and stands nowhere else;
- a multiple of d from 0 to d - 1 is 0, which makes a floor of what d divides an equation;
- a bracket that is known to hold is left out of its product, one that is known not to hold
  takes its term along, and terms under the same brackets are added up;
- that a sum of weighted brackets is not 0 is decided by cases: a bracket holds or it does not;
- formulas that share no symbol can hold together exactly when each of them can hold.

So questions about two axes of a layer become two questions, and whether two coefficients are
the same becomes one small question for every condition in which their guards differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from symconv.algebra.conditions import FALSE, canonical_condition
from symconv.algebra.indices import (
    TRUE,
    And,
    Comparison,
    Condition,
    Constant,
    Divides,
    Index,
    IntegerExpression,
    Not,
    Or,
    Plus,
    Quotient,
    Size,
    Symbol,
    equal,
)
from symconv.algebra.ratios import (
    ONE,
    Least,
    Opaque,
    Terms,
    canonical,
    is_positive,
    is_whole,
    linear_part,
    ratio,
    terms_expression,
)
from symconv.algebra.scoping import substitute
from symconv.algebra.tree import divisors
from symconv.errors import NotSupported
from symconv.proof.obligations import Either, Formula, Nonzero, Weighted, formula_symbols

MOST_SPLITTING = 5_000
"""Limit: conditions looked at while a question is split into cases, about a second; one that
needs more is asked as a whole. A layer of three axes with groups needs 200.
"""

SymbolValue: TypeAlias = tuple[Symbol, IntegerExpression]


@dataclass(frozen=True, slots=True)
class Conjunction:
    """Formulas that hold together, and what symbols that were solved for are.

    Attributes:
        facts: canonical conditions, in the order in which they came.
        others: sums of brackets that are not 0, and choices.
        solved: by symbol its value, in the order in which they were solved for.
    """

    facts: tuple[Condition, ...] = ()
    others: tuple[Nonzero | Either, ...] = ()
    solved: tuple[SymbolValue, ...] = ()

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """All formulas."""
        return (*self.facts, *self.others)


class _Contradiction(Exception):
    """What was put together never holds."""


class Reduction:
    """The laws, for symbols whose least values are known; what was found is kept.

    Args:
        least: the least values that are known of symbols.
    """

    def __init__(self, least: Least) -> None:
        self.least = least
        self._canonical: dict[Condition, Condition] = {}
        self._solution: dict[Condition, SymbolValue | None] = {}
        self._symbols: dict[Formula, frozenset[Symbol]] = {}
        self._digits: dict[tuple[Divides, Condition], tuple[Condition, Condition] | None] = {}

    def canonical(self, condition: Condition) -> Condition:
        """Write a condition in its canonical form."""
        if condition not in self._canonical:
            self._canonical[condition] = canonical_condition(condition, self.least)
        return self._canonical[condition]

    def negation(self, condition: Condition) -> Condition:
        """Write that a condition does not hold in its canonical form."""
        return self.canonical(Not(condition))

    def symbols(self, formula: Formula) -> frozenset[Symbol]:
        """Return the symbols of a formula."""
        if formula not in self._symbols:
            self._symbols[formula] = frozenset(formula_symbols(formula))
        return self._symbols[formula]

    def together(self, known: Conjunction, formulas: Iterable[Formula]) -> Conjunction | None:
        """Add formulas to a conjunction; None where they contradict each other or what is known."""
        state = _State(self, known)
        try:
            for formula in formulas:
                state.add(formula, solved=known.solved)
            state.settle()
        except _Contradiction:
            return None
        return state.conjunction()

    def cases(self, known: Conjunction) -> list[Conjunction] | None:
        """Split a conjunction into conjunctions of conditions, of which one holds if it holds.

        None where that takes more than `MOST_SPLITTING`.
        """
        found: list[Conjunction] = []
        pending: list[Conjunction] = [known]
        looked_at = 0
        while pending:
            state = pending.pop()
            if not state.others:
                found.append(state)
                continue
            looked_at += sum(_size(other) for other in state.others)
            if looked_at > MOST_SPLITTING:
                return None
            pending += reversed(self._split(state))
        return found

    def _split(self, state: Conjunction) -> list[Conjunction]:
        first, *rest = state.others
        left = Conjunction(state.facts, tuple(rest), state.solved)
        if isinstance(first, Either):
            parts = [self.together(left, parts) for parts in first.alternatives]
        else:
            literal = _literal(first)
            parts = [self.together(state, (part,)) for part in (Not(literal), literal)]
        return [part for part in parts if part is not None]

    def independent(self, formulas: Sequence[Formula]) -> list[tuple[Formula, ...]]:
        """Split formulas into groups that share no symbol, that of the last formula first."""
        leader = list(range(len(formulas)))

        def leading(place: int) -> int:
            while leader[place] != place:
                leader[place] = place = leader[leader[place]]
            return place

        place_by_symbol: dict[Symbol, int] = {}
        for place, formula in enumerate(formulas):
            for symbol in self.symbols(formula):
                # The first formula leads, so that no order of symbols has an effect.
                one, other = leading(place_by_symbol.setdefault(symbol, place)), leading(place)
                leader[max(one, other)] = min(one, other)
        groups: dict[int, list[Formula]] = {}
        for place, formula in reversed(list(enumerate(formulas))):
            groups.setdefault(leading(place), []).insert(0, formula)
        return [tuple(group) for group in groups.values()]

    def digit(self, multiple: Divides, fact: Condition) -> tuple[Condition, Condition] | None:
        """Return when the a of a fact ``0 <= a`` is 0, as the divisor divides it, and that it is.

        None where the divisor, or that it divides a, is not known.
        """
        if (multiple, fact) not in self._digits:
            self._digits[multiple, fact] = self._digit(multiple, fact)
        return self._digits[multiple, fact]

    def _digit(self, multiple: Divides, fact: Condition) -> tuple[Condition, Condition] | None:
        match fact:
            case Comparison(relation="<=", right=right) if not isinstance(right, Quotient):
                by, value = multiple.divisor, multiple.value
            case _:
                return None
        if not self.symbols(multiple) & self.symbols(fact) or not is_whole(ratio(right).numerator):
            return None
        if not is_positive(ratio(by).numerator, self.least):
            return None
        if TRUE not in (self.canonical(Divides(by, right + sign * value)) for sign in (1, -1)):
            return None
        return self.canonical(right <= by - 1), self.canonical(equal(right, 0))

    def solution(self, fact: Condition) -> SymbolValue | None:
        """Solve an equation for an index or a coordinate, or return None."""
        if fact not in self._solution:
            self._solution[fact] = self._solve(fact)
        return self._solution[fact]

    def _solve(self, fact: Condition) -> SymbolValue | None:
        match fact:
            case Comparison(relation="==", right=right) if not isinstance(right, Quotient):
                terms = ratio(right).numerator
            case _:
                return None
        if not is_whole(terms) or not self._divides_by_positive(terms):
            return None
        candidates = [
            powers[0][0]
            for powers, value in terms.items()
            if abs(value) == 1 and len(powers) == 1 and powers[0][1] == 1
        ]
        for symbol in sorted(candidates, key=_preference):
            parts = None if isinstance(symbol, Opaque) else linear_part(terms, symbol)
            if parts is None:
                continue
            coefficient, rest = parts
            if isinstance(symbol, Size) and len(rest) > 1:
                # A sum in place of a size makes products longer, and nothing easier.
                continue
            sign = -1 if coefficient == ONE else 1
            if coefficient in (ONE, {(): -1}):
                value = terms_expression({powers: sign * number for powers, number in rest.items()})
                return symbol, value
        return None

    def _divides_by_positive(self, terms: Terms) -> bool:
        """Tell whether a polynomial surely has a value: no divisor in it can be 0."""
        return all(
            is_positive(ratio(divisor).numerator, self.least)
            for divisor in divisors(terms_expression(terms))
        )


class _State:
    """A conjunction while it is being put together."""

    def __init__(self, laws: Reduction, known: Conjunction) -> None:
        self._laws = laws
        self._facts: dict[Condition, None] = dict.fromkeys(known.facts)
        self._others: list[Nonzero | Either] = list(known.others)
        self._solved: list[SymbolValue] = list(known.solved)
        self._equations: list[Condition] = []

    def conjunction(self) -> Conjunction:
        return Conjunction(tuple(self._facts), tuple(self._others), tuple(self._solved))

    def add(self, formula: Formula, solved: Iterable[SymbolValue] = ()) -> None:
        for one in solved:
            formula = _replaced(formula, one) if one[0] in self._laws.symbols(formula) else formula
        match formula:
            case Condition():
                self._learn(self._laws.canonical(formula))
            case Either(alternatives=(only,)):
                for part in only:
                    self.add(part)
            case Either() | Nonzero():
                self._others.append(formula)
            case _:
                raise TypeError(f"not a formula: {formula!r}")

    def settle(self) -> None:
        """Apply the laws until nothing changes."""
        while self._solve_one() or self._find_digits() or self._simplify_sums():
            pass

    def _learn(self, condition: Condition) -> None:
        if isinstance(condition, And):
            for part in condition.conditions:
                self._learn(part)
            return
        if condition == FALSE or self._is_known(self._laws.negation(condition), {}):
            raise _Contradiction
        if condition not in self._facts:
            self._facts[condition] = None
            if isinstance(condition, Comparison) and condition.relation == "==":
                self._equations.append(condition)

    def _solve_one(self) -> bool:
        """Solve one equation that was learned; tell whether there was one."""
        while self._equations:
            equation = self._equations.pop(0)
            solved = self._laws.solution(equation) if equation in self._facts else None
            if solved is not None and self._put_in(equation, solved):
                return True
        return False

    def _put_in(self, equation: Condition, solved: SymbolValue) -> bool:
        """Put the value of a symbol in its place; False where something then has no value."""
        facts, others = self._facts, self._others
        symbols = self._laws.symbols
        self._facts = {fact: None for fact in facts if solved[0] not in symbols(fact)}
        self._others = []
        try:
            for formula in (*facts, *others):
                if formula not in self._facts and formula != equation:
                    self.add(formula, [solved])
        except NotSupported:
            # Something then divides by 0, or is too large to be multiplied out.
            self._facts, self._others = facts, others
            return False
        self._solved.append(solved)
        return True

    def _find_digits(self) -> bool:
        """Learn that multiples of a divisor below it are 0; tell whether there were any."""
        count = len(self._facts)
        multiples = [fact for fact in self._facts if isinstance(fact, Divides)]
        for fact in tuple(self._facts) if multiples else ():
            for multiple in multiples:
                digit = self._laws.digit(multiple, fact)
                if digit is not None and digit[0] in self._facts:
                    self._learn(digit[1])
        return len(self._facts) > count

    def _simplify_sums(self) -> bool:
        """Simplify sums of brackets by what is known; tell whether facts were learned."""
        count = len(self._facts)
        others, self._others = self._others, []
        for other in others:
            if isinstance(other, Nonzero):
                self._simplify(other)
            else:
                self._others.append(other)
        return len(self._facts) > count

    def _simplify(self, formula: Nonzero) -> None:
        """Add up terms under the same brackets, and learn what all that are left need."""
        same_guard: dict[frozenset[Condition], list[Weighted]] = {}
        for term in formula.terms:
            guard = self._open_part(term.conditions)
            if guard is not None:
                same = same_guard.setdefault(frozenset(guard), [])
                same.append(Weighted(term.coefficient, guard))
        terms: list[Weighted] = []
        for same in same_guard.values():
            total = canonical(Plus(tuple(term.coefficient for term in same)))
            if total != Constant(0):
                terms.append(Weighted(total, same[0].conditions))
        if not terms:
            raise _Contradiction
        counts = Counter(part for term in terms for part in term.conditions)
        common = [part for part in terms[0].conditions if counts[part] == len(terms)]
        for part in common:
            self._learn(part)
        if len(terms) > 1:
            shared = set(common)
            self._others.append(
                Nonzero(
                    tuple(
                        Weighted(
                            term.coefficient,
                            tuple(part for part in term.conditions if part not in shared),
                        )
                        for term in terms
                    )
                )
            )
            return
        numerator = ratio(terms[0].coefficient).numerator
        if not is_positive(numerator, self._laws.least):
            self._learn(
                self._laws.canonical(Comparison(terms_expression(numerator), "!=", Constant(0)))
            )

    def _open_part(self, conditions: Iterable[Condition]) -> tuple[Condition, ...] | None:
        """Return the conditions that are not known to hold; None where one is known not to."""
        left: dict[Condition, None] = {}
        for condition in conditions:
            for part in _parts(self._laws.canonical(condition)):
                for item in _parts(self._open_choice(part, left)):
                    if self._is_known(self._laws.negation(item), left):
                        return None
                    if item not in self._facts:
                        left[item] = None
        return tuple(left)

    def _open_choice(self, condition: Condition, left: Mapping[Condition, None]) -> Condition:
        """Leave out of a disjunction what is known not to hold."""
        if not isinstance(condition, Or):
            return condition
        if any(self._is_known(part, left) for part in condition.conditions):
            return TRUE
        negation = self._laws.negation
        parts = [part for part in condition.conditions if not self._is_known(negation(part), left)]
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _is_known(self, condition: Condition, left: Mapping[Condition, None]) -> bool:
        return all(part in self._facts or part in left for part in _parts(condition))


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return condition.conditions if isinstance(condition, And) else (condition,)


def _size(formula: Formula) -> int:
    """Count the comparisons in a formula, those in its brackets included, and at least one."""
    match formula:
        case And(conditions=parts) | Or(conditions=parts):
            inside: Iterable[Formula] = parts
        case Nonzero(terms=terms):
            inside = (part for term in terms for part in term.conditions)
        case Either(alternatives=alternatives):
            inside = (part for parts in alternatives for part in parts)
        case _:
            inside = ()
    return max(1, sum(map(_size, inside)))


def _literal(formula: Nonzero) -> Condition:
    """Choose the condition to decide next: the one in the most terms."""
    counts = Counter(part for term in formula.terms for part in term.conditions)
    most = max(counts.values())
    return next(part for part, count in counts.items() if count == most)


def _preference(symbol: Symbol) -> tuple[bool, bool, str]:
    return (isinstance(symbol, Size), not isinstance(symbol, Index), symbol.name)


def _replaced(formula: Formula, solved: SymbolValue) -> Formula:
    """Put the value of a symbol into a formula."""
    values = dict((solved,))
    match formula:
        case Condition():
            return substitute(formula, values)
        case Nonzero(terms=terms):
            return Nonzero(
                tuple(
                    Weighted(
                        substitute(term.coefficient, values),
                        tuple(substitute(part, values) for part in term.conditions),
                    )
                    for term in terms
                )
            )
        case Either(alternatives=alternatives):
            return Either(
                tuple(tuple(_replaced(part, solved) for part in parts) for parts in alternatives)
            )
    raise TypeError(f"not a formula: {formula!r}")
