"""The classes of shapes at which code for a member of the family is tried.

Each asks for one condition on which an index formula turns, or for a pair that has mattered, and
is general in everything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from symconv.algebra.indices import Condition, as_integer, equal
from symconv.layers.convolution.frame import N
from symconv.layers.convolution.grouping import C, Cg, F, G, M
from symconv.layers.convolution.turning_points import TurningPoints, all_of, both, opposite

Named: TypeAlias = tuple[str, Condition | None]
"""A condition with its name, None where the layer has nothing of the kind."""


def classes(points: TurningPoints) -> Iterator[Named]:
    """Yield every class with what it asks for."""
    yield "general", N >= 1
    yield from _classes_of_strides(points)
    yield from _classes_of_paddings(points)
    yield from _classes_of_dilations(points)
    yield from _classes_of_output_paddings(points)
    yield from _classes_of_channels(points)
    yield from _classes_of_extents(points)
    # An input need not fit at its least value.
    inputs = {axis.input for axis in points.axes}
    least = {size: points.layer.minimum.get(size, 1) for size in points.layer.given}
    yield (
        "everything as small as it can be",
        all_of(equal(size, value) for size, value in least.items() if size not in inputs),
    )


def _classes_of_strides(points: TurningPoints) -> Iterator[Named]:
    yield "stride 1", points.stride_one
    apart = all_of(map(points.apart, points.axes))
    yield "stride larger than the filter", apart
    for axis in points.axes if len(points.strides) > 1 else ():
        others = [one for one in points.strides if one != axis.stride]
        alone = all_of([axis.stride >= 2, *(equal(one, 1) for one in others)])
        yield f"stride along the {points.word(axis)} alone", alone
    if len(points.strides) > 1:
        equals = [equal(points.strides[0], one) for one in points.strides[1:]]
        yield "equal strides", all_of([points.strides[0] >= 2, *equals])
    yield "remainder", points.remainder
    for axis in points.axes if len(points.axes) > 1 else ():
        others = [points.left_over(one) for one in points.axes if one is not axis]
        alone = both(points.left_over(axis), *map(opposite, others))
        yield f"remainder along the {points.word(axis)} alone", alone
    unseen = all_of(map(points.unseen, points.axes))
    padded = all_of(side >= 1 for side in points.after_alone or points.before)
    yield "remainder beyond the padding", both(unseen, padded)
    yield "padding 0, remainder", both(points.no_padding, points.remainder)
    yield "remainder, stride larger than the filter", both(points.remainder, apart)
    if any(axis.overhang for axis in points.axes):
        yield "no remainder", all_of(opposite(points.left_over(axis)) for axis in points.axes)


def _classes_of_paddings(points: TurningPoints) -> Iterator[Named]:
    yield "padding 0", points.no_padding
    large = all_of(map(points.padding_reaches, points.axes))
    yield "padding as large as the filter", large
    yield "stride 1, padding 0", both(points.stride_one, points.no_padding)
    yield "stride 1, padding as large as the filter", both(points.stride_one, large)
    if points.after_alone:
        first = [side >= 1 for side in points.before]
        last = [side >= 1 for side in points.after_alone]
        no_first = [equal(side, 0) for side in points.before]
        no_last = [equal(side, 0) for side in points.after_alone]
        yield "padding before alone", all_of([*first, *no_last])
        yield "padding after alone", all_of([*last, *no_first])
        yield "equal paddings", all_of([*first, *_equal_sides(points)])
    for axis in points.axes if len(points.before) > 1 else ():
        mine = points.sides_of(axis)
        others = [equal(side, 0) for side in points.sides if side not in mine]
        alone = all_of([*(side >= 1 for side in mine), *others])
        yield f"padding along the {points.word(axis)} alone", alone
    if not points.transposed:
        same = all_of(equal(axis.output, axis.input) for axis in points.axes)
        yield "output as large as the input", both(points.stride_one, same)


def _equal_sides(points: TurningPoints) -> Iterator[Condition]:
    for axis in points.axes:
        if axis.padding_before != axis.padding_after:
            yield equal(axis.padding_before, axis.padding_after)


def _classes_of_dilations(points: TurningPoints) -> Iterator[Named]:
    larger = all_of(one >= 2 for one in points.dilations)
    yield "dilation 1", points.dilation_one
    yield "dilation, stride 1", both(larger, points.stride_one)
    yield "dilation, padding 0", both(larger, points.no_padding)
    for axis in points.axes if len(points.dilations) > 1 else ():
        others = [one for one in points.dilations if one != axis.dilation]
        alone = all_of([as_integer(axis.dilation) >= 2, *(equal(one, 1) for one in others)])
        yield f"dilation along the {points.word(axis)} alone", alone
    equals = [
        equal(axis.dilation, axis.stride) if axis.stride in points.strides else None
        for axis in points.axes
    ]
    yield "dilation and stride equal", both(larger, *equals) if equals else None


def _classes_of_output_paddings(points: TurningPoints) -> Iterator[Named]:
    yield "output padding 0", all_of(equal(one, 0) for one in points.beyond)
    for axis in points.axes if len(points.beyond) > 1 else ():
        others = [equal(one, 0) for one in points.beyond if one != axis.output_padding]
        alone = all_of([axis.output_padding >= 1, *others])
        yield f"output padding along the {points.word(axis)} alone", alone
    most = all_of(
        equal(axis.output_padding, axis.stride - 1) & (axis.output_padding >= 1)
        for axis in points.axes
        if axis.output_padding in points.beyond and axis.stride in points.strides
    )
    yield "output padding one less than the stride", most
    yield (
        "output padding, padding 0",
        both(all_of(one >= 1 for one in points.beyond), points.no_padding),
    )


def _classes_of_channels(points: TurningPoints) -> Iterator[Named]:
    has = points.given
    yield "one image", equal(N, 1)
    yield "one channel", equal(C, 1)
    yield "one filter", equal(F, 1) if F in has else None
    yield "as many channels as filters", equal(C, F) & (C >= 2) if F in has else None
    if G in has:
        yield "one group", equal(G, 1)
        yield "as many groups as channels", equal(G, C) & (G >= 2)
        yield "as many groups as filters", equal(G, F) & (G >= 2) & (Cg >= 2)
        yield "three groups", equal(G, 3)
    if M in has:
        yield "one filter for each channel", equal(M, 1)


def _classes_of_extents(points: TurningPoints) -> Iterator[Named]:
    several = len(points.axes) > 1
    position = points.position
    yield f"one {position}", all_of(map(points.one_position, points.axes))
    for axis in points.axes if several else ():
        others = [~points.one_position(one) for one in points.axes if one is not axis]
        alone = all_of([points.one_position(axis), *others])
        yield f"one {position} along the {points.word(axis)}", alone
    plain = all_of([points.stride_one, points.no_padding])
    yield "1x1 filter", all_of([points.one_by_one, plain])
    padded = all_of(side >= 1 for side in points.sides)
    yield "1x1 filter, padding", both(points.one_by_one, padded)
    strided = all_of(one >= 2 for one in points.strides)
    yield "1x1 filter, stride larger than 1", both(points.one_by_one, strided)
    yield "filter larger than the input", points.larger_filter
    if several:
        yield "square input", points.alike("input")
        yield "square filter", points.alike("filter")
        yield "square input and filter", both(points.alike("input"), points.alike("filter"))
        first, last = points.axes[0], points.axes[-1]
        yield (
            f"{points.word(first)} larger than the {points.word(last)}",
            ((first.input > last.input) & (last.input >= 2)),
        )
        yield (
            f"filter of larger {points.word(first)} than {points.word(last)}",
            (first.filter > last.filter),
        )
