"""Sum signs, remainders, powers and names: what could be read in two ways is not guessed."""

from __future__ import annotations

import pytest

from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Equality, Unreadable
from symconv.layers.convolution.post import conv2d
from symconv.proof.equality import prove
from tests.runs import quick_rows

CONV = conv2d()
LAYER = context_of_layer(CONV)
FROM_ONE = LAYER.with_index_base(1)


def verdict_of(latex: str, context: Context = LAYER) -> str:
    """Return the verdict of one equation, or why it was not read."""
    (item,) = read_formula(latex, context).items
    if isinstance(item, Equality):
        return prove(item.statement, CONV).verdict.value
    return item.code if isinstance(item, Unreadable) else type(item).__name__


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"b_f (-f \bmod S) = -b_f (f \bmod S)", "unreadable"),
        (r"b_f (-(f \bmod S)) = -b_f (f \bmod S)", "proved"),
        (r"b_f ((-f) \bmod S) = -b_f (f \bmod S)", "refuted"),
        (r"\sum_{f,\, g=F-1-f} b_f b_g = \sum_{f} b_f b_{F-1-f}", "proved"),
        (r"\sum_{g=F-1-f,\, f} b_f b_g = \sum_{f} b_f b_{F-1-f}", "proved"),
        (r"\sum_{f,\, g=F-1-f} b_f b_g = \sum_{f} b_f b_{f}", "refuted"),
        (r"\sum_{f,\, g=F-1-f}^{F-1} b_f b_g = \sum_{f} b_f b_{F-1-f}", "unclear-range"),
        (r"\sum_{n,f=0}^{F-1} b_f = N \sum_{f=0}^{F-1} b_f", "unclear-range"),
        (r"\sum_{f,g=0}^{F-1} b_f b_g = \sum_{f=0}^{F-1} b_f \sum_{g=0}^{F-1} b_g", "proved"),
        (r"\sum_{p=0,q=0}^{HH-1,WW-1} w_{f,c,p,q} = \sum_{p,q} w_{f,c,p,q}", "proved"),
        (r"\sum_{p=0,q=0}^{WW-1,HH-1} w_{f,c,p,q} = \sum_{p,q} w_{f,c,p,q}", "ill-formed"),
        (r"\sum_{p,q=0}^{HH-1,WW-1} w_{f,c,p,q} = \sum_{p,q} w_{f,c,p,q}", "unclear-range"),
        (r"\sum_{f \ge 1} b_f = \sum_{f=1}^{F-1} b_f", "proved"),
        (r"\sum_{f > 1} b_f = \sum_{f=1}^{F-1} b_f", "refuted"),
        (r"\sum_{f' \ne f} b_{f'} = \sum_{f'} b_{f'} - b_f", "proved"),
        (r"\sum_{f' \ne f} b_{f'} = \sum_{f'} b_{f'}", "refuted"),
        (r"\sum_f -b_f = -\sum_f b_f", "proved"),
        (r"\sum_f -b_f = \sum_f b_f", "refuted"),
        (r"H w_{f,c,p,q} = w_{f,c,p,q} H", "proved"),
        (r"Hw_{f,c,p,q} = w_{f,c,p,q} H", "undeclared-name"),
        (r"H H w_{f,c,p,q} = w_{f,c,p,q} H^2", "proved"),
        (r"HH w_{f,c,p,q} = w_{f,c,p,q} H^2", "refuted"),
        (r"H\,H b_f = H^2 b_f", "proved"),
        (r"{H}{H} b_f = H^2 b_f", "proved"),
        (r"\mathrm{rows} b_f = b_f", "undeclared-name"),
        (r"\sum_{i=0}^{\text{rows}-1} b_f = b_f", "undeclared-name"),
        (r"\sum_{i=0}^{\text{HH}-1} b_f = HH b_f", "proved"),
        (r"\mathbf{W}_{f,c,p,q} = w_{f,c,p,q}", "proved"),
        (r"\mathbf{W}_{f,c,p,q} = x_{f,c,p,q}", "ill-formed"),
        (r"dL/dx_{n,c,i,j} = \frac{dL}{dx_{n,c,i,j}}", "proved"),
        (r"dL/dx_{n,c,i,j} = x_{n,c,i,j}", "refuted"),
        (r"dw/dx_{n,c,i,j} = x_{n,c,i,j}", "unsupported"),
        (r"\boxed{b_f = b_f}", "proved"),
        (r"\boxed{b_f = b_f + 1}", "refuted"),
        (r"b_f \stackrel{!}{=} b_f", "proved"),
        (r"b_f \overset{\text{def}}{=} b_f", "proved"),
        (r"b_f \stackrel{(3)}{=} b_f + 1", "refuted"),
        ("((S^9)^4)^1 b_f = S^9 S^9 S^9 S^9 b_f", "proved"),
        ("((S^9)^9)^9 = 1", "unsupported"),
    ],
)
def test_a_formula_is_read_or_refused(latex: str, expected: str) -> None:
    assert verdict_of(latex) == expected


def test_the_usual_ranges_count_as_the_text_does() -> None:
    flipped = r"\sum_{p,q} w_{f,c,HH+1-p,WW+1-q} = \sum_{p=1}^{HH}\sum_{q=1}^{WW} w_{f,c,p,q}"
    assert verdict_of(flipped, FROM_ONE) == "proved"
    assert verdict_of(flipped.replace("HH+1", "HH"), FROM_ONE) == "ill-formed"
    assert verdict_of(flipped) == "ill-formed"
    # Where arrays count differently, no range is the usual one.
    alone = r"\sum_p [p = 0] b_f = b_f"
    assert verdict_of(alone) == "proved"
    assert verdict_of(alone, FROM_ONE) == "refuted"
    assert verdict_of(alone, LAYER.with_index_base(1, "w")) == "unclear-range"


def test_a_condition_above_an_equals_sign_is_not_dropped() -> None:
    item = read_formula(r"b_f \stackrel{P=0}{=} b_f + P", LAYER).items[0]
    assert isinstance(item, Unreadable)
    assert not item.ill_formed


def test_a_delta_with_many_indices_may_be_an_array() -> None:
    (item,) = read_formula(r"\delta_{n,f,k,l} = 1", LAYER).items
    assert isinstance(item, Unreadable)
    assert "spelling \\delta = dout" in item.help


@quick_rows(0, "the limit is the one of long formulas")
def test_a_side_with_thousands_of_terms_is_refused() -> None:
    assert verdict_of("b_f = " + " + ".join(["b_f"] * 6000)) == "unsupported"
    assert verdict_of("b_f = " + " + ".join(["b_f"] * 60)) == "refuted"
