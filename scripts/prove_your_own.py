"""From a definition to a proved gradient, for a layer that symconv does not ship.

The layer is a 1-D dilated convolution: y[t] is the sum over k of x[t + D*k] * w[k]. Its
gradients are claimed by hand, and proved for every length, filter and dilation at once.

    python scripts/prove_your_own.py
"""

import symconv as sc

A, K, D, M = sc.sizes("A K D M")  # input length, filter length, dilation, output length
k, t = sc.indices("k t")
x, w, g = sc.Array("x", (A,)), sc.Array("w", (K,)), sc.Array("g", (M,))
y, L = sc.Array("y", (M,)), sc.Array("L")
layer = sc.Layer(
    name="dilated",
    given=(A, K, D),
    derived=(sc.DerivedSize(M, A - D * (K - 1), (sc.equal(M, A - D * (K - 1)),)),),
    constraints=(A > D * (K - 1),),
    inputs=(x, w, g),
    definitions=(
        sc.Definition(y[t], sc.Sum(x[t + D * k] * w[k], (k, 0, K - 1))),
        sc.Definition(L[()], sc.Sum(g[t] * y[t], (t, 0, M - 1))),
    ),
)
CLAIMS = {
    "dL/dw": r"\frac{\partial L}{\partial w_k} = \sum_{t=0}^{M-1} g_t x_{t+Dk}",
    "dL/dx": r"\frac{\partial L}{\partial x_i}"
    r" = \sum_{k=0}^{K-1} \mathbb{1}(0 \le i-Dk \le M-1) g_{i-Dk} w_k",
    "dL/dx without bracket": r"\frac{\partial L}{\partial x_i} = \sum_{k=0}^{K-1} g_{i-Dk} w_k",
}

if __name__ == "__main__":
    for name, latex in CLAIMS.items():
        outcome = sc.prove(sc.claim_latex(latex, layer), layer)
        print(f"{name}: {outcome.verdict.value}: {outcome.detail}")
