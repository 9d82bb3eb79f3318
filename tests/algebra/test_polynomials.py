"""Integer expressions as polynomials."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symconv.algebra.indices import (
    CeilingDivision,
    Constant,
    IntegerExpression,
    Maximum,
    Minimum,
    indices,
    sizes,
)
from symconv.algebra.polynomials import polynomial, same_polynomial
from symconv.errors import NotSupported

(S,) = sizes("S")
k, p = indices("k p")


class Strange(IntegerExpression):
    """A node outside the closed set."""

    __slots__ = ()

    def __str__(self) -> str:
        return "strange"


def test_an_unknown_integer_node_is_no_polynomial() -> None:
    with pytest.raises(NotSupported, match="strange is not a polynomial"):
        _ = polynomial(Strange())


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (Constant(0), {}),
        (p - p, {}),
        (k * S + p, {((S, 1), (k, 1)): 1, ((p, 1),): 1}),
        ((p + k) * (p - k), {((p, 2),): 1, ((k, 2),): -1}),
        ((p + k) / 2, {((p, 1),): Fraction(1, 2), ((k, 1),): Fraction(1, 2)}),
        (p / (Constant(1) + 1), {((p, 1),): Fraction(1, 2)}),
    ],
)
def test_polynomial_expands(expression: IntegerExpression, expected: dict) -> None:
    assert polynomial(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [p / S, p // S, CeilingDivision(p, S), p % S, Minimum((p,)), Maximum((p,)), p / Constant(0)],
)
def test_polynomial_refuses_what_is_none(expression: IntegerExpression) -> None:
    with pytest.raises(NotSupported, match="not a polynomial"):
        _ = polynomial(expression)


def test_same_polynomial_sees_through_order_and_parentheses() -> None:
    assert same_polynomial(p + k * S, S * k + p)
    assert same_polynomial((p + 1) * S, S * p + S)
    assert not same_polynomial(p + k * S, p * S + k)


def test_same_polynomial_knows_only_structure_beyond_polynomials() -> None:
    assert same_polynomial(p // S, p // S)
    assert not same_polynomial((2 * p) // S, (p + p) // S)
