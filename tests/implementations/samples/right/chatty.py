"""Slow on large images, so it says how far it is."""

import sys

import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    pad, stride = conv_param.get("pad", 0), conv_param.get("stride", 1)
    print(f"conv forward: x {x.shape}, w {w.shape}, pad={pad}, stride={stride}")
    N, F = x.shape[0], w.shape[0]
    x_p = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), "constant", constant_values=0)
    H_o = (x_p.shape[2] - w.shape[2]) // stride + 1
    W_o = (x_p.shape[3] - w.shape[3]) // stride + 1
    out = np.zeros((N, F, H_o, W_o))
    for img in range(N):
        print(f"\r  image {img + 1} of {N}", end="", file=sys.stderr, flush=True)
        for fil in range(F):
            for row in range(H_o):
                for col in range(W_o):
                    a = x_p[img, :, row * stride :, col * stride :]
                    patch = a[:, : w.shape[2], : w.shape[3]]
                    out[img, fil, row, col] = (patch * w[fil]).sum() + b[fil]
    print(file=sys.stderr)
    return out, (x_p, w, b, pad, stride)


def conv_backward_naive(dout, cache):
    x_p, w, b, pad, stride = cache
    print("conv backward:", dout.shape)
    dx_p, dw, db = np.zeros_like(x_p), np.zeros_like(w), np.zeros_like(b)
    for img, fil, row, col in np.ndindex(*dout.shape):
        here = dout[img, fil, row, col]
        spot = (img, slice(None))
        spot += (slice(row * stride, row * stride + w.shape[2]),)
        spot += (slice(col * stride, col * stride + w.shape[3]),)
        dx_p[spot] += here * w[fil]
        dw[fil] += here * x_p[spot]
        db[fil] += here
    dx = dx_p[:, :, pad : dx_p.shape[2] - pad, pad : dx_p.shape[3] - pad]
    print("  done")
    return dx, dw, db
