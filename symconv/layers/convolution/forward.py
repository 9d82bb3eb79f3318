"""The 2-D convolution layer: its sizes, arrays and definitions.

Shapes:
    x: (N, C, H, W), the input; x_pad: (N, C, H+2P, W+2P), the zero-padded input.
    w: (F, C, HH, WW), the filters; b: (F,), the bias.
    y, dout: (N, F, Hh, Hw), the output and the upstream gradient dL/dy.
    L: (), the loss, sum of dout * y.

Units: S and P count input positions and are shared by both axes.

Source: the post's section "Forward pass", in corrected form.
"""

from __future__ import annotations

from symconv.algebra.expressions import Array, Definition, Iverson, Sum
from symconv.algebra.indices import indices, sizes
from symconv.layers.axis import Axis

N, C, H, W, F, HH, WW, S, P = GIVEN = sizes("N C H W F HH WW S P")
Hh, Hw = sizes("Hh Hw")
n, f, c, k, l, p, q, i, j = indices("n f c k l p q i j")

HEIGHT = Axis(input=H, filter=HH, output=Hh, stride=S, padding_before=P, padding_after=P)
WIDTH = Axis(input=W, filter=WW, output=Hw, stride=S, padding_before=P, padding_after=P)

x = Array("x", (N, C, H, W))
w = Array("w", (F, C, HH, WW))
b = Array("b", (F,))
dout = Array("dout", (N, F, Hh, Hw))
x_pad = Array("x_pad", (N, C, HEIGHT.padded, WIDTH.padded))
y = Array("y", (N, F, Hh, Hw))
L = Array("L")

PADDED_INPUT = Definition(
    x_pad[n, c, i, j],
    Iverson(HEIGHT.holds_input(i))
    * Iverson(WIDTH.holds_input(j))
    * x[n, c, HEIGHT.unpadded(i), WIDTH.unpadded(j)],
)
OUTPUT = Definition(
    y[n, f, k, l],
    b[f]
    + Sum(
        w[f, c, p, q] * x_pad[n, c, HEIGHT.position(k, p), WIDTH.position(l, q)],
        (c, 0, C - 1),
        (p, 0, HH - 1),
        (q, 0, WW - 1),
    ),
)
LOSS = Definition(
    L[()],
    Sum(
        dout[n, f, k, l] * y[n, f, k, l],
        (n, 0, N - 1),
        (f, 0, F - 1),
        (k, 0, Hh - 1),
        (l, 0, Hw - 1),
    ),
)
