"""A convolution with a stride and a padding for each axis, by its definition.

Plain loops over integers: slow, exact, and sharing nothing with the layer's formulas.

Shapes: x (N, C, ...), w (F, C, ...), b (F,); y and dout (N, F, ...), with any number of spatial
axes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np


def correlated(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    strides: tuple[int, ...],
    paddings: tuple[int, ...],
    dilation: int = 1,
) -> np.ndarray:
    """Return y[n, f, k...] = b[f] + sum of w[f, c, p...] * x_pad[n, c, S*k + D*p...]."""
    padded = _padded(x, paddings)
    extents = [
        (size - dilation * (length - 1) - 1) // stride + 1
        for size, length, stride in zip(padded.shape[2:], w.shape[2:], strides, strict=True)
    ]
    y = np.zeros((len(x), len(w), *extents), dtype=x.dtype)
    for place, offset, at in _meetings(extents, w.shape[2:], strides, dilation):
        y[(..., *place)] += padded[(..., *at)] @ w[(..., *offset)].T
    return y + b.reshape(-1, *[1] * len(extents))


def pulled_back(
    dout: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    strides: tuple[int, ...],
    paddings: tuple[int, ...],
) -> dict[str, np.ndarray]:
    """Return the gradients of sum(dout * y) by x, w and b."""
    padded = _padded(x, paddings)
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for place, offset, at in _meetings(dout.shape[2:], w.shape[2:], strides, 1):
        given = dout[(..., *place)]
        dpadded[(..., *at)] += given @ w[(..., *offset)]
        dw[(..., *offset)] += given.T @ padded[(..., *at)]
    inside = [slice(P, P + size) for P, size in zip(paddings, x.shape[2:], strict=True)]
    db = dout.sum(axis=(0, *range(2, dout.ndim)))
    return {"dL/dx": dpadded[(..., *inside)], "dL/dw": dw, "dL/db": db}


def _padded(x: np.ndarray, paddings: tuple[int, ...]) -> np.ndarray:
    return np.pad(x, [(0, 0), (0, 0), *((amount, amount) for amount in paddings)])


def _meetings(
    extents: tuple[int, ...] | list[int],
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilation: int,
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
    """Yield which entry of y and which of w meet at which entry of the padded input."""
    for place in product(*map(range, extents)):
        for offset in product(*map(range, kernel)):
            steps = zip(strides, place, offset, strict=True)
            yield place, offset, tuple(S * k + dilation * p for S, k, p in steps)
