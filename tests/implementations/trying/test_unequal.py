"""Strides and paddings that are pairs, with two parts that differ."""

import numpy as np
import pytest

from symconv.implementations.checking import check_implementation
from symconv.implementations.diagnosing.correlation import correlated, pulled_back
from symconv.verdicts import Verdict
from tests.implementations.mathematics import compute_gradients, compute_y
from tests.runs import quick_rows

SIZES = "N=1,C=2,H=5,W=4,F=2,HH=2,WW=3,S=2,P=1"


def forward(x, w, b, stride=(1, 1), padding=(0, 0)):
    sh, sw = stride
    ph, pw = padding
    return correlated(x, w, b, (sh, sw), (ph, pw))


def backward(dout, x, w, stride, padding):
    sh, sw = stride
    ph, pw = padding
    found = pulled_back(dout, x, w, (sh, sw), (ph, pw))
    return found["dL/dx"], found["dL/dw"], found["dL/db"]


def one_stride_for_both(x, w, b, stride=(1, 1), padding=(0, 0)):
    return correlated(x, w, b, (stride[0], stride[0]), tuple(padding))


def one_stride_for_both_backward(dout, x, w, stride, padding):
    return backward(dout, x, w, (stride[0], stride[0]), tuple(padding))


def larger_stride_for_columns(x, w, b, stride=(1, 1), padding=(0, 0)):
    return correlated(x, w, b, (stride[0], max(stride)), tuple(padding))


def width_first(x, w, b, stride=(1, 1), padding=(0, 0)):
    return forward(x, w, b, stride[::-1], padding[::-1])


def width_first_backward(dout, x, w, stride, padding):
    sw, sh = stride
    return backward(dout, x, w, (sh, sw), padding[::-1])


def refusing(x, w, b, stride=(1, 1), padding=(0, 0)):
    if stride[0] != stride[1]:
        raise ValueError("one stride only")
    return forward(x, w, b, stride, padding)


def number_or_pair(x, w, b, stride=1, padding=0):
    pair = (stride, stride) if isinstance(stride, int) else stride
    return correlated(x, w, b, pair, (padding, padding))


def number(x, w, b, stride=1, padding=0):
    return compute_y(x, w, b, stride, padding)


def in_a_dictionary(x, w, b, p):
    sh, sw = p["stride"]
    return forward(x, w, b, (sh, sw), p["pad"]), (x, w, p)


def in_a_dictionary_backward(dout, cache):
    x, w, p = cache
    return backward(dout, x, w, p["stride"], p["pad"])


def in_a_dictionary_width_first(dout, cache):
    x, w, p = cache
    sw, sh = p["stride"]
    return backward(dout, x, w, (sh, sw), p["pad"])


def of_parameters(*functions, **options):
    options = {"sizes": SIZES, "isolate": False, **options}
    report = check_implementation(*functions, **options)
    found = {
        one.statement.removeprefix("parameter/"): (one.verdict, one.code)
        for one in report
        if one.statement.startswith("parameter/")
    }
    return report.exit_code, found


RIGHT = (Verdict.VERIFIED, "varied")
WRONG = (Verdict.REFUTED, "wrong-value")
UNSAID = (Verdict.UNDECIDED, "several-readings")


@quick_rows(2, "each row is one more form of a pair")
@pytest.mark.parametrize(
    ("functions", "code", "found"),
    [
        ((forward, backward), 0, {"stride": RIGHT, "padding": RIGHT}),
        ((one_stride_for_both, backward), 1, {"stride": WRONG, "padding": RIGHT}),
        (
            (one_stride_for_both, one_stride_for_both_backward),
            3,
            {"stride": UNSAID, "padding": RIGHT},
        ),
        (
            (larger_stride_for_columns, one_stride_for_both_backward),
            1,
            {"stride": WRONG, "padding": RIGHT},
        ),
        ((forward, width_first_backward), 1, {"stride": WRONG, "padding": WRONG}),
        ((width_first, width_first_backward), 3, {"stride": UNSAID, "padding": UNSAID}),
        ((refusing, backward), 0, {"stride": (None, "rejected"), "padding": RIGHT}),
        ((in_a_dictionary, in_a_dictionary_backward), 0, {"stride": RIGHT, "pad": RIGHT}),
        ((in_a_dictionary, in_a_dictionary_width_first), 1, {"stride": WRONG, "pad": RIGHT}),
    ],
)
def test_a_pair_is_tried_with_unequal_parts(functions, code, found) -> None:
    assert of_parameters(*functions) == (code, found)


@quick_rows(0, "what is a pair is tried with unequal parts in the quick run")
def test_a_number_that_may_be_a_pair_is_tried_as_one() -> None:
    assert of_parameters(number_or_pair, only="y") == (0, {"stride": RIGHT})
    assert of_parameters(number, only="y") == (0, {})


@quick_rows(0, "pairs and parameters that are fixed are tested apart in the quick run")
def test_a_pair_that_is_fixed_keeps_equal_parts() -> None:
    code, found = of_parameters(one_stride_for_both, backward, fixed="stride")
    assert (code, found) == (0, {"padding": RIGHT})


@pytest.mark.parametrize(("S", "P"), [(1, 0), (2, 1), (3, 2)])
def test_with_equal_parts_the_loops_are_those_of_the_tests(S, P) -> None:
    draw = np.random.default_rng(S)
    x, w, b = (draw.integers(-9, 10, shape) for shape in ((2, 3, 7, 6), (4, 3, 3, 2), (4,)))
    y = compute_y(x, w, b, S, P)
    assert np.array_equal(correlated(x, w, b, (S, S), (P, P)), y)
    dout = draw.integers(-9, 10, y.shape)
    found = pulled_back(dout, x, w, (S, S), (P, P))
    for name, right in zip(found, compute_gradients(dout, x, w, S, P), strict=True):
        assert np.array_equal(found[name], right)
