"""Dilate, pad, correlate: the transposed convolution."""

import numpy as np


def conv2d(x, w, b, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows = (x.shape[2] - w.shape[2]) // stride + 1
    columns = (x.shape[3] - w.shape[3]) // stride + 1
    y = np.empty((len(x), len(w), rows, columns))
    for k in range(rows):
        for l in range(columns):
            window = x[:, :, k * stride :, l * stride :][:, :, : w.shape[2], : w.shape[3]]
            y[:, :, k, l] = np.einsum("ncpq,fcpq->nf", window, w)
    return y + b.reshape(-1, 1, 1)


def conv2d_gradients(dout, x, w, b, stride, padding):
    kh, kw = w.shape[2:]
    height, width = x.shape[2:]
    rows, columns = dout.shape[2:]
    # Room for the spread gradient, for the filter on every side, and for rows left over.
    room_h = height + 2 * padding + 2 * kh + rows * (stride + 1)
    room_w = width + 2 * padding + 2 * kw + columns * (stride + 1)
    spread = np.zeros((len(x), len(w), room_h, room_w))
    gap = stride + 1
    bottom, right = kh - 1 + rows * gap, kw - 1 + columns * gap
    spread[:, :, kh - 1 : bottom : gap, kw - 1 : right : gap] = dout
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for i in range(height):
        for j in range(width):
            around = spread[:, :, i + padding : i + padding + kh, j + padding : j + padding + kw]
            dx[:, :, i, j] = np.einsum("nfpq,fcpq->nc", around, w[:, :, ::-1, ::-1])
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    for p in range(kh):
        for q in range(kw):
            seen = x_pad[:, :, p::stride, q::stride][:, :, :rows, :columns]
            dw[:, :, p, q] = np.einsum("nfkl,nckl->fc", dout, seen)
    return dx, dw, np.einsum("nfkl->f", dout)
