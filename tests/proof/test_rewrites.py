"""Equivalent rewrites are proved; each with a twin next to it that is wrong and caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from symconv.algebra.evaluation import Evaluator, side_polynomials
from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Expression,
    Iverson,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    Condition,
    Constant,
    Maximum,
    Minimum,
    Range,
    Size,
    as_integer,
    between,
    ceiling,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.errors import IllFormed
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
from symconv.layers.layer import DerivedSize, Layer
from symconv.proof.equality import Outcome, prove
from symconv.verdicts import Verdict

n, f, c, k, l, p, q, i, j, r, t = indices("n f c k l p q i j r t")
CONV2D = conv2d()
DL_DW, DL_DB = (Derivative(L[()], entry) for entry in (w[f1, c1, i, j], b[f1]))
DL_DX, DY_DX = (Derivative(one, x[n1, c1, i, j]) for one in (L[()], y[n, f, k, l]))


@dataclass(frozen=True)
class Case:
    """A right-hand side that is right, and a wrong one that looks like it."""

    name: str
    layer: Layer
    left: Expression
    right: Expression
    wrong: Expression
    free: tuple[Range, ...]
    where: tuple = ()
    assumptions: tuple[Condition, ...] = ()

    def statement(self, right: Expression) -> Statement:
        return Statement(self.left, right, self.free, self.assumptions, self.where, name=self.name)


def over(*items: tuple) -> tuple[Range, ...]:
    return tuple(Range(index, as_integer(low), as_integer(high)) for index, low, high in items)


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

# A 1-D convolution of a user: dilation D, groups G, no padding.
B, G, D, X, K, O, M = sizes("B G D X K O M")
Y1 = Size("Y1")
a1, w1, g1 = Array("a", (B, G * M, X)), Array("v", (G * O, M, K)), Array("g", (B, G * O, Y1))
z1, L1 = Array("z", (B, G * O, Y1)), Array("L1")
b0, o0, m0, g0 = indices("b0 o0 m0 g0")
GROUPED = Layer(
    name="grouped",
    given=(B, G, M, O, X, K, D, S),
    inputs=(a1, w1, g1),
    definitions=(
        Definition(
            z1[b0, o0, k],
            Sum(
                a1[b0, floor(o0 / O) * M + m0, S * k + D * p] * w1[o0, m0, p],
                (m0, 0, M - 1),
                (p, 0, K - 1),
            ),
        ),
        Definition(
            L1[()],
            Sum(g1[b0, o0, k] * z1[b0, o0, k], (b0, 0, B - 1), (o0, 0, G * O - 1), (k, 0, Y1 - 1)),
        ),
    ),
    derived=(DerivedSize(Y1, floor((X - D * (K - 1) - 1) / S) + 1, ()),),
    constraints=(X >= D * (K - 1) + 1,),
)
u1, u2 = indices("u1 u2")
GROUPED_CASES = [
    Case(
        "grouped, dilated: gradient by the filter",
        GROUPED,
        Derivative(L1[()], w1[o0, m0, p]),
        Sum(
            g1[b0, o0, k] * a1[b0, floor(o0 / O) * M + m0, S * k + D * p],
            (b0, 0, B - 1),
            (k, 0, Y1 - 1),
        ),
        Sum(
            g1[b0, o0, k] * a1[b0, floor(o0 / O) * M + m0, S * k + p],
            (b0, 0, B - 1),
            (k, 0, Y1 - 1),
        ),
        over((o0, 0, G * O - 1), (m0, 0, M - 1), (p, 0, K - 1)),
    ),
    Case(
        "grouped, dilated: gradient by the input, over the outputs of its group",
        GROUPED,
        Derivative(L1[()], a1[b0, u1, i]),
        Sum(
            Delta(S * k + D * p, i)
            * g1[b0, floor(u1 / M) * O + u2, k]
            * w1[floor(u1 / M) * O + u2, u1 % M, p],
            (u2, 0, O - 1),
            (k, 0, Y1 - 1),
            (p, 0, K - 1),
        ),
        Sum(
            Delta(S * k + D * p, i) * g1[b0, u2, k] * w1[u2, u1 % M, p],
            (u2, 0, O - 1),
            (k, 0, Y1 - 1),
            (p, 0, K - 1),
        ),
        over((b0, 0, B - 1), (u1, 0, G * M - 1), (i, 0, X - 1)),
    ),
]

A, E = sizes("A E")
u, v, g = Array("u", (A,)), Array("v", (E,)), Array("g", (A,))
flat, m2 = Array("flat", (A * E,)), Array("m2", (A, E))
s0, s2, s3 = Array("s0"), Array("s2"), Array("s3")
SMALL = Layer(
    name="small",
    given=(A, E, S),
    inputs=(u, v, g, flat, m2),
    definitions=(
        Definition(s0[()], Sum(g[i] * Sum(u[j], (j, 0, i)), (i, 0, A - 1))),
        Definition(s2[()], Sum(u[i] * u[i], (i, 0, A - 1))),
        Definition(s3[()], Sum(u[i] * u[j] * u[t], (i, 0, A - 1), (j, 0, A - 1), (t, 0, A - 1))),
    ),
)
ALL_A, ALL_E = (i, 0, A - 1), (j, 0, E - 1)
PAIR = u[i] * u[j]
SMALL_CASES = [
    Case(
        "a square of a sum: the diagonal and twice the rest",
        SMALL,
        Sum(PAIR, ALL_A, (j, 0, A - 1)),
        Sum(u[i] * u[i], ALL_A) + 2 * Sum(PAIR, ALL_A, (j, 0, i - 1)),
        Sum(PAIR, ALL_A, (j, 0, i)),
        (),
    ),
    Case(
        "a square of a sum as a product of sums",
        SMALL,
        Sum(u[i], ALL_A) * Sum(u[i], ALL_A),
        Sum(u[j] * u[i], ALL_A, (j, 0, A - 1)),
        Sum(u[i] * u[i], ALL_A),
        (),
    ),
    Case(
        "a cube by symmetry",
        SMALL,
        Sum(u[i] * u[j] * u[t], ALL_A, (j, 0, A - 1), (t, 0, A - 1)),
        Sum(u[i] * u[i] * u[i], ALL_A)
        + 3 * Sum(u[i] * u[i] * u[j] * Iverson(~equal(i, j)), ALL_A, (j, 0, A - 1))
        + 6 * Sum(u[i] * u[j] * u[t], ALL_A, (j, 0, i - 1), (t, 0, j - 1)),
        Sum(u[i] * u[i] * u[i], ALL_A)
        + 3 * Sum(u[i] * u[i] * u[j] * Iverson(i < j), ALL_A, (j, 0, A - 1))
        + 6 * Sum(u[i] * u[j] * u[t], ALL_A, (j, 0, i - 1), (t, 0, j - 1)),
        (),
    ),
    Case(
        "the gradient of a sum of squares",
        SMALL,
        Derivative(s2[()], u[i]),
        2 * u[i],
        u[i] + 0,
        over(ALL_A),
    ),
    Case(
        "the gradient of a cube",
        SMALL,
        Derivative(s3[()], u[i]),
        3 * Sum(u[j] * u[t], (j, 0, A - 1), (t, 0, A - 1)),
        3 * Sum(u[j] * u[t], (j, 0, A - 1), (t, 0, j)),
        over(ALL_A),
    ),
    Case(
        "a second derivative",
        SMALL,
        Derivative(Derivative(s3[()], u[i]), u[j]),
        6 * Sum(u[t], (t, 0, A - 1)),
        6 * Sum(u[t], (t, 0, A - 2)),
        over(ALL_A, (j, 0, A - 1)),
    ),
    Case(
        "the gradient of a running sum",
        SMALL,
        Derivative(s0[()], u[j]),
        Sum(g[i], (i, j, A - 1)),
        Sum(g[i], (i, j + 1, A - 1)),
        over((j, 0, A - 1)),
    ),
    Case(
        "a flattened sum",
        SMALL,
        Sum(flat[i * E + j], ALL_A, ALL_E),
        Sum(flat[t], (t, 0, A * E - 1)),
        Sum(flat[i * E + j], ALL_A, (j, 0, E - 2)),
        (),
    ),
    Case(
        "a flattened product of rows and columns",
        SMALL,
        Sum(flat[i * E + j] * m2[i, j], ALL_A, ALL_E),
        Sum(flat[t] * m2[floor(t / E), t % E], (t, 0, A * E - 1)),
        Sum(flat[t] * m2[t % A, floor(t / A)], (t, 0, A * E - 1)),
        (),
    ),
    Case(
        "a sum by remainders of the stride",
        SMALL,
        Sum(u[i], ALL_A),
        Sum(
            Iverson(t + S * r <= A - 1) * u[t + S * r],
            (t, 0, S - 1),
            (r, 0, floor((A - 1) / S)),
        ),
        Sum(
            Iverson(t + S * r <= A - 1) * u[t + S * r],
            (t, 0, S),
            (r, 0, floor((A - 1) / S)),
        ),
        (),
    ),
    Case(
        "multiplicity: an index that nothing mentions",
        SMALL,
        Sum(u[i], ALL_A, ALL_E),
        Number(E) * Sum(u[i], ALL_A),
        Number(A) * Sum(u[i], ALL_A),
        (),
    ),
    Case(
        "multiplicity: an empty range counts zero times",
        SMALL,
        Sum(u[i], ALL_A, (j, 2, E)),
        Number(Maximum((Constant(0), E - 1))) * Sum(u[i], ALL_A),
        Number(E - 2) * Sum(u[i], ALL_A),
        (),
    ),
    Case(
        "multiplicity by a guard: how many multiples of the stride there are",
        SMALL,
        Sum(Iverson(S * j <= A - 1) * u[i], ALL_A, (j, 0, A - 1)),
        Number(floor((A - 1) / S) + 1) * Sum(u[i], ALL_A),
        Number(floor(A / S) + 1) * Sum(u[i], ALL_A),
        (),
    ),
    Case(
        "interior plus border",
        SMALL,
        Sum(u[i], ALL_A),
        u[0] + Sum(u[i], (i, 1, A - 2)) + Iverson(A > 1) * u[A - 1],
        u[0] + Sum(u[i], (i, 1, A - 2)) + u[A - 1],
        (),
    ),
    Case(
        "two indices solved from a sum and a difference",
        SMALL,
        Sum(
            Iverson(between(0, i - j, A - 1))
            * Iverson(between(0, i + j, A - 1))
            * u[i + j]
            * g[i - j],
            ALL_A,
            (j, 1 - A, A - 1),
        ),
        Sum(Iverson(divides(2, i + j)) * u[i] * g[j], ALL_A, (j, 0, A - 1)),
        Sum(u[i] * g[j], ALL_A, (j, 0, A - 1)),
        (),
    ),
    Case(
        "a stride that divides under an assumption",
        SMALL,
        Sum(u[S * i], (i, 0, A / S - 1)),
        Sum(Iverson(divides(S, i)) * u[i], ALL_A),
        Sum(Iverson(divides(S, i + 1)) * u[i], ALL_A),
        (),
        assumptions=(divides(S, A),),
    ),
]
EVERY_CASE = [*CASES, *GROUPED_CASES, *SMALL_CASES]


def confirms(outcome: Outcome, statement: Statement, layer: Layer) -> bool:
    """Evaluate at the counterexample, by code that shares nothing with the prover's replay."""
    example = outcome.counterexample
    assert example is not None, f"{outcome.verdict} without a counterexample: {outcome.detail}"
    evaluator = Evaluator(layer.definition_by_name, layer.sizes(**dict(example.sizes)).by_symbol)
    try:
        differs = {
            tuple((s.name, value) for s, value in values.items())
            for values, left, right in side_polynomials(statement, evaluator)
            if left != right
        }
    except IllFormed:
        return outcome.verdict is Verdict.ILL_FORMED
    return outcome.verdict is Verdict.REFUTED and tuple(example.indices.items()) in differs


@pytest.mark.parametrize("case", EVERY_CASE, ids=lambda case: case.name)
def test_an_equivalent_rewrite_is_proved(case: Case) -> None:
    outcome = prove(case.statement(case.right), case.layer)
    assert outcome.verdict is Verdict.PROVED, outcome.detail


@pytest.mark.parametrize("case", EVERY_CASE, ids=lambda case: case.name)
def test_its_wrong_twin_is_refuted_or_ill_formed(case: Case) -> None:
    statement = case.statement(case.wrong)
    outcome = prove(statement, case.layer)
    assert outcome.verdict.is_false, outcome.detail
    assert outcome.counterexample is not None
    assert outcome.counterexample.minimal
    assert confirms(outcome, statement, case.layer)
