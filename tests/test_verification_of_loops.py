"""Loops that raise, round, return another shape, or run on numbers only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from symconv import conv2d, verify
from symconv.verdicts import Verdict

LAYER = conv2d()
SMALL = "N=1,C=1,H=3,W=2,F=1,HH=2,WW=1,S=1,P=0"


def test_loops_that_raise_or_return_another_shape_are_refuted() -> None:
    (loop,) = (item for item in LAYER.loops if item.name == "loop/db")

    def raises(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    def longer(dout, b):
        return np.zeros_like(b, shape=(b.shape[0] + 1,))

    for function, code, words in (
        (raises, "raised", "ZeroDivisionError: by nothing"),
        (longer, "wrong-shape", "shape (2,), expected (1,)"),
    ):
        report = verify([replace(loop, function=function)], sizes=SMALL)
        assert not report
        assert {result.code for result in report} == {code}
        assert all(words in result.detail for result in report)


def test_a_loop_that_is_wrong_in_one_dtype_only_is_caught_by_numbers() -> None:
    (loop,) = (item for item in LAYER.loops if item.name == "loop/db")

    def rounded(dout, b):
        result = loop.function(dout, b)
        return result + 1 if result.dtype == np.float32 else result

    report = verify([replace(loop, function=rounded)], sizes=SMALL, methods="numbers")
    assert not report
    assert "float32" in report[0].detail


def test_a_right_loop_that_runs_on_numbers_only_is_not_refuted() -> None:
    (loop,) = (item for item in LAYER.loops if item.name == "loop/db")

    def plain(dout, b):
        result = np.zeros(b.shape)
        for number in range(len(result)):
            result[number] += float(dout[:, number].sum())
        return result

    report = verify([replace(loop, function=plain)], sizes=SMALL)
    assert {result.verdict for result in report if result.method == "numbers"} == {Verdict.VERIFIED}
    assert all(not result.verdict.is_false for result in report)
    assert report.exit_code == 3


@pytest.mark.parametrize(
    ("wrong", "code"), [(lambda r: 2 * r, "wrong-value"), (lambda r: r[:, None], "wrong-shape")]
)
def test_a_wrong_loop_that_runs_on_numbers_only_is_refuted_by_closed_forms_too(wrong, code) -> None:
    (loop,) = (item for item in LAYER.loops if item.name == "loop/db")

    def plain(dout, b):
        return wrong(np.array([float(dout[:, number].sum()) for number in range(len(b))]))

    report = verify([replace(loop, function=plain)], sizes=SMALL, methods=["closed-form"])
    assert {(result.verdict, result.code) for result in report} == {(Verdict.REFUTED, code)}


@pytest.mark.parametrize("wrong", [lambda r: r + r * r, lambda r: r * 0.5, lambda r: r.tolist()])
def test_odd_results_of_loops_get_a_verdict(wrong) -> None:
    (loop,) = (item for item in LAYER.loops if item.name == "loop/db")
    report = verify(
        [replace(loop, function=lambda dout, b: wrong(loop.function(dout, b)))], sizes=SMALL
    )
    assert {result.method for result in report} == {"closed-form", "numbers"}


def test_rounding_to_float32_is_noticed_in_float64() -> None:
    (loop,) = (item for item in LAYER.loops if item.name == "loop/forward")

    def rounded(*arguments):
        result = loop.function(*arguments)
        return result.astype(np.float32).astype(result.dtype)

    report = verify([replace(loop, function=rounded)], sizes=SMALL, methods="numbers")
    assert not report
    assert "float64" in report[0].detail
