"""A claim that is written as LaTeX, in Python."""

from __future__ import annotations

from dataclasses import replace

from symconv.algebra.expressions import Statement
from symconv.errors import NotSupported
from symconv.latex.reading.context import context_of_layer
from symconv.latex.reading.formulas import read_formula, read_statement
from symconv.latex.reading.items import Equality
from symconv.layers.layer import Layer
from symconv.layers.registry import default_layer


def claim_latex(latex: str, layer: Layer | None = None, *, name: str = "") -> Statement:
    r"""Claim an equality, written as documents write it.

    ``claim_latex(r"\frac{\partial L}{\partial b_f} = \sum_{n,k,l} \frac{\partial L}{\partial
    y_{n,f,k,l}}")`` is what `symconv check` reads where it stands in a text.

    Args:
        latex: one equality, with what restricts it: ``, \text{if } P = 0``.
        layer: whose sizes and arrays it is about; conv2d when left out.
        name: a stable name, with the form after a colon.

    Raises:
        SymconvError: when it cannot be read, is no equality or several, or may mean two things.
    """
    context = context_of_layer(layer or default_layer())
    statement = read_statement(latex, context)
    for item in read_formula(latex, context).items:
        if isinstance(item, Equality) and item.doubts:
            raise NotSupported(
                f"it may mean two things: {item.doubts[0]}",
                code="several-readings",
                help="write it so that one is left, or as a Statement",
            )
    stem, _, form = name.partition(":")
    return replace(statement, name=stem, form=form)
