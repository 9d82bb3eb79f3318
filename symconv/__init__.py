"""Verify hand-derived gradients of convolutions, exactly.

The names below are imported when they are first used, so that `import symconv` and
`symconv --help` answer at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symconv.algebra.expressions import (
        Array,
        Definition,
        Delta,
        Derivative,
        Iverson,
        Statement,
        Sum,
        claim,
    )
    from symconv.algebra.indices import between, divides, equal, indices, sizes
    from symconv.errors import SymconvError
    from symconv.latex.entries import entries_latex
    from symconv.latex.writer import expression_latex, statement_latex
    from symconv.layers.convolution.two_dimensional import conv2d
    from symconv.layers.layer import Layer, Sizes
    from symconv.verdicts import Counterexample, Report, Result, Verdict
    from symconv.verification import verify

__version__ = "0.1.0"

_HOMES = {
    "Array": "symconv.algebra.expressions",
    "Counterexample": "symconv.verdicts",
    "Definition": "symconv.algebra.expressions",
    "Delta": "symconv.algebra.expressions",
    "Derivative": "symconv.algebra.expressions",
    "Iverson": "symconv.algebra.expressions",
    "Layer": "symconv.layers.layer",
    "Report": "symconv.verdicts",
    "Result": "symconv.verdicts",
    "Sizes": "symconv.layers.layer",
    "Statement": "symconv.algebra.expressions",
    "Sum": "symconv.algebra.expressions",
    "SymconvError": "symconv.errors",
    "Verdict": "symconv.verdicts",
    "between": "symconv.algebra.indices",
    "claim": "symconv.algebra.expressions",
    "conv2d": "symconv.layers.convolution.two_dimensional",
    "divides": "symconv.algebra.indices",
    "entries_latex": "symconv.latex.entries",
    "equal": "symconv.algebra.indices",
    "expression_latex": "symconv.latex.writer",
    "indices": "symconv.algebra.indices",
    "sizes": "symconv.algebra.indices",
    "statement_latex": "symconv.latex.writer",
    "verify": "symconv.verification",
}

__all__ = [
    "Array",
    "Counterexample",
    "Definition",
    "Delta",
    "Derivative",
    "Iverson",
    "Layer",
    "Report",
    "Result",
    "Sizes",
    "Statement",
    "Sum",
    "SymconvError",
    "Verdict",
    "between",
    "claim",
    "conv2d",
    "divides",
    "entries_latex",
    "equal",
    "expression_latex",
    "indices",
    "sizes",
    "statement_latex",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'symconv' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
