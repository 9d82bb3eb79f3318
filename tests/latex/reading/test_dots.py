"""Sums with dots: read where there is one way to read them, refused otherwise."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import Array, Definition, Sum
from symconv.algebra.indices import Index, Size, indices
from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Equality, Unreadable
from symconv.latex.reading.meaning.dots import Unclear, dotted_sum
from symconv.layers.convolution.post import conv2d
from symconv.proof.equality import prove
from symconv.verdicts import Verdict

K, S = Size("K"), Size("S")
m = Index("m")
a, x = Array("a", (K,)), Array("x", (K,))
A, z = Array("A", (K, K)), Array("z", (K * S,))
s = Array("s", ())
CONTEXT = (
    Context()
    .with_size("K")
    .with_size("S")
    .with_array("a", (K,))
    .with_array("x", (K,))
    .with_array("A", (K, K))
    .with_array("z", (K * S,))
    .with_definition(Definition(s[()], Sum(a[m], (m, 0, K - 1))))
)


def only(latex: str, context: Context = CONTEXT):
    (item,) = read_formula(latex, context).items
    return item


@pytest.mark.parametrize(
    ("latex", "right", "why"),
    [
        (r"a_0 + a_1 + \cdots + a_{K-1}", "sum[m=0..K-1](a[m])", "the plain case"),
        (r"a_1+a_2+\ldots+a_{K-1}", "sum[m=1..K-1](a[m])", "from 1 on, other dots"),
        (r"a_0+a_1+a_2+...+a_{K-2}+a_{K-1}", "sum[m=0..K-1](a[m])", "more terms on both sides"),
        (r"a_0+a_1+\dots+a_3", "sum[m=0..3](a[m])", "a number at the end"),
        (r"2 - x_0 + a_0+a_1+\dots+a_3 - x_1", "2-x[0]+sum[m=0..3](a[m])-x[1]", "others"),
        (
            r"a_0 x_0 + a_1 x_1 + \cdots + a_{K-1} x_{K-1}",
            "sum[m=0..K-1](a[m]*x[m])",
            "two positions that move alike",
        ),
        (
            r"a_0 x_{K-1} + a_1 x_{K-2} + \cdots + a_{K-1} x_0",
            "sum[m=0..K-1](a[m]*x[K-1-m])",
            "one up and one down, the same number of steps",
        ),
        (r"A_{00}+A_{11}+\cdots+A_{K-1,K-1}", "sum[m=0..K-1](A[m,m])", "a trace"),
        (r"z_0 + z_S + \cdots + z_{(K-1)S}", "sum[m=0..K-1](z[S*m])", "a stride"),
        (
            r"z_0 + z_2 + z_4 + \cdots + z_{2K}",
            "sum[m=0..K](z[2*m])",
            "three terms show a step of 2",
        ),
        (r"a_{K-1} + a_{K-2} + \cdots + a_0", "sum[m=0..K-1](a[K-1-m])", "backwards"),
        (r"1 a_1 + 2 a_2 + \cdots + K a_K", "sum[m=1..K](m*a[m])", "a coefficient that moves"),
        (
            r"\sum_m (A_{m0} + A_{m1} + \cdots + A_{m3})",
            "sum[m=0..K-1](sum[r=0..3](A[m,r]))",
            "fresh",
        ),
    ],
)
def test_dots_with_one_reading_are_read(latex: str, right: str, why: str) -> None:
    item = only(f"s = {latex}")
    assert isinstance(item, Equality), (item, why)
    assert str(item.statement) == f"s = {right}", why
    assert any("left out between dots" in reading for reading in item.readings)


@pytest.mark.parametrize(
    ("latex", "reason", "why"),
    [
        (r"a_0 + \cdots + a_{K-1}", "two terms before", "one term shows no step"),
        (r"a_0 + a_1 + \cdots", "one behind", "no end"),
        (r"\cdots + a_0 + a_1", "two terms before", "no beginning"),
        (r"a_0 + a_2 + \cdots + a_{2K}", "a third one", "two apart, or doubled"),
        (r"z_1 + z_2 + z_4 + \cdots + z_K", "equal steps", "doubled"),
        (r"z_0 + z_2 + z_4 + \cdots + z_K", "whole number of steps", "K may be odd"),
        (r"z_0 + z_S + \cdots + z_K", "whole number of steps", "S need not divide K"),
        (r"a_0 x_0 + a_1 x_1 + \cdots + a_{K-1} x_K", "same number of steps", "ends apart"),
        (r"A_{00} + A_{01} + \cdots + A_{21}", "does not move before", "rows run as well"),
        (r"a_0 + a_1 + \cdots + x_3", "made alike", "another array at the end"),
        (r"a_0 + x_1 + a_2 + \cdots + a_3", "made alike", "another array in between"),
        (r"a_0 + x_1 + \cdots + a_3", "made alike", "two arrays in turn"),
        (r"a_0 - a_1 + \cdots + a_3", "minus sign", "signs in turn"),
        (r"a_0 + a_1 + \cdots - a_3", "minus sign", "a minus sign behind the dots"),
        (r"x_0 - a_0 + a_1 + \cdots + a_3", "minus sign", "a minus sign before the first"),
        (r"a_0 + a_0 + \cdots + a_0", "do not differ", "nothing moves"),
        (r"a_0 + a_1 + a_2 + \cdots + a_2", "does not come later", "the end is there already"),
        (r"a_0 + a_1 + \cdots + a_3 + a_5", "does not move|equal steps", "behind the end"),
        (r"1 + 2 + \cdots + K", "products of entries", "numbers may grow in any way"),
        (r"a_0 + a_1 + \cdots + a_3 + \cdots + a_K", "more than one place", "dots twice"),
        (r"a_0^2 + 2 a_1^2 + \cdots + K a_{K-1}^2", "made alike", "a coefficient left out"),
        (r"a_{\lfloor K/2 \rfloor} + a_1 + \cdots + a_3", "a division", "no polynomial"),
    ],
)
def test_dots_with_no_reading_or_several_are_refused(latex: str, reason: str, why: str) -> None:
    text = f"s = {latex}"
    item = only(text)
    assert isinstance(item, Unreadable), (item, why)
    assert item.code == "unsupported"
    assert not item.ill_formed
    assert item.token == r"\cdots"
    assert text[slice(*item.place)] == item.token
    assert any(part in item.message for part in reason.split("|")), (item.message, why)


def test_a_product_with_dots_stays_unread() -> None:
    item = only(r"s = a_0 a_1 \cdots a_K")
    assert isinstance(item, Unreadable)
    assert item.token == r"\cdots"


def test_a_right_sum_with_dots_is_proved_and_wrong_ones_are_not() -> None:
    layer = CONTEXT.as_layer()
    verdicts = {}
    for end in ("K-1", "K-2", "K"):
        item = only(rf"s = a_0 + a_1 + \cdots + a_{{{end}}}")
        assert isinstance(item, Equality)
        verdicts[end] = prove(item.statement, layer).verdict
    assert verdicts == {
        "K-1": Verdict.PROVED,
        "K-2": Verdict.REFUTED,
        "K": Verdict.ILL_FORMED,
    }


def test_dots_are_read_inside_of_a_layer_with_its_free_indices() -> None:
    layer = conv2d()
    context = context_of_layer(layer)
    good = (
        r"\sum_{c,p} (x^{pad}_{n,c,p+Sk,Sl} w_{f,c,p,0} + x^{pad}_{n,c,p+Sk,Sl+1} w_{f,c,p,1}"
        r" + \cdots + x^{pad}_{n,c,p+Sk,Sl+WW-1} w_{f,c,p,WW-1}) + b_f"
    )
    item = only(f"y_{{n,f,k,l}} = {good}", context)
    assert isinstance(item, Equality), item
    assert prove(item.statement, layer).verdict is Verdict.PROVED
    wrong = good.replace("Sl+1}", "Sl+2}").replace("Sl+WW-1}", "Sl+2WW-2}")
    item = only(f"y_{{n,f,k,l}} = {wrong}", context)
    assert isinstance(item, Equality), item
    assert prove(item.statement, layer).verdict is Verdict.ILL_FORMED


def test_what_the_dots_read_is_not_held_against_an_example() -> None:
    context = CONTEXT.with_example(K, 1)
    dotted = only(r"s x_0 = (a_0 + a_1 + \cdots + a_{K-1}) x_0", context)
    assert isinstance(dotted, Equality), dotted
    assert [str(part) for part in dotted.statement.assumptions] == ["K == 1"]
    assert prove(dotted.statement, CONTEXT.as_layer()).verdict is Verdict.PROVED
    # Written out, the same position is outside of the array.
    written = only("s x_0 = (a_0 + a_1) x_0", context)
    assert isinstance(written, Unreadable)
    assert written.code == "out-of-range-number"


def test_the_summed_index_is_fresh() -> None:
    (i,) = indices("i")
    found = dotted_sum([A[m, 0], A[m, 1]], [A[m, K - 1]], frozenset(["r", "i"]))
    assert str(found.total) == "sum[s=0..K-1](A[m,s])"
    with pytest.raises(Unclear):
        _ = dotted_sum([A[m, 0], A[i, 1]], [A[m, K - 1]], frozenset())
