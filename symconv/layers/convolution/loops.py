"""The loops of the 2-D convolution, generic in dtype.

Numbers of any dtype, Python integers and SymPy expressions in object arrays, and traced
entries run through the same loops unchanged: results are allocated with
`np.zeros_like(argument, shape=...)`, and nothing but slices, products and sums is used.

Shapes: see `forward`. Units: S and P count input positions.

Source: the post's listings, with the output size computed and the padding written out.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def pad(x: Any, P: int) -> Any:
    """Return x with P rows and columns of zeros on every side."""
    N, C, H, W = x.shape
    x_pad = np.zeros_like(x, shape=(N, C, H + 2 * P, W + 2 * P))
    x_pad[:, :, P : P + H, P : P + W] = x
    return x_pad


def forward(x: Any, w: Any, b: Any, S: int, P: int) -> Any:
    """Return y: for each image, filter and position, the patch times the filter, plus b."""
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    Hh = 1 + (H + 2 * P - HH) // S
    Hw = 1 + (W + 2 * P - WW) // S
    x_pad = pad(x, P)
    y = np.zeros_like(x, shape=(N, F, Hh, Hw))
    for n in range(N):
        for f in range(F):
            for k in range(Hh):
                for l in range(Hw):
                    patch = x_pad[n, :, k * S : k * S + HH, l * S : l * S + WW]
                    y[n, f, k, l] = np.sum(patch * w[f]) + b[f]
    return y


def weights_gradient(dout: Any, x: Any, w: Any, S: int, P: int) -> Any:
    """Return dL/dw: for each weight, the upstream gradient times the input it met."""
    Hh, Hw = dout.shape[2:]
    F, C, HH, WW = w.shape
    x_pad = pad(x, P)
    dw = np.zeros_like(w)
    for f in range(F):
        for c in range(C):
            for i in range(HH):
                for j in range(WW):
                    met = x_pad[:, c, i : i + Hh * S : S, j : j + Hw * S : S]
                    dw[f, c, i, j] = np.sum(dout[:, f] * met)
    return dw


def bias_gradient(dout: Any, b: Any) -> Any:
    """Return dL/db: for each filter, the sum of the upstream gradient."""
    db = np.zeros_like(b)
    for f in range(b.shape[0]):
        db[f] = np.sum(dout[:, f])
    return db


def input_gradient(dout: Any, x: Any, w: Any, S: int, P: int) -> Any:
    """Return dL/dx by the nine loops: add where the deltas hold."""
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    N, F, Hh, Hw = dout.shape
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    for f in range(F):
                        for k in range(Hh):
                            for l in range(Hw):
                                for p in range(HH):
                                    for q in range(WW):
                                        if p + k * S == i + P and q + l * S == j + P:
                                            dx[n, c, i, j] += dout[n, f, k, l] * w[f, c, p, q]
    return dx


def input_gradient_scatter(dout: Any, x: Any, w: Any, S: int, P: int) -> Any:
    """Return dL/dx by adding into the padded gradient, then cropping.

    The crop is `P : P + H`, not `P : -P`, which is empty when P = 0.
    """
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    N, F, Hh, Hw = dout.shape
    dx_pad = np.zeros_like(x, shape=(N, C, H + 2 * P, W + 2 * P))
    for n in range(N):
        for f in range(F):
            for k in range(Hh):
                for l in range(Hw):
                    window = dx_pad[n, :, k * S : k * S + HH, l * S : l * S + WW]
                    window += dout[n, f, k, l] * w[f]
    return dx_pad[:, :, P : P + H, P : P + W]
