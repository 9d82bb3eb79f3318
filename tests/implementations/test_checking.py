"""Whole checks: every right sample passes, every wrong one is caught and diagnosed."""

import re
from dataclasses import replace

import numpy as np
import pytest
from samples import running
from samples.catalogue import RIGHT, WRONG

from symconv.errors import UsageError
from symconv.implementations.calling.finding import Target
from symconv.implementations.checking import check_implementation, check_target, prepare
from symconv.implementations.trying.reference import reference_at
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.implementations.trying.trials import Options
from symconv.layers.convolution import loops
from symconv.layers.registry import default_layer, layer_by_name
from symconv.verdicts import Verdict
from tests.runs import LONG, quick_rows

LAYER = default_layer()

FAMILIAR = ("NCHW", "OIHW")
ENDS = {"stops_the_program": ("raised",)}
"""`sys.exit` in a function is an exception there, and ends no process."""
SLOW = ("jax-callable",)


def target(sample, folder) -> Target:
    """Say of a sample what its user would have to say."""
    call = sample.call
    said = {}
    if (call.images, call.filters) != FAMILIAR:
        said |= {"images": call.images, "filters": call.filters}
    if call.bias_shape is None:
        said["bias"] = False
    elif len(call.bias_shape) > 1:
        said["bias_shape"] = ",".join(
            "F" if size is None else str(size) for size in call.bias_shape
        )
    return Target(str(running.written(sample, folder)), **said)


def checked(sample, folder, **options):
    """Check a sample, in this process where it does no harm there."""
    harmless = getattr(sample, "harmless", True)
    chosen = Options(seconds=2.0, **options)
    if sample.call.style in SLOW:
        # Every shape is compiled anew.
        some = [place.sizes for place in shape_classes(LAYER)][: 39 if LONG else 4]
        chosen = Options(seconds=60.0, sizes=tuple(some))
    if sample.call.style.startswith(("torch", "jax")):
        _ = pytest.importorskip(
            sample.call.style.partition("-")[0], reason="pip install 'symconv[torch,jax]'"
        )
    return check_target(target(sample, folder), chosen, isolate=not harmless)


class Loading:
    """What is asked of a runner while its process loads code: it is done after so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    @property
    def is_loading(self) -> bool:
        self.looks -= 1
        return self.looks >= 0


@pytest.mark.parametrize(("looks", "ready"), [(0, 0), (1, 1), (5, 1), (6, 2)])
def test_shapes_are_made_ready_only_while_code_is_loaded(looks, ready) -> None:
    reference_at.cache_clear()
    prepare(LAYER, Loading(looks))
    assert reference_at.cache_info().currsize == ready
    first = shape_classes(LAYER)[0].sizes
    assert ("longest_sum" in vars(reference_at(LAYER, first))) == bool(ready)


def test_shapes_are_not_made_ready_for_ever() -> None:
    reference_at.cache_clear()
    prepare(layer_by_name("linear"), Loading(10**6))
    assert reference_at.cache_info().currsize == len(shape_classes(layer_by_name("linear")))


def test_nothing_is_known_beforehand_of_the_shapes_of_an_own_layer() -> None:
    reference_at.cache_clear()
    prepare(replace(LAYER, words={"L": "T"}), Loading(10**6))
    assert reference_at.cache_info().currsize == 0


@quick_rows(2, "each right sample is held to the reference loops in the quick run")
@pytest.mark.parametrize("sample", RIGHT, ids=lambda sample: sample.name)
def test_right_code_is_verified_without_a_false_alarm(sample, tmp_path) -> None:
    report = checked(sample, tmp_path, tolerance=1e-9 if sample.tolerance else None)
    assert report
    assert [one.verdict for one in report.conclusions] == [Verdict.VERIFIED] * len(
        report.conclusions
    )
    for conclusion in report.conclusions:
        assert conclusion.failure is None
        assert set(conclusion.counts) <= {"right", "within-tolerance", "rejected"}
        if sample.tolerance:
            assert "right" not in conclusion.counts


UNSEEN = {
    "strides_by_hand": "it is right on arrays with the usual order in memory, which it is given",
    "gradients_pile_up": "gradients that pile up in an object, until it is made anew, are a "
    "convention",
}
"""The mistakes that no check of code looks for, and why."""


@quick_rows(0, "the samples themselves are held to what is said of them in the quick run")
@pytest.mark.parametrize(
    "sample", [one for one in WRONG if one.name in UNSEEN], ids=lambda sample: sample.name
)
def test_what_a_check_does_not_look_for_is_right_where_it_looks(sample, tmp_path) -> None:
    report = checked(sample, tmp_path)
    assert report
    assert all(one.failure is None for one in report.conclusions), UNSEEN[sample.name]


@quick_rows(2, "where each sample is wrong is tested in the quick run, row by row")
@pytest.mark.parametrize(
    "sample", [one for one in WRONG if one.name not in UNSEEN], ids=lambda sample: sample.name
)
def test_wrong_code_is_caught_with_what_is_wrong(sample, tmp_path) -> None:
    report = checked(sample, tmp_path)
    failing = {one.name: one for one in report.conclusions if one.failure is not None}
    codes = {code for one in failing.values() for code in one.where}
    assert not report
    assert codes & {*sample.codes, *ENDS.get(sample.name, ())}
    by_name = {one.name: one for one in report.conclusions}
    if "incomplete" in sample.codes:
        assert report.exit_code == 3
    else:
        assert report.exit_code == 1
        assert any(one.verdict is Verdict.REFUTED for one in failing.values())
    for name in {"y", "dL/dx", "dL/dw", "dL/db"} & set(by_name) - set(sample.results):
        # What is not wrong is right, or was not reached.
        lost = {"right", "not-run", "timeout", "crashed", "raised", "incomplete"}
        assert set(by_name[name].counts) <= lost | {"rejected"}, name
    if sample.diagnosis and sample.call.style not in SLOW:
        # Code that only raises gives no numbers to tell a mistake by.
        told = {"wrong-value", "wrong-shape", "not-a-number"} & codes
        assert not told or any(re.search(sample.diagnosis, text) for text in said(report))


def said(report):
    """Yield what a user reads of a failure."""
    for conclusion in report.conclusions:
        yield from (conclusion.mistake, conclusion.diagnosis)
        if conclusion.failure is not None:
            yield conclusion.failure.detail


DIAGNOSED = [sample for sample in WRONG if sample.diagnosis]


def test_enough_samples_are_diagnosed() -> None:
    assert len(RIGHT) >= 15
    assert len(WRONG) >= 40
    assert len(DIAGNOSED) >= 30


def pair(forward=loops.forward, dx=loops.input_gradient_scatter):
    def conv(x, w, b, stride, padding):
        return forward(x, w, b, stride, padding)

    def conv_backward(dout, x, w, b, stride, padding):
        return (
            dx(dout, x, w, stride, padding),
            loops.weights_gradient(dout, x, w, stride, padding),
            loops.bias_gradient(dout, b),
        )

    return conv, conv_backward


@quick_rows(1, "the other loops of dL/dx are compared with the formulas at every default size")
@pytest.mark.parametrize("dx", [loops.input_gradient, loops.input_gradient_scatter])
def test_the_loops_of_the_layer_pass_every_class(dx) -> None:
    report = check_implementation(*pair(dx=dx))
    assert report
    assert len(report.classes) == len(shape_classes(LAYER))
    for conclusion in report.conclusions:
        assert conclusion.counts == {"right": len(shape_classes(LAYER))}
    exact = report.where(lambda result: result.method == "closed-form")
    assert len({str(result.sizes) for result in exact}) >= 35


@quick_rows(
    0,
    "integers, objects and narrow floats are run by tests of single passes in the quick run",
)
@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "object"])
def test_every_dtype_is_checked_exactly(dtype) -> None:
    sizes = ["N=2,C=3,H=2,W=5,F=4,HH=2,WW=3,S=2,P=1", "N=2,C=3,H=8,W=8,F=4,HH=3,WW=3,S=1,P=1"]
    report = check_implementation(*pair(), dtypes=[dtype], sizes=sizes, isolate=False)
    assert report
    assert {result.route for result in report} >= {dtype}

    def off_by_one(dout, x, w, S, P):
        dx = loops.input_gradient_scatter(dout, x, w, S, P)
        dx[-1, -1, -1, -1] += 1
        return dx

    report = check_implementation(*pair(dx=off_by_one), dtypes=[dtype], sizes=sizes, isolate=False)
    assert report.exit_code == 1
    assert {result.statement for result in report.failures} == {"dL/dx"}


def test_a_mistake_at_one_shape_only_is_found_there() -> None:
    def only_at_7(dout, x, w, S, P):
        dx = loops.input_gradient_scatter(dout, x, w, S, P)
        return dx + (x.shape[3] == 7)

    report = check_implementation(*pair(dx=only_at_7), isolate=False)
    assert report.exit_code == 1
    wide = [place for place in report.classes if place.sizes["W"] == 7]
    (conclusion,) = [one for one in report.conclusions if one.failure is not None]
    assert conclusion.counts["wrong-value"] == len(wide) > 0


def test_a_result_that_differs_from_call_to_call_is_given_no_other_reason() -> None:
    calls = []

    def drifting(dout, x, w, S, P):
        calls.append(1)
        return loops.input_gradient_scatter(dout, x, w, S, P) + len(calls) % 3

    sizes = ["N=2,C=3,H=3,W=4,F=2,HH=2,WW=1,S=1,P=1", "N=1,C=1,H=2,W=2,F=1,HH=1,WW=2,S=1,P=0"]
    report = check_implementation(*pair(dx=drifting), sizes=sizes, isolate=False)
    by_name = {one.name: one for one in report.conclusions}
    assert by_name["backward"].code == "unstable"
    assert by_name["dL/dx"].code == "wrong-value"
    assert by_name["dL/dx"].diagnosis == by_name["dL/dx"].picture == ""


@quick_rows(0, "what is off by one is diagnosed by other tests in the quick run")
def test_a_result_that_is_off_by_one_in_every_call_is_given_its_reason() -> None:
    def off_by_one(dout, x, w, S, P):
        return loops.input_gradient_scatter(dout, x, w, S, P) + 1

    report = check_implementation(*pair(dx=off_by_one), isolate=False)
    (conclusion,) = [one for one in report.conclusions if one.failure is not None]
    assert conclusion.diagnosis


@quick_rows(0, "most checks of the quick run are at sizes that were asked for")
def test_what_is_asked_for_at_sizes_is_checked_there() -> None:
    sizes = "N=1,C=1,H=3,W=3,F=1,HH=2,WW=2,S=1,P=0"
    report = check_implementation(*pair(), sizes=[sizes], isolate=False)
    assert [str(place.sizes) for place in report.classes] == [sizes]
    assert {str(result.sizes["H"]) for result in report} == {"3"}


def test_sizes_that_the_signature_cannot_take_are_refused() -> None:
    def conv(x, w, b):
        return loops.forward(x, w, b, 1, 0)

    with pytest.raises(UsageError, match="S=2") as caught:
        _ = check_implementation(conv, sizes=["N=1,C=1,H=3,W=3,F=1,HH=2,WW=2,S=2,P=0"])
    assert "S == 1" in caught.value.help


@pytest.mark.parametrize("axis", ["H=100000000000000000000000,P=0", "H=1,P=100000"])
def test_sizes_whose_arrays_fit_nowhere_are_refused_by_name(axis) -> None:
    sizes = f"N=1,C=1,W=1,F=1,HH=1,WW=1,S=1,{axis}"
    with pytest.raises(UsageError, match=r"entries, more than") as caught:
        _ = check_implementation(*pair(), sizes=[sizes])
    assert caught.value.code == "too-large"


@quick_rows(0, "forward passes alone are judged by tests of readings in the quick run")
def test_a_forward_pass_alone_is_judged_alone() -> None:
    report = check_implementation(pair()[0], only="y", isolate=False)
    assert report
    assert {result.statement for result in report} == {"y"}


def test_a_check_of_a_file_says_where_its_functions_are(tmp_path) -> None:
    wrong = {sample.name: sample for sample in WRONG}
    file = tmp_path / "layers.py"
    _ = file.write_text(wrong["crop_to_minus_padding"].text)
    report = check_target(Target(str(file)))
    (failure,) = [one for one in report.conclusions if one.failure is not None]
    assert failure.name == "dL/dx"
    assert re.search(r"layers\.py:\d+:1$", failure.failure.location)
    (smallest,) = [result for result in report if result.notes]
    assert [note.kind for note in smallest.notes] == ["region", "mistake"]
    assert (smallest.form, smallest.shape_class) == (None, "everything 1")
    assert "when padding is 0" in smallest.notes[0]
    assert re.search(r"\[P:-P\]", smallest.notes[-1])


def test_a_disagreement_of_symbols_and_numbers_is_never_a_pass() -> None:
    """Code that computes something else on symbols than on numbers is undecided."""

    def two_faced(dout, x, w, S, P):
        dx = loops.input_gradient_scatter(dout, x, w, S, P)
        return dx * 2 if x.dtype == object else dx

    report = check_implementation(*pair(dx=two_faced), isolate=False)
    assert report.exit_code == 3
    assert {result.code for result in report.failures} == {"not-supported"}


def shifted(by: float):
    def forward(x, w, b, S, P):
        return loops.forward(x, w, b, S, P) + by

    return forward


@quick_rows(0, "a constant that is added is found on other kinds of float in the quick run")
@pytest.mark.parametrize("by", [1e-8, 1e-3])
def test_what_large_numbers_hide_is_found_on_small_ones(by) -> None:
    report = check_implementation(*pair(shifted(by)), isolate=False)
    (conclusion,) = [one for one in report.conclusions if one.failure is not None]
    assert conclusion.counts == {"wrong-value": len(shape_classes(LAYER))}
    # Something is added: nothing is turned into an integer.
    assert conclusion.mistake != "whole-numbers-only"


def without_bias(x, w, b, S, P):
    return loops.forward(x, w, 0 * b, S, P) * (1 + 1e-12)


@quick_rows(1, "the rows differ in the tolerance alone")
@pytest.mark.parametrize("tolerance", [1e-9, 1e-6, 1e-4])
def test_a_tolerance_hides_no_bias_that_is_forgotten(tolerance) -> None:
    report = check_implementation(*pair(without_bias), tolerance=tolerance, isolate=False)
    (conclusion,) = [one for one in report.conclusions if one.failure is not None]
    assert conclusion.name == "y"
    assert conclusion.counts == {"wrong-value": len(shape_classes(LAYER))}


def test_a_tolerance_that_hides_a_whole_one_is_refused() -> None:
    with pytest.raises(UsageError, match="hides a difference of 1"):
        _ = check_implementation(*pair(), tolerance=0.1, isolate=False)


@quick_rows(0, "such a pass fails an assertion, which takes the same verdict, in the quick run")
def test_a_backward_pass_that_refuses_what_forward_takes_is_no_pass() -> None:
    def picky(dout, x, w, S, P):
        if w.shape[3] > x.shape[2]:
            raise ValueError("the filter is too wide")
        return loops.input_gradient_scatter(dout, x, w, S, P)

    report = check_implementation(*pair(dx=picky), isolate=False)
    assert report.exit_code == 3
    assert {result.code for result in report.failures} == {"backward-rejects"}

    def both(x, w, b, S, P):
        if w.shape[3] > x.shape[2]:
            raise ValueError("the filter is too wide")
        return loops.forward(x, w, b, S, P)

    report = check_implementation(*pair(both, picky), isolate=False)
    assert report
    assert any(conclusion.rejected for conclusion in report.conclusions)


@pytest.mark.parametrize("option", ["tolerance", "seconds"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.0])
def test_a_tolerance_or_time_that_is_no_positive_number_is_refused(option, value) -> None:
    with pytest.raises(UsageError, match="must be a positive number"):
        _ = check_implementation(*pair(), **{option: value})


def test_not_enough_runs_are_no_pass() -> None:
    """In bfloat16, at sizes with many products, most entries are 0 and a run sees little."""
    sizes = "N=4,C=3,H=30,W=30,F=2,HH=3,WW=3,S=1,P=1"
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="pip install 'symconv[jax]'")

    def conv(x, w, b, stride, padding):
        values = [array.astype("float64") for array in (x, w, b)]
        return loops_by_windows(*values, stride, padding).astype(ml_dtypes.bfloat16)

    report = check_implementation(conv, dtypes=["bfloat16"], sizes=[sizes], only="y", isolate=False)
    assert report.exit_code == 3
    assert {result.code for result in report} == {"not-enough-runs"}


def loops_by_windows(x, w, b, S, P):
    x_pad = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))
    y = np.einsum("nckluv,fcuv->nfkl", windows[:, :, ::S, ::S], w, optimize=True)
    return y + b[:, None, None]
