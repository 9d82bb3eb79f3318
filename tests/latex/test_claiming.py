"""A claim that is written as LaTeX is a statement, or refused with what is wrong."""

from __future__ import annotations

import pytest

import symconv
from symconv.errors import SymconvError
from symconv.layers.registry import layer_by_name

BIAS = r"\frac{\partial L}{\partial b_f} = \sum_{n,k,l} \frac{\partial L}{\partial y_{n,f,k,l}}"


def test_a_claim_is_read_and_proved_without_being_told_the_layer() -> None:
    statement = symconv.claim_latex(BIAS, name="dL/db:mine")
    assert (statement.name, statement.form, statement.key) == ("dL/db", "mine", "dL/db:mine")
    outcome = symconv.prove(statement)
    assert outcome
    assert outcome.notes[0] == "about the layer conv2d"
    wrong = symconv.claim_latex(BIAS.replace(r"\sum", r"2\sum"))
    assert symconv.prove(wrong).verdict is symconv.Verdict.REFUTED


def test_a_claim_is_about_the_layer_that_is_given() -> None:
    layer = layer_by_name("conv1d dilation")
    latex = (
        r"\frac{\partial L}{\partial w_{f,c,q}} = \sum_{n,l} "
        r"\frac{\partial L}{\partial y_{n,f,l}} x^{pad}_{n,c,Sl + D_w q}"
    )
    assert symconv.prove(symconv.claim_latex(latex, layer), layer)
    dropped = symconv.claim_latex(latex.replace("D_w q", "q"), layer)
    assert symconv.prove(dropped, layer).verdict is symconv.Verdict.REFUTED


@pytest.mark.parametrize(
    ("latex", "code"),
    [
        ("b_f", "unreadable"),
        ("b_f = b_f = b_f", "unreadable"),
        (r"b_f = \sqrt{b_f}", "unsupported"),
        ("b_f = z_f", "undeclared-name"),
        ("b_f = b_{f,f}", "wrong-rank"),
        ("b_f = w_{f", "unreadable"),
        ("", "unreadable"),
    ],
)
def test_what_is_no_claim_is_refused_with_what_is_wrong(latex: str, code: str) -> None:
    with pytest.raises(SymconvError) as refused:
        _ = symconv.claim_latex(latex)
    assert refused.value.code == code


def test_derive_is_public() -> None:
    derivation = symconv.derive("dL/db", layer_by_name("conv1d"))
    assert symconv.prove(derivation.result, derivation.layer)
