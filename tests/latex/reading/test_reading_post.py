"""The formulas of the post that the project follows, where it is there to be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symconv.latex.reading.context import context_of_layer
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Abbreviation, Equality, ExampleSize, Item, Unreadable
from symconv.layers.convolution.post import conv2d

POST = Path(__file__).parents[4] / "shared" / "seeds" / "000_042c7c9806ed4485.txt"
pytestmark = pytest.mark.skipif(
    not POST.exists(), reason=f"the post is not here: put it at ../shared/seeds/{POST.name}"
)


@pytest.fixture(scope="module")
def items() -> list[tuple[str, Item]]:
    """What stands in the post, with the text of its formula, read in order."""
    text = re.sub(r"\{% highlight.*?endhighlight %\}", "", POST.read_text("utf-8"), flags=re.DOTALL)
    context = context_of_layer(conv2d())
    found: list[tuple[str, Item]] = []
    for match in re.finditer(r"\$\$(.*?)\$\$|\$(.*?)\$", text, re.DOTALL):
        formula = match[1] or match[2]
        reading = read_formula(formula, context)
        context = reading.context
        found.extend((formula, item) for item in reading.items)
    return found


def test_nothing_but_what_has_no_meaning_yet_is_refused(items) -> None:
    refused = [(item.code, item.token) for _, item in items if isinstance(item, Unreadable)]
    # The dots, and names that the post explains only below the formulas that use them.
    assert [code for code, _ in refused] == [
        "wrong-rank",
        "unsupported",
        "free-index-mismatch",
        "undeclared-name",
    ]
    tokens = [re.sub(r"\s+", " ", token) for _, token in refused]
    # The first one is the kernel of the example, which is printed as the input.
    assert tokens[0].startswith(r"\begin{pmatrix} w_{00}")
    assert tokens[1:] == ["...", "p_0", r"\Delta p"]


def test_the_worked_example_and_the_abbreviations_are_found(items) -> None:
    sizes = {str(item.size): item.value for _, item in items if isinstance(item, ExampleSize)}
    assert sizes == {"H": 5, "W": 5, "HH": 3, "WW": 3, "S": 2, "P": 0, "Hh": 2, "Hw": 2}
    abbreviations = [item for _, item in items if isinstance(item, Abbreviation)]
    assert [f"{item.index} = {item.value}" for item in abbreviations] == [
        "p_0 = S*k",
        "q_0 = S*l",
        "Delta_p = HH",
        "Delta_q = WW",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "Hh = 1+(H+2*P-HH)/S",
        # As printed: one row and one column of the filter too many.
        (
            "sum[c=0..C-1, p=0..Delta_p, q=0..Delta_q](x_pad[n,c,p+p_0,q+q_0]*w[f,c,p,q])+b[f] = "
            "sum[c=0..C-1, p=0..HH, q=0..WW](x_pad[n,c,p+k*S,q+l*S]*w[f,c,p,q])+b[f] where "
            "p_0 = S*k, q_0 = S*l, Delta_p = HH, Delta_q = WW"
        ),
        (
            "dL/dw[f',c',i,j] = sum[n=0..N-1, f=0..F-1, k=0..Hh-1, l=0..Hw-1]"
            "(dL/dy[n,f,k,l]*dy[n,f,k,l]/dw[f',c',i,j])"
        ),
        (
            "sum[n=0..N-1, f=0..F-1, k=0..Hh-1, l=0..Hw-1](dL/dy[n,f,k,l]*delta(f, f')) = "
            "sum[n=0..N-1, k=0..Hh-1, l=0..Hw-1](dL/dy[n,f',k,l])"
        ),
        # As printed: the channel is called x'', and the guard ends at H-P.
        "x_pad[n'',x'',i'',j''] = x[n'',x'',i''-P,j''-P]*[P <= i'' <= H-P]*[P <= j'' <= W-P]",
        (
            "dx_pad[n'',c'',i'',j'']/dx[n',c',i,j] = "
            "delta(n'', n')*delta(c'', c')*delta(i, i''-P)*delta(j, j''-P)"
        ),
        (
            "delta(n, n')*sum[i''=0..H+2*P-1, j''=0..W+2*P-1, p=0..HH, q=0..WW](delta(p+k*S, i'')"
            "*delta(i, i''-P)*delta(j, j''-P)*delta(q+l*S, j'')*w[f,c',p,q]) = delta(n, n')*"
            "sum[p=0..HH, q=0..WW](delta(p+k*S, i+P)*delta(q+l*S, j+P)*w[f,c',p,q])"
        ),
    ],
)
def test_formulas_come_out_as_printed(items, statement: str) -> None:
    assert statement in [str(item.statement) for _, item in items if isinstance(item, Equality)]


def test_every_equality_of_the_post_is_counted(items) -> None:
    assert sum(isinstance(item, Equality) for _, item in items) == 26


def test_a_formula_above_its_abbreviations_is_read_when_they_are_known(items) -> None:
    (formula,) = [text for text, item in items if isinstance(item, Unreadable) and "y_{kl}" in text]
    context = context_of_layer(conv2d())
    for definition in ("p_0 = Sk", "q_0 = Sl", r"\Delta p = HH", r"\Delta q = WW"):
        context = read_formula(definition, context).context
    (item,) = read_formula(formula, context).items
    assert isinstance(item, Equality)
    assert str(item.statement).startswith(
        "y[0,0,k,l] = sum[p=p_0..p_0+Delta_p, q=q_0..q_0+Delta_q]"
        "(x_pad[0,0,p,q]*w[0,0,p-p_0,q-q_0])+b[0]"
    )
    assert [str(part) for part in item.statement.assumptions] == ["N == 1", "C == 1", "F == 1"]
