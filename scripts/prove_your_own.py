"""From a definition to a proved gradient, for a layer that symconv does not ship.

The layer is a 1-D dilated convolution: y[t] is the sum over k of x[t + D*k] * w[k]. Its
gradients are claimed by hand, and proved for every length, filter and dilation at once.

    python scripts/prove_your_own.py
"""

from __future__ import annotations

import sys

from symconv import (
    Array,
    Definition,
    Derivative,
    DerivedSize,
    Iverson,
    Layer,
    Sum,
    between,
    claim,
    equal,
    indices,
    prove,
    sizes,
)

A, K, D, M = sizes("A K D M")  # input length, filter length, dilation, output length
i, k, t = indices("i k t")
x, w, dy = Array("x", (A,)), Array("w", (K,)), Array("dy", (M,))
y, L = Array("y", (M,)), Array("L")

layer = Layer(
    name="dilated",
    given=(A, K, D),
    derived=(DerivedSize(M, A - D * (K - 1), (equal(M, A - D * (K - 1)),)),),
    constraints=(A > D * (K - 1),),
    inputs=(x, w, dy),
    definitions=(
        Definition(y[t], Sum(x[t + D * k] * w[k], (k, 0, K - 1))),
        Definition(L[()], Sum(dy[t] * y[t], (t, 0, M - 1))),
    ),
)
by_weights = claim(Derivative(L[()], w[k]), Sum(dy[t] * x[t + D * k], (t, 0, M - 1)), name="dL/dw")
inside = Iverson(between(0, i - D * k, M - 1))
by_input = claim(
    Derivative(L[()], x[i]), Sum(inside * dy[i - D * k] * w[k], (k, 0, K - 1)), name="dL/dx"
)
unguarded = claim(
    Derivative(L[()], x[i]), Sum(dy[i - D * k] * w[k], (k, 0, K - 1)), name="dL/dx without bracket"
)

if __name__ == "__main__":
    outcomes = {item.name: prove(item, layer) for item in (by_weights, by_input, unguarded)}
    for name, outcome in outcomes.items():
        print(f"{name}: {outcome.verdict.value}: {outcome.detail}")
    sys.exit(0 if outcomes["dL/dw"] and outcomes["dL/dx"] else 1)
