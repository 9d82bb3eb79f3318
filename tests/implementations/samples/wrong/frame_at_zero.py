"""A frame of zeros around each image."""

import numpy as np


def forward(x, w, stride, padding):
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    xp = np.zeros((N, C, H + 2 * padding, W + 2 * padding), dtype=x.dtype)
    xp[:, :, padding:-padding, padding:-padding] = x
    Hh, Hw = 1 + (H + 2 * padding - HH) // stride, 1 + (W + 2 * padding - WW) // stride
    y = np.zeros((N, F, Hh, Hw), dtype=x.dtype)
    for k in range(Hh):
        for l in range(Hw):
            view = xp[:, None, :, k * stride : k * stride + HH, l * stride : l * stride + WW]
            y[:, :, k, l] = np.sum(view * w[None], axis=(2, 3, 4))
    return y


def backward(dout, x, w, stride, padding):
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    xp = np.zeros((N, C, H + 2 * padding, W + 2 * padding), dtype=x.dtype)
    xp[:, :, padding : padding + H, padding : padding + W] = x
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for k in range(dout.shape[2]):
        for l in range(dout.shape[3]):
            rows, cols = np.s_[k * stride : k * stride + HH], np.s_[l * stride : l * stride + WW]
            g = dout[:, :, k, l].reshape(N, F, 1, 1, 1)
            dxp[:, :, rows, cols] += np.sum(g * w[None], axis=1)
            dw += np.sum(g * xp[:, None, :, rows, cols], axis=0)
    return dxp[:, :, padding : padding + H, padding : padding + W], dw
