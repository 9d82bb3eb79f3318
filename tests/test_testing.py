"""Exact checks inside somebody's test suite: the assertion, and the marker with its fixture."""

import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from symconv.errors import UsageError
from symconv.layers.convolution import loops
from symconv.testing import Kernel, assert_gradients_exact
from tests.runs import LONG, quick_rows

SIZES = ("N=1,C=1,H=2,W=3,F=1,HH=1,WW=2,S=1,P=1", "N=2,C=2,H=4,W=6,F=3,HH=2,WW=3,S=2,P=1")


assert_exact_here = partial(assert_gradients_exact, isolate=LONG)
"""In this process in the quick run: a process of its own takes longer, and is tested elsewhere."""


def forward(x, w, b, stride, padding):
    return loops.forward(x, w, b, stride, padding)


def backward(dout, x, w, b, stride, padding):
    dx = loops.input_gradient_scatter(dout, x, w, stride, padding)
    return dx, loops.weights_gradient(dout, x, w, stride, padding), loops.bias_gradient(dout, b)


def spoiled(dout, x, w, b, stride, padding):
    dx, dw, db = backward(dout, x, w, b, stride, padding)
    return dx, dw, db * (2 if stride > 1 else 1)


def even_strides(dout, x, w, b, stride, padding):
    if stride % 2:
        raise ValueError("the stride must be even")
    return backward(dout, x, w, b, stride, padding)


def test_right_code_passes_with_its_report():
    report = assert_gradients_exact(forward, backward, sizes=SIZES)
    assert report.exit_code == 0
    assert {one.name for one in report.conclusions} == {"y", "dL/dx", "dL/dw", "dL/db"}


def test_the_text_of_a_failure_is_the_diagnosis():
    with pytest.raises(AssertionError) as caught:
        _ = assert_gradients_exact(forward, spoiled, sizes=SIZES)
    text = str(caught.value)
    assert text.startswith("forward, spoiled\n\ndL/db: wrong value [wrong-value] ")
    assert re.search(r"dL/db at \[0\] is -?\d+, and should be -?\d+; 3 of 3 entries are", text)
    assert f"smallest: {SIZES[1]}" in text
    assert "dL/dx" not in text


def test_live_callables_are_checked_closures_and_lambdas_alike():
    factor = 1

    def closed(dout, x, w, b, stride, padding):
        dx, dw, db = backward(dout, x, w, b, stride, padding)
        return factor * dx, dw, db

    (plain,) = [lambda x, w, b, stride, padding: forward(x, w, b, stride, padding)]
    assert assert_exact_here(plain, closed, sizes=SIZES[0])
    factor = 2
    with pytest.raises(AssertionError, match="dL/dx: wrong value"):
        _ = assert_exact_here(plain, closed, sizes=SIZES[0])


def test_what_is_not_decided_fails():
    def without_bias_gradient(dout, x, w, b, stride, padding):
        return (*backward(dout, x, w, b, stride, padding)[:2], None)

    with pytest.raises(AssertionError, match=r"dL/db: not computed \[incomplete\]"):
        _ = assert_exact_here(forward, without_bias_gradient, sizes=SIZES)


def test_no_backward_pass_fails():
    with pytest.raises(AssertionError, match="no gradient was judged: there is no backward pass"):
        _ = assert_exact_here(forward, sizes=SIZES)


def even_forward(x, w, b, stride, padding):
    assert stride % 2 == 0, "the stride must be even"
    return forward(x, w, b, stride, padding)


def test_a_backward_pass_that_alone_rejects_shapes_fails():
    with pytest.raises(AssertionError, match="backward refuses what forward takes"):
        _ = assert_exact_here(forward, even_strides, sizes=SIZES)


def test_code_that_rejects_every_shape_fails_and_some_of_them_is_a_note():
    with pytest.raises(AssertionError) as caught:
        _ = assert_exact_here(even_forward, even_strides, sizes=SIZES[0])
    assert "dL/dx: nothing was judged, every shape is rejected on purpose" in str(caught.value)
    assert "the stride must be even" in str(caught.value)
    report = assert_exact_here(even_forward, even_strides, sizes=SIZES)
    assert any(one.rejection is not None for one in report.conclusions)


@quick_rows(0, "tolerances are held to both sides by checks of code in the quick run")
def test_a_tolerance_lets_small_errors_pass_and_no_others():
    def nearly(x, w, b, stride, padding):
        return forward(x, w, b, stride, padding) * (1 + 1e-9)

    with pytest.raises(AssertionError, match="y: wrong value"):
        _ = assert_exact_here(nearly, backward, sizes=SIZES)
    assert assert_exact_here(nearly, backward, sizes=SIZES, tolerance=1e-8)
    with pytest.raises(AssertionError, match="y: wrong value"):
        _ = assert_exact_here(nearly, backward, sizes=SIZES, tolerance=1e-10)


def test_dtypes_are_those_that_were_asked_for():
    def single(x, w, b, stride, padding):
        return forward(x.astype(np.float32), w, b, stride, padding).astype(x.dtype)

    assert assert_exact_here(single, backward, sizes=SIZES, dtypes=["float32"])
    with pytest.raises(AssertionError, match="y: wrong value"):
        _ = assert_exact_here(single, backward, sizes=SIZES, dtypes=["float32", "float64"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "neither a forward nor a backward pass was given"),
        ({"forward": 3}, "a value of type int cannot be called"),
        ({"forward": forward, "backward": backward, "strides": 2}, "unknown option strides"),
        ({"forward": forward, "backward": backward, "sizes": "N=1"}, "C"),
        ({"forward": forward, "backward": backward, "dtypes": ["float99"]}, "unknown dtype"),
        ({"forward": forward, "backward": backward, "images": "NHWX"}, "axes of images"),
    ],
)
def test_wrong_usage_is_no_failed_assertion(given, message):
    for use in (assert_exact_here, Kernel):
        with pytest.raises(UsageError, match=message):
            _ = use(**given)


def test_a_kernel_runs_once_for_all_its_items():
    kernel = Kernel(forward, spoiled, sizes=SIZES, isolate=LONG)
    assert kernel.results == ("y", "dL/dx", "dL/dw", "dL/db")
    small, large = kernel.classes
    report = kernel.report
    assert kernel.outcome("dL/db", small).failure == ""
    text = kernel.outcome("dL/db", large).failure
    assert text.startswith("dL/db: wrong value [wrong-value] ")
    assert f"\n    at {SIZES[1]}\n" in text
    assert kernel.outcome("dL/dx", large).failure == ""
    assert kernel.outcome("dL/dx", large).results
    assert kernel.report is report


def test_what_a_pass_does_besides_computing_counts_against_its_results():
    def writing(dout, x, w, b, stride, padding):
        found = backward(dout, x, w, b, stride, padding)
        w[:] = 0
        return found

    kernel = Kernel(forward, writing, sizes=SIZES[0], isolate=LONG)
    (place,) = kernel.classes
    for result in ("dL/dx", "dL/dw", "dL/db"):
        assert "backward: changes its input" in kernel.outcome(result, place).failure
    assert kernel.outcome("y", place).failure == ""


def image(x, w, b, stride, padding):
    _channels, _height, _width = x.shape
    return forward(x[None], w, b, stride, padding)[0]


def image_twice(x, w, b, stride, padding):
    return 2 * image(x, w, b, stride, padding)


def test_items_of_code_that_is_taken_otherwise_follow_what_it_is_taken_as():
    kernel = Kernel(image, only="y", isolate=LONG)
    outcomes = {place.name: kernel.outcome("y", place) for place in kernel.classes}
    assert kernel.report.read_as == {"batch": False}
    assert not any(one.failure for one in outcomes.values())
    assert any(one.results for one in outcomes.values())
    left = {one.rejection for one in outcomes.values() if not one.results}
    assert left == {"batch=False leaves no such shape"}


def test_items_of_code_that_is_right_in_no_way_fail():
    kernel = Kernel(image_twice, only="y", isolate=LONG)
    assert all(kernel.outcome("y", place).failure for place in kernel.classes)


def test_what_is_never_judged_fails_though_the_report_says_nothing_of_it(monkeypatch):
    kernel = Kernel(forward, sizes=SIZES[0], isolate=LONG)
    assert set(kernel.unjudged) == {"dL/dx", "dL/dw", "dL/db"}
    monkeypatch.setattr(
        kernel, "_report", Kernel(forward, only="y", sizes=SIZES[0], isolate=LONG).report
    )
    assert kernel.outcome("dL/dx", kernel.classes[0]).failure == "dL/dx: it was not judged"


LAYERS = """
from symconv.layers.convolution import loops

def forward(x, w, b, stride, padding):
    return loops.forward(x, w, b, stride, padding)

def backward(dout, x, w, b, stride, padding):
    with open(__file__ + ".runs", "a") as file:
        print(file=file)
    dx = loops.input_gradient_scatter(dout, x, w, stride, padding)
    dw = loops.weights_gradient(dout, x, w, stride, padding)
    return dx, dw, loops.bias_gradient(dout, b)

def spoiled(dout, x, w, b, stride, padding):
    dx, _, db = backward(dout, x, w, b, stride, padding)
    return dx, loops.weights_gradient(dout, x, w, 1, padding), db

def dividing(dout, x, w, b, stride, padding):
    assert (x.shape[2] + 2 * padding - w.shape[2]) % stride == 0, "the stride must divide"
    return backward(dout, x, w, b, stride, padding)

def never(dout, x, w, b, stride, padding):
    raise NotImplementedError("this one is not written yet")
"""
HEAD = """
import pytest
from layers import backward, dividing, forward, never, spoiled

TWO = ("N=1,C=1,H=2,W=3,F=1,HH=1,WW=2,S=1,P=1", "N=2,C=2,H=5,W=6,F=3,HH=2,WW=3,S=2,P=1")
"""
USE = "\ndef test_conv(symconv_check):\n    symconv_check()\n"


@pytest.fixture
def pytest_run(tmp_path: Path, run_pytest):
    """Run pytest on a file with a head that imports layers."""
    (tmp_path / "layers.py").write_text(LAYERS)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\naddopts = ["--strict-markers"]\nfilterwarnings = ["error"]\n'
    )

    def run(text: str, *arguments: str) -> tuple[int, str]:
        (tmp_path / "test_it.py").write_text(HEAD + text)
        return run_pytest("-rs", *arguments)

    return run


def test_there_is_an_item_for_every_class_and_result_and_the_code_runs_once(pytest_run, tmp_path):
    mark = "@pytest.mark.symconv(forward=forward, backward=backward)"
    code, out = pytest_run(mark + USE)
    assert code == 0, out
    for item in ("y-general", "dL/dx-padding 0, remainder", "dL/db-everything 1"):
        assert re.search(rf"test_it.py::test_conv\[{item}\] PASSED", out)
    (count,) = re.findall(r"(\d+) passed", out)
    assert int(count) % 4 == 0
    assert int(count) > 100
    counted = tmp_path / "layers.py.runs"
    runs = len(counted.read_text())
    counted.unlink()
    once = "from layers import *; from symconv.testing import assert_gradients_exact as check; "
    _ = subprocess.run(
        [sys.executable, "-c", f"{once}check(forward, backward)"], cwd=tmp_path, check=True
    )
    # All items together run the code as often as one report does.
    assert runs == len(counted.read_text()) > 0


@quick_rows(1, "the rows differ in how pytest imports the test")
@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_a_failure_is_the_diagnosis_for_its_class_and_result_alone(pytest_run, mode, monkeypatch):
    mark = "@pytest.mark.symconv(forward=forward, backward=spoiled, sizes=TWO)"
    monkeypatch.setenv("PYTHONPATH", ".")
    code, out = pytest_run(mark + USE, f"--import-mode={mode}")
    assert code == 1
    assert "1 failed, 7 passed" in out
    failures = out[out.index("= FAILURES =") :]
    assert "test_conv[dL/dw-N=2,C=2,H=5,W=6,F=3,HH=2,WW=3,S=2,P=1]" in failures
    assert re.search(
        r"\ndL/dw: wrong value \[wrong-value\] layers.py:\d+:1\n    dL/dw at", failures
    )
    assert "your dw equals" in failures
    assert "Traceback" not in failures
    assert "symconv/" not in failures


def test_a_class_that_is_rejected_on_purpose_is_skipped_with_the_reason(pytest_run):
    careful = """
def careful(x, w, b, stride, padding):
    assert (x.shape[2] + 2 * padding - w.shape[2]) % stride == 0, "the stride must divide"
    return forward(x, w, b, stride, padding)

"""
    mark = "@pytest.mark.symconv(forward=careful, backward=dividing, sizes=TWO)"
    code, out = pytest_run(careful + mark + USE)
    assert code == 0, out
    assert "4 passed, 4 skipped" in out
    assert "rejected on purpose: AssertionError: the stride must divide" in out


def test_code_that_rejects_everything_fails(pytest_run):
    mark = "@pytest.mark.symconv(forward=forward, backward=never, sizes=TWO)"
    code, out = pytest_run(mark + USE)
    assert code == 1
    assert "2 passed" in out
    assert "6 failed" in out
    assert "NotImplementedError: this one is not written yet" in out


@quick_rows(0, "code that is taken without a batch leaves the same classes out in the quick run")
def test_restrictions_of_a_signature_leave_classes_out(pytest_run):
    text = """
def image(x, w, b, stride, padding):
    return forward(x[None], w, b, stride, padding)[0]

@pytest.mark.symconv(forward=image, batch=False, only="y")
def test_conv(symconv_check):
    assert symconv_check.result == "y"
    assert symconv_check.shape_class.sizes["N"] == 1
    assert all(result.verdict.is_true for result in symconv_check())
"""
    code, out = pytest_run(text)
    assert code == 0, out
    assert "y-one image]" not in out
    assert "y-padding 0]" in out


def test_other_parameters_multiply_the_items(pytest_run):
    mark = "@pytest.mark.symconv(forward=forward, backward=backward, sizes=TWO[:1])\n"
    mark += "@pytest.mark.parametrize('other', [1, 2])"
    text = mark + USE.replace("(symconv", "(other, symconv", 1)
    code, out = pytest_run(text)
    assert code == 0, out
    assert "8 passed" in out


@quick_rows(5, "each row is one more message, told by the same lines")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@pytest.mark.symconv()" + USE, "neither a forward nor a backward pass was given"),
        ("@pytest.mark.symconv(forward, backward)" + USE, "name its arguments: @pytest.mark."),
        ("@pytest.mark.symconv(forward=forward, strid=2)" + USE, "unknown option strid"),
        ("@pytest.mark.symconv(forward=7)" + USE, "a value of type int cannot be called"),
        (
            "@pytest.mark.symconv(forward=forward, dtypes=['float99'])" + USE,
            "unknown dtype 'float99'",
        ),
        (
            "@pytest.mark.symconv(forward=forward)\ndef test_conv():\n    pass\n",
            "test_conv has the marker symconv but does not take symconv_check",
        ),
        (USE, "symconv_check needs a marker: @pytest.mark.symconv(forward=..., backward=...)"),
        (
            "@pytest.mark.symconv(forward=forward)" + USE.replace("symconv_check()", "pass"),
            "symconv_check was never called, so nothing was checked",
        ),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_clear_message(pytest_run, text, message):
    code, out = pytest_run(text)
    assert code in (1, 2, 4)
    assert message in out
    assert "Traceback" not in out
    assert "passed" not in out


def test_a_test_that_is_skipped_or_fails_by_itself_says_so(pytest_run):
    mark = "@pytest.mark.symconv(forward=forward, sizes=TWO[:1])"
    code, out = pytest_run(mark + USE.replace("symconv_check()", "pytest.skip('not today')"))
    assert code == 0
    assert "not today" in out
    code, out = pytest_run(mark + USE.replace("symconv_check()", "assert 1 == 2"))
    assert code == 1
    assert "never called" not in out


def test_the_marker_is_documented(pytest_run):
    code, out = pytest_run("", "--markers")
    assert code == 0
    assert "@pytest.mark.symconv(forward, backward, **options): " in out


def test_loading_the_plugin_costs_nothing():
    program = (
        "import sys, symconv.pytest_plugin\n"
        "heavy = {'numpy', 'sympy', 'z3', 'rich', 'torch', 'jax'} & {*sys.modules}\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_the_public_names_are_there():
    import symconv
    from symconv.implementations.checking import check_implementation
    from symconv.implementations.trying.conclusions import CodeReport

    assert symconv.check_implementation is check_implementation
    assert symconv.CodeReport is CodeReport


def test_a_parameter_that_is_never_varied_is_an_item_that_fails():
    def zoomed(x, w, b, stride, padding, zoom=1):
        return forward(x, w[:, :, ::zoom], b, stride, padding)

    kernel = Kernel(zoomed, backward, sizes=SIZES[0])
    assert kernel.unjudged == ("parameter/zoom",)
    outcome = kernel.outcome("parameter/zoom", kernel.classes[0])
    assert "zoom of test_a_parameter" not in outcome.failure
    assert "parameter/zoom: zoom of zoomed was 1 in every run" in outcome.failure
    assert Kernel(zoomed, backward, sizes=SIZES[0], fixed="zoom").unjudged == ()
