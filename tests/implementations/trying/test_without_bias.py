"""Classes and functions with a flag for their bias, run with and without it."""

import numpy as np
import pytest

from symconv.implementations.checking import check_implementation
from symconv.verdicts import Verdict
from tests.implementations.mathematics import compute_gradients, compute_y
from tests.runs import quick_rows

SIZES = "N=1,C=2,H=5,W=4,F=2,HH=2,WW=3,S=2,P=1"


class Flagged:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, bias=True):
        height, width = kernel_size
        self.w = np.ones((out_channels, in_channels, height, width))
        self.b = np.ones(out_channels) if bias else None
        self.stride, self.padding = stride, padding

    def forward(self, x):
        self.x = x
        return compute_y(x, self.w, self.b, self.stride, self.padding)

    def backward(self, dout):
        dx, dw, db = compute_gradients(dout, self.x, self.w, self.stride, self.padding)
        return (dx, dw, db) if self.b is not None else (dx, dw)


class OffByDefault(Flagged):
    def __init__(self, cin, cout, kernel_size, stride=1, padding=0, use_bias=False):
        super().__init__(cin, cout, kernel_size, stride, padding, use_bias)


class ForgetsTheFlag(Flagged):
    def backward(self, dout):
        dx, dw, db = super().backward(dout)
        return dx, dw, db


class WrongWithout(Flagged):
    def backward(self, dout):
        dx, dw, *db = super().backward(dout)
        return (dx, dw if db else -dw, *db)


class Refuses(Flagged):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, bias=True):
        if not bias:
            raise NotImplementedError("a bias is needed")
        super().__init__(in_channels, out_channels, kernel_size, stride, padding)


def flagged_forward(x, w, b, stride, padding, add_bias=True):
    return compute_y(x, w, b if add_bias else None, stride, padding)


def of_flag(function, **options):
    options = {"sizes": SIZES, "isolate": False, **options}
    report = check_implementation(function, **options)
    (flag,) = [one for one in report if one.statement.startswith("parameter/")]
    return report.exit_code, flag.verdict, flag.code


VARIED = (0, Verdict.VERIFIED, "varied")


@quick_rows(1, "each row is one more answer to the flag")
@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (Flagged, VARIED),
        (OffByDefault, VARIED),
        (ForgetsTheFlag, (1, Verdict.REFUTED, "wrong-value")),
        (WrongWithout, (1, Verdict.REFUTED, "wrong-value")),
        (Refuses, (0, None, "rejected")),
    ],
)
def test_a_class_with_a_flag_for_its_bias_is_run_without_it(kind, found) -> None:
    assert of_flag(kind) == found


@quick_rows(0, "a class with such a flag is run without its bias in the quick run")
def test_a_function_with_a_flag_for_its_bias_is_run_without_it() -> None:
    assert of_flag(flagged_forward, only="y") == VARIED


@quick_rows(0, "parameters that are fixed stay in other tests of the quick run")
def test_a_flag_that_is_fixed_stays() -> None:
    report = check_implementation(WrongWithout, sizes=SIZES, isolate=False, fixed="bias")
    assert report.exit_code == 0
    assert not any(one.statement.startswith("parameter/") for one in report)
