"""The loops of average pooling: exact, and caught where they divide by another count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from symconv.layers.registry import layer_by_name
from symconv.verification import verify

NAMES = ["avg_pool1d", "avg_pool1d exclude_padding ceil", "avg_pool1d dilation divisor"]


@pytest.mark.parametrize("name", NAMES)
def test_the_loops_are_exact_in_every_dtype(name):
    layer = layer_by_name(name)
    report = verify(["loop"], layer=layer, sizes=layer.default_sizes[3:4])
    assert report.exit_code == 0
    assert {result.key for result in report.results} == {"loop/forward", "loop/dx"}
    assert any("128-bit integers" in result.detail for result in report.results)


def test_another_count_is_caught_at_the_border():
    right, wrong = layer_by_name("avg_pool1d exclude_padding"), layer_by_name("avg_pool1d")
    mixed = replace(right, loops=wrong.loops)
    inside = mixed.sizes("N=1,C=1,W=4,WW=2,S=2,P=0")
    border = mixed.sizes("N=1,C=1,W=3,WW=3,S=1,P=1")
    assert verify(["loop"], layer=mixed, sizes=[inside]).exit_code == 0
    assert verify(["loop"], layer=mixed, sizes=[border]).exit_code == 1


def test_floats_are_divided_and_whole_numbers_stay_exact():
    layer = layer_by_name("avg_pool1d valid")
    forward = layer.loops[0].function
    sizes = layer.sizes("N=1,C=1,W=3,WW=3,S=1")
    numbers = [sizes[name] for name in layer.loops[0].arguments[1:]]
    assert forward(np.array([[[1.0, 2.0, 4.0]]]), *numbers).item() == pytest.approx(7 / 3)
    whole = forward(np.array([[[1, 2, 4]]], dtype=object), *numbers).item()
    assert (whole.numerator, whole.denominator) == (7, 3)
