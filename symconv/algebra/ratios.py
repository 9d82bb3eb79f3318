"""Integer expressions as polynomials, and their canonical forms: polynomials over polynomials.

Two integer expressions that are written differently may be the same polynomial: the order of
terms and factors and the placing of parentheses do not matter. Floors, remainders, minima and
maxima are no polynomials, and neither is a division by more than a number.

An integer expression becomes a `Ratio`: a polynomial with integer coefficients over another
one. Floors, minima and maxima are opaque symbols in it whose parts are canonical in turn.
Two expressions with the same ratio have the same value wherever no divisor is 0; callers
that rely on it show that first. The converse is not promised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import TypeAlias, TypeVar

from symconv.algebra.indices import (
    CeilingDivision,
    Constant,
    FloorDivision,
    IntegerExpression,
    Maximum,
    Minimum,
    Plus,
    Quotient,
    Remainder,
    Symbol,
    Times,
)
from symconv.algebra.size_limits import too_large
from symconv.algebra.tree import symbols
from symconv.errors import NotSupported

SymbolPowers: TypeAlias = tuple[tuple[Symbol, int], ...]
"""A product of symbols: each with its power, in the order of their names."""
Polynomial: TypeAlias = dict[SymbolPowers, Fraction]
"""A polynomial in sizes and indices alone; zero has no terms."""
Terms: TypeAlias = dict[SymbolPowers, int]
"""A polynomial with integer coefficients whose symbols may be opaque; zero has no terms."""
Coefficient = TypeVar("Coefficient", int, Fraction)
Least: TypeAlias = Mapping[Symbol, int]
"""The least value of each symbol for which one is known."""

ONE: Terms = {(): 1}
MOST_PRODUCTS = 2_000
"""Limit: so many products of terms in one product of polynomials."""


@dataclass(frozen=True, slots=True)
class Opaque(Symbol):
    """A floor, minimum or maximum that stands as a symbol in a polynomial."""

    node: IntegerExpression


class Ratio:
    """A polynomial over a polynomial, without common numbers and powers of symbols.

    Attributes:
        numerator: integer coefficients by products of symbols.
        denominator: the same; its first coefficient is positive.
    """

    __slots__ = ("denominator", "numerator")

    def __init__(self, numerator: Terms, denominator: Terms = ONE) -> None:
        if not denominator:
            raise NotSupported("a division by 0")
        if not numerator:
            denominator = ONE
        elif denominator != ONE:
            numerator, denominator = _reduced(numerator, denominator)
        self.numerator = numerator
        self.denominator = denominator

    @property
    def is_polynomial(self) -> bool:
        """Whether the denominator is 1, so that integers give a number without division."""
        return self.denominator == ONE

    def expression(self) -> IntegerExpression:
        """Write the ratio as an integer expression, in the order of names."""
        dividend = terms_expression(self.numerator)
        if self.is_polynomial:
            return dividend
        return Quotient(dividend, terms_expression(self.denominator))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ratio):
            return NotImplemented
        return self.numerator == other.numerator and self.denominator == other.denominator

    def __hash__(self) -> int:
        return hash((frozenset(self.numerator.items()), frozenset(self.denominator.items())))


def ratio(expression: IntegerExpression) -> Ratio:
    """Expand an integer expression as a polynomial over a polynomial.

    Raises:
        NotSupported: for a division by what is 0 as a polynomial.
    """
    match expression:
        case Constant(value=value):
            return Ratio({(): value} if value else {})
        case Symbol():
            return Ratio({((expression, 1),): 1})
        case Plus(terms=parts):
            total = Ratio({})
            for part in parts:
                total = sum_ratio(total, ratio(part))
            return total
        case Times(factors=parts):
            product = Ratio(ONE)
            for part in parts:
                product = _times(product, ratio(part))
            return product
        case Quotient(dividend=dividend, divisor=divisor):
            return quotient_ratio(ratio(dividend), ratio(divisor))
        case FloorDivision(dividend=dividend, divisor=divisor):
            return _floor(quotient_ratio(ratio(dividend), ratio(divisor)))
        case CeilingDivision(dividend=dividend, divisor=divisor):
            return negative_ratio(
                _floor(negative_ratio(quotient_ratio(ratio(dividend), ratio(divisor))))
            )
        case Remainder(dividend=dividend, divisor=divisor):
            value, by = ratio(dividend), ratio(divisor)
            return sum_ratio(value, negative_ratio(_times(by, _floor(quotient_ratio(value, by)))))
        case Minimum(arguments=parts) | Maximum(arguments=parts):
            return _extreme(type(expression), parts)
    raise TypeError(f"not an integer expression: {expression!r}")


def canonical(expression: IntegerExpression) -> IntegerExpression:
    """Write an integer expression in its canonical form."""
    return ratio(expression).expression()


def same_value(left: IntegerExpression, right: IntegerExpression) -> bool:
    """Tell whether two integer expressions have the same ratio; only True is an answer."""
    return ratio(left) == ratio(right)


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
        case Plus(terms=parts):
            total: Polynomial = {}
            for part in parts:
                total = add_terms(total, polynomial(part))
            return total
        case Times(factors=parts):
            product: Polynomial = {(): Fraction(1)}
            for part in parts:
                product = multiply_terms(product, polynomial(part))
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


def linear_part(terms: Terms, symbol: Symbol) -> tuple[Terms, Terms] | None:
    """Split a polynomial as coefficient*symbol + rest, the symbol in neither; or None."""
    coefficient: Terms = {}
    rest: Terms = {}
    for powers, value in terms.items():
        power = next((power for item, power in powers if item == symbol), 0)
        if power > 1:
            return None
        if power:
            coefficient[tuple(item for item in powers if item[0] != symbol)] = value
        else:
            rest[powers] = value
    for powers in (*coefficient, *rest):
        if any(isinstance(item, Opaque) and symbol in symbols(item.node) for item, _ in powers):
            return None
    return coefficient, rest


def terms_expression(terms: Terms) -> IntegerExpression:
    """Write a polynomial as an integer expression, in the order of names."""
    parts: list[IntegerExpression] = []
    for powers in sorted(terms, key=term_order):
        value = terms[powers]
        factors: list[IntegerExpression] = [
            symbol.node if isinstance(symbol, Opaque) else symbol
            for symbol, power in powers
            for _ in range(power)
        ]
        if value != 1 or not factors:
            factors.insert(0, Constant(value))
        parts.append(factors[0] if len(factors) == 1 else Times(tuple(factors)))
    if not parts:
        return Constant(0)
    return parts[0] if len(parts) == 1 else Plus(tuple(parts))


def is_positive(terms: Terms, least: Least) -> bool:
    """Tell whether a polynomial is positive by the signs of its terms; only True is an answer."""
    surely = False
    for powers, value in terms.items():
        if value < 0 or any(least.get(symbol, -1) < 0 for symbol, _ in powers):
            return False
        surely = surely or all(least[symbol] > 0 for symbol, _ in powers)
    return surely


def multiply_terms(
    left: dict[SymbolPowers, Coefficient], right: dict[SymbolPowers, Coefficient]
) -> dict[SymbolPowers, Coefficient]:
    """Multiply two polynomials.

    Raises:
        NotSupported: when that takes more than `MOST_PRODUCTS` products.
    """
    if left == ONE:
        return right
    if right == ONE:
        return left
    if len(left) * len(right) > MOST_PRODUCTS:
        count = len(left) * len(right)
        raise too_large(f"multiplying out gives {count:,} terms, more than {MOST_PRODUCTS:,}")
    product: dict[SymbolPowers, Coefficient] = {}
    for left_powers, left_value in left.items():
        for right_powers, right_value in right.items():
            powers = _merged(left_powers, right_powers)
            product[powers] = product.get(powers, 0) + left_value * right_value
    return {powers: value for powers, value in product.items() if value}


def add_terms(
    left: dict[SymbolPowers, Coefficient], right: dict[SymbolPowers, Coefficient], factor: int = 1
) -> dict[SymbolPowers, Coefficient]:
    """Add a polynomial, times a number, to another."""
    total = dict(left)
    for powers, value in right.items():
        total[powers] = total.get(powers, 0) + factor * value
    return {powers: value for powers, value in total.items() if value}


def _merged(left: SymbolPowers, right: SymbolPowers) -> SymbolPowers:
    if not left or not right:
        return left or right
    powers = dict(left)
    for symbol, power in right:
        powers[symbol] = powers.get(symbol, 0) + power
    return tuple(sorted(powers.items(), key=lambda item: (item[0].name, type(item[0]).__name__)))


def term_order(powers: SymbolPowers) -> tuple[bool, tuple[tuple[str, str, int], ...]]:
    """Return the key that sorts products of symbols by name."""
    # The constant comes last, as people write it.
    return (not powers, tuple((item.name, type(item).__name__, power) for item, power in powers))


def sum_ratio(left: Ratio, right: Ratio) -> Ratio:
    """Add two ratios."""
    if left.denominator == right.denominator:
        return Ratio(add_terms(left.numerator, right.numerator), left.denominator)
    return Ratio(
        add_terms(
            multiply_terms(left.numerator, right.denominator),
            multiply_terms(right.numerator, left.denominator),
        ),
        multiply_terms(left.denominator, right.denominator),
    )


def _times(left: Ratio, right: Ratio) -> Ratio:
    return Ratio(
        multiply_terms(left.numerator, right.numerator),
        multiply_terms(left.denominator, right.denominator),
    )


def quotient_ratio(left: Ratio, right: Ratio) -> Ratio:
    """Divide a ratio by another."""
    return Ratio(
        multiply_terms(left.numerator, right.denominator),
        multiply_terms(left.denominator, right.numerator),
    )


def negative_ratio(value: Ratio) -> Ratio:
    """Change the sign of a ratio."""
    return Ratio({powers: -number for powers, number in value.numerator.items()}, value.denominator)


def _reduced(numerator: Terms, denominator: Terms) -> tuple[Terms, Terms]:
    """Cancel common numbers and common powers of symbols, and make the divisor's sign plus."""
    if len(numerator) == len(denominator) and numerator.keys() == denominator.keys():
        first = min(denominator, key=term_order)
        up, down = numerator[first], denominator[first]
        if all(numerator[powers] * down == denominator[powers] * up for powers in numerator):
            numerator, denominator = {(): up}, {(): down}
    common = dict(next(iter(denominator)))
    for powers in (*denominator, *numerator):
        present = dict(powers)
        common = {s: min(power, present[s]) for s, power in common.items() if s in present}
        if not common:
            break
    divisor = gcd(*numerator.values(), *denominator.values())
    if denominator[min(denominator, key=term_order)] < 0:
        divisor = -divisor
    if divisor == 1 and not common:
        return numerator, denominator
    return _divided(numerator, common, divisor), _divided(denominator, common, divisor)


def _divided(terms: Terms, common: Mapping[Symbol, int], divisor: int) -> Terms:
    return {
        tuple(
            (symbol, power - common.get(symbol, 0))
            for symbol, power in powers
            if power != common.get(symbol, 0)
        ): value // divisor
        for powers, value in terms.items()
    }


def whole_part(numerator: Terms, denominator: Terms) -> tuple[Terms, Terms]:
    """Split numerator/denominator as whole + rest/denominator, term by term.

    Only a denominator that is a single term divides terms.
    """
    if len(denominator) != 1:
        return {}, numerator
    ((powers, value),) = denominator.items()
    whole: Terms = {}
    rest: Terms = {}
    for term, number in numerator.items():
        left = dict(term)
        fits = number % value == 0 and all(left.get(symbol, 0) >= power for symbol, power in powers)
        if not fits:
            rest[term] = number
            continue
        for symbol, power in powers:
            left[symbol] -= power
        key = tuple((symbol, power) for symbol, power in left.items() if power)
        whole[key] = number // value
    return whole, rest


def _floor(value: Ratio) -> Ratio:
    if value.is_polynomial and is_whole(value.numerator):
        return value
    whole, rest = whole_part(value.numerator, value.denominator)
    if not is_whole(whole):
        whole, rest = {}, value.numerator
    left = Ratio(rest, value.denominator)
    if set(left.numerator) == {()} == set(left.denominator):
        number = left.numerator[()] // left.denominator[()]
        return Ratio(add_terms(whole, {(): number}))
    node = FloorDivision(terms_expression(left.numerator), terms_expression(left.denominator))
    return Ratio(add_terms(whole, {((Opaque(str(node), node), 1),): 1}))


def _extreme(
    kind: type[Minimum | Maximum] | type[IntegerExpression], parts: tuple[IntegerExpression, ...]
) -> Ratio:
    arguments = tuple(sorted(dict.fromkeys(map(canonical, parts)), key=str))
    if len(arguments) == 1:
        return ratio(arguments[0])
    node = Minimum(arguments) if kind is Minimum else Maximum(arguments)
    return Ratio({((Opaque(str(node), node), 1),): 1})


def is_whole(terms: Terms) -> bool:
    """Tell whether a polynomial is an integer for all integers; only True is an answer."""
    for powers in terms:
        for symbol, _ in powers:
            if isinstance(symbol, Opaque) and not isinstance(symbol.node, FloorDivision):
                assert isinstance(symbol.node, Minimum | Maximum), "no other node is opaque"
                parts = [ratio(part) for part in symbol.node.arguments]
                if not all(part.is_polynomial and is_whole(part.numerator) for part in parts):
                    return False
    return True
