"""Equivalent rewrites of the gradients are proved; each beside a wrong twin that is caught."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from symconv.algebra.expressions import (
    Array,
    Delta,
    Derivative,
    Expression,
    Iverson,
    Number,
    Sum,
)
from symconv.algebra.indices import (
    Constant,
    Maximum,
    Minimum,
    as_integer,
    between,
    ceiling,
    divides,
    equal,
    floor,
    indices,
)
from symconv.layers.convolution.forward import (
    HH,
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
from symconv.layers.convolution.post import conv2d
from symconv.layers.convolution.shared_claims import c1, f1, n1
from tests.proof.rewrites import Case, assert_caught, assert_proved, over

n, f, c, k, l, p, q, i, j, r, t = indices("n f c k l p q i j r t")
CONV2D = conv2d()
DL_DW, DL_DB = (Derivative(L[()], entry) for entry in (w[f1, c1, i, j], b[f1]))
DL_DX, DY_DX = (Derivative(one, x[n1, c1, i, j]) for one in (L[()], y[n, f, k, l]))


DX_FREE = over((n1, 0, N - 1), (c1, 0, C - 1), (i, 0, H - 1), (j, 0, W - 1))
DW_FREE = over((f1, 0, F - 1), (c1, 0, C - 1), (i, 0, HH - 1), (j, 0, WW - 1))
DB_FREE = over((f1, 0, F - 1))
Y_FREE = over((n, 0, N - 1), (f, 0, F - 1), (k, 0, Hh - 1), (l, 0, Hw - 1))
FILTERS, ROWS, COLUMNS = (f, 0, F - 1), (k, 0, Hh - 1), (l, 0, Hw - 1)
CHANNELS, HEIGHT, WIDTH = (c, 0, C - 1), (p, 0, HH - 1), (q, 0, WW - 1)


def floor_and_ceiling(reach: Callable) -> Expression:
    """dL/dx summed only over the outputs that see the input."""
    return Sum(
        dout[n1, f, k, l] * w[f, c1, i + P - k * S, j + P - l * S],
        FILTERS,
        (
            k,
            Maximum((Constant(0), ceiling((i + P - reach(HH)) / S))),
            Minimum((Hh - 1, floor((i + P) / S))),
        ),
        (
            l,
            Maximum((Constant(0), ceiling((j + P - reach(WW)) / S))),
            Minimum((Hw - 1, floor((j + P) / S))),
        ),
    )


def gather(row: Expression, column: Expression) -> Expression:
    """dL/dx summed over the filter, each position asking which output met it."""
    return Sum(
        row * column * dout[n1, f, (i + P - p) / S, (j + P - q) / S] * w[f, c1, p, q],
        FILTERS,
        HEIGHT,
        WIDTH,
    )


def met(position, extent) -> Expression:
    return Iverson(divides(S, position)) * Iverson(between(0, position / S, extent - 1))


def scatter(row: Expression, *, columns: Expression) -> Expression:
    return Sum(
        dout[n1, f, k, l] * row * columns * w[f, c1, p, q], FILTERS, ROWS, COLUMNS, HEIGHT, WIDTH
    )


ROW, COLUMN = Delta(p + k * S, i + P), Delta(q + l * S, j + P)
PATCH = x_pad[n, c, p + k * S, q + l * S] * w[f, c, p, q]
B_TERM = Sum(dout[n, f1, k, l], (n, 0, N - 1), ROWS, COLUMNS)

CASES = [
    Case(
        "dL/dx with floor and ceiling bounds",
        CONV2D,
        DL_DX,
        floor_and_ceiling(lambda extent: extent - 1),
        floor_and_ceiling(lambda extent: extent),
        DX_FREE,
    ),
    Case(
        "dL/dx in gather form",
        CONV2D,
        DL_DX,
        gather(met(i + P - p, Hh), met(j + P - q, Hw)),
        gather(met(i + P - p, Hh), met(j + P - q, Hw + 1)),
        DX_FREE,
    ),
    Case(
        "dL/dx in gather form with remainders",
        CONV2D,
        DL_DX,
        Sum(
            Iverson(equal((i + P - p) % S, 0))
            * Iverson(equal((j + P - q) % S, 0))
            * Iverson(between(0, floor((i + P - p) / S), Hh - 1))
            * Iverson(between(0, floor((j + P - q) / S), Hw - 1))
            * dout[n1, f, floor((i + P - p) / S), floor((j + P - q) / S)]
            * w[f, c1, p, q],
            FILTERS,
            HEIGHT,
            WIDTH,
        ),
        Sum(
            Iverson(between(0, floor((i + P - p) / S), Hh - 1))
            * Iverson(between(0, floor((j + P - q) / S), Hw - 1))
            * dout[n1, f, floor((i + P - p) / S), floor((j + P - q) / S)]
            * w[f, c1, p, q],
            FILTERS,
            HEIGHT,
            WIDTH,
        ),
        DX_FREE,
    ),
    Case(
        "dL/dx with the sums in another order",
        CONV2D,
        DL_DX,
        Sum(
            Sum(Sum(dout[n1, f, k, l] * COLUMN * w[f, c1, p, q] * ROW, ROWS), WIDTH, COLUMNS),
            HEIGHT,
            FILTERS,
        ),
        Sum(
            Sum(Sum(dout[n1, f, k, l] * COLUMN * w[f, c1, q, p] * ROW, ROWS), WIDTH, COLUMNS),
            HEIGHT,
            FILTERS,
        ),
        DX_FREE,
    ),
    Case(
        "dL/dx with the filter turned around",
        CONV2D,
        DL_DX,
        Sum(
            dout[n1, f, k, l]
            * Delta(HH - 1 - p + k * S, i + P)
            * Delta(WW - 1 - q + l * S, j + P)
            * w[f, c1, HH - 1 - p, WW - 1 - q],
            FILTERS,
            ROWS,
            COLUMNS,
            HEIGHT,
            WIDTH,
        ),
        Sum(
            dout[n1, f, k, l]
            * Delta(HH - 1 - p + k * S, i + P)
            * Delta(WW - 1 - q + l * S, j + P)
            * w[f, c1, p, q],
            FILTERS,
            ROWS,
            COLUMNS,
            HEIGHT,
            WIDTH,
        ),
        DX_FREE,
    ),
    Case(
        "dL/dx with the filter rows split",
        CONV2D,
        DL_DX,
        Sum(
            dout[n1, f, k, l] * ROW * COLUMN * w[f, c1, p, q],
            FILTERS,
            ROWS,
            COLUMNS,
            (p, 0, HH // 2),
            WIDTH,
        )
        + Sum(
            dout[n1, f, k, l] * ROW * COLUMN * w[f, c1, p, q],
            FILTERS,
            ROWS,
            COLUMNS,
            (p, HH // 2 + 1, HH - 1),
            WIDTH,
        ),
        Sum(
            dout[n1, f, k, l] * ROW * COLUMN * w[f, c1, p, q],
            FILTERS,
            ROWS,
            COLUMNS,
            (p, 0, Minimum((HH // 2, HH - 1))),
            WIDTH,
        )
        + Sum(
            dout[n1, f, k, l] * ROW * COLUMN * w[f, c1, p, q],
            FILTERS,
            ROWS,
            COLUMNS,
            (p, HH // 2, HH - 1),
            WIDTH,
        ),
        DX_FREE,
    ),
    Case(
        "dL/dx plus and minus the same",
        CONV2D,
        DL_DX,
        scatter(ROW, columns=COLUMN) + x[n1, c1, i, j] - x[n1, c1, i, j] * Number(as_integer(1)),
        scatter(ROW, columns=COLUMN) + x[n1, c1, i, j] + x[n1, c1, i, j],
        DX_FREE,
    ),
    Case(
        "y with its windows from a first position on",
        CONV2D,
        y[n, f, k, l],
        Sum(
            x_pad[n, c, p, q] * w[f, c, p - r, q - t],
            CHANNELS,
            (p, r, r + HH - 1),
            (q, t, t + WW - 1),
        )
        + Array("b", (F,))[f],
        Sum(
            x_pad[n, c, p, q] * w[f, c, p - r, q - t],
            CHANNELS,
            (p, r, r + HH - 1),
            (q, r, r + WW - 1),
        )
        + Array("b", (F,))[f],
        Y_FREE,
        where=((r, S * k), (t, S * l)),
    ),
    Case(
        "y by rows, the last one apart",
        CONV2D,
        y[n, f, k, l],
        Array("b", (F,))[f]
        + Sum(Sum(PATCH, WIDTH, (p, 0, HH - 2)), CHANNELS)
        + Sum(x_pad[n, c, HH - 1 + k * S, q + l * S] * w[f, c, HH - 1, q], CHANNELS, WIDTH),
        Array("b", (F,))[f]
        + Sum(Sum(PATCH, WIDTH, (p, 0, HH - 1)), CHANNELS)
        + Sum(x_pad[n, c, HH - 1 + k * S, q + l * S] * w[f, c, HH - 1, q], CHANNELS, WIDTH),
        Y_FREE,
    ),
    Case(
        "y without padding inside, only what is read",
        CONV2D,
        y[n, f, k, l],
        Array("b", (F,))[f]
        + Sum(
            Iverson(between(0, p + k * S - P, H - 1))
            * Iverson(between(0, q + l * S - P, W - 1))
            * x[n, c, p + k * S - P, q + l * S - P]
            * w[f, c, p, q],
            CHANNELS,
            HEIGHT,
            WIDTH,
        ),
        Array("b", (F,))[f]
        + Sum(
            Iverson(between(0, p + k * S - P, H - 1))
            * Iverson(between(0, q + l * S - P, W - 1))
            * x[n, c, p + k * S - P, q + l * S - P]
            * w[f, c, HH - 1 - p, WW - 1 - q],
            CHANNELS,
            HEIGHT,
            WIDTH,
        ),
        Y_FREE,
    ),
    Case(
        "dL/dw over positions of the padded input",
        CONV2D,
        DL_DW,
        Sum(
            Iverson(divides(S, p - i) & divides(S, q - j))
            * Iverson(between(0, (p - i) / S, Hh - 1) & between(0, (q - j) / S, Hw - 1))
            * dout[n, f1, (p - i) / S, (q - j) / S]
            * x_pad[n, c1, p, q],
            (n, 0, N - 1),
            (p, 0, H + 2 * P - 1),
            (q, 0, W + 2 * P - 1),
        ),
        Sum(
            Iverson(divides(S, p - i) & divides(S, q - j))
            * Iverson(between(0, (p - i) / S, Hh - 1) & between(0, (q - j) / S, Hw - 1))
            * dout[n, f1, (p - i) / S, (q - j) / S]
            * x_pad[n, c1, p, q],
            (n, 0, N - 1),
            (p, 0, H + P - 2),
            (q, 0, W + 2 * P - 1),
        ),
        DW_FREE,
    ),
    Case(
        "dL/db counted over the filter and divided again",
        CONV2D,
        DL_DB,
        Number(1 / (HH * WW)) * Sum(dout[n, f1, k, l], (n, 0, N - 1), ROWS, COLUMNS, HEIGHT, WIDTH),
        Number(1 / (HH * HH)) * Sum(dout[n, f1, k, l], (n, 0, N - 1), ROWS, COLUMNS, HEIGHT, WIDTH),
        DB_FREE,
    ),
    Case(
        "dL/db with an index that counts itself away",
        CONV2D,
        DL_DB,
        B_TERM * Sum(Delta(f, f1), FILTERS),
        B_TERM * Sum(Delta(f, f1), (f, 0, F - 2)),
        DB_FREE,
    ),
    Case(
        "dy/dx through guards that exclude each other",
        CONV2D,
        DY_DX,
        Delta(n, n1)
        * (Number(as_integer(1)) - Iverson((i + P - k * S < 0) | (i + P - k * S >= HH)))
        * (Number(as_integer(1)) - Iverson((j + P - l * S < 0) | (j + P - l * S >= WW)))
        * w[f, c1, i + P - k * S, j + P - l * S],
        Delta(n, n1)
        * (Number(as_integer(1)) - Iverson((i + P - k * S < 0) | (i + P - k * S >= HH)))
        * Iverson(between(1, j + P - l * S, WW - 1))
        * w[f, c1, i + P - k * S, j + P - l * S],
        (*Y_FREE, *DX_FREE),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_equivalent_rewrite_is_proved(case: Case) -> None:
    assert_proved(case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_its_wrong_twin_is_refuted_or_ill_formed(case: Case) -> None:
    assert_caught(case)
