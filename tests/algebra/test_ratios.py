from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symconv.algebra.evaluation import integer_value
from symconv.algebra.indices import (
    CeilingDivision,
    Constant,
    FloorDivision,
    Index,
    IntegerExpression,
    Maximum,
    Minimum,
    Plus,
    Quotient,
    Remainder,
    Size,
    Symbol,
    Times,
    ceiling,
    floor,
    indices,
    sizes,
)
from symconv.algebra.ratios import (
    ONE,
    Ratio,
    canonical,
    is_positive,
    is_whole,
    linear_part,
    multiply_terms,
    polynomial,
    ratio,
    same_polynomial,
    same_value,
    whole_part,
)
from symconv.errors import IllFormed, NotSupported

i, j, k = indices("i j k")
H, S, P = sizes("H S P")
SYMBOLS: tuple[Symbol, ...] = (i, j, H, S)


def integers() -> st.SearchStrategy[IntegerExpression]:
    leaves = st.one_of(
        st.integers(-3, 3).map(Constant),
        st.sampled_from(SYMBOLS),
    )

    def extend(inner: st.SearchStrategy[IntegerExpression]):
        pairs = st.tuples(inner, inner)
        return st.one_of(
            pairs.map(Plus),
            pairs.map(Times),
            pairs.map(lambda pair: Quotient(*pair)),
            pairs.map(lambda pair: FloorDivision(*pair)),
            pairs.map(lambda pair: CeilingDivision(*pair)),
            pairs.map(lambda pair: Remainder(*pair)),
            pairs.map(Minimum),
            pairs.map(Maximum),
        )

    return st.recursive(leaves, extend, max_leaves=6)


@given(integers(), st.tuples(*[st.integers(-4, 4)] * 4))
def test_the_canonical_form_has_the_same_value_where_no_divisor_is_zero(expression, values):
    scope = dict(zip(SYMBOLS, values, strict=True))
    try:
        expected = integer_value(expression, scope)
    except IllFormed:
        return
    try:
        found = canonical(expression)
    except NotSupported:
        return
    assert integer_value(found, scope) == expected


@given(integers())
def test_the_canonical_form_is_its_own_canonical_form(expression):
    try:
        once = canonical(expression)
    except NotSupported:
        return
    assert canonical(once) == once


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (i + k * S, S * k + i),
        (2 * (i + 1), i + i + 2),
        ((S * i) / S, i),
        ((2 * i) / (4 * j), i / (2 * j)),
        ((i + j) / (2 * i + 2 * j), Constant(1) / Constant(2)),
        ((i - j) / (j - i), Constant(-1)),
        (i / (-S), -i / S),
        (floor((i + 2 * S) / S), 2 + floor(i / S)),
        (floor((4 * i + 1) / Constant(2)), 2 * i + floor(Constant(1) / Constant(2))),
        (floor((i + S * (j / 2)) / S), floor((2 * i + S * j) / (2 * S))),
        (ceiling(i / S), -floor(-i / S)),
        (i % S, i - S * floor(i / S)),
        (Minimum((i, j, i)), Minimum((j, i))),
        (Maximum((i + 1, 1 + i)), 1 + i),
        (i / S + j / S, (i + j) / S),
        (i / 2 + j / 3, (3 * i + 2 * j) / 6),
        (floor((i * S) / S), i),
        (0 * i, Constant(0)),
        (i - i + Times(()), Constant(1)),
    ],
)
def test_what_has_one_canonical_form_is_known_to_be_the_same(left, right):
    assert same_value(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (i, j),
        (Index("N"), Size("N")),
        (floor(i / S), i / S),
        (floor(i / S), ceiling(i / S)),
        (Minimum((i, j)), Maximum((i, j))),
        (floor((i + 1) / S), floor(i / S) + 1),
        ((i + 1) / (i + 2), Constant(1) / Constant(2)),
        ((2 * i + j) / (i + j), Constant(2)),
        (i / Constant(2), i),
    ],
)
def test_what_differs_somewhere_has_different_forms(left, right):
    assert not same_value(left, right)


def test_a_division_by_what_is_zero_as_a_polynomial_is_refused():
    with pytest.raises(NotSupported, match="division by 0"):
        _ = ratio(i / (j - j))


def test_a_ratio_compares_by_value_and_with_nothing_else():
    assert ratio(i / S) == ratio((2 * i) / (2 * S))
    assert hash(ratio(i / S)) == hash(ratio((2 * i) / (2 * S)))
    assert ratio(i) != i
    assert Ratio({}) == ratio(Constant(0))


def test_only_integer_expressions_have_a_ratio():
    with pytest.raises(TypeError, match="not an integer expression"):
        _ = ratio("i")


@pytest.mark.parametrize(
    ("expression", "least", "expected"),
    [
        (S, {S: 1}, True),
        (S, {S: 0}, False),
        (S, {}, False),
        (S + P, {S: 1, P: 0}, True),
        (P + P, {P: 0}, False),
        (S - 1, {S: 2}, False),
        (Constant(2), {}, True),
        (Constant(0), {}, False),
        (S * H + P, {S: 1, H: 1, P: 0}, True),
    ],
)
def test_a_polynomial_is_positive_by_the_signs_of_its_terms(expression, least, expected):
    assert is_positive(ratio(expression).numerator, least) is expected


def test_a_polynomial_is_split_by_a_symbol_unless_it_is_not_linear_in_it():
    found = linear_part(ratio(S * i + 2 * i + j).numerator, i)
    assert found is not None
    coefficient, rest = found
    assert coefficient == ratio(S + 2).numerator
    assert rest == ratio(j).numerator
    assert linear_part(ratio(i * i).numerator, i) is None
    assert linear_part(ratio(i + floor(i / S)).numerator, i) is None
    assert linear_part(ratio(floor(i / S)).numerator, j) == ({}, ratio(floor(i / S)).numerator)


def test_an_extreme_of_fractions_is_not_known_to_be_whole():
    assert is_whole(ratio(Minimum((i, floor(j / S)))).numerator)
    assert not is_whole(ratio(Minimum((i, j / S))).numerator)
    half = floor(Minimum((i, j / 2)) / Constant(1))
    assert canonical(half) == FloorDivision(Minimum((i, j / 2)), Constant(1))


def test_only_a_divisor_of_one_term_is_divided_out():
    terms = ratio(i * S + j).numerator
    assert whole_part(terms, ratio(S).numerator) == (ratio(i).numerator, ratio(j).numerator)
    assert whole_part(terms, ratio(S + 1).numerator) == ({}, terms)


def test_polynomials_multiply_by_one_as_they_are():
    terms = ratio(i + 1).numerator
    assert multiply_terms(ONE, terms) == multiply_terms(terms, ONE) == terms
    assert multiply_terms(terms, ratio(i - 1).numerator) == ratio(i * i - 1).numerator


def test_values_stay_exact():
    assert integer_value(canonical(i / 3 + i / 6), {i: 1}) == Fraction(1, 2)


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
        (i - i, {}),
        (k * S + i, {((S, 1), (k, 1)): 1, ((i, 1),): 1}),
        ((i + k) * (i - k), {((i, 2),): 1, ((k, 2),): -1}),
        ((i + k) / 2, {((i, 1),): Fraction(1, 2), ((k, 1),): Fraction(1, 2)}),
        (i / (Constant(1) + 1), {((i, 1),): Fraction(1, 2)}),
    ],
)
def test_polynomial_expands(expression: IntegerExpression, expected: dict) -> None:
    assert polynomial(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [i / S, i // S, CeilingDivision(i, S), i % S, Minimum((i,)), Maximum((i,)), i / Constant(0)],
)
def test_polynomial_refuses_what_is_none(expression: IntegerExpression) -> None:
    with pytest.raises(NotSupported, match="not a polynomial"):
        _ = polynomial(expression)


def test_same_polynomial_sees_through_order_and_parentheses() -> None:
    assert same_polynomial(i + k * S, S * k + i)
    assert same_polynomial((i + 1) * S, S * i + S)
    assert not same_polynomial(i + k * S, i * S + k)


def test_same_polynomial_knows_only_structure_beyond_polynomials() -> None:
    assert same_polynomial(i // S, i // S)
    assert not same_polynomial((2 * i) // S, (i + i) // S)
