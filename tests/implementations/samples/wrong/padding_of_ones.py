"""Naive convolution with a border."""

import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    """Compute the output; x is (N, C, H, W), w is (F, C, HH, WW), b is (F,)."""
    S = conv_param["stride"]
    P = conv_param["pad"]
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)), mode="constant", constant_values=1)
    H_out = (H + 2 * P - HH) // S + 1
    W_out = (W + 2 * P - WW) // S + 1
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    window = x_pad[n, :, i * S : i * S + HH, j * S : j * S + WW]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    """Compute (dx, dw, db) from the upstream gradient."""
    x, w, b, conv_param = cache
    S = conv_param["stride"]
    P = conv_param["pad"]
    _, _, H, W = x.shape
    _, _, HH, WW = w.shape
    N, F, H_out, W_out = dout.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)), mode="constant")
    dx_pad = np.zeros_like(x_pad)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            db[f] += dout[n, f].sum()
            for i in range(H_out):
                for j in range(W_out):
                    rows = slice(i * S, i * S + HH)
                    columns = slice(j * S, j * S + WW)
                    dw[f] += dout[n, f, i, j] * x_pad[n, :, rows, columns]
                    dx_pad[n, :, rows, columns] += dout[n, f, i, j] * w[f]
    return dx_pad[:, :, P : P + H, P : P + W], dw, db
