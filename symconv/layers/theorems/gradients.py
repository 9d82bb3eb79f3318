"""Theorems about gradients: a convolution's gradients are convolutions again.

Source: derived here.
"""

from __future__ import annotations

from dataclasses import replace

from symconv.algebra.expressions import Array, Definition, Derivative, Sum, claim
from symconv.algebra.indices import IntegerLike, Size, divides, indices
from symconv.layers.application import Application, apply_layer, entries_of
from symconv.layers.layer import Layer
from symconv.layers.regions import Region
from symconv.layers.registry import layer_by_name
from symconv.layers.theorems.stating import GENERAL, Theorem, over, same, sized, some_arrays, stated

n, f, c, k, l, p, q, i, j = indices("n f c k l p q i j")
n1, f1, c1 = indices("n' f' c'")
g = Size("g")


def _transposed(host: Layer) -> Application:
    """Apply the transposed convolution to the upstream gradient, with what no window reaches."""
    height, width = host.axes
    dout, w = some_arrays(host, "dout w")
    return apply_layer(
        layer_by_name("conv_transpose2d strides sides dilation groups output_padding no_bias"),
        "t",
        {
            **same("N HH WW G Sh Sw Ph0 Ph1 Pw0 Pw1 Dh Dw"),
            **sized(C="F", F="C", Cg="Fg", Fg="Cg", H="Hh", W="Hw", Hh="H", Hw="W"),
            "Oh": height.room % height.stride,
            "Ow": width.room % width.stride,
        },
        {"x": entries_of(dout), "w": entries_of(w)},
    )


def _input_gradient() -> Theorem:
    host = layer_by_name(f"{GENERAL} groups")
    loss, x = some_arrays(host, "L x")
    other = _transposed(host)
    at = (n1, c1, i, j)
    return stated(
        "input-gradient",
        "the gradient by the input is a transposed convolution of the upstream gradient, with the "
        "rows and columns that no window reaches as output padding",
        host,
        other,
        (Derivative(loss[()], x[at]), other.output[at]),
    )


def _input_gradient_without_output_padding() -> Theorem:
    host = layer_by_name(GENERAL)
    loss, x, w, dout = some_arrays(host, "L x w dout")
    other = apply_layer(
        layer_by_name("conv_transpose2d strides sides dilation no_bias"),
        "t",
        {
            **same("N HH WW Sh Sw Ph0 Ph1 Pw0 Pw1 Dh Dw"),
            **sized(C="F", F="C", H="Hh", W="Hw", Hh="H", Hw="W"),
        },
        {"x": entries_of(dout), "w": entries_of(w)},
    )
    at = (n1, c1, i, j)
    return stated(
        "input-gradient-without-output-padding",
        "where the strides divide, that transposed convolution needs no output padding",
        host,
        other,
        (Derivative(loss[()], x[at]), other.output[at]),
        conditions=tuple(
            Region(f"{axis.stride} divides {axis.room}", divides(axis.stride, axis.room))
            for axis in host.axes
        ),
    )


def _adjoint() -> Theorem:
    host = layer_by_name(f"{GENERAL} groups no_bias")
    loss, x = some_arrays(host, "L x")
    other = _transposed(host)
    at = (n, c, i, j)
    return stated(
        "adjoint",
        "a transposed convolution is the adjoint of a convolution: their inner products agree",
        host,
        other,
        (loss[()], Sum(other.output[at] * x[at], *over(x, *at))),
    )


def _exchanged(host: Layer) -> Application:
    """Apply a convolution with batch and channels, stride and dilation exchanged."""
    x, dout = some_arrays(host, "x dout")
    extents = {
        axis.output.name: (axis.padded - axis.stride * (axis.output - 1) - 1) // axis.dilation + 1
        for axis in host.axes
    }
    return apply_layer(
        layer_by_name(f"{GENERAL} no_bias"),
        "g",
        {
            **same("H W F Ph0 Ph1 Pw0 Pw1"),
            **sized(N="C", C="N", HH="Hh", WW="Hw", Sh="Dh", Sw="Dw", Dh="Sh", Dw="Sw"),
            **extents,
        },
        {
            "x": lambda channel, image, *at: x[(image, channel, *at)],
            "w": lambda filter, image, *at: dout[(image, filter, *at)],
        },
    )


def _weights_gradient() -> Theorem:
    host = layer_by_name(GENERAL)
    loss, w = some_arrays(host, "L w")
    other = _exchanged(host)
    return stated(
        "weights-gradient",
        "the gradient by the weights is a convolution of the input by the upstream gradient with "
        "batch and channels exchanged, stride and dilation exchanged, cropped to the filter",
        host,
        other,
        (Derivative(loss[()], w[f1, c1, i, j]), other.output[c1, f1, i, j]),
    )


def _weights_gradient_without_crop() -> Theorem:
    host = layer_by_name(GENERAL)
    extents = _exchanged(host).output.shape[2:]
    name = "weights-gradient-without-crop"
    return Theorem(
        name,
        "that convolution is no larger than the filter where the dilations are larger than what "
        "the strides leave over",
        host,
        tuple(
            claim(axis.filter, extent, name=f"theorem/{name}:{axis.filter}")
            for axis, extent in zip(host.axes, extents, strict=True)
        ),
        tuple(
            Region(f"({axis.room}) mod {axis.stride} < {axis.dilation}", left < axis.dilation)
            for axis in host.axes
            for left in [axis.room % axis.stride]
        ),
    )


def _second_derivatives() -> Theorem:
    host = layer_by_name(f"{GENERAL} no_bias")
    loss, x, w, dout, y = some_arrays(host, "L x w dout y")
    v, u, weighted = Array("v", x.shape), Array("u", w.shape), Array("h")
    at, tap, place = (n, c, i, j), (f, c, p, q), (n, f, k, l)
    again = Definition(
        weighted[()],
        Sum(v[at] * Derivative(loss[()], x[at]), *over(x, *at))
        + Sum(u[tap] * Derivative(loss[()], w[tap]), *over(w, *tap)),
    )
    own: dict[str, IntegerLike] = {
        size.name: size for size in (*host.given, *(item.size for item in host.derived))
    }
    of_v = apply_layer(host, "r", own, {"x": entries_of(v), "w": entries_of(w)})
    of_u = apply_layer(host, "s", own, {"x": entries_of(x), "w": entries_of(u)})
    losses = [Sum(dout[place] * one.output[place], *over(y, *place)) for one in (of_v, of_u)]
    by_weights, by_input = w[f1, c1, i, j], x[n1, c1, i, j]
    return stated(
        "second-derivatives",
        "both gradients, weighted and differentiated again: by the upstream gradient they give two "
        "convolutions, by the weights and by the input the gradients of those",
        host,
        replace(of_v, definitions=(*of_v.definitions, *of_u.definitions)),
        (Derivative(weighted[()], dout[place]), of_v.output[place] + of_u.output[place]),
        (Derivative(weighted[()], by_weights), Derivative(losses[0], by_weights)),
        (Derivative(weighted[()], by_input), Derivative(losses[1], by_input)),
        inputs=(v, u),
        definitions=(again,),
    )


def gradient_theorems() -> tuple[Theorem, ...]:
    """Return the theorems about gradients."""
    return (
        _input_gradient(),
        _input_gradient_without_output_padding(),
        _weights_gradient(),
        _weights_gradient_without_crop(),
        _adjoint(),
        _second_derivatives(),
    )
