"""A layer that divides: multiplying by a rounded 1/n is no mistake, and another divisor is one."""

import numpy as np
import pytest

from symconv.implementations.checking import check_implementation
from symconv.verdicts import Verdict

SEVEN = "N=1,C=2,H=9,W=8,HH=7,WW=7,S=1,P=1"


def pooled(x, kernel_size, stride, padding, multiply):
    HH, WW = kernel_size
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x_pad, (HH, WW), (2, 3))
    return multiply(windows[:, :, ::stride, ::stride].sum((4, 5)), HH, WW)


def by_reciprocal(x, kernel_size, stride, padding):
    return pooled(x, kernel_size, stride, padding, lambda sums, HH, WW: (1.0 / (HH * WW)) * sums)


def by_division(x, kernel_size, stride, padding):
    return pooled(x, kernel_size, stride, padding, lambda sums, HH, WW: sums / (HH * WW))


def by_another_reciprocal(x, kernel_size, stride, padding):
    return pooled(
        x, kernel_size, stride, padding, lambda sums, HH, WW: (1.0 / (HH * WW + 1)) * sums
    )


def conclusion(forward, **options):
    report = check_implementation(
        forward, layer="avg_pool2d", only="y", sizes=[SEVEN], isolate=False, **options
    )
    (found,) = (one for one in report.conclusions if one.name == "y")
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_rounded_reciprocal_is_not_refuted(dtype) -> None:
    found = conclusion(by_reciprocal, dtypes=[dtype])
    assert found.verdict is Verdict.UNDECIDED
    assert "that is no mistake: check it with --tolerance 1e-9" in found.failure.detail


def test_a_rounded_reciprocal_is_verified_with_a_tolerance() -> None:
    assert conclusion(by_reciprocal, tolerance=1e-9).verdict is Verdict.VERIFIED


@pytest.mark.parametrize("tolerance", [None, 1e-9])
def test_a_division_is_verified_and_another_divisor_refuted(tolerance) -> None:
    assert conclusion(by_division, tolerance=tolerance).verdict is Verdict.VERIFIED
    found = conclusion(by_another_reciprocal, tolerance=tolerance)
    assert (found.verdict, found.code) == (Verdict.REFUTED, "wrong-value")


def test_a_tolerance_that_is_too_large_is_told_with_one_that_is_not() -> None:
    with pytest.raises(Exception, match="hides a difference of 1") as caught:
        _ = conclusion(by_division, tolerance=1e-2)
    proposed = float(caught.value.help.split()[-1])
    assert conclusion(by_division, tolerance=proposed / 2).verdict is Verdict.VERIFIED
