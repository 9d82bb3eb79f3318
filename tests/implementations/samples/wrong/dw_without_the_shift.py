"""Everything by hand, loop by loop."""

import numpy as np


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    Hh = 1 + (H + 2 * pad - HH) // stride
    Hw = 1 + (W + 2 * pad - WW) // stride
    out = np.zeros((N, F, Hh, Hw))
    for n in range(N):
        for f in range(F):
            for k in range(Hh):
                for l in range(Hw):
                    total = b[f]
                    for c in range(C):
                        for p in range(HH):
                            for q in range(WW):
                                i = k * stride + p - pad
                                j = l * stride + q - pad
                                if 0 <= i < H and 0 <= j < W:
                                    total = total + x[n, c, i, j] * w[f, c, p, q]
                    out[n, f, k, l] = total
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    _, _, Hh, Hw = dout.shape
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(b.shape)
    for n in range(N):
        for f in range(F):
            for k in range(Hh):
                for l in range(Hw):
                    db[f] += dout[n, f, k, l]
                    for c in range(C):
                        for p in range(HH):
                            for q in range(WW):
                                i = k * stride + p - pad
                                j = l * stride + q - pad
                                top, left = k * stride + p, l * stride + q
                                if top < H and left < W:
                                    dw[f, c, p, q] += dout[n, f, k, l] * x[n, c, top, left]
                                if 0 <= i < H and 0 <= j < W:
                                    dx[n, c, i, j] += dout[n, f, k, l] * w[f, c, p, q]
    return dx, dw, db
