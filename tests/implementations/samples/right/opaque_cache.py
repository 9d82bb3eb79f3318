"""The cache is a function: backward asks it for the gradients."""

from functools import partial

import numpy as np


def _pull_back(dout, *, view, w, shape, stride, pad):
    N, C, H, W = shape
    HH, WW = w.shape[2:]
    grad = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=dout.dtype)
    spread = np.einsum("nfkl,fcpq->pqnckl", dout, w)
    Hh, Hw = dout.shape[2:]
    for p in range(HH):
        for q in range(WW):
            bottom, right = p + stride * (Hh - 1) + 1, q + stride * (Hw - 1) + 1
            grad[:, :, p:bottom:stride, q:right:stride] += spread[p, q]
    dw = np.einsum("nfkl,ncklpq->fcpq", dout, view)
    return grad[:, :, pad : pad + H, pad : pad + W], dw, np.einsum("nfkl->f", dout)


def conv_forward(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    view = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))
    view = view[:, :, ::stride, ::stride]
    out = np.einsum("ncklpq,fcpq->nfkl", view, w) + b[:, np.newaxis, np.newaxis]
    return out, partial(_pull_back, view=view, w=w, shape=x.shape, stride=stride, pad=pad)


def conv_backward(dout, cache):
    return cache(dout)
