"""The JSON view of a report."""

from __future__ import annotations

import json
from typing import Any

from symconv import __version__
from symconv.verdicts import Counterexample, Report, Result

SCHEMA_VERSION = 2


def report_json(report: Report) -> str:
    """Write a report as JSON, complete; exact values are strings."""
    return json.dumps(report_data(report), indent=2, ensure_ascii=False)


def report_data(report: Report) -> dict[str, Any]:
    """Return a report as plain data, in the layout of the JSON view."""
    return {
        "tool": "symconv",
        "schema_version": SCHEMA_VERSION,
        "version": __version__,
        "solver": report.solver,
        "layer": report.layer,
        "summary": report.summary,
        "results": [_result(result) for result in report.results],
        "exit_code": report.exit_code,
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "kind": result.kind,
        "statement": result.statement,
        "form": result.form,
        "location": result.location,
        "method": result.method,
        "route": result.route,
        "verdict": None if result.verdict is None else result.verdict.value,
        "code": result.code,
        "sizes": dict(result.sizes) if result.sizes is not None else None,
        "shape_class": result.shape_class,
        "seconds": round(result.seconds, 6),
        "detail": result.detail,
        "notes": [{"kind": note.kind, "text": note.text} for note in result.notes],
        "assumptions": list(result.assumptions),
        "counterexample": _counterexample(result.counterexample),
    }


def _counterexample(counterexample: Counterexample | None) -> dict[str, Any] | None:
    if counterexample is None:
        return None
    return {
        "sizes": dict(counterexample.sizes),
        "indices": dict(counterexample.indices),
        "monomial": counterexample.monomial,
        "left_coefficient": counterexample.left_coefficient,
        "right_coefficient": counterexample.right_coefficient,
        "left": counterexample.left,
        "right": counterexample.right,
        "minimal": counterexample.minimal,
    }
