"""The catalogue as candidates: spoiled loops and statements that run at numbers."""

import numpy as np
import pytest

from symconv.implementations.diagnosing.cases import Case, CodeRun, same
from symconv.implementations.diagnosing.spoiled import loop_arrays, spoiled_candidates
from symconv.implementations.model import RESULTS
from symconv.implementations.trying.reference import Reference
from symconv.layers.convolution.post import conv2d

SIZES = conv2d().sizes("N=2,C=2,H=3,W=5,F=3,HH=2,WW=3,S=2,P=1")


def case_of(result, most=9):
    source = np.random.default_rng(0)
    shapes = {
        "x": (2, 2, 3, 5), "w": (3, 2, 2, 3), "b": (3,), "dout": (2, 3, SIZES["Hh"], SIZES["Hw"]),
    }  # fmt: skip
    arrays = {name: source.integers(-most, most, shape) for name, shape in shapes.items()}
    expected = Reference(conv2d(), SIZES).values(arrays, most)
    return Case(CodeRun(SIZES, arrays, expected, expected), result)


@pytest.mark.parametrize("result", RESULTS)
def test_mistakes_of_the_catalogue_run_and_are_the_same_every_time(result):
    case = case_of(result)
    first, again = (list(spoiled_candidates(result)) for _ in range(2))
    assert [one.phrase for one in first] == [one.phrase for one in again]
    assert len(first) > 20
    wrong = 0
    for candidate in first:
        try:
            produced = candidate.produce(case)
        except Exception:
            # What a mistake raises at these sizes is as good as no numbers.
            continue
        wrong += produced is not None and not same(produced, case.right)
    assert wrong > 10


def test_a_phrase_quotes_what_stands_in_place_of_what():
    phrases = [one.phrase for one in spoiled_candidates("dL/dw")]
    assert (
        "the correct one, except that the sum, loop or slice ends one position too early "
        "(`for f in range(F - 1):` in place of `for f in range(F):`)"
    ) in phrases
    assert any(" (x[" in phrase and " in place of x_pad[" in phrase for phrase in phrases)


def test_loops_get_floats_where_these_are_exact_and_python_integers_elsewhere():
    assert loop_arrays(case_of("y"))["x"].dtype == np.float64
    assert loop_arrays(case_of("y", most=2**40))["x"].dtype == object
