"""Other layers that code may compute, as plain loops, to be told from a wrong usual one.

They are there to recognise a layer, not to judge it: what is one of them at a few shapes, entry
by entry, is not called a wrong convolution of two axes. Where code can be compared with that
layer, it says what has to be said for that. Everything is exact: integers in, integers out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from symconv.implementations.diagnosing.correlation import correlated

Arrays: TypeAlias = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class OtherLayer:
    """One other layer at one shape.

    Attributes:
        name: what it is: ``a 1-D convolution``.
        arrays: x, w and b in its own shapes.
        y: what it computes from them.
    """

    name: str
    arrays: Arrays
    y: np.ndarray

    @property
    def sizes(self) -> dict[str, int]:
        """The channels and filters that a constructor is told, where x holds a batch of images."""
        x = self.arrays["x"]
        is_batch = x.ndim == self.y.ndim == 4 and "of one" not in self.name
        return {"C": x.shape[1], "F": len(self.arrays["b"])} if is_batch else {}


_NAME_BY_WORD = {
    **dict.fromkeys(("1d", "conv1d", "correlate1d", "convolve1d"), "a 1-D convolution"),
    **dict.fromkeys(("3d", "conv3d"), "a 3-D convolution"),
    **dict.fromkeys(("depthwise", "separable"), "a depthwise convolution"),
    **dict.fromkeys(("grouped", "group"), "a grouped convolution"),
    **dict.fromkeys(("dilated", "atrous"), "a dilated convolution"),
    **dict.fromkeys(
        ("transpose", "transposed", "transpose2d", "deconv", "deconv2d", "deconvolution"),
        "a transposed convolution",
    ),
}


_OPTIONS_BY_NAME: Mapping[str, Mapping[str, Any]] = {
    "a 1-D convolution": {"layer": "conv1d"},
    "a 1-D convolution of one sample": {"layer": "conv1d", "batch": False},
    "a 3-D convolution": {"layer": "conv3d"},
    "a 3-D convolution of one sample": {"layer": "conv3d", "batch": False},
    "a depthwise convolution": {"layer": "conv2d depthwise"},
    "a transposed convolution": {"layer": "conv_transpose2d"},
    "a transposed convolution of one image": {"layer": "conv_transpose2d", "batch": False},
    "a convolution with “same” padding": {"layer": "conv2d same"},
}


def options_for(name: str) -> Mapping[str, Any]:
    """Return what says, as of `CodeOptions`, that code is a layer that is recognised.

    Empty where none of the layers that code is compared with is that: its dilation is built in,
    or a rectifier follows.
    """
    return _OPTIONS_BY_NAME.get(name, {})


def spoken_of(name: str) -> str:
    """Return the other convolution that a name speaks of, or an empty string."""
    words = re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).casefold())
    return next((_NAME_BY_WORD[word] for word in words if word in _NAME_BY_WORD), "")


def other_layers(S: int, P: int, draw: np.random.Generator, *, bias: bool) -> Iterator[OtherLayer]:
    """Yield other convolutions on drawn integers, at a stride and a padding."""

    def drawn(*shape: int) -> np.ndarray:
        return draw.integers(-8, 9, shape)

    def given(x: np.ndarray, w: np.ndarray, F: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        b = drawn(F) if bias else np.zeros(F, dtype=np.int64)
        return b, {"x": x, "w": w, "b": b}

    for rank, kernel, image in ((1, (3,), (8,)), (3, (2, 3, 2), (4, 6, 5))):
        x, w = drawn(2, 3, *image), drawn(4, 3, *kernel)
        b, arrays = given(x, w, 4)
        y = correlated(x, w, b, (S,) * rank, (P,) * rank)
        yield OtherLayer(f"a {rank}-D convolution", arrays, y)
        yield OtherLayer(f"a {rank}-D convolution of one sample", {**arrays, "x": x[:1][0]}, y[0])
    # One plane, one filter or several.
    x, w = drawn(1, 1, 6, 7), drawn(4, 1, 2, 3)
    b, arrays = given(x, w, 4)
    y = correlated(x, w, b, (S, S), (P, P))
    plane = {**arrays, "x": x[0, 0], "w": w[:, 0]}
    for of in (y[0], y[0].transpose(1, 2, 0)):
        yield OtherLayer("a convolution of one plane", plane, of)
    one = {"x": x[0, 0], "w": w[0, 0], "b": b[:1]}
    yield OtherLayer("a convolution of one plane by one filter", one, y[0, 0])
    # Each channel has filters of its own.
    x, w = drawn(2, 4, 6, 7), drawn(4, 1, 2, 3)
    b, arrays = given(x, w, 4)
    y = np.concatenate(
        [correlated(x[:, c : c + 1], w[c : c + 1], b[c : c + 1], (S, S), (P, P)) for c in range(4)],
        axis=1,
    )
    yield OtherLayer("a depthwise convolution", arrays, y)
    yield OtherLayer("a depthwise convolution by planes", {**arrays, "w": w[:, 0]}, y)
    w = drawn(4, 2, 2, 3)
    b, arrays = given(x, w, 4)
    halves = [
        correlated(
            x[:, 2 * g : 2 * g + 2], w[2 * g : 2 * g + 2], b[2 * g : 2 * g + 2], (S, S), (P, P)
        )
        for g in range(2)
    ]
    yield OtherLayer("a convolution in two groups", arrays, np.concatenate(halves, axis=1))
    for dilation in (2, 3):
        x, w = drawn(2, 3, 9, 10), drawn(4, 3, 2, 3)
        b, arrays = given(x, w, 4)
        y = correlated(x, w, b, (S, S), (P, P), dilation)
        yield OtherLayer(f"a convolution with dilation {dilation}", arrays, y)
    yield from _transposed(S, P, drawn, bias=bias)
    x, w = drawn(2, 3, 6, 7), drawn(4, 3, 3, 2)
    b, arrays = given(x, w, 4)
    y = correlated(x, w, b, (S, S), (P, P))
    yield OtherLayer("a convolution behind a rectifier", arrays, np.maximum(y, 0))
    yield OtherLayer("a convolution with “same” padding", arrays, _same(x, w, b, S))


def _transposed(
    S: int, P: int, drawn: Callable[..., np.ndarray], *, bias: bool
) -> Iterator[OtherLayer]:
    x, w = drawn(2, 3, 4, 5), drawn(3, 4, 3, 4)
    b = drawn(4) if bias else np.zeros(4, dtype=np.int64)
    rows, columns = S * 3 + 3, S * 4 + 4
    whole = np.zeros((2, 4, rows, columns), dtype=np.int64)
    for i, j, p, q in product(range(4), range(5), range(3), range(4)):
        whole[:, :, S * i + p, S * j + q] += x[:, :, i, j] @ w[:, :, p, q]
    y = whole[:, :, P : rows - P, P : columns - P] + b[:, None, None]
    arrays = {"x": x, "w": w, "b": b}
    yield OtherLayer("a transposed convolution", arrays, y)
    yield OtherLayer("a transposed convolution of one image", {**arrays, "x": x[0]}, y[0])


def _same(x: np.ndarray, w: np.ndarray, b: np.ndarray, S: int) -> np.ndarray:
    """Correlate so that the output has the input's size divided by the stride, rounded up."""
    sums = [
        max((-(-size // S) - 1) * S + length - size, 0)
        for size, length in zip(x.shape[2:], w.shape[2:], strict=True)
    ]
    around = [(0, 0), (0, 0), *((total // 2, total - total // 2) for total in sums)]
    return correlated(np.pad(x, around), w, b, (S, S), (0, 0))
