"""What the padding of an input holds: zeros, or entries of the input."""

from __future__ import annotations

from typing import assert_never

from symconv.algebra.indices import (
    Condition,
    IntegerExpression,
    IntegerLike,
    Maximum,
    Minimum,
    as_integer,
)
from symconv.layers.axis import Axis
from symconv.layers.convolution.member_choices import PaddingMode


def source(mode: PaddingMode, axis: Axis, position: IntegerLike) -> IntegerExpression:
    """Return the position in the input whose entry a position of the padded input holds.

    With zeros that is so where the padded input holds the input, and only there.
    """
    here, last = axis.unpadded(position), axis.input - 1
    match mode:
        case "zeros":
            return here
        case "circular":
            return here % axis.input
        case "reflect":
            return last - _absolute(last - _absolute(here))
        case "replicate":
            return Minimum((Maximum((here, as_integer(0))), last))
        case _:
            assert_never(mode)


def most_padding(mode: PaddingMode, axis: Axis, side: IntegerExpression) -> tuple[Condition, ...]:
    """Return what a padding satisfies, besides being at least 0, for `source` to be inside."""
    match mode:
        case "zeros" | "replicate":
            return ()
        case "circular":
            return (side <= axis.input,)
        case "reflect":
            return (side < axis.input,)
        case _:
            assert_never(mode)


def _absolute(value: IntegerExpression) -> IntegerExpression:
    return Maximum((value, -value))
