"""What one small instance tells of a class: the axes of its weights and of its bias."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from symconv.algebra.evaluation import integer_value
from symconv.errors import SymconvError, UsageError
from symconv.implementations.calling.built_in import BuiltIn, built_in
from symconv.implementations.calling.classes import Class, attribute_of, get, is_made, shape_of
from symconv.implementations.calling.layouts import BIAS, Axes, own_order
from symconv.layers.layer import Layer, Sizes

_CHANNELS, _FILTERS, _TAPS = 3, 2, 4
"""Sizes that tell the axes of weights apart."""


@dataclass(frozen=True, slots=True)
class ClassSample:
    """What one small instance tells of a class.

    Attributes:
        built_in: the layer of a framework that it has inside, or None.
        images: the axes of images for which its first call of forward makes such weights, or
            None where the constructor makes them.
        filters: the axes of its weights, or None.
        bias: the axes of its bias, or None.
        has_bias: whether it has one.
    """

    filters: str | None = None
    bias: str | None = None
    has_bias: bool = True
    images: str | None = None
    built_in: BuiltIn | None = None


def sample(candidate: Class, to_own: Callable[[np.ndarray], Any]) -> ClassSample:
    """Make one small instance and look at its weights.

    Where its constructor makes none, it runs forward once. What raises tells nothing here; it
    will raise again where it counts.

    Args:
        candidate: the class.
        to_own: makes what the class takes of an array.

    Raises:
        UsageError: when the instance has no attribute for its weights, or makes them anew at
            every call of forward.
    """
    taken = candidate.constructor.roles | candidate.forward.roles
    if {"w", "b"} <= taken:
        return ClassSample()
    layer = candidate.keys.layer
    sizes = sample_sizes(layer)
    arrays = _of_axes(Axes(layer=layer), to_own)
    try:
        instance = candidate.constructor.call(candidate.values(arrays, sizes))
    except SymconvError:
        raise
    except Exception:
        return ClassSample(has_bias=layer.weights is not None)
    inside = built_in(instance)
    if layer.weights is None:
        return ClassSample(has_bias=False, built_in=inside)
    if "w" in taken or is_made(instance, "w"):
        return replace(_looked_at(instance, taken, layer), built_in=inside)
    order = own_order(layer)
    first, last = order.images, order.images_last
    for images in (first, last, first[1:], last.replace("N", "")):
        own = _of_axes(Axes(images=images, layer=layer), to_own)
        after = _after_forward(candidate, own, sizes)
        if after is None or not is_made(after, "w"):
            continue
        seen = replace(_looked_at(after, taken, layer), images=images)
        if seen.filters is not None:
            axes = Axes(images, seen.filters, seen.bias or BIAS, layer)
            _ = replace(candidate, bias=seen.has_bias).begun(_of_axes(axes, to_own), sizes)
            return seen
    return replace(_looked_at(instance, taken, layer), built_in=inside)


def _after_forward(candidate: Class, arrays: Mapping[str, Any], sizes: Sizes) -> Any:
    """Return an instance that ran forward once, None where it does not go through."""
    values = candidate.values(arrays, sizes)
    try:
        instance = candidate.constructor.call(values)
        if hasattr(instance, "named_parameters"):
            # What PyTorch makes has 32 bits, and x has 64.
            instance = instance.double()
        _ = candidate.forward.bound(values, getattr(instance, candidate.methods[0]))
    except (Exception, SystemExit):
        return None
    return instance


def _of_axes(axes: Axes, to_own: Callable[[np.ndarray], Any]) -> dict[str, Any]:
    return {
        name: to_own(axes.to_own(name, array)) for name, array in _sample_arrays(axes.layer).items()
    }


def _looked_at(instance: Any, taken: frozenset[str], layer: Layer) -> ClassSample:
    """Return what an instance tells of its weights and its bias.

    Raises:
        UsageError: when it has no attribute for its weights.
    """
    filters = bias = None
    if "w" not in taken:
        owner, name = attribute_of(instance, "w")
        shape = shape_of(get(owner, name))
        filters = _filter_axes(shape, layer)
    has_bias = "b" in taken
    if not has_bias:
        try:
            owner, name = attribute_of(instance, "b")
        except UsageError:
            return ClassSample(filters, None, False)
        shape = shape_of(get(owner, name))
        has_bias = True
        if sorted(shape) == [1] * (len(shape) - 1) + [sample_sizes(layer)["F"]]:
            bias = ",".join("F" if size > 1 else "1" for size in shape)
    return ClassSample(filters, bias, has_bias)


@cache
def sample_sizes(layer: Layer) -> Sizes:
    """Return sizes of a layer that tell the axes of its weights apart."""
    wanted = {"C": _CHANNELS, "F": _FILTERS, "M": _FILTERS}
    for axis in layer.axes:
        wanted |= {axis.input.name: _TAPS + 1, axis.filter.name: _TAPS}
    least = {size.name: layer.minimum.get(size, 1) for size in layer.given}
    return layer.sizes(**{name: wanted.get(name, value) for name, value in least.items()})


def _sample_arrays(layer: Layer) -> dict[str, np.ndarray]:
    """Return arrays of the sizes at which a class is looked at."""
    scope = sample_sizes(layer).by_symbol
    arrays = [one for one in (layer.input, layer.weights, layer.bias) if one is not None]
    return {
        one.name: np.full(
            [int(integer_value(extent, scope)) for extent in one.shape], float(one != layer.input)
        )
        for one in arrays
    }


def _filter_axes(shape: tuple[int, ...], layer: Layer) -> str | None:
    """Return the order of the axes of filters, where their sizes tell it."""
    own, right = own_order(layer), _sample_arrays(layer)["w"].shape
    letter_by_size = dict(zip(right[:2], own.filters, strict=False))
    if sorted(shape) != sorted(right):
        return None
    spatial = iter(own.spatial)
    return "".join(letter_by_size.get(size) or next(spatial) for size in shape)
