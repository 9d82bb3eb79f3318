"""Check a derivation of the 2-D convolution by script; the exit code is usable in CI.

Run it as it is, or copy it and put your own formula in the place of `mine`:

    python scripts/verify_conv2d.py

Exit codes: 0 everything proved or verified, 1 something false, 3 something undecided.
"""

from __future__ import annotations

import sys

from symconv import Derivative, Sum, claim, conv2d, indices, sizes, verify

N, S, Hh, Hw = sizes("N S Hh Hw")
n, f, c, k, l, i, j = indices("n f c k l i j")

layer = conv2d()
L, w, x_pad, dout = (layer.array_by_name[name] for name in ("L", "w", "x_pad", "dout"))

# Your own derivation: the gradient of the loss with respect to w[f, c, i, j].
mine = claim(
    Derivative(L[()], w[f, c, i, j]),
    Sum(
        dout[n, f, k, l] * x_pad[n, c, i + S * k, j + S * l],
        (n, 0, N - 1),
        (k, 0, Hh - 1),
        (l, 0, Hw - 1),
    ),
    name="my dL/dw",
)

if __name__ == "__main__":
    report = verify([mine, "dL/dw", "loop/dw"], layer=layer)
    for result in report.failures:
        print(f"{result.key}: {result.verdict}: {result.detail}")
    print(report)
    sys.exit(report.exit_code)
