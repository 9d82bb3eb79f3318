"""The conditions on which the index formulas of a layer turn, in the words of its settings.

A layer has some of them: without padding nothing falls into it, and without groups no channel
is in another one. What there is none of is None, and stays so when conditions are joined.

Units: strides, paddings, dilations and output paddings count positions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import and_, or_

from symconv.algebra.indices import Condition, IntegerExpression, Size, divides, equal
from symconv.layers.axis import ZERO, Axis
from symconv.layers.layer import Layer

_WORDS = {"Z": "depth", "H": "height", "W": "width"}


def all_of(conditions: Iterable[Condition | None]) -> Condition | None:
    """Join conditions; None where there is none."""
    known = [one for one in conditions if one is not None]
    return reduce(and_, known) if known else None


def any_of(conditions: Iterable[Condition | None]) -> Condition | None:
    """Return the condition that one of several holds; None where there is none."""
    known = [one for one in conditions if one is not None]
    return reduce(or_, known) if known else None


def opposite(condition: Condition | None) -> Condition | None:
    """Return the condition that one does not hold; None where there is none."""
    return None if condition is None else ~condition


def both(*conditions: Condition | None) -> Condition | None:
    """Join conditions; None where one of them has no meaning."""
    return None if any(one is None for one in conditions) else all_of(conditions)


def differ(left: IntegerExpression, right: IntegerExpression) -> Condition:
    """Build the condition that two sizes are not equal."""
    return ~equal(left, right)


@dataclass(frozen=True)
class TurningPoints:
    """The conditions of one layer; None where it has nothing of the kind.

    Attributes:
        layer: the layer.
    """

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
        return any_of(side >= axis.reach for side in self.sides_of(axis))

    def sides_of(self, axis: Axis) -> tuple[Size, ...]:
        """Return the paddings of an axis."""
        return self.own((axis.padding_before, axis.padding_after))

    @cached_property
    def no_padding(self) -> Condition | None:
        """Where nothing is padded, or cut off."""
        return all_of(equal(side, 0) for side in self.sides)

    @cached_property
    def one_by_one(self) -> Condition | None:
        """Where a filter has one entry along each axis."""
        return all_of(equal(axis.filter, 1) for axis in self.axes)

    @cached_property
    def stride_one(self) -> Condition | None:
        """Where every stride is 1."""
        return all_of(equal(one, 1) for one in self.strides)

    @cached_property
    def dilation_one(self) -> Condition | None:
        """Where no filter is dilated."""
        return all_of(equal(one, 1) for one in self.dilations)

    @cached_property
    def remainder(self) -> Condition | None:
        """Where strides leave positions over along every axis."""
        return all_of(map(self.left_over, self.axes))

    def alike(self, kind: str) -> Condition | None:
        """Return where axes have one extent, such as that of the input."""
        sizes = [getattr(axis, kind) for axis in self.axes]
        return all_of(equal(sizes[0], one) for one in sizes[1:])

    @cached_property
    def larger_filter(self) -> Condition | None:
        """Where a window sees more than the input holds."""
        if self.transposed:
            return None
        return any_of(axis.reach > axis.input for axis in self.axes if self.can_exceed(axis))

    def can_exceed(self, axis: Axis) -> bool:
        """Tell whether a window may see more than the input holds."""
        return axis.padding_before != ZERO or axis.padding_after != ZERO
