"""Integer expressions in sizes and indices, ranges, and conditions on them.

The nodes are our own and keep what the author wrote in the order it was written:
`p + k*S` prints as ``p+kS`` and stays a different expression from `k*S + p`, although both
are the same polynomial (see `ratios`). Nothing simplifies on construction, so there is
no automatic rewriting of floors and remainders to trust.

`/` is exact division (`Quotient`), `//` is the floor (`FloorDivision`), `%` the remainder.
`<`, `<=`, `>`, `>=` build a `Comparison`; `==` compares structure, so equality as a
condition is written `equal(a, b)`, and a chain `lo <= i <= hi` is written
`between(lo, i, hi)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias, assert_never

from symconv.algebra.text import (
    ATOM,
    PRODUCT,
    SUM,
    PlainText,
    number_text,
    product_text,
    quotient_text,
    sum_text,
)

Relation: TypeAlias = Literal["==", "!=", "<=", "<", ">=", ">"]
IntegerLike: TypeAlias = "IntegerExpression | int"


class IntegerExpression(PlainText):
    """The common operators of integer expressions; each builds a node and simplifies nothing."""

    __slots__ = ()

    def __add__(self, other: IntegerLike) -> IntegerExpression:
        if not isinstance(other, IntegerExpression | int):
            return NotImplemented
        return Plus((*_terms(self), *_terms(as_integer(other))))

    def __radd__(self, other: IntegerLike) -> IntegerExpression:
        if not isinstance(other, IntegerExpression | int):
            return NotImplemented
        return as_integer(other) + self

    def __sub__(self, other: IntegerLike) -> IntegerExpression:
        if not isinstance(other, IntegerExpression | int):
            return NotImplemented
        return Plus((*_terms(self), *(-term for term in _terms(as_integer(other)))))

    def __rsub__(self, other: IntegerLike) -> IntegerExpression:
        if not isinstance(other, IntegerExpression | int):
            return NotImplemented
        return as_integer(other) - self

    def __mul__(self, other: IntegerLike) -> IntegerExpression:
        if not isinstance(other, IntegerExpression | int):
            return NotImplemented
        return Times((*_factors(self), *_factors(as_integer(other))))

    def __rmul__(self, other: IntegerLike) -> IntegerExpression:
        if not isinstance(other, IntegerExpression | int):
            return NotImplemented
        return as_integer(other) * self

    def __neg__(self) -> IntegerExpression:
        match self:
            case Constant(value=value):
                return Constant(-value)
            case Times(factors=(Constant(value=-1), factor)):
                return factor
            case Times(factors=(Constant(value=-1), *factors)):
                return Times(tuple(factors))
        return Times((Constant(-1), *_factors(self)))

    def __truediv__(self, other: IntegerLike) -> IntegerExpression:
        if not isinstance(other, IntegerExpression | int):
            return NotImplemented
        return Quotient(self, as_integer(other))

    def __rtruediv__(self, other: IntegerLike) -> IntegerExpression:
        if not isinstance(other, IntegerExpression | int):
            return NotImplemented
        return Quotient(as_integer(other), self)

    def __floordiv__(self, other: IntegerLike) -> IntegerExpression:
        if not isinstance(other, IntegerExpression | int):
            return NotImplemented
        return FloorDivision(self, as_integer(other))

    def __mod__(self, other: IntegerLike) -> IntegerExpression:
        if not isinstance(other, IntegerExpression | int):
            return NotImplemented
        return Remainder(self, as_integer(other))

    def __le__(self, other: IntegerLike) -> Condition:
        return Comparison(self, "<=", as_integer(other))

    def __lt__(self, other: IntegerLike) -> Condition:
        return Comparison(self, "<", as_integer(other))

    def __ge__(self, other: IntegerLike) -> Condition:
        return Comparison(self, ">=", as_integer(other))

    def __gt__(self, other: IntegerLike) -> Condition:
        return Comparison(self, ">", as_integer(other))


@dataclass(frozen=True, slots=True)
class Constant(IntegerExpression):
    """A literal integer."""

    value: int

    def __str__(self) -> str:
        return number_text(self.value)


@dataclass(frozen=True, slots=True)
class Symbol(IntegerExpression):
    """A named integer: a `Size` or an `Index`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Size(Symbol):
    """A size, stride or padding: fixed once for the whole layer."""

    def __hash__(self) -> int:
        # Values are looked up by symbol all the time; a text remembers its hash, a tuple does not.
        return hash(self.name)


@dataclass(frozen=True, slots=True)
class Index(Symbol):
    """An integer that ranges over part of a size; free, or bound by a sum."""

    def __hash__(self) -> int:
        # Values are looked up by symbol all the time; a text remembers its hash, a tuple does not.
        return hash(self.name)


@dataclass(frozen=True, slots=True)
class Plus(IntegerExpression):
    """A sum of terms, in the author's order."""

    terms: tuple[IntegerExpression, ...]
    strength = SUM

    def __str__(self) -> str:
        return sum_text(self.terms)


@dataclass(frozen=True, slots=True)
class Times(IntegerExpression):
    """A product of factors, in the author's order."""

    factors: tuple[IntegerExpression, ...]
    strength = PRODUCT

    def __str__(self) -> str:
        match self.factors:
            case (Constant(value=-1), *factors) if factors:
                return f"-{product_text(factors)}"
        return product_text(self.factors)


@dataclass(frozen=True, slots=True)
class Quotient(IntegerExpression):
    """Exact division: a rational number, an integer only where the divisor divides."""

    dividend: IntegerExpression
    divisor: IntegerExpression
    strength = PRODUCT

    def __str__(self) -> str:
        return quotient_text(self.dividend, self.divisor)


@dataclass(frozen=True, slots=True)
class FloorDivision(IntegerExpression):
    """The largest integer that is at most dividend / divisor."""

    dividend: IntegerExpression
    divisor: IntegerExpression

    def __str__(self) -> str:
        return f"floor({quotient_text(self.dividend, self.divisor)})"


@dataclass(frozen=True, slots=True)
class CeilingDivision(IntegerExpression):
    """The smallest integer that is at least dividend / divisor."""

    dividend: IntegerExpression
    divisor: IntegerExpression

    def __str__(self) -> str:
        return f"ceil({quotient_text(self.dividend, self.divisor)})"


@dataclass(frozen=True, slots=True)
class Remainder(IntegerExpression):
    """dividend - divisor * floor(dividend / divisor), so its sign is the divisor's."""

    dividend: IntegerExpression
    divisor: IntegerExpression

    def __str__(self) -> str:
        return f"({self.dividend} mod {self.divisor.inside(ATOM)})"


@dataclass(frozen=True, slots=True)
class Minimum(IntegerExpression):
    """The least of its arguments."""

    arguments: tuple[IntegerExpression, ...]

    def __str__(self) -> str:
        return f"min({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Maximum(IntegerExpression):
    """The greatest of its arguments."""

    arguments: tuple[IntegerExpression, ...]

    def __str__(self) -> str:
        return f"max({', '.join(map(str, self.arguments))})"


class Condition:
    """A truth value that depends on sizes and indices; never a Python `bool`."""

    __slots__ = ()

    def __and__(self, other: Condition) -> Condition:
        return And((*_conjuncts(self), *_conjuncts(other)))

    def __or__(self, other: Condition) -> Condition:
        return Or((self, other))

    def __invert__(self) -> Condition:
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError(
            "a condition has no truth value before sizes and indices have values; "
            "write between(lo, i, hi) for a chain and & | ~ for and, or, not"
        )


@dataclass(frozen=True, slots=True)
class Comparison(Condition):
    """left relation right, between rational numbers."""

    left: IntegerExpression
    relation: Relation
    right: IntegerExpression

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"


@dataclass(frozen=True, slots=True)
class Divides(Condition):
    """The divisor divides the value without remainder."""

    divisor: IntegerExpression
    value: IntegerExpression

    def __str__(self) -> str:
        return f"{self.divisor.inside(ATOM)} divides {self.value}"


@dataclass(frozen=True, slots=True)
class And(Condition):
    """Every condition holds; true when there are none."""

    conditions: tuple[Condition, ...]

    def __str__(self) -> str:
        match self.conditions:
            case (
                Comparison(left=lower, relation="<=" | "<" as first, right=middle),
                Comparison(left=again, relation="<=" | "<" as second, right=upper),
            ) if middle == again:
                return f"{lower} {first} {middle} {second} {upper}"
        return " and ".join(map(_condition_inside, self.conditions)) or "true"


@dataclass(frozen=True, slots=True)
class Or(Condition):
    """At least one condition holds; false when there are none."""

    conditions: tuple[Condition, ...]

    def __str__(self) -> str:
        return " or ".join(map(_condition_inside, self.conditions)) or "false"


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """The condition does not hold."""

    condition: Condition

    def __str__(self) -> str:
        return f"not ({self.condition})"


@dataclass(frozen=True, slots=True)
class Range:
    """lower <= index <= upper, both ends included; empty when upper < lower."""

    index: Index
    lower: IntegerExpression
    upper: IntegerExpression

    def __str__(self) -> str:
        return f"{self.index}={self.lower}..{self.upper}"


TRUE = And(())


def as_integer(value: IntegerLike) -> IntegerExpression:
    """Wrap a Python integer; leave an integer expression as it is."""
    if isinstance(value, IntegerExpression):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"expected an integer, a size or an index, got {value!r}")
    return Constant(value)


def sizes(names: str) -> tuple[Size, ...]:
    """Make one size per name in a text such as ``"N C H W"``."""
    return tuple(Size(name) for name in names.replace(",", " ").split())


def indices(names: str) -> tuple[Index, ...]:
    """Make one index per name in a text such as ``"n f c k l"``."""
    return tuple(Index(name) for name in names.replace(",", " ").split())


def equal(left: IntegerLike, right: IntegerLike) -> Condition:
    """Build the condition left = right."""
    return Comparison(as_integer(left), "==", as_integer(right))


def between(lower: IntegerLike, value: IntegerLike, upper: IntegerLike) -> Condition:
    """Build the condition lower <= value <= upper."""
    return (as_integer(lower) <= as_integer(value)) & (as_integer(value) <= as_integer(upper))


def divides(divisor: IntegerLike, value: IntegerLike) -> Condition:
    """Build the condition that the divisor divides the value."""
    return Divides(as_integer(divisor), as_integer(value))


def floor(value: IntegerExpression) -> IntegerExpression:
    """Build the floor of an exact division written with `/`."""
    if not isinstance(value, Quotient):
        raise TypeError(f"floor expects a division written a / b, got {value}")
    return FloorDivision(value.dividend, value.divisor)


def ceiling(value: IntegerExpression) -> IntegerExpression:
    """Build the ceiling of an exact division written with `/`."""
    if not isinstance(value, Quotient):
        raise TypeError(f"ceiling expects a division written a / b, got {value}")
    return CeilingDivision(value.dividend, value.divisor)


def conjuncts(condition: Condition) -> tuple[Condition, ...]:
    """Split nested conjunctions into the conditions that must all hold."""
    return tuple(part for inner in _conjuncts(condition) for part in _split(inner))


def condition_text(condition: Condition) -> str:
    """Write a condition as people read it: ``S = 1``."""
    return str(condition).replace(" == ", " = ")


def _terms(expression: IntegerExpression) -> tuple[IntegerExpression, ...]:
    return expression.terms if isinstance(expression, Plus) else (expression,)


def _factors(expression: IntegerExpression) -> tuple[IntegerExpression, ...]:
    return expression.factors if isinstance(expression, Times) else (expression,)


def _condition_inside(condition: Condition) -> str:
    return f"({condition})" if isinstance(condition, And | Or) else str(condition)


def _conjuncts(condition: Condition) -> tuple[Condition, ...]:
    return condition.conditions if isinstance(condition, And) else (condition,)


def _split(condition: Condition) -> tuple[Condition, ...]:
    return conjuncts(condition) if isinstance(condition, And) else (condition,)


def holds(relation: Relation, left: Fraction | int, right: Fraction | int) -> bool:
    """Decide a relation between two numbers."""
    match relation:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "<=":
            return left <= right
        case "<":
            return left < right
        case ">=":
            return left >= right
        case ">":
            return left > right
    assert_never(relation)
