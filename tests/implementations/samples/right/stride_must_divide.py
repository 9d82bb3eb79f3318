"""A layer that refuses sizes at which the windows do not tile the padded input."""

import numpy as np


def output_size(size, field, stride, pad):
    if (size + 2 * pad - field) % stride != 0:
        raise ValueError(f"stride {stride} does not divide {size} + 2*{pad} - {field}")
    return (size + 2 * pad - field) // stride + 1


def conv_forward_strides(x, w, b, conv_param):
    S, P = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    oh, ow = output_size(H, HH, S, P), output_size(W, WW, S, P)
    xp = np.ascontiguousarray(np.pad(x, ((0, 0), (0, 0), (P, P), (P, P))))
    a, c, r, s = xp.strides
    blocks = np.lib.stride_tricks.as_strided(
        xp, shape=(C, HH, WW, N, oh, ow), strides=(c, r, s, a, r * S, s * S)
    )
    cols = np.ascontiguousarray(blocks).reshape(C * HH * WW, N * oh * ow)
    out = (w.reshape(F, -1) @ cols).reshape(F, N, oh, ow) + b[:, None, None, None]
    return out.transpose(1, 0, 2, 3), (x.shape, w, cols, conv_param)


def conv_backward_strides(dout, cache):
    shape, w, cols, conv_param = cache
    S, P = conv_param["stride"], conv_param["pad"]
    N, C, H, W = shape
    F, _, HH, WW = w.shape
    oh, ow = dout.shape[2:]
    flat = dout.transpose(1, 0, 2, 3).reshape(F, -1)
    dw = (flat @ cols.T).reshape(w.shape)
    db = flat.sum(axis=1)
    dblocks = (w.reshape(F, -1).T @ flat).reshape(C, HH, WW, N, oh, ow)
    dxp = np.zeros((N, C, H + 2 * P, W + 2 * P))
    for p in range(HH):
        for q in range(WW):
            # oh * S reaches at most S - 1 past the end, where the slice stops by itself.
            block = dblocks[:, p, q].transpose(1, 0, 2, 3)
            dxp[:, :, p : p + oh * S : S, q : q + ow * S : S] += block
    return dxp[:, :, P : P + H, P : P + W], dw, db
