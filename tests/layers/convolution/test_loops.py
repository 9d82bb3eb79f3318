"""The loops against published numbers, and in every dtype."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from symconv.layers.convolution import loops
from symconv.layers.convolution.post import conv2d

# The forward check of the CS231n assignment, to 8 decimals.
PUBLISHED = np.array(
    [
        -0.08759809, -0.10987781, -0.18387192, -0.2109216,
        0.21027089, 0.21661097, 0.22847626, 0.23004637,
        0.50813986, 0.54309974, 0.64082444, 0.67101435,
        -0.98053589, -1.03143541, -1.19128892, -1.24695841,
        0.69108355, 0.66880383, 0.59480972, 0.56776003,
        2.36270298, 2.36904306, 2.38090835, 2.38247847,
    ]
).reshape(2, 3, 2, 2)  # fmt: skip


def published_inputs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = np.linspace(-0.1, 0.5, num=2 * 3 * 4 * 4).reshape(2, 3, 4, 4)
    w = np.linspace(-0.2, 0.3, num=3 * 3 * 4 * 4).reshape(3, 3, 4, 4)
    b = np.linspace(-0.1, 0.2, num=3)
    return x, w, b


def test_the_forward_loops_give_the_published_output() -> None:
    x, w, b = published_inputs()
    y = loops.forward(x, w, b, S=2, P=1)
    assert np.array_equal(y.round(8), PUBLISHED)


@pytest.mark.parametrize(("S", "P"), [(1, 1), (2, 0), (2, 2)])
def test_another_stride_or_padding_does_not_give_it(S: int, P: int) -> None:
    x, w, b = published_inputs()
    y = loops.forward(x, w, b, S=S, P=P)
    assert y.shape != PUBLISHED.shape or not np.array_equal(y.round(8), PUBLISHED)


def integers(dtype: object) -> dict[str, np.ndarray]:
    sizes = conv2d().sizes("N=2,C=2,H=3,W=5,F=3,HH=2,WW=3,S=2,P=1")
    shapes = {
        "x": (sizes["N"], sizes["C"], sizes["H"], sizes["W"]),
        "w": (sizes["F"], sizes["C"], sizes["HH"], sizes["WW"]),
        "b": (sizes["F"],),
        "dout": (sizes["N"], sizes["F"], sizes["Hh"], sizes["Hw"]),
    }
    source = np.random.default_rng(7)
    return {
        name: source.integers(-9, 10, size=shape).astype(dtype) for name, shape in shapes.items()
    }


@pytest.mark.parametrize("loop", conv2d().loops, ids=lambda loop: loop.name)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32", object])
def test_every_dtype_gives_the_same_integers_and_keeps_its_dtype(loop, dtype) -> None:
    def run(arrays: dict[str, np.ndarray]) -> np.ndarray:
        return loop.function(*({**arrays, "S": 2, "P": 1}[name] for name in loop.arguments))

    reference = run(integers("int64"))
    result = run(integers(dtype))
    assert result.dtype == np.dtype(dtype)
    assert (result == reference).all()
    assert reference.any()


def test_big_integers_and_symbols_stay_what_they_are() -> None:
    big = np.array([[[[2**100, 1], [0, 3]]]], dtype=object)
    padded = loops.pad(big, 1)
    assert {type(value) for value in padded.flat} == {int}
    assert padded[0, 0, 1, 1] == 2**100
    symbol = sympy.Symbol("a")
    one = np.array([[[[symbol]]]], dtype=object)
    y = loops.forward(one, one, np.array([0], dtype=object), S=1, P=0)
    assert y[0, 0, 0, 0] == symbol**2


def test_both_input_gradients_agree_and_leave_their_inputs_alone() -> None:
    arrays = integers("int64")
    before = {name: array.copy() for name, array in arrays.items()}
    nine = loops.input_gradient(arrays["dout"], arrays["x"], arrays["w"], S=2, P=1)
    scatter = loops.input_gradient_scatter(arrays["dout"], arrays["x"], arrays["w"], S=2, P=1)
    assert np.array_equal(nine, scatter)
    assert all(np.array_equal(arrays[name], before[name]) for name in arrays)


def test_the_crop_is_right_without_padding() -> None:
    arrays = integers("int64")
    dout = loops.forward(arrays["x"], arrays["w"], arrays["b"], S=2, P=0)
    scatter = loops.input_gradient_scatter(dout, arrays["x"], arrays["w"], S=2, P=0)
    assert scatter.shape == arrays["x"].shape
    assert scatter.any()
