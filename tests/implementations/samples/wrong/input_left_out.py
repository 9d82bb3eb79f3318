"""Convolution by filter position."""

import numpy as np


def conv_fwd(inp, kernel, bias, stride, padding):
    _, _, ih, iw = inp.shape
    oc, _, kh, kw = kernel.shape
    oh = 1 + (ih + 2 * padding - kh) // stride
    ow = 1 + (iw + 2 * padding - kw) // stride
    out = np.zeros((inp.shape[0], oc, oh, ow)) + bias[None, :, None, None]
    for u in range(kh):
        for v in range(kw):
            for r, i in enumerate(range(u - padding, u - padding + oh * stride, stride)):
                if not 0 <= i < ih:
                    continue
                for s, j in enumerate(range(v - padding, v - padding + ow * stride, stride)):
                    if 0 <= j < iw:
                        out[:, :, r, s] += inp[:, :, i, j] @ kernel[:, :, u, v].T
    return out


def conv_bwd(grad, inp, kernel, bias, stride, padding):
    _, _, ih, iw = inp.shape
    _, _, kh, kw = kernel.shape
    g_inp, g_kernel = np.zeros(inp.shape), np.zeros(kernel.shape)
    for i in range(ih):
        for j in range(iw):
            for u in range(kh):
                r, rest_r = divmod(i + padding - u, stride)
                if rest_r or not 0 <= r < grad.shape[2]:
                    continue
                for v in range(kw):
                    s, rest_s = divmod(j + padding - v, stride)
                    if rest_s or not 0 <= s < grad.shape[3]:
                        continue
                    g_inp[:, :, i, j] += grad[:, :, r, s] @ kernel[:, :, u, v]
                    g_kernel[:, :, u, v] += grad[:, :, r, s].sum(axis=0)[:, None]
    g_bias = np.array([grad[:, f].sum() for f in range(len(bias))])
    return g_inp, g_kernel, g_bias
