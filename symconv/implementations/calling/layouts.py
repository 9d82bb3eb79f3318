"""The order of axes at the edge between the layer and somebody's code, and what it leaves out.

A layer of two axes has images as N, C, H, W, filters as O, I, H, W (a transposed one as I, O, H,
W) and the bias as one axis; one axis has W alone, three have D, H and W. An implementation may
have its own order, no batch axis, or axes of length 1 beside the bias.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from operator import and_
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from symconv.algebra.indices import Condition, IntegerExpression, Size, equal
from symconv.code.names import PADDING
from symconv.errors import UsageError
from symconv.implementations.calling.results import NoArray
from symconv.implementations.model import Layouts, WrongAxes
from symconv.layers.layer import Layer
from symconv.layers.registry import default_layer

BIAS = "F"
OWN: Final = "own"
"""The axes of the layer, in its own order."""
_SPATIAL = "DHW"
LAYERS_KEPT = 16
_SIDES = ("padding_before", "padding_after")
SAME: Final = "same"
Padding: TypeAlias = int | Literal["same"]
"""A padding that code has built in: a number, or half of a filter of odd size."""

_KIND_BY_NAME = {
    **dict.fromkeys(("x", "y", "dout", "dL/dx"), "images"),
    **dict.fromkeys(("w", "dL/dw"), "filters"),
    **dict.fromkeys(("b", "dL/db"), "bias"),
}


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """The order in which a layer has its axes, and the usual one with the channels last.

    Attributes:
        spatial: the spatial axes: ``HW``.
        images: the axes of images: ``NCHW``.
        filters: the axes of filters: ``OIHW``, of a transposed layer ``IOHW``.
        images_last: the axes of images with the channels last: ``NHWC``.
        filters_last: those of the filters that go with them: ``HWIO``.
    """

    spatial: str
    images: str
    filters: str
    images_last: str
    filters_last: str


@lru_cache(LAYERS_KEPT)
def own_order(layer: Layer) -> OwnOrder:
    """Return the order in which a layer has its axes."""
    spatial = _SPATIAL[len(_SPATIAL) - len(layer.axes) :]
    filters = "IO" if any(axis.transposed for axis in layer.axes) else "OI"
    return OwnOrder(
        spatial, f"NC{spatial}", filters + spatial, f"N{spatial}C", spatial + filters[::-1]
    )


@dataclass(frozen=True, slots=True)
class Axes:
    """The order of axes of an implementation, and the way to it and back.

    Attributes:
        images: the axes of x, y and their gradients, a permutation of NCHW or of CHW; those of
            the layer where nothing is said.
        filters: the axes of w and its gradient, a permutation of OIHW; those of the layer where
            nothing is said.
        bias: the axes of b and its gradient, one of them F, the others 1: ``1,1,1,F``.
        layer: whose arrays they are.
    """

    images: str = OWN
    filters: str = OWN
    bias: str = BIAS
    layer: Layer = field(default_factory=default_layer)

    def __post_init__(self) -> None:
        own = self.own
        object.__setattr__(self, "images", own.images if self.images == OWN else self.images)
        object.__setattr__(self, "filters", own.filters if self.filters == OWN else self.filters)
        images = (own.images, own.images_last, own.images[1:], own.images_last[1:])
        _check(self.images, (own.images, own.images[1:]), "images", _choice(images))
        filters = f"{_choice((own.filters, own.filters_last))} (O: filter, I: channel)"
        _check(self.filters, (own.filters,), "filters", filters)
        if sorted(set(self.bias.split(","))) not in (["F"], ["1", "F"]) or (
            self.bias.count("F") != 1
        ):
            raise UsageError(
                f"the bias cannot have the shape {self.bias!r}",
                help="write F, or F with axes of length 1, such as 1,1,1,F",
            )

    @property
    def own(self) -> OwnOrder:
        """The order in which the layer has them."""
        return own_order(self.layer)

    @property
    def has_batch(self) -> bool:
        """Whether images have a batch axis."""
        return "N" in self.images

    @property
    def described(self) -> Layouts:
        """The part of it that a `Description` holds."""
        return Layouts(self.images, self.filters)

    def to_own(self, name: str, array: np.ndarray) -> np.ndarray:
        """Return a copy of an array of the layer in the implementation's order of axes.

        An array of another rank belongs to another layer, and is given as it is.
        """
        kind, own = _KIND_BY_NAME[name], self.own
        if array.ndim != (1 if kind == "bias" else len(own.images)):
            return array.copy()
        match kind:
            case "images":
                given = array if self.has_batch else array[0]
                axes = own.images if self.has_batch else own.images[1:]
                order = [axes.index(axis) for axis in self.images]
            case "filters":
                given, order = array, [own.filters.index(axis) for axis in self.filters]
            case _:
                shape = [-1 if axis == "F" else 1 for axis in self.bias.split(",")]
                given, order = array.reshape(shape), list(range(len(shape)))
        return given.transpose(order).copy()

    def from_own(self, name: str, array: np.ndarray) -> np.ndarray:
        """Return an array of the implementation in the layer's order of axes.

        An array whose shape does not fit is given back as it is, for others to call wrong.

        Raises:
            WrongAxes: when it has the wrong rank for the implementation's own order of axes,
                but one that fits the layer's: it must not pass for right.
        """
        match _KIND_BY_NAME[name]:
            case "images":
                own = self.images
                axes = self.own.images if self.has_batch else self.own.images[1:]
            case "filters":
                own, axes = self.filters, self.own.filters
            case _:
                return self._bias_from_own(array)
        full = len(self.own.images)
        if array.ndim == len(own):
            turned = array.transpose([own.index(axis) for axis in axes])
            return turned if len(axes) == full else turned[np.newaxis]
        if array.ndim == full:
            raise WrongAxes(f"its shape is {array.shape}, but the axes are {', '.join(own)}")
        return array

    def _bias_from_own(self, array: np.ndarray) -> np.ndarray:
        axes = self.bias.split(",")
        place = axes.index("F")
        fits = array.ndim == len(axes) and array.size == array.shape[place]
        if fits:
            return array.reshape(-1)
        if array.ndim == 1:
            raise WrongAxes(f"its shape is {array.shape}, but the bias has ({self.bias})")
        return array


def array_of(value: Any) -> np.ndarray:
    """Return what a function gave as a NumPy array.

    Tensors and nested lists of numbers count as arrays.

    Raises:
        ValueError: when it is nothing of the kind.
    """
    if isinstance(value, NoArray):
        raise ValueError(value.reason)
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, list):
        return _array_of_list(value)
    kind = type(value).__name__
    if hasattr(value, "__array__") or isinstance(value, (int, float)):
        array = np.asarray(value)
        if array.dtype.kind in "OUSVmM" and not hasattr(value, "dtype"):
            raise ValueError(f"a value of type {kind} is no array of numbers")
        return array
    raise ValueError(f"a value of type {kind} is no array")


def restrictions(
    axes: Axes,
    *,
    square: bool,
    stride: tuple[int, str] | None = None,
    padding: tuple[Padding, str] | None = None,
) -> tuple[tuple[Condition, str], ...]:
    """Return the conditions on sizes that an implementation imposes, each with its reason.

    Args:
        axes: the order of its axes.
        square: whether it takes square images and filters only.
        stride: the only stride that it has, and why.
        padding: the only padding that it has, or half of the filter, and why.
    """
    layer = axes.layer
    found: list[tuple[Condition, str]] = []
    if not axes.has_batch:
        assert layer.images is not None, "the layer has a batch axis"
        found.append((equal(layer.images, 1), f"images are {axes.images}, without a batch axis"))
    if square:
        found += alike((axis.input for axis in layer.axes), "images are square")
        found += alike((axis.filter for axis in layer.axes), "filters are square")
    if stride is not None:
        strides = settings_of(layer, "stride")
        found += [(equal(one, stride[0]), stride[1]) for one in strides]
    if padding is not None:
        how, why = padding
        if how == SAME:
            halves = (
                equal(axis.filter, 2 * axis.padding_before + 1)
                for axis in layer.axes
                if axis.padding_before in layer.given
            )
            found += [(reduce(and_, one), why) for one in [[*halves]] if one]
        else:
            # What follows from other sizes, as the padding of "same" does, is nobody's to choose.
            found += [(equal(one, how), why) for one in settings_of(layer, PADDING)]
    return tuple(found)


def settings_of(layer: Layer, role: str) -> list[Size]:
    """Return the sizes that a setting has along the axes, each once."""
    parts = _SIDES if role == PADDING else (role,)
    found = dict.fromkeys(getattr(axis, part) for axis in layer.axes for part in parts)
    return [size for size in found if isinstance(size, Size) and size in layer.given]


def alike(sizes: Iterable[IntegerExpression], reason: str) -> list[tuple[Condition, str]]:
    """Return the restrictions of an implementation that has one size for all axes."""
    different = list(dict.fromkeys(sizes))
    return [(equal(different[0], one), reason) for one in different[1:]]


def _choice(names: Iterable[str]) -> str:
    *others, last = dict.fromkeys(names)
    return f"{', '.join(others)} or {last}" if others else last


def _array_of_list(value: list[Any]) -> np.ndarray:
    try:
        array = np.array(value, dtype=object)
        # NumPy would turn integers of Python that do not fit into floats, which round.
        exact = all(type(item) is int for item in array.flat)
        return array if exact else np.array(value)
    except ValueError as error:
        raise ValueError("a list whose rows differ in length is no array") from error


def _check(axes: str, accepted: tuple[str, ...], what: str, examples: str) -> None:
    if not any(sorted(axes) == sorted(letters) for letters in accepted):
        raise UsageError(
            f"the axes of {what} cannot be {axes!r}", code="layout", help=f"write {examples}"
        )
