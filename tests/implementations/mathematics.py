"""A right forward and backward pass, under names that follow no convention."""

import numpy as np


def compute_y(x, w, b, S, P):
    rows = (x.shape[2] + 2 * P - w.shape[2]) // S + 1
    columns = (x.shape[3] + 2 * P - w.shape[3]) // S + 1
    padded = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    y = np.zeros((len(x), len(w), rows, columns), x.dtype)
    for p in range(w.shape[2]):
        for q in range(w.shape[3]):
            met = padded[:, :, p : p + rows * S : S, q : q + columns * S : S][:, :, :rows, :columns]
            y += np.einsum("nckl,fc->nfkl", met, w[:, :, p, q])
    return y if b is None else y + np.reshape(b, (1, -1, 1, 1))


def compute_gradients(dout, x, w, S, P):
    padded = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    rows, columns = dout.shape[2:]
    for p in range(w.shape[2]):
        for q in range(w.shape[3]):
            met = np.s_[:, :, p : p + (rows - 1) * S + 1 : S, q : q + (columns - 1) * S + 1 : S]
            dpadded[met] += np.einsum("nfkl,fc->nckl", dout, w[:, :, p, q])
            dw[:, :, p, q] = np.einsum("nfkl,nckl->fc", dout, padded[met])
    H, W = x.shape[2:]
    return dpadded[:, :, P : P + H, P : P + W], dw, dout.sum((0, 2, 3))


class Given:
    def __init__(self, w, b, stride=1, padding=0):
        self.w, self.b, self.stride, self.padding = w, b, stride, padding

    def forward(self, x):
        self.x = x
        return compute_y(x, self.w, self.b, self.stride, self.padding)

    def backward(self, dout):
        self.dx, self.dw, self.db = self.gradients(dout)
        return self.dx

    def gradients(self, dout):
        return compute_gradients(dout, self.x, self.w, self.stride, self.padding)


def conv_forward_naive(x, w, b, conv_param):
    y = compute_y(x, w, b, conv_param["stride"], conv_param["pad"])
    return y, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, _, conv_param = cache
    return compute_gradients(dout, x, w, conv_param["stride"], conv_param.get("pad", 0))
