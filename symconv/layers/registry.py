"""The layers that symconv ships, by name: the one door to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from symconv.algebra.expressions import Array
from symconv.algebra.indices import Size
from symconv.errors import UsageError
from symconv.layers.convolution.two_dimensional import conv2d
from symconv.layers.layer import Layer, Vocabulary

LAYERS: dict[str, Callable[[], Layer]] = {"conv2d": conv2d}
"""How each layer is made, by its name."""


def default_layer() -> Layer:
    """Return the layer that is meant where none is named."""
    return conv2d()


def default_vocabulary() -> Vocabulary:
    """Return what the symbols of the default layer stand for."""
    vocabulary = default_layer().vocabulary
    assert vocabulary is not None, "the default layer says what its symbols stand for"
    return vocabulary


def layer_by_name(name: str) -> Layer:
    """Return a layer by its name.

    Raises:
        UsageError: when there is none of that name.
    """
    if name not in LAYERS:
        raise UsageError(
            f"unknown layer {name!r}",
            code="unknown-layer",
            help=f"the layers are {', '.join(LAYERS)}; without one, declare sizes and arrays",
        )
    return LAYERS[name]()


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
