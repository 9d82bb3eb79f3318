"""A convolutional layer as an object."""

import numpy as np


class ConvLayer:
    def __init__(self, weight, bias, stride=1, padding=0):
        self.weight = weight
        self.bias = bias
        self.stride = stride
        self.padding = padding
        self.dw = np.zeros_like(weight)
        self.db = np.zeros_like(bias)
        self._x = None

    def _windows(self, rows, columns):
        height, width = self.weight.shape[2:]
        for k in range(rows):
            for l in range(columns):
                top, left = k * self.stride, l * self.stride
                yield k, l, np.s_[:, :, top : top + height, left : left + width]

    def _padded(self):
        P = self.padding
        return np.pad(self._x, ((0, 0), (0, 0), (P, P), (P, P)))

    def forward(self, x):
        self._x = x
        padded = self._padded()
        rows = (padded.shape[2] - self.weight.shape[2]) // self.stride + 1
        columns = (padded.shape[3] - self.weight.shape[3]) // self.stride + 1
        out = np.zeros((x.shape[0], self.weight.shape[0], rows, columns))
        for k, l, window in self._windows(rows, columns):
            out[:, :, k, l] = np.tensordot(padded[window], self.weight, ([1, 2, 3], [1, 2, 3]))
        return out + self.bias[None, :, None, None]

    def backward(self, dout):
        padded = self._padded()
        dx = np.zeros_like(padded)
        self.dw = np.zeros_like(self.weight)
        self.db = dout.sum(axis=(0, 2, 3))
        for k, l, window in self._windows(*dout.shape[2:]):
            self.dw += np.tensordot(dout[:, :, k, l], padded[window], (0, 0))
            dx[window] += np.tensordot(dout[:, :, k, l], self.weight, (1, 0))
        height, width = self._x.shape[2:]
        return dx[:, :, :height, :width]
