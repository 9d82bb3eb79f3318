"""The conv2d layer: its parts put together, and the sizes it is checked at by default."""

from __future__ import annotations

from functools import cache

from symconv.algebra.indices import divides, equal
from symconv.layers.convolution import loops
from symconv.layers.convolution.forward import (
    GIVEN,
    HEIGHT,
    HH,
    LOSS,
    OUTPUT,
    PADDED_INPUT,
    WIDTH,
    WW,
    C,
    F,
    H,
    Hh,
    Hw,
    L,
    N,
    P,
    S,
    W,
    b,
    dout,
    w,
    x,
    x_pad,
    y,
)
from symconv.layers.convolution.gradients import STATEMENTS
from symconv.layers.convolution.shapes import SHAPES
from symconv.layers.layer import DerivedSize, Layer, Loop, Region
from symconv.layers.spellings import IN_CODE

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
    return Layer(
        name="conv2d",
        given=GIVEN,
        minimum={P: 0},
        derived=tuple(
            DerivedSize(axis.output, axis.output_extent, axis.output_conditions())
            for axis in (HEIGHT, WIDTH)
        ),
        constraints=(*HEIGHT.constraints(), *WIDTH.constraints()),
        inputs=(x, w, b, dout),
        definitions=(PADDED_INPUT, OUTPUT, LOSS),
        input=x,
        weights=w,
        bias=b,
        padded=x_pad,
        output=y,
        upstream=dout,
        loss=L,
        statements=STATEMENTS,
        loops=LOOPS,
        default_sizes=DEFAULT_SIZES,
        regions=REGIONS,
        shapes=SHAPES,
        words=IN_CODE,
        axes=(HEIGHT, WIDTH),
        letters={
            N: "n",
            C: "c",
            F: "f",
            H: "i",
            HH: "p",
            Hh: "k",
            W: "j",
            WW: "q",
            Hw: "l",
        },
        images=N,
    )
