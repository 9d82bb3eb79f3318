"""The terminal view: nothing that failed is hidden behind what did not."""

from __future__ import annotations

import io
import re

import pytest

from symconv.reports.terminal import report_text
from symconv.verdicts import Counterexample, Evidence, Method, Note, Report, Result, Verdict

EXAMPLE = Counterexample({"N": 2}, {"n": 1}, "x[1]", "1", "0", "x[0] + x[1]", "x[0]")


def result(
    verdict: Verdict | None, size: int | None, method: Method = "closed-form", **fields
) -> Result:
    return Result(
        "dL/dx",
        "deltas",
        method=method,
        route="tables",
        verdict=verdict,
        sizes=None if size is None else {"N": size},
        detail="the detail",
        counterexample=EXAMPLE if verdict is Verdict.REFUTED else None,
        evidence=Evidence() if verdict is Verdict.PROVED else None,
        **fields,
    )


def text(*results: Result, verbose: bool = False) -> str:
    return report_text(Report(results, layer="conv2d"), io.StringIO(), verbose=verbose)


@pytest.mark.parametrize("bad", [Verdict.REFUTED, Verdict.ILL_FORMED, Verdict.UNDECIDED])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_cell_shows_the_worst_verdict_wherever_it_stands(bad: Verdict, position: int) -> None:
    results = [result(Verdict.VERIFIED, size) for size in (1, 2, 3)]
    results[position] = result(bad, position + 1)
    row = next(line for line in text(*results).splitlines() if "dL/dx:deltas" in line)
    assert f"{bad.value} at 1 of 3 sizes" in row
    assert "verified" not in row


def test_a_cell_counts_sizes_and_not_routes() -> None:
    twice = [result(Verdict.VERIFIED, 1), result(Verdict.VERIFIED, 1), result(Verdict.VERIFIED, 2)]
    assert "verified at 2 sizes" in text(*twice)
    assert "verified at 1 size " in text(twice[0])


def test_ways_have_columns_of_their_own() -> None:
    shown = text(result(Verdict.PROVED, None, "proof"), result(Verdict.VERIFIED, 1, "numbers"))
    assert "every size" in shown
    assert "exact numbers" in shown
    assert "closed forms" not in shown
    assert re.search(r"│ proved +│ verified at 1 size +│", shown)


def test_a_failure_is_shown_with_its_place_values_and_notes() -> None:
    notes = (Note("region", "true when P = 0 (proved)"), Note("closest", "did you mean that?"))
    shown = text(
        result(Verdict.REFUTED, 3),
        result(Verdict.REFUTED, 2, code="wrong-value", notes=notes),
        result(Verdict.VERIFIED, 1),
    )
    assert "dL/dx:deltas: refuted at N=2 [wrong-value]" in shown, "the smallest failure"
    assert "left:  x[0] + x[1]" in shown
    assert "right: x[0]" in shown
    for note in notes:
        assert note in shown
    assert "and in 1 more check" in shown
    assert "3 checks: 1 verified, 2 refuted" in shown


def test_a_verbose_report_lists_every_check() -> None:
    shown = text(result(Verdict.VERIFIED, 1), result(None, 2), verbose=True)
    lines = [line for line in shown.splitlines() if "closed-form" in line]
    assert len(lines) == 2
    assert lines[0].startswith("verified")
    assert lines[1].startswith("not judged")
    assert "not judged" in text(result(None, 2))


def test_what_failed_first_is_explained_first() -> None:
    assert "undecided: neither shown true nor shown false" in text(result(Verdict.UNDECIDED, 1))
    assert "undecided" not in text(result(Verdict.VERIFIED, 1))
