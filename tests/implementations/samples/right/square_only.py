"""Square images and square filters only, to keep the indices readable."""

import numpy as np


def conv_forward(x, w, b, conv_param):
    N, C, D, width = x.shape
    F, _, K, kernel_width = w.shape
    assert width == D, f"only square images: height {D}, width {width}"
    assert kernel_width == K, f"only square filters: height {K}, width {kernel_width}"
    stride, pad = conv_param["stride"], conv_param["pad"]
    size = (D + 2 * pad - K) // stride + 1
    x_pad = np.zeros((N, C, D + 2 * pad, D + 2 * pad))
    x_pad[:, :, pad : D + pad, pad : D + pad] = x
    out = np.zeros((N, F, size, size))
    for i in range(size):
        for j in range(size):
            patch = x_pad[:, :, i * stride : i * stride + K, j * stride : j * stride + K]
            out[:, :, i, j] = patch.reshape(N, -1) @ w.reshape(F, -1).T + b
    return out, (x_pad, w, stride, pad, D)


def conv_backward(dout, cache):
    x_pad, w, stride, pad, D = cache
    N = x_pad.shape[0]
    F, C, K, _ = w.shape
    dx_pad = np.zeros_like(x_pad)
    dw = np.zeros((F, C * K * K))
    db = np.zeros(F)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, columns = slice(i * stride, i * stride + K), slice(j * stride, j * stride + K)
            d = dout[:, :, i, j]
            db += d.sum(axis=0)
            dw += d.T @ x_pad[:, :, rows, columns].reshape(N, -1)
            dx_pad[:, :, rows, columns] += (d @ w.reshape(F, -1)).reshape(N, C, K, K)
    return dx_pad[:, :, pad : D + pad, pad : D + pad], dw.reshape(w.shape), db
