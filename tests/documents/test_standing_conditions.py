"""Conditions that stand by themselves: claims, restrictions, and neither."""

from __future__ import annotations

import io

import pytest

from symconv.documents.accounting import check_documents
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.layers.registry import layer_by_name
from symconv.reports.documents_view import documents_text
from symconv.verdicts import Report, Verdict


def _check(text: str, layer: str | None = "conv2d") -> Report:
    known = declared_by(None if layer is None else layer_by_name(layer))
    return check_documents([parse_text("a.md", text)], known)


@pytest.mark.parametrize(
    "formula",
    [
        "Hh > H+2P",
        "Hh \\ge 1",
        "b_f \\ne b_f+1",
        "x_{n,c,i,j} \\leq x_{n,c,i,j}",
        "1 < 2",
        "Hh > H, Hw > W",
        "k < Hh, Hh > H",
        "S \\mid Hh",
    ],
)
def test_an_inequality_that_claims_something_is_undecided(formula: str) -> None:
    [result] = _check(f"${formula}$").results
    assert (result.kind, result.verdict, result.code) == (
        "claim",
        Verdict.UNDECIDED,
        "inequality",
    )
    assert result.detail == "inequalities are not judged"


@pytest.mark.parametrize(
    "formula", ["0 \\le k < Hh", "k < Hh", "p \\in \\{0, \\ldots, HH-1\\}", "k < Hh, l < Hw"]
)
def test_a_range_of_an_index_claims_nothing(formula: str) -> None:
    [result] = _check(f"${formula}$").results
    assert (result.kind, result.verdict, result.code) == ("no-statement", None, None)


@pytest.mark.parametrize("formula", ["x", "(N, C, H, W)", "x \\in \\mathbb{R}", "f(a, b)"])
def test_what_compares_nothing_is_no_inequality(formula: str) -> None:
    assert all(item.code != "inequality" for item in _check(f"${formula}$").results)


@pytest.mark.parametrize("formula", ["H = W", "P > 0", "S \\mid H", "H \\le W"])
def test_a_condition_on_given_sizes_says_how_it_would_hold(formula: str) -> None:
    report = _check(f"${formula}$")
    [result] = report.results
    assert (result.kind, result.code) == ("no-statement", "condition")
    assert result.notes == (f"to let it hold throughout: symconv: assume {formula}",)
    assert result.notes[0] in documents_text(report, io.StringIO())
    again = _check(f"<!-- symconv: assume {formula} -->\n${formula}$").results
    assert [(item.kind, item.code) for item in again] == [("no-statement", None)]


SUMS = r"$\sum_{m=0}^{M-1} x_m = \sum_{m=0}^{N-K} x_m$"


def test_what_the_hint_declares_makes_the_next_formula_right() -> None:
    head = "<!-- symconv: size N, K, M; array x (N) -->\n"
    hint, wrong = _check(f"{head}$M = N-K+1$\n\n{SUMS}", None).results
    assert wrong.verdict is Verdict.ILL_FORMED
    pragma = hint.notes[0].partition("throughout: ")[2]
    assert pragma == "symconv: assume M = N-K+1"
    _, right = _check(f"{head}<!-- {pragma} -->\n$M = N-K+1$\n\n{SUMS}", None).results
    assert right.verdict is Verdict.PROVED
