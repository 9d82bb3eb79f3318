"""The arithmetic of tables at its edges, on a small layer: exact, limited, and kept apart."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from symconv.algebra.expressions import (
    Add,
    Array,
    Definition,
    Derivative,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import Constant, Range, indices, sizes
from symconv.concrete import boxes, monomial_tables, terms
from symconv.concrete.differences import Difference
from symconv.concrete.monomial_tables import Tables
from symconv.errors import IllFormed, NotSupported, TooLarge
from symconv.layers.layer import Layer, Sizes
from tests.concrete.brute_force import LAYER, brute_force

DEFAULT = [LAYER.sizes(text) for text in LAYER.default_sizes]
EXAMPLE = LAYER.sizes("N=1,C=1,H=5,W=5,F=1,HH=3,WW=3,S=2,P=0")
A, B = sizes("A B")
i, j = indices("i j")
u, v, scalar, broken = Array("u", (A,)), Array("v", (B,)), Array("scalar"), Array("broken")
TOY = Layer(
    name="toy",
    given=(A, B),
    inputs=(u, v),
    definitions=(
        Definition(scalar[()], Sum(Number(i + 1) * u[i], (i, 0, A - 1))),
        Definition(broken[()], Number(1 / (A - A)) + u[0]),
    ),
)
AT = TOY.sizes(A=3, B=2)
OVER_I = Range(i, Constant(0), A - 1)


def toy(left: Expression, right: Expression, *free: Range, at: Sizes = AT) -> Difference | None:
    statement = Statement(left, right, free)
    got = Tables(TOY, at).compare(statement)
    assert got == brute_force(statement, at, TOY)
    return got


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (scalar[()], u[0] + 2 * u[1] + 3 * u[2]),
        (Number(A / B) * u[0], u[0] + Number(1 / B) * u[0]),
        (Sum(Number(i / 2) * u[0], (i, 0, 2)), Number(A / B) * u[0]),
        (Sum(u[0], (i, 1, 5), (j, 0, i)), 20 * u[0]),
        (u[0] - u[0], Add(())),
        (Sum(u[0], (i, 1, 0)), Number(A - 3)),
        (Number(A / 3), Number(B / 2)),
        (Number(2**40 * B), Number(2**41 * (B / 2))),
        (Derivative(scalar[()], u[1]), Number(B)),
        (Derivative(2 * scalar[()] * v[0], u[2]), 6 * v[0]),
    ],
    ids=str,
)
def test_exact_numbers_are_compared_exactly(left, right) -> None:
    assert toy(left, right) is None
    assert toy(left, right + u[0]) is not None
    assert toy(left + Number(Constant(1)), right) is not None


def test_coefficients_that_pass_int64_are_exact() -> None:
    huge = Number(Constant(2**61))
    left = Sum(huge * u[0], (i, 0, 7)) * Number(Constant(2**61))
    difference = toy(left, Number(Constant(1)) * u[0])
    assert difference is not None
    assert difference.left == 2**125
    assert toy(left, left) is None


def test_fractions_are_reported_as_fractions() -> None:
    difference = toy(Number(1 / A) * u[0], u[0])
    assert difference is not None
    assert (difference.left, difference.right) == (Fraction(1, 3), 1)


def test_the_smallest_monomial_is_by_names_whatever_the_order_of_the_digits() -> None:
    everything = Sum(v[i] * u[j], (i, 0, B - 1), (j, 0, A - 1))
    difference = toy(everything, everything - u[1] * v[0] - u[0] * v[1])
    assert difference is not None
    assert difference.monomial == (("u", (0,)), ("v", (1,)))


def test_an_array_that_is_written_with_two_shapes_keeps_its_entries_apart() -> None:
    longer = Array("u", (2 * A,))
    for left, right in ((longer[i + A], u[i]), (u[i], longer[i + A])):
        difference = toy(left, right, OVER_I)
        assert difference is not None
        assert difference.monomial == (("u", (0,)),)
    assert toy(longer[i], u[i], OVER_I) is None
    # Entries of the longer array must not be taken for the next entries of another.
    assert toy(u[0] * Array("v", (2 * B,))[2], u[1] * v[0]) is not None


def test_an_array_that_occurs_twice_in_a_product_is_refused_where_it_has_rows() -> None:
    with pytest.raises(NotSupported, match="u occurs twice"):
        Tables(TOY, AT).compare(Statement(u[i] * u[0], u[i] * u[0], (OVER_I,)))
    with pytest.raises(NotSupported, match="u occurs twice"):
        Tables(TOY, AT).compare(Statement(Derivative(u[i] * u[0], u[0]), u[i], (OVER_I,)))
    assert toy(Iverson(i >= A) * u[i] * u[0] + v[0], v[0], OVER_I) is None


def test_ill_formed_takes_precedence_over_different_and_over_not_supported() -> None:
    for left in (u[i + 1] + v[0], u[i] * u[i + 1]):
        with pytest.raises(IllFormed) as caught:
            Tables(TOY, AT).compare(Statement(left, v[1], (OVER_I,)))
        assert caught.value.code == "out-of-range"
    with pytest.raises(IllFormed, match="division by A-A"):
        Tables(TOY, AT).compare(Statement(broken[()], u[0]))


def test_codes_that_do_not_fit_are_refused() -> None:
    arrays = tuple(Array(name, (A,)) for name in "abcd")
    layer = Layer(name="wide", given=(A,), inputs=arrays)
    at = layer.sizes(A=10**6)
    product = Mul(tuple(array[0] for array in arrays))
    with pytest.raises(NotSupported, match="int64"):
        Tables(layer, at).compare(Statement(product, product))
    three = Mul(tuple(array[0] for array in arrays[:3]))
    assert Tables(layer, at).compare(Statement(three, three)) is None


def test_free_indices_that_never_have_a_value_state_nothing() -> None:
    empty = Range(i, Constant(1), Constant(0))
    assert toy(u[i], v[i], empty) is None
    assert toy(u[i], v[i], OVER_I, Range(j, A + 0, A - 1)) is None


def test_the_count_of_terms_is_known_before_they_are_built(monkeypatch) -> None:
    tables = Tables(LAYER, EXAMPLE)
    # Nine products and a bias at each of four positions, on both sides.
    assert tables.term_count(LAYER.statement("y:strided")) == 2 * 4 * (9 + 1)
    assert tables.term_count(LAYER.statement("dL/dw:contracted")) == 2 * 4 * 9
    statement = LAYER.statement("y:strided")
    monkeypatch.setattr(monomial_tables, "MOST_ROWS", 79)
    monkeypatch.setattr(monomial_tables, "expand", None)
    with pytest.raises(TooLarge) as caught:
        Tables(LAYER, EXAMPLE).compare(statement)
    assert caught.value.terms == 80
    assert "80 terms at N=1,C=1" in caught.value.fact
    monkeypatch.setattr(monomial_tables, "MOST_ROWS", 39)
    with pytest.raises(TooLarge) as caught:
        Tables(LAYER, EXAMPLE).compare_loop(LAYER.loops[0])
    assert caught.value.terms == 40


def test_huge_sizes_are_refused_at_once_with_their_count() -> None:
    at = LAYER.sizes("N=64,C=512,H=128,W=128,F=512,HH=3,WW=3,S=1,P=1")
    products = 64 * 512 * 512 * (128 * 3 - 2) ** 2
    statement = LAYER.statement("y:strided")
    assert Tables(LAYER, at).term_count(statement) > 2 * products
    with pytest.raises(TooLarge) as caught:
        Tables(LAYER, at).compare(statement)
    assert caught.value.terms > 2 * products
    with pytest.raises(TooLarge):
        Tables(LAYER, at).compare_loop(LAYER.loops[0])


def test_the_count_is_known_even_where_one_component_is_too_large(monkeypatch) -> None:
    monkeypatch.setattr(boxes, "MOST_ROWS", 10)
    assert Tables(TOY, AT).term_count(Statement(Sum(u[0], (i, 0, 10)), u[0])) == 11


def test_what_was_too_large_leaves_nothing_behind() -> None:
    tables = Tables(TOY, AT)
    endless = Number(1 / (A - 3)) + Sum(Number(i), (i, 0, 10**9))
    for _ in range(2):
        with pytest.raises(TooLarge):
            tables.compare(Statement(Sum(u[i], (i, 0, 10**9)), u[0]))
        with pytest.raises(TooLarge):
            tables.compare(Statement(Mul((endless, u[0])), u[0]))
        assert tables.compare(Statement(u[0], u[0])) is None
        assert tables.compare(Statement(Number(A) * u[0], 3 * u[0])) is None


def test_a_plan_is_made_once_for_all_sizes(monkeypatch) -> None:
    statement = replace(LAYER.statement("dL/dw:contracted"))
    assert Tables(LAYER, DEFAULT[0]).compare(statement) is None
    monkeypatch.setattr(terms, "_Multiplication", None)
    for at in DEFAULT:
        assert Tables(LAYER, at).compare(statement) is None


def test_old_layers_are_dropped(monkeypatch) -> None:
    monkeypatch.setattr(monomial_tables, "LAYERS_KEPT", 3)
    monkeypatch.setattr(monomial_tables, "_sides_by_layer", OrderedDict())
    for _ in range(5):
        assert Tables(replace(TOY), AT).compare(Statement(u[0], u[0])) is None
    assert len(monomial_tables._sides_by_layer) == 3


def test_values_may_be_fractions_and_start_anywhere() -> None:
    shifted = Range(i, Constant(1), Constant(2))
    huge = Number(Constant(2**70))
    statement = Statement(u[i], Number(i / 2) * u[i] + Number(i) * huge, (shifted,))
    values = Tables(TOY, AT).statement_values(statement, {"u": np.array([5, 7, 9], dtype=object)})
    assert values.tolist() == [Fraction(7, 2) + 2**70, 9 + 2**71]


def test_the_magnitude_of_a_sum_with_coefficients() -> None:
    assert Tables(TOY, AT).magnitude("scalar", 10) == 60


class Strange(Expression):
    """A node outside the closed set."""


def test_an_unknown_node_raises() -> None:
    with pytest.raises(TypeError):
        Tables(TOY, AT).is_explicit(Statement(u[0], Strange()))
