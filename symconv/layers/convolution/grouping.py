"""Which filters see which channels: every filter every one, those of its group, or one.

Units: channels and filters count from 0; those of a group follow each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from symconv.algebra.expressions import Delta
from symconv.algebra.indices import (
    Condition,
    Index,
    IntegerExpression,
    IntegerLike,
    Size,
    as_integer,
    divides,
    equal,
    indices,
    sizes,
)
from symconv.layers.convolution.member_choices import Channels
from symconv.layers.sizes import DerivedSize

Over: TypeAlias = tuple[Index, IntegerLike, IntegerLike]
"""An index with both ends of its range, as sums take it."""

C, F, G, M, Cg, Fg = sizes("C F G M Cg Fg")
f, c = indices("f c")


@dataclass(frozen=True, slots=True)
class Seen:
    """The channels that one filter sees, or the filters that see one channel.

    Attributes:
        over: the range of the index that counts them, where there may be several.
        number: which channel or filter it is.
        own: its number among those that are seen.
    """

    over: tuple[Over, ...]
    number: IntegerExpression
    own: IntegerExpression


@dataclass(frozen=True, slots=True)
class Grouping:
    """How the filters of a layer share its channels.

    There are C channels and F filters. With groups, G of them, each has C/G channels and F/G
    filters; depthwise, each channel has M filters of its own.
    """

    channels: Channels

    @property
    def given(self) -> tuple[Size, ...]:
        """The sizes that a user gives, besides the number of channels."""
        return {"dense": (F,), "groups": (F, G), "depthwise": (M,)}[self.channels]

    @property
    def derived(self) -> tuple[DerivedSize, ...]:
        """The sizes that follow."""
        match self.channels:
            case "dense":
                return ()
            case "groups":
                return (
                    DerivedSize(Cg, C / G, (equal(C, G * Cg),)),
                    DerivedSize(Fg, F / G, (equal(F, G * Fg),)),
                )
            case "depthwise":
                return (DerivedSize(F, C * M, (equal(F, C * M),)),)

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The channels and the filters of a group, where there are groups."""
        return {"dense": (), "groups": (Cg, Fg), "depthwise": (M,)}[self.channels]

    @property
    def constraints(self) -> tuple[Condition, ...]:
        """What the numbers satisfy."""
        return (divides(G, C), divides(G, F)) if self.channels == "groups" else ()

    @property
    def channels_of_a_filter(self) -> IntegerExpression:
        """How many channels a filter sees."""
        return {"dense": C, "groups": Cg, "depthwise": as_integer(1)}[self.channels]

    @property
    def filters_of_a_channel(self) -> IntegerExpression:
        """How many filters see a channel."""
        return {"dense": F, "groups": Fg, "depthwise": M}[self.channels]

    def seen_by(self, filter: IntegerExpression) -> Seen:
        """Return the channels that a filter sees."""
        match self.channels:
            case "dense":
                return Seen(((c, 0, C - 1),), c, c)
            case "groups":
                return Seen(((c, 0, Cg - 1),), Cg * (filter // Fg) + c, c)
            case "depthwise":
                return Seen((), filter // M, as_integer(0))

    def seeing(self, channel: IntegerExpression) -> Seen:
        """Return the filters that see a channel."""
        match self.channels:
            case "dense":
                return Seen(((f, 0, F - 1),), f, f)
            case "groups":
                return Seen(((f, 0, Fg - 1),), Fg * (channel // Cg) + f, f)
            case "depthwise":
                return Seen(((f, 0, M - 1),), M * channel + f, f)

    def sees(self, filter: IntegerExpression, channel: IntegerExpression) -> tuple[Delta, ...]:
        """Return the deltas that hold where a filter sees a channel; none where it always does."""
        match self.channels:
            case "dense":
                return ()
            case "groups":
                return (Delta(filter // Fg, channel // Cg),)
            case "depthwise":
                return (Delta(filter // M, channel),)

    def own_channel(self, channel: IntegerExpression) -> IntegerExpression:
        """Return the number of a channel among those that a filter sees that sees it."""
        return {"dense": channel, "groups": channel % Cg, "depthwise": as_integer(0)}[self.channels]

    def own_filter(self, filter: IntegerExpression) -> IntegerExpression:
        """Return the number of a filter among those that see a channel that it sees."""
        return {"dense": filter, "groups": filter % Fg, "depthwise": filter % M}[self.channels]
