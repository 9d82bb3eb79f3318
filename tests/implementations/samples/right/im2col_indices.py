"""Convolution as one matrix product, with the patches picked by index arrays."""

import numpy as np


def patch_indices(x_shape, field_height, field_width, padding, stride):
    _, C, H, W = x_shape
    out_height = (H + 2 * padding - field_height) // stride + 1
    out_width = (W + 2 * padding - field_width) // stride + 1
    i0 = np.tile(np.repeat(np.arange(field_height), field_width), C)
    j0 = np.tile(np.arange(field_width), field_height * C)
    i1 = stride * np.repeat(np.arange(out_height), out_width)
    j1 = stride * np.tile(np.arange(out_width), out_height)
    channel = np.repeat(np.arange(C), field_height * field_width)
    return channel[:, None], i0[:, None] + i1[None, :], j0[:, None] + j1[None, :]


def im2col(x, field_height, field_width, padding, stride):
    width = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    x_padded = np.pad(x, width, mode="constant")
    channel, i, j = patch_indices(x.shape, field_height, field_width, padding, stride)
    columns = x_padded[:, channel, i, j]
    return columns.transpose(1, 2, 0).reshape(field_height * field_width * x.shape[1], -1)


def col2im(columns, x_shape, field_height, field_width, padding, stride):
    N, C, H, W = x_shape
    x_padded = np.zeros((N, C, H + 2 * padding, W + 2 * padding), dtype=columns.dtype)
    channel, i, j = patch_indices(x_shape, field_height, field_width, padding, stride)
    by_image = columns.reshape(C * field_height * field_width, -1, N).transpose(2, 0, 1)
    np.add.at(x_padded, (slice(None), channel, i, j), by_image)
    return x_padded[:, :, padding : H + padding, padding : W + padding]


def conv_forward_im2col(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    out_height = (H + 2 * pad - HH) // stride + 1
    out_width = (W + 2 * pad - WW) // stride + 1
    x_cols = im2col(x, HH, WW, pad, stride)
    res = w.reshape(F, -1) @ x_cols + b.reshape(-1, 1)
    out = res.reshape(F, out_height, out_width, N).transpose(3, 0, 1, 2)
    return out, (x, w, b, conv_param, x_cols)


def conv_backward_im2col(dout, cache):
    x, w, _, conv_param, x_cols = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    F, _, HH, WW = w.shape
    db = np.sum(dout, axis=(0, 2, 3))
    dout_flat = dout.transpose(1, 2, 3, 0).reshape(F, -1)
    dw = (dout_flat @ x_cols.T).reshape(w.shape)
    dx_cols = w.reshape(F, -1).T @ dout_flat
    dx = col2im(dx_cols, x.shape, HH, WW, pad, stride)
    return dx, dw, db
