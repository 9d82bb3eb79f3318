"""Statements that are too long to be searched are not, and say so."""

from __future__ import annotations

from symconv.algebra.expressions import Add, Mul, Statement, claim
from symconv.explanations.closest import says_nothing
from symconv.explanations.failures import explain
from symconv.explanations.lengths import is_too_long
from symconv.latex.reading.context import context_of_layer
from symconv.latex.reading.formulas import read_statement
from symconv.layers.convolution.post import conv2d
from symconv.proof.equality import prove

CONV = conv2d()
LAYER = context_of_layer(CONV)


def statement(latex: str) -> Statement:
    return read_statement(latex, LAYER)


def sentences(wrong: Statement) -> tuple[str, ...]:
    return explain(wrong, CONV, prove(wrong, CONV)).notes()


def test_a_long_statement_is_not_explained_and_says_so() -> None:
    body = statement("b_f = b_f w_{f,0,0,0}")
    terms = [body.rhs] * 200
    wrong = claim(body.lhs, Add(tuple(terms)))
    assert is_too_long(wrong)
    assert sentences(wrong) == ("too long to search where it holds and what would be right",)


def test_a_formula_of_usual_length_is_explained() -> None:
    body = statement("b_f = b_f w_{f,0,0,0}")
    assert not is_too_long(body)
    assert not is_too_long(claim(body.lhs, Mul((body.rhs,) * 9)))
    shifted = statement(
        r"y_{n,f,k,l} = \sum_{c=0}^{C-1}\sum_{p=0}^{HH-1}\sum_{q=0}^{WW-1} "
        r"x_{n,c,p+kS,q+lS} w_{f,c,p,q} + b_f"
    )
    assert not is_too_long(shifted)
    assert any("true when P = 0" in sentence for sentence in sentences(shifted))


def test_a_correction_never_repeats_the_left_side() -> None:
    for latex in ("H + 2P = H", r"x^{pad}_{n,c,i,j} = x_{n,c,i,j}", "y_{nfkl} = y_{nflk}"):
        assert not any("did you mean" in item for item in sentences(statement(latex))), latex
    assert any(
        "did you mean" in item
        for item in sentences(
            statement(
                r"\frac{\partial L}{\partial b_f} = \sum_n \sum_{k=0}^{Hh} \sum_l dout_{n,f,k,l}"
            )
        )
    )


def test_what_says_nothing_is_told_from_what_does() -> None:
    assert says_nothing(statement("b_f = b_f"))
    assert says_nothing(statement("Hh = Hh + P - P"))
    assert says_nothing(statement(r"y_{n,f,k,l} = y_{n,f,k+1-1,l}"))
    assert not says_nothing(statement("b_f = b_f + 1"))
    assert not says_nothing(statement(r"Hh = 1 + \lfloor (H+2P-HH)/S \rfloor"))


def test_where_no_index_has_a_value_nothing_is_called_true() -> None:
    empty = statement(r"b_f = b_f + 1 \text{ for } F \le f \le F - 1")
    assert not any("true" in sentence for sentence in sentences(empty))
    once = statement(r"b_f = b_{f+1} \text{ for } 0 \le f \le F - 2")
    assert not any("F=1" in sentence for sentence in sentences(once))
