"""Layers and derivations that several tests look at."""

from __future__ import annotations

from functools import cache

import pytest

from symconv.algebra.expressions import Array, Definition, Iverson, Sum
from symconv.algebra.indices import IntegerLike, Size, as_integer, between, indices, sizes
from symconv.derivations.derivation import Derivation
from symconv.derivations.steps import derive
from symconv.layers.axis import Axis
from symconv.layers.layer import DerivedSize, Layer

X, K, O, S, D, P = sizes("X K O S D P")
i, k, p = indices("i k p")


def one_dimensional(
    *, stride: IntegerLike = S, dilation: IntegerLike = D, padded: bool = False
) -> Layer:
    """Make a 1-D convolution of one channel, as a user would.

    Shapes: x: (X,); w: (K,); y, dout: (O,); x_pad, where there is one: (X+2P,).
    """
    padding = P if padded else as_integer(0)
    axis = Axis(X, K, O, as_integer(stride), padding, padding, dilation)
    x, w, dout, y, loss = (
        Array("x", (X,)), Array("w", (K,)), Array("dout", (O,)), Array("y", (O,)), Array("L"),
    )  # fmt: skip
    x_pad = Array("x_pad", (axis.padded,)) if padded else x
    padding_definition = Definition(x_pad[i], Iverson(between(P, i, P + X - 1)) * x[i - P])
    symbols = (X, K, stride, dilation, *([P] if padded else []))
    return Layer(
        name="one-dimensional",
        given=tuple(symbol for symbol in symbols if isinstance(symbol, Size)),
        minimum={P: 0} if padded else {},
        derived=(DerivedSize(O, axis.output_extent, axis.output_conditions()),),
        constraints=axis.constraints(),
        inputs=(x, w, dout),
        definitions=(
            *([padding_definition] if padded else []),
            Definition(y[k], Sum(w[p] * x_pad[stride * k + dilation * p], (p, 0, K - 1))),
            Definition(loss[()], Sum(dout[k] * y[k], (k, 0, O - 1))),
        ),
        output=y,
        upstream=dout,
        loss=loss,
    )


@cache
def _of_conv2d(name: str) -> Derivation:
    return derive(name)


@pytest.fixture(scope="session")
def derived():
    """Return a derivation of conv2d by its name, made once."""
    return _of_conv2d


@pytest.fixture(scope="session")
def layer_of_a_user():
    """Return a 1-D layer by its stride, its dilation and whether it is padded."""
    return one_dimensional
