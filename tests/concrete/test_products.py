"""Expressions multiplied out: what is multiplied, and where each entry is read."""

from __future__ import annotations

import pytest

from symconv import indices, sizes
from symconv.algebra.expressions import Add, Array, Delta, Derivative, Iverson, Mul, Sum
from symconv.algebra.indices import Range, as_integer
from symconv.concrete.products import MOST_PRODUCTS, products
from symconv.errors import NotSupported

(A,) = sizes("A")
i, p, q = indices("i p q")
u, v = Array("u", (A,)), Array("v", (A,))
FREE = (Range(i, as_integer(0), A - 1),)
OVER_P = (p, 0, A - 1)


def test_a_product_of_sums_keeps_their_indices_apart() -> None:
    (product,) = products(Sum(u[p], OVER_P) * Sum(v[p], OVER_P), FREE)
    names = [str(item.index) for item in product.context.ranges]
    assert names == ["i", "p", "p_1"]
    assert [str(reading.entry) for reading in product.readings] == ["u[p]", "v[p_1]"]


def test_a_bound_index_that_is_also_free_is_renamed() -> None:
    (product,) = products(Sum(u[i], (i, 0, A - 1)), FREE)
    assert [str(item.index) for item in product.context.ranges] == ["i", "i_1"]
    assert str(product.readings[0].entry) == "u[i_1]"


def test_an_entry_is_read_where_its_own_factors_are_not_zero() -> None:
    beside = u[i] * Sum(Delta(p, i) * v[p], OVER_P)
    (product,) = products(Iverson(i >= 1) * beside, FREE)
    first, second = product.readings
    assert [len(first.context.guards), len(second.context.guards)] == [1, 2]
    assert [len(first.context.ranges), len(second.context.ranges)] == [1, 2]
    assert len(product.context.guards) == 2
    assert first.context.complete


def test_guards_come_first_wherever_they_stand() -> None:
    (product,) = products(u[i] * Delta(i, 0), FREE)
    assert product.readings[0].context.guards == (Delta(i, 0),)


def test_an_entry_behind_a_sum_without_entries_is_perhaps_not_read() -> None:
    (product,) = products(u[i] * Sum(Delta(p, i), OVER_P), FREE)
    assert not product.readings[0].context.complete
    assert len(product.context.ranges) == 2


def test_sums_of_terms_are_multiplied_out() -> None:
    found = products((u[i] + v[i]) * (u[0] + 2), FREE)
    assert [len(product.readings) for product in found] == [2, 1, 2, 1]
    assert products(Add(()), FREE) == ()


@pytest.mark.parametrize("power", [6, 7])
def test_too_many_products_are_refused(power) -> None:
    expression = Mul(tuple(u[i] + v[i] for _ in range(power)))
    if 2**power <= MOST_PRODUCTS:
        assert len(products(expression, FREE)) == 2**power
    else:
        with pytest.raises(NotSupported, match="more than 64 products"):
            _ = products(expression, FREE)


def test_a_derivative_is_refused_and_what_is_no_expression_is_an_error() -> None:
    with pytest.raises(NotSupported, match="derivative"):
        _ = products(2 * Derivative(u[i], u[0]), FREE)
    with pytest.raises(TypeError, match="not an expression"):
        _ = products("u[i]", FREE)  # pyright: ignore[reportArgumentType]
