"""The gradient of the input by its two deltas, as conditions."""

import numpy as np


def conv_backward_naive(dout, cache):
    x, w, _, conv_param = cache
    S, P = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    N, F, Hh, Hw = dout.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    dw = np.zeros((F, C, HH, WW))
    for f in range(F):
        for c in range(C):
            for i in range(HH):
                for j in range(WW):
                    sub_x = x_pad[:, c, i : i + Hh * S : S, j : j + Hw * S : S]
                    dw[f, c, i, j] = np.sum(dout[:, f] * sub_x)
    db = np.array([np.sum(dout[:, f]) for f in range(F)])
    dx = np.zeros((N, C, H, W))
    for n, c, i, j in np.ndindex(N, C, H, W):
        for f, k, l in np.ndindex(F, Hh, Hw):
            for p in range(HH):
                for q in range(WW):
                    if p + k * S == i + P and q + l * S == j + P:
                        dx[n, c, i, j] += dout[n, f, k, l] * w[f, c, p, q]
    return dx, dw, db


def conv_forward_naive(x, w, b, conv_param):
    S, P = conv_param["stride"], conv_param["pad"]
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    Hh, Hw = 1 + (H + 2 * P - HH) // S, 1 + (W + 2 * P - WW) // S
    x_pad = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    out = np.zeros((N, F, Hh, Hw))
    for n, f, k, l in np.ndindex(N, F, Hh, Hw):
        sub_x = x_pad[n, :, k * S : k * S + HH, l * S : l * S + WW]
        out[n, f, k, l] = np.sum(sub_x * w[f]) + b[f]
    return out, (x, w, b, conv_param)
