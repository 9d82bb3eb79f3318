"""Convolution proper, by views."""

import numpy as np
from numpy.lib.stride_tricks import as_strided


def windows(x, kernel, stride):
    batch, channels, height, width = x.shape
    rows = (height - kernel[0]) // stride + 1
    columns = (width - kernel[1]) // stride + 1
    sn, sc, sh, sw = x.strides
    return as_strided(
        x,
        shape=(batch, channels, rows, columns, *kernel),
        strides=(sn, sc, sh * stride, sw * stride, sh, sw),
        writeable=False,
    )


def conv_forward(x, w, b, stride, padding):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    seen = windows(padded, w.shape[2:], stride)
    return np.einsum("nchwpq,fcpq->nfhw", seen, w[:, :, ::-1, ::-1]) + b[None, :, None, None]


def conv_backward(dout, x, w, b, stride, padding):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    seen = windows(padded, w.shape[2:], stride)
    dw = np.einsum("nchwpq,nfhw->fcpq", seen, dout)
    db = np.einsum("nfhw->f", dout)
    d_seen = np.einsum("nfhw,fcpq->nchwpq", dout, w)
    d_padded = np.zeros_like(padded)
    for row in range(dout.shape[2]):
        for column in range(dout.shape[3]):
            top, left = row * stride, column * stride
            target = d_padded[:, :, top : top + w.shape[2], left : left + w.shape[3]]
            target += d_seen[:, :, row, column]
    height, width = x.shape[2:]
    dx = d_padded[:, :, padding : padding + height, padding : padding + width]
    return dx, dw, db
