"""From numbers to a verdict: every way to be wrong has its own code."""

import re

import numpy as np
import pytest

from symconv.implementations.model import Pass, RunTrouble
from symconv.implementations.trying.comparing import judge_pass, judge_symbols
from symconv.implementations.trying.reference import Reference
from symconv.layers.convolution.post import conv2d
from symconv.verdicts import Verdict

LAYER = conv2d()
SIZES = LAYER.sizes("N=2,C=1,H=2,W=3,F=1,HH=1,WW=1,S=1,P=0")
EXPECTED = np.arange(12).reshape(2, 1, 2, 3)


def judged(got, name="dL/dx", expected=EXPECTED, tolerance=None):
    return judge_pass(LAYER, SIZES, name, Pass({name: got}), expected, tolerance)


def changed(value, dtype=np.float64):
    got = EXPECTED.astype(dtype)
    got[1, 0, 1, 2] = value
    return got


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "float16", "int64", "int8", "complex128", "object"]
)
def test_right_numbers_are_right_in_every_dtype(dtype) -> None:
    assert judged(EXPECTED.astype(dtype)) is None


@pytest.mark.parametrize(
    ("got", "code", "words"),
    [
        (changed(12), "wrong-value", r"dL/dx at \[1,0,1,2\] is 12, and should be 11; 1 of 12"),
        (changed(11.5), "wrong-value", "is 23/2, and should be 11"),
        (changed(11 + 1e-9), "wrong-value", "should be 11"),
        (changed(11 + 1j, complex), "wrong-value", "should be 11"),
        (changed(2**70, object), "wrong-value", "should be 11"),
        (changed(np.nan), "not-a-number", "is nan, and should be 11"),
        (changed(np.inf), "not-a-number", "is inf"),
        (changed(-np.inf, object), "not-a-number", "is -inf"),
        (EXPECTED[0], "wrong-shape", r"its shape is \(1, 2, 3\), and should be \(2, 1, 2, 3\)"),
        (EXPECTED.transpose(0, 1, 3, 2), "wrong-shape", r"\(2, 1, 3, 2\)"),
        (np.zeros(()), "wrong-shape", r"\(\)"),
        (EXPECTED.astype(str), "wrong-value", "which is no number"),
    ],
)
def test_wrong_numbers_are_refuted(got, code, words) -> None:
    judgement = judged(got)
    assert judgement is not None
    assert (judgement.verdict, judgement.code) == (Verdict.REFUTED, code)
    assert re.search(words, judgement.detail)


def test_large_integers_are_not_compared_through_floats() -> None:
    expected = np.array([2**53 + 1]).reshape(1, 1, 1, 1)
    judgement = judged(np.array([2.0**53]).reshape(1, 1, 1, 1), expected=expected.astype(object))
    assert judgement is not None
    assert judgement.is_wrong


def test_a_tolerance_is_relative_to_the_largest_value() -> None:
    assert judged(changed(11 + 1e-9), tolerance=1e-9) is None
    judgement = judged(changed(11 + 1e-6), tolerance=1e-9)
    assert judgement is not None
    assert judgement.code == "wrong-value"
    assert judged(changed(np.nan), tolerance=1e9) is not None


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("raised", Verdict.REFUTED),
        ("timeout", Verdict.REFUTED),
        ("crashed", Verdict.REFUTED),
        ("rejected", None),
        ("not-run", Verdict.UNDECIDED),
    ],
)
def test_trouble_keeps_its_code(code, verdict) -> None:
    ran = Pass(trouble=RunTrouble(code, "the fact", "layers.py:3"))
    judgement = judge_pass(LAYER, SIZES, "dL/dx", ran, EXPECTED)
    assert judgement is not None
    assert (judgement.verdict, judgement.code) == (verdict, code)
    assert judgement.detail == "the fact (layers.py:3)"


def test_what_is_not_returned_is_incomplete() -> None:
    ran = Pass(missing={"dL/db": "None was returned"})
    judgement = judge_pass(LAYER, SIZES, "dL/db", ran, EXPECTED)
    assert judgement is not None
    assert (judgement.verdict, judgement.code) == (Verdict.UNDECIDED, "incomplete")
    assert judgement.detail == "None was returned"


def polynomials():
    reference = Reference(LAYER, SIZES)
    return reference.polynomials("dL/dx"), reference.numbering()


def on_symbols(got):
    expected, numbering = polynomials()
    return judge_symbols(LAYER, SIZES, "dL/dx", got, expected, numbering)


def test_the_right_polynomials_are_verified() -> None:
    judgement = on_symbols(polynomials()[0])
    assert judgement.verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda terms: {}, r"dL/dx at \[0,0,0,0\] lacks the term w\[0,0,0,0\]\*dout\[0,0,0,0\]"),
        (lambda terms: {**terms, (): 2}, "has the term 2, which does not belong there"),
        (
            lambda terms: dict.fromkeys(terms, 2),
            r"with the coefficient 2 instead of 1",
        ),
    ],
)
def test_wrong_polynomials_name_the_term(edit, words) -> None:
    got, _ = polynomials()
    got[0, 0, 0, 0] = edit(got[0, 0, 0, 0])
    judgement = on_symbols(got)
    assert judgement.is_wrong
    assert re.search(words, judgement.detail)
    assert judgement.counterexample is not None
    assert judgement.counterexample.indices == {"n'": 0, "c'": 0, "i": 0, "j": 0}


def test_polynomials_of_another_shape_are_refuted() -> None:
    got, _ = polynomials()
    assert on_symbols(got[0]).code == "wrong-shape"
