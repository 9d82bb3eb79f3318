"""One spatial axis of a layer."""

from __future__ import annotations

from dataclasses import dataclass

from symconv.algebra.indices import (
    Condition,
    IntegerExpression,
    IntegerLike,
    Size,
    as_integer,
    between,
    floor,
)


@dataclass(frozen=True, slots=True)
class Axis:
    """The sizes along one spatial axis; several axes may share a stride or a padding.

    Units: stride, paddings and dilation count input positions.
    """

    input: Size
    filter: Size
    output: Size
    stride: IntegerExpression
    padding_before: IntegerExpression
    padding_after: IntegerExpression
    dilation: IntegerLike = 1

    @property
    def sizes(self) -> tuple[Size, Size, Size]:
        """The extents of the input, the filter and the output."""
        return (self.input, self.filter, self.output)

    @property
    def padded(self) -> IntegerExpression:
        """The extent of the padded input."""
        if self.padding_before == self.padding_after:
            return self.input + 2 * self.padding_before
        return self.input + self.padding_before + self.padding_after

    @property
    def reach(self) -> IntegerExpression:
        """The extent of the input that one output position sees."""
        if self.dilation == 1:
            return self.filter
        return as_integer(self.dilation) * (self.filter - 1) + 1

    @property
    def room(self) -> IntegerExpression:
        """How far the window can move: the padded extent less the reach of the filter."""
        return self.padded - self.reach

    @property
    def output_extent(self) -> IntegerExpression:
        """The number of output positions: floor(room / stride) + 1."""
        return floor(self.room / self.stride) + 1

    def position(self, output: IntegerLike, window: IntegerLike) -> IntegerExpression:
        """Return the position of the padded input that one output reads with one filter entry."""
        step = as_integer(window)
        if self.dilation != 1:
            step = as_integer(self.dilation) * step
        return self.stride * as_integer(output) + step

    def unpadded(self, position: IntegerLike) -> IntegerExpression:
        """Return the position in the input of a position in the padded input."""
        return as_integer(position) - self.padding_before

    def holds_input(self, position: IntegerLike) -> Condition:
        """Return where a position of the padded input holds the input, and no padding."""
        return between(self.padding_before, position, self.padding_before + self.input - 1)

    def constraints(self) -> tuple[Condition, ...]:
        """Return what makes the axis meaningful: the filter fits into the padded input."""
        return (self.padded >= self.reach,)

    def output_conditions(self) -> tuple[Condition, ...]:
        """Return stride*(output-1) <= room < stride*output, which defines the output size."""
        return (
            self.stride * (self.output - 1) <= self.room,
            self.room < self.stride * self.output,
        )
