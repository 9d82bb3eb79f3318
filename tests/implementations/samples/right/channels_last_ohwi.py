"""Mobile layout: images are NHWC, filters are OHWI."""

import numpy as np


def conv2d_nhwc(x, w, b, stride, padding):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    _, h, wd, _ = x.shape
    _, kh, kw, _ = w.shape
    out = [
        [
            np.tensordot(x[:, i : i + kh, j : j + kw], w, ([1, 2, 3], [1, 2, 3]))
            for j in range(0, wd - kw + 1, stride)
        ]
        for i in range(0, h - kh + 1, stride)
    ]
    return np.array(out).transpose(2, 0, 1, 3) + b


def conv2d_nhwc_backward(dout, x, w, b, stride, padding):
    dx = np.zeros_like(np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0))))
    xp = dx.copy()
    xp[:, padding : padding + x.shape[1], padding : padding + x.shape[2]] = x
    dw = np.zeros_like(w)
    _, kh, kw, _ = w.shape
    for r, i in enumerate(range(0, xp.shape[1] - kh + 1, stride)):
        for s, j in enumerate(range(0, xp.shape[2] - kw + 1, stride)):
            dx[:, i : i + kh, j : j + kw] += np.tensordot(dout[:, r, s], w, (1, 0))
            dw += np.tensordot(dout[:, r, s], xp[:, i : i + kh, j : j + kw], (0, 0))
    dx = dx[:, padding : padding + x.shape[1], padding : padding + x.shape[2]]
    return dx, dw, dout.sum(axis=(0, 1, 2))
