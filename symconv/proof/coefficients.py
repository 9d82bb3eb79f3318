"""Normal forms as coefficient functions: how often a term contains a given monomial.

A term ``sum over t in D of c(t) * e_1(t) * ... * e_m(t)`` has, at the monomial whose entries
stand at the positions a, the coefficient ``sum of c(t) over t in D with e(t) = a``. Where t
is determined by a, as t*(a), this is ``c(t*(a)) * [t*(a) in D and e(t*(a)) = a]``: a weighted
bracket without sums or quantifiers. That t is determined is an obligation of its own, so
how t* was found does not matter. An index that nothing mentions, over one interval, counts
``max(0, upper - lower + 1)`` times.

A monomial is a multiset: where an array occurs more than once, its entries may be met in
any order, and every distinct order counts once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from math import factorial, prod

from symconv.algebra.conditions import FALSE, canonical_condition, conjunction
from symconv.algebra.indices import (
    TRUE,
    And,
    Comparison,
    Condition,
    Constant,
    Divides,
    IntegerExpression,
    Maximum,
    Not,
    Range,
    Symbol,
    Times,
    equal,
)
from symconv.algebra.normal_form import Term
from symconv.algebra.ratios import (
    ONE,
    Least,
    Terms,
    canonical,
    is_positive,
    is_whole,
    ratio,
    terms_expression,
)
from symconv.algebra.scoping import substitute
from symconv.algebra.size_limits import too_large
from symconv.algebra.text import number_text
from symconv.algebra.tree import symbols
from symconv.errors import NotSupported
from symconv.proof.obligations import (
    Formula,
    Nonzero,
    Obligation,
    Weighted,
    formula_symbols,
)
from symconv.proof.smt import Solver
from symconv.proof.solving import Solution, positions, range_conditions, solve

MOST_ELIMINATION = 300_000
"""Limit: positions times squared bound indices, which is what solving for the indices costs."""
MOST_ORDERINGS = 24
"""Limit: an array four times in one product is 24 orderings; more are refused."""


@dataclass(frozen=True, slots=True)
class CoefficientFunction:
    """The coefficient that a term gives to a monomial, with what makes it right.

    Attributes:
        weighted: weighted brackets in sizes, free indices and positions; they add up.
        obligations: that every bound index is what the brackets take it to be, and that the
            coefficient divides by no 0; discharged.
    """

    weighted: tuple[Weighted, ...]
    obligations: tuple[Obligation, ...]


def coefficient_function(
    term: Term, solver: Solver, known: tuple[Formula, ...] = ()
) -> CoefficientFunction:
    """Build the coefficient function of a term.

    Args:
        term: the term.
        solver: knows the hypotheses.
        known: what holds wherever the term is used, such as the ranges of free indices.

    Raises:
        NotSupported: when it was not shown that the map from bound indices to monomials is
            one-to-one, or that the coefficient divides by no 0, or an array occurs too often.
    """
    coordinates = sum(len(entry.indices) for entry in term.entries)
    if coordinates * len(term.ranges) ** 2 > MOST_ELIMINATION:
        raise too_large(f"a term sums over {len(term.ranges)} indices in {coordinates} positions")

    def entails(hypotheses: Sequence[Condition], goal: Condition) -> bool:
        return is_determined(solver, (*hypotheses, Not(goal)))

    solution = solve(term, solver.least, entails)
    image = image_conditions(term, solution, solver.least)
    coefficient: IntegerExpression = solution.substitute(term.coefficient)
    for item in solution.counted:
        count = Maximum((Constant(0), item.upper - item.lower + 1))
        coefficient = Times((coefficient, count))
    one = _weighted(canonical(coefficient), image, solver)
    obligations = tuple(one_to_one(term, solution))
    for obligation in obligations:
        if not is_determined(solver, obligation.formulas):
            raise NotSupported(f"{obligation.claim}: not shown", code="not-one-to-one")
    divisor = ratio(term.coefficient).denominator
    if not is_positive(divisor, solver.least):
        obligation = _has_a_value(term, divisor, known)
        if not solver.never(*obligation.formulas):
            raise NotSupported(f"{obligation.claim}: not shown", code="solver-limit")
        obligations = (*obligations, obligation)
    if one is None:
        return CoefficientFunction((), obligations)
    _require_closed(one, term)
    return CoefficientFunction(tuple(_in_every_order(one, term, solver)), obligations)


def is_determined(solver: Solver, formulas: tuple[Formula, ...]) -> bool:
    """Tell whether a monomial determines an index: the formulas, which deny it, never hold."""
    return solver.never(*formulas)


def image_conditions(term: Term, solution: Solution, least: Least) -> tuple[Condition, ...]:
    """Return when a monomial is in the image of a term: the bound indices exist and fit."""
    return (
        *whole_conditions(solution),
        *(
            equal(solution.substitute(position), symbol)
            for entry, entry_positions in zip(term.entries, positions(term), strict=True)
            for position, symbol in zip(entry.indices, entry_positions, strict=True)
        ),
        *range_part(term, solution),
        *guard_part(term, solution, least),
    )


def whole_conditions(solution: Solution) -> tuple[Condition, ...]:
    """Return that every solved index is an integer."""
    found: list[Condition] = []
    for value in solution.values.values():
        over = ratio(value)
        if over.denominator != ONE or not is_whole(over.numerator):
            found.append(
                Divides(terms_expression(over.denominator), terms_expression(over.numerator))
            )
    return tuple(found)


def range_part(term: Term, solution: Solution) -> tuple[Condition, ...]:
    """Return that every solved index is in its range."""
    counted = {item.index for item in solution.counted}
    ranges: list[Range] = [item for item in term.ranges if item.index not in counted]
    return tuple(substitute(condition, solution.values) for condition in range_conditions(ranges))


def guard_part(term: Term, solution: Solution, least: Least) -> tuple[Condition, ...]:
    """Return the term's own condition at the solved indices.

    The parts that bound a counted index became the ends of its interval.
    """
    counted = {item.index for item in solution.counted}
    found: list[Condition] = []
    for condition in term.condition:
        changed = canonical_condition(substitute(condition, solution.values), least)
        parts = changed.conditions if isinstance(changed, And) else (changed,)
        found += [part for part in parts if not counted & set(symbols(part))]
    return tuple(found)


def one_to_one(term: Term, solution: Solution) -> Iterator[Obligation]:
    """Yield that on the term's domain every solved index is what was solved for.

    The positions are those of the term's own monomial, so this says that the monomial
    determines the indices, and that no value of the indices is forgotten.
    """
    own: dict[Symbol, IntegerExpression] = {
        symbol: position
        for entry, entry_positions in zip(term.entries, positions(term), strict=True)
        for position, symbol in zip(entry.indices, entry_positions, strict=True)
    }
    domain = (*range_conditions(term.ranges), *term.condition)
    for index, value in solution.values.items():
        recovered = canonical(substitute(value, own))
        if recovered == index:
            continue
        yield Obligation(
            "one-to-one",
            f"in {term.expression()} the monomial determines {index}",
            (*domain, Comparison(index, "!=", recovered)),
        )


def _has_a_value(term: Term, divisor: Terms, known: tuple[Formula, ...]) -> Obligation:
    """Return that on the term's domain its coefficient does not divide by 0."""
    by = terms_expression(divisor)
    return Obligation(
        "nonzero-divisor",
        f"in {term.expression()} the divisor {by} is not 0",
        (*known, *range_conditions(term.ranges), *term.condition, equal(by, 0)),
    )


def orderings(term: Term) -> Iterator[tuple[int, ...]]:
    """Yield every order in which the entries of a term may be met, as places by entry."""
    groups: list[list[int]] = []
    for place, array in enumerate(term.arrays):
        if place and array == term.arrays[place - 1]:
            groups[-1].append(place)
        else:
            groups.append([place])
    for choice in product(*(permutations(group) for group in groups)):
        yield tuple(place for group in choice for place in group)


def _require_closed(one: Weighted, term: Term) -> None:
    """Refuse a coefficient that still depends on a bound index: it would be no function."""
    bound = {item.index for item in term.ranges}
    present = set(formula_symbols(Nonzero((one,))))
    left = [item.index for item in term.ranges if item.index in bound & present]
    if left:
        raise NotSupported(
            f"the coefficient of {term.expression()} was not freed of {left[0]}",
            code="not-one-to-one",
        )


def _in_every_order(one: Weighted, term: Term, solver: Solver) -> Iterator[Weighted]:
    names = positions(term)
    # Known before any is made: of twenty entries of one array there are 20! orders.
    count = prod(map(factorial, Counter(term.arrays).values()))
    if count > MOST_ORDERINGS:
        raise NotSupported(
            f"the entries of {term.expression()} can be met in {number_text(count)} orders, "
            f"more than {MOST_ORDERINGS}",
            code="too-many-orders",
        )
    for order in orderings(term):
        renaming: dict[Symbol, IntegerExpression] = {
            old: new
            for entry, place in enumerate(order)
            for old, new in zip(names[entry], names[place], strict=True)
        }
        distinct = [
            Not(And(tuple(equal(a, b) for a, b in zip(names[p], names[q], strict=True))))
            for first, p in enumerate(order)
            for q in order[first + 1 :]
            if p > q
        ]
        conditions = tuple(substitute(part, renaming) for part in one.conditions)
        found = _weighted(substitute(one.coefficient, renaming), (*conditions, *distinct), solver)
        if found is not None:
            yield found


def _weighted(
    coefficient: IntegerExpression, conditions: tuple[Condition, ...], solver: Solver
) -> Weighted | None:
    """Write a weighted bracket with canonical conditions; None where it is always 0."""
    guard = conjunction(canonical_condition(part, solver.least) for part in conditions)
    if guard == FALSE or coefficient == Constant(0):
        return None
    parts = guard.conditions if isinstance(guard, And) else (guard,)
    return Weighted(canonical(coefficient), () if guard == TRUE else parts)
