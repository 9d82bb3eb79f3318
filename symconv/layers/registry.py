"""The layers that symconv ships, by name: the one place where a layer is looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from symconv.algebra.expressions import Array
from symconv.algebra.indices import Size
from symconv.layers.convolution.two_dimensional import conv2d
from symconv.layers.layer import Layer

LAYERS: dict[str, Callable[[], Layer]] = {"conv2d": conv2d}
"""How each layer is made, by its name."""


def layer_with(arrays: Iterable[Array], sizes: Iterable[Size]) -> Layer | None:
    """Return the first layer that has all of the arrays, by name and shape, and all sizes."""
    wanted, needed = list(arrays), set(sizes)
    for make in LAYERS.values():
        layer = make()
        known = layer.array_by_name
        has_sizes = needed <= {*layer.given, *(derived.size for derived in layer.derived)}
        if has_sizes and all(known.get(array.name) == array for array in wanted):
            return layer
    return None
