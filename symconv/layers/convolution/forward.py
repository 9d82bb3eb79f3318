"""The letters of the post's layer: its sizes, indices, arrays and definitions.

Shapes:
    x: (N, C, H, W), the input; x_pad: (N, C, H+2P, W+2P), the zero-padded input.
    w: (F, C, HH, WW), the filters; b: (F,), the bias.
    y, dout: (N, F, Hh, Hw), the output and the upstream gradient dL/dy.
    L: (), the loss, sum of dout * y.

Units: S and P count input positions and are shared by both axes.

Source: the post's section "Forward pass", in corrected form.
"""

from __future__ import annotations

from symconv.algebra.indices import indices
from symconv.layers.convolution.direct import definitions
from symconv.layers.convolution.frame import LayerFrame
from symconv.layers.convolution.member_choices import Choices

FRAME = LayerFrame(Choices())
N, C, H, W, F, HH, WW, S, P = GIVEN = FRAME.given
HEIGHT, WIDTH = FRAME.axes
Hh, Hw = HEIGHT.output, WIDTH.output
n, f, c, k, l, p, q, i, j = indices("n f c k l p q i j")
x, w, b, dout, x_pad, y = FRAME.x, FRAME.w, FRAME.b, FRAME.dout, FRAME.x_pad, FRAME.y
PADDED_INPUT, OUTPUT, LOSS = definitions(FRAME)
L = LOSS.array
