"""The post's layer, conv2d: its claims and where they stand, its loops, its default sizes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from symconv.algebra.expressions import Statement, Sum, claim
from symconv.algebra.indices import divides, equal
from symconv.layers.convolution import loops
from symconv.layers.convolution.builder import build
from symconv.layers.convolution.direct import statements
from symconv.layers.convolution.forward import (
    FRAME,
    HEIGHT,
    HH,
    WIDTH,
    WW,
    C,
    F,
    H,
    N,
    P,
    S,
    W,
    b,
    p,
    q,
    w,
    x,
    y,
)
from symconv.layers.convolution.shapes import SHAPES
from symconv.layers.layer import Layer, Loop, Region

_WEIGHTS = "Gradient with respect to the weights"
_BIAS = "Gradient with respect to the bias"
_INPUT = "Gradient with respect to the input"
PLACES = {
    "output-size:floor-Hh": "Forward pass",
    "output-size:floor-Hw": "Forward pass",
    "output-size:fraction-Hh": "Forward pass, the output size as a plain fraction",
    "output-size:fraction-Hw": "Forward pass, the output size as a plain fraction",
    "x_pad": f"{_INPUT}, the padded input with its indicators",
    "dx_pad/dx": f"{_INPUT}, the derivative of the padding",
    "y:example": "Forward pass, the worked example",
    "y:patch": "Forward pass, first line of the general output",
    "y:shifted": "Forward pass, second line of the general output",
    "y:strided": "Forward pass, third line of the general output",
    "dy/dw:deltas": f"{_WEIGHTS}, second line of the output's derivative",
    "dy/dw:contracted": f"{_WEIGHTS}, third line of the output's derivative",
    "dL/dw:chain": f"{_WEIGHTS}, the chain rule",
    "dL/dw:deltas": f"{_WEIGHTS}, first line of the result",
    "dL/dw:contracted": f"{_WEIGHTS}, second line of the result",
    "dy/db:deltas": f"{_BIAS}, with the bias picked out of its array by a delta",
    "dy/db:contracted": f"{_BIAS}, second line",
    "dL/db:chain": f"{_BIAS}, first line",
    "dL/db:deltas": f"{_BIAS}, second line",
    "dL/db:contracted": f"{_BIAS}, third line",
    "dy/dx_pad:deltas": f"{_INPUT}, second line of the derivative by the padded input",
    "dy/dx_pad:contracted": f"{_INPUT}, third line of the derivative by the padded input",
    "dy/dx:chain": f"{_INPUT}, the chain rule through the padded input",
    "dy/dx:deltas": f"{_INPUT}, last line of the output's derivative",
    "dy/dx:contracted": (
        f"{_INPUT}, the output's derivative with the filter index solved for (derived here)"
    ),
    "dL/dx:chain": f"{_INPUT}, the chain rule",
    "dL/dx:deltas": f"{_INPUT}, last line of the result",
    "dL/dx:contracted": f"{_INPUT}, the result with the filter index solved for (derived here)",
}
"""Where each claim stands in the post, which is followed in corrected form.

Sums end at HH-1 and WW-1, the padded input is guarded by P <= i <= H+P-1, and every array is
indexed within its shape.
"""

EXAMPLE = claim(
    y[0, 0, 1, 1],
    Sum(x[0, 0, p, q] * w[0, 0, p - 2, q - 2], (p, 2, 4), (q, 2, 4)) + b[0],
    name="y:example",
    assumptions=(
        *(equal(size, 1) for size in (N, C, F)),
        *(equal(size, 5) for size in (H, W)),
        *(equal(size, 3) for size in (HH, WW)),
        equal(S, 2),
        equal(P, 0),
    ),
)


def _claims() -> tuple[Statement, ...]:
    """Return the claims of the post in its order, each with its place."""
    claims = {item.key: item for item in (EXAMPLE, *statements(FRAME))}
    return tuple(replace(claims[key], source=f"the post, {place}") for key, place in PLACES.items())


STATEMENTS = _claims()

LOOPS = (
    Loop("loop/forward", loops.forward, ("x", "w", "b", "S", "P"), "y", "the post, Forward pass"),
    Loop(
        "loop/dw",
        loops.weights_gradient,
        ("dout", "x", "w", "S", "P"),
        "dL/dw",
        "the post, Gradient with respect to the weights",
    ),
    Loop(
        "loop/db",
        loops.bias_gradient,
        ("dout", "b"),
        "dL/db",
        "the post, Gradient with respect to the bias",
    ),
    Loop(
        "loop/dx",
        loops.input_gradient,
        ("dout", "x", "w", "S", "P"),
        "dL/dx",
        "the post, Gradient with respect to the input",
    ),
    Loop(
        "loop/dx:scatter",
        loops.input_gradient_scatter,
        ("dout", "x", "w", "S", "P"),
        "dL/dx",
        "derived here",
    ),
)

DEFAULT_SIZES = (
    # One position everywhere: the smallest layer there is.
    "N=1,C=1,H=1,W=1,F=1,HH=1,WW=1,S=1,P=0",
    # The worked example of the post.
    "N=1,C=1,H=5,W=5,F=1,HH=3,WW=3,S=2,P=0",
    # Nothing square, nothing single, stride 1, no padding.
    "N=2,C=2,H=4,W=3,F=3,HH=2,WW=3,S=1,P=0",
    # A filter as large as the padded input, with padding: one output position.
    "N=1,C=2,H=2,W=1,F=2,HH=4,WW=3,S=1,P=1",
    # Stride 2 that does not divide: remainder rows, but no remainder columns.
    "N=2,C=1,H=5,W=4,F=2,HH=2,WW=2,S=2,P=0",
    # Padding as large as the filter, a 1x1 filter, and a stride larger than the filter.
    "N=1,C=2,H=2,W=3,F=2,HH=1,WW=1,S=2,P=1",
    # Padding larger than the filter on one axis; stride larger than the filter.
    "N=2,C=2,H=2,W=5,F=3,HH=1,WW=3,S=3,P=2",
    # Stride 3 with remainder columns, padding 1, filter taller than wide.
    "N=1,C=2,H=4,W=5,F=2,HH=3,WW=2,S=3,P=1",
    # Overlapping windows with padding 1 and stride 1.
    "N=2,C=2,H=3,W=4,F=2,HH=3,WW=2,S=1,P=1",
    # Overlapping windows with padding 2 and stride 2, remainder on both axes.
    "N=1,C=1,H=4,W=5,F=2,HH=3,WW=4,S=2,P=2",
)


REGIONS = (
    Region("S = 1", equal(S, 1)),
    Region("P = 0", equal(P, 0)),
    Region("S divides H+2P-HH and W+2P-WW", divides(S, HEIGHT.room) & divides(S, WIDTH.room)),
    Region("H = W", equal(H, W)),
    Region("HH = WW", equal(HH, WW)),
    Region("P < HH and P < WW", (P < HH) & (P < WW)),
    Region("HH and WW are odd", equal(HH % 2, 1) & equal(WW % 2, 1)),
    Region("S <= HH and S <= WW", (S <= HH) & (S <= WW)),
)


@cache
def conv2d() -> Layer:
    """Return the 2-D convolution layer of the post, with its statements and loops.

    Shapes:
        x: (N, C, H, W); w: (F, C, HH, WW); b: (F,); y and dout: (N, F, Hh, Hw).

    Units: the stride S and the padding P count input positions, on both axes alike.
    """
    return replace(
        build(FRAME),
        statements=STATEMENTS,
        loops=LOOPS,
        default_sizes=DEFAULT_SIZES,
        regions=REGIONS,
        shapes=SHAPES,
    )
