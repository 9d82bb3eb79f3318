"""Integer expressions and conditions: structure and operators."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symconv.algebra.indices import (
    TRUE,
    And,
    CeilingDivision,
    Comparison,
    Condition,
    Constant,
    Divides,
    FloorDivision,
    Index,
    IntegerExpression,
    Maximum,
    Minimum,
    Or,
    Plus,
    Quotient,
    Remainder,
    Size,
    Times,
    as_integer,
    between,
    ceiling,
    condition_text,
    conjuncts,
    divides,
    equal,
    floor,
    holds,
    indices,
    sizes,
)

S, P, HH = sizes("S, P HH")
k, p, i = indices("k p i")


class Strange(IntegerExpression):
    """A node outside the closed set."""


class StrangeCondition(Condition):
    """A condition outside the closed set."""


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (p + k * S, "p+k*S"),
        (k * S + p, "k*S+p"),
        (i + P - k * S, "i+P-k*S"),
        (1 + p, "1+p"),
        (1 - p, "1-p"),
        (2 * P, "2*P"),
        (i - (p - k), "i-p+k"),
        (-(k * S), "-k*S"),
        ((k * S).__neg__().__neg__(), "k*S"),
        (k.__neg__().__neg__(), "k"),
        (-Constant(3), "-3"),
        ((p + 1) * S, "(p+1)*S"),
        (-(p + 1), "-(p+1)"),
        (2 * (k + p) * S, "2*(k+p)*S"),
        ((i + P) / S, "(i+P)/S"),
        (1 / S, "1/S"),
        (i // S, "floor(i/S)"),
        ((i + P) // (2 * S), "floor((i+P)/(2*S))"),
        (CeilingDivision(i - 1, S), "ceil((i-1)/S)"),
        (i % S, "(i mod S)"),
        (Minimum((i, S)), "min(i, S)"),
        (Maximum((i, S - 1)), "max(i, S-1)"),
        (Plus(()), "0"),
        (Times(()), "1"),
        (Times((k, Constant(-1))), "k*(-1)"),
    ],
)
def test_text_keeps_the_authors_order(expression: IntegerExpression, text: str) -> None:
    assert str(expression) == text


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (between(0, p, HH - 1), "0 <= p <= HH-1"),
        ((p > 0) & (p >= k), "p > 0 and p >= k"),
        ((p < k) | equal(p, 0), "p < k or p == 0"),
        (~(p < k), "not (p < k)"),
        (((p < k) | (p > i)) & (p > 0), "(p < k or p > i) and p > 0"),
        (divides(S, i + P - p), "S divides i+P-p"),
        (divides(S + 1, i), "(S+1) divides i"),
        (TRUE, "true"),
        (Or(()), "false"),
        (
            And((between(0, p, 1), between(0, k, 1), p < k)),
            "(0 <= p <= 1) and (0 <= k <= 1) and p < k",
        ),
        ((p < k) & (i < P), "p < k and i < P"),
    ],
)
def test_conditions_read_as_people_write_them(condition: Condition, text: str) -> None:
    assert str(condition) == text


def test_equality_is_structure_and_not_mathematics() -> None:
    assert p + k * S == p + k * S
    assert p + k * S != k * S + p
    assert Size("p") != Index("p")


def test_a_condition_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="between"):
        _ = bool(p < k)


@pytest.mark.parametrize("other", ["x", 1.5, None])
def test_operators_refuse_what_is_not_an_integer(other: object) -> None:
    for operate in (
        lambda a, b: a + b,
        lambda a, b: b + a,
        lambda a, b: a - b,
        lambda a, b: b - a,
        lambda a, b: a * b,
        lambda a, b: b * a,
        lambda a, b: a / b,
        lambda a, b: b / a,
        lambda a, b: a // b,
        lambda a, b: a % b,
        lambda a, b: a <= b,
    ):
        with pytest.raises(TypeError):
            _ = operate(p, other)


def test_wrapping_refuses_booleans() -> None:
    assert as_integer(3) == Constant(3)
    with pytest.raises(TypeError, match="True"):
        _ = as_integer(True)


def test_floor_and_ceiling_take_a_written_division() -> None:
    assert floor(i / S) == FloorDivision(i, S)
    assert ceiling(i / S) == CeilingDivision(i, S)
    with pytest.raises(TypeError, match="floor expects"):
        _ = floor(i)
    with pytest.raises(TypeError, match="ceiling expects"):
        _ = ceiling(i + 1)


def test_conjuncts_are_split_however_deep_they_are_nested() -> None:
    nested = And((And((p < k, And((k < i,)))), Or((p < 1, k < 1))))
    assert conjuncts(nested) == (p < k, k < i, Or((p < 1, k < 1)))
    assert conjuncts(p < k) == (p < k,)


@pytest.mark.parametrize(
    ("relation", "expected"),
    [("==", False), ("!=", True), ("<=", True), ("<", True), (">=", False), (">", False)],
)
def test_relations_are_decided(relation, expected: bool) -> None:
    assert holds(relation, 1, 2) is expected
    assert holds(relation, Fraction(1, 2), 2) is expected


def test_an_unknown_relation_is_an_internal_error() -> None:
    with pytest.raises(AssertionError):
        _ = holds("~", 1, 2)


def test_comparisons_and_divisions_keep_their_parts() -> None:
    assert (p >= 1) == Comparison(p, ">=", Constant(1))
    assert p % S == Remainder(p, S)
    assert p / S == Quotient(p, S)
    assert divides(2, p) == Divides(Constant(2), p)


def test_a_condition_is_written_as_people_read_it() -> None:
    assert condition_text(equal(S, 1)) == "S = 1"
    assert condition_text(S >= 1) == "S >= 1"
