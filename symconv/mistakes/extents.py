"""Edits of extents: one size taken for another, and the formula of the output size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from symconv.algebra.expressions import Iverson
from symconv.algebra.indices import (
    CeilingDivision,
    Comparison,
    Constant,
    FloorDivision,
    IntegerExpression,
    Quotient,
    Range,
    Size,
)
from symconv.algebra.ratios import same_polynomial
from symconv.algebra.tree import Node
from symconv.mistakes.arithmetic import plus_constant, sum_terms, total, with_part, without
from symconv.mistakes.sites import Edit, Site

Role: TypeAlias = Literal["input", "filter", "output"]
_ROLES: tuple[Role, ...] = ("input", "filter", "output")


def take_other_axis(site: Site) -> Iterator[Node]:
    """Take the size of the other axis: HH becomes WW."""
    if isinstance(site.node, Size):
        yield from site.vocabulary.twins(site.node)


def take_role(wrong: Role, right: Role) -> Edit:
    """Make the edit that bounds an index by one extent of its axis instead of another."""

    def edit(site: Site) -> Iterator[Node]:
        bounds = any(isinstance(node, Range | Comparison) for node in site.ancestors)
        if bounds and isinstance(site.node, Size):
            for axis in site.vocabulary.axes:
                if site.node == axis.sizes[_ROLES.index(right)]:
                    yield axis.sizes[_ROLES.index(wrong)]

    return edit


def confuse_roles(first: Role, second: Role) -> Edit:
    """Make the edit that takes either of two extents for the other."""
    edits = (take_role(first, second), take_role(second, first))

    def edit(site: Site) -> Iterator[Node]:
        for one in edits:
            yield from one(site)

    return edit


def round_up(site: Site) -> Iterator[Node]:
    """Round a division up instead of down."""
    if isinstance(site.node, FloorDivision):
        yield CeilingDivision(site.node.dividend, site.node.divisor)


def round_down(site: Site) -> Iterator[Node]:
    """Undo `round_up`."""
    if isinstance(site.node, CeilingDivision):
        yield FloorDivision(site.node.dividend, site.node.divisor)


def drop_rounding(site: Site) -> Iterator[Node]:
    """Divide exactly instead of rounding down."""
    if isinstance(site.node, FloorDivision):
        yield Quotient(site.node.dividend, site.node.divisor)


def restore_rounding(site: Site) -> Iterator[Node]:
    """Undo `drop_rounding`."""
    if isinstance(site.node, Quotient):
        yield FloorDivision(site.node.dividend, site.node.divisor)


def drop_plus_one(site: Site) -> Iterator[Node]:
    """Leave out the 1 that is added to the number of steps."""
    parts = sum_terms(site)
    if any(_steps(parts, site)):
        for place, part in enumerate(parts):
            if part == Constant(1):
                yield total(without(parts, place))


def restore_plus_one(site: Site) -> Iterator[Node]:
    """Undo `drop_plus_one`."""
    parts = sum_terms(site)
    if any(_steps(parts, site)) and Constant(1) not in parts:
        yield total([Constant(1), *parts])


def divide_plus_one(site: Site) -> Iterator[Node]:
    """Add the 1 before the division by the stride instead of after it."""
    parts = sum_terms(site)
    if Constant(1) in parts:
        rest = without(parts, parts.index(Constant(1)))
        for place, steps in _steps(rest, site):
            moved = type(steps)(plus_constant(steps.dividend, 1), steps.divisor)
            yield total(with_part(rest, place, moved))


def undivide_plus_one(site: Site) -> Iterator[Node]:
    """Undo `divide_plus_one`."""
    parts = sum_terms(site)
    for place, steps in _steps(parts, site):
        moved = type(steps)(plus_constant(steps.dividend, -1), steps.divisor)
        yield total([Constant(1), *with_part(parts, place, moved)])


def drop_filter_size(site: Site) -> Iterator[Node]:
    """Leave the filter out of the room in which the window moves."""
    parts = sum_terms(site)
    if isinstance(site.parent, Quotient | FloorDivision | CeilingDivision):
        for axis in site.vocabulary.axes:
            if -axis.filter in parts:
                yield total(without(parts, parts.index(-axis.filter)))


def restore_filter_size(site: Site) -> Iterator[Node]:
    """Undo `drop_filter_size`."""
    parts = sum_terms(site)
    if isinstance(site.parent, Quotient | FloorDivision | CeilingDivision):
        for axis in site.vocabulary.axes:
            if axis.input in parts and -axis.filter not in parts:
                yield total([*parts, -axis.filter])


def end_at_last_window(site: Site) -> Iterator[Node]:
    """End the input where the last window ends, so that remainder rows are lost."""
    yield from _change_end(site, undo=False)


def end_at_last_row(site: Site) -> Iterator[Node]:
    """Undo `end_at_last_window`."""
    yield from _change_end(site, undo=True)


def _change_end(site: Site, *, undo: bool) -> Iterator[Node]:
    node = site.node
    in_bracket = any(isinstance(ancestor, Iverson) for ancestor in site.ancestors)
    if not in_bracket or not isinstance(node, IntegerExpression):
        return
    for axis in site.vocabulary.axes:
        row = axis.padding_before + axis.input - 1
        window = axis.stride * (axis.output - 1) + axis.reach - 1
        old, new = (window, row) if undo else (row, window)
        if same_polynomial(node, old):
            yield new


def _steps(
    parts: tuple[IntegerExpression, ...], site: Site
) -> Iterator[tuple[int, Quotient | FloorDivision | CeilingDivision]]:
    """Yield the terms that divide by the stride, how many steps the window makes."""
    for place, part in enumerate(parts):
        divides = isinstance(part, Quotient | FloorDivision | CeilingDivision)
        if divides and part.divisor in site.vocabulary.strides:
            yield place, part
