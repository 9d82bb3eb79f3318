"""The JSON view: complete, and every verdict in its own word."""

from __future__ import annotations

import json

import pytest

from symconv.reports.json_view import report_json
from symconv.verdicts import Counterexample, Evidence, Note, Report, Result, Verdict

EXAMPLE = Counterexample({"N": 2}, {"n": 1}, "x[1]", "1", "0", "x[0] + x[1]", "x[0]", minimal=False)


@pytest.mark.parametrize("verdict", [*Verdict, None])
def test_every_verdict_is_written_as_its_word(verdict: Verdict | None) -> None:
    result = Result(
        "dL/dx",
        verdict=verdict,
        code="a-code",
        counterexample=EXAMPLE if verdict is Verdict.REFUTED else None,
        evidence=Evidence() if verdict is Verdict.PROVED else None,
    )
    (written,) = json.loads(report_json(Report([result])))["results"]
    assert written["verdict"] == (None if verdict is None else verdict.value)


def test_a_result_is_complete() -> None:
    result = Result(
        "dL/dx",
        "deltas",
        method="proof",
        route="smt",
        verdict=Verdict.REFUTED,
        code="different",
        seconds=0.12345678,
        detail="it differs",
        assumptions=("S = 1",),
        notes=(Note("region", "true when P = 0"),),
        shape_class="padding 0",
        counterexample=EXAMPLE,
        location="notes.md:4:2",
    )
    data = json.loads(report_json(Report([result], layer="conv2d", solver="z3 1.2")))
    assert data["schema_version"] == 2
    assert data["solver"] == "z3 1.2"
    assert data["summary"]["refuted"] == data["summary"]["total"] == 1
    assert data["exit_code"] == 1
    assert data["results"] == [
        {
            "kind": "claim",
            "statement": "dL/dx",
            "form": "deltas",
            "location": "notes.md:4:2",
            "method": "proof",
            "route": "smt",
            "verdict": "refuted",
            "code": "different",
            "sizes": None,
            "seconds": 0.123457,
            "shape_class": "padding 0",
            "detail": "it differs",
            "notes": [{"kind": "region", "text": "true when P = 0"}],
            "assumptions": ["S = 1"],
            "counterexample": {
                "sizes": {"N": 2},
                "indices": {"n": 1},
                "monomial": "x[1]",
                "left_coefficient": "1",
                "right_coefficient": "0",
                "left": "x[0] + x[1]",
                "right": "x[0]",
                "minimal": False,
            },
        }
    ]
