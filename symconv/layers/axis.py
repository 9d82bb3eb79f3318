"""One spatial axis of a layer."""

from __future__ import annotations

from dataclasses import dataclass

from symconv.algebra.indices import (
    Condition,
    Constant,
    IntegerExpression,
    IntegerLike,
    Minimum,
    Size,
    as_integer,
    between,
    ceiling,
    equal,
    floor,
)

ONE, ZERO = Constant(1), Constant(0)


@dataclass(frozen=True, slots=True)
class Axis:
    """The sizes along one spatial axis; several axes may share a stride or a padding.

    With overhang ("ceil mode") a last window may stand out over the padding behind, if it starts
    before it. A transposed axis goes the other way: what a window would read is added to
    instead, and the paddings are cut off the output.

    Units: stride, paddings, dilation and output padding count positions of the side on which
    windows move, which is the input, and of a transposed axis the output.
    """

    input: Size
    filter: Size
    output: Size
    stride: IntegerExpression
    padding_before: IntegerExpression
    padding_after: IntegerExpression
    dilation: IntegerLike = 1
    transposed: bool = False
    output_padding: IntegerExpression = ZERO
    overhang: bool = False

    @property
    def sizes(self) -> tuple[Size, Size, Size]:
        """The extents of the input, the filter and the output."""
        return (self.input, self.filter, self.output)

    @property
    def roles(self) -> tuple[IntegerExpression, ...]:
        """The extents and the settings, in an order that is the same for every axis."""
        settings = (self.stride, self.padding_before, self.padding_after)
        return (*self.sizes, *settings, as_integer(self.dilation), self.output_padding)

    @property
    def padded(self) -> IntegerExpression:
        """The extent of the padded input."""
        if self.padding_before == self.padding_after:
            return (
                self.input if self.padding_before == ZERO else self.input + 2 * self.padding_before
            )
        return sum_of(self.input, self.padding_before, self.padding_after)

    @property
    def reach(self) -> IntegerExpression:
        """The extent of the input that one output position sees."""
        if as_integer(self.dilation) == ONE:
            return self.filter
        return as_integer(self.dilation) * (self.filter - 1) + 1

    @property
    def room(self) -> IntegerExpression:
        """How far the window can move: the padded extent less the reach of the filter."""
        return self.padded - self.reach

    @property
    def output_extent(self) -> IntegerExpression:
        """The number of output positions: floor(room / stride) + 1."""
        if self.transposed:
            stretched = product_of(self.stride, self.input - 1)
            both = (self.padding_before, self.padding_after)
            cut = (2 * both[0],) if both[0] == both[1] != ZERO else both
            kept = sum_of(stretched, self.reach, self.output_padding)
            return sum_of(kept, *(-side for side in cut if side != ZERO))
        if self.overhang:
            started = ceiling(sum_of(self.input, self.padding_before) / self.stride)
            return Minimum((ceiling(self.room / self.stride) + 1, started))
        if self.stride == ONE:
            return self.room + 1
        return floor(self.room / self.stride) + 1

    def position(self, place: IntegerLike, tap: IntegerLike) -> IntegerExpression:
        """Return the padded position that a filter entry meets in the window of a place."""
        return sum_of(product_of(self.stride, place), self.dilated(tap))

    def dilated(self, tap: IntegerLike) -> IntegerExpression:
        """Return how far an entry of the filter is from the start of its window."""
        return product_of(self.dilation, tap)

    def unpadded(self, position: IntegerLike) -> IntegerExpression:
        """Return the position in the input of a position in the padded input."""
        return as_integer(position) - self.padding_before

    def holds_input(self, position: IntegerLike) -> Condition:
        """Return where a position of the padded input holds the input, and no padding."""
        return between(self.padding_before, position, self.padding_before + self.input - 1)

    def constraints(self) -> tuple[Condition, ...]:
        """Return what makes the axis meaningful.

        The filter fits into the padded input; of a transposed axis, the output padding adds
        less than another window would.
        """
        if not self.transposed:
            return (self.padded >= self.reach,)
        if self.output_padding == ZERO:
            return ()
        below_stride = self.output_padding < self.stride
        if as_integer(self.dilation) == ONE:
            return (below_stride,)
        return (below_stride | (self.output_padding < self.dilation),)

    def output_conditions(self) -> tuple[Condition, ...]:
        """Return what defines the output size: stride*(output-1) <= room < stride*output."""
        if self.transposed or self.overhang:
            return (equal(self.output, self.output_extent),)
        return (
            product_of(self.stride, self.output - 1) <= self.room,
            self.room < product_of(self.stride, self.output),
        )


def sum_of(*terms: IntegerLike) -> IntegerExpression:
    """Add terms in their order; a 0 is not written."""
    first, *rest = [term for term in map(as_integer, terms) if term != ZERO]
    return sum(rest, start=first)


def product_of(factor: IntegerLike, value: IntegerLike) -> IntegerExpression:
    """Multiply by a stride or dilation; a factor of 1 is not written."""
    return as_integer(value) if as_integer(factor) == ONE else as_integer(factor) * value
