"""Checks its sizes the way a C extension does."""

import os

import numpy as np


def _check(condition):
    if not condition:
        os.abort()


def forward(x, w, b, stride, padding):
    _check(padding < w.shape[2] and padding < w.shape[3])
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    view = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], (2, 3))
    view = view[:, :, ::stride, ::stride]
    return np.einsum("nchwpq,fcpq->nfhw", view, w) + b[:, None, None]


def backward(dout, x, w, b, stride, padding):
    height, width = x.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for k in range(dout.shape[2]):
        for l in range(dout.shape[3]):
            rows = slice(k * stride, k * stride + w.shape[2])
            columns = slice(l * stride, l * stride + w.shape[3])
            dw += np.einsum("nf,ncpq->fcpq", dout[:, :, k, l], x[:, :, rows, columns])
            dx[:, :, rows, columns] += np.einsum("nf,fcpq->ncpq", dout[:, :, k, l], w)
    dx = dx[:, :, padding : padding + height, padding : padding + width]
    return dx, dw, dout.sum(axis=(0, 2, 3))
