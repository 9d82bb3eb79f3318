"""Formulas over integers as terms of Z3.

Division by a symbol is not left to the solver: ``floor(a/d)`` becomes a new integer q with
``d*q <= a < d*(q+1)``. The side conditions have a solution for every value of everything
else, so they never take a possibility away; by a divisor that may be 0 they say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, TypeAlias

import z3

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
from symconv.algebra.ratios import ONE, is_positive, ratio, terms_expression
from symconv.algebra.size_limits import too_large
from symconv.errors import InternalError, NotSupported
from symconv.proof.obligations import Either, Formula, Nonzero, Weighted, formula_symbols
from symconv.proof.reduction import Reduction

Integer: TypeAlias = Any
"""A term of the solver; its own types are not precise enough to be of use here."""

MOST_BITS = 10_000
"""Limit: numbers of more bits, about 3,000 digits, are not asked about."""


@dataclass(slots=True)
class Uses:
    """What the translation of a formula rests on, in the order in which it came up.

    Attributes:
        floors: the divisions, whose quotients need their side conditions.
        multiples: what is multiplied by a positive size, which lemmas are about.
    """

    floors: dict[FloorDivision, None] = field(default_factory=dict)
    multiples: dict[tuple[Symbol, IntegerExpression], None] = field(default_factory=dict)

    def add(self, other: Uses) -> None:
        """Rest on what something else rests on, too."""
        self.floors |= other.floors
        self.multiples |= other.multiples


class Translation:
    """Terms of the solver for the symbols of one statement; what was translated is kept."""

    def __init__(self, context: z3.Context, reduction: Reduction) -> None:
        self._context = context
        self._reduction = reduction
        self._least = reduction.least
        self._constants: dict[Symbol, Integer] = {}
        self._names: set[str] = set()
        self._quotients: dict[FloorDivision, Integer] = {}
        self._sides: dict[FloorDivision, list[Any]] = {}
        self._free_truths = 0
        self._conditions: dict[Condition, tuple[Any, Uses]] = {}
        self._uses = Uses()

    def formula(self, formula: Formula, uses: Uses) -> Any:
        """Translate a formula, and add what its meaning rests on."""
        self._uses = uses
        return self._formula(formula)

    def sides(self, uses: Uses) -> list[Any]:
        """Return the side conditions of quotients."""
        return [side for node in uses.floors for side in self._sides[node]]

    def lemmas(self, uses: Uses) -> list[Any]:
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
                return self._kept(self._reduction.canonical(formula))
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
            outer, self._uses = self._uses, Uses()
            translated = self._condition(condition)
            self._conditions[condition] = (translated, self._uses)
            self._uses = outer
        translated, uses = self._conditions[condition]
        self._uses.add(uses)
        return translated

    def values(self, model: Any, formulas: Iterable[Formula]) -> dict[Symbol, int]:
        """Read the value of every symbol of formulas from a model."""
        found: dict[Symbol, int] = {}
        for symbol in dict.fromkeys(s for part in formulas for s in formula_symbols(part)):
            constant = self._constant(symbol)
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
        """Add weighted brackets up, times what all of them divide by, which changes no zero."""
        one, zero = z3.IntVal(1, self._context), z3.IntVal(0, self._context)
        parts = [ratio(term.coefficient) for term in terms]
        guards = [self._all(self._formula(item) for item in term.conditions) for term in terms]
        divisors: dict[tuple[IntegerExpression, tuple[Condition, ...]], Integer] = {}
        keys: list[tuple[IntegerExpression, tuple[Condition, ...]]] = []
        for term, part, guard in zip(terms, parts, guards, strict=True):
            # What may be 0 elsewhere is not 0 where its bracket holds: an obligation says so.
            by = part.denominator
            positive = is_positive(by, self._least)
            key = (terms_expression(by), () if positive else term.conditions)
            keys.append(key)
            if by != ONE:
                divisor = self._integer(key[0])
                divisors[key] = divisor if positive else z3.If(guard, divisor, one)
        total: Integer = zero
        for part, guard, key in zip(parts, guards, keys, strict=True):
            value = self._integer(terms_expression(part.numerator))
            others = [divisor for other, divisor in divisors.items() if other != key]
            total = total + z3.If(guard, z3.Product([value, *others]), zero)
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
