"""What is offered to a text in its own conventions means the same when the text is read."""

from __future__ import annotations

import pytest

from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.formulas import read_statement
from symconv.latex.reading.positions import as_the_text_counts
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.writer import statement_latex
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Layer
from symconv.proof.equality import prove
from symconv.verdicts import Verdict

CONV: Layer = conv2d()
LAYER = context_of_layer(CONV)
BIAS = (
    r"\frac{\partial L}{\partial b_{f}} = \sum_{n=0}^{N-1} \sum_{k=0}^{Hh-1} \sum_{l=0}^{Hw-1} "
    r"\frac{\partial L}{\partial y_{n,f,k,l}}"
)
FORWARD = (
    r"y_{n,f,k,l} = \sum_{c=0}^{C-1} \sum_{p=0}^{HH-1} \sum_{q=0}^{WW-1} "
    r"w_{f,c,p,q} x^{pad}_{n,c,kS+p,lS+q} + b_{f}"
)


@pytest.mark.parametrize("latex", [BIAS, FORWARD])
@pytest.mark.parametrize(
    "context",
    [
        LAYER.with_upper_bounds("exclusive"),
        LAYER.with_index_base(1),
        LAYER.with_index_base(1).with_upper_bounds("exclusive"),
        LAYER.with_index_base(1, "w"),
    ],
    ids=["exclusive", "from 1", "both", "w from 1"],
)
def test_a_right_formula_stays_right_in_the_conventions_of_a_text(
    latex: str, context: Context
) -> None:
    statement = read_statement(latex, LAYER)
    options = LatexOptions(ranges=True)
    written = statement_latex(as_the_text_counts(statement, context), options)
    again = read_statement(written, context)
    assert prove(again, CONV).verdict is Verdict.PROVED, written
    if written != statement_latex(statement, options):
        # Written as the algebra counts, it says something else there.
        plain = read_statement(statement_latex(statement, options), context)
        assert prove(plain, CONV).verdict is not Verdict.PROVED


def test_a_text_that_counts_as_the_algebra_does_gets_the_statement_itself() -> None:
    statement = read_statement(BIAS, LAYER)
    assert as_the_text_counts(statement, LAYER) is statement


def test_numbers_of_positions_are_tidied() -> None:
    statement = read_statement(FORWARD, LAYER)
    written = statement_latex(as_the_text_counts(statement, LAYER.with_index_base(1)))
    assert "-1+1" not in written
    assert "y_{n+1,f+1,k+1,l+1}" in written
