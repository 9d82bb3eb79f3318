"""A module whose filters are applied window by window."""

import torch
from torch import nn


class WindowConv2d(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        kh, kw = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kh, kw))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.stride = stride
        self.padding = padding

    def forward(self, x):
        p = self.padding
        x = nn.functional.pad(x, (p, p, p, p))
        _, _, kh, kw = self.weight.shape
        rows = []
        for i in range(0, x.shape[2] - kh + 1, self.stride):
            row = []
            for j in range(0, x.shape[3] - kw + 1, self.stride):
                window = x[:, None, :, i : i + kh, j : j + kw]
                row.append((window * self.weight).sum(dim=(2, 3, 4)) + self.bias)
            rows.append(torch.stack(row, dim=-1))
        return torch.stack(rows, dim=-2)
