"""Integers on which nothing rounds: their bounds, and that they are what they promise."""

from fractions import Fraction

import numpy as np
import pytest

from symconv.errors import UsageError
from symconv.implementations.trying.inputs import EXACT_UP_TO, MISS_GOAL, draw, in_dtype, plan
from symconv.layers.convolution.post import conv2d

LAYER = conv2d()
SMALL = LAYER.sizes("N=2,C=3,H=2,W=5,F=4,HH=2,WW=3,S=2,P=1")
LARGE = LAYER.sizes("N=4,C=3,H=30,W=30,F=4,HH=3,WW=3,S=1,P=1")
FLOATS = ["float64", "float32", "float16", "bfloat16"]


@pytest.mark.parametrize("dtype", [name for name in EXACT_UP_TO if name != "object"])
@pytest.mark.parametrize("products", [1, 12, 200])
def test_no_sum_passes_what_the_dtype_holds(dtype, products) -> None:
    chosen = plan(LAYER, SMALL, dtype, products)
    limit = EXACT_UP_TO[dtype]
    assert limit is not None
    assert chosen.kept is None
    assert products * chosen.most**2 <= limit < products * (chosen.most + 1) ** 2


@pytest.mark.parametrize("dtype", FLOATS)
def test_every_integer_up_to_the_limit_is_a_number_of_the_dtype(dtype) -> None:
    """From the dtypes themselves: the next integer after the limit is not one."""
    limit = EXACT_UP_TO[dtype]
    assert limit is not None
    if dtype == "bfloat16":
        kind = pytest.importorskip("ml_dtypes", reason="pip install 'symconv[jax]'").bfloat16
    else:
        kind = np.dtype(dtype).type
    near = [limit - 1, limit, limit + 2]
    assert [int(kind(value)) for value in near] == near
    assert int(kind(limit + 1)) != limit + 1


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "int32", "object"])
def test_rounds_bring_the_probability_of_a_miss_below_its_goal(dtype) -> None:
    chosen = plan(LAYER, SMALL, dtype, 24)
    assert chosen.miss < MISS_GOAL
    once = Fraction(2, 2 * chosen.most + 1)
    assert chosen.miss == once**chosen.rounds
    assert chosen.rounds == 1 or once ** (chosen.rounds - 1) >= MISS_GOAL
    assert "below 2^-" in chosen.sentence()


def test_the_bound_of_big_integers_is_below_a_hundred_bits() -> None:
    chosen = plan(LAYER, SMALL, "object", 24)
    assert chosen.rounds == 1
    assert chosen.miss < Fraction(1, 2**100)
    assert "128 bits" in chosen.sentence()


def test_sums_too_long_for_a_dtype_get_sparse_inputs() -> None:
    chosen = plan(LAYER, LARGE, "bfloat16", 3600)
    assert (chosen.most, chosen.kept) == (1, 255)
    drawn = draw(LAYER, LARGE, chosen, 0)
    for name in ("x", "dout"):
        assert np.count_nonzero(drawn[name]) == 255
    assert np.count_nonzero(drawn["w"]) > 50
    assert "255 of x and dout not 0" in chosen.sentence()


def test_draws_differ_from_round_to_round_and_repeat_from_run_to_run() -> None:
    chosen = plan(LAYER, SMALL, "float64", 24)
    first, again, other = (draw(LAYER, SMALL, chosen, number) for number in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not any(np.array_equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int32", "object"])
def test_drawn_integers_survive_the_dtype(dtype) -> None:
    chosen = plan(LAYER, SMALL, dtype, 24)
    drawn = draw(LAYER, SMALL, chosen, 0)
    arrays = in_dtype(drawn, dtype)
    for name, array in arrays.items():
        assert array.dtype == np.dtype(dtype)
        assert [int(value) for value in array.flat] == [int(value) for value in drawn[name].flat]
        assert max(abs(int(value)) for value in array.flat) <= chosen.most


def test_a_dtype_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown dtype 'float7'"):
        _ = plan(LAYER, SMALL, "float7", 24)
