"""Integers tidied for people: like terms collected, in the author's order, values kept."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from symconv.algebra.evaluation import integer_value
from symconv.algebra.expressions import claim
from symconv.algebra.indices import (
    Constant,
    FloorDivision,
    Index,
    IntegerExpression,
    Maximum,
    Plus,
    Quotient,
    Remainder,
    Size,
    Symbol,
    Times,
    indices,
    sizes,
)
from symconv.errors import IllFormed
from symconv.explanations.tidying import tidied, tidied_integer
from symconv.layers.convolution.forward import b, w
from symconv.layers.convolution.post import conv2d

HH, S, P = sizes("HH S P")
i, k, p = indices("i k p")


@pytest.mark.parametrize(
    ("untidy", "tidy", "why"),
    [
        (HH - 1 - HH + 1 + p, "p", "everything but p cancels"),
        (HH - (HH - 1 - p), "1+p", "in the order of first appearance"),
        (Plus((HH, Times((Constant(-1), Plus((HH, -p)))))), "p", "a minus before a sum"),
        (p + p, "2*p", "like terms"),
        (k * S + S * k + 1, "2*k*S+1", "the author's order of factors"),
        (S * (k + 1) + P - S, "S*k+P", "multiplied out where terms go away"),
        (p + 0, "p", "nothing is added"),
        (Times((Constant(1), p)), "p", "nothing is multiplied"),
        (Times((Constant(0), p)) + k, "k", "zero times a symbol"),
        (p - p, "0", "nothing is left"),
        (FloorDivision(i + 1 - 1, S), "floor(i/S)", "inside of a floor"),
        (FloorDivision(i, S) + FloorDivision(i, S), "2*floor(i/S)", "floors that are alike"),
        (Plus((Plus((p, Constant(1))), Constant(2))), "p+3", "sums in sums"),
    ],
)
def test_like_terms_are_collected(untidy: IntegerExpression, tidy: str, why: str) -> None:
    assert str(tidied_integer(untidy)) == tidy, why


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (p + k * S, "nothing is alike"),
        (k * S + p, "the author's order"),
        (S * (k + 1), "a product of a sum stays a product"),
        (S * (k + 1) + P, "also beside other terms"),
        ((k + 1) * (p + 1), "and of two sums"),
        (-p + HH, "a leading minus sign"),
        (Times((Constant(2), p)), "a coefficient"),
        ((HH + P) / S, "a division"),
        (Quotient(p, S) - Quotient(p, S), "what may have no value is not dropped"),
        (FloorDivision(p, k) - FloorDivision(p, k) + 1, "nor is a floor"),
        (Times((Constant(0), Remainder(p, k))), "nor by a factor 0"),
        (Maximum((p, k)), "a maximum"),
    ],
)
def test_what_is_tidy_stays_as_it_was_written(written: IntegerExpression, why: str) -> None:
    assert tidied_integer(written) == written, why


def test_every_integer_of_a_right_hand_side_is_tidied_and_no_other() -> None:
    f, c, q = indices("f c q")
    untidy = w[f, c, HH - 1 - HH + 1 + p, q + 0]
    statement = claim(w[f, c, p + 0, q], untidy)
    assert str(tidied(statement)) == "w[f,c,p+0,q] = w[f,c,p,q]"
    right = claim(b[f], b[f])
    assert tidied(right) is right


def test_the_statements_of_the_layer_are_tidy() -> None:
    for statement in conv2d().statements:
        assert tidied(statement) is statement, statement.key


SYMBOLS: list[Symbol] = [HH, S, P, i, k, p]
INTEGERS = st.recursive(
    st.one_of(st.sampled_from(SYMBOLS), st.integers(-2, 3).map(Constant)),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(tuple).map(Plus),
        st.lists(inner, min_size=1, max_size=3).map(tuple).map(Times),
        st.builds(FloorDivision, inner, inner),
        st.builds(Quotient, inner, inner),
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@example(Times((HH, Constant(0), Plus((FloorDivision(HH, HH),)))), (0,) * 6)
@given(expression=INTEGERS, values=st.lists(st.integers(-3, 5), min_size=6, max_size=6).map(tuple))
def test_tidying_keeps_the_value_or_its_absence(
    expression: IntegerExpression, values: tuple[int, ...]
) -> None:
    scope: dict[Symbol, int] = dict(zip(SYMBOLS, values, strict=True))
    tidy = tidied_integer(expression)
    assert tidied_integer(tidy) == tidy
    try:
        expected = integer_value(expression, scope)
    except IllFormed:
        with pytest.raises(IllFormed):
            _ = integer_value(tidy, scope)
        return
    assert integer_value(tidy, scope) == expected


def test_no_symbol_is_taken_for_another() -> None:
    same_name = Plus((Size("n"), Times((Constant(-1), Index("n")))))
    assert tidied_integer(same_name) == same_name
