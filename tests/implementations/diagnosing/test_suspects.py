"""Candidates compute what they say: the right formula is right, every wrong one is wrong."""

import numpy as np
import pytest

from symconv.implementations.diagnosing.cases import Case, CodeRun, same
from symconv.implementations.diagnosing.suspects import candidates
from symconv.implementations.diagnosing.symptoms import DividedArray
from symconv.implementations.diagnosing.terms import from_positions, with_arrays
from symconv.implementations.diagnosing.windows import READINGS, right_positions
from symconv.implementations.model import RESULTS
from symconv.implementations.trying.inputs import draw, plan
from symconv.implementations.trying.reference import Reference
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.layers.convolution.post import conv2d
from symconv.layers.registry import default_layer

LAYER = default_layer()

NOT_SEEN_BY_RIGHT_NUMBERS_OF_THIS_SIZE = {
    "integer-overflow",
    "other-shape",
    "not-a-number",
    "accumulated-in-float16",
    "accumulated-in-float32",
    "accumulated-in-bfloat16",
}


@pytest.fixture(scope="module")
def samples():
    """Return what a right implementation gives, at every class of shapes."""
    found = []
    for place in shape_classes(LAYER):
        reference = Reference(conv2d(), place.sizes)
        chosen = plan(conv2d(), place.sizes, "float64", reference.longest_sum)
        drawn = draw(conv2d(), place.sizes, chosen, 0)
        expected = reference.values(drawn, chosen.most)
        found.append(CodeRun(place.sizes, drawn, expected, expected))
    return found


@pytest.mark.parametrize("result", ["y", "dL/dx", "dL/dw"])
def test_the_right_positions_give_the_right_result(samples, result):
    for sample in samples:
        case = Case(sample, result)
        rows, columns = right_positions(case.rows), right_positions(case.columns)
        assert same(from_positions(case, rows, columns), case.right), sample.sizes
        assert not case.fails


@pytest.mark.parametrize("result", RESULTS)
def test_the_right_arrays_give_the_right_result(samples, result):
    for sample in samples:
        case = Case(sample, result)
        assert same(with_arrays(case), case.right), sample.sizes


def test_the_bias_gradient_does_not_depend_on_positions(samples):
    case = Case(samples[0], "dL/db")
    with pytest.raises(ValueError, match="does not depend on positions"):
        from_positions(case, right_positions(case.rows), right_positions(case.columns))


@pytest.mark.parametrize("result", RESULTS)
def test_every_candidate_is_wrong_at_some_class_of_shapes(samples, result):
    cases = [Case(sample, result) for sample in samples]
    for candidate in candidates(result):
        if candidate.name not in NOT_SEEN_BY_RIGHT_NUMBERS_OF_THIS_SIZE:
            assert any(_differs(candidate, case) for case in cases), candidate.phrase


def _differs(candidate, case):
    try:
        with np.errstate(all="ignore"):
            produced = candidate.produce(case)
    except (ValueError, IndexError, KeyError):
        return False
    if isinstance(produced, DividedArray):
        return bool(np.any(produced.numerator != case.right * produced.divisor))
    return produced is not None and not same(np.asarray(produced), case.right)


def test_integers_that_64_bits_hold_are_computed_in_64_bits(samples):
    small = Case(samples[0], "y")
    large = CodeRun(
        samples[0].sizes,
        {name: array.astype(object) * 2**90 for name, array in samples[0].arrays.items()},
        samples[0].expected,
        samples[0].got,
    )
    assert small.arrays["x"].dtype == np.int64
    assert Case(large, "y").arrays["x"].dtype == object


def test_a_missing_bias_counts_as_zero(samples):
    arrays = {name: array for name, array in samples[0].arrays.items() if name != "b"}
    case = Case(CodeRun(samples[0].sizes, arrays, samples[0].expected, samples[0].got), "y")
    assert not case.arrays["b"].any()


def test_same_compares_shape_and_entries_and_takes_nan_for_nan():
    nan = np.array([np.nan, 1.0])
    assert same(nan, nan.copy())
    assert not same(nan, np.array([np.nan, 2.0]))
    assert not same(nan, np.array([0.0, 1.0]))
    assert not same(np.zeros(1), np.zeros((1, 1)))
    assert same(np.array([1, 2]), np.array([1.0, 2.0]))
    assert not same(np.array([1, 2]), np.array(["1", "2"]))


def test_readings_of_one_axis_have_one_position_for_each_window_and_weight(samples):
    case = Case(samples[0], "y")
    for reading in READINGS:
        places = reading.positions(case.rows)
        assert places.shape == (case.rows.output, case.rows.filter), reading.phrase
