"""Integer expressions expanded as polynomials in sizes and indices.

Two integer expressions that are written differently may be the same polynomial: the order of
terms and factors and the placing of parentheses do not matter. Floors, remainders, minima and
maxima are no polynomials; `ratios` has the canonical forms that cover them.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TypeAlias

from symconv.algebra.indices import (
    Constant,
    IntegerExpression,
    Plus,
    Quotient,
    Symbol,
    Times,
)
from symconv.algebra.size_limits import too_large
from symconv.errors import NotSupported

SymbolPowers: TypeAlias = tuple[tuple[Symbol, int], ...]
"""A product of symbols: each with its power, in the order of their names."""
Polynomial: TypeAlias = dict[SymbolPowers, Fraction]
MOST_PRODUCTS = 2_000
"""Limit: so many products of terms in one product of polynomials."""


def polynomial(expression: IntegerExpression) -> Polynomial:
    """Expand an integer expression as a polynomial in its symbols.

    Raises:
        NotSupported: for floors, remainders, minima and maxima, and for a division by
            anything but a nonzero number; none of them is a polynomial. Also where a product
            takes more than `MOST_PRODUCTS` products.
    """
    match expression:
        case Constant(value=value):
            return {(): Fraction(value)} if value else {}
        case Symbol():
            return {((expression, 1),): Fraction(1)}
        case Plus(terms=terms):
            total: Polynomial = {}
            for term in terms:
                _accumulate(total, polynomial(term).items())
            return total
        case Times(factors=factors):
            product: Polynomial = {(): Fraction(1)}
            for factor in factors:
                product = _multiply(product, polynomial(factor))
            return product
        case Quotient(dividend=dividend, divisor=divisor):
            by = polynomial(divisor)
            if set(by) == {()}:
                return {powers: value / by[()] for powers, value in polynomial(dividend).items()}
    raise NotSupported(f"{expression} is not a polynomial in sizes and indices")


def same_polynomial(left: IntegerExpression, right: IntegerExpression) -> bool:
    """Tell whether two integer expressions expand to the same polynomial.

    False where either is not a polynomial and they are not written the same: the answer
    is then unknown, and callers may only rely on True.
    """
    if left == right:
        return True
    try:
        return polynomial(left) == polynomial(right)
    except NotSupported:
        return False


def _accumulate(total: Polynomial, items: Iterable[tuple[SymbolPowers, Fraction]]) -> None:
    for powers, value in items:
        changed = total.get(powers, Fraction(0)) + value
        if changed:
            total[powers] = changed
        else:
            del total[powers]


def _multiply(left: Polynomial, right: Polynomial) -> Polynomial:
    if len(left) * len(right) > MOST_PRODUCTS:
        count = len(left) * len(right)
        raise too_large(f"multiplying out gives {count:,} terms, more than {MOST_PRODUCTS:,}")
    product: Polynomial = {}
    for left_powers, left_value in left.items():
        for right_powers, right_value in right.items():
            powers = dict(left_powers)
            for symbol, power in right_powers:
                powers[symbol] = powers.get(symbol, 0) + power
            key = tuple(sorted(powers.items(), key=_symbol_order))
            _accumulate(product, [(key, left_value * right_value)])
    return product


def _symbol_order(item: tuple[Symbol, int]) -> tuple[str, str]:
    return (item[0].name, type(item[0]).__name__)
