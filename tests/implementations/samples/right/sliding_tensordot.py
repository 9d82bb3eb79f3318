"""Convolution by sliding_window_view and tensordot."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def _view(x, w, stride, padding):
    border = [(0, 0), (0, 0), (padding, padding), (padding, padding)]
    view = sliding_window_view(np.pad(x, border), w.shape[2:], axis=(2, 3))
    return view[:, :, ::stride, ::stride]


def conv2d(x, w, b, stride=1, padding=0):
    out = np.tensordot(_view(x, w, stride, padding), w, axes=([1, 4, 5], [1, 2, 3]))
    return np.moveaxis(out, -1, 1) + b[:, None, None]


def conv2d_backward(dout, x, w, b, stride=1, padding=0):
    dw = np.tensordot(dout, _view(x, w, stride, padding), axes=([0, 2, 3], [0, 2, 3]))
    db = dout.sum(axis=(0, 2, 3))

    kh, kw = w.shape[2:]
    _, _, out_h, out_w = dout.shape
    h, wd = x.shape[2:]
    # Every upstream gradient goes to its own corner of a canvas, which is then correlated
    # with the flipped filters.
    canvas = np.zeros((len(x), len(w), h + 2 * padding + kh - 1, wd + 2 * padding + kw - 1))
    last_row, last_col = (out_h - 1) * stride, (out_w - 1) * stride
    canvas[:, :, kh - 1 : kh + last_row : stride, kw - 1 : kw + last_col : stride] = dout
    view = sliding_window_view(canvas, (kh, kw), axis=(2, 3))
    dx = np.tensordot(view, w[:, :, ::-1, ::-1], axes=([1, 4, 5], [0, 2, 3]))
    dx = np.moveaxis(dx, -1, 1)
    return dx[:, :, padding : padding + h, padding : padding + wd], dw, db
