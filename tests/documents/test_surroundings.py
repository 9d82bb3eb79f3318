"""What other cells of a row and footnotes say of a formula."""

from __future__ import annotations

import pytest

from symconv.documents.accounting import check_documents
from symconv.documents.declarations import layer_by_name
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.verdicts import Result, Verdict

pytestmark = pytest.mark.usefixtures("without_corrections")  # They are tested elsewhere.

REFUTED, UNDECIDED = Verdict.REFUTED, Verdict.UNDECIDED
PLAIN = (
    r"$$\frac{\partial L}{\partial w_{f,c,i,j}} ="
    r" \sum_{n,k,l} dout_{n,f,k,l} x^{pad}_{n,c,i+k,j+l}$$"
)
"""Right for stride 1 alone."""


def _claims(text: str, name: str = "a.md") -> list[Result]:
    known = declared_by(layer_by_name("conv2d"))
    results = check_documents([parse_text(name, text)], known).results
    return [item for item in results if item.verdict is not None]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("a.md", "| case | values | rows |\n|---|---|---|\n| valid | $S = 1$, $P = 0$ | ${}$ |\n"),
        ("a.md", "| rows | stride | pad |\n|---|---|---|\n| ${}$ | $S = 1$ | $P = 0$ |\n"),
        ("a.tex", "\\begin{{tabular}}{{ll}}\n$S = 1$, $P = 0$ & ${}$ \\\\\n\\end{{tabular}}\n"),
        ("a.md", "<table><tr><td>$S = 1$, $P = 0$</td><td>${}$</td></tr></table>\n"),
    ],
)
def test_the_cells_of_a_row_may_say_under_which_settings_it_holds(name: str, row: str) -> None:
    [result] = _claims(row.format("Hh = H - HH + 1"), name)
    assert (result.verdict, result.code) == (UNDECIDED, "several-readings")
    assert "proved where" in result.detail
    # What is wrong under the settings of the row too is wrong.
    assert [item.verdict for item in _claims(row.format("Hh = H - HH"), name)] == [REFUTED]


def test_a_cell_says_nothing_of_another_row() -> None:
    rows = "| a | b |\n|---|---|\n| $S = 1$, $P = 0$ | x |\n| y | $Hh = H - HH + 1$ |\n"
    assert [item.verdict for item in _claims(rows)] == [REFUTED]


@pytest.mark.parametrize(
    "text",
    [
        "The gradient[^a] is\n\n{}\n\n[^a]: For unit stride.\n",
        "The gradient is\n\n{}[^a]\n\n[^a]: Here $S = 1$.\n",
        "The gradient[^a] is\n\n{}\n\n[^a]: We assume that the kernel is odd.\n",
    ],
)
def test_a_footnote_may_restrict_the_formula_of_its_sentence(text: str) -> None:
    assert [item.verdict for item in _claims(text.format(PLAIN))] == [UNDECIDED]


@pytest.mark.parametrize(
    "text",
    [
        "The gradient[^a] is\n\n{}\n\n[^a]: See the appendix.\n",
        "The bias is not shared.[^a]\n\nIt is\n\n{}\n\n[^b]: For unit stride.\n",
    ],
)
def test_other_footnotes_save_no_formula(text: str) -> None:
    assert [item.verdict for item in _claims(text.format(PLAIN))] == [REFUTED]
