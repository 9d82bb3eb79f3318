"""The order of axes at the edge between the layer and somebody's code, and what it leaves out.

The layer has images as N, C, H, W, filters as O, I, H, W and the bias as one axis. An
implementation may have its own order, no batch axis, or axes of length 1 beside the bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from symconv.algebra.indices import Condition, equal
from symconv.errors import UsageError
from symconv.implementations.calling.results import NoArray
from symconv.implementations.model import LAYER, Layouts, WrongAxes

IMAGES = "NCHW"
FILTERS = "OIHW"
BIAS = "F"
SAME: Final = "same"
Padding: TypeAlias = int | Literal["same"]
"""A padding that code has built in: a number, or half of a filter of odd size."""

_HEIGHT, _WIDTH = LAYER.axes
_KIND_BY_ROLE = {
    **dict.fromkeys((LAYER.input, LAYER.output, LAYER.upstream), "images"),
    LAYER.weights: "filters",
    LAYER.bias: "bias",
}
_KIND_BY_NAME = {
    name: kind
    for array, kind in _KIND_BY_ROLE.items()
    for name in (str(array), LAYER.gradient_by_input.get(str(array)))
    if name is not None
}


@dataclass(frozen=True, slots=True)
class Axes:
    """The order of axes of an implementation, and the way to it and back.

    Attributes:
        images: the axes of x, y and their gradients, a permutation of NCHW or of CHW.
        filters: the axes of w and its gradient, a permutation of OIHW.
        bias: the axes of b and its gradient, one of them F, the others 1: ``1,1,1,F``.
    """

    images: str = IMAGES
    filters: str = FILTERS
    bias: str = BIAS

    def __post_init__(self) -> None:
        _check(self.images, ("NCHW", "CHW"), "images", "NCHW, NHWC, CHW or HWC")
        _check(self.filters, ("OIHW",), "filters", "OIHW or HWIO (O: filter, I: channel)")
        if sorted(set(self.bias.split(","))) not in (["F"], ["1", "F"]) or (
            self.bias.count("F") != 1
        ):
            raise UsageError(
                f"the bias cannot have the shape {self.bias!r}",
                help="write F, or F with axes of length 1, such as 1,1,1,F",
            )

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
        if array.ndim != (1 if name == str(LAYER.bias) else 4):
            return array.copy()
        match _KIND_BY_NAME[name]:
            case "images":
                given = array if self.has_batch else array[0]
                order = [("NCHW" if self.has_batch else "CHW").index(axis) for axis in self.images]
            case "filters":
                given, order = array, [FILTERS.index(axis) for axis in self.filters]
            case _:
                axes = [-1 if axis == "F" else 1 for axis in self.bias.split(",")]
                given, order = array.reshape(axes), list(range(len(axes)))
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
                own, axes = self.images, "NCHW" if self.has_batch else "CHW"
            case "filters":
                own, axes = self.filters, FILTERS
            case _:
                return self._bias_from_own(array)
        if array.ndim == len(own):
            turned = array.transpose([own.index(axis) for axis in axes])
            return turned if len(axes) == 4 else turned[np.newaxis]
        if array.ndim == 4:
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
    found: list[tuple[Condition, str]] = []
    if not axes.has_batch:
        assert LAYER.images is not None, "the layer has a batch axis"
        found.append((equal(LAYER.images, 1), f"images are {axes.images}, without a batch axis"))
    if square:
        found.append((equal(_HEIGHT.input, _WIDTH.input), "images are square"))
        found.append(square_filters("filters are square"))
    if stride is not None:
        found.append((equal(_HEIGHT.stride, stride[0]), stride[1]))
    if padding is not None:
        how, why = padding
        height, width = (equal(a.filter, 2 * a.padding_before + 1) for a in LAYER.axes)
        same = height & width
        found.append((same if how == SAME else equal(_HEIGHT.padding_before, how), why))
    return tuple(found)


def square_filters(reason: str) -> tuple[Condition, str]:
    """Return the restriction of an implementation whose filters have one size for both axes."""
    return equal(_HEIGHT.filter, _WIDTH.filter), reason


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
