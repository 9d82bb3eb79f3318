"""The samples on which `symconv test` is judged are right and wrong where the catalogue says."""

import functools
import re

import numpy as np
import pytest
from samples import running
from samples.catalogue import FOLDER, RIGHT, WRONG
from samples.shapes import SHAPES
from samples.sources import replaced

from symconv.layers.convolution import loops
from symconv.mistakes.catalogue import CATALOGUE
from tests.runs import quick_rows

CODES = {
    "wrong-value", "wrong-shape", "raised", "timeout", "crashed", "modified-input", "unstable",
    "not-a-number", "incomplete",
}  # fmt: skip


def fractions(seed, shape):
    """Return odd multiples of 1/16, so large that products have more than 24 bits.

    Sums of them are exact in float64, and in nothing smaller.
    """
    return (2 * np.random.default_rng(seed).integers(-(2**17), 2**17, shape) + 1) / 16


def large_integers(seed, shape):
    return np.random.default_rng(seed).integers(-(2**17), 2**17, shape).astype(float)


def small_integers(seed, shape):
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(float)


@functools.cache
def truth(number, bias=True, seed=0, numbers=fractions):
    """Return the inputs and the results of the reference loops at one of the shapes."""
    s = SHAPES[number]
    x = numbers((seed, 1), (s["N"], s["C"], s["H"], s["W"]))
    w = numbers((seed, 2), (s["F"], s["C"], s["HH"], s["WW"]))
    b = numbers((seed, 3), (s["F"],)) * bias
    dout = numbers((seed, 4), (s["N"], s["F"], s["Hh"], s["Hw"]))
    results = {
        "y": loops.forward(x, w, b, s["S"], s["P"]),
        "dL/dx": loops.input_gradient_scatter(dout, x, w, s["S"], s["P"]),
        "dL/dw": loops.weights_gradient(dout, x, w, s["S"], s["P"]),
    }
    if bias:
        results["dL/db"] = loops.bias_gradient(dout, b)
    return {"x": x, "w": w, "b": b, "dout": dout}, results


def findings(sample, number, needs=None, numbers=fractions):
    """Run a wrong sample at one of the shapes; return the code of each result."""
    module, s = running.load(sample), SHAPES[number]
    bias = sample.call.bias_shape is not None
    arrays, results = truth(number, bias, 0, numbers)
    if needs == "not-contiguous":
        arrays = {**arrays, "x": np.asfortranarray(arrays["x"])}
    if needs == "second-call":
        running.run(module, sample.call, truth(number, bias, 1, numbers)[0], s)
    got, changed = running.run(module, sample.call, arrays, s, times=2 if needs == "repeat" else 1)
    # Where the forward pass ends, the backward pass has nothing to go on.
    found = {name: finding(got.get(name, got["y"]), right) for name, right in results.items()}
    changes = {"dout": running.GRADIENTS}
    for name in changed:
        for result in changes.get(name, results):
            found[result] = found[result] or "modified-input"
    return found


def finding(got, right, tolerance=0.0):
    """Return the code of one result, None where it is right."""
    if isinstance(got, SystemExit):
        return "crashed"
    if isinstance(got, BaseException):
        return "raised"
    if got is None:
        return "incomplete"
    if got.shape != right.shape:
        return "wrong-shape"
    if not np.isfinite(got).all():
        return "not-a-number"
    return None if np.abs(got - right).max() <= tolerance else "wrong-value"


def needs_framework(sample):
    """Skip where the framework that a sample is written in is not installed."""
    framework = sample.call.style.split("-")[0]
    if framework in ("torch", "jax"):
        pytest.importorskip(
            framework, reason=f"{framework} is not installed: pip install 'symconv[{framework}]'"
        )


def shapes_for(sample):
    """Return the numbers of the shapes that a sample is run at."""
    batched = "N" in sample.call.images
    numbers = [number for number, s in enumerate(SHAPES) if batched or s["N"] == 1]
    # JAX compiles each shape for itself, which takes half a second.
    return numbers[:12] if sample.call.style.startswith("jax") else numbers


def ids(sample):
    return sample.name


@quick_rows(10, "each sample is one row of the same table")
@pytest.mark.parametrize("sample", RIGHT, ids=ids)
def test_right_samples_equal_the_reference_loops_wherever_they_take_the_sizes(sample):
    needs_framework(sample)
    module = running.load(sample)
    taken = [number for number in shapes_for(sample) if sample.takes(SHAPES[number])]
    assert len(taken) >= 12
    for number in taken:
        numbers = small_integers if sample.tolerance else fractions
        arrays, results = truth(number, sample.call.bias_shape is not None, 0, numbers)
        for _ in range(2):
            got, changed = running.run(module, sample.call, arrays, SHAPES[number])
            found = {
                name: finding(got[name], right, sample.tolerance) for name, right in results.items()
            }
            assert not any(found.values()), (SHAPES[number], found, got)
            assert not changed, SHAPES[number]


@pytest.mark.parametrize("sample", [s for s in RIGHT if s.restriction], ids=ids)
def test_right_samples_with_a_restriction_refuse_all_other_sizes_and_say_so(sample):
    if sample.call.images == "CHW":
        assert all(sample.takes(s) == (s["N"] == 1) for s in SHAPES)
        return
    module = running.load(sample)
    refused = [s for s in SHAPES if not sample.takes(s)]
    assert refused
    for s in refused:
        arrays, _ = truth(SHAPES.index(s))
        got, _ = running.run(module, sample.call, arrays, s)
        assert isinstance(got["y"], AssertionError | ValueError)
        assert re.search("square|stride", str(got["y"]))


@quick_rows(40, "each sample is one row of the same table")
@pytest.mark.parametrize("sample", [s for s in WRONG if s.harmless], ids=ids)
def test_wrong_samples_are_wrong_exactly_at_the_sizes_that_are_claimed(sample):
    needs_framework(sample)
    wrong_somewhere = set()
    sizes_of_failure = 0
    for number in shapes_for(sample):
        s = SHAPES[number]
        found = findings(sample, number, needs=sample.needs)
        listed = {name: code for name, code in found.items() if name in sample.results and code}
        others = {name: code for name, code in found.items() if name not in sample.results}
        assert bool(listed) == sample.fails(s), (s, found)
        assert set(listed.values()) <= set(sample.codes), (s, found)
        # What ends a pass, or changes its inputs, costs its other results as well.
        ends = {None, "raised", "crashed", "modified-input"}
        assert set(others.values()) <= (ends if listed else {None}), (s, found)
        wrong_somewhere |= set(listed)
        sizes_of_failure += bool(listed)
    assert wrong_somewhere == set(sample.results)
    assert sizes_of_failure >= 2


@pytest.mark.parametrize("sample", [s for s in WRONG if s.needs and s.harmless], ids=ids)
def test_what_it_takes_to_see_a_mistake_is_really_needed(sample):
    without = {"large": small_integers, "fractions": large_integers}
    for number in shapes_for(sample):
        found = findings(sample, number, numbers=without.get(sample.needs, fractions))
        assert not any(found.values()), SHAPES[number]


def test_every_name_and_every_file_is_in_the_catalogue_once():
    names = [sample.name for sample in (*RIGHT, *WRONG)]
    assert len(set(names)) == len(names)
    right, wrong = (
        {path.stem for path in (FOLDER / side).glob("*.py")} for side in ("right", "wrong")
    )
    assert right == {sample.name for sample in RIGHT}
    # Whole files are for what no right one is near to.
    assert wrong == {"endless", "spread_too_far", "stride_one_only"}
    assert wrong < {sample.name for sample in WRONG}


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (("a = 3", "a = 2"), "occurs 0 times"),
        (("a", "b"), "occurs 2 times"),
        (("a = 1", "a = 1"), "becomes 'a = 1'"),
    ],
)
def test_an_edit_whose_old_text_is_not_there_once_is_refused(edit, reason):
    with pytest.raises(ValueError, match=reason):
        replaced("a = 1\nb = a\n", edit)


def test_an_edit_changes_what_it_says_and_nothing_else():
    assert replaced("a = 1\nb = 2\n", ("a = 1", "a = 3"), ("b = 2", "")) == "a = 3\n\n"


def test_wrong_samples_outnumber_right_ones_and_most_have_a_diagnosis():
    assert len(RIGHT) >= 18
    assert len(WRONG) >= 50
    assert sum(sample.diagnosis is not None for sample in WRONG) >= 50


def test_the_catalogue_speaks_of_known_results_codes_and_mistakes():
    names = {mistake.name for mistake in CATALOGUE}
    for sample in WRONG:
        assert set(sample.results) <= set(running.RESULTS)
        assert set(sample.codes) <= CODES
        for name in re.findall(r"[a-z]+(?:-[a-z]+)+", sample.diagnosis or ""):
            assert name in names, (sample.name, name)


@pytest.mark.parametrize("sample", [s for s in WRONG if not s.harmless], ids=ids)
def test_samples_that_are_not_run_here_are_at_least_read(sample):
    module = running.load(sample)
    assert all(hasattr(module, name) for name in sample.call.names)
    assert any(sample.fails(s) for s in SHAPES)
