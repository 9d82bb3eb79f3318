"""PyTorch's own sample inputs for its layers of the family, on integers of our own, exactly.

The table of samples is private to PyTorch, so this is tied to the release that CI pins.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from math import lcm, prod
from typing import Any

import numpy as np
import pytest

from symconv.concrete.contractions import Contractions
from symconv.errors import SizesError
from symconv.layers.layer import Layer, Sizes
from symconv.layers.registry import layer_by_name
from tests.runs import quick_rows

torch = pytest.importorskip(
    "torch", reason="runs PyTorch's samples; PyTorch is an extra: pip install 'symconv[torch]'"
)
PINNED = "2.13"
if not torch.__version__.startswith(PINNED):
    pytest.skip(
        f"PyTorch's table of samples is private, and this reads that of {PINNED}; "
        f"{torch.__version__} is installed: pip install 'torch=={PINNED}.*'",
        allow_module_level=True,
    )
# What one worker reads, the others need not.
pytestmark = pytest.mark.xdist_group("samples of PyTorch")

OPERATORS = {
    **{f"conv{axes}d": axes for axes in (1, 2, 3)},
    **{f"conv_transpose{axes}d": axes for axes in (1, 2, 3)},
    **{f"avg_pool{axes}d": axes for axes in (1, 2, 3)},
    "linear": 0,
}
COUNTS = {
    "conv1d": 10,
    "conv2d": 30,
    "conv3d": 20,
    "conv_transpose1d": 10,
    "conv_transpose2d": 12,
    "conv_transpose3d": 10,
    "avg_pool1d": 9,
    "avg_pool2d": 7,
    "avg_pool3d": 8,
    "linear": 18,
}
"""So many samples PyTorch 2.13 has for them."""
KEYS = [f"{name}-{number}" for name, count in COUNTS.items() for number in range(count)]
POOLING = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override")


@pytest.fixture(scope="module")
def samples() -> dict[str, tuple[str, Any]]:
    table = pytest.importorskip(
        "torch.testing._internal.common_methods_invocations",
        reason="PyTorch's samples need expecttest: pip install 'symconv[suites]'",
    )
    found = {}
    for item in table.op_db:
        name = item.name.removeprefix("nn.functional.")
        if item.name.startswith("nn.functional.") and name in OPERATORS:
            inputs = item.sample_inputs("cpu", torch.float64, requires_grad=False)
            found |= {f"{name}-{number}": (name, one) for number, one in enumerate(inputs)}
    return found


def _each(value: Any, axes: int) -> list[int]:
    parts = list(value) if isinstance(value, tuple | list) else [value]
    return parts * axes if len(parts) == 1 else parts


def _along(axes: int, values: Mapping[str, list[int]]) -> dict[str, int]:
    """Name one value of each axis; ``#`` stands for the letter of the axis."""
    letters = "ZHW"[3 - axes :]
    return {
        name.replace("##", letter * 2).replace("#", letter).replace("@", letter.lower()): value
        for name, parts in values.items()
        for letter, value in zip(letters, parts, strict=True)
    }


def _convolution(name: str, sample: Any) -> tuple[Layer, Sizes, tuple[int, ...]]:
    """Return the layer, its sizes, and the shape of x with its batch."""
    axes, transposed = OPERATORS[name], "transpose" in name
    weight, bias = (*sample.args, None)[:2]
    x = tuple(sample.input.shape)
    x = x if len(x) == axes + 2 else (1, *x)
    settings = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0}
    settings |= sample.kwargs
    padding, words = settings["padding"], ["strides", "dilation", "groups"]
    words.append(padding if padding in ("same", "valid") else "sides")
    words += ["output_padding"] if transposed else []
    words += [] if bias is not None else ["no_bias"]
    sides = [0] * axes if isinstance(padding, str) else _each(padding, axes)
    values = {
        "N": x[0],
        "C": x[1],
        "F": weight.shape[1] * settings["groups"] if transposed else weight.shape[0],
        "G": settings["groups"],
        **_along(
            axes,
            {
                "#": list(x[2:]),
                "##": list(weight.shape[2:]),
                "S@": _each(settings["stride"], axes),
                "D@": _each(settings["dilation"], axes),
                "P@0": sides,
                "P@1": sides,
                "O@": _each(settings["output_padding"], axes),
            },
        ),
    }
    layer = layer_by_name(f"{name} {' '.join(words)}")
    return layer, layer.sizes(**{size.name: values[size.name] for size in layer.given}), x


def _pooling(name: str, sample: Any) -> tuple[Layer, Sizes, tuple[int, ...]]:
    axes, x = OPERATORS[name], tuple(sample.input.shape)
    settings: dict[str, Any] = {"stride": None, "padding": 0, "ceil_mode": False}
    settings |= {"count_include_pad": True, "divisor_override": None}
    settings |= dict(zip(POOLING, sample.args, strict=False)) | sample.kwargs
    kernel = _each(settings["kernel_size"], axes)
    override = settings["divisor_override"]
    words = ["strides", "paddings"]
    words += ["ceil"] if settings["ceil_mode"] else []
    if override is not None:
        words.append("divisor")
    elif not settings["count_include_pad"]:
        words.append("exclude_padding")
    values = {
        "N": x[0],
        "C": x[1],
        "V": override,
        **_along(
            axes,
            {
                "#": list(x[2:]),
                "##": kernel,
                "S@": _each(settings["stride"] or kernel, axes),
                "P@": _each(settings["padding"], axes),
            },
        ),
    }
    layer = layer_by_name(f"{name} {' '.join(words)}")
    return layer, layer.sizes(**{size.name: values[size.name] for size in layer.given}), x


def _affine(sample: Any) -> tuple[Layer, Sizes, tuple[int, ...]]:
    weight = sample.args[0]
    rows = prod(sample.input.shape[:-1])
    layer = layer_by_name("linear" if len(sample.args) > 1 else "linear no_bias")
    sizes = layer.sizes(N=rows, C=weight.shape[1], F=weight.shape[0])
    return layer, sizes, (rows, weight.shape[1])


def _asked(name: str, sample: Any) -> tuple[Layer, Sizes, tuple[int, ...]]:
    if name == "linear":
        return _affine(sample)
    return (_pooling if "pool" in name else _convolution)(name, sample)


def _drawn(layer: Layer, sizes: Sizes, seed: str) -> dict[str, np.ndarray]:
    """Draw integers; those of a pooling are divided by whatever a window may have."""
    source = random.Random(seed)
    multiple = prod(lcm(*range(1, sizes[axis.filter.name] + 1)) for axis in layer.axes)
    factor = 1 if layer.weights else lcm(multiple, sizes.get("V", 1))
    return {
        name: np.array(
            [factor * source.randint(-9, 9) for _ in range(prod(shape))], dtype=np.float64
        ).reshape(shape)
        for name, shape in Contractions(layer, sizes).inputs.items()
    }


def _torch_answers(name: str, sample: Any, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    tensors = {
        key: torch.tensor(value, requires_grad=key != "dout") for key, value in arrays.items()
    }
    x = tensors["x"].reshape(sample.input.shape)
    rest = [tensors[key] for key in ("w", "b") if key in tensors]
    rest = rest or list(sample.args)
    y = getattr(torch.nn.functional, name)(x, *rest, **sample.kwargs)
    y.backward(tensors["dout"].reshape(y.shape))
    answers = {f"dL/d{key}": tensors[key].grad.numpy() for key in tensors if key != "dout"}
    return {"y": y.detach().numpy().reshape(arrays["dout"].shape), **answers}


def _own_answers(layer: Layer, sizes: Sizes, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    exact = {name: array.astype(np.int64).astype(object) for name, array in arrays.items()}
    formulas = Contractions(layer, sizes).on(exact)
    return {name: formulas.values(name) for name in ("y", *layer.gradient_by_input.values())}


def test_the_samples_are_all_there(samples):
    assert sorted(samples) == sorted(KEYS)
    assert len(KEYS) == 134


UNEXPRESSED = {
    "no image": "a layer has one image at least",
    "a negative divisor": "what is divided by is a size, at least 1",
}


def _reason(sample: Any) -> str | None:
    """Say why a sample cannot be expressed, as a key of the table above."""
    given = dict(zip(POOLING, sample.args, strict=False)) | sample.kwargs
    if isinstance(given.get("divisor_override"), int) and given["divisor_override"] < 0:
        return "a negative divisor"
    return "no image" if 0 in sample.input.shape else None


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@quick_rows(30, "the long run compares with all of PyTorch's samples")
@pytest.mark.parametrize("key", KEYS)
def test_torch_gives_what_the_layer_gives(key, samples):
    name, sample = samples[key]
    if _reason(sample) is not None:
        with pytest.raises(SizesError, match="must be at least 1"):
            _ = _asked(name, sample)
        return
    layer, sizes, _ = _asked(name, sample)
    arrays = _drawn(layer, sizes, key)
    ours, theirs = _own_answers(layer, sizes, arrays), _torch_answers(name, sample, arrays)
    assert ours.keys() == theirs.keys()
    assert [one for one in ours if not np.array_equal(ours[one], theirs[one])] == []


def test_what_cannot_be_expressed_is_little(samples):
    reasons = [reason for _, sample in samples.values() if (reason := _reason(sample))]
    assert {*reasons} == {*UNEXPRESSED}
    assert len(reasons) == 8
