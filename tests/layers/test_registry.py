"""Layers are found by name, and say what is known of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symconv import conv2d
from symconv.errors import UsageError
from symconv.layers.layer import Layer
from symconv.layers.registry import NAMES, default_layer, layer_by_name

LAYER = default_layer()


def test_a_layer_is_found_by_its_name_and_is_the_same_every_time() -> None:
    assert [layer_by_name(name).name for name in NAMES] == list(NAMES)
    assert layer_by_name("conv2d") is conv2d() is LAYER


def test_a_name_that_no_layer_has_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="unknown layer 'conv9d'") as refused:
        _ = layer_by_name("conv9d")
    assert "conv2d" in str(refused.value.help)


def test_the_gradients_of_a_layer_follow_from_the_roles_of_its_arrays() -> None:
    assert LAYER.gradient_by_input == {"x": "dL/dx", "w": "dL/dw", "b": "dL/db"}
    assert replace(LAYER, bias=None).gradient_by_input == {"x": "dL/dx", "w": "dL/dw"}
    assert replace(LAYER, loss=None).gradient_by_input == {}


def test_a_layer_without_axes_or_roles_has_no_vocabulary_for_mistakes() -> None:
    assert LAYER.vocabulary is not None
    assert replace(LAYER, axes=()).vocabulary is None
    assert replace(LAYER, weights=None).vocabulary is None
    assert Layer("bare", given=(), inputs=()).vocabulary is None


def test_every_size_of_an_axis_has_a_letter_of_its_own() -> None:
    sizes = [size for axis in LAYER.axes for size in axis.sizes]
    assert len({LAYER.letters[size] for size in sizes}) == len(sizes) == 6


def test_every_array_that_has_a_role_is_spelled_in_texts_and_in_code() -> None:
    roles = {str(LAYER.input), str(LAYER.weights), str(LAYER.bias)}
    roles |= {str(LAYER.output), str(LAYER.upstream)}
    assert {*LAYER.words} == roles
    assert {*LAYER.spellings} == {*LAYER.array_by_name}
