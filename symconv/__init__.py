"""Verify hand-derived gradients of convolutions, exactly.

The names below are imported when they are first used, so that `import symconv` and
`symconv --help` answer at once.
"""

from __future__ import annotations

from symconv import views

# Importing `typing` for this would take longer than all the rest here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from symconv.algebra.calculus import contract, differentiate
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
    from symconv.algebra.indices import between, ceiling, divides, equal, floor, indices, sizes
    from symconv.algebra.normal_form import normal_form
    from symconv.derivations.steps import derive
    from symconv.errors import SymconvError
    from symconv.implementations.checking import check_implementation
    from symconv.implementations.trying.conclusions import CodeReport
    from symconv.latex.claiming import claim_latex
    from symconv.latex.writing.entry_lists import entries_latex
    from symconv.latex.writing.writer import expression_latex, statement_latex
    from symconv.layers.axis import Axis
    from symconv.layers.layer import DerivedSize, Layer, Sizes
    from symconv.layers.registry import average_pooling, conv2d, convolution
    from symconv.proof.equality import prove
    from symconv.verdicts import Counterexample, Report, Result, Verdict
    from symconv.verification import verify

__version__ = "0.1.0"

_HOMES = {
    "Array": "symconv.algebra.expressions",
    "Axis": "symconv.layers.axis",
    "CodeReport": "symconv.implementations.trying.conclusions",
    "Counterexample": "symconv.verdicts",
    "Definition": "symconv.algebra.expressions",
    "Delta": "symconv.algebra.expressions",
    "Derivative": "symconv.algebra.expressions",
    "DerivedSize": "symconv.layers.layer",
    "Iverson": "symconv.algebra.expressions",
    "Layer": "symconv.layers.layer",
    "Report": "symconv.verdicts",
    "Result": "symconv.verdicts",
    "Sizes": "symconv.layers.layer",
    "Statement": "symconv.algebra.expressions",
    "Sum": "symconv.algebra.expressions",
    "SymconvError": "symconv.errors",
    "Verdict": "symconv.verdicts",
    "average_pooling": "symconv.layers.registry",
    "between": "symconv.algebra.indices",
    "ceiling": "symconv.algebra.indices",
    "check_implementation": "symconv.implementations.checking",
    "claim": "symconv.algebra.expressions",
    "claim_latex": "symconv.latex.claiming",
    "contract": "symconv.algebra.calculus",
    "conv2d": "symconv.layers.registry",
    "convolution": "symconv.layers.registry",
    "derive": "symconv.derivations.steps",
    "differentiate": "symconv.algebra.calculus",
    "divides": "symconv.algebra.indices",
    "entries_latex": "symconv.latex.writing.entry_lists",
    "equal": "symconv.algebra.indices",
    "expression_latex": "symconv.latex.writing.writer",
    "floor": "symconv.algebra.indices",
    "indices": "symconv.algebra.indices",
    "normal_form": "symconv.algebra.normal_form",
    "prove": "symconv.proof.equality",
    "sizes": "symconv.algebra.indices",
    "statement_latex": "symconv.latex.writing.writer",
    "verify": "symconv.verification",
}

views.HOMES |= {
    "ClosedForm": "symconv.concrete.closed_forms",
    "expression_latex": _HOMES["expression_latex"],
    "statement_latex": _HOMES["statement_latex"],
}

__all__ = [
    "Array",
    "Axis",
    "CodeReport",
    "Counterexample",
    "Definition",
    "Delta",
    "Derivative",
    "DerivedSize",
    "Iverson",
    "Layer",
    "Report",
    "Result",
    "Sizes",
    "Statement",
    "Sum",
    "SymconvError",
    "Verdict",
    "average_pooling",
    "between",
    "ceiling",
    "check_implementation",
    "claim",
    "claim_latex",
    "contract",
    "conv2d",
    "convolution",
    "derive",
    "differentiate",
    "divides",
    "entries_latex",
    "equal",
    "expression_latex",
    "floor",
    "indices",
    "normal_form",
    "prove",
    "sizes",
    "statement_latex",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'symconv' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
