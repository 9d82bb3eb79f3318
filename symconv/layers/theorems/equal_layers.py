"""Theorems about layers that compute the same as others, of fewer choices.

Source: derived here.
"""

from __future__ import annotations

from dataclasses import replace

from symconv.algebra.expressions import Array, Definition, Delta, Iverson, Number, Sum
from symconv.algebra.indices import (
    IntegerLike,
    Size,
    as_integer,
    divides,
    equal,
    indices,
    sizes,
)
from symconv.layers.application import apply_layer, entries_of
from symconv.layers.layer import Layer
from symconv.layers.regions import Region
from symconv.layers.registry import layer_by_name
from symconv.layers.theorems.stating import GENERAL, Theorem, over, same, some_arrays, stated

n, f, c, k, l, p, q, i, j = indices("n f c k l p q i j")
g = Size("g")


def _zero_insertion() -> Theorem:
    host = layer_by_name("conv_transpose2d strides sides output_padding no_bias")
    x, w, y = some_arrays(host, "x w y")
    height, width = host.axes
    extents = [axis.stride * (axis.input - 1) + 1 for axis in host.axes]
    stretched = Array("z", (*x.shape[:2], *extents))
    zeros = Definition(
        stretched[n, c, i, j],
        Iverson(divides(height.stride, i))
        * Iverson(divides(width.stride, j))
        * x[n, c, i / height.stride, j / width.stride],
    )
    around: dict[str, IntegerLike] = {}
    for name, axis in (("h", height), ("w", width)):
        around[f"P{name}0"] = axis.filter - 1 - axis.padding_before
        around[f"P{name}1"] = axis.filter - 1 - axis.padding_after + axis.output_padding
    other = apply_layer(
        layer_by_name("conv2d unstrided sides no_bias"),
        "s",
        {
            **same("N C F HH WW Hh Hw"),
            "H": extents[0],
            "W": extents[1],
            **around,
        },
        {
            "x": entries_of(stretched),
            "w": lambda filter, channel, p, q: w[
                channel, filter, height.filter - 1 - p, width.filter - 1 - q
            ],
        },
    )
    return stated(
        "zero-insertion",
        "a transposed convolution is a convolution of stride 1 with the flipped filter, of the "
        "input with zeros between its entries",
        host,
        other,
        (y[n, f, k, l], other.output[n, f, k, l]),
        definitions=(zeros,),
        conditions=tuple(
            Region(f"{padding} < {axis.filter}", padding < axis.filter)
            for axis in host.axes
            for padding in (axis.padding_before, axis.padding_after)
        ),
    )


def _im2col() -> Theorem:
    host = layer_by_name("conv1d strides sides dilation no_bias")
    w, x_pad, y = some_arrays(host, "w x_pad y")
    (axis,) = host.axes
    images, filters = x_pad.shape[0], w.shape[0]
    rows, taps = images * axis.output, w.shape[1] * axis.filter
    windows, flat = Array("cols", (rows, taps)), Array("rows", (filters, taps))
    row, tap = indices("s t")
    over_images, _, over_places = over(y, n, f, l)
    _, *over_taps = over(w, f, c, q)
    entry = Delta(tap, c * axis.filter + q)
    window = Delta(row, n * axis.output + l)
    other = apply_layer(
        layer_by_name("linear no_bias"),
        "m",
        {"F": filters, "N": rows, "C": taps},
        {"x": entries_of(windows), "w": entries_of(flat)},
    )
    return stated(
        "im2col",
        "a convolution is the matrix product of its windows and its filters, a row each",
        host,
        other,
        (y[n, f, l], other.output[n * axis.output + l, f]),
        definitions=(
            Definition(
                windows[row, tap],
                Sum(
                    window * entry * x_pad[n, c, axis.position(l, q)],
                    over_images,
                    over_places,
                    *over_taps,
                ),
            ),
            Definition(flat[f, tap], Sum(entry * w[f, c, q], *over_taps)),
        ),
    )


def _with_number(host: Layer, *below: IntegerLike) -> Layer:
    """Give a layer a number g that is chosen, from 0 and below the bounds."""
    return replace(
        host,
        given=(*host.given, g),
        minimum={**host.minimum, g: 0},
        constraints=(*host.constraints, *(g < bound for bound in below)),
    )


def _direct_sum() -> Theorem:
    Cg, Fg, G = sizes("Cg Fg G")
    host = _with_number(layer_by_name(f"{GENERAL} groups no_bias"), G)
    x, w, y = some_arrays(host, "x w y")
    other = apply_layer(
        layer_by_name(f"{GENERAL} no_bias"),
        "d",
        {**same("N H W HH WW Sh Sw Ph0 Ph1 Pw0 Pw1 Dh Dw Hh Hw"), "C": Cg, "F": Fg},
        {
            "x": lambda image, channel, *at: x[(image, Cg * g + channel, *at)],
            "w": lambda filter, channel, *at: w[(Fg * g + filter, channel, *at)],
        },
    )
    return stated(
        "direct-sum",
        "a convolution with groups is a convolution of each group's own channels, side by side",
        host,
        other,
        (y[n, Fg * g + f, k, l], other.output[n, f, k, l]),
        ranges={f: (0, Fg - 1)},
    )


def _interleaved() -> Theorem:
    layer = layer_by_name("conv1d valid dilation no_bias")
    (axis,) = layer.axes
    host = _with_number(layer, axis.dilation, axis.output)
    x, w, y = some_arrays(host, "x w y")
    inputs = (axis.input - 1 - g) // axis.dilation + 1
    outputs = inputs - axis.filter + 1
    other = apply_layer(
        layer_by_name("conv1d unstrided valid no_bias"),
        "s",
        {**same("N C F WW"), "W": inputs, "Hw": outputs},
        {
            "x": lambda image, channel, at: x[image, channel, axis.dilation * at + g],
            "w": entries_of(w),
        },
    )
    return stated(
        "interleaved",
        "a dilated convolution is a convolution without dilation of every D-th input, from each "
        "of the first D",
        host,
        other,
        (y[n, f, axis.dilation * l + g], other.output[n, f, l]),
        ranges={l: (0, outputs - 1)},
        conditions=(Region(f"{axis.stride} = 1", equal(axis.stride, 1)),),
    )


def _one_by_one() -> Theorem:
    host = layer_by_name("conv2d")
    x, w, b, y = some_arrays(host, "x w b y")
    images, _, rows, columns = x.shape
    pixels = rows * columns
    other = apply_layer(
        layer_by_name("linear"),
        "a",
        {**same("C F"), "N": images * pixels},
        {
            "x": lambda row, channel: x[
                row // pixels, channel, (row // columns) % rows, row % columns
            ],
            "w": lambda filter, channel: w[filter, channel, 0, 0],
            "b": entries_of(b),
        },
    )
    S, P, HH, WW = sizes("S P HH WW")
    return stated(
        "one-by-one",
        "a 1x1 convolution is an affine layer at every position",
        host,
        other,
        (y[n, f, k, l], other.output[(n * rows + k) * columns + l, f]),
        conditions=(
            Region("HH = 1", equal(HH, 1)),
            Region("WW = 1", equal(WW, 1)),
            Region("S = 1", equal(S, 1)),
            Region("P = 0", equal(P, 0)),
        ),
    )


def _average_pooling() -> Theorem:
    host = layer_by_name("avg_pool2d strides paddings")
    x, y = some_arrays(host, "x y")
    height, width = host.axes
    share = Number(as_integer(1) / (height.filter * width.filter))
    other = apply_layer(
        layer_by_name("conv2d strides paddings depthwise no_bias"),
        "d",
        {**same("N C H W HH WW Sh Sw Ph Pw Hh Hw"), "M": 1, "F": x.shape[1]},
        {"x": entries_of(x), "w": lambda *_: share},
    )
    return stated(
        "average-pooling",
        "average pooling is a depthwise convolution with equal weights, which add up to 1",
        host,
        other,
        (y[n, c, k, l], other.output[n, c, k, l]),
    )


def layer_theorems() -> tuple[Theorem, ...]:
    """Return the theorems about layers that compute the same."""
    return (
        _zero_insertion(),
        _im2col(),
        _direct_sum(),
        _interleaved(),
        _one_by_one(),
        _average_pooling(),
    )
