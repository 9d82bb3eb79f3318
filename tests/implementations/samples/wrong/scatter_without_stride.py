"""Unfold, multiply, fold."""

import numpy as np


def unfold(x_pad, kh, kw, stride, oh, ow):
    n, c = x_pad.shape[:2]
    cols = np.empty((n, oh, ow, c * kh * kw), dtype=x_pad.dtype)
    for r in range(oh):
        for s in range(ow):
            patch = x_pad[:, :, r * stride : r * stride + kh, s * stride : s * stride + kw]
            cols[:, r, s] = patch.reshape(n, -1)
    return cols


def fold(cols, shape, kh, kw):
    x_pad = np.zeros(shape, dtype=cols.dtype)
    n, oh, ow, _ = cols.shape
    for r in range(oh):
        for s in range(ow):
            patch = cols[:, r, s].reshape(n, shape[1], kh, kw)
            x_pad[:, :, r : r + kh, s : s + kw] += patch
    return x_pad


def conv_forward(x, w, b, stride, pad):
    f, _, kh, kw = w.shape
    oh = (x.shape[2] + 2 * pad - kh) // stride + 1
    ow = (x.shape[3] + 2 * pad - kw) // stride + 1
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    cols = unfold(x_pad, kh, kw, stride, oh, ow)
    out = cols @ w.reshape(f, -1).T + b
    return out.transpose(0, 3, 1, 2), (cols, x_pad.shape, w, pad)


def conv_backward(dout, cache):
    cols, padded_shape, w, pad = cache
    f, _, kh, kw = w.shape
    dout = dout.transpose(0, 2, 3, 1)
    dw = np.einsum("nrsf,nrsd->fd", dout, cols).reshape(w.shape)
    db = dout.reshape(-1, f).sum(axis=0)
    dx_pad = fold(dout @ w.reshape(f, -1), padded_shape, kh, kw)
    bottom, right = padded_shape[2] - pad, padded_shape[3] - pad
    return dx_pad[:, :, pad:bottom, pad:right], dw, db
