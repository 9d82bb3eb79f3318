"""The gradient of the input as a transposed convolution of the upstream gradient."""

import numpy as np


def correlate(image, kernel, step=1):
    """Correlate (N, A, H, W) with (B, A, HH, WW) at every step-th position."""
    rows = (image.shape[2] - kernel.shape[2]) // step + 1
    columns = (image.shape[3] - kernel.shape[3]) // step + 1
    result = np.zeros((image.shape[0], kernel.shape[0], rows, columns))
    for p in range(kernel.shape[2]):
        for q in range(kernel.shape[3]):
            part = image[:, :, p : p + step * rows : step, q : q + step * columns : step]
            result += np.einsum("nahw,ba->nbhw", part[:, :, :rows, :columns], kernel[:, :, p, q])
    return result


def dilate(gradient, step):
    """Put step - 1 zeros between neighbouring entries."""
    n, f, rows, columns = gradient.shape
    spread = np.zeros((n, f, (rows - 1) * step + 1, (columns - 1) * step + 1))
    spread[:, :, ::step, ::step] = gradient
    return spread


def forward(x, w, b, stride, padding):
    border = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    return correlate(np.pad(x, border), w, stride) + b.reshape(1, -1, 1, 1)


def backward(dout, x, w, b, stride, padding):
    border = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    x_pad = np.pad(x, border)
    spread = dilate(dout, stride)

    # Rows and columns that no window reaches still belong to the gradient: as zeros.
    rest_h = x_pad.shape[2] - (spread.shape[2] + w.shape[2] - 1)
    rest_w = x_pad.shape[3] - (spread.shape[3] + w.shape[3] - 1)
    edge_h, edge_w = w.shape[2] - 1, w.shape[3] - 1
    full = np.pad(spread, ((0, 0), (0, 0), (edge_h, edge_h + rest_h), (edge_w, edge_w + rest_w)))
    flipped = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    dx_pad = correlate(full, flipped)
    dx = dx_pad[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]

    reach = x_pad[:, :, : spread.shape[2] + edge_h, : spread.shape[3] + edge_w]
    dw = correlate(reach.transpose(1, 0, 2, 3), spread.transpose(1, 0, 2, 3))
    return dx, dw.transpose(1, 0, 2, 3), dout.sum((0, 2, 3))
