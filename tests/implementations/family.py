"""The loops of a member of the family as somebody's code: called by settings, not by sizes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from symconv.algebra.indices import Size
from symconv.layers.layer import Layer, Sizes

_SETTINGS = {
    "stride": lambda axis: (axis.stride,),
    "padding": lambda axis: (axis.padding_before, axis.padding_after),
    "dilation": lambda axis: (axis.dilation,),
    "output_padding": lambda axis: (axis.output_padding,),
    "kernel_size": lambda axis: (axis.filter,),
}


def own_loops(layer: Layer) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the layer's loops as ``conv_forward(x, w, b, stride, ...)`` and its backward pass."""
    loops = {loop.computes: loop for loop in layer.loops}
    arrays = [one.name for one in (layer.input, layer.weights, layer.bias) if one is not None]
    given = {str(size) for size in layer.given}
    settings = [
        name
        for name, sizes in _SETTINGS.items()
        if any(str(size) in given for axis in layer.axes for size in sizes(axis))
        and (layer.weights is None or name != "kernel_size")
    ]
    settings += ["groups"] if "G" in given else []

    def values(named: dict[str, Any]) -> dict[str, int]:
        """Return every size, read from shapes and settings as people's code reads them."""
        found: dict[str, int] = {}
        for array in (layer.input, layer.weights):
            shape = () if array is None else array.shape
            for size, extent in zip(shape, named[array.name].shape if shape else (), strict=True):
                if isinstance(size, Size) and str(size) in given | {"F"}:
                    found.setdefault(str(size), extent)
        if "F" not in found and layer.bias is not None and "b" in named:
            found["F"] = named["b"].shape[0]
        for name in settings:
            if name == "groups":
                found["G"] = named[name]
                continue
            value = named[name]
            parts = value if isinstance(value, tuple) else (value,) * len(layer.axes)
            if len(layer.axes) == 1:
                parts = (value,)
            for axis, part in zip(layer.axes, parts, strict=True):
                sides = part if isinstance(part, tuple) else (part, part)
                for size, one in zip(_SETTINGS[name](axis), sides, strict=False):
                    if str(size) in given and found.setdefault(str(size), one) != one:
                        raise ValueError(f"{name} {value} has parts that are not equal")
        if "G" in given and any(axis.transposed for axis in layer.axes):
            found["F"] = named["w"].shape[1] * found["G"]
        if "M" in given:
            found["M"] = max(found.pop("F", 0) // found["C"], named["w"].shape[1])
        return {str(size): found[str(size)] for size in layer.given}

    @cache
    def sizes(given: tuple[tuple[str, int], ...]) -> Sizes:
        return layer.sizes(**dict(given))

    def run(result: str, named: dict[str, Any]) -> Any:
        loop = loops[result]
        return layer.run_loop(loop, named, sizes(tuple(values(named).items())))

    def forward(*positional: Any, **keywords: Any) -> Any:
        return run("y", dict(forward.__signature__.bind(*positional, **keywords).arguments))

    def backward(*positional: Any, **keywords: Any) -> Any:
        named = dict(backward.__signature__.bind(*positional, **keywords).arguments)
        return tuple(run(result, named) for result in layer.gradient_by_input.values())

    forward.__signature__ = _signature([*arrays, *settings])
    backward.__signature__ = _signature(["dout", *arrays, *settings])
    return forward, backward


def _signature(names: list[str]) -> inspect.Signature:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature(
        [
            inspect.Parameter(name, kind, annotation="int | tuple[int, ...]")
            if name in _SETTINGS
            else inspect.Parameter(name, kind)
            for name in names
        ]
    )
