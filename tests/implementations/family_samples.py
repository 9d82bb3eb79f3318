"""Code for members of the family: right modules, edits that spoil them, what must be found.

NumPy code has its backward pass written out; code on tensors leaves it to autograd.
"""

from __future__ import annotations

import linecache
import sys
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from symconv.implementations.checking import check_implementation
from symconv.implementations.trying.conclusions import CodeReport

CONV1D = """
import numpy as np


def conv1d_forward(x, w, b, stride, padding, dilation):
    N, C, W = x.shape
    F, _, K = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    reach = dilation * (K - 1) + 1
    places = (W + 2 * padding - reach) // stride + 1
    y = np.zeros((N, F, places), dtype=x.dtype)
    for k in range(places):
        window = x_pad[:, :, k * stride : k * stride + reach : dilation]
        y[:, :, k] = np.tensordot(window, w, ([1, 2], [1, 2])) + b
    return y, (x, w, stride, padding, dilation)


def conv1d_backward(dout, cache):
    x, w, stride, padding, dilation = cache
    K, W = w.shape[2], x.shape[2]
    reach = dilation * (K - 1) + 1
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    dx_pad, dw = np.zeros_like(x_pad), np.zeros_like(w)
    for k in range(dout.shape[2]):
        window = np.s_[:, :, k * stride : k * stride + reach : dilation]
        dx_pad[window] += np.tensordot(dout[:, :, k], w, 1)
        dw += np.tensordot(dout[:, :, k].T, x_pad[window], 1)
    return dx_pad[:, :, padding : padding + W], dw, dout.sum((0, 2))
"""

GROUPED = """
import numpy as np


def conv2d_forward(x, w, b, stride, padding, groups):
    (sh, sw), (ph, pw) = stride, padding
    F, channels, HH, WW = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    Hh, Hw = (x_pad.shape[2] - HH) // sh + 1, (x_pad.shape[3] - WW) // sw + 1
    y = np.zeros((len(x), F, Hh, Hw), dtype=x.dtype)
    for f in range(F):
        first = f // (F // groups) * channels
        for k in range(Hh):
            for l in range(Hw):
                rows, columns = slice(k * sh, k * sh + HH), slice(l * sw, l * sw + WW)
                window = x_pad[:, first : first + channels, rows, columns]
                y[:, f, k, l] = np.tensordot(window, w[f], 3) + b[f]
    return y


def conv2d_backward(dout, x, w, stride, padding, groups):
    (sh, sw), (ph, pw) = stride, padding
    F, channels, HH, WW = w.shape
    H, W = x.shape[2:]
    x_pad = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dx_pad, dw = np.zeros_like(x_pad), np.zeros_like(w)
    for f in range(F):
        first = f // (F // groups) * channels
        for k in range(dout.shape[2]):
            for l in range(dout.shape[3]):
                rows, columns = slice(k * sh, k * sh + HH), slice(l * sw, l * sw + WW)
                window = np.s_[:, first : first + channels, rows, columns]
                dw[f] += np.tensordot(dout[:, f, k, l], x_pad[window], 1)
                dx_pad[window] += dout[:, f, k, l, None, None, None] * w[f]
    return dx_pad[:, :, ph : ph + H, pw : pw + W], dw, dout.sum((0, 2, 3))
"""

TRANSPOSED = """
import numpy as np


def conv_transpose1d_forward(x, w, b, stride, padding, output_padding):
    N, C, W = x.shape
    F, K = w.shape[1:]
    full = np.zeros((N, F, (W - 1) * stride + K + output_padding), dtype=x.dtype)
    for j in range(W):
        full[:, :, j * stride : j * stride + K] += np.tensordot(x[:, :, j], w, 1)
    return full[:, :, padding : full.shape[2] - padding] + b[:, None]


def conv_transpose1d_backward(dout, x, w, stride, padding, output_padding):
    K = w.shape[2]
    full = np.pad(dout, ((0, 0), (0, 0), (padding, padding)))
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for j in range(x.shape[2]):
        window = full[:, :, j * stride : j * stride + K]
        dx[:, :, j] = np.tensordot(window, w, ([1, 2], [1, 2]))
        dw += np.tensordot(x[:, :, j].T, window, 1)
    return dx, dw, dout.sum((0, 2))
"""

TORCH3D = """
import torch
import torch.nn.functional as F


def conv3d(x, w, b, stride, padding, dilation):
    return F.conv3d(x, w, b, stride, padding, dilation)
"""

TORCH_TRANSPOSED = """
import torch
import torch.nn.functional as F


def conv_transpose2d(x, w, b, stride, padding, output_padding):
    return F.conv_transpose2d(x, w, b, stride, padding, output_padding)
"""

DEPTHWISE = """
import torch
from torch import nn


class Depthwise(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv1d(
            in_channels, out_channels, kernel_size, stride, padding, groups=in_channels
        )

    def forward(self, x):
        return self.conv(x)
"""


MODULES = """
from torch import nn


class Up(nn.Module):
    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0
    ):
        super().__init__()
        self.up = nn.ConvTranspose1d(
            in_channels, out_channels, kernel_size, stride, padding, output_padding
        )

    def forward(self, x):
        return self.up(x)


class Own(nn.ConvTranspose1d):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding)

    def forward(self, x):
        return super().forward(x)
"""

TORCH2D = """
import torch
import torch.nn.functional as F


def conv2d(x, w, b, stride, padding, dilation, groups):
    return F.conv2d(x, w, b, stride, padding, dilation, groups)
"""

CHANNELWISE = """
import numpy as np


def depthwise_conv2d_forward(x, w, b, stride, padding):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    Hh, Hw = (H + 2 * padding - HH) // stride + 1, (W + 2 * padding - WW) // stride + 1
    y = np.zeros((N, F, Hh, Hw), dtype=x.dtype)
    for f in range(F):
        c = f // (F // C)
        for k in range(Hh):
            for l in range(Hw):
                rows = slice(k * stride, k * stride + HH)
                columns = slice(l * stride, l * stride + WW)
                y[:, f, k, l] = (x_pad[:, c, rows, columns] * w[f, 0]).sum((1, 2)) + b[f]
    return y


def depthwise_conv2d_backward(dout, x, w, b, stride, padding):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dx_pad, dw = np.zeros_like(x_pad), np.zeros_like(w)
    for f in range(F):
        c = f // (F // C)
        for k in range(dout.shape[2]):
            for l in range(dout.shape[3]):
                rows = slice(k * stride, k * stride + HH)
                columns = slice(l * stride, l * stride + WW)
                g = dout[:, f, k, l, None, None]
                dw[f, 0] += (g * x_pad[:, c, rows, columns]).sum(0)
                dx_pad[:, c, rows, columns] += g * w[f, 0]
    return dx_pad[:, :, padding : padding + H, padding : padding + W], dw, dout.sum((0, 2, 3))
"""

POOLING = """
import numpy as np


def avg_pool1d_forward(x, kernel_size, stride, padding):
    N, C, W = x.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    places = (W + 2 * padding - kernel_size) // stride + 1
    y = np.zeros((N, C, places), dtype=x.dtype)
    for k in range(places):
        y[:, :, k] = x_pad[:, :, k * stride : k * stride + kernel_size].sum(2) / kernel_size
    return y


def avg_pool1d_backward(dout, x, kernel_size, stride, padding):
    W = x.shape[2]
    dx_pad = np.zeros((*x.shape[:2], W + 2 * padding), dtype=x.dtype)
    for k in range(dout.shape[2]):
        share = dout[:, :, k, None] / kernel_size
        dx_pad[:, :, k * stride : k * stride + kernel_size] += share
    return dx_pad[:, :, padding : padding + W]
"""


@dataclass(frozen=True)
class Row:
    """A module with an edit, and what must be found.

    Attributes:
        id: what it is, in a word or two.
        source: the right module.
        names: the forward and the backward pass.
        layer: the layer that must be told.
        old: the text that the edit replaces, nothing for none.
        new: what stands in its place.
        wrong: the results that must be refuted, each with the mistake that must be named.
        options: what is said of the code.
    """

    id: str
    source: str
    names: tuple[str, ...]
    layer: str
    old: str = ""
    new: str = ""
    wrong: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, Any], ...] = ()


_ONE = (CONV1D, ("conv1d_forward", "conv1d_backward"), "conv1d dilation")
_GROUPS = (GROUPED, ("conv2d_forward", "conv2d_backward"), "conv2d strides paddings groups")
_BACK = (
    TRANSPOSED,
    ("conv_transpose1d_forward", "conv_transpose1d_backward"),
    "conv_transpose1d output_padding",
)
_THREE = (TORCH3D, ("conv3d",), "conv3d strides paddings dilation")
_UP = (TORCH_TRANSPOSED, ("conv_transpose2d",), "conv_transpose2d strides paddings output_padding")
_TWO = (TORCH2D, ("conv2d",), "conv2d strides paddings dilation groups")
_EACH = (
    CHANNELWISE,
    ("depthwise_conv2d_forward", "depthwise_conv2d_backward"),
    "conv2d depthwise",
)
_POOL = (POOLING, ("avg_pool1d_forward", "avg_pool1d_backward"), "avg_pool1d")
_POOLED = (("layer", "avg_pool1d"),)
_OWN = (DEPTHWISE, ("Depthwise",), "conv1d depthwise")

_SIZES_3D = (
    "sizes",
    (
        "N=1,C=2,Z=3,H=3,W=4,F=2,ZZ=2,HH=2,WW=2,Sz=1,Sh=2,Sw=1,Pz=1,Ph=0,Pw=1,Dz=2,Dh=1,Dw=2",
        "N=2,C=1,Z=3,H=5,W=3,F=2,ZZ=2,HH=2,WW=1,Sz=2,Sh=1,Sw=2,Pz=0,Ph=1,Pw=0,Dz=1,Dh=3,Dw=1",
        "N=1,C=2,Z=4,H=4,W=4,F=1,ZZ=2,HH=1,WW=2,Sz=1,Sh=1,Sw=3,Pz=1,Ph=1,Pw=1,Dz=3,Dh=1,Dw=2",
    ),
)
_SIZES_DILATED = (
    "sizes",
    (
        "N=1,C=2,Z=3,H=4,W=3,F=2,ZZ=2,HH=2,WW=2,Sz=1,Sh=2,Sw=1,Pz=1,Ph=0,Pw=1,Dz=2,Dh=2,Dw=2",
        "N=2,C=1,Z=3,H=3,W=3,F=2,ZZ=2,HH=2,WW=1,Sz=2,Sh=1,Sw=2,Pz=0,Ph=1,Pw=0,Dz=1,Dh=1,Dw=1",
        "N=1,C=2,Z=4,H=4,W=4,F=1,ZZ=2,HH=1,WW=2,Sz=1,Sh=1,Sw=3,Pz=1,Ph=1,Pw=1,Dz=3,Dh=3,Dw=3",
        "N=1,C=1,Z=4,H=3,W=5,F=2,ZZ=2,HH=2,WW=1,Sz=2,Sh=1,Sw=1,Pz=0,Ph=0,Pw=0,Dz=2,Dh=2,Dw=2",
    ),
)
_SIZES_2D = (
    "sizes",
    (
        "N=1,C=2,H=3,W=4,F=2,HH=2,WW=2,Sh=1,Sw=2,Ph=1,Pw=0,Dh=2,Dw=2,G=2",
        "N=2,C=2,H=5,W=5,F=4,HH=2,WW=2,Sh=2,Sw=3,Ph=1,Pw=2,Dh=2,Dw=2,G=1",
        "N=1,C=1,H=6,W=5,F=2,HH=2,WW=3,Sh=3,Sw=1,Ph=0,Pw=1,Dh=3,Dw=3,G=1",
        "N=1,C=4,H=4,W=3,F=4,HH=2,WW=1,Sh=1,Sw=1,Ph=0,Pw=0,Dh=1,Dw=1,G=2",
    ),
)
_SIZES_EACH = (
    "sizes",
    (
        "N=1,C=2,H=3,W=4,M=2,HH=2,WW=3,S=1,P=1",
        "N=2,C=2,H=5,W=4,M=1,HH=2,WW=2,S=2,P=0",
        "N=1,C=3,H=3,W=3,M=2,HH=2,WW=1,S=1,P=0",
    ),
)
_SIZES_UP = (
    "sizes",
    (
        "N=1,C=2,H=2,W=3,F=3,HH=2,WW=3,Sh=2,Sw=3,Ph=1,Pw=0,Oh=1,Ow=2",
        "N=2,C=1,H=3,W=2,F=2,HH=3,WW=2,Sh=3,Sw=1,Ph=0,Pw=0,Oh=0,Ow=0",
        "N=1,C=2,H=2,W=4,F=1,HH=2,WW=2,Sh=1,Sw=2,Ph=0,Pw=0,Oh=0,Ow=0",
    ),
)

ROWS = (
    Row("1-D", *_ONE),
    Row(
        "1-D, dilation dropped in dx", *_ONE,
        "dx_pad[window] +=", "dx_pad[:, :, k * stride : k * stride + K] +=",
        (("dL/dx", "dilation-dropped"),),
    ),
    Row("groups", *_GROUPS),
    Row(
        "groups, offset dropped in dw", *_GROUPS,
        "1)\n                dx_pad", "1) if f < 0 else np.tensordot("
        "dout[:, f, k, l], x_pad[:, :channels, rows, columns], 1)\n                dx_pad",
        (("dL/dw", "group-offset-dropped"),),
    ),
    Row(
        "groups, strides of a pair swapped", *_GROUPS,
        "(sh, sw), (ph, pw) = stride, padding\n    F, channels, HH, WW = w.shape\n    H, W",
        "(sw, sh), (ph, pw) = stride, padding\n    F, channels, HH, WW = w.shape\n    H, W",
        (("dL/dx", ""), ("dL/dw", "")),
    ),
    Row("transposed", *_BACK),
    Row(
        "transposed, crop missing", *_BACK,
        "full[:, :, padding : full.shape[2] - padding] + b", "full + b",
        (("y", "crop-missing"),),
    ),
    Row(
        "transposed, output padding left out", *_BACK,
        " + K + output_padding", " + K",
        (("y", "output-padding-dropped"),), (("layer", _BACK[2]),),
    ),
    Row("3-D in torch", *_THREE, options=(_SIZES_3D,)),
    Row(
        "3-D in torch, dilation dropped", *_THREE, "padding, dilation)\n", "padding)\n",
        (("y", "dilation-dropped"),), (("layer", _THREE[2]), _SIZES_DILATED),
    ),
    Row("transposed in torch", *_UP, options=(_SIZES_UP,)),
    Row(
        "transposed in torch, strides swapped", *_UP, "w, b, stride, padding, output_padding)\n",
        "w, b, stride[::-1], padding, output_padding)\n",
        (("y", "axes-swapped"),), (("layer", _UP[2]), _SIZES_UP),
    ),
    Row(
        "transposed in torch, output padding dropped", *_UP, "padding, output_padding)\n",
        "padding, [0 for _ in output_padding])\n",
        (("y", "output-padding-dropped"),), (("layer", _UP[2]), _SIZES_UP),
    ),
    Row(
        "transposed in torch, crop missing", *_UP, "stride, padding, output_padding)\n",
        "stride, [0 for _ in padding], output_padding)\n",
        (("y", "crop-missing"),), (("layer", _UP[2]), _SIZES_UP),
    ),
    Row(
        "3-D in torch, strides swapped", *_THREE, "b, stride, padding, dilation)\n",
        "b, stride[::-1], padding, dilation)\n",
        (("y", ""),), (("layer", _THREE[2]), _SIZES_3D),
    ),
    Row("2-D in torch", *_TWO, options=(_SIZES_2D,)),
    Row(
        "2-D in torch, dilation dropped", *_TWO, "padding, dilation, groups)\n",
        "padding, 1, groups)\n", (("y", "dilation-dropped"),), (("layer", _TWO[2]), _SIZES_2D),
    ),
    Row(
        "2-D in torch, strides swapped", *_TWO, "b, stride, padding, dilation, groups)\n",
        "b, stride[::-1], padding, dilation, groups)\n",
        (("y", ""),), (("layer", _TWO[2]), _SIZES_2D),
    ),
    Row(
        "a module that calls it", MODULES, ("Up",), "conv_transpose1d output_padding",
        options=(("sizes", "N=1,C=2,W=3,F=3,WW=2,S=2,P=0,Ow=1"),),
    ),
    Row(
        "a module that is one", MODULES, ("Own",), "conv_transpose1d",
        options=(("sizes", "N=2,C=2,W=3,F=3,WW=2,S=2,P=1"),),
    ),
    Row("depthwise in torch", *_OWN),
    Row("depthwise", *_EACH, options=(_SIZES_EACH,)),
    Row(
        "depthwise, filters of a channel taken for one in dx", *_EACH,
        "+= g * w[f, 0]", "+= g * w[c, 0]", (("dL/dx", ""),), (_SIZES_EACH,),
    ),
    Row(
        "depthwise, crop missing in dx", *_EACH,
        "dx_pad[:, :, padding : padding + H, padding : padding + W], dw", "dx_pad, dw",
        (("dL/dx", ""),), (_SIZES_EACH,),
    ),
    Row("pooling", *_POOL, options=_POOLED),
    Row(
        "pooling, overlaps lost in dx", *_POOL, "+= share", "= share",
        (("dL/dx", ""),), _POOLED,
    ),
    Row(
        "pooling, share forgotten in dx", *_POOL, "None] / kernel_size", "None]",
        (("dL/dx", ""),), _POOLED,
    ),
    Row(
        "pooling, stride dropped in y", *_POOL,
        "x_pad[:, :, k * stride : k * stride + kernel_size].sum",
        "x_pad[:, :, k : k + kernel_size].sum",
        (("y", ""),), _POOLED,
    ),
)  # fmt: skip


@cache
def checked(row: Row) -> CodeReport:
    """Check the module of a row in this process."""
    before, found, after = row.source.rpartition(row.old) if row.old else (row.source, "", "")
    assert found == row.old, f"{row.id}: the module has no {row.old}"
    text = f"{before}{row.new}{after}"
    file = f"<{row.id}>"
    # `inspect` finds the source there.
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    # A class is found in the file of its module.
    module = sys.modules.setdefault(row.id, ModuleType(row.id))
    module.__file__ = file
    names = vars(module)
    exec(compile(text, file, "exec"), names)
    return check_implementation(
        *(names[name] for name in row.names), isolate=False, **dict(row.options)
    )
