"""Canonical forms of conditions: comparisons with 0, sorted and flat.

The laws use that symbols are integers: `k <= floor(a/S)` is `S*k <= a` where S is known to
be positive, `0 < e` is `1 <= e`, a comparison with a minimum or a maximum is a conjunction
or a disjunction, and `a mod S == 0` is that S divides a. Two conditions with the same form
have the same truth value wherever no divisor is 0; the converse is not promised.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd

from symconv.algebra.indices import (
    TRUE,
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
    Relation,
    Times,
    holds,
)
from symconv.algebra.ratios import (
    ONE,
    Least,
    Opaque,
    Ratio,
    Terms,
    add_terms,
    is_positive,
    is_whole,
    multiply_terms,
    negative_ratio,
    quotient_ratio,
    ratio,
    sum_ratio,
    term_order,
    terms_expression,
    whole_part,
)
from symconv.algebra.tree import parts as parts_of

FALSE = Or(())
MOST_BRANCHES = 64
"""Limit: floors, minima and maxima are resolved into so many comparisons; others stay."""
_NEGATED: dict[Relation, Relation] = {
    "==": "!=",
    "!=": "==",
    "<=": ">",
    "<": ">=",
    ">=": "<",
    ">": "<=",
}


def canonical_condition(condition: Condition, least: Least | None = None) -> Condition:
    """Write a condition in its canonical form: comparisons as ``0 <= e``, sorted, flat.

    Args:
        condition: what to rewrite.
        least: the least values that are known of symbols; they tell which divisors are
            positive.
    """
    least = least or {}
    match condition:
        case Comparison(left=left, relation=relation, right=right):
            return _comparison(left, relation, right, least)
        case Divides(divisor=divisor, value=value):
            return _divides(divisor, value)
        case And(conditions=parts):
            return conjunction(canonical_condition(part, least) for part in parts)
        case Or(conditions=parts):
            return _disjunction(canonical_condition(part, least) for part in parts)
        case Not(condition=part):
            return _negation(part, least)
    raise TypeError(f"not a condition: {condition!r}")


def conjunction(parts: Iterable[Condition]) -> Condition:
    """Join canonical conditions by `and`: flat, sorted by text, each once."""
    found: dict[Condition, None] = {}
    for part in parts:
        if part == FALSE:
            return FALSE
        found |= dict.fromkeys(part.conditions if isinstance(part, And) else (part,))
    return next(iter(found)) if len(found) == 1 else And(tuple(sorted(found, key=str)))


def _comparison(
    left: IntegerExpression, relation: Relation, right: IntegerExpression, least: Least
) -> Condition:
    if relation in (">=", ">"):
        left, right = right, left
        relation = "<=" if relation == ">=" else "<"
    difference = sum_ratio(ratio(right), negative_ratio(ratio(left)))
    terms, by = difference.numerator, difference.denominator
    if relation in ("<=", "<") and not is_positive(by, least):
        return Comparison(Constant(0), relation, difference.expression())
    return _sign(terms, relation, least)


def _sign(terms: Terms, relation: Relation, least: Least) -> Condition:
    """Write ``0 relation terms``, with floors, minima and maxima resolved where a law does."""
    constant = terms.get((), 0)
    if set(terms) <= {()}:
        return TRUE if holds(relation, 0, constant) else FALSE
    if is_whole(terms):
        if relation == "<":
            relation, constant = "<=", constant - 1
        divisor = gcd(*(value for powers, value in terms.items() if powers))
        if relation in ("==", "!=") and constant % divisor:
            return TRUE if relation == "!=" else FALSE
        # 0 <= g*e + c is 0 <= e + floor(c/g).
        terms = {powers: value // divisor for powers, value in terms.items() if powers}
        if constant // divisor:
            terms[()] = constant // divisor
    for law in (_no_remainder, _resolved) if _branches(terms) <= MOST_BRANCHES else ():
        resolved = law(terms, relation, least)
        if resolved is not None:
            return resolved
    if relation in ("==", "!=") and terms[min(terms, key=term_order)] < 0:
        terms = {powers: -value for powers, value in terms.items()}
    return Comparison(Constant(0), relation, terms_expression(terms))


def _branches(terms: Terms) -> int:
    """Return into how many comparisons the laws resolve one, at most."""
    found = 1
    for powers in terms:
        for symbol, _ in powers:
            if isinstance(symbol, Opaque):
                found *= len(parts_of(symbol.node))
    return found


def _resolved(terms: Terms, relation: Relation, least: Least) -> Condition | None:
    for powers in sorted(terms, key=term_order):
        if len(powers) != 1 or powers[0][1] != 1 or not isinstance(powers[0][0], Opaque):
            continue
        node, value = powers[0][0].node, terms[powers]
        rest = {other: number for other, number in terms.items() if other != powers}
        if isinstance(node, Minimum | Maximum) and relation in ("<=", "<"):
            parts = [
                _comparison(
                    Constant(0),
                    relation,
                    Plus((terms_expression(rest), Times((Constant(value), argument)))),
                    least,
                )
                for argument in node.arguments
            ]
            if isinstance(node, Minimum) == (value > 0):
                return conjunction(parts)
            return _disjunction(parts)
        if isinstance(node, FloorDivision) and abs(value) == 1 and is_whole(rest):
            found = _floor_law(node, rest, value, relation, least)
            if found is not None:
                return found
    return None


def _no_remainder(terms: Terms, relation: Relation, _least: Least) -> Condition | None:
    """Resolve ``0 == a - d*floor(a/d)``, that a has no remainder by d, as d divides a."""
    if relation not in ("==", "!="):
        return None
    for powers in sorted(terms, key=term_order):
        for symbol, _ in powers:
            if not isinstance(symbol, Opaque) or not isinstance(symbol.node, FloorDivision):
                continue
            dividend, divisor = ratio(symbol.node.dividend), ratio(symbol.node.divisor)
            product = multiply_terms(divisor.numerator, {((symbol, 1),): 1})
            remainder = add_terms(dividend.numerator, product, -1)
            if terms in (remainder, {powers: -value for powers, value in remainder.items()}):
                found = _divides(symbol.node.divisor, symbol.node.dividend)
                return found if relation == "==" else _not(found)
    return None


def _floor_law(
    node: FloorDivision, rest: Terms, value: int, relation: Relation, least: Least
) -> Condition | None:
    """Resolve ``0 relation value*floor(a/d) + rest`` for positive d and whole rest."""
    dividend, divisor = ratio(node.dividend).numerator, ratio(node.divisor).numerator
    if not (is_positive(divisor, least) and is_whole(dividend) and is_whole(divisor)):
        return None
    # floor >= -rest, as a - d*(-rest) >= 0; and floor <= rest, as d*(rest + 1) - a - 1 >= 0.
    sign = 1 if value == 1 else -1
    other = {powers: -sign * number for powers, number in rest.items()}
    scaled = multiply_terms(divisor, other)
    at_least = _sign(add_terms(dividend, scaled, -1), "<=", least)
    above = add_terms(add_terms(add_terms(scaled, divisor), dividend, -1), ONE, -1)
    at_most = _sign(above, "<=", least)
    if relation == "<=":
        return at_least if value == 1 else at_most
    if relation == "==":
        return conjunction((at_least, at_most))
    assert relation == "!=", "a comparison of integers is never strict"
    return _disjunction((_negation(at_least, least), _negation(at_most, least)))


def _divides(divisor: IntegerExpression, value: IntegerExpression) -> Condition:
    over = quotient_ratio(ratio(value), ratio(divisor))
    if over.is_polynomial and is_whole(over.numerator):
        return TRUE
    whole, rest = whole_part(over.numerator, over.denominator)
    left = Ratio(rest, over.denominator) if is_whole(whole) else over
    terms, by = left.numerator, left.denominator
    if terms[min(terms, key=term_order)] < 0:
        terms = {powers: -number for powers, number in terms.items()}
    if set(terms) == {()} and set(by) == {()}:
        return TRUE if terms[()] % by[()] == 0 else FALSE
    return Divides(terms_expression(by), terms_expression(terms))


def _disjunction(parts: Iterable[Condition]) -> Condition:
    found: dict[Condition, None] = {}
    for part in parts:
        if part == TRUE:
            return TRUE
        found |= dict.fromkeys(part.conditions if isinstance(part, Or) else (part,))
    return next(iter(found)) if len(found) == 1 else Or(tuple(sorted(found, key=str)))


def _negation(condition: Condition, least: Least) -> Condition:
    match condition:
        case Comparison(left=left, relation=relation, right=right):
            return _comparison(left, _NEGATED[relation], right, least)
        case Divides(divisor=divisor, value=value):
            return _not(_divides(divisor, value))
        case And(conditions=parts):
            return _disjunction(_negation(part, least) for part in parts)
        case Or(conditions=parts):
            return conjunction(_negation(part, least) for part in parts)
        case Not(condition=part):
            return canonical_condition(part, least)
    raise TypeError(f"not a condition: {condition!r}")


def _not(condition: Condition) -> Condition:
    return FALSE if condition == TRUE else TRUE if condition == FALSE else Not(condition)
