"""Runs on integers, halves, other fractions and tiny numbers: what each of them shows."""

import numpy as np
import pytest

from symconv.implementations.checking import check_implementation
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.layers.convolution import loops
from symconv.layers.registry import default_layer
from symconv.verdicts import Verdict
from tests.runs import quick_rows

LAYER = default_layer()

SIZES = [str(place.sizes) for place in shape_classes(LAYER)[:3]]


def pair(y=lambda value: value, dx=lambda value: value, x=lambda value: value):
    """Return the layer's loops with something done to what goes in or comes out."""

    def conv(x_, w, b, stride, padding):
        return y(loops.forward(x(x_), w, b, stride, padding))

    def conv_backward(dout, x_, w, b, stride, padding):
        return (
            dx(loops.input_gradient_scatter(dout, x_, w, stride, padding)),
            loops.weights_gradient(dout, x(x_), w, stride, padding),
            loops.bias_gradient(dout, b),
        )

    return conv, conv_backward


def failed(code, **options):
    """Check code at a few shapes; return its conclusions by result where it fails."""
    report = check_implementation(*code, sizes=SIZES, isolate=False, **options)
    return {one.name: one for one in report.conclusions if one.failure is not None}


def on_floats(change):
    """Do something to floats only, as code with a branch on the dtype does."""
    return lambda value: value if value.dtype == object else change(value)


CHANGES = [
    ("to quarters", lambda value: np.round(value * 4) / 4, "fractions"),
    ("to three decimals", lambda value: np.round(value, 3), ""),
    ("to twelve decimals", lambda value: np.round(value, 12), ""),
    ("to eighths", lambda value: np.floor(value * 8) / 8, "fractions"),
    ("small ones to 0", lambda value: np.where(abs(value) < 1e-3, 0, value), "tiny"),
    ("very small ones to 0", lambda value: np.where(abs(value) < 1e-12, 0, value), "tiny"),
    ("to integers", lambda value: value.astype(int).astype(float), "halves"),
    ("a constant more", lambda value: value + 1e-14, "small"),
    ("clipped", lambda value: np.clip(value, -100, 100), ""),
    ("huge ones halved", lambda value: value * np.where(abs(value).max() > 1e20, 0.5, 1), "huge"),
    ("huge ones clipped", lambda value: np.clip(value, -1e30, 1e30), "huge"),
    ("all 0 where all is small", lambda value: value * (abs(value).max() >= 1e-28), "very small"),
    ("0 where not whole", lambda value: value * (value == np.rint(value)), "halves|fractions"),
]


@quick_rows(1, "each row is one more thing that floats lose")
@pytest.mark.parametrize(
    ("change", "said"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_what_depends_on_the_kind_of_float_is_found(change, said) -> None:
    for what in ("y", "dx"):
        found = failed(pair(**{what: on_floats(change)}))
        (name,) = found
        assert name == ("y" if what == "y" else "dL/dx")
        assert found[name].verdict is Verdict.REFUTED
        assert not said or any(word in found[name].diagnosis for word in said.split("|"))


def test_a_gradient_without_its_negative_entries_is_found() -> None:
    found = failed(pair(dx=on_floats(lambda value: np.maximum(value, 0))))
    assert [*found] == ["dL/dx"]


def test_inputs_that_are_rounded_are_found_in_all_that_they_reach() -> None:
    found = failed(pair(x=on_floats(lambda value: np.round(value, 2))))
    assert set(found) == {"y", "dL/dw"}


@quick_rows(0, "such a branch is one more thing that floats lose")
def test_a_branch_on_the_magnitude_of_an_input_is_met() -> None:
    found = failed(pair(x=on_floats(lambda value: value * (1 + (abs(value).max() > 1e10)))))
    assert set(found) == {"y", "dL/dw"}
    found = failed(pair(x=on_floats(lambda value: value * (1 + (abs(value).max() < 1e-25)))))
    assert set(found) == {"y", "dL/dw"}


def test_a_branch_on_magnitudes_that_changes_nothing_stays_right() -> None:
    def scaled(value):
        # A power of two, so that nothing rounds.
        return (value * 2.0**-60) * 2.0**60 if abs(value).max() > 1e10 else value

    assert failed(pair(x=on_floats(scaled), y=on_floats(scaled))) == {}


def test_with_a_tolerance_single_precision_holds_huge_numbers_too() -> None:
    single = on_floats(lambda value: value.astype(np.float32).astype(np.float64))
    assert failed(pair(x=single, y=single), tolerance=1e-4) == {}


@quick_rows(1, "the rows differ in the dtype")
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_right_loops_stay_right_on_every_kind_of_float(dtype) -> None:
    assert failed(pair(), dtypes=[dtype]) == {}


def test_right_loops_stay_right_within_a_tolerance() -> None:
    assert failed(pair(y=lambda value: value * (1 + 1e-13)), tolerance=1e-9) == {}


def test_a_tolerance_is_relative_on_tiny_numbers_too() -> None:
    (name,) = failed(pair(dx=lambda value: value + 1e-12), tolerance=1e-6)
    assert name == "dL/dx"


@quick_rows(0, "what rounds is found, and rules of shapes are told, by other tests")
def test_what_rounds_at_large_numbers_is_told_so_without_a_rule_of_shapes() -> None:
    def code(dx):
        return pair(dx=dx)

    report = check_implementation(*code(lambda value: value * 5 - value * 4), isolate=False)
    (one,) = [one for one in report.conclusions if one.failure is not None]
    assert one.mistake == "rounds"
    assert "right on symbols at every shape" in one.diagnosis
    assert "--tolerance" in one.diagnosis
    assert [region.clause.startswith("at ") for region in one.where["wrong-value"]] == [True]
    assert check_implementation(
        *code(lambda value: value * 5 - value * 4), sizes=SIZES, tolerance=1e-9, isolate=False
    )


@quick_rows(0, "what is off by one is diagnosed by other tests in the quick run")
def test_what_is_off_by_one_is_never_told_to_round() -> None:
    found = failed(pair(dx=on_floats(lambda value: value + 1)))
    assert found["dL/dx"].mistake != "rounds"
    found = failed(pair(dx=on_floats(lambda value: value * (1 + 1e-9))))
    assert found["dL/dx"].mistake != "rounds"


def test_a_detour_through_float32_is_named() -> None:
    narrow = on_floats(lambda value: value.astype(np.float32).astype(np.float64))
    report = check_implementation(*pair(x=narrow), isolate=False)
    found = {one.name: one for one in report.conclusions if one.failure is not None}
    assert set(found) == {"y", "dL/dw"}
    for one in found.values():
        assert "float32" in one.diagnosis
        assert "when" not in "".join(region.clause for region in one.where["wrong-value"])


def passes_that_keep_y(overwrite):
    """Return a pair whose backward pass may write into the array that forward returned."""
    kept = []

    def conv(x, w, b, stride, padding):
        kept[:] = [loops.forward(x, w, b, stride, padding)]
        return kept[0]

    def conv_backward(dout, x, w, b, stride, padding):
        if overwrite:
            kept[0][...] = 7
        return (
            loops.input_gradient_scatter(dout, x, w, stride, padding),
            loops.weights_gradient(dout, x, w, stride, padding),
            loops.bias_gradient(dout, b),
        )

    return conv, conv_backward


def test_a_backward_pass_that_overwrites_the_returned_y_is_refuted() -> None:
    (name,) = found = failed(passes_that_keep_y(True))
    assert name == "backward"
    assert found[name].verdict is Verdict.REFUTED
    assert found[name].code == "modified-output"
    assert found[name].failure.detail == "it changes the y that forward returned, in place"


def test_a_backward_pass_may_keep_the_returned_y_as_it_is() -> None:
    assert failed(passes_that_keep_y(False)) == {}


def passes_with_one_buffer(fill):
    """Return a pair whose forward pass gives the same array at every call of a shape."""
    buffers = {}

    def conv(x, w, b, stride, padding):
        y = loops.forward(x, w, b, stride, padding)
        buffer = buffers.setdefault((y.shape, y.dtype), y * 0)
        fill(buffer, y)
        return buffer

    return conv, passes_that_keep_y(False)[1]


def test_one_output_buffer_for_all_calls_is_no_mistake() -> None:
    def overwrite(buffer, y):
        buffer[...] = y

    assert failed(passes_with_one_buffer(overwrite)) == {}


def test_an_output_buffer_that_is_not_emptied_is_refuted() -> None:
    def add(buffer, y):
        buffer += y

    found = failed(passes_with_one_buffer(add))
    assert {"forward", "y"} & set(found)
    assert all(one.verdict is Verdict.REFUTED for one in found.values())


def test_a_result_of_another_dtype_is_told_beside_its_verdict() -> None:
    for change, dtype in ((lambda value: value.astype(complex), "complex128"),
                          (lambda value: value.astype(object), "object")):  # fmt: skip
        report = check_implementation(*pair(dx=on_floats(change)), sizes=SIZES, isolate=False)
        said = f"dL/dx comes back as {dtype}, and its inputs are float64"
        assert said in report.notes
        on_floats_only = [one for one in report.only(statement="dL/dx") if one.route == "float64"]
        assert all(said in one.notes for one in on_floats_only)


def test_nothing_is_said_of_the_dtype_of_floats() -> None:
    report = check_implementation(*pair(), sizes=SIZES, isolate=False)
    assert not any("comes back as" in note for note in report.notes)
