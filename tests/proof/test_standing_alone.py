"""A statement that is given no layer is about the one that its arrays and sizes tell."""

from __future__ import annotations

import pytest

from symconv import Iverson, ceiling, equal, prove
from symconv.layers.registry import layer_by_name
from symconv.verdicts import Verdict

TOLD = {
    "conv2d": "conv2d",
    "conv1d": "conv1d",
    "conv3d strides sides dilation groups": "conv3d strides sides dilation groups",
    "conv2d strides sides": "conv2d strides sides",
    "conv2d strides same": "conv2d strides sides",
    "conv1d depthwise": "conv1d depthwise",
    "conv2d circular": "conv2d",
    "conv_transpose1d": "conv_transpose1d",
    "avg_pool1d divisor": "avg_pool1d divisor",
}


@pytest.mark.parametrize(("name", "told"), TOLD.items())
def test_the_sizes_and_arrays_of_a_statement_tell_its_layer(name, told):
    """What they do not tell, such as what the padding holds, is left at its default."""
    key = "dL/dx:contracted" if name.startswith("avg") else "dL/dw:contracted"
    outcome = prove(layer_by_name(name).statement(key))
    assert outcome, outcome.detail
    assert outcome.notes == (f"about the layer {told}",)


@pytest.mark.parametrize(
    ("name", "key", "meant"),
    [
        ("conv2d circular", "dL/dx:deltas", "conv2d"),
        ("conv1d sides reflect", "dy/dx:deltas", "conv1d sides"),
        ("avg_pool1d exclude_padding", "dL/dx:contracted", "avg_pool1d"),
    ],
)
def test_what_is_true_of_a_layer_that_looks_the_same_is_not_refuted(name, key, meant):
    layer = layer_by_name(name)
    statement = layer.statement(key)
    outcome = prove(statement)
    assert outcome.verdict is Verdict.UNDECIDED
    assert outcome.code == "several-readings"
    assert outcome.counterexample is None
    assert f"refuted for {meant}, proved for {name}; " in outcome.detail
    assert prove(statement, layer)
    assert prove(statement, layer_by_name(meant)).verdict is Verdict.REFUTED


def test_what_is_true_where_the_padding_follows_is_not_proved_where_it_may_be_given():
    """With "same" padding there are ceil(H/Sh) rows; with padding of its own there need not be."""
    layer = layer_by_name("conv2d strides same")
    (height, _) = layer.axes
    right = layer.statement("dL/dw:contracted")
    rounded = Iverson(equal(height.output, ceiling(height.input / height.stride)))
    statement = right.with_sides(right.lhs, rounded * right.rhs)
    assert prove(statement, layer)
    outcome = prove(statement)
    assert outcome.verdict is Verdict.UNDECIDED
    assert "proved for conv2d strides same and conv2d strides same_lower" in outcome.detail


@pytest.mark.parametrize("name", ["conv2d", "conv1d", "conv2d strides sides"])
def test_what_is_false_of_every_layer_that_looks_the_same_is_refuted(name):
    right = layer_by_name(name).statement("dL/dw:contracted")
    outcome = prove(right.with_sides(right.lhs, 2 * right.rhs))
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexample is not None
    assert outcome.counterexample.minimal
