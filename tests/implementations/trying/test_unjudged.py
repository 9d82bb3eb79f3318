"""What was not judged is an undecided result of its own."""

import numpy as np
import pytest

from symconv.errors import UsageError
from symconv.implementations.checking import check_implementation
from symconv.verdicts import Verdict
from tests.implementations.mathematics import compute_gradients, compute_y
from tests.runs import quick_rows

SIZES = "N=1,C=1,H=3,W=4,F=1,HH=2,WW=2,S=1,P=0"


def forward(x, w, b, stride, padding, dilation=1):
    if dilation != 1:
        w = np.kron(w, np.ones((dilation, dilation)))
    return compute_y(x, w, b, stride, padding)


def backward(dout, x, w, b, stride, padding):
    return compute_gradients(dout, x, w, stride, padding)


def plain(x, w, b, stride, padding, verbose=False):
    return compute_y(x, w, b, stride, padding)


def ignoring(x, w, b, stride, padding, dilation=1):
    return compute_y(x, w, b, stride, padding)


def report_on(*functions, **options):
    return check_implementation(*functions, sizes=SIZES, isolate=False, **options)


def undecided(report):
    return {one.statement: one.code for one in report.failures}


def test_a_parameter_that_nobody_varied_is_undecided() -> None:
    report = report_on(forward, backward)
    assert undecided(report) == {"parameter/dilation": "not-varied"}
    assert report.exit_code == 3
    assert "not varied: dilation at 1" in report.notes
    assert [one.verdict for one in report.conclusions if one.name == "parameter/dilation"] == [
        Verdict.UNDECIDED
    ]


@quick_rows(0, "parameters that stay are named in other checks of the quick run")
def test_a_parameter_that_always_stays_or_is_never_read_is_named_and_does_no_harm() -> None:
    for report in (
        report_on(forward, backward, fixed="dilation"),
        report_on(ignoring, backward),
    ):
        assert report
        assert "not varied: dilation at 1" in report.notes
        (one,) = report.only(statement="parameter/dilation")
        assert one.verdict is None


def test_a_wrong_result_stays_refuted_beside_a_parameter_that_was_not_varied() -> None:
    report = report_on(
        lambda x, w, b, stride, padding, dilation=1: (
            forward(x, w, b, stride, padding, dilation) + 1
        ),
        backward,
    )
    assert report.exit_code == 1


def test_gradients_that_nobody_computes_are_undecided() -> None:
    report = report_on(plain)
    assert undecided(report) == dict.fromkeys(("dL/dx", "dL/dw", "dL/db"), "not-found")
    assert report.exit_code == 3


@quick_rows(0, "two gradients and three that nobody computes are undecided in the quick run")
def test_one_gradient_that_nobody_computes_is_undecided() -> None:
    report = report_on(plain, {"dL/dx": lambda dout, x, w, b, stride, padding: dout * x})
    found = {name: code for name, code in undecided(report).items() if name != "dL/dx"}
    assert found == dict.fromkeys(("dL/dw", "dL/db"), "not-found")


@quick_rows(1, "the rows are spellings of one request")
@pytest.mark.parametrize("only", ["y", ("y",), "Y"])
def test_who_asks_for_the_output_alone_gets_it(only) -> None:
    report = report_on(plain, only=only)
    assert report
    assert {one.statement for one in report if one.verdict is not None} == {"y"}


@quick_rows(0, "who asks for one result gets it alone in the quick run")
def test_who_asks_for_one_gradient_gets_it_and_nothing_else() -> None:
    report = report_on(plain, backward, only="dw,dL/db")
    assert report
    assert {one.statement for one in report if one.verdict is not None} == {"dL/dw", "dL/db"}


def test_a_backward_pass_alone_is_judged_alone() -> None:
    report = report_on(None, backward)
    assert report
    assert "y" not in {one.statement for one in report}


def test_what_is_no_result_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError, match="there is no result dz"):
        report_on(plain, only="dz")
