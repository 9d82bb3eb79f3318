"""The sizes, indices and arrays of a member of the family, before anything is said of them.

Shapes:
    x: (N, C, H, W), the input; x_pad: the padded input.
    w: (F, C/G, HH, WW), the filters; (C, F/G, HH, WW) of a transposed layer.
    b: (F,), the bias; y, dout: (N, F, Hh, Hw), the output and the upstream gradient.
    L: (), the loss, sum of dout * y.

Every letter of an axis is there as often as there are axes: one has W alone, three have Z, H
and W. Units: stride, padding and dilation count input positions; output padding counts output
positions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from symconv.algebra.expressions import Array, Definition, Delta, Entry, Iverson, Sum
from symconv.algebra.indices import (
    Condition,
    Index,
    IntegerExpression,
    IntegerLike,
    Maximum,
    Size,
    as_integer,
    between,
    ceiling,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.layers.axis import ONE, ZERO, Axis, product_of, sum_of
from symconv.layers.convolution.grouping import C, F, Grouping, Over, f
from symconv.layers.convolution.member_choices import Choices
from symconv.layers.convolution.padding import most_padding
from symconv.layers.sizes import DerivedSize

N, S, P = sizes("N S P")
n = Index("n")
L = Array("L")
LETTERS = {"Z": "h r m", "H": "i p k", "W": "j q l"}
"""The letters of the indices over the input, the filter and the output of each axis."""


@dataclass(frozen=True, slots=True)
class SpatialAxis:
    """An axis with the indices that run over its input, its filter and its output.

    Windows are counted along one side and move along the other: a convolution has a window for
    each output position, which moves over the padded input; a transposed one has a window for
    each input position, which moves over the output before its padding is cut off.

    Attributes:
        axis: the sizes along it.
        at: the index over the input, and over the entries of a filter in a gradient.
        tap: the index over the filter.
        place: the index over the output.
        derived: the sizes that follow from the others, in the order in which they do.
    """

    axis: Axis
    at: Index
    tap: Index
    place: Index
    derived: tuple[DerivedSize, ...]

    @property
    def padded_at(self) -> Index:
        """The index over the padded input."""
        return Index(f"{self.at}''")

    def with_overhang(self) -> SpatialAxis:
        """Return the axis with a last window that may stand out over the padding."""
        axis = replace(self.axis, overhang=True)
        output = DerivedSize(axis.output, axis.output_extent, axis.output_conditions())
        return replace(self, axis=axis, derived=(*self.derived[:-1], output))

    @property
    def window(self) -> Index:
        """The index that counts windows."""
        return self.at if self.axis.transposed else self.place

    @property
    def windows(self) -> Size:
        """The number of windows."""
        return self.axis.input if self.axis.transposed else self.axis.output

    @property
    def moved_on(self) -> Index:
        """The index over the side on which windows move."""
        return self.place if self.axis.transposed else self.at

    @property
    def start(self) -> IntegerExpression:
        """The padded position at which the window starts: ``k*S``."""
        return self.window if self.axis.stride == ONE else self.window * self.axis.stride

    @property
    def met(self) -> IntegerExpression:
        """The padded position that an entry of the filter meets: ``p + k*S``."""
        return self.axis.dilated(self.tap) + self.start

    def padded(self, position: IntegerLike) -> IntegerExpression:
        """Return the padded position of a position: ``i + P``."""
        return sum_of(position, self.axis.padding_before)

    @property
    def meeting(self) -> Delta:
        """The delta that holds where the filter's entry meets the position."""
        return Delta(self.met, self.padded(self.moved_on))

    @property
    def met_tap(self) -> SolvedIndex:
        """The entry of the filter that meets the position, with where there is one."""
        rest = self.padded(self.moved_on) - self.start
        return _solved(rest, self.axis.dilation, self.axis.filter)

    @property
    def met_window(self) -> SolvedIndex:
        """The window whose entry of the filter meets the position, with where there is one."""
        rest = self.padded(self.moved_on) - self.axis.dilated(self.tap)
        return _solved(rest, self.axis.stride, self.windows)

    @property
    def met_position(self) -> SolvedIndex:
        """The position that the filter's entry meets, with where it is one of the side."""
        extent = self.axis.output if self.axis.transposed else self.axis.input
        before = self.axis.padding_before
        here = self.met if before == ZERO else self.met - before
        return SolvedIndex((Iverson(between(0, here, extent - 1)),), here)


@dataclass(frozen=True, slots=True)
class SolvedIndex:
    """An index solved for.

    Attributes:
        where: the brackets that hold where it has a value within its range.
        value: the value.
    """

    where: tuple[Iverson, ...]
    value: IntegerExpression


def _solved(rest: IntegerExpression, factor: IntegerLike, extent: Size) -> SolvedIndex:
    """Solve factor * index = rest for an index below an extent."""
    inside = Iverson(between(0, rest, product_of(factor, extent - 1)))
    if as_integer(factor) == ONE:
        return SolvedIndex((inside,), rest)
    return SolvedIndex((inside, Iverson(divides(factor, rest))), rest / factor)


@dataclass(frozen=True)
class LayerFrame:
    """What a member of the family is made of; the choices say which of it there is."""

    choices: Choices

    @cached_property
    def spatial(self) -> tuple[SpatialAxis, ...]:
        """The spatial axes, the outermost first."""
        names = "ZHW"[3 - self.choices.axes :]
        return tuple(_spatial_axis(name, self.choices) for name in names)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The sizes along each axis."""
        return tuple(one.axis for one in self.spatial)

    @property
    def given(self) -> tuple[Size, ...]:
        """The sizes that a user gives, in the order used for sorting."""
        settings = [
            [axis.stride for axis in self.axes],
            [side for axis in self.axes for side in (axis.padding_before, axis.padding_after)],
            [axis.dilation for axis in self.axes],
            [axis.output_padding for axis in self.axes],
        ]
        derived = {item.size for item in self.derived}
        free = [item for group in settings for item in group if isinstance(item, Size)]
        return (
            *(N, C),
            *(axis.input for axis in self.axes),
            *self.grouping.given,
            *(axis.filter for axis in self.axes),
            *dict.fromkeys(item for item in free if item not in derived),
        )

    @cached_property
    def derived(self) -> tuple[DerivedSize, ...]:
        """The sizes that follow from the given ones."""
        spatial = (item for one in self.spatial for item in one.derived)
        return (*self.grouping.derived, *spatial)

    @property
    def grouping(self) -> Grouping:
        """Which filters see which channels."""
        return Grouping(self.choices.channels)

    @property
    def minimum(self) -> dict[Size, int]:
        """The least values of the sizes that may be 0."""
        amounts = [
            amount
            for axis in self.axes
            for amount in (axis.padding_before, axis.padding_after, axis.output_padding)
        ]
        return {amount: 0 for amount in amounts if isinstance(amount, Size)}

    @property
    def constraints(self) -> tuple[Condition, ...]:
        """The conditions on sizes besides the least values."""
        return (
            *self.grouping.constraints,
            *(condition for axis in self.axes for condition in axis.constraints()),
            *dict.fromkeys(
                condition
                for axis in self.axes
                for side in (axis.padding_before, axis.padding_after)
                for condition in most_padding(self.choices.mode, axis, side)
            ),
        )

    @property
    def letters(self) -> dict[Size, str]:
        """The letter of the index that runs over each size."""
        spatial = {
            size: index.name
            for one in self.spatial
            for size, index in zip(one.axis.sizes, (one.at, one.tap, one.place), strict=True)
        }
        return {N: "n", C: "c", F: "f", **spatial}

    # The arrays.

    @property
    def x(self) -> Array:
        """The input."""
        return Array("x", (N, C, *(axis.input for axis in self.axes)))

    @property
    def x_pad(self) -> Array:
        """The padded input."""
        return Array("x_pad", (N, C, *(axis.padded for axis in self.axes)))

    @property
    def read(self) -> Array:
        """The array that windows read: the padded input, or the input where nothing is padded."""
        return self.x_pad if self.choices.is_padded else self.x

    @property
    def w(self) -> Array:
        """The filters."""
        spatial = (axis.filter for axis in self.axes)
        if self.choices.transposed:
            return Array("w", (C, self.grouping.filters_of_a_channel, *spatial))
        return Array("w", (F, self.grouping.channels_of_a_filter, *spatial))

    @property
    def b(self) -> Array:
        """The bias."""
        return Array("b", (F,))

    @property
    def y(self) -> Array:
        """The output."""
        return Array("y", (N, F, *(axis.output for axis in self.axes)))

    @property
    def dout(self) -> Array:
        """The upstream gradient."""
        return Array("dout", self.y.shape)

    @property
    def loss(self) -> Definition:
        """What the loss is: the output weighted by the upstream gradient."""
        return Definition(L[()], Sum(self.upstream * self.entry, *self.over_entries))

    # Entries with their usual indices.

    @property
    def places(self) -> tuple[Index, ...]:
        """The indices over the output."""
        return tuple(one.place for one in self.spatial)

    @property
    def taps(self) -> tuple[Index, ...]:
        """The indices over the filter."""
        return tuple(one.tap for one in self.spatial)

    @property
    def at(self) -> tuple[Index, ...]:
        """The indices over the input."""
        return tuple(one.at for one in self.spatial)

    @property
    def entry(self) -> Entry:
        """The output at n, f, k, l."""
        return self.y[(n, f, *self.places)]

    @property
    def upstream(self) -> Entry:
        """The upstream gradient at n, f, k, l."""
        return self.dout[(n, f, *self.places)]

    # The ranges of sums.

    @property
    def over_entries(self) -> tuple[Over, ...]:
        """Every entry of the output."""
        return ((n, 0, N - 1), (f, 0, F - 1), *self.over_output)

    @property
    def over_window(self) -> tuple[Over, ...]:
        """Every entry of a filter of one channel."""
        return tuple((one.tap, 0, one.axis.filter - 1) for one in self.spatial)

    @property
    def over_output(self) -> tuple[Over, ...]:
        """Every output position."""
        return tuple((one.place, 0, one.axis.output - 1) for one in self.spatial)

    @property
    def over_input(self) -> tuple[Over, ...]:
        """Every input position."""
        return tuple((one.at, 0, one.axis.input - 1) for one in self.spatial)


def _spatial_axis(name: str, choices: Choices) -> SpatialAxis:
    """Build one axis: its names, what is given and what follows."""
    at, tap, place = indices(LETTERS[name])
    extent, taps, places = sizes(f"{name} {name * 2} H{name.lower()}")
    here = name.lower()
    strides: dict[str, IntegerExpression] = {
        "shared": S,
        "each axis": Size(f"S{here}"),
        "none": as_integer(1),
    }
    stride = strides[choices.stride]
    dilation = Size(f"D{here}") if choices.dilation else 1
    before, after = sizes(f"P{here}0 P{here}1")
    nothing = as_integer(0)
    sides: dict[str, tuple[IntegerExpression, IntegerExpression]] = {
        "shared": (P, P),
        "each axis": (Size(f"P{here}"), Size(f"P{here}")),
        "each side": (before, after),
        "same": (before, after),
        "same lower": (before, after),
        "none": (nothing, nothing),
        "causal": (product_of(dilation, taps - 1), nothing),
    }
    axis = Axis(
        extent,
        taps,
        places,
        stride,
        *sides[choices.padding],
        dilation=dilation,
        transposed=choices.transposed,
        output_padding=Size(f"O{here}") if choices.output_padding else nothing,
    )
    output = DerivedSize(places, axis.output_extent, axis.output_conditions())
    if choices.padding not in ("same", "same lower"):
        return SpatialAxis(axis, at, tap, place, (output,))
    # As many places as strides fit; the padding is what the last window lacks, an odd one of it
    # at one end.
    wanted = DerivedSize(
        places,
        extent if stride == ONE else ceiling(extent / stride),
        (product_of(stride, places - 1) < extent, extent <= product_of(stride, places)),
    )
    lacking = Maximum((product_of(stride, places - 1) + axis.reach - extent, nothing))
    half = floor(lacking / 2) if choices.padding == "same" else ceiling(lacking / 2)
    sides_of_same = (
        DerivedSize(before, half, (equal(before, half),)),
        DerivedSize(after, lacking - half, (equal(after, lacking - half),)),
    )
    return SpatialAxis(axis, at, tap, place, (wanted, *sides_of_same))
