"""Diagnoses: the right line of thought for wrong samples, and nothing for what is not known."""

import functools
import re

import numpy as np
import pytest
from samples import running
from samples.catalogue import RIGHT, WRONG

from symconv.implementations.diagnosing.diagnosis import CodeRun, diagnose
from symconv.implementations.diagnosing.suspects import candidates
from symconv.implementations.model import RESULTS
from symconv.implementations.trying.inputs import draw, in_dtype, plan
from symconv.implementations.trying.reference import Reference
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Layer
from symconv.layers.registry import default_layer
from tests.runs import quick_rows

LAYER = default_layer()

NUMBERS = {"wrong-value", "wrong-shape", "not-a-number"}
DIAGNOSED = [
    sample
    for sample in WRONG
    if sample.diagnosis
    and sample.harmless
    and sample.needs in (None, "large")
    and NUMBERS & set(sample.codes)
    and not sample.call.style.startswith(("torch", "jax"))
]
UNEXPLAINED = {
    # They change with every call, so that there are no numbers to explain.
    "noisy",
}


@functools.cache
def truth(sizes, dtype="float64"):
    """Return the inputs, in the dtype and exactly, and the right results."""
    reference = Reference(conv2d(), sizes)
    chosen = plan(conv2d(), sizes, dtype, reference.longest_sum)
    drawn = draw(conv2d(), sizes, chosen, 0)
    return in_dtype(drawn, dtype), drawn, reference.values(drawn, chosen.most)


def runs(entry):
    """Run a sample at every class of shapes that it takes."""
    found, module = [], running.load(entry)
    for sizes in (place.sizes for place in shape_classes(LAYER)):
        if "N" not in entry.call.images and sizes["N"] != 1:
            continue
        arrays, drawn, expected = truth(sizes)
        if entry.call.bias_shape is None:
            drawn = {**drawn, "b": np.zeros_like(drawn["b"])}
            expected = {**expected, "y": expected["y"] - truth(sizes)[1]["b"][:, None, None]}
        with np.errstate(all="ignore"):
            results, _ = running.run(module, entry.call, arrays, sizes)
        got = {name: one for name, one in results.items() if isinstance(one, np.ndarray)}
        found.append(CodeRun(sizes, drawn, expected, got))
    return sorted(found, key=lambda sample: sample.sizes.order())


def spoiled(change, result="dL/dx", count=8):
    """Return samples in which one result is a function of the case and the right one."""
    found = []
    for place in shape_classes(LAYER)[:count]:
        _, drawn, expected = truth(place.sizes)
        wrong = np.asarray(change(place.sizes, drawn, expected[result]))
        found.append(CodeRun(place.sizes, drawn, expected, {result: wrong}))
    return sorted(found, key=lambda sample: sample.sizes.order())


@quick_rows(20, "most kinds of mistake have more than one sample")
@pytest.mark.parametrize(
    "entry", [one for one in DIAGNOSED if one.name not in UNEXPLAINED], ids=lambda one: one.name
)
def test_wrong_samples_get_the_diagnosis_that_the_catalogue_asks_for(entry):
    samples = runs(entry)
    said = [diagnose(conv2d(), name, samples) for name in entry.results]
    found = {name: one for name, one in zip(entry.results, said, strict=True) if one is not None}
    assert found, "a diagnosis for some of the wrong results"
    for name, one in found.items():
        assert re.search(entry.diagnosis, f"{one.name}: {one.sentence}"), one
        assert one.explained == sum(name in sample.got for sample in samples)


def test_most_of_the_wrong_samples_are_among_those_that_are_diagnosed():
    assert len(DIAGNOSED) - len(UNEXPLAINED & {one.name for one in DIAGNOSED}) >= 50


@pytest.mark.parametrize(
    "entry",
    [one for one in RIGHT if not one.tolerance and not one.call.style.startswith(("torch", "jax"))],
    ids=lambda one: one.name,
)
def test_right_samples_get_no_diagnosis(entry):
    samples = runs(entry)
    assert [diagnose(conv2d(), name, samples) for name in RESULTS] == [None] * 4


@quick_rows(1, "one seed of random numbers is as good as another")
@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("seed", range(3))
def test_random_numbers_get_no_diagnosis(result, seed):
    source = np.random.default_rng(seed)

    def garbage(_sizes, _arrays, right):
        return source.integers(-(2**40), 2**40, right.shape).astype(float)

    assert diagnose(conv2d(), result, spoiled(garbage, result)) is None


@quick_rows(2, "what is random is random in each result")
@pytest.mark.parametrize("result", RESULTS)
def test_small_random_differences_get_no_diagnosis(result):
    source = np.random.default_rng(0)

    def nearly(_sizes, _arrays, right):
        return right + source.integers(0, 2, right.shape)

    assert diagnose(conv2d(), result, spoiled(nearly, result)) is None


def test_a_mistake_that_changes_from_shape_to_shape_is_not_explained_by_one_of_them():
    factors = iter([2, 3, 5, 7, 11, 13, 17, 19])
    assert diagnose(conv2d(), "dL/dx", spoiled(lambda s, a, right: right * next(factors))) is None


def test_a_sentence_says_what_the_result_equals_and_at_how_many_shapes():
    found = diagnose(conv2d(), "dL/dx", spoiled(lambda s, a, right: -right))
    assert found is not None
    assert found.name == "sign-flipped"
    assert found.sentence == "your dx equals the correct one with the wrong sign; at all 8 shapes"
    assert found.explained == 8


def test_a_mistake_that_fits_wrong_shapes_and_contradicts_right_ones_is_not_named():
    def only_without_padding(sizes, _arrays, right):
        return right if sizes["P"] else -right

    samples = spoiled(only_without_padding)
    assert diagnose(conv2d(), "dL/dx", samples) is None
    alone = [one for one in samples if one.sizes["P"] == 0]
    found = diagnose(conv2d(), "dL/dx", alone)
    assert found is not None
    assert found.name == "sign-flipped"


def test_a_candidate_that_explains_every_shape_wins_over_a_likelier_one_that_does_not():
    def averaged(sizes, _arrays, right):
        return right / 2 if sizes["N"] == 2 else right / sizes["N"]

    found = diagnose(conv2d(), "dL/dw", spoiled(averaged, "dL/dw", count=20))
    assert found is not None
    assert found.name == "mean-over-the-batch"
    assert found.explained == 20


def test_of_two_mistakes_with_the_same_numbers_the_likelier_one_is_named():
    # With one image, one filter and one of everything, nearly all mistakes coincide.
    sizes = conv2d().sizes("N=1,C=1,H=1,W=1,F=1,HH=1,WW=1,S=1,P=0")
    _, drawn, expected = truth(sizes)
    one = CodeRun(sizes, drawn, expected, {"dL/dw": np.zeros((1, 1, 1, 1))})
    found = [diagnose(conv2d(), "dL/dw", [one]) for _ in range(3)]
    assert found[0] is not None
    assert found[0].name == "all-zeros"
    assert found == [found[0]] * 3


def test_a_mistake_of_two_entries_of_few_bits_is_not_named():
    # One filter and small numbers: some candidate would fit by chance.
    sizes = conv2d().sizes("N=1,C=1,H=2,W=2,F=1,HH=1,WW=1,S=1,P=0")
    ones = {
        name: np.ones(shape, int)
        for name, shape in {
            "x": (1, 1, 2, 2), "w": (1, 1, 1, 1), "b": (1,), "dout": (1, 1, 2, 2),
        }.items()
    }  # fmt: skip
    expected = Reference(conv2d(), sizes).values(ones, 1)
    one = CodeRun(sizes, ones, expected, {"dL/db": expected["dL/db"] * 2})
    assert diagnose(conv2d(), "dL/db", [one]) is None


def test_results_that_are_not_there_are_left_out_of_the_count():
    samples = spoiled(lambda s, a, right: -right)
    missing = [CodeRun(one.sizes, one.arrays, one.expected, {}) for one in samples[:3]]
    found = diagnose(conv2d(), "dL/dx", [*missing, *samples[3:]])
    assert found is not None
    assert found.explained == 5
    assert diagnose(conv2d(), "dL/dx", missing) is None


def test_whole_numbers_beyond_64_bits_are_diagnosed():
    found = []
    for place in shape_classes(LAYER)[:4]:
        _, drawn, expected = truth(place.sizes, "object")
        found.append(CodeRun(place.sizes, drawn, expected, {"dL/dw": expected["dL/dw"][::-1]}))
    said = diagnose(conv2d(), "dL/dw", found)
    assert said is not None
    assert said.name == "axes-flipped"


@pytest.mark.parametrize("bits", [32, 16, 8])
def test_integers_that_overflow_are_named_with_their_length(bits):
    def wrapped(_sizes, _arrays, right):
        return right.astype(f"int{bits}")

    found = diagnose(conv2d(), "y", spoiled(wrapped, "y"))
    assert found is not None
    assert found.name == "integer-overflow"
    assert f"{bits}-bit integers" in found.sentence


def test_a_right_result_in_a_short_float_is_named_by_the_float():
    def rounded(_sizes, _arrays, right):
        return right.astype(np.float32)

    found = diagnose(conv2d(), "dL/dw", spoiled(rounded, "dL/dw"))
    assert found is not None
    assert found.name == "accumulated-in-float32"


def test_the_right_result_but_for_one_entry_is_not_called_rounded():
    def nearly(_sizes, _arrays, right):
        wrong = right.astype(np.float32)
        wrong.flat[0] *= 1.5
        return wrong

    assert diagnose(conv2d(), "dL/dw", spoiled(nearly, "dL/dw")) is None


def test_wrong_types_and_shapes_are_no_reason_to_fail():
    for odd in (np.array("text"), np.array(None), np.zeros((0, 3)), np.array(1j), np.zeros(())):
        said = diagnose(conv2d(), "dL/dx", spoiled(lambda s, a, right, odd=odd: odd))
        assert said is None, odd


def test_of_any_layer_it_is_known_what_its_results_tell_and_nothing_of_other_results():
    samples = spoiled(lambda s, a, right: -right)
    other = Layer("dense", conv2d().given, conv2d().inputs)
    known = diagnose(other, "dL/dx", samples)
    assert known is not None
    assert known.name == "sign-flipped"
    assert diagnose(conv2d(), "forward", samples) is None


@pytest.mark.parametrize("result", RESULTS)
def test_candidates_leave_the_arrays_of_a_case_as_they_are(result):
    def untouched(_sizes, _arrays, right):
        return np.random.default_rng(1).integers(0, 2**30, right.shape).astype(float)

    samples = spoiled(untouched, result, count=2)
    before = [{name: array.copy() for name, array in one.arrays.items()} for one in samples]
    assert diagnose(conv2d(), result, samples) is None
    for one, arrays in zip(samples, before, strict=True):
        assert all(np.array_equal(one.arrays[name], arrays[name]) for name in arrays)


@pytest.mark.parametrize("result", RESULTS)
def test_every_candidate_has_a_name_in_kebab_case_and_a_phrase_without_a_full_stop(result):
    for candidate in candidates(result):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", candidate.name), candidate.name
        assert not candidate.phrase.endswith(".")
        assert "  " not in candidate.phrase


def test_infinities_alone_tell_no_mistake():
    """Sums that overflow a small float look like a division by 0."""

    def divided_by_zero(_sizes, _arrays, right):
        with np.errstate(all="ignore"):
            return right / np.zeros(right.shape)

    found = diagnose(conv2d(), "dL/dw", spoiled(divided_by_zero, "dL/dw"))
    assert found is None or found.name == "not-a-number"


def test_what_is_nearly_right_is_not_called_divided_by_one():
    def added(_sizes, _arrays, right):
        return right.astype(np.float64) + 1e-3

    found = diagnose(conv2d(), "dL/dw", spoiled(added, "dL/dw"))
    assert found is None or "divided" not in found.sentence
