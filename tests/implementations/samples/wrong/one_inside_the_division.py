"""Forward and backward as functions of arrays."""

import numpy as np


def conv2d_forward(x, w, b, stride, padding):
    n, _, h, wid = x.shape
    f, _, kh, kw = w.shape
    oh = (h + 2 * padding - kh + 1) // stride
    ow = (wid + 2 * padding - kw + 1) // stride
    y = np.empty((n, f, oh, ow), dtype=x.dtype)
    for r in range(oh):
        top = r * stride - padding
        for s in range(ow):
            left = s * stride - padding
            # Where the window leaves the image, take only what lies inside.
            i0, i1 = max(0, top), max(0, min(h, top + kh))
            j0, j1 = max(0, left), max(0, min(wid, left + kw))
            patch = x[:, :, i0:i1, j0:j1]
            part = w[:, :, i0 - top : i1 - top, j0 - left : j1 - left]
            if patch.size == 0:
                y[:, :, r, s] = b
            else:
                y[:, :, r, s] = np.einsum("ncij,fcij->nf", patch, part) + b
    return y


def conv2d_backward(dout, x, w, b, stride, padding):
    _, _, h, wid = x.shape
    _, _, kh, kw = w.shape
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for r in range(dout.shape[2]):
        top = r * stride - padding
        for s in range(dout.shape[3]):
            left = s * stride - padding
            i0, i1 = max(0, top), max(0, min(h, top + kh))
            j0, j1 = max(0, left), max(0, min(wid, left + kw))
            if i0 >= i1 or j0 >= j1:
                continue
            inside = np.s_[:, :, i0 - top : i1 - top, j0 - left : j1 - left]
            upstream = dout[:, :, r, s]
            dw[inside] += np.einsum("nf,ncij->fcij", upstream, x[:, :, i0:i1, j0:j1])
            dx[:, :, i0:i1, j0:j1] += np.einsum("nf,fcij->ncij", upstream, w[inside])
    db = dout.sum(axis=(0, 2, 3)).astype(b.dtype)
    return dx, dw, db
