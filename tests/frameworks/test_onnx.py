"""The backend tests of ONNX for Conv, ConvTranspose and AveragePool, as they are published.

Inputs are taken exactly as they are, outputs are computed by the layer's formulas without any
rounding, and compared within the rounding of the published float32.
"""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from symconv.concrete.contractions import Contractions
from symconv.layers.layer import Layer, Sizes
from symconv.layers.registry import layer_by_name
from tests.runs import quick_rows

MISSING = "runs the backend tests of ONNX, which are an extra: pip install 'symconv[suites]'"
onnx = pytest.importorskip("onnx", reason=MISSING)
node_tests = pytest.importorskip("onnx.backend.test.case.node", reason=MISSING)

OPERATORS = {"Conv": "conv", "ConvTranspose": "conv_transpose", "AveragePool": "avg_pool"}
COUNT = 37
"""So many of the tests are about these operators in the release that CI pins (1.23)."""

ROUNDING = {"test_averagepool_2d_ceil_last_window_starts_on_pad": 5e-5}
"""What is published with four decimals."""


def _published() -> dict[str, Any]:
    with warnings.catch_warnings():
        # Cases of other operators overflow on purpose while they are made.
        warnings.simplefilter("ignore")
        cases = node_tests.collect_testcases(None)
    return {case.name: case for case in cases if case.model.graph.node[0].op_type in OPERATORS}


CASES = _published()


def _layer_and_sizes(case: Any) -> tuple[Layer, Sizes]:
    """Return the layer that a node is about, with the sizes that its attributes give."""
    (node,) = case.model.graph.node
    inputs, _ = case.data_sets[0]
    x, *weights = inputs
    axes = x.ndim - 2
    attributes = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
    strides = attributes.get("strides", [1] * axes)
    dilations = attributes.get("dilations", [1] * axes)
    groups = attributes.get("group", 1)
    kernel = weights[0].shape[2:] if weights else attributes["kernel_shape"]
    values = {"N": x.shape[0], "C": x.shape[1], "G": groups}
    words = ["strides", "dilation"]
    pads = attributes.get("pads", [0] * 2 * axes)
    same = {b"SAME_UPPER": "same", b"SAME_LOWER": "same_lower"}.get(attributes.get("auto_pad"))
    transposed = node.op_type == "ConvTranspose"
    natural = [
        stride * (extent - 1) + dilation * (taps - 1) + 1
        for extent, stride, dilation, taps in zip(
            x.shape[2:], strides, dilations, kernel, strict=True
        )
    ]
    beyond = attributes.get("output_padding", [0] * axes)
    if transposed and same:
        # The standard cuts as much as makes the output S times as large as the input.
        cut = [
            whole - stride * extent
            for whole, stride, extent in zip(natural, strides, x.shape[2:], strict=True)
        ]
        pads = [one // 2 for one in cut] + [one - one // 2 for one in cut]
    elif transposed and "output_shape" in attributes and "output_padding" not in attributes:
        beyond = [
            out - whole for out, whole in zip(attributes["output_shape"], natural, strict=True)
        ]
    words.append(same if same and not transposed else "sides")
    if weights:
        values["F"] = weights[0].shape[1] * groups if transposed else weights[0].shape[0]
        words += ["groups", "no_bias"]
    elif not attributes.get("count_include_pad", 0):
        words.append("exclude_padding")
    if transposed:
        words.append("output_padding")
    if attributes.get("ceil_mode", 0):
        words.append("ceil")
    names = ["Z", "H", "W"][-axes:]
    for place, name in enumerate(names):
        letter = name.lower()
        values |= {
            name: x.shape[2 + place],
            name * 2: kernel[place],
            f"S{letter}": strides[place],
            f"D{letter}": dilations[place],
            f"P{letter}0": pads[place],
            f"P{letter}1": pads[place + axes],
            f"O{letter}": beyond[place],
        }
    layer = layer_by_name(f"{OPERATORS[node.op_type]}{axes}d {' '.join(words)}")
    given = {size.name: values[size.name] for size in layer.given}
    return layer, layer.sizes(**given)


def _exactly(array: np.ndarray) -> np.ndarray:
    return np.vectorize(Fraction, otypes=[object])(array.astype(np.float64))


def _differs(layer: Layer, sizes: Sizes, case: Any) -> bool:
    inputs, (published,) = case.data_sets[0]
    arrays = dict(zip(("x", "w"), map(_exactly, inputs), strict=False))
    contractions = Contractions(layer, sizes)
    others = {
        name: np.zeros(shape, dtype=object)
        for name, shape in contractions.inputs.items()
        if name not in arrays
    }
    ours = contractions.on({**arrays, **others}).values("y")
    rounding = ROUNDING.get(case.name, 2e-6)
    return ours.shape != published.shape or not np.allclose(
        ours.astype(np.float64), published, rtol=rounding, atol=rounding
    )


def test_the_tests_are_all_there():
    assert len(CASES) == COUNT


@quick_rows(12, "the long run computes what ONNX publishes for all 37 of its tests")
@pytest.mark.parametrize("name", CASES)
def test_the_layer_gives_what_is_published(name):
    layer, sizes = _layer_and_sizes(CASES[name])
    assert not _differs(layer, sizes, CASES[name])


WRONG = {
    "test_conv_with_strides_and_asymmetric_padding": ("Pw0", "Pw1"),
    "test_conv_with_strides_padding": ("Sh", "Sw"),
    "test_convtranspose_pads": ("Ph0", "Ph1"),
    "test_convtranspose_pad": ("Sh", "Sw"),
}


@pytest.mark.parametrize(("name", "exchanged"), WRONG.items())
def test_exchanged_settings_are_another_layer(name, exchanged):
    layer, sizes = _layer_and_sizes(CASES[name])
    given, (one, other) = dict(sizes.given), exchanged
    given[one], given[other] = given[other] + 1, given[one]
    assert _differs(layer, layer.sizes(**given), CASES[name])
