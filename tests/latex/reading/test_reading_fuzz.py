"""Whatever stands between dollar signs, reading ends, with places inside of the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Unreadable
from symconv.latex.writing.writer import statement_latex
from symconv.layers.convolution.post import conv2d
from tests.runs import quick_rows

LAYER = context_of_layer(conv2d())
WRITTEN = [
    *(statement_latex(statement) for statement in conv2d().statements),
    r"b_f = \begin{cases} b_f, & \text{if } f<1 \\ 2 b_f & \text{if $f\ge1$.} \\ \end{cases} - 1",
    r"b_f = b_0 + b_1 + \cdots + b_{F-1}",
]
PIECES = [
    *(r"\frac", "{", "}", "_", "^", r"\sum", "(", ")", "[", "]", "=", "&", "\\\\", "+"),
    *("-", ",", "x", "p", "0", "1", "'", r"\delta", r"\left(", r"\right)", r"\partial"),
    *("d", r"\begin{cases}", r"\end{cases}", r"\begin{align}", r"\end{align}"),
    *(r"\begin", r"\end{", r"\text{if}", r"\quad", r"\text{where}", r"\text{"),
    *(r"\ldots", r"\mathbf", r"\le", r"\in", r"\{", r"\}", "/", r"\bmod", r"\mid"),
    *(r"\Delta", r"\substack{", ".", "é", r"\lfloor", r"\rfloor", r"\max", "%", "$"),
    *("|", ":", r"\mathbb{1}", "L", "p_0", r"\forall", r"\lnot", r"\land", "dx"),
    *("^{pad}", r"\mathrm{", "\x00", "\n", '"', "\\", "x^{pad}_{n,c,i,j}", "H=W=5"),
    *(" where ", r"\tag{1}", r"\begin{cases} x & ", r"\text{otherwise}", r"\text{if $p$}"),
]


def spoiled(text: str, cuts: list[tuple[int, int, str]]) -> str:
    for start, length, piece in cuts:
        place = start % (len(text) + 1)
        text = text[:place] + piece + text[place + length :]
    return text


TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.builds(
        spoiled,
        st.sampled_from(WRITTEN),
        st.lists(
            st.tuples(st.integers(0, 400), st.integers(0, 6), st.sampled_from(["", *PIECES])),
            min_size=1,
            max_size=4,
        ),
    ),
)


@settings(max_examples=300, deadline=None)
@given(text=TEXTS, context=st.sampled_from([LAYER, Context()]))
def test_reading_never_fails_and_stays_inside_the_text(text: str, context: Context) -> None:
    reading = read_formula(text, context)
    assert reading.items
    for item in reading.items:
        assert 0 <= item.span[0] <= item.span[1] <= len(text)
        if isinstance(item, Unreadable):
            assert item.token == text[slice(*item.place)]
            assert item.message
    assert read_formula(text, context).items == reading.items


@quick_rows(3, "each row meets one of the limits of length and depth")
@pytest.mark.parametrize(
    "text",
    [
        "\\frac{" * 2000,
        "(" * 20000,
        "y=" + "(" * 5000 + "1" + ")" * 5000,
        "\\sum_p" * 3000 + "x",
        "b_f=" + "\\lnot " * 3000 + "x",
        "x" + "_{x" * 5000,
        "x" + "_x" * 5000,
        "\\begin{align}" * 1000,
        "\\begin{cases}" * 1000,
        "{" * 5000 + "}" * 5000,
        "b_f=" * 500 + "b_f",
        "y=" + "-" * 10000,
        "x=" + "9" * 10000,
        "\\\\".join(f"a_{{{place}}}=S" for place in range(700)),
        "y_{n,f,k,l} = " + "+".join(["x^{pad}_{n,c,k,l}w_{f,c,0,0}"] * 700),
    ],
    ids=lambda text: text[:12],
)
def test_long_and_deep_formulas_are_read_or_refused(text: str) -> None:
    assert read_formula(text, LAYER).items


@quick_rows(0, "the limits of a formula that are met by length are in the quick run")
def test_too_many_names_are_refused() -> None:
    text = "\\\\".join(f"a_{{{place}}}=S" for place in range(700))
    last = read_formula(text, LAYER).items[-1]
    assert isinstance(last, Unreadable)
    assert last.code == "unsupported"
