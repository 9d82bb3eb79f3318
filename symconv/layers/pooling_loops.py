"""The loops of average pooling, generic in dtype; exact where numbers are exact.

Shapes: see `pooling`. Units: strides, paddings and dilations count positions.

Source: derived here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import lcm, prod
from typing import Any

import numpy as np

from symconv.algebra.indices import Size, Symbol
from symconv.layers.axis import Axis
from symconv.layers.convolution.loop_nests import AxisNumbers, Nest, Positions, line_of
from symconv.layers.layer import Loop

Count = Callable[[Nest, Positions], int]
"""What the sum over a window is divided by."""


def count_positions(nest: Nest, place: Positions) -> int:
    """Count the entries of a window that are not behind the padding."""
    return prod(_counted(one, k, 0, one.padded) for one, k in zip(nest.lines, place, strict=True))


def count_inputs(nest: Nest, place: Positions) -> int:
    """Count the entries of a window that hold the input."""
    return prod(
        _counted(one, k, one.before, one.before + one.moved_on)
        for one, k in zip(nest.lines, place, strict=True)
    )


def forward(nest: Nest, count: Count, x: Any) -> Any:
    """Return y: for each image, channel and window, the mean of the window."""
    x_pad, windows = nest.pad(x), (one.windows for one in nest.lines)
    y = np.zeros_like(x, shape=(*x.shape[:2], *windows))
    for n, c in np.ndindex(*x.shape[:2]):
        for place, window in nest.windows():
            y[(n, c, *place)] = _divided(np.sum(x_pad[(n, c, *window)]), count(nest, place))
    return y


def input_gradient(nest: Nest, count: Count, dout: Any, x: Any) -> Any:
    """Return dL/dx: every entry of a window gets its share, then the padding is cropped."""
    dx_pad = nest.pad(np.zeros_like(x))
    for n, c in np.ndindex(*x.shape[:2]):
        for place, window in nest.windows():
            dx_pad[(n, c, *window)] += _divided(dout[(n, c, *place)], count(nest, place))
    return nest.unpad(dx_pad)


def loops(axes: tuple[Axis, ...], symbols: tuple[Size, ...], divisor: str) -> tuple[Loop, ...]:
    """Return the loops of a pooling; each takes its arrays, then every size.

    Args:
        axes: the spatial axes.
        symbols: every size of the layer.
        divisor: what is divided by, as the choices of the layer name it.
    """

    def loop(
        name: str, function: Callable[..., Any], arrays: tuple[str, ...], computes: str
    ) -> Loop:
        def run(*arguments: Any) -> Any:
            given, values = arguments[: len(arrays)], arguments[len(arrays) :]
            sizes: Mapping[Symbol, int] = dict(zip(symbols, values, strict=True))
            nest = Nest(tuple(line_of(axis, sizes) for axis in axes), 1, 1, 1)
            counts: dict[str, Count] = {
                "positions": count_positions,
                "inputs": count_inputs,
                "given": lambda _nest, _place: sizes[Size("V")],
            }
            return function(nest, counts[divisor], *given)

        names = tuple(symbol.name for symbol in symbols)
        return Loop(f"loop/{name}", run, (*arrays, *names), computes, "derived here")

    return (
        loop("forward", forward, ("x",), "y"),
        loop("dx", input_gradient, ("dout", "x"), "dL/dx"),
    )


def common_multiple(axes: tuple[Axis, ...], divisor: str, sizes: Mapping[str, int]) -> int:
    """Return a number that everything divides by which a window may be divided."""
    if divisor == "given":
        return sizes["V"]
    return prod(lcm(*range(1, sizes[axis.filter.name] + 1)) for axis in axes)


def _counted(line: AxisNumbers, number: int, first: int, end: int) -> int:
    start = line.stride * number
    taps = range(start, start + line.dilation * line.filter, line.dilation)
    return sum(first <= position < end for position in taps)


def _divided(total: Any, count: int) -> Any:
    """Divide; Python's integers stay exact, as SymPy's expressions do."""
    return Fraction(total, count) if isinstance(total, int) else total / count
