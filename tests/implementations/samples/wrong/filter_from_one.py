"""Conv2d in NumPy."""

import numpy as np


class Conv2d:
    """Conv2d(in_channels, out_channels, kernel_size, stride, padding)."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        if isinstance(kernel_size, int):
            kernel_size = (kernel_size, kernel_size)
        scale = 1 / np.sqrt(in_channels * kernel_size[0] * kernel_size[1])
        rng = np.random.default_rng(0)
        self.weight = rng.uniform(-scale, scale, (out_channels, in_channels, *kernel_size))
        self.bias = rng.uniform(-scale, scale, out_channels)
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.grad_weight = None
        self.grad_bias = None
        self.input = None

    def forward(self, input):
        p, s = self.padding, self.stride
        kh, kw = self.kernel_size
        self.input = np.pad(input, ((0, 0), (0, 0), (p, p), (p, p)))
        oh = (self.input.shape[2] - kh) // s + 1
        ow = (self.input.shape[3] - kw) // s + 1
        output = np.zeros((input.shape[0], self.weight.shape[0], oh, ow))
        output += self.bias.reshape(1, -1, 1, 1)
        for i in range(1, kh):
            for j in range(kw):
                part = self.input[:, :, i : i + (oh - 1) * s + 1 : s, j : j + (ow - 1) * s + 1 : s]
                output += np.einsum("nchw,fc->nfhw", part, self.weight[:, :, i, j])
        return output

    def backward(self, grad_output):
        p, s = self.padding, self.stride
        kh, kw = self.kernel_size
        oh, ow = grad_output.shape[2:]
        grad_input = np.zeros_like(self.input)
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = grad_output.sum((0, 2, 3))
        for i in range(kh):
            for j in range(kw):
                rows = slice(i, i + (oh - 1) * s + 1, s)
                columns = slice(j, j + (ow - 1) * s + 1, s)
                part = self.input[:, :, rows, columns]
                self.grad_weight[:, :, i, j] = np.einsum("nfhw,nchw->fc", grad_output, part)
                grad_input[:, :, rows, columns] += np.einsum(
                    "nfhw,fc->nchw", grad_output, self.weight[:, :, i, j]
                )
        height, width = grad_input.shape[2:]
        return grad_input[:, :, p : height - p, p : width - p]
