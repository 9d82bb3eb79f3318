"""The SymPy oracle: closed forms entry by entry, and what it notices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy

from symconv.algebra.evaluation import Evaluator
from symconv.algebra.expressions import Array, Definition, Delta, Derivative, Statement, Sum
from symconv.algebra.indices import Constant, Range, indices, sizes
from symconv.concrete.closed_forms import ClosedForm, Oracle
from symconv.errors import (
    IllFormed,
    TooLarge,
    UnknownStatement,
    UsageError,
    WrongShape,
)
from symconv.layers.convolution.forward import HH, P, n, p, x
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Layer

LAYER = conv2d()
EXAMPLE = LAYER.sizes("N=1,C=1,H=5,W=5,F=1,HH=3,WW=3,S=2,P=0")
TINY = [
    LAYER.sizes(text)
    for text in (
        "N=1,C=1,H=1,W=1,F=1,HH=1,WW=1,S=1,P=0",
        "N=1,C=1,H=2,W=3,F=2,HH=1,WW=2,S=2,P=1",
        "N=2,C=2,H=2,W=1,F=1,HH=2,WW=1,S=1,P=0",
    )
]

(N,) = sizes("N")
i, j = indices("i j")
a, b, c = Array("a", (N,)), Array("b", (N,)), Array("c", (N,))
SQUARE = Layer(
    name="square",
    given=(N,),
    inputs=(a,),
    definitions=(Definition(b[i], 3 * a[i]), Definition(c[i], b[i] * b[i])),
)
EACH = (Range(i, Constant(0), N - 1), Range(j, Constant(0), N - 1))


@pytest.mark.parametrize("at", TINY, ids=str)
@pytest.mark.parametrize("statement", LAYER.statements, ids=lambda item: item.key)
def test_every_statement_equals_its_automatic_derivative(statement, at) -> None:
    evaluator = Evaluator({}, at.by_symbol)
    if all(map(evaluator.truth, statement.assumptions)):
        assert Oracle(LAYER, at).compare(statement) is None


@pytest.mark.parametrize("at", TINY, ids=str)
@pytest.mark.parametrize("loop", LAYER.loops, ids=lambda item: item.name)
def test_every_loop_computes_on_symbols_what_it_should(loop, at) -> None:
    assert Oracle(LAYER, at).compare_loop(loop) is None


def test_closed_forms_are_sympy_expressions_by_position() -> None:
    dx = LAYER.closed_form("dL/dx", EXAMPLE)
    assert dx.shape == (1, 1, 5, 5)
    assert str(dx[0, 0, 2, 2]) == (
        "dout[0,0,0,0]*w[0,0,2,2] + dout[0,0,0,1]*w[0,0,2,0] + "
        "dout[0,0,1,0]*w[0,0,0,2] + dout[0,0,1,1]*w[0,0,0,0]"
    )
    y11 = LAYER.closed_form("y", EXAMPLE)[0, 0, 1, 1]
    weight = LAYER.closed_form("y", EXAMPLE).symbol("w", 0, 0, 2, 1)
    assert str(sympy.diff(y11, weight)) == "x[0,0,4,3]"
    assert isinstance(y11, sympy.Expr)


def test_jacobians_take_both_positions() -> None:
    dy_dw = LAYER.closed_form("dy/dw", EXAMPLE)
    assert dy_dw.shape == (1, 1, 2, 2, 1, 1, 3, 3)
    assert str(dy_dw[0, 0, 1, 1, 0, 0, 2, 1]) == "x[0,0,4,3]"
    assert LAYER.closed_form("dy/db", EXAMPLE)[0, 0, 1, 1, 0] == 1


def test_items_run_through_every_entry() -> None:
    padded = LAYER.closed_form("x_pad", LAYER.sizes("N=1,C=1,H=1,W=1,F=1,HH=1,WW=1,S=1,P=1"))
    texts = {position: str(entry) for position, entry in padded.items()}
    assert len(texts) == 9
    assert texts.pop((0, 0, 1, 1)) == "x[0,0,0,0]"
    assert set(texts.values()) == {"0"}


@pytest.mark.parametrize("position", [(0, 0, 5, 0), (0, 0, 0), (0, 0, 0, -1), 0])
def test_positions_outside_the_shape_are_refused(position) -> None:
    with pytest.raises(IndexError, match="the shape is"):
        _ = LAYER.closed_form("dL/dx", EXAMPLE)[position]


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UsageError):
        _ = LAYER.closed_form("nonsense", EXAMPLE)
    with pytest.raises(UnknownStatement):
        _ = LAYER.closed_form("dL/dz", EXAMPLE)


def test_sizes_beyond_memory_are_refused_before_anything_is_built() -> None:
    huge = LAYER.sizes("N=9,C=99,H=999,W=999,F=99,HH=9,WW=9,S=1,P=0")
    with pytest.raises(TooLarge) as caught:
        _ = ClosedForm(LAYER, "dL/dx", huge)
    assert caught.value.terms > 10**12
    assert f"{caught.value.terms:,}" in str(caught.value)


def test_a_difference_is_the_smallest_one() -> None:
    statement = LAYER.statement("dL/dx:contracted")
    wrong = statement.with_sides(statement.lhs, 2 * statement.rhs)
    difference = Oracle(LAYER, EXAMPLE).compare(wrong)
    assert difference is not None
    assert difference.indices == {"n'": 0, "c'": 0, "i": 0, "j": 0}
    assert difference.monomial == (("dout", (0, 0, 0, 0)), ("w", (0, 0, 0, 0)))
    assert (difference.left, difference.right) == (1, 2)


def test_an_entry_out_of_range_is_ill_formed_on_either_side() -> None:
    free = (Range(n, Constant(0), Constant(0)),)
    inside, outside = x[n, 0, 0, 0], x[n, 0, 0, 5]
    for lhs, rhs in ((inside, outside), (outside, inside)):
        with pytest.raises(IllFormed) as caught:
            _ = Oracle(LAYER, EXAMPLE).compare(Statement(lhs, rhs, free=free))
        assert caught.value.code == "out-of-range"
    with pytest.raises(IllFormed) as caught:
        _ = Oracle(LAYER, EXAMPLE).compare(Statement(x[0, 0, P / 2 + n / 2, 0], inside, free=()))
    assert caught.value.code == "unbound-index"
    with pytest.raises(IllFormed) as caught:
        _ = Oracle(LAYER, EXAMPLE).compare(Statement(x[0, 0, HH / 2, 0], x[0, 0, 0, 0]))
    assert caught.value.code == "non-integer-index"
    with pytest.raises(IllFormed) as caught:
        _ = Oracle(LAYER, EXAMPLE).compare(
            Statement(Sum(x[0, 0, p, 0], (p, 0, HH / 2)), x[0, 0, 0, 0])
        )
    assert caught.value.code == "non-integer-bound"


def test_what_is_left_of_a_defined_array_is_expanded_after_differentiating() -> None:
    oracle = Oracle(SQUARE, SQUARE.sizes(N=2))
    right = Statement(Derivative(c[i], b[j]), 6 * a[i] * Delta(i, j), free=EACH)
    assert oracle.compare(right) is None
    squared = replace(right, lhs=Derivative(b[i] * b[i], b[j]))
    assert oracle.compare(squared) is None
    wrong = replace(right, rhs=2 * a[i] * Delta(i, j))
    difference = oracle.compare(wrong)
    assert difference is not None
    assert (difference.left, difference.right) == (6, 2)


def test_derivatives_inside_derivatives_are_taken_from_the_inside_out() -> None:
    oracle = Oracle(SQUARE, SQUARE.sizes(N=2))
    by_b = Derivative(c[i], b[j])
    mixed = Statement(Derivative(by_b, a[j]), 6 * Delta(i, j), free=EACH)
    assert oracle.compare(mixed) is None
    twice = Statement(Derivative(by_b, b[j]), 2 * Delta(i, j), free=EACH)
    assert oracle.compare(twice) is None
    assert oracle.compare(replace(mixed, rhs=2 * Delta(i, j))) is not None
    outside = replace(mixed, lhs=Derivative(by_b, a[j + 1]))
    with pytest.raises(IllFormed, match=r"reads a\[2\]"):
        _ = oracle.compare(outside)


def test_wrong_loops_are_noticed() -> None:
    forward, *_, scatter = LAYER.loops

    def doubled(*arguments):
        return 2 * forward.function(*arguments)

    def uncropped(*arguments):
        return np.pad(scatter.function(*arguments), 1)

    oracle = Oracle(LAYER, EXAMPLE)
    difference = oracle.compare_loop(replace(forward, function=doubled))
    assert difference is not None
    assert difference.indices == {"n": 0, "f": 0, "k": 0, "l": 0}
    with pytest.raises(WrongShape) as caught:
        _ = oracle.compare_loop(replace(scatter, function=uncropped))
    assert caught.value.expected == (1, 1, 5, 5)
    assert caught.value.got == (3, 3, 7, 7)
