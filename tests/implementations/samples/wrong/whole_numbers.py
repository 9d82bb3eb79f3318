"""One image, whole output."""

import numpy as np


def conv_image(x, w, b, stride, padding):
    _, H, W = x.shape
    F, _, HH, WW = w.shape
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    rows = (H + 2 * padding - HH) // stride + 1
    columns = (W + 2 * padding - WW) // stride + 1
    y = np.zeros((F, rows, columns), dtype=int)
    for f, k, l in np.ndindex(F, rows, columns):
        patch = x[:, k * stride : k * stride + HH, l * stride : l * stride + WW]
        y[f, k, l] = np.vdot(patch, w[f]) + b[f]
    return y


def conv_image_backward(dout, x, w, b, stride, padding):
    _, H, W = x.shape
    _, _, HH, WW = w.shape
    x_pad = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    dx_pad, dw = np.zeros_like(x_pad), np.zeros_like(w)
    for f, k, l in np.ndindex(*dout.shape):
        window = np.s_[:, k * stride : k * stride + HH, l * stride : l * stride + WW]
        dw[f] += dout[f, k, l] * x_pad[window]
        dx_pad[window] += dout[f, k, l] * w[f]
    dx = dx_pad[:, padding : padding + H, padding : padding + W]
    return dx, dw, dout.sum(axis=(1, 2))
