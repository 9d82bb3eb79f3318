"""A convolution with its gradients, as people write it. `symconv test` finds the mistake in it."""

import numpy as np


def conv_forward(x, w, b, conv_param):
    """Return the output, and what the backward pass needs."""
    S, P = conv_param["stride"], conv_param["pad"]
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    Hh, Hw = (H + 2 * P - HH) // S + 1, (W + 2 * P - WW) // S + 1
    x_pad = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    out = np.zeros((N, F, Hh, Hw))
    for k in range(Hh):
        for l in range(Hw):
            window = x_pad[:, :, k * S : k * S + HH, l * S : l * S + WW]
            out[:, :, k, l] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out, (x_pad, w, conv_param)


def conv_backward(dout, cache):
    """Return the gradients by x, w and b."""
    x_pad, w, conv_param = cache
    S, P = conv_param["stride"], conv_param["pad"]
    _, _, HH, WW = w.shape
    dx_pad, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
    for k in range(dout.shape[2]):
        for l in range(dout.shape[3]):
            window = np.s_[:, :, k * S : k * S + HH, l * S : l * S + WW]
            dx_pad[window] += np.tensordot(dout[:, :, k, l], w, axes=1)
            dw += np.tensordot(dout[:, :, k, l].T, x_pad[window], axes=1)
    return dx_pad[:, :, P:-P, P:-P], dw, dout.sum(axis=(0, 2, 3))
