"""How people write the arrays of a layer: in texts, and in code."""

from __future__ import annotations

from collections.abc import Mapping

IN_TEXTS: Mapping[str, tuple[str, ...]] = {
    "x_pad": (
        *(r"x^{pad}", r"x_{pad}", r"X^{pad}", r"\tilde{x}"),
        *(r"\mathbf{x}^{pad}", r"\mathbf{X}^{pad}"),
    ),
    "x": ("X", r"\mathbf{x}", r"\mathbf{X}"),
    "w": (r"\mathbf{w}", r"\mathbf{W}"),
    "b": (r"\mathbf{b}",),
    "y": (r"\mathbf{y}", r"\mathbf{Y}"),
    "L": ("L", r"\mathcal{L}", r"\mathscr{L}", r"\ell"),
    "dout": ("dout",),
}
"""As LaTeX, beside the way in which the writer writes them."""

IN_CODE: Mapping[str, str] = {
    "x": "x inp input inputs a aprev data xin inputdata inputtensor image images img imgs "
    "signal feature features featuremap featuremaps bottom inputimage inputimages lhs",
    "w": "w weight weights kernel kernels filter filters filt filts ker k f wt wts rhs "
    "weightmatrix weighttensor",
    "b": "b bias biases",
    "dout": "dout dy dz da dh do g gy grad gradient gradients grads gradout gradoutput "
    "gradoutputs gradin gout outgrad outputgrad ygrad grady gradz upstream upstreamgrad "
    "upstreamgradient dupstream delta deltas doutput doutputs douts dldy dldout dldz dldoutput "
    "topdiff dtop dyout error err cotangent ct dnext dvalues incoming",
    "y": "y z out output outputs yout",
}
"""As names in code, without case and underscores."""
