"""An autograd function."""

import torch
import torch.nn.functional as F


class Conv2dFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, stride, padding):
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        x = F.pad(x, (padding, padding, padding, padding))
        windows = x.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
        out = torch.einsum("nchwpq,fcpq->nfhw", windows, weight)
        return out + bias.view(1, -1, 1, 1)

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        stride, padding = ctx.stride, ctx.padding
        kh, kw = weight.shape[2:]
        rows, columns = grad_output.shape[2:]
        x_pad = F.pad(x, (0, 2 * padding, 0, 2 * padding))
        grad_pad = torch.zeros_like(x_pad)
        grad_weight = torch.zeros_like(weight)
        for p in range(kh):
            for q in range(kw):
                bottom, right = p + (rows - 1) * stride + 1, q + (columns - 1) * stride + 1
                seen = x_pad[:, :, p:bottom:stride, q:right:stride]
                grad_weight[:, :, p, q] = torch.einsum("nfhw,nchw->fc", grad_output, seen)
                part = torch.einsum("nfhw,fc->nchw", grad_output, weight[:, :, p, q])
                grad_pad[:, :, p:bottom:stride, q:right:stride] += part
        height, width = x.shape[2:]
        grad_x = grad_pad[:, :, padding : padding + height, padding : padding + width]
        return grad_x, grad_weight, grad_output.sum((0, 2, 3)), None, None
