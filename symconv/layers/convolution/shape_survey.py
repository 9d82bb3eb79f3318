"""The shapes at which code for any member of the family is tried, and how people speak of them.

They are built from the axes and the settings of a layer, as `shapes` has them for the post's:
each condition on which an index formula turns, from both sides, alone and in the pairs that
have mattered. A class asks for a few of them, and wishes to be general in everything else:
nothing square, nothing single, strides, paddings and dilations that differ from axis to axis.

Sizes are chosen axis after axis; a condition that relates axes is decided with the last of them.

Units: strides, paddings, dilations and output paddings count positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from symconv.algebra.indices import Condition, Size, as_integer, divides, equal
from symconv.layers.convolution.frame import N
from symconv.layers.convolution.grouping import C, Cg, F, Fg, G, M
from symconv.layers.convolution.member_classes import Named, classes
from symconv.layers.convolution.turning_points import (
    TurningPoints,
    all_of,
    any_of,
    differ,
    opposite,
)
from symconv.layers.layer import Layer
from symconv.layers.regions import Region, Shapes

_LARGEST = {"input": 10, "filter": 4, "stride": 4, "padding": 4, "dilation": 3, "beyond": 3}
_LARGEST_OF_THREE = {"input": 8, "filter": 3, "stride": 3, "padding": 3, "dilation": 3, "beyond": 2}
"""The largest values that are tried; three axes have more products."""


def shapes(layer: Layer) -> Shapes:
    """Return the shapes at which code for a member of the family is tried."""
    points = TurningPoints(layer)
    return Shapes(
        features=_regions(features(points)),
        asked=_regions(asked(points)),
        classes=_regions(classes(points)),
        wishes=tuple(wishes(points)),
        choices=tuple(choices(points)),
        varied=tuple(varied(points)),
        usual=tuple(usual(points)),
        larger=tuple(axis.input >= 6 for axis in layer.axes[-1:]),
        steps=tuple(steps(points)),
    )


def _regions(found: Iterable[Named]) -> tuple[Region, ...]:
    named = dict(reversed([(name, one) for name, one in found if one is not None]))
    return tuple(reversed([Region(name, condition) for name, condition in named.items()]))


def features(points: TurningPoints) -> Iterator[Named]:
    """Yield where index conditions change, each from both sides."""
    yield from _both_ways("padding is 0", "padding is not 0", points.no_padding)
    over = any_of(map(points.left_over, points.axes))
    yield from _both_ways("the stride does not divide", "the stride divides", over)
    yield from _both_ways("the stride is 1", "the stride is larger than 1", points.stride_one)
    yield from _both_ways("the dilation is 1", "the dilation is larger than 1", points.dilation_one)
    if G in points.given:
        yield from _both_ways("there is one group", "there are groups", equal(G, 1))
        yield "there are as many groups as channels", equal(G, C)
    if M in points.given:
        yield from _both_ways(
            "each channel has one filter", "a channel has several filters", equal(M, 1)
        )
    none_beyond = all_of(equal(one, 0) for one in points.beyond)
    yield from _both_ways("output padding is 0", "output padding is not 0", none_beyond)
    yield from _features_of_each_axis(points)
    for kind, text in (("input", "the input's extents"), ("filter", "the filter's extents")):
        yield from _both_ways(f"{text} are equal", f"{text} differ", points.alike(kind))
    for size, what in ((N, "image"), (C, "channel"), (F, "filter")):
        if size in points.given:
            yield f"there is more than one {what}", size >= 2
            yield f"there is one {what}", equal(size, 1)
    if F in points.given:
        yield from _both_ways(
            "there are as many channels as filters",
            "channels and filters differ in number",
            equal(C, F),
        )
    yield from _both_ways(
        "the filter has one entry", "the filter has several entries", points.one_by_one
    )
    yield "no window reaches the last positions", any_of(map(points.unseen, points.axes))
    apart = any_of(map(points.apart, points.axes))
    yield "the stride is larger than the filter", apart
    reaches = any_of(map(points.padding_reaches, points.axes))
    yield from _both_ways(
        "padding is as large as the filter", "padding is smaller than the filter", reaches
    )
    one = all_of(map(points.one_position, points.axes))
    yield from _both_ways(
        f"there is one {points.position}", f"there is more than one {points.position}", one
    )
    yield "the filter is larger than the input", points.larger_filter


def _features_of_each_axis(points: TurningPoints) -> Iterator[Named]:
    several = len(points.axes) > 1
    for first, second in combinations(points.strides, 2):
        yield f"{first} and {second} differ", differ(first, second)
        yield f"{first} and {second} are equal", equal(first, second)
    for first, second in combinations(points.dilations, 2):
        yield f"{first} and {second} differ", differ(first, second)
    for first, second in combinations(points.before, 2):
        yield f"{first} and {second} differ", differ(first, second)
    for axis in points.axes:
        if points.after_alone and axis.padding_after in points.after_alone:
            before, after = axis.padding_before, axis.padding_after
            yield f"{before} and {after} differ", differ(before, after)
            yield f"{after} is not 0", after >= 1
            yield f"{before} is not 0", before >= 1
        if not several:
            continue
        word = points.word(axis)
        over = points.left_over(axis)
        if over is not None:
            yield f"positions are left over along the {word}", over
        yield f"there is one {points.position} along the {word}", points.one_position(axis)
        if len(points.strides) > 1:
            yield f"{axis.stride} is larger than 1", axis.stride >= 2
        if len(points.dilations) > 1:
            yield f"{axis.dilation} is larger than 1", as_integer(axis.dilation) >= 2
        if axis.output_padding in points.beyond:
            yield f"{axis.output_padding} is not 0", axis.output_padding >= 1


def _both_ways(name: str, other: str, condition: Condition | None) -> Iterator[Named]:
    yield name, condition
    yield other, opposite(condition)


def asked(points: TurningPoints) -> Iterator[Named]:
    """Yield what code may ask of shapes, what is asked most first."""
    yield "the padding is 0", points.no_padding
    yield "the dilation is 1", points.dilation_one
    yield "there is one group", equal(G, 1) if G in points.given else None
    yield "the filter is square", points.alike("filter")
    over = any_of(map(points.left_over, points.axes))
    yield "the stride divides", opposite(over)
    yield "the stride is 1", points.stride_one
    yield "the image is square", points.alike("input")
    yield "the filter is odd", all_of(~divides(2, axis.filter) for axis in points.axes)
    yield "the output padding is 0", all_of(equal(one, 0) for one in points.beyond)
    yield "there is one image", equal(N, 1)
    yield "there is one channel", equal(C, 1)
    yield "there is one filter", equal(F, 1) if F in points.given else None
    yield "there are as many channels as filters", equal(C, F) if F in points.given else None
    yield "there are as many groups as channels", equal(G, C) if G in points.given else None
    yield "the filter has one entry", points.one_by_one
    if not points.transposed:
        yield (
            "the output is as large as the input",
            all_of(equal(axis.output, axis.input) for axis in points.axes),
        )
    yield "the strides are equal", all_of(equal(*two) for two in combinations(points.strides, 2))
    yield "the paddings are equal", all_of(equal(*two) for two in combinations(points.sides, 2))
    yield (
        "the dilations are equal",
        all_of(equal(*two) for two in combinations(points.dilations, 2)),
    )


def wishes(points: TurningPoints) -> Iterator[Condition]:
    """Yield what a class is in everything that it does not ask for."""
    has, axes = points.given, points.axes
    yield N >= 2
    if G in has:
        yield from (G >= 2, Cg >= 2, Fg >= 2, differ(Cg, Fg))
    if M in has:
        yield from (M >= 2, C >= 2)
    yield C >= 2
    if F in has:
        yield from (F >= 2, differ(C, F), differ(N, F))
    yield differ(N, C)
    yield from (divisor >= 2 for divisor in divisors(points))
    for axis in axes:
        yield axis.filter >= 2
    yield from (dilation >= 2 for dilation in points.dilations)
    yield from (beyond >= 1 for beyond in points.beyond)
    for axis in axes:
        yield (axis.input if axis.transposed else axis.output) >= 2
    yield from (side >= 1 for side in points.sides)
    for axis in axes:
        yield from (axis.reach > side for side in points.sides_of(axis))
    yield from (stride >= 2 for stride in points.strides)
    for kind in ("filter", "input", "output"):
        yield from (differ(*two) for two in combinations([getattr(a, kind) for a in axes], 2))
    for settings in (points.strides, points.sides):
        yield from (differ(*two) for two in combinations(settings, 2))
    for axis in axes:
        if axis.stride in points.strides:
            yield axis.reach >= axis.stride
            if axis.dilation in points.dilations:
                yield differ(axis.stride, axis.dilation)
    yield from (differ(*two) for two in combinations(points.dilations, 2))
    for axis in axes:
        if (over := points.left_over(axis)) is not None:
            yield over if axis.overhang else ~over
        if not axis.transposed and points.can_exceed(axis):
            yield axis.input >= axis.reach


def choices(points: TurningPoints) -> Iterator[Mapping[Size, range]]:
    """Yield the values that are tried: of counts, then along each axis."""
    grouped = G in points.given
    counts = {N: 4, C: 9 if grouped else 5, F: 9 if grouped else 5, G: 4, M: 4}
    counts |= dict.fromkeys(divisors(points), 6)
    counts = {size: most for size, most in counts.items() if size in points.given}
    yield {size: range(1, most + 1) for size, most in counts.items()}
    largest = _LARGEST_OF_THREE if len(points.axes) == 3 else _LARGEST
    chosen: set[Size] = set()
    for axis in points.axes:
        kinds = {
            axis.input: "input",
            axis.filter: "filter",
            axis.stride: "stride",
            axis.padding_before: "padding",
            axis.padding_after: "padding",
            axis.dilation: "dilation",
            axis.output_padding: "beyond",
        }
        spans = {
            size: range(least := points.layer.minimum.get(size, 1), least + largest[kind])
            for size, kind in kinds.items()
            if isinstance(size, Size) and size in points.given and size not in chosen
        }
        chosen |= {*spans}
        yield spans


def divisors(points: TurningPoints) -> list[Size]:
    """Return what is no count and lies along no axis: the divisor that an average is given."""
    settings = ("input", "filter", "stride", "padding_before", "padding_after", "dilation")
    along = {getattr(axis, part) for axis in points.axes for part in (*settings, "output_padding")}
    return [size for size in points.layer.given if size not in {N, C, F, G, M, *along}]


def varied(points: TurningPoints) -> Iterator[Condition]:
    """Yield what a shape that meets a condition is besides."""
    first = points.axes[:1]
    found = (
        points.stride_one,
        any_of(map(points.left_over, points.axes)),
        points.alike("input"),
        points.no_padding,
        points.dilation_one,
        all_of(axis.filter >= 3 for axis in first),
        equal(G, 1) if G in points.given else None,
    )
    yield from (one for one in found if one is not None)


def usual(points: TurningPoints) -> Iterator[tuple[Condition, ...]]:
    """Yield shapes of which code takes some that is made for one kind alone."""
    for taps, padding in ((3, 1), (3, 0), (2, 0)):
        for stride in (1, 2):
            yield (
                *(equal(axis.filter, taps) for axis in points.axes),
                *(equal(side, padding) for side in points.sides),
                *(equal(one, stride) for one in points.strides),
            )


def steps(points: TurningPoints) -> Iterator[Mapping[str, int]]:
    """Yield ways from a shape to one that is a little larger."""
    inputs = [axis.input.name for axis in points.axes]
    filters = [axis.filter.name for axis in points.axes]
    counts = [size.name for size in (N, C, F) if size in points.given]
    yield dict.fromkeys(counts, 1)
    yield dict.fromkeys(inputs, 1)
    yield from ({name: 1} for name in inputs)
    yield dict.fromkeys([*inputs, *filters], 1)
    yield dict.fromkeys(inputs, 2)
    yield from ({name: 1} for name in (*filters, *counts))
    if G in points.given:
        yield {C.name: 2, F.name: 2}
    settings = (*points.strides, *points.sides, *points.dilations, *points.beyond)
    yield from ({size.name: 1} for size in settings)
