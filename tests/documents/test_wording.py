"""Words without any formula: what they state, what they only mention, and what nobody knows."""

from __future__ import annotations

import json

import pytest

from symconv.documents.accounting import check_documents
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.documents.wording import Remark, remark
from symconv.layers.registry import layer_by_name
from symconv.verdicts import Result, Verdict
from tests.runs import quick_rows

pytestmark = pytest.mark.usefixtures("without_corrections")  # They are tested elsewhere.

PROVED, REFUTED, ILL_FORMED = Verdict.PROVED, Verdict.REFUTED, Verdict.ILL_FORMED
UNDECIDED = Verdict.UNDECIDED
PLAIN = (
    r"$$\frac{\partial L}{\partial w_{f,c,i,j}} ="
    r" \sum_{n,k,l} dout_{n,f,k,l} x^{pad}_{n,c,i+k,j+l}$$"
)
"""Right for stride 1 alone."""
BARE = r"$$y_{n,f,k,l} = b_f + \sum_{c,p,q} w_{f,c,p,q} x_{n,c,k+p,l+q}$$"
"""Right for stride 1 without padding alone."""


def _claims(text: str, name: str = "a.md", layer: str = "conv2d") -> list[Result]:
    known = declared_by(layer_by_name(layer) if layer else None)
    results = check_documents([parse_text(name, text)], known).results
    return [item for item in results if item.verdict is not None]


@pytest.mark.parametrize(
    "text",
    [
        "## Gradient\n\nAssume unit stride. The rest is easy.\n\nMore words.\n\n{}",
        "From now on the stride is one.\n\n{}",
        "# T\n\nThe stride is one from now on.\n\n## A\n\n{}",
        "# T\n\nAssume unit stride.\n\nSome history.\n\n## A\n\n{}",
        "We restrict ourselves to a stride of one.\n\n{}",
        "The stride is always 1 in what follows.\n\n{}",
        "I only consider the case of a stride of 1 in this post.\n\n{}",
        "We move the filter by one pixel at a time.\n\n{}",
        "The stride is one, so\n\n{}",
    ],
)
def test_what_words_state_holds_for_what_follows_and_is_named(text: str) -> None:
    [result] = _claims(text.format(PLAIN))
    assert result.verdict is PROVED
    assert result.assumptions == ("S = 1",)


@pytest.mark.parametrize(
    "text",
    [
        "We use no padding here. The stride is one.\n\n{}",
        "For simplicity, the stride is 1 and we ignore padding.\n\n{}",
        "Here stride=1 and padding=0.\n\n{}",
    ],
)
def test_two_sizes_may_be_stated(text: str) -> None:
    [result] = _claims(text.format(BARE))
    assert result.verdict is PROVED
    assert set(result.assumptions) == {"S = 1", "P = 0"}


@quick_rows(3, "each row is one more wording")
@pytest.mark.parametrize(
    "text",
    [
        "## One\n\nFrom now on the stride is one.\n\n## Next\n\n{}",
        "The stride is two.\n\n{}",
        "Assume unit stride.\n\nNow the stride is arbitrary again.\n\n{}",
        "A stride of one is the default of many frameworks.\n\n{}",
        "The stride was one in the last section.\n\n{}",
        "The stride tells how far the filter moves.\n\n{}",
        "The stride is one of the parameters.\n\n{}",
    ],
)
def test_what_words_do_not_state_for_a_formula_saves_none(text: str) -> None:
    assert [item.verdict for item in _claims(text.format(PLAIN))] == [REFUTED]


@quick_rows(1, "each row is one more wording")
@pytest.mark.parametrize(
    "text",
    [
        "Why would the stride be one?\n\n{}",
        "- stride: 1\n- padding: 0\n\n{}",
        "| setting | value |\n|---|---|\n| stride | 1 |\n| padding | 0 |\n\n{}",
        "You may set the stride to 1.\n\n{}",
    ],
)
def test_what_words_only_mention_is_judged_both_ways(text: str) -> None:
    [result] = _claims(text.format(PLAIN))
    assert (result.verdict, result.code) == (UNDECIDED, "several-readings")
    # What is wrong both ways is wrong.
    assert _claims(text.format(PLAIN.replace("i+k", "i-k")))[0].verdict is not UNDECIDED


def test_several_mentions_may_hold_together() -> None:
    [result] = _claims(f"- stride: 1\n- padding: 0\n\n{BARE}")
    assert (result.verdict, result.code) == (UNDECIDED, "several-readings")


@quick_rows(2, "each row is one more wording")
@pytest.mark.parametrize(
    "text",
    [
        "Assume the kernel is odd.\n\n{}",
        "From now on we suppose that the windows do not overlap.\n\n{}",
        "The kernel is even.\n\n{}",
        "We ignore the borders of the image.\n\n{}",
        "# T\n\nWe restrict ourselves to kernels that fit.\n\n## A\n\n{}",
    ],
)
def test_a_restriction_that_is_not_understood_makes_nothing_false(text: str) -> None:
    [result] = _claims(text.format(PLAIN))
    assert (result.verdict, result.code) == (UNDECIDED, "unclear-condition")
    right = PLAIN.replace("i+k", "i+kS").replace("j+l", "j+lS")
    assert _claims(text.format(right))[0].verdict is PROVED


def test_a_restriction_that_is_not_understood_ends_with_its_section() -> None:
    text = f"## One\n\nAssume the kernel is odd.\n\n## Next\n\n{PLAIN}"
    assert [item.verdict for item in _claims(text)] == [REFUTED]


@quick_rows(1, "each row is one more wording")
@pytest.mark.parametrize(
    "sentence",
    [
        "We assume that the reader knows what a filter is.",
        "The output is smaller than the input.",
        "In this section we derive the gradient by the filter.",
        "Recall that images are square in most data sets.",
        "Entries outside the input are zero.",
        "What lies in the padding is 0.",
    ],
)
def test_what_restricts_nothing_is_passed_over(sentence: str) -> None:
    assert remark(sentence).unclear == ""
    assert not remark(sentence).stated
    assert _claims(f"{sentence}\n\n{PLAIN}")[0].verdict is REFUTED


def test_a_bias_left_out_in_words_is_zero_for_what_follows() -> None:
    text = "We leave out the bias.\n\n" + BARE.replace("b_f + ", "").replace("x_", "x^{pad}_")
    text = text.replace("k+p", "kS+p").replace("l+q", "lS+q")
    [result] = _claims(text)
    assert (result.verdict, result.assumptions) == (PROVED, ("b = 0",))
    assert _claims(text.partition("\n\n")[2])[0].verdict is REFUTED


def _notebook(*cells: str) -> str:
    return json.dumps(
        {
            "cells": [
                {"cell_type": "markdown", "metadata": {}, "source": cell}
                if not cell.startswith(">>>")
                else {"cell_type": "code", "metadata": {}, "outputs": [], "source": cell}
                for cell in cells
            ],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


@pytest.mark.parametrize(
    "cells",
    [
        ("Assume unit stride.", PLAIN),
        ("Here $x$ is the input.\n\nAssume $S = 1$.", ">>> 1", f"Then\n\n{PLAIN}"),
        ("For $S = 1$ this becomes:", ">>> 1", PLAIN),
        ("$y = y$ is clear. The stride is one from here on.", PLAIN),
    ],
)
def test_words_reach_over_the_cells_of_a_notebook(cells: tuple[str, ...]) -> None:
    result = _claims(_notebook(*cells), "a.ipynb")[-1]
    assert (result.verdict, result.assumptions) == (PROVED, ("S = 1",))


def test_words_of_a_cell_end_with_their_section() -> None:
    cells = ("## One\n\nAssume unit stride.", "## Next", PLAIN)
    assert [item.verdict for item in _claims(_notebook(*cells), "a.ipynb")] == [REFUTED]


def test_words_of_latex_sections_without_a_formula_are_heard() -> None:
    text = (
        "\\documentclass{article}\n\\begin{document}\n\\section{Setting}\nWe use no padding, and"
        " the stride is one.\n\\subsection{Forward}\n\\[" + BARE.strip("$") + "\\]\n\\section{Back}"
        "\n\\[" + PLAIN.strip("$") + "\\]\n\\end{document}\n"
    )
    found = _claims(text, "a.tex")
    assert [item.verdict for item in found] == [PROVED, REFUTED]
    assert set(found[0].assumptions) == {"S = 1", "P = 0"}


def test_a_remark_is_a_plain_record() -> None:
    assert remark("The stride is one.") == Remark(("S = 1",), stated=True)
    assert remark("It rains.") == Remark()


OWN = "<!-- symconv: size M, K; assume K <= M; array g (M); array v (M, M) -->\n"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("For $k \\in [0, M)$ we have\n\n$$g_k = g_k$$", PROVED),
        ("For $k \\in [0, M]$ we have\n\n$$g_k = g_k$$", ILL_FORMED),
        ("For $k \\in [0, M[$ we have\n\n$$g_k = g_k$$", PROVED),
        ("For $k \\in (0, M)$ we have\n\n$$g_{k-1} = g_{k-1}$$", PROVED),
        ("For $k \\in [0, M)$ we have\n\n$$g_{k-1} = g_{k-1}$$", ILL_FORMED),
        ("For $k$ in $\\{0, \\dots, M-1\\}$ we have\n\n$$g_k = g_k$$", PROVED),
        ("For $k$ in $\\{0, \\dots, M\\}$ we have\n\n$$g_k = g_k$$", ILL_FORMED),
        ("For $k$ in $[1, M)$ we have\n\n$$g_{k-1} = g_{k-1}$$", PROVED),
        ("Here $k$ runs from $0$ to $M$ inclusive, so\n\n$$g_k = g_k$$", ILL_FORMED),
        # Whether the last one counts is not said.
        ("For $k$ from $0$ to $M$ we have\n\n$$g_k = g_k$$", UNDECIDED),
        ("For $k$ from 0 to $M-1$ we have\n\n$$g_k = g_k$$", PROVED),
        ("Here $k$ runs over $[0, M]$.\n\n$$g_k = g_k$$", UNDECIDED),
        ("where $p, q \\in [0, K)$:\n\n$$v_{p,q} = v_{p,q}$$", PROVED),
        ("where $p, q \\in [0, K]$:\n\n$$v_{p,q} = v_{p,q}$$", ILL_FORMED),
        ("for $0 \\le i, j < K$ we have\n\n$$v_{i,j} = v_{i,j}$$", PROVED),
        ("for $0 \\le i, j \\le K$ we have\n\n$$v_{i,j} = v_{i,j}$$", ILL_FORMED),
        ("$$\\sum_{k \\in [0, M)} g_k = \\sum_k g_k$$", PROVED),
        ("$$\\sum_{0 \\le i, j < M} v_{i,j} = \\sum_{i,j} v_{i,j}$$", PROVED),
        ("$$\\sum_{k \\in [0, M]} g_k = \\sum_k g_k$$", ILL_FORMED),
    ],
)
def test_a_range_in_words_or_as_an_interval_is_the_range(text: str, verdict: Verdict) -> None:
    found = [item.verdict for item in _claims(OWN + text, layer="") if item.verdict is not None]
    assert found == [verdict]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("For $k \\in \\text{range}(M+1)$ we have\n\n$$g_k = g_k$$", UNDECIDED),
        ("For $k \\in K_M$ we have\n\n$$g_k = 2 g_k$$", UNDECIDED),
        ("where $i, j \\in I$:\n\n$$v_{i,j} = v_{j,i}$$", UNDECIDED),
        ("For $g \\in \\mathbb{R}^M$ we have\n\n$$g_k = g_k$$", PROVED),
        ("with $g \\in V_M$ we have\n\n$$g_k = 2 g_k$$", REFUTED),
        ("for $t \\in \\mathbb{R}$ we have\n\n$$g_k = g_k$$", PROVED),
    ],
)
def test_a_set_of_indices_that_is_not_read_leaves_open_what_it_governs(
    text: str, verdict: Verdict
) -> None:
    assert _claims(OWN + text, layer="")[-1].verdict is verdict
