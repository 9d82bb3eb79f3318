"""The backend tests of ONNX for Conv, ConvTranspose and AveragePool, as they are published.

Inputs are taken exactly as they are, outputs are computed by the layer's formulas without any
rounding, and compared within the rounding of the published float32.
"""

from __future__ import annotations

import warnings
from fractions import Fraction
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symconv.concrete.contractions import Contractions
from symconv.layers.layer import Layer, Sizes
from symconv.layers.registry import layer_by_name
from tests.runs import LONG, quick_rows

MISSING = "runs the backend tests of ONNX, which are an extra: pip install 'symconv[suites]'"
onnx = pytest.importorskip("onnx", reason=MISSING)
node_tests = pytest.importorskip("onnx.backend.test.case.node", reason=MISSING)

# What one worker reads, the others need not.
pytestmark = pytest.mark.xdist_group("tests of ONNX")
OPERATORS = {"Conv": "conv", "ConvTranspose": "conv_transpose", "AveragePool": "avg_pool"}
ABOUT = {
    "averagepool": "1d_default 2d_ceil 2d_ceil_last_window_starts_on_pad 2d_default 2d_dilations "
    "2d_pads 2d_pads_count_include_pad 2d_precomputed_pads "
    "2d_precomputed_pads_count_include_pad 2d_precomputed_same_upper 2d_precomputed_strides "
    "2d_same_lower 2d_same_upper 2d_strides 3d_default 3d_dilations_small "
    + " ".join(
        f"3d_dilations_large_count_include_pad_is_{included}_ceil_mode_is_{ceil}"
        for included in (0, 1)
        for ceil in (False, True)
    ),
    "basic_conv": "with_padding without_padding",
    "conv": "with_autopad_same with_strides_and_asymmetric_padding with_strides_no_padding "
    "with_strides_padding",
    "convtranspose": "1d 3d autopad_same dilations group_2 group_2_image_3 kernel_shape "
    "output_shape pad pads",
}
NAMES = [
    "test_convtranspose",
    *(f"test_{about}_{one}" for about, words in ABOUT.items() for one in words.split()),
]
"""The tests about these operators in the release that CI pins (1.23)."""

ROUNDING = {"test_averagepool_2d_ceil_last_window_starts_on_pad": 5e-5}
"""What is published with four decimals."""


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    """Return what is published; the quick run makes no cases of other operators."""

    def import_ours(package: ModuleType) -> None:
        for name in ("averagepool", "conv", "convtranspose"):
            _ = import_module(f"{package.__name__}.{name}")

    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        # Cases of other operators overflow on purpose while they are made.
        warnings.simplefilter("ignore")
        if not LONG:
            patch.setattr(node_tests, "import_recursive", import_ours)
        found = node_tests.collect_testcases(None)
    return {case.name: case for case in found if case.model.graph.node[0].op_type in OPERATORS}


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


def test_the_tests_are_all_there(cases):
    assert sorted(cases) == sorted(NAMES)
    assert len(NAMES) == 37


@quick_rows(12, "the long run computes what ONNX publishes for all 37 of its tests")
@pytest.mark.parametrize("name", NAMES)
def test_the_layer_gives_what_is_published(name, cases):
    layer, sizes = _layer_and_sizes(cases[name])
    assert not _differs(layer, sizes, cases[name])


WRONG = {
    "test_conv_with_strides_and_asymmetric_padding": ("Pw0", "Pw1"),
    "test_conv_with_strides_padding": ("Sh", "Sw"),
    "test_convtranspose_pads": ("Ph0", "Ph1"),
    "test_convtranspose_pad": ("Sh", "Sw"),
}


@pytest.mark.parametrize(("name", "exchanged"), WRONG.items())
def test_exchanged_settings_are_another_layer(name, exchanged, cases):
    layer, sizes = _layer_and_sizes(cases[name])
    given, (one, other) = dict(sizes.given), exchanged
    given[one], given[other] = given[other] + 1, given[one]
    assert _differs(layer, layer.sizes(**given), cases[name])
