"""Expressions as lists of summands, and the order in which people write their factors.

A summand is a product under one list of ranges. In it the upstream gradient stands first,
then deltas, brackets and the other entries, all behind a number; in an index the indices
stand first, then sizes, products and numbers, with the minus signs last: ``i+P-Sk``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from symconv.algebra.expressions import (
    Add,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Sum,
    has_entries,
)
from symconv.algebra.indices import (
    Constant,
    Index,
    IntegerExpression,
    Plus,
    Quotient,
    Range,
    Symbol,
    Times,
)
from symconv.algebra.ratios import SymbolPowers, polynomial
from symconv.algebra.scoping import all_symbols, rename_bound
from symconv.algebra.tree import Kind, map_integers
from symconv.errors import NotSupported
from symconv.layers.layer import Layer


@dataclass(frozen=True, slots=True)
class Summand:
    """A product of factors, summed over ranges; the outermost range first."""

    factors: tuple[Expression, ...]
    ranges: tuple[Range, ...] = ()

    def expression(self) -> Expression:
        """Write the summand as an expression."""
        body = self.factors[0] if len(self.factors) == 1 else Mul(self.factors)
        return Sum(body, *self.ranges) if self.ranges else body

    def bound(self) -> frozenset[Symbol]:
        """Return the indices that the ranges bind."""
        return frozenset(item.index for item in self.ranges)


def summands(expression: Expression) -> tuple[Summand, ...]:
    """Write an expression without derivatives as a list of summands.

    Products are multiplied out. A sum without entries that stands beside other factors
    guards them as a whole, and stays a factor.
    """
    match expression:
        case Add(terms=parts):
            return tuple(summand for part in parts for summand in summands(part))
        case Mul(factors=parts):
            products = (Summand(()),)
            for part in parts:
                products = tuple(
                    _product(left, right)
                    for left in products
                    for right in _factors(part, alone=len(parts) == 1)
                )
            return products
        case Sum(body=body, ranges=ranges):
            return tuple(_under(ranges, inner) for inner in summands(body))
        case Number() | Entry() | Delta() | Iverson() | Derivative():
            return (Summand((expression,)),)
    raise TypeError(f"not an expression: {expression!r}")


def total(parts: Iterable[Summand]) -> Expression:
    """Add summands up, equal ones as one with their count; 0 when there are none."""
    count_by_summand: dict[Summand, int] = {}
    for part in parts:
        count, rest = 1, []
        for factor in part.factors:
            if isinstance(factor, Number) and isinstance(factor.value, Constant):
                count *= factor.value.value
            else:
                rest.append(factor)
        bare = replace(part, factors=tuple(rest))
        count_by_summand[bare] = count_by_summand.get(bare, 0) + count
    terms = tuple(_times(count, part).expression() for part, count in count_by_summand.items())
    terms = tuple(term for term in terms if term != Number(Constant(0)))
    if not terms:
        return Number(Constant(0))
    return terms[0] if len(terms) == 1 else Add(terms)


@dataclass(frozen=True, slots=True)
class Order:
    """The order in which factors and sizes are written.

    Attributes:
        first: the names of arrays whose entries stand before everything else in a product.
        sizes: the names of sizes, as they follow each other in a sum.
    """

    first: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()


def layer_order(layer: Layer) -> Order:
    """Return the order of a layer: its upstream gradient first, its sizes as they are given."""
    first = () if layer.upstream is None else (layer.upstream.name,)
    derived = (item.size.name for item in layer.derived)
    return Order(first, (*(size.name for size in layer.given), *derived))


def arranged(summand: Summand, order: Order) -> Summand:
    """Put the factors of a summand, and what stands in them, in order."""

    def rank(factor: Expression) -> int:
        match factor:
            case Number():
                return 0
            case Entry(array=array) if array.name in order.first:
                return 1
            case Delta():
                return 2
            case Iverson():
                return 3
        return 4

    factors = sorted((tidy(factor, order) for factor in summand.factors), key=rank)
    return replace(summand, factors=tuple(factors))


def tidy(node: Kind, order: Order) -> Kind:
    """Write the integers of a factor or a condition in order."""
    return map_integers(node, lambda integer: tidy_integer(integer, order))


def tidy_integer(expression: IntegerExpression, order: Order) -> IntegerExpression:
    """Write a polynomial as ``i+P-Sk``; anything else stays as it is."""
    if isinstance(expression, Quotient):
        divisor = tidy_integer(expression.divisor, order)
        return Quotient(tidy_integer(expression.dividend, order), divisor)
    try:
        terms = polynomial(expression)
    except NotSupported:
        return expression
    if any(value.denominator != 1 for value in terms.values()):
        return expression

    def rank(item: tuple[SymbolPowers, Fraction]) -> tuple[object, ...]:
        powers, value = item
        with_index = any(isinstance(symbol, Index) for symbol, _ in powers)
        names = [(_place(symbol.name, order.sizes), symbol.name, power) for symbol, power in powers]
        # A number comes last, whatever its sign.
        return (not powers, value < 0, sum(power for _, power in powers), not with_index, names)

    ordered = sorted(terms.items(), key=rank)
    parts = tuple(_term(powers, int(value)) for powers, value in ordered)
    if not parts:
        return Constant(0)
    return parts[0] if len(parts) == 1 else Plus(parts)


def _times(count: int, part: Summand) -> Summand:
    if count == 0:
        return Summand((Number(Constant(0)),))
    if count == 1 and part.factors:
        return part
    return replace(part, factors=(Number(Constant(count)), *part.factors))


def _place(name: str, names: Sequence[str]) -> int:
    return names.index(name) if name in names else len(names)


def _term(powers: SymbolPowers, value: int) -> IntegerExpression:
    factors: list[IntegerExpression] = [
        symbol
        for symbol, power in sorted(powers, key=lambda item: isinstance(item[0], Index))
        for _ in range(power)
    ]
    if abs(value) != 1 or not factors:
        factors.insert(0, Constant(abs(value)))
    positive = factors[0] if len(factors) == 1 else Times(tuple(factors))
    return -positive if value < 0 else positive


def _factors(part: Expression, *, alone: bool) -> tuple[Summand, ...]:
    if isinstance(part, Sum) and not alone and not has_entries(part):
        return (Summand((part,)),)
    return summands(part)


def _product(left: Summand, right: Summand) -> Summand:
    """Multiply two summands; where both bind one name, the right one gives way."""
    taken = [symbol for factor in left.factors for symbol in all_symbols(factor)]
    right = _avoiding(right, (*left.bound(), *taken))
    left = _avoiding(left, [s for factor in right.factors for s in all_symbols(factor)])
    return Summand((*left.factors, *right.factors), (*left.ranges, *right.ranges))


def _under(ranges: tuple[Range, ...], inner: Summand) -> Summand:
    inner = _avoiding(inner, [item.index for item in ranges])
    return Summand(inner.factors, (*ranges, *inner.ranges))


def _avoiding(summand: Summand, taken: Iterable[Symbol]) -> Summand:
    if not summand.ranges or not summand.bound() & set(taken):
        return summand
    renamed = rename_bound(Sum(Mul(summand.factors), *summand.ranges), taken)
    assert isinstance(renamed.body, Mul), "renaming keeps the kind of a node"
    return Summand(renamed.body.factors, renamed.ranges)
