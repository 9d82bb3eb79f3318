"""Expressions as summands: nothing is captured, everything has its place."""

from __future__ import annotations

import pytest

from symconv.algebra.evaluation import Evaluator
from symconv.algebra.expressions import Array, Delta, Expression, Iverson, Number, Sum
from symconv.algebra.indices import Constant, between, floor, indices, sizes
from symconv.algebra.scoping import free_indices
from symconv.derivations.summands import (
    Order,
    arranged,
    layer_order,
    summands,
    tidy_integer,
    total,
)
from symconv.layers.convolution.post import conv2d

H, P, S, HH = sizes("H P S HH")
i, k, p, q = indices("i k p q")
x, w, dout = Array("x", (H,)), Array("w", (H,)), Array("dout", (H,))
ORDER = Order(first=("dout",), sizes=("H", "HH", "S", "P"))


def value(expression: Expression) -> object:
    """Return what an expression means at a small size."""
    return Evaluator({}, {H: 3, P: 1, S: 2, HH: 2}).polynomial(expression)


def over_p(body: Expression) -> Sum:
    return Sum(body, (p, 0, H - 1))


@pytest.mark.parametrize(
    "expression",
    [
        over_p(x[p]) * over_p(w[p]),
        over_p(x[p] * over_p(w[p])),
        over_p(x[p] * (w[p] + x[0])),
        over_p(x[p]) * (x[0] + w[1]) + x[2],
        over_p(x[p] * over_p(Delta(p, 1))),
        over_p(over_p(Delta(p, 1)) * x[p]) * w[0],
        Number(Constant(3)) * x[0] + x[0] * Number(Constant(-3)),
        x[0] - x[0],
        over_p(x[p]) + Sum(x[q], (q, 0, H - 1)),
        Sum(Sum(x[q], (q, p, H - 1)), (p, 0, H - 1)) * over_p(w[p]),
    ],
    ids=str,
)
def test_summands_add_up_to_the_same(expression) -> None:
    parts = summands(expression)
    assert value(total(parts)) == value(expression)
    assert value(total(arranged(part, ORDER) for part in parts)) == value(expression)


def test_two_sums_over_one_name_are_kept_apart() -> None:
    (part,) = summands(over_p(x[p]) * over_p(w[p]))
    assert len({item.index for item in part.ranges}) == 2
    assert value(part.expression()) != value(over_p(x[p] * w[p]))


def test_a_free_index_is_not_caught_by_a_sum_beside_it() -> None:
    for product in (over_p(x[p]) * w[p], w[p] * over_p(x[p])):
        (part,) = summands(product)
        assert free_indices(part.expression()) == (p,)


def test_a_sum_that_only_guards_stays_one_factor() -> None:
    guard = over_p(Delta(p, k))
    (part,) = summands(x[k] * guard)
    assert part.factors == (x[k], guard)
    assert part.ranges == ()


def test_equal_summands_are_counted() -> None:
    assert str(total(summands(x[0] + x[0]))) == "2*x[0]"
    assert str(total(summands(x[0] - x[0]))) == "0"
    assert str(total(summands(x[0] + w[0]))) == "x[0]+w[0]"
    assert str(total(())) == "0"


def test_factors_stand_in_the_order_that_people_write() -> None:
    bracket = Iverson(between(0, k * S - i, H - 1))
    (part,) = summands(w[p - S * k + i] * bracket * dout[k] * Delta(P + p, i))
    assert str(arranged(part, ORDER).expression()) == (
        "dout[k]*delta(p+P, i)*[0 <= S*k-i <= H-1]*w[i+p-S*k]"
    )


@pytest.mark.parametrize(
    ("written", "tidy"),
    [
        (P - S * k + i, "i+P-S*k"),
        (k * S + p, "p+S*k"),
        (P + H - 1, "H+P-1"),
        (i + P - HH + 1, "i+P-HH+1"),
        (1 - i, "-i+1"),
        (i - i, "0"),
        (i - 2 * k, "i-2*k"),
        (i + i - P * 3, "2*i-3*P"),
        ((P - i + i) / (S * 1), "P/S"),
        (floor(i / S) + P, "floor(i/S)+P"),
        (i / 2 + P, "i/2+P"),
    ],
    ids=str,
)
def test_an_index_is_written_as_people_write_it(written, tidy) -> None:
    assert str(tidy_integer(written, ORDER)) == tidy


def test_a_layer_tells_its_order() -> None:
    order = layer_order(conv2d())
    assert order.first == ("dout",)
    assert order.sizes == ("N", "C", "H", "W", "F", "HH", "WW", "S", "P", "Hh", "Hw")
    (part,) = summands(Number(1 + H - P + S))
    assert isinstance(arranged(part, order).factors[0], Number)
