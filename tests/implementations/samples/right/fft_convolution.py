"""Convolution in the frequency domain: exact up to rounding."""

import numpy as np


def conv_forward(x, w, b, stride, padding):
    border = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    x_pad = np.pad(x, border)
    size = x_pad.shape[2:]
    rows, columns = size[0] - w.shape[2] + 1, size[1] - w.shape[3] + 1
    x_hat = np.fft.rfft2(x_pad, s=size)
    w_hat = np.fft.rfft2(w, s=size)
    y_hat = np.einsum("nchw,fchw->nfhw", x_hat, w_hat.conj())
    y = np.fft.irfft2(y_hat, s=size)[:, :, :rows:stride, :columns:stride]
    return y + b[:, None, None]


def conv_backward(dout, x, w, b, stride, padding):
    border = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    x_pad = np.pad(x, border)
    size = x_pad.shape[2:]
    spread = np.zeros((dout.shape[0], dout.shape[1], *size))
    last_row, last_column = (dout.shape[2] - 1) * stride, (dout.shape[3] - 1) * stride
    spread[:, :, : last_row + 1 : stride, : last_column + 1 : stride] = dout
    x_hat = np.fft.rfft2(x_pad, s=size)
    w_hat = np.fft.rfft2(w, s=size)
    g_hat = np.fft.rfft2(spread, s=size)
    dx_pad = np.fft.irfft2(np.einsum("nfhw,fchw->nchw", g_hat, w_hat), s=size)
    dw_full = np.fft.irfft2(np.einsum("nfhw,nchw->fchw", g_hat.conj(), x_hat), s=size)
    dx = dx_pad[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]
    return dx, dw_full[:, :, : w.shape[2], : w.shape[3]], dout.sum(axis=(0, 2, 3))
