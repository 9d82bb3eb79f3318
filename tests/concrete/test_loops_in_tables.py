"""Loops as tables: right ones are right, and wrong ones differ exactly where NumPy says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from symconv.algebra.evaluation import Evaluator, Polynomial
from symconv.algebra.expressions import (
    Array,
    Statement,
)
from symconv.algebra.indices import Constant, Range, Size, indices
from symconv.concrete.differences import Difference, smallest_difference
from symconv.concrete.monomial_tables import Tables
from symconv.errors import LoopRaised, NotSupported, WrongShape
from symconv.layers.convolution import loops
from symconv.layers.layer import Layer, Loop, Sizes
from tests.concrete.brute_force import LAYER

DEFAULT = [LAYER.sizes(text) for text in LAYER.default_sizes]
REVEALING = LAYER.sizes("N=2,C=2,H=2,W=5,F=3,HH=1,WW=3,S=3,P=2")
SMALL = [
    LAYER.sizes("N=1,C=1,H=2,W=3,F=2,HH=1,WW=2,S=2,P=1"),
    LAYER.sizes("N=2,C=1,H=3,W=2,F=1,HH=2,WW=1,S=1,P=0"),
]
EXAMPLE = LAYER.sizes("N=1,C=1,H=5,W=5,F=1,HH=3,WW=3,S=2,P=0")


@pytest.mark.parametrize("at", DEFAULT, ids=str)
def test_every_loop_computes_what_it_should(at) -> None:
    tables = Tables(LAYER, at)
    for loop in LAYER.loops:
        assert tables.compare_loop(loop) is None, loop.name


# Loops that are wrong, each with what it computes.


def crop_from_zero(dout, x, w, S, P):
    dx_pad = loops.input_gradient_scatter(dout, np.zeros_like(x, shape=padded(x, P)), w, S, 0)
    return dx_pad[:, :, : x.shape[2], : x.shape[3]]


def crop_one_too_late(dout, x, w, S, P):
    dx_pad = loops.input_gradient_scatter(dout, np.zeros_like(x, shape=padded(x, P)), w, S, 0)
    return dx_pad[:, :, P + 1 : P + 1 + x.shape[2], P : P + x.shape[3]]


def crop_to_minus_padding(dout, x, w, S, P):
    dx_pad = loops.input_gradient_scatter(dout, np.zeros_like(x, shape=padded(x, P)), w, S, 0)
    return dx_pad[:, :, P:-P, P:-P]


def padded(x, P):
    N, C, H, W = x.shape
    return N, C, H + 2 * P, W + 2 * P


def scatter_overwriting(dout, x, w, S, P):
    H, W, HH, WW = *x.shape[2:], *w.shape[2:]
    dx_pad = np.zeros_like(x, shape=padded(x, P))
    for n, f, k, l in np.ndindex(*dout.shape):
        dx_pad[n, :, k * S : k * S + HH, l * S : l * S + WW] = dout[n, f, k, l] * w[f]
    return dx_pad[:, :, P : P + H, P : P + W]


def scatter_subtracting(dout, x, w, S, P):
    H, W, HH, WW = *x.shape[2:], *w.shape[2:]
    dx_pad = np.zeros_like(x, shape=padded(x, P))
    for n, f, k, l in np.ndindex(*dout.shape):
        dx_pad[n, :, k * S : k * S + HH, l * S : l * S + WW] -= dout[n, f, k, l] * w[f]
    return dx_pad[:, :, P : P + H, P : P + W]


def scatter_a_flipped_filter(dout, x, w, S, P):
    return loops.input_gradient_scatter(dout, x, w[:, :, ::-1, :], S, P)


def scatter_the_last_image_only(dout, x, w, S, P):
    dx = np.zeros_like(x)
    dx[-1:] = loops.input_gradient_scatter(dout[-1:], x[-1:], w, S, P)
    return dx


def scatter_doubled(dout, x, w, S, P):
    return 2 * loops.input_gradient_scatter(dout, x, w, S, P)


def forward_without_bias(x, w, b, S, P):
    return loops.forward(x, w, np.zeros_like(b), S, P)


def forward_missing_the_last_row(x, w, b, S, P):
    y = loops.forward(x, w, b, S, P)
    y[:, :, -1] = 0
    return y


def forward_with_images_swapped(x, w, b, S, P):
    return loops.forward(x[::-1], w, b, S, P)


def forward_assigning_to_one_image(x, w, b, S, P):
    y = loops.forward(x, w, b, S, P)
    y[0] = y[-1]
    return y


def forward_with_the_bias_in_every_product(x, w, b, S, P):
    y = loops.forward(x, w, b, S, P)
    for n, f, k, l in np.ndindex(*y.shape):
        y[n, f, k, l] += b[f]
    return y


def forward_padded_on_one_side(x, w, b, S, P):
    x_pad = np.zeros_like(x, shape=padded(x, P))
    x_pad[:, :, 2 * P :, P : P + x.shape[3]] = x
    return loops.forward(x_pad, w, b, S, 0)


def weights_with_height_and_width_swapped(dout, x, w, S, P):
    x_pad = loops.pad(x, P)
    dw = np.zeros_like(w)
    for f, c, i, j in np.ndindex(*w.shape):
        for n, k, l in np.ndindex(dout.shape[0], *dout.shape[2:]):
            if j + k * S < x_pad.shape[2] and i + l * S < x_pad.shape[3]:
                dw[f, c, i, j] += dout[n, f, k, l] * x_pad[n, c, j + k * S, i + l * S]
    return dw


def weights_with_the_last_term_only(dout, x, w, S, P):
    x_pad = loops.pad(x, P)
    dw = np.zeros_like(w)
    for f, c, i, j in np.ndindex(*w.shape):
        for n, k, l in np.ndindex(dout.shape[0], *dout.shape[2:]):
            dw[f, c, i, j] = dout[n, f, k, l] * x_pad[n, c, i + k * S, j + l * S]
    return dw


def weights_over_the_wrong_axis(dout, x, w, S, P):
    dw = loops.weights_gradient(dout, x, w, S, P)
    dw[0] = dw[-1]
    return dw


def bias_of_the_first_image(dout, b):
    return loops.bias_gradient(dout[:1], b)


def bias_over_filters(dout, b):
    db = np.zeros_like(b)
    for f in range(b.shape[0]):
        db[f] = np.sum(dout[0, :, 0, 0])
    return db


def bias_by_accumulating_twice(dout, b):
    db = np.zeros_like(b)
    for n, f, k, l in np.ndindex(*dout.shape):
        db[f] += dout[n, f, k, l]
        db[f] += dout[n, f, k, l]
    return db


def bias_as_an_axis_sum_of_one_filter(dout, b):
    return np.sum(dout[:, :, ::-1], axis=(0, 2, 3)) - np.sum(dout[:, :, 0], axis=(0, 2))


X_ARGUMENTS, W_ARGUMENTS = ("dout", "x", "w", "S", "P"), ("x", "w", "b", "S", "P")
WRONG = [
    *(
        Loop(f"loop/{function.__name__}", function, X_ARGUMENTS, "dL/dx")
        for function in (
            crop_from_zero,
            crop_one_too_late,
            scatter_overwriting,
            scatter_subtracting,
            scatter_a_flipped_filter,
            scatter_the_last_image_only,
            scatter_doubled,
        )
    ),
    *(
        Loop(f"loop/{function.__name__}", function, W_ARGUMENTS, "y")
        for function in (
            forward_without_bias,
            forward_missing_the_last_row,
            forward_with_images_swapped,
            forward_assigning_to_one_image,
            forward_with_the_bias_in_every_product,
            forward_padded_on_one_side,
        )
    ),
    *(
        Loop(f"loop/{function.__name__}", function, X_ARGUMENTS, "dL/dw")
        for function in (
            weights_with_height_and_width_swapped,
            weights_with_the_last_term_only,
            weights_over_the_wrong_axis,
        )
    ),
    *(
        Loop(f"loop/{function.__name__}", function, ("dout", "b"), "dL/db")
        for function in (
            bias_of_the_first_image,
            bias_over_filters,
            bias_by_accumulating_twice,
            bias_as_an_axis_sum_of_one_filter,
        )
    ),
]
SEES_EVERYTHING = LAYER.sizes("N=2,C=2,H=4,W=3,F=2,HH=2,WW=3,S=1,P=1")


def by_numpy(loop: Loop, at: Sizes, object_array, polynomials) -> Difference | None:
    """Run a loop on object arrays of polynomials and find the smallest difference."""
    scope = at.by_symbol
    evaluator = Evaluator(LAYER.definition_by_name, scope)
    arrays = {
        array.name: object_array(
            array.name, tuple(int(evaluator.integer(extent)) for extent in array.shape)
        )
        for array in LAYER.inputs
    }
    result = LAYER.run_loop(loop, arrays, at)
    got: dict[tuple[int, ...], Polynomial] = polynomials(result)
    names = LAYER.index_names(loop.computes)
    for position in np.ndindex(*result.shape):
        expected = evaluator.polynomial(LAYER.named_entry(loop.computes, position))
        difference = smallest_difference(
            dict(zip(names, position, strict=True)), expected, got.get(position, {})
        )
        if difference is not None:
            return difference
    return None


@pytest.mark.parametrize("loop", WRONG, ids=lambda loop: loop.name)
def test_a_wrong_loop_differs_exactly_where_numpy_says(loop, object_array, polynomials) -> None:
    difference = Tables(LAYER, SEES_EVERYTHING).compare_loop(loop)
    assert difference is not None
    assert difference == by_numpy(loop, SEES_EVERYTHING, object_array, polynomials)


@pytest.mark.parametrize("loop", LAYER.loops, ids=lambda loop: loop.name)
def test_a_right_loop_is_right_by_numpy_too(loop, object_array, polynomials) -> None:
    assert by_numpy(loop, SMALL[0], object_array, polynomials) is None


def test_a_loop_that_is_wrong_at_some_sizes_only_is_right_at_the_others() -> None:
    loop = Loop("loop/crop", crop_one_too_late, X_ARGUMENTS, "dL/dx")
    unpadded = Loop("loop/crop", crop_from_zero, X_ARGUMENTS, "dL/dx")
    assert Tables(LAYER, EXAMPLE).compare_loop(unpadded) is None
    assert Tables(LAYER, REVEALING).compare_loop(unpadded) is not None
    assert Tables(LAYER, REVEALING).compare_loop(loop) is not None


def test_a_wrong_shape_is_told_with_both_shapes() -> None:
    loop = Loop("loop/crop", crop_to_minus_padding, X_ARGUMENTS, "dL/dx")
    assert Tables(LAYER, REVEALING).compare_loop(loop) is None
    with pytest.raises(WrongShape) as caught:
        Tables(LAYER, EXAMPLE).compare_loop(loop)
    assert (caught.value.got, caught.value.expected) == ((1, 1, 0, 0), (1, 1, 5, 5))


@pytest.mark.parametrize(
    ("error", "function"),
    [
        (LoopRaised, lambda dout, b: dout[:, b.shape[0]]),
        (LoopRaised, lambda dout, b: dout * b[:2]),
        (LoopRaised, lambda dout, b: 1 // 0),
        (NotSupported, lambda dout, b: np.sort(dout)),
        (NotSupported, lambda dout, b: np.zeros(b.shape)),
        (NotSupported, lambda dout, b: np.zeros(b.shape).__setitem__(0, b[0])),
        (NotSupported, lambda dout, b: b * b),
        (WrongShape, lambda dout, b: b[:0]),
        (WrongShape, lambda dout, b: b[0]),
    ],
)
def test_what_a_loop_does_that_cannot_be_compared_says_why(error, function) -> None:
    with pytest.raises(error):
        Tables(LAYER, REVEALING).compare_loop(Loop("loop/db", function, ("dout", "b"), "dL/db"))


def test_a_loop_may_not_take_a_defined_array() -> None:
    loop = Loop("loop/dw", loops.weights_gradient, ("dout", "x_pad", "w", "S", "P"), "dL/dw")
    with pytest.raises(NotSupported, match="x_pad, which is not an input"):
        Tables(LAYER, EXAMPLE).compare_loop(loop)


def test_a_loop_takes_as_many_arrays_as_codes_can_tell_apart() -> None:
    arrays = tuple(Array(f"a{number}", (Size("N"),)) for number in range(8))
    layer = Layer(name="wide", given=(Size("N"),), inputs=arrays)
    loop = Loop("loop/a0", lambda *rest: rest[0], tuple(a.name for a in arrays), "a0")
    with pytest.raises(NotSupported, match="more than 7 arrays"):
        Tables(with_names(layer), layer.sizes(N=2)).compare_loop(loop)
    fewer = replace(loop, arguments=loop.arguments[:7])
    assert Tables(with_names(layer), layer.sizes(N=2)).compare_loop(fewer) is None


def with_names(layer: Layer) -> Layer:
    """Give the layer a statement that names the indices of its first array."""
    (index,) = indices("i")
    first = layer.inputs[0]
    free = Range(index, Constant(0), first.shape[0] - 1)
    return replace(layer, statements=(Statement(first[index], first[index], (free,), name="a0"),))
