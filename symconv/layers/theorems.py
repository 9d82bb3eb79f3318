"""Identities between layers: each with its conditions, and false without them.

Every theorem takes a layer, applies another one to its arrays, and claims that both compute
the same. What the applied layer asks of its sizes is claimed as well.

Source: derived here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache

from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Expression,
    Iverson,
    Number,
    Statement,
    Sum,
    claim,
)
from symconv.algebra.indices import (
    And,
    Index,
    IntegerLike,
    Size,
    as_integer,
    divides,
    equal,
    indices,
    sizes,
)
from symconv.errors import UnknownStatement
from symconv.layers.application import Application, apply_layer, entries_of
from symconv.layers.layer import Layer
from symconv.layers.regions import Region
from symconv.layers.registry import layer_by_name

n, f, c, k, l, p, q, i, j = indices("n f c k l p q i j")
n1, f1, c1 = indices("n' f' c'")
g = Size("g")


@dataclass(frozen=True, slots=True)
class Theorem:
    """An identity between layers.

    Attributes:
        name: its name, such as ``input-gradient``.
        says: what it says, as a sentence.
        layer: the layer in whose letters it is said, with the arrays of the other one.
        claims: the equalities that it consists of.
        conditions: the sizes at which it holds; without any one of them it is false.
    """

    name: str
    says: str
    layer: Layer
    claims: tuple[Statement, ...]
    conditions: tuple[Region, ...] = ()

    @property
    def key(self) -> str:
        """The stable name: ``theorem/adjoint``."""
        return f"theorem/{self.name}"

    def statements(self, *, without: Region | None = None) -> tuple[Statement, ...]:
        """Return the claims under the conditions, or under all but one of them."""
        assumed = tuple(one.condition for one in self.conditions if one is not without)
        return tuple(
            replace(item, assumptions=(*item.assumptions, *assumed)) for item in self.claims
        )


GENERAL = "conv2d strides sides dilation"
"""Two axes in all generality: what holds here says what it says for one and for three."""


def _theorem(
    name: str,
    says: str,
    host: Layer,
    other: Application,
    *equalities: tuple[Expression, Expression],
    inputs: tuple[Array, ...] = (),
    definitions: tuple[Definition, ...] = (),
    conditions: tuple[Region, ...] = (),
    ranges: Mapping[Index, tuple[IntegerLike, IntegerLike]] | None = None,
) -> Theorem:
    """State that both sides are equal, and that the applied layer takes the sizes it gets."""
    layer = replace(
        host,
        inputs=(*host.inputs, *inputs),
        definitions=(*host.definitions, *definitions, *other.definitions),
    )
    key = f"theorem/{name}"
    claims = [
        claim(left, right, name=f"{key}:{number}" if len(equalities) > 1 else key, ranges=ranges)
        for number, (left, right) in enumerate(equalities, start=1)
    ]
    fits = claim(Iverson(And(other.conditions)), 1, name=f"{key}:sizes")
    return Theorem(name, says, layer, (*claims, fits), conditions)


def _same(names: str) -> dict[str, IntegerLike]:
    """Give the applied layer sizes of the same names."""
    return {name: Size(name) for name in names.split()}


def _sized(**names: str) -> dict[str, IntegerLike]:
    """Give the applied layer sizes of other names."""
    return {name: Size(other) for name, other in names.items()}


def _arrays(host: Layer, names: str) -> list[Array]:
    """Return some arrays of a layer."""
    return [host.array_by_name[name] for name in names.split()]


def _over(array: Array, *at: Index) -> list[tuple[Index, IntegerLike, IntegerLike]]:
    """Return the ranges of a sum over an array's entries."""
    return [(index, 0, extent - 1) for index, extent in zip(at, array.shape, strict=True)]


def _transposed(host: Layer) -> Application:
    """Apply the transposed convolution to the upstream gradient, with what no window reaches."""
    height, width = host.axes
    dout, w = _arrays(host, "dout w")
    return apply_layer(
        layer_by_name("conv_transpose2d strides sides dilation groups output_padding no_bias"),
        "t",
        {
            **_same("N HH WW G Sh Sw Ph0 Ph1 Pw0 Pw1 Dh Dw"),
            **_sized(C="F", F="C", Cg="Fg", Fg="Cg", H="Hh", W="Hw", Hh="H", Hw="W"),
            "Oh": height.room % height.stride,
            "Ow": width.room % width.stride,
        },
        {"x": entries_of(dout), "w": entries_of(w)},
    )


def _input_gradient() -> Theorem:
    host = layer_by_name(f"{GENERAL} groups")
    loss, x = _arrays(host, "L x")
    other = _transposed(host)
    at = (n1, c1, i, j)
    return _theorem(
        "input-gradient",
        "the gradient by the input is a transposed convolution of the upstream gradient, with the "
        "rows and columns that no window reaches as output padding",
        host,
        other,
        (Derivative(loss[()], x[at]), other.output[at]),
    )


def _input_gradient_without_output_padding() -> Theorem:
    host = layer_by_name(GENERAL)
    loss, x, w, dout = _arrays(host, "L x w dout")
    other = apply_layer(
        layer_by_name("conv_transpose2d strides sides dilation no_bias"),
        "t",
        {
            **_same("N HH WW Sh Sw Ph0 Ph1 Pw0 Pw1 Dh Dw"),
            **_sized(C="F", F="C", H="Hh", W="Hw", Hh="H", Hw="W"),
        },
        {"x": entries_of(dout), "w": entries_of(w)},
    )
    at = (n1, c1, i, j)
    return _theorem(
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
    loss, x = _arrays(host, "L x")
    other = _transposed(host)
    at = (n, c, i, j)
    return _theorem(
        "adjoint",
        "a transposed convolution is the adjoint of a convolution: their inner products agree",
        host,
        other,
        (loss[()], Sum(other.output[at] * x[at], *_over(x, *at))),
    )


def _exchanged(host: Layer) -> Application:
    """Apply a convolution with batch and channels, stride and dilation exchanged."""
    x, dout = _arrays(host, "x dout")
    extents = {
        axis.output.name: (axis.padded - axis.stride * (axis.output - 1) - 1) // axis.dilation + 1
        for axis in host.axes
    }
    return apply_layer(
        layer_by_name(f"{GENERAL} no_bias"),
        "g",
        {
            **_same("H W F Ph0 Ph1 Pw0 Pw1"),
            **_sized(N="C", C="N", HH="Hh", WW="Hw", Sh="Dh", Sw="Dw", Dh="Sh", Dw="Sw"),
            **extents,
        },
        {
            "x": lambda channel, image, *at: x[(image, channel, *at)],
            "w": lambda filter, image, *at: dout[(image, filter, *at)],
        },
    )


def _weights_gradient() -> Theorem:
    host = layer_by_name(GENERAL)
    loss, w = _arrays(host, "L w")
    other = _exchanged(host)
    return _theorem(
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


def _zero_insertion() -> Theorem:
    host = layer_by_name("conv_transpose2d strides sides output_padding no_bias")
    x, w, y = _arrays(host, "x w y")
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
            **_same("N C F HH WW Hh Hw"),
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
    return _theorem(
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
    w, x_pad, y = _arrays(host, "w x_pad y")
    (axis,) = host.axes
    images, filters = x_pad.shape[0], w.shape[0]
    rows, taps = images * axis.output, w.shape[1] * axis.filter
    windows, flat = Array("cols", (rows, taps)), Array("rows", (filters, taps))
    row, tap = indices("s t")
    over_images, _, over_places = _over(y, n, f, l)
    _, *over_taps = _over(w, f, c, q)
    entry = Delta(tap, c * axis.filter + q)
    window = Delta(row, n * axis.output + l)
    other = apply_layer(
        layer_by_name("linear no_bias"),
        "m",
        {"F": filters, "N": rows, "C": taps},
        {"x": entries_of(windows), "w": entries_of(flat)},
    )
    return _theorem(
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
    x, w, y = _arrays(host, "x w y")
    other = apply_layer(
        layer_by_name(f"{GENERAL} no_bias"),
        "d",
        {**_same("N H W HH WW Sh Sw Ph0 Ph1 Pw0 Pw1 Dh Dw Hh Hw"), "C": Cg, "F": Fg},
        {
            "x": lambda image, channel, *at: x[(image, Cg * g + channel, *at)],
            "w": lambda filter, channel, *at: w[(Fg * g + filter, channel, *at)],
        },
    )
    return _theorem(
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
    x, w, y = _arrays(host, "x w y")
    inputs = (axis.input - 1 - g) // axis.dilation + 1
    outputs = inputs - axis.filter + 1
    other = apply_layer(
        layer_by_name("conv1d unstrided valid no_bias"),
        "s",
        {**_same("N C F WW"), "W": inputs, "Hw": outputs},
        {
            "x": lambda image, channel, at: x[image, channel, axis.dilation * at + g],
            "w": entries_of(w),
        },
    )
    return _theorem(
        "interleaved",
        "a dilated convolution is a convolution without dilation of every D-th input, from each "
        "of the first D",
        host,
        other,
        (y[n, f, axis.dilation * l + g], other.output[n, f, l]),
        ranges={l: (0, outputs - 1)},
        conditions=(Region(f"{axis.stride} = 1", equal(axis.stride, 1)),),
    )


def _second_derivatives() -> Theorem:
    host = layer_by_name(f"{GENERAL} no_bias")
    loss, x, w, dout, y = _arrays(host, "L x w dout y")
    v, u, weighted = Array("v", x.shape), Array("u", w.shape), Array("h")
    at, tap, place = (n, c, i, j), (f, c, p, q), (n, f, k, l)
    again = Definition(
        weighted[()],
        Sum(v[at] * Derivative(loss[()], x[at]), *_over(x, *at))
        + Sum(u[tap] * Derivative(loss[()], w[tap]), *_over(w, *tap)),
    )
    own: dict[str, IntegerLike] = {
        size.name: size for size in (*host.given, *(item.size for item in host.derived))
    }
    of_v = apply_layer(host, "r", own, {"x": entries_of(v), "w": entries_of(w)})
    of_u = apply_layer(host, "s", own, {"x": entries_of(x), "w": entries_of(u)})
    losses = [Sum(dout[place] * one.output[place], *_over(y, *place)) for one in (of_v, of_u)]
    by_weights, by_input = w[f1, c1, i, j], x[n1, c1, i, j]
    return _theorem(
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


def _one_by_one() -> Theorem:
    host = layer_by_name("conv2d")
    x, w, b, y = _arrays(host, "x w b y")
    images, _, rows, columns = x.shape
    pixels = rows * columns
    other = apply_layer(
        layer_by_name("linear"),
        "a",
        {**_same("C F"), "N": images * pixels},
        {
            "x": lambda row, channel: x[
                row // pixels, channel, (row // columns) % rows, row % columns
            ],
            "w": lambda filter, channel: w[filter, channel, 0, 0],
            "b": entries_of(b),
        },
    )
    S, P, HH, WW = sizes("S P HH WW")
    return _theorem(
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
    x, y = _arrays(host, "x y")
    height, width = host.axes
    share = Number(as_integer(1) / (height.filter * width.filter))
    other = apply_layer(
        layer_by_name("conv2d strides paddings depthwise no_bias"),
        "d",
        {**_same("N C H W HH WW Sh Sw Ph Pw Hh Hw"), "M": 1, "F": x.shape[1]},
        {"x": entries_of(x), "w": lambda *_: share},
    )
    return _theorem(
        "average-pooling",
        "average pooling is a depthwise convolution with equal weights, which add up to 1",
        host,
        other,
        (y[n, c, k, l], other.output[n, c, k, l]),
    )


def chosen_theorems(names: Iterable[str] = ()) -> tuple[Theorem, ...]:
    """Return theorems by name, with or without ``theorem/`` before it; no names mean all.

    Raises:
        UnknownStatement: for a name that no theorem has.
    """
    by_name = {theorem.name: theorem for theorem in theorems()}
    wanted = [name.removeprefix("theorem/") for name in names]
    for name in wanted:
        if name not in by_name:
            near = get_close_matches(name, by_name, n=2, cutoff=0.5)
            raise UnknownStatement(
                f"there is no theorem {name!r}",
                help=f"did you mean {' or '.join(near)}?"
                if near
                else f"there are {', '.join(by_name)}",
            )
    return tuple(one for name, one in by_name.items() if not wanted or name in wanted)


@cache
def theorems() -> tuple[Theorem, ...]:
    """Return every identity between layers that is shipped."""
    return (
        _input_gradient(),
        _input_gradient_without_output_padding(),
        _weights_gradient(),
        _weights_gradient_without_crop(),
        _adjoint(),
        _zero_insertion(),
        _im2col(),
        _direct_sum(),
        _interleaved(),
        _second_derivatives(),
        _one_by_one(),
        _average_pooling(),
    )
