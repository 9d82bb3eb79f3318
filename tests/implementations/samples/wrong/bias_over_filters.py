"""Helpers for a convolution."""

import numpy as np


def output_shape(x, w, stride, pad):
    return tuple(
        1 + (size + 2 * pad - field) // stride
        for size, field in zip(x.shape[2:], w.shape[2:], strict=True)
    )


def pad_images(x, pad):
    if pad == 0:
        return x.copy()
    return np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))


def crop_images(x, pad):
    return x[:, :, pad:-pad, pad:-pad] if pad > 0 else x


def forward_one_filter(x_pad, kernel, bias, stride, shape):
    height, width = kernel.shape[1:]
    out = np.zeros((x_pad.shape[0], *shape))
    for k in range(shape[0]):
        for l in range(shape[1]):
            top, left = stride * k, stride * l
            window = x_pad[:, :, top : top + height, left : left + width]
            out[:, k, l] = (window * kernel).sum(axis=(1, 2, 3))
    return out + bias


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    shape = output_shape(x, w, stride, pad)
    x_pad = pad_images(x, pad)
    maps = [forward_one_filter(x_pad, w[f], b[f], stride, shape) for f in range(w.shape[0])]
    return np.stack(maps, axis=1), (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    x_pad = pad_images(x, pad)
    dx_pad, dw = np.zeros_like(x_pad), np.zeros_like(w)
    height, width = w.shape[2:]
    for n, f, k, l in np.ndindex(*dout.shape):
        top, left = stride * k, stride * l
        window = np.s_[n, :, top : top + height, left : left + width]
        dx_pad[window] += w[f] * dout[n, f, k, l]
        dw[f] += x_pad[window] * dout[n, f, k, l]
    return crop_images(dx_pad, pad), dw, np.full_like(b, dout.sum())


def squared_loss(scores, target):
    return 0.5 * np.sum((scores - target) ** 2), scores - target


def self_test():
    rng = np.random.default_rng(231)
    x, w, b = rng.normal(size=(2, 3, 5, 5)), rng.normal(size=(4, 3, 3, 3)), rng.normal(size=4)
    out, cache = conv_forward_naive(x, w, b, {"stride": 1, "pad": 1})
    _, dout = squared_loss(out, np.zeros_like(out))
    return [gradient.shape for gradient in conv_backward_naive(dout, cache)]


if __name__ == "__main__":
    print(self_test())
