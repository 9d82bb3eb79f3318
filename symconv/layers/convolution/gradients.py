"""The hand-derived statements of the 2-D convolution: claims, each with its source.

They follow the post, in corrected form: sums end at HH-1 and WW-1, the padded input is
guarded by P <= i <= H+P-1, and every array is indexed within its shape. None of them is an
axiom; what they are checked against is in `forward`.
"""

from __future__ import annotations

from symconv.algebra.expressions import (
    Delta,
    Derivative,
    ExpressionLike,
    Iverson,
    Statement,
    Sum,
    claim,
)
from symconv.algebra.indices import (
    Condition,
    Index,
    IntegerLike,
    between,
    divides,
    equal,
    floor,
    indices,
)
from symconv.layers.convolution.forward import (
    HEIGHT,
    HH,
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
    c,
    dout,
    f,
    i,
    j,
    k,
    l,
    n,
    p,
    q,
    w,
    x,
    x_pad,
    y,
)

# n', c', f' name the entry that is differentiated by; n'', c'', i'', j'' run over x_pad.
n1, c1, f1 = indices("n' c' f'")
n2, c2, i2, j2 = indices("n'' c'' i'' j''")
p0, q0, g = indices("p_0 q_0 g")

OVER_IMAGES = (n, 0, N - 1)
OVER_FILTERS = (f, 0, F - 1)
OVER_CHANNELS = (c, 0, C - 1)
OVER_OUTPUT = ((k, 0, Hh - 1), (l, 0, Hw - 1))
OVER_WINDOW = ((p, 0, HH - 1), (q, 0, WW - 1))
OVER_PADDED_INPUT = (
    (n2, 0, N - 1),
    (c2, 0, C - 1),
    (i2, 0, HEIGHT.padded - 1),
    (j2, 0, WIDTH.padded - 1),
)

DY = Derivative(L[()], y[n, f, k, l])
DY_DW = Derivative(y[n, f, k, l], w[f1, c1, i, j])
DY_DB = Derivative(y[n, f, k, l], b[f1])
DY_DX = Derivative(y[n, f, k, l], x[n1, c1, i, j])
DY_DX_PAD = Derivative(y[n, f, k, l], x_pad[n2, c2, i2, j2])
DX_PAD_DX = Derivative(x_pad[n2, c2, i2, j2], x[n1, c1, i, j])
DL_DW = Derivative(L[()], w[f1, c1, i, j])
DL_DB = Derivative(L[()], b[f1])
DL_DX = Derivative(L[()], x[n1, c1, i, j])


def _claim(
    key: str,
    lhs: ExpressionLike,
    rhs: ExpressionLike,
    source: str,
    *,
    assumptions: tuple[Condition, ...] = (),
    where: tuple[tuple[Index, IntegerLike], ...] = (),
) -> Statement:
    """Claim what the post derives, under a stable name."""
    return claim(
        lhs, rhs, name=key, assumptions=assumptions, where=where, source=f"the post, {source}"
    )


OUTPUT_SIZE = (
    _claim("output-size:floor-Hh", Hh, 1 + floor(HEIGHT.room / S), "Forward pass"),
    _claim("output-size:floor-Hw", Hw, 1 + floor(WIDTH.room / S), "Forward pass"),
    _claim(
        "output-size:fraction-Hh",
        Hh,
        1 + HEIGHT.room / S,
        "Forward pass, the output size as a plain fraction",
        assumptions=(divides(S, HEIGHT.room),),
    ),
    _claim(
        "output-size:fraction-Hw",
        Hw,
        1 + WIDTH.room / S,
        "Forward pass, the output size as a plain fraction",
        assumptions=(divides(S, WIDTH.room),),
    ),
)

INPUT_PADDING = (
    _claim(
        "x_pad",
        x_pad[n2, c2, i2, j2],
        x[n2, c2, i2 - P, j2 - P]
        * Iverson(between(P, i2, H + P - 1))
        * Iverson(between(P, j2, W + P - 1)),
        "Gradient with respect to the input, the padded input with its indicators",
    ),
    _claim(
        "dx_pad/dx",
        DX_PAD_DX,
        Delta(n2, n1) * Delta(c2, c1) * Delta(i, i2 - P) * Delta(j, j2 - P),
        "Gradient with respect to the input, the derivative of the padding",
    ),
)

FORWARD = (
    _claim(
        "y:example",
        y[0, 0, 1, 1],
        Sum(x[0, 0, p, q] * w[0, 0, p - 2, q - 2], (p, 2, 4), (q, 2, 4)) + b[0],
        "Forward pass, the worked example",
        assumptions=(
            *(equal(size, 1) for size in (N, C, F)),
            *(equal(size, 5) for size in (H, W)),
            *(equal(size, 3) for size in (HH, WW)),
            equal(S, 2),
            equal(P, 0),
        ),
    ),
    _claim(
        "y:patch",
        y[n, f, k, l],
        Sum(
            Sum(
                x_pad[n, c, p, q] * w[f, c, p - k * S, q - l * S],
                (p, k * S, k * S + HH - 1),
                (q, l * S, l * S + WW - 1),
            ),
            OVER_CHANNELS,
        )
        + b[f],
        "Forward pass, first line of the general output",
    ),
    _claim(
        "y:shifted",
        y[n, f, k, l],
        Sum(Sum(x_pad[n, c, p + p0, q + q0] * w[f, c, p, q], *OVER_WINDOW), OVER_CHANNELS) + b[f],
        "Forward pass, second line of the general output",
        where=((p0, S * k), (q0, S * l)),
    ),
    _claim(
        "y:strided",
        y[n, f, k, l],
        Sum(Sum(x_pad[n, c, p + k * S, q + l * S] * w[f, c, p, q], *OVER_WINDOW), OVER_CHANNELS)
        + b[f],
        "Forward pass, third line of the general output",
    ),
)

_WEIGHTS = "Gradient with respect to the weights"
WEIGHTS = (
    _claim(
        "dy/dw:deltas",
        DY_DW,
        Sum(
            Sum(
                Delta(c, c1)
                * Delta(f, f1)
                * Delta(p, i)
                * Delta(q, j)
                * x_pad[n, c, p + S * k, q + S * l],
                *OVER_WINDOW,
            ),
            OVER_CHANNELS,
        ),
        f"{_WEIGHTS}, second line of the output's derivative",
    ),
    _claim(
        "dy/dw:contracted",
        DY_DW,
        Delta(f, f1) * x_pad[n, c1, i + S * k, j + S * l],
        f"{_WEIGHTS}, third line of the output's derivative",
    ),
    _claim(
        "dL/dw:chain",
        DL_DW,
        Sum(DY * DY_DW, OVER_IMAGES, OVER_FILTERS, *OVER_OUTPUT),
        f"{_WEIGHTS}, the chain rule",
    ),
    _claim(
        "dL/dw:deltas",
        DL_DW,
        Sum(
            dout[n, f, k, l] * Delta(f, f1) * x_pad[n, c1, i + S * k, j + S * l],
            OVER_IMAGES,
            OVER_FILTERS,
            *OVER_OUTPUT,
        ),
        f"{_WEIGHTS}, first line of the result",
    ),
    _claim(
        "dL/dw:contracted",
        DL_DW,
        Sum(
            dout[n, f1, k, l] * x_pad[n, c1, i + S * k, j + S * l],
            OVER_IMAGES,
            *OVER_OUTPUT,
        ),
        f"{_WEIGHTS}, second line of the result",
    ),
)

_BIAS = "Gradient with respect to the bias"
BIAS = (
    _claim(
        "dy/db:deltas",
        DY_DB,
        Sum(Delta(f, g) * Delta(g, f1), (g, 0, F - 1)),
        f"{_BIAS}, with the bias picked out of its array by a delta",
    ),
    _claim("dy/db:contracted", DY_DB, Delta(f, f1), f"{_BIAS}, second line"),
    _claim(
        "dL/db:chain",
        DL_DB,
        Sum(DY * DY_DB, OVER_IMAGES, OVER_FILTERS, *OVER_OUTPUT),
        f"{_BIAS}, first line",
    ),
    _claim(
        "dL/db:deltas",
        DL_DB,
        Sum(dout[n, f, k, l] * Delta(f, f1), OVER_IMAGES, OVER_FILTERS, *OVER_OUTPUT),
        f"{_BIAS}, second line",
    ),
    _claim(
        "dL/db:contracted",
        DL_DB,
        Sum(dout[n, f1, k, l], OVER_IMAGES, *OVER_OUTPUT),
        f"{_BIAS}, third line",
    ),
)

_INPUT = "Gradient with respect to the input"
INPUT = (
    _claim(
        "dy/dx_pad:deltas",
        DY_DX_PAD,
        Sum(
            Sum(
                Delta(n, n2)
                * Delta(c, c2)
                * Delta(p + k * S, i2)
                * Delta(q + l * S, j2)
                * w[f, c, p, q],
                *OVER_WINDOW,
            ),
            OVER_CHANNELS,
        ),
        f"{_INPUT}, second line of the derivative by the padded input",
    ),
    _claim(
        "dy/dx_pad:contracted",
        DY_DX_PAD,
        Sum(
            Delta(n, n2) * Delta(p + k * S, i2) * Delta(q + l * S, j2) * w[f, c2, p, q],
            *OVER_WINDOW,
        ),
        f"{_INPUT}, third line of the derivative by the padded input",
    ),
    _claim(
        "dy/dx:chain",
        DY_DX,
        Sum(DY_DX_PAD * DX_PAD_DX, *OVER_PADDED_INPUT),
        f"{_INPUT}, the chain rule through the padded input",
    ),
    _claim(
        "dy/dx:deltas",
        DY_DX,
        Delta(n, n1)
        * Sum(
            Delta(p + k * S, i + P) * Delta(q + l * S, j + P) * w[f, c1, p, q],
            *OVER_WINDOW,
        ),
        f"{_INPUT}, last line of the output's derivative",
    ),
    _claim(
        "dy/dx:contracted",
        DY_DX,
        Delta(n, n1)
        * Iverson(between(0, i + P - k * S, HH - 1))
        * Iverson(between(0, j + P - l * S, WW - 1))
        * w[f, c1, i + P - k * S, j + P - l * S],
        f"{_INPUT}, the output's derivative with the filter index solved for (derived here)",
    ),
    _claim(
        "dL/dx:chain",
        DL_DX,
        Sum(DY * DY_DX, OVER_IMAGES, OVER_FILTERS, *OVER_OUTPUT),
        f"{_INPUT}, the chain rule",
    ),
    _claim(
        "dL/dx:deltas",
        DL_DX,
        Sum(
            Sum(
                dout[n1, f, k, l]
                * Delta(p + k * S, i + P)
                * Delta(q + l * S, j + P)
                * w[f, c1, p, q],
                *OVER_WINDOW,
            ),
            OVER_FILTERS,
            *OVER_OUTPUT,
        ),
        f"{_INPUT}, last line of the result",
    ),
    _claim(
        "dL/dx:contracted",
        DL_DX,
        Sum(
            dout[n1, f, k, l]
            * Iverson(between(0, i + P - k * S, HH - 1))
            * Iverson(between(0, j + P - l * S, WW - 1))
            * w[f, c1, i + P - k * S, j + P - l * S],
            OVER_FILTERS,
            *OVER_OUTPUT,
        ),
        f"{_INPUT}, the result with the filter index solved for (derived here)",
    ),
)

STATEMENTS = (*OUTPUT_SIZE, *INPUT_PADDING, *FORWARD, *WEIGHTS, *BIAS, *INPUT)
