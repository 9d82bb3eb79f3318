"""What PyTorch, JAX and symconv compute for a member of the family, gradients included.

Of a layer only the meaning of its sizes is taken for what the frameworks compute: which of them
is a stride, a padding, a dilation. All the rest is the framework's own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import isqrt
from typing import Any

import numpy as np

from symconv.algebra.evaluation import integer_value
from symconv.algebra.indices import as_integer
from symconv.concrete.contractions import Contractions
from symconv.concrete.monomial_tables import Tables
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.layers.layer import Layer, Sizes
from symconv.layers.pooling import PoolingChoices
from symconv.layers.registry import choices_by_name

Arrays = Mapping[str, np.ndarray]
LARGEST = {"float64": 2**53, "float32": 2**24, "float16": 2**11, "bfloat16": 2**8}
"""The largest integer up to which every integer is a number of the dtype."""
JAX_MODES = {"zeros": "constant", "circular": "wrap", "reflect": "reflect", "replicate": "edge"}


def every_sizes(layer: Layer) -> dict[str, Sizes]:
    """Return the sizes of each class of shapes, and those that `verify` takes, by name."""
    classes = {item.name: item.sizes for item in shape_classes(layer)}
    return {**classes, **{text: layer.sizes(text) for text in layer.default_sizes}}


def exact_inputs(layer: Layer, sizes: Sizes, dtype: str) -> dict[str, np.ndarray]:
    """Draw integers, as float64, whose sums of products fit a dtype.

    Where something is divided they are multiples of every divisor, and nothing is multiplied.
    """
    shapes = Contractions(layer, sizes).inputs
    whole = {name: int(np.prod(shape)) for name, shape in shapes.items()}
    channels = {name: shapes[name][1] for name in ("x", "dout")}
    kernel = whole.get("w", int(np.prod([sizes[axis.filter.name] for axis in layer.axes])))
    over_places = max(whole[name] // channels[name] for name in channels)
    over_kernel = kernel // min(channels.values()) if layer.weights else kernel
    factor = layer.multiple(sizes)
    room = LARGEST[dtype] // (factor * (1 + max(over_places, over_kernel)))
    most = min(1000, isqrt(room) if layer.weights else room)
    assert most >= 1, f"no integers are small enough for {dtype} at {sizes}"
    source = random.Random(f"{sizes} {dtype}")
    drawn = {}
    for name, shape in shapes.items():
        values = [factor * source.randint(-most, most) for _ in range(int(np.prod(shape)))]
        drawn[name] = np.array(values, dtype=np.float64).reshape(shape)
    return drawn


def own_answers(
    layer: Layer, sizes: Sizes, arrays: Arrays
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Yield what the formulas, the tables and each loop answer, as float64."""
    results = ("y", *layer.gradient_by_input.values())
    whole = {name: array.astype(np.int64).astype(object) for name, array in arrays.items()}
    formulas = Contractions(layer, sizes).on(arrays if layer.weights else whole)
    yield "formulas", {name: formulas.values(name).astype(float) for name in results}
    tables = Tables(layer, sizes)
    yield "tables", {name: tables.values(name, whole).astype(float) for name in results}
    for loop in layer.loops:
        yield loop.name, {loop.computes: layer.run_loop(loop, dict(arrays), sizes)}


def disagreements(layer: Layer, sizes: Sizes, arrays: Arrays, expected: Arrays) -> list[str]:
    """Name what symconv answers differently at all, in shape or in value, by way and result."""
    answers = [*own_answers(layer, sizes, arrays)]
    assert expected.keys() == {name for way, each in answers if "loop" in way for name in each}
    return [f"{way}: {name}" for way, each in answers for name in differing(each, expected)]


def differing(left: Arrays, right: Arrays) -> list[str]:
    """Name the results that differ at all from those of the same name."""
    return [name for name in left if not np.array_equal(left[name], right[name])]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a member, a tuple of numbers for its axes; an affine layer has none."""

    kernel: tuple[int, ...]
    output: tuple[int, ...]
    stride: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    dilation: tuple[int, ...]
    output_padding: tuple[int, ...]
    groups: int = 1
    mode: str = "zeros"
    transposed: bool = False
    divisor: str = ""
    overhang: bool = False

    @property
    def axes(self) -> int:
        """How many spatial axes there are."""
        return len(self.kernel)

    @property
    def even(self) -> bool:
        """Whether every axis is padded alike on both sides."""
        return self.before == self.after


def settings(layer: Layer, sizes: Sizes) -> Settings:
    """Return the settings of a member of the family at given sizes."""
    choices = choices_by_name(layer.name)
    extents = [
        tuple(int(integer_value(as_integer(part), sizes.by_symbol)) for part in parts)
        for parts in zip(
            *(
                (
                    *(axis.filter, axis.output, axis.stride),
                    *(axis.padding_before, axis.padding_after, axis.dilation, axis.output_padding),
                )
                for axis in layer.axes
            ),
            strict=True,
        )
    ]
    found = partial(Settings, *(extents or [()] * 7))
    if isinstance(choices, PoolingChoices):
        return found(divisor=choices.divisor, overhang=choices.overhang)
    groups = {"dense": 1, "groups": sizes.get("G"), "depthwise": sizes["C"]}[choices.channels]
    return found(groups=groups, mode=choices.mode, transposed=choices.transposed)


def torch_refuses(layer: Layer, sizes: Sizes) -> bool:
    """Tell whether PyTorch refuses to pool: more padding than half, or a window over everything.

    A window over three axes may not be greater than the image without its padding.
    """
    one = settings(layer, sizes)
    image = [sizes[axis.input.name] for axis in layer.axes]
    wide = any(2 * side > reach for side, reach in zip(one.before, one.kernel, strict=True))
    small = any(extent < reach for extent, reach in zip(image, one.kernel, strict=True))
    return bool(one.divisor) and (wide or (one.axes == 3 and small))


def torch_answers(
    torch: Any, layer: Layer, sizes: Sizes, arrays: Arrays, dtype: str
) -> dict[str, np.ndarray]:
    """Return y and the gradients that autograd gives, as float64."""
    given = {
        name: torch.tensor(values, dtype=getattr(torch, dtype), requires_grad=name != "dout")
        for name, values in arrays.items()
    }
    dout = given.pop("dout")
    y = _torch_forward(torch.nn.functional, settings(layer, sizes), **given)
    gradients = torch.autograd.grad(y, tuple(given.values()), dout)
    answers = {"y": y, **dict(zip((f"dL/d{name}" for name in given), gradients, strict=True))}
    return {name: value.detach().to(torch.float64).numpy() for name, value in answers.items()}


def _torch_forward(functional: Any, one: Settings, x: Any, w: Any = None, b: Any = None) -> Any:
    if not one.axes:
        return functional.linear(x, w, b)
    sides = [side for pair in zip(one.before, one.after, strict=True) for side in pair][::-1]
    # The last axis comes first, and of each axis the side before it.
    pads = [side for k in range(0, len(sides), 2) for side in (sides[k + 1], sides[k])]
    if one.divisor:
        return getattr(functional, f"avg_pool{one.axes}d")(
            x,
            one.kernel,
            one.stride,
            one.before,
            ceil_mode=one.overhang,
            count_include_pad=one.divisor == "positions",
        )
    shared = {"dilation": one.dilation, "groups": one.groups}
    if one.transposed:
        convolution = getattr(functional, f"conv_transpose{one.axes}d")
        if one.even:
            rest = {"padding": one.before, "output_padding": one.output_padding}
            return convolution(x, w, b, stride=one.stride, **rest, **shared)
        whole = convolution(x, w, None, stride=one.stride, **shared)
        added = zip(pads[1::2], one.output_padding[::-1], strict=True)
        kept = [-side for side in pads]
        kept[1::2] = [extra - side for side, extra in added]
        y = functional.pad(whole, kept)
        return y if b is None else y + b.reshape(-1, *[1] * one.axes)
    convolution = getattr(functional, f"conv{one.axes}d")
    if one.mode == "zeros" and one.even:
        return convolution(x, w, b, stride=one.stride, padding=one.before, **shared)
    padded = functional.pad(x, pads, mode="constant" if one.mode == "zeros" else one.mode)
    return convolution(padded, w, b, stride=one.stride, **shared)


# Limit: in three classes of conv2d and in some of other members XLA's simplifier (in jaxlib
# 0.10.2) exchanges the operands of the gradient's convolution, finds that "Window dimensions do
# not match RHS shape", and aborts the process. The pass makes code faster and does not define
# what it computes, so it is left out; so are optimisations, which take longer here than what
# they make faster.
COMPILED_WITH = {"xla_disable_hlo_passes": "algsimp", "xla_backend_optimization_level": 0}


def jax_answers(
    jax: Any, layer: Layer, sizes: Sizes, arrays: Arrays, dtype: str
) -> dict[str, np.ndarray]:
    """Return y and the gradients that the vector-Jacobian product gives, as float64."""
    names = [name for name in arrays if name != "dout"]
    chosen = settings(layer, sizes)

    def forward_and_backward(dout: Any, *given: Any) -> Any:
        forward = partial(_jax_forward, jax, chosen)
        y, pull_back = jax.vjp(lambda *each: forward(**dict(zip(names, each, strict=True))), *given)
        return (y, *pull_back(dout))

    given = [jax.numpy.asarray(arrays[name], dtype=dtype) for name in ("dout", *names)]
    compiled = jax.jit(forward_and_backward).lower(*given).compile(compiler_options=COMPILED_WITH)
    results = compiled(*given)
    assert {str(result.dtype) for result in results} == {dtype}
    answers = zip(("y", *(f"dL/d{name}" for name in names)), results, strict=True)
    return {name: np.asarray(value, dtype=np.float64) for name, value in answers}


def _jax_forward(jax: Any, one: Settings, x: Any, w: Any = None, b: Any = None) -> Any:
    numpy, lax = jax.numpy, jax.lax
    if not one.axes:
        y = x @ w.T
        return y if b is None else y + b
    letters = "DHW"[3 - one.axes :]
    sides = list(zip(one.before, one.after, strict=True))
    if one.divisor:
        return _jax_pooling(jax, one, x)
    orders = (f"NC{letters}", f"OI{letters}", f"NC{letters}")
    settled: dict[str, Any] = {"window_strides": one.stride, "padding": sides}
    if one.transposed:
        channels, filters = w.shape[0] // one.groups, w.shape[1]
        split = w.reshape(one.groups, channels, filters, *one.kernel).swapaxes(1, 2)
        w = numpy.flip(split.reshape(-1, channels, *one.kernel), range(2, 2 + one.axes))
        reach = [d * (k - 1) for d, k in zip(one.dilation, one.kernel, strict=True)]
        settled = {
            "window_strides": (1,) * one.axes,
            "lhs_dilation": one.stride,
            "padding": [
                (far - before, far - after + extra)
                for far, (before, after), extra in zip(
                    reach, sides, one.output_padding, strict=True
                )
            ],
        }
    elif one.mode != "zeros":
        x = numpy.pad(x, [(0, 0), (0, 0), *sides], mode=JAX_MODES[one.mode])
        settled["padding"] = [(0, 0)] * one.axes
    y = lax.conv_general_dilated(
        x,
        w,
        rhs_dilation=one.dilation,
        feature_group_count=one.groups,
        dimension_numbers=orders,
        **settled,
    )
    return y if b is None else y + b.reshape(-1, *[1] * one.axes)


def _jax_pooling(jax: Any, one: Settings, x: Any) -> Any:
    """Divide the sum over each window by the sum over the same window of ones."""

    def sums(values: Any, sides: list[tuple[int, int]]) -> Any:
        window, strides = (1, 1, *one.kernel), (1, 1, *one.stride)
        pads = [(0, 0), (0, 0), *sides]
        # A sum over windows has no negative padding, so that what is over is cut off first.
        cut = tuple(slice(None, after if after < 0 else None) for _, after in pads)
        sides = [(before, max(after, 0)) for before, after in pads]
        return jax.lax.reduce_window(values[cut], 0.0, jax.lax.add, window, strides, sides)

    def behind(extent: int, axis: int) -> int:
        reached = (one.output[axis] - 1) * one.stride[axis] + one.kernel[axis]
        return reached - one.before[axis] - extent

    extents = list(enumerate(x.shape[2:]))
    sides = [(one.before[axis], behind(extent, axis)) for axis, extent in extents]
    counted = jax.numpy.ones_like(x)
    if one.divisor == "positions":
        both = zip(one.before, one.after, strict=True)
        counted = jax.numpy.pad(counted, [(0, 0), (0, 0), *both], constant_values=1)
        sides_of_ones = [(0, after - one.after[axis]) for axis, (_, after) in enumerate(sides)]
    else:
        sides_of_ones = sides
    return sums(x, sides) / sums(counted, sides_of_ones)
