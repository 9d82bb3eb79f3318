"""Equivalent rewrites in layers of a user are proved; each beside a wrong twin that is caught."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Iverson,
    Number,
    Sum,
)
from symconv.algebra.indices import (
    Constant,
    Maximum,
    Size,
    between,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.layers.convolution.forward import (
    S,
)
from symconv.layers.layer import DerivedSize, Layer
from tests.proof.rewrites import Case, assert_caught, assert_proved, over

k, p, i, j, r, t = indices("k p i j r t")

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


@pytest.mark.parametrize("case", [*GROUPED_CASES, *SMALL_CASES], ids=lambda case: case.name)
def test_an_equivalent_rewrite_is_proved(case: Case) -> None:
    assert_proved(case)


@pytest.mark.parametrize("case", [*GROUPED_CASES, *SMALL_CASES], ids=lambda case: case.name)
def test_its_wrong_twin_is_refuted_or_ill_formed(case: Case) -> None:
    assert_caught(case)
