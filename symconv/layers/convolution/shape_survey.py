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
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import combinations
from operator import and_, or_

from symconv.algebra.indices import Condition, IntegerExpression, Size, as_integer, divides, equal
from symconv.layers.axis import ZERO, Axis
from symconv.layers.convolution.frame import N
from symconv.layers.convolution.grouping import C, Cg, F, Fg, G, M
from symconv.layers.layer import Layer
from symconv.layers.regions import Region, Shapes

_WORDS = {"Z": "depth", "H": "height", "W": "width"}
_LARGEST = {"input": 10, "filter": 4, "stride": 4, "padding": 4, "dilation": 3, "beyond": 3}
_LARGEST_OF_THREE = {"input": 8, "filter": 3, "stride": 3, "padding": 3, "dilation": 3, "beyond": 2}
"""The largest values that are tried; three axes have more products."""


def shapes(layer: Layer) -> Shapes:
    """Return the shapes at which code for a member of the family is tried."""
    survey = _Survey(layer)
    return Shapes(
        features=_regions(survey.features()),
        asked=_regions(survey.asked()),
        classes=_regions(survey.classes()),
        wishes=tuple(survey.wishes()),
        choices=tuple(survey.choices()),
        varied=tuple(survey.varied()),
        usual=tuple(survey.usual()),
        larger=tuple(axis.input >= 6 for axis in layer.axes[-1:]),
        steps=tuple(survey.steps()),
    )


def _regions(found: Iterable[tuple[str, Condition | None]]) -> tuple[Region, ...]:
    named = dict(reversed([(name, one) for name, one in found if one is not None]))
    return tuple(reversed([Region(name, condition) for name, condition in named.items()]))


def _all(conditions: Iterable[Condition | None]) -> Condition | None:
    """Join conditions; None where there is none."""
    known = [one for one in conditions if one is not None]
    return reduce(and_, known) if known else None


def _any(conditions: Iterable[Condition | None]) -> Condition | None:
    """Return the condition that one of several holds; None where there is none."""
    known = [one for one in conditions if one is not None]
    return reduce(or_, known) if known else None


def _not(condition: Condition | None) -> Condition | None:
    return None if condition is None else ~condition


def _both(*conditions: Condition | None) -> Condition | None:
    """Join conditions; None where one of them has no meaning."""
    return None if any(one is None for one in conditions) else _all(conditions)


def _differ(left: IntegerExpression, right: IntegerExpression) -> Condition:
    return ~equal(left, right)


@dataclass(frozen=True)
class _Survey:
    """The conditions of one layer."""

    layer: Layer

    @cached_property
    def given(self) -> frozenset[Size]:
        """The sizes that are chosen."""
        return frozenset(self.layer.given)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The spatial axes, the outermost first."""
        return self.layer.axes

    def word(self, axis: Axis) -> str:
        """Return what people call an axis."""
        return _WORDS.get(axis.input.name, axis.input.name)

    def own(self, settings: Iterable[IntegerExpression | int]) -> tuple[Size, ...]:
        """Return the settings that are sizes of the layer, each once."""
        return tuple(
            one for one in dict.fromkeys(settings) if isinstance(one, Size) and one in self.given
        )

    @cached_property
    def strides(self) -> tuple[Size, ...]:
        """The strides, each once."""
        return self.own(axis.stride for axis in self.axes)

    @cached_property
    def dilations(self) -> tuple[Size, ...]:
        """The dilations, each once."""
        return self.own(axis.dilation for axis in self.axes)

    @cached_property
    def before(self) -> tuple[Size, ...]:
        """The paddings before, each once; those on both sides are among them."""
        return self.own(axis.padding_before for axis in self.axes)

    @cached_property
    def sides(self) -> tuple[Size, ...]:
        """The paddings, each once."""
        return self.own(
            side for axis in self.axes for side in (axis.padding_before, axis.padding_after)
        )

    @cached_property
    def after_alone(self) -> tuple[Size, ...]:
        """The paddings after, where those before may differ."""
        return tuple(side for side in self.sides if side not in self.before)

    @cached_property
    def beyond(self) -> tuple[Size, ...]:
        """The output paddings."""
        return self.own(axis.output_padding for axis in self.axes)

    @cached_property
    def transposed(self) -> bool:
        """Whether windows move over the output."""
        return any(axis.transposed for axis in self.axes)

    # Conditions, None where the layer has nothing of the kind.

    def left_over(self, axis: Axis) -> Condition | None:
        """Return where a stride leaves positions over."""
        return (
            None
            if axis.stride not in self.strides or axis.transposed
            else (~divides(axis.stride, axis.room))
        )

    def unseen(self, axis: Axis) -> Condition | None:
        """Return where no window reaches the last positions of the input."""
        if self.left_over(axis) is None or axis.overhang:
            return None
        return axis.room % axis.stride > axis.padding_after

    def apart(self, axis: Axis) -> Condition | None:
        """Return where windows do not touch."""
        return None if axis.stride not in self.strides else axis.stride > axis.reach

    def one_position(self, axis: Axis) -> Condition:
        """Return where there is one window along an axis."""
        return equal(axis.input if axis.transposed else axis.output, 1)

    @property
    def position(self) -> str:
        """What people call the place of a window."""
        return "input position" if self.transposed else "output position"

    def padding_reaches(self, axis: Axis) -> Condition | None:
        """Return where a padding is as large as what a window sees."""
        return _any(side >= axis.reach for side in self._sides_of(axis))

    def _sides_of(self, axis: Axis) -> tuple[Size, ...]:
        return self.own((axis.padding_before, axis.padding_after))

    @cached_property
    def no_padding(self) -> Condition | None:
        """Where nothing is padded, or cut off."""
        return _all(equal(side, 0) for side in self.sides)

    @cached_property
    def one_by_one(self) -> Condition | None:
        """Where a filter has one entry along each axis."""
        return _all(equal(axis.filter, 1) for axis in self.axes)

    @cached_property
    def stride_one(self) -> Condition | None:
        """Where every stride is 1."""
        return _all(equal(one, 1) for one in self.strides)

    @cached_property
    def dilation_one(self) -> Condition | None:
        """Where no filter is dilated."""
        return _all(equal(one, 1) for one in self.dilations)

    @cached_property
    def remainder(self) -> Condition | None:
        """Where strides leave positions over along every axis."""
        return _all(map(self.left_over, self.axes))

    def alike(self, kind: str) -> Condition | None:
        """Return where axes have one extent, such as that of the input."""
        sizes = [getattr(axis, kind) for axis in self.axes]
        return _all(equal(sizes[0], one) for one in sizes[1:])

    @cached_property
    def larger_filter(self) -> Condition | None:
        """Where a window sees more than the input holds."""
        if self.transposed:
            return None
        return _any(axis.reach > axis.input for axis in self.axes if self._can_exceed(axis))

    def _can_exceed(self, axis: Axis) -> bool:
        return axis.padding_before != ZERO or axis.padding_after != ZERO

    def classes(self) -> Iterator[tuple[str, Condition | None]]:
        """Yield every class with what it asks for."""
        yield "general", N >= 1
        yield from self._classes_of_strides()
        yield from self._classes_of_paddings()
        yield from self._classes_of_dilations()
        yield from self._classes_of_output_paddings()
        yield from self._classes_of_channels()
        yield from self._classes_of_extents()
        least = {size: self.layer.minimum.get(size, 1) for size in self.layer.given}
        yield (
            "everything as small as it can be",
            _all(equal(size, value) for size, value in least.items() if size not in self._related),
        )

    @cached_property
    def _related(self) -> frozenset[Size]:
        """The extents that need not fit at their least value."""
        return frozenset(axis.input for axis in self.axes)

    def _classes_of_strides(self) -> Iterator[tuple[str, Condition | None]]:
        yield "stride 1", self.stride_one
        apart = _all(map(self.apart, self.axes))
        yield "stride larger than the filter", apart
        for axis in self.axes if len(self.strides) > 1 else ():
            others = [one for one in self.strides if one != axis.stride]
            alone = _all([axis.stride >= 2, *(equal(one, 1) for one in others)])
            yield f"stride along the {self.word(axis)} alone", alone
        if len(self.strides) > 1:
            equals = [equal(self.strides[0], one) for one in self.strides[1:]]
            yield "equal strides", _all([self.strides[0] >= 2, *equals])
        yield "remainder", self.remainder
        for axis in self.axes if len(self.axes) > 1 else ():
            others = [self.left_over(one) for one in self.axes if one is not axis]
            alone = _both(self.left_over(axis), *map(_not, others))
            yield f"remainder along the {self.word(axis)} alone", alone
        unseen = _all(map(self.unseen, self.axes))
        padded = _all(side >= 1 for side in self.after_alone or self.before)
        yield "remainder beyond the padding", _both(unseen, padded)
        yield "padding 0, remainder", _both(self.no_padding, self.remainder)
        yield "remainder, stride larger than the filter", _both(self.remainder, apart)
        if any(axis.overhang for axis in self.axes):
            yield "no remainder", _all(_not(self.left_over(axis)) for axis in self.axes)

    def _classes_of_paddings(self) -> Iterator[tuple[str, Condition | None]]:
        yield "padding 0", self.no_padding
        large = _all(map(self.padding_reaches, self.axes))
        yield "padding as large as the filter", large
        yield "stride 1, padding 0", _both(self.stride_one, self.no_padding)
        yield "stride 1, padding as large as the filter", _both(self.stride_one, large)
        if self.after_alone:
            first = [side >= 1 for side in self.before]
            last = [side >= 1 for side in self.after_alone]
            no_first = [equal(side, 0) for side in self.before]
            no_last = [equal(side, 0) for side in self.after_alone]
            yield "padding before alone", _all([*first, *no_last])
            yield "padding after alone", _all([*last, *no_first])
            yield "equal paddings", _all([*first, *self._equal_sides()])
        for axis in self.axes if len(self.before) > 1 else ():
            mine = self._sides_of(axis)
            others = [equal(side, 0) for side in self.sides if side not in mine]
            alone = _all([*(side >= 1 for side in mine), *others])
            yield f"padding along the {self.word(axis)} alone", alone
        if not self.transposed:
            same = _all(equal(axis.output, axis.input) for axis in self.axes)
            yield "output as large as the input", _both(self.stride_one, same)

    def _equal_sides(self) -> Iterator[Condition]:
        for axis in self.axes:
            if axis.padding_before != axis.padding_after:
                yield equal(axis.padding_before, axis.padding_after)

    def _classes_of_dilations(self) -> Iterator[tuple[str, Condition | None]]:
        larger = _all(one >= 2 for one in self.dilations)
        yield "dilation 1", self.dilation_one
        yield "dilation, stride 1", _both(larger, self.stride_one)
        yield "dilation, padding 0", _both(larger, self.no_padding)
        for axis in self.axes if len(self.dilations) > 1 else ():
            others = [one for one in self.dilations if one != axis.dilation]
            alone = _all([as_integer(axis.dilation) >= 2, *(equal(one, 1) for one in others)])
            yield f"dilation along the {self.word(axis)} alone", alone
        equals = [
            equal(axis.dilation, axis.stride) if axis.stride in self.strides else None
            for axis in self.axes
        ]
        yield "dilation and stride equal", _both(larger, *equals) if equals else None

    def _classes_of_output_paddings(self) -> Iterator[tuple[str, Condition | None]]:
        yield "output padding 0", _all(equal(one, 0) for one in self.beyond)
        for axis in self.axes if len(self.beyond) > 1 else ():
            others = [equal(one, 0) for one in self.beyond if one != axis.output_padding]
            alone = _all([axis.output_padding >= 1, *others])
            yield f"output padding along the {self.word(axis)} alone", alone
        most = _all(
            equal(axis.output_padding, axis.stride - 1) & (axis.output_padding >= 1)
            for axis in self.axes
            if axis.output_padding in self.beyond and axis.stride in self.strides
        )
        yield "output padding one less than the stride", most
        yield (
            "output padding, padding 0",
            _both(_all(one >= 1 for one in self.beyond), self.no_padding),
        )

    def _classes_of_channels(self) -> Iterator[tuple[str, Condition | None]]:
        has = self.given
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

    def _classes_of_extents(self) -> Iterator[tuple[str, Condition | None]]:
        several = len(self.axes) > 1
        position = self.position
        yield f"one {position}", _all(map(self.one_position, self.axes))
        for axis in self.axes if several else ():
            others = [~self.one_position(one) for one in self.axes if one is not axis]
            alone = _all([self.one_position(axis), *others])
            yield f"one {position} along the {self.word(axis)}", alone
        plain = _all([self.stride_one, self.no_padding])
        yield "1x1 filter", _all([self.one_by_one, plain])
        padded = _all(side >= 1 for side in self.sides)
        yield "1x1 filter, padding", _both(self.one_by_one, padded)
        strided = _all(one >= 2 for one in self.strides)
        yield "1x1 filter, stride larger than 1", _both(self.one_by_one, strided)
        yield "filter larger than the input", self.larger_filter
        if several:
            yield "square input", self.alike("input")
            yield "square filter", self.alike("filter")
            yield "square input and filter", _both(self.alike("input"), self.alike("filter"))
            first, last = self.axes[0], self.axes[-1]
            yield (
                f"{self.word(first)} larger than the {self.word(last)}",
                ((first.input > last.input) & (last.input >= 2)),
            )
            yield (
                f"filter of larger {self.word(first)} than {self.word(last)}",
                (first.filter > last.filter),
            )

    def features(self) -> Iterator[tuple[str, Condition | None]]:
        """Yield where index conditions change, each from both sides."""
        yield from self._both_ways("padding is 0", "padding is not 0", self.no_padding)
        over = _any(map(self.left_over, self.axes))
        yield from self._both_ways("the stride does not divide", "the stride divides", over)
        yield from self._both_ways(
            "the stride is 1", "the stride is larger than 1", self.stride_one
        )
        yield from self._both_ways(
            "the dilation is 1", "the dilation is larger than 1", self.dilation_one
        )
        if G in self.given:
            yield from self._both_ways("there is one group", "there are groups", equal(G, 1))
            yield "there are as many groups as channels", equal(G, C)
        if M in self.given:
            yield from self._both_ways(
                "each channel has one filter", "a channel has several filters", equal(M, 1)
            )
        none_beyond = _all(equal(one, 0) for one in self.beyond)
        yield from self._both_ways("output padding is 0", "output padding is not 0", none_beyond)
        yield from self._features_of_each_axis()
        for kind, text in (("input", "the input's extents"), ("filter", "the filter's extents")):
            yield from self._both_ways(f"{text} are equal", f"{text} differ", self.alike(kind))
        for size, what in ((N, "image"), (C, "channel"), (F, "filter")):
            if size in self.given:
                yield f"there is more than one {what}", size >= 2
                yield f"there is one {what}", equal(size, 1)
        if F in self.given:
            yield from self._both_ways(
                "there are as many channels as filters",
                "channels and filters differ in number",
                equal(C, F),
            )
        yield from self._both_ways(
            "the filter has one entry", "the filter has several entries", self.one_by_one
        )
        yield "no window reaches the last positions", _any(map(self.unseen, self.axes))
        apart = _any(map(self.apart, self.axes))
        yield "the stride is larger than the filter", apart
        reaches = _any(map(self.padding_reaches, self.axes))
        yield from self._both_ways(
            "padding is as large as the filter", "padding is smaller than the filter", reaches
        )
        one = _all(map(self.one_position, self.axes))
        yield from self._both_ways(
            f"there is one {self.position}", f"there is more than one {self.position}", one
        )
        yield "the filter is larger than the input", self.larger_filter

    def _features_of_each_axis(self) -> Iterator[tuple[str, Condition | None]]:
        several = len(self.axes) > 1
        for first, second in combinations(self.strides, 2):
            yield f"{first} and {second} differ", _differ(first, second)
            yield f"{first} and {second} are equal", equal(first, second)
        for first, second in combinations(self.dilations, 2):
            yield f"{first} and {second} differ", _differ(first, second)
        for first, second in combinations(self.before, 2):
            yield f"{first} and {second} differ", _differ(first, second)
        for axis in self.axes:
            if self.after_alone and axis.padding_after in self.after_alone:
                before, after = axis.padding_before, axis.padding_after
                yield f"{before} and {after} differ", _differ(before, after)
                yield f"{after} is not 0", after >= 1
                yield f"{before} is not 0", before >= 1
            if not several:
                continue
            word = self.word(axis)
            over = self.left_over(axis)
            if over is not None:
                yield f"positions are left over along the {word}", over
            yield f"there is one {self.position} along the {word}", self.one_position(axis)
            if len(self.strides) > 1:
                yield f"{axis.stride} is larger than 1", axis.stride >= 2
            if len(self.dilations) > 1:
                yield f"{axis.dilation} is larger than 1", as_integer(axis.dilation) >= 2
            if axis.output_padding in self.beyond:
                yield f"{axis.output_padding} is not 0", axis.output_padding >= 1

    def _both_ways(
        self, name: str, other: str, condition: Condition | None
    ) -> Iterator[tuple[str, Condition | None]]:
        yield name, condition
        yield other, _not(condition)

    def asked(self) -> Iterator[tuple[str, Condition | None]]:
        """Yield what code may ask of shapes, what is asked most first."""
        yield "the padding is 0", self.no_padding
        yield "the dilation is 1", self.dilation_one
        yield "there is one group", equal(G, 1) if G in self.given else None
        yield "the filter is square", self.alike("filter")
        over = _any(map(self.left_over, self.axes))
        yield "the stride divides", _not(over)
        yield "the stride is 1", self.stride_one
        yield "the image is square", self.alike("input")
        yield "the filter is odd", _all(~divides(2, axis.filter) for axis in self.axes)
        yield "the output padding is 0", _all(equal(one, 0) for one in self.beyond)
        yield "there is one image", equal(N, 1)
        yield "there is one channel", equal(C, 1)
        yield "there is one filter", equal(F, 1) if F in self.given else None
        yield "there are as many channels as filters", equal(C, F) if F in self.given else None
        yield "there are as many groups as channels", equal(G, C) if G in self.given else None
        yield "the filter has one entry", self.one_by_one
        if not self.transposed:
            yield (
                "the output is as large as the input",
                _all(equal(axis.output, axis.input) for axis in self.axes),
            )
        yield "the strides are equal", _all(equal(*two) for two in combinations(self.strides, 2))
        yield "the paddings are equal", _all(equal(*two) for two in combinations(self.sides, 2))
        yield (
            "the dilations are equal",
            _all(equal(*two) for two in combinations(self.dilations, 2)),
        )

    def wishes(self) -> Iterator[Condition]:
        """Yield what a class is in everything that it does not ask for."""
        has, axes = self.given, self.axes
        yield N >= 2
        if G in has:
            yield from (G >= 2, Cg >= 2, Fg >= 2, _differ(Cg, Fg))
        if M in has:
            yield from (M >= 2, C >= 2)
        yield C >= 2
        if F in has:
            yield from (F >= 2, _differ(C, F), _differ(N, F))
        yield _differ(N, C)
        for axis in axes:
            yield axis.filter >= 2
        yield from (dilation >= 2 for dilation in self.dilations)
        yield from (beyond >= 1 for beyond in self.beyond)
        for axis in axes:
            yield (axis.input if axis.transposed else axis.output) >= 2
        yield from (side >= 1 for side in self.sides)
        for axis in axes:
            yield from (axis.reach > side for side in self._sides_of(axis))
        yield from (stride >= 2 for stride in self.strides)
        for kind in ("filter", "input", "output"):
            yield from (_differ(*two) for two in combinations([getattr(a, kind) for a in axes], 2))
        for settings in (self.strides, self.sides):
            yield from (_differ(*two) for two in combinations(settings, 2))
        for axis in axes:
            if axis.stride in self.strides:
                yield axis.reach >= axis.stride
                if axis.dilation in self.dilations:
                    yield _differ(axis.stride, axis.dilation)
        yield from (_differ(*two) for two in combinations(self.dilations, 2))
        for axis in axes:
            if (over := self.left_over(axis)) is not None:
                yield over if axis.overhang else ~over
            if not axis.transposed and self._can_exceed(axis):
                yield axis.input >= axis.reach

    def choices(self) -> Iterator[Mapping[Size, range]]:
        """Yield the values that are tried: of counts, then along each axis."""
        grouped = G in self.given
        counts = {N: 4, C: 9 if grouped else 5, F: 9 if grouped else 5, G: 4, M: 4}
        yield {size: range(1, most + 1) for size, most in counts.items() if size in self.given}
        largest = _LARGEST_OF_THREE if len(self.axes) == 3 else _LARGEST
        chosen: set[Size] = set()
        for axis in self.axes:
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
                size: range(least := self.layer.minimum.get(size, 1), least + largest[kind])
                for size, kind in kinds.items()
                if isinstance(size, Size) and size in self.given and size not in chosen
            }
            chosen |= {*spans}
            yield spans

    def varied(self) -> Iterator[Condition]:
        """Yield what a shape that meets a condition is besides."""
        first = self.axes[:1]
        found = (
            self.stride_one,
            _any(map(self.left_over, self.axes)),
            self.alike("input"),
            self.no_padding,
            self.dilation_one,
            _all(axis.filter >= 3 for axis in first),
            equal(G, 1) if G in self.given else None,
        )
        yield from (one for one in found if one is not None)

    def usual(self) -> Iterator[tuple[Condition, ...]]:
        """Yield shapes of which code takes some that is made for one kind alone."""
        for taps, padding in ((3, 1), (3, 0), (2, 0)):
            for stride in (1, 2):
                yield (
                    *(equal(axis.filter, taps) for axis in self.axes),
                    *(equal(side, padding) for side in self.sides),
                    *(equal(one, stride) for one in self.strides),
                )

    def steps(self) -> Iterator[Mapping[str, int]]:
        """Yield ways from a shape to one that is a little larger."""
        inputs = [axis.input.name for axis in self.axes]
        filters = [axis.filter.name for axis in self.axes]
        counts = [size.name for size in (N, C, F) if size in self.given]
        yield dict.fromkeys(counts, 1)
        yield dict.fromkeys(inputs, 1)
        yield from ({name: 1} for name in inputs)
        yield dict.fromkeys([*inputs, *filters], 1)
        yield dict.fromkeys(inputs, 2)
        yield from ({name: 1} for name in (*filters, *counts))
        if G in self.given:
            yield {C.name: 2, F.name: 2}
        settings = (*self.strides, *self.sides, *self.dilations, *self.beyond)
        yield from ({size.name: 1} for size in settings)
