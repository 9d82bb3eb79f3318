"""Average pooling over any number of axes.

Shapes:
    x: (N, C, H, W), the input; y, dout: (N, C, Hh, Hw); L: (), the loss.

The sum over a window is divided by how many positions the window has: those before the end of
the padding, or those that hold the input; or by what is given.

Source: derived here, along the post's derivation of a convolution.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import mul
from typing import Final, Literal, TypeAlias, get_args

from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Expression,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    IntegerExpression,
    Maximum,
    Minimum,
    Size,
    as_integer,
    ceiling,
    floor,
)
from symconv.layers.axis import ONE, ZERO, Axis, sum_of
from symconv.layers.convolution.frame import L, LayerFrame, N, SpatialAxis, n
from symconv.layers.convolution.grouping import C, F, Over, c
from symconv.layers.convolution.member_choices import (
    WORDS,
    Choices,
    Padding,
    Stride,
    Words,
    named,
    refused,
)
from symconv.layers.convolution.shape_survey import shapes
from symconv.layers.convolution.shared_claims import brackets, c1, chain, derived, n1, times, values
from symconv.layers.convolution.survey import default_sizes, regions
from symconv.layers.layer import Layer
from symconv.layers.pooling_loops import common_multiple, loops
from symconv.layers.spellings import IN_CODE

Divisor: TypeAlias = Literal["positions", "inputs", "given"]
V = Size("V")


@dataclass(frozen=True)
class Pooling:
    """What an average pooling is made of.

    Attributes:
        spatial: the spatial axes.
        divisor: what the sum over a window is divided by.
    """

    spatial: tuple[SpatialAxis, ...]
    divisor: Divisor

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The sizes along each axis."""
        return tuple(one.axis for one in self.spatial)

    @property
    def places(self) -> tuple[IntegerExpression, ...]:
        """The indices over the output."""
        return tuple(one.place for one in self.spatial)

    @property
    def x(self) -> Array:
        """The input."""
        return Array("x", (N, C, *(axis.input for axis in self.axes)))

    @property
    def y(self) -> Array:
        """The output."""
        return Array("y", (N, C, *(axis.output for axis in self.axes)))

    @property
    def dout(self) -> Array:
        """The upstream gradient."""
        return Array("dout", self.y.shape)

    @property
    def over_output(self) -> tuple[Over, ...]:
        """Every output position."""
        return tuple((one.place, 0, one.axis.output - 1) for one in self.spatial)

    @property
    def share(self) -> Expression:
        """What an entry of a window counts: 1 divided by how many positions the window has."""
        if self.divisor == "given":
            return Number(as_integer(1) / V)
        counts = [self._count(one) for one in self.spatial]
        return Number(as_integer(1) / reduce(mul, counts))

    def _count(self, one: SpatialAxis) -> IntegerExpression:
        """Return how many entries of a window are divided by, along one axis."""
        axis, start = one.axis, one.start
        if self.divisor == "inputs":
            inputs = sum_of(axis.input, axis.padding_before) - start
            before = _taps(axis.padding_before - start, axis)
            return Minimum((axis.filter, _taps(inputs, axis))) - Maximum((ZERO, before))
        if axis.overhang:
            return Minimum((axis.filter, _taps(axis.padded - start, axis)))
        return axis.filter

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """What the output and the loss are: which entries a window holds is said by brackets."""
        inside = brackets([one.met_tap for one in self.spatial])
        at = tuple(one.at for one in self.spatial)
        over_input = ((one.at, 0, one.axis.input - 1) for one in self.spatial)
        entry = self.y[(n, c, *self.places)]
        mean = self.share * Sum(times(*inside, self.x[(n, c, *at)]), *over_input)
        over = ((n, 0, N - 1), (c, 0, C - 1), *self.over_output)
        loss = Sum(self.dout[(n, c, *self.places)] * entry, *over)
        return (Definition(entry, mean), Definition(L[()], loss))

    def statements(self) -> Iterator[Statement]:
        """Yield the hand-derived statements, each form after the one that leads to it."""
        entry, at = self.y[(n, c, *self.places)], tuple(one.at for one in self.spatial)
        by = self.x[(n1, c1, *at)]
        position = [one.met_position for one in self.spatial]
        taps = ((one.tap, 0, one.axis.filter - 1) for one in self.spatial)
        held = times(*brackets(position), self.x[(n, c, *values(position))])
        for axis in self.axes:
            yield from _output_size(axis)
        yield derived("y:window", entry, self.share * Sum(held, *taps))
        inside = brackets([one.met_tap for one in self.spatial])
        yield derived(
            "dy/dx:contracted",
            Derivative(entry, by),
            times(Delta(n, n1), Delta(c, c1), *inside, self.share),
        )
        over = ((n, 0, N - 1), (c, 0, C - 1), *self.over_output)
        yield chain("dL/dx:chain", entry, by, over)
        loss, upstream = Derivative(L[()], by), self.dout[(n1, c1, *self.places)]
        yield derived(
            "dL/dx:contracted",
            loss,
            Sum(times(self.share, *inside, upstream), *self.over_output),
        )
        if all(as_integer(axis.dilation) == ONE for axis in self.axes):
            seeing = (_windows_over(one) for one in self.spatial)
            yield derived("dL/dx:gather", loss, Sum(self.share * upstream, *seeing))


def _taps(length: IntegerExpression, axis: Axis) -> IntegerExpression:
    """Return how many entries of a window lie in its first positions."""
    dilation = as_integer(axis.dilation)
    return length if dilation == ONE else ceiling(length / dilation)


def _output_size(axis: Axis) -> Iterator[Statement]:
    """Claim the output size as the bounds of the windows that are counted."""
    if axis.stride == ONE or axis.overhang:
        return
    yield derived(
        f"output-size:floor-{axis.output}", axis.output, 1 + floor(axis.room / axis.stride)
    )


def _windows_over(one: SpatialAxis) -> Over:
    """Return the windows that hold an input position."""
    axis, here = one.axis, one.padded(one.at)
    first, last = here - axis.filter + 1, here
    if axis.stride != ONE:
        first, last = ceiling(first / axis.stride), floor(last / axis.stride)
    return (one.place, Maximum((ZERO, first)), Minimum((axis.output - 1, last)))


@dataclass(frozen=True, slots=True)
class PoolingChoices:
    """The choices that make one average pooling.

    Attributes:
        axes: the number of spatial axes, 1 to 3.
        stride: one size for all axes (``S``), one for each (``Sh``), or 1.
        padding: one size for all axes (``P``), one for each (``Ph``), one for each side, none,
            or "same" by its formula.
        dilation: whether each axis has a dilation (``Dh``).
        divisor: what the sum over a window is divided by: the number of its ``"positions"``,
            padding counted; of the ``"inputs"`` among them (``count_include_pad`` is false); or
            what is ``"given"`` (V, ``divisor_override``).
        overhang: whether a last window may stand out over the padding ("ceil mode").
    """

    axes: int = 2
    stride: Stride = "shared"
    padding: Padding = "shared"
    dilation: bool = False
    divisor: Divisor = "positions"
    overhang: bool = False

    def __post_init__(self) -> None:
        """Refuse what is not known, and choices that contradict each other."""
        if self.axes not in (1, 2, 3):
            raise refused(f"axes = {self.axes!r} is not known", "axes is one of 1, 2, 3")
        if self.divisor not in get_args(Divisor):
            known = ", ".join(map(repr, get_args(Divisor)))
            raise refused(f"divisor = {self.divisor!r} is not known", f"divisor is one of {known}")
        if self.padding == "causal":
            raise refused("average pooling has no padding 'causal'", "give the padding as sizes")
        if self.overhang and self.padding in ("same", "same lower"):
            raise refused(
                f"with padding {self.padding!r} no window stands out",
                "leave ceil out, or give the padding as sizes",
            )

    @property
    def name(self) -> str:
        """The name with the words that make it again: ``avg_pool2d exclude_padding``."""
        return named(f"avg_pool{self.axes}d", self, POOLING_WORDS)


POOLING_WORDS: Final[Words] = {
    **{word: WORDS[word] for word in ("strides", "unstrided", "paddings", "sides", "valid")},
    **{word: WORDS[word] for word in ("same", "same_lower", "dilation")},
    "exclude_padding": ("divisor", "inputs"),
    "divisor": ("divisor", "given"),
    "ceil": ("overhang", True),
}
"""What each word behind a name chooses."""


def build_pooling(choices: PoolingChoices) -> Layer:
    """Return the layer of average pooling, with its statements and loops.

    The padding is smaller than the window, so that every window holds input.
    """
    convolution = LayerFrame(
        Choices(choices.axes, choices.stride, choices.padding, dilation=choices.dilation)
    )
    pooling = Pooling(
        tuple(one.with_overhang() if choices.overhang else one for one in convolution.spatial),
        choices.divisor,
    )
    given = (
        *(size for size in convolution.given if size != F),
        *((V,) if choices.divisor == "given" else ()),
    )
    derived_sizes = tuple(item for one in pooling.spatial for item in one.derived)
    layer = Layer(
        name=choices.name,
        given=given,
        minimum=convolution.minimum,
        derived=derived_sizes,
        constraints=(
            *convolution.constraints,
            *dict.fromkeys(
                side < axis.reach
                for axis in pooling.axes
                for side in (axis.padding_before, axis.padding_after)
                if side != ZERO
            ),
            *(
                axis.dilation <= axis.input
                for axis in pooling.axes
                if choices.divisor == "inputs" and isinstance(axis.dilation, Size)
            ),
        ),
        inputs=(pooling.x, pooling.dout),
        definitions=pooling.definitions,
        input=pooling.x,
        output=pooling.y,
        upstream=pooling.dout,
        loss=L,
        statements=tuple(pooling.statements()),
        loops=loops(
            pooling.axes, (*given, *(item.size for item in derived_sizes)), choices.divisor
        ),
        multiple=partial(common_multiple, pooling.axes, choices.divisor),
        axes=pooling.axes,
        letters={size: letter for size, letter in convolution.letters.items() if size != F},
        images=N,
        words=IN_CODE,
    )
    return replace(
        layer, default_sizes=default_sizes(layer), regions=regions(layer), shapes=shapes(layer)
    )
