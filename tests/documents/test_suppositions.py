"""What a verdict supposes stands beside it, unasked, in every view."""

from __future__ import annotations

import io

import pytest

from symconv.documents.accounting import check_documents
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.layers.registry import layer_by_name
from symconv.reports.documents_view import documents_text
from symconv.reports.json_view import report_data
from symconv.verdicts import Report, Verdict

HEAD = "<!-- symconv: size M, N, S; size P >= 0; array g (M); array h (N) -->\n"


def _check(text: str, layer: str | None = None) -> Report:
    known = declared_by(None if layer is None else layer_by_name(layer))
    return check_documents([parse_text("a.md", text)], known)


@pytest.mark.parametrize(
    ("declared", "formula", "assumptions"),
    [
        ("assume S = 1", "$S g_k = g_k$", ("S = 1",)),
        ("assume S = 1; assume P = 0", "$S g_k + P g_k = g_k$", ("S = 1", "P = 0")),
        # What no chain of conditions joins to the statement is not named.
        ("assume S = 1; assume N = 4", "$S g_k = g_k$", ("S = 1",)),
        ("assume N = M; assume S = N; assume P = 0", "$S g_k = M g_k$", ("N = M", "S = N")),
        ("size K; array u (K); define u_a = S; assume S = 1", "$u_0 = 1$", ("S = 1",)),
        ("assume S = 1", "$h_k = h_k \\text{ if } N = 1$", ("N = 1",)),
        ("", "$S g_k = g_k \\text{ if } S = 1$", ("S = 1",)),
        ("", "$g_k = g_k$", ()),
    ],
)
def test_a_verdict_names_what_it_supposes(
    declared: str, formula: str, assumptions: tuple[str, ...]
) -> None:
    report = _check(f"{HEAD}<!-- symconv: {declared or 'size Q'} -->\n{formula}")
    [result] = (item for item in report.results if item.verdict is not None)
    assert result.verdict is Verdict.PROVED
    assert result.assumptions == assumptions
    assert report_data(report)["results"][-1]["assumptions"] == list(assumptions)
    shown = documents_text(report, io.StringIO())
    assert ("proved where " + " and ".join(assumptions) in shown) == bool(assumptions)
    assert ("under that condition" in shown) == bool(assumptions)


def test_what_is_refuted_under_an_assumption_names_it_too() -> None:
    report = _check(f"{HEAD}<!-- symconv: assume S = 1 -->\n$S g_k = 2 g_k$")
    [result] = report.results
    assert (result.verdict, result.assumptions) == (Verdict.REFUTED, ("S = 1",))
    assert "refuted where S = 1" in documents_text(report, io.StringIO())


def test_axes_that_are_left_out_are_assumptions_with_a_name() -> None:
    formula = "\\frac{\\partial L}{\\partial b_f} = \\sum_{k,l} dout_{f,k,l}"
    [result] = _check(f"${formula}$", "conv2d").results
    assert (result.verdict, result.assumptions) == (Verdict.PROVED, ("N = 1",))


def test_constraints_of_the_layer_are_no_assumptions() -> None:
    [result] = _check("$b_f = b_f$\n", "conv2d").results
    assert (result.verdict, result.assumptions) == (Verdict.PROVED, ())


def test_an_assumption_that_a_constraint_of_the_layer_joins_is_named() -> None:
    text = "<!-- symconv: layer conv2d; assume HH = H -->\n$Hh = \\lfloor 2P/S \\rfloor + 1$"
    [result] = _check(text).results
    assert (result.verdict, result.assumptions) == (Verdict.PROVED, ("HH = H",))
