"""The loops of every member of the family, generic in dtype.

They are the post's loops for windows of several axes, dilated, with grouped channels, other
paddings, and the other way round for a transposed layer. Nothing but slices, products and sums
is used, so that numbers, SymPy expressions and traced entries run through them unchanged.

Shapes: see `frame`. Units: strides, paddings and dilations count positions.

Source: derived here, along the post's listings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias, assert_never

import numpy as np

from symconv.algebra.evaluation import integer_value
from symconv.algebra.indices import IntegerLike, Symbol, as_integer
from symconv.layers.axis import Axis
from symconv.layers.convolution.frame import LayerFrame
from symconv.layers.convolution.grouping import C
from symconv.layers.convolution.loops import bias_gradient
from symconv.layers.convolution.member_choices import PaddingMode
from symconv.layers.layer import Loop

Positions: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AxisNumbers:
    """One axis in numbers.

    Attributes:
        windows: the number of windows.
        moved_on: the extent of the side on which they move, without padding.
        filter: the extent of the filter.
        stride: from the start of a window to that of the next.
        dilation: from an entry of a window to the next.
        before: the padding before the side on which windows move.
        after: the padding after it.
        mode: what the padding holds.
    """

    windows: int
    moved_on: int
    filter: int
    stride: int
    dilation: int
    before: int
    after: int
    mode: PaddingMode

    @property
    def padded(self) -> int:
        """The extent of the side on which windows move, with its padding."""
        return self.before + self.moved_on + self.after

    @property
    def middle(self) -> slice:
        """The padded positions that are no padding."""
        return slice(self.before, self.before + self.moved_on)

    def window(self, number: int) -> slice:
        """Return the padded positions of one window."""
        start = self.stride * number
        return slice(start, start + self.dilation * (self.filter - 1) + 1, self.dilation)

    def met(self, tap: int) -> slice:
        """Return the padded positions that one entry of the filter meets, window by window."""
        start = self.dilation * tap
        return slice(start, start + self.stride * (self.windows - 1) + 1, self.stride)

    def source(self, position: int) -> int:
        """Return the unpadded position whose entry a padded position holds."""
        here, last = position - self.before, self.moved_on - 1
        match self.mode:
            case "zeros":
                return here
            case "circular":
                return here % self.moved_on
            case "reflect":
                return last - abs(last - abs(here))
            case "replicate":
                return min(max(here, 0), last)
            case _:
                assert_never(self.mode)


@dataclass(frozen=True, slots=True)
class Nest:
    """The loops of one layer at given sizes.

    Attributes:
        lines: the spatial axes.
        groups: the number of groups.
        channels: how many channels a group has.
        filters: how many filters a group has.
    """

    lines: tuple[AxisNumbers, ...]
    groups: int
    channels: int
    filters: int

    def pad(self, array: Any) -> Any:
        """Return the array with its padding around it."""
        padded = np.zeros_like(array, shape=(*array.shape[:2], *(one.padded for one in self.lines)))
        if all(one.mode == "zeros" for one in self.lines):
            padded[(..., *(one.middle for one in self.lines))] = array
            return padded
        for position in np.ndindex(*padded.shape[2:]):
            place = (one.source(here) for one, here in zip(self.lines, position, strict=True))
            padded[(..., *position)] = array[(..., *place)]
        return padded

    def unpad(self, padded: Any) -> Any:
        """Return what an array with padding gives back to the entries that the padding holds."""
        if all(one.mode == "zeros" for one in self.lines):
            return padded[(..., *(one.middle for one in self.lines))]
        shape = (*padded.shape[:2], *(one.moved_on for one in self.lines))
        array = np.zeros_like(padded, shape=shape)
        for position in np.ndindex(*padded.shape[2:]):
            place = (one.source(here) for one, here in zip(self.lines, position, strict=True))
            array[(..., *place)] += padded[(..., *position)]
        return array

    def windows(self) -> list[tuple[Positions, tuple[slice, ...]]]:
        """Return each window: its number along each axis, and its padded positions."""
        along = [[one.window(number) for number in range(one.windows)] for one in self.lines]
        return _placed(along)

    def taps(self) -> list[tuple[Positions, tuple[slice, ...]]]:
        """Return each entry of a filter: where it is, and the padded positions that it meets."""
        return _placed([[one.met(tap) for tap in range(one.filter)] for one in self.lines])

    def seen(self, filter: int) -> slice:
        """Return the channels that a filter sees."""
        first = filter // self.filters * self.channels
        return slice(first, first + self.channels)

    def seeing(self, channel: int) -> slice:
        """Return the filters that see a channel."""
        first = channel // self.channels * self.filters
        return slice(first, first + self.filters)


def _placed(along: list[list[slice]]) -> list[tuple[Positions, tuple[slice, ...]]]:
    """Return each choice of one slice along each axis, with the place of each in its axis."""
    choices = product(*map(enumerate, along))
    return [(tuple(i for i, _ in one), tuple(part for _, part in one)) for one in choices]


def forward(nest: Nest, x: Any, w: Any, b: Any = None) -> Any:
    """Return y: for each image, filter and window, the window times the filter, plus b."""
    x_pad, extents = nest.pad(x), (one.windows for one in nest.lines)
    y, windows = np.zeros_like(x, shape=(x.shape[0], w.shape[0], *extents)), nest.windows()
    for n, f in np.ndindex(*y.shape[:2]):
        for place, window in windows:
            response = np.sum(x_pad[(n, nest.seen(f), *window)] * w[f])
            y[(n, f, *place)] = response if b is None else response + b[f]
    return y


def weights_gradient(nest: Nest, dout: Any, x: Any, w: Any) -> Any:
    """Return dL/dw: for each weight, the upstream gradient times the input it met."""
    x_pad, dw, taps = nest.pad(x), np.zeros_like(w), nest.taps()
    for f, c in np.ndindex(*w.shape[:2]):
        channel = nest.seen(f).start + c
        for tap, met in taps:
            dw[(f, c, *tap)] = np.sum(dout[:, f] * x_pad[(slice(None), channel, *met)])
    return dw


def input_gradient(nest: Nest, dout: Any, x: Any, w: Any) -> Any:
    """Return dL/dx: each window of the padded gradient gets its share, then the padding ends."""
    N, C = x.shape[:2]
    dx_pad = np.zeros_like(x, shape=(N, C, *(one.padded for one in nest.lines)))
    windows = nest.windows()
    for n, f in np.ndindex(*dout.shape[:2]):
        for place, window in windows:
            dx_pad[(n, nest.seen(f), *window)] += dout[(n, f, *place)] * w[f]
    return nest.unpad(dx_pad)


def transposed_forward(nest: Nest, x: Any, w: Any, b: Any = None) -> Any:
    """Return y: each input entry adds its window, the padding is cut off, b is added."""
    padded = (one.padded for one in nest.lines)
    full = np.zeros_like(x, shape=(x.shape[0], nest.groups * nest.filters, *padded))
    windows = nest.windows()
    for n, c in np.ndindex(*x.shape[:2]):
        for place, window in windows:
            full[(n, nest.seeing(c), *window)] += x[(n, c, *place)] * w[c]
    cut = nest.unpad(full)
    y = np.zeros_like(x, shape=cut.shape)
    for place in np.ndindex(*y.shape):
        y[place] = cut[place] if b is None else cut[place] + b[place[1]]
    return y


def transposed_weights_gradient(nest: Nest, dout: Any, x: Any, w: Any) -> Any:
    """Return dL/dw: for each weight, the input times the upstream gradient it met."""
    full, dw, taps = nest.pad(dout), np.zeros_like(w), nest.taps()
    for c, f in np.ndindex(*w.shape[:2]):
        filter = nest.seeing(c).start + f
        for tap, met in taps:
            dw[(c, f, *tap)] = np.sum(x[:, c] * full[(slice(None), filter, *met)])
    return dw


def transposed_input_gradient(nest: Nest, dout: Any, x: Any, w: Any) -> Any:
    """Return dL/dx: for each input entry, the window of the upstream gradient times its filters."""
    full, dx, windows = nest.pad(dout), np.zeros_like(x), nest.windows()
    for n, c in np.ndindex(*x.shape[:2]):
        for place, window in windows:
            dx[(n, c, *place)] = np.sum(full[(n, nest.seeing(c), *window)] * w[c])
    return dx


def loops(frame: LayerFrame) -> tuple[Loop, ...]:
    """Return the loops of a member of the family; each takes its arrays, then every size."""
    ahead, by_weights, by_input = (
        (transposed_forward, transposed_weights_gradient, transposed_input_gradient)
        if frame.choices.transposed
        else (forward, weights_gradient, input_gradient)
    )
    symbols = (*frame.given, *(item.size for item in frame.derived))
    sizes = tuple(symbol.name for symbol in symbols)

    def loop(
        name: str, function: Callable[..., Any], arrays: tuple[str, ...], computes: str
    ) -> Loop:
        def run(*arguments: Any) -> Any:
            given, values = arguments[: len(arrays)], arguments[len(arrays) :]
            return function(_nest(frame, dict(zip(symbols, values, strict=True))), *given)

        return Loop(f"loop/{name}", run, (*arrays, *sizes), computes, "derived here")

    bias = ("b",) if frame.choices.bias else ()
    return (
        loop("forward", ahead, ("x", "w", *bias), "y"),
        loop("dw", by_weights, ("dout", "x", "w"), "dL/dw"),
        *([Loop("loop/db", bias_gradient, ("dout", "b"), "dL/db", "derived here")] if bias else []),
        loop("dx", by_input, ("dout", "x", "w"), "dL/dx"),
    )


def line_of(axis: Axis, sizes: Mapping[Symbol, int], mode: PaddingMode = "zeros") -> AxisNumbers:
    """Return one axis in numbers."""
    windows, moved_on = axis.output, axis.input
    if axis.transposed:
        windows, moved_on = moved_on, windows
    settings = (axis.stride, axis.dilation, axis.padding_before, axis.padding_after)
    numbers = (_value(one, sizes) for one in (windows, moved_on, axis.filter, *settings))
    return AxisNumbers(*numbers, mode=mode)


def _nest(frame: LayerFrame, sizes: Mapping[Symbol, int]) -> Nest:
    channels = _value(frame.grouping.channels_of_a_filter, sizes)
    return Nest(
        tuple(line_of(axis, sizes, frame.choices.mode) for axis in frame.axes),
        groups=sizes[C] // channels,
        channels=channels,
        filters=_value(frame.grouping.filters_of_a_channel, sizes),
    )


def _value(expression: IntegerLike, sizes: Mapping[Symbol, int]) -> int:
    return int(integer_value(as_integer(expression), sizes))
