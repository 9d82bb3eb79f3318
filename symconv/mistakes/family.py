"""Edits of what a convolution may have besides stride and padding: dilation and groups."""

from __future__ import annotations

from collections.abc import Iterator

from symconv.algebra.indices import (
    Constant,
    FloorDivision,
    Index,
    IntegerExpression,
    Plus,
    Size,
    Times,
)
from symconv.algebra.tree import Node
from symconv.layers.axis import Axis
from symconv.mistakes.arithmetic import (
    factor_place,
    factors,
    product,
    signed,
    sum_terms,
    total,
    with_part,
    with_sign,
    without,
)
from symconv.mistakes.sites import Site


def drop_dilation(site: Site) -> Iterator[Node]:
    """Leave out the factor D: D*p becomes p."""
    if isinstance(site.node, Times):
        place = factor_place(site.node, site.vocabulary.dilations)
        if place is not None:
            yield product(without(site.node.factors, place))


def restore_dilation(site: Site) -> Iterator[Node]:
    """Undo `drop_dilation`: multiply an index, or an extent, by the dilation of its axis."""
    node = site.node
    if isinstance(node, Index | Plus):
        number = site.vocabulary.axis_number(node)
        around = factors(site.parent) if isinstance(site.parent, IntegerExpression) else ()
        if number is not None and not any(part in site.vocabulary.dilations for part in around):
            for dilation in _dilations((site.vocabulary.axes[number],)):
                yield Times((dilation, *factors(node)))


def confuse_with_stride(site: Site) -> Iterator[Node]:
    """Take the stride for the dilation, or the dilation for the stride."""
    for axis in site.vocabulary.axes:
        for dilation in _dilations((axis,)):
            if site.node == dilation:
                yield axis.stride
            elif site.node == axis.stride and isinstance(site.node, Size):
                yield dilation


def drop_last_entry(site: Site) -> Iterator[Node]:
    """Leave out the 1 behind D*(K-1), which is the last entry of the filter itself."""
    parts = sum_terms(site)
    for part in parts:
        sign, rest = signed(part)
        if any(rest == _steps(axis) for axis in site.vocabulary.axes) and Constant(sign) in parts:
            yield total(without(parts, parts.index(Constant(sign))))


def restore_last_entry(site: Site) -> Iterator[Node]:
    """Undo `drop_last_entry`."""
    parts = sum_terms(site)
    for part in parts:
        sign, rest = signed(part)
        if any(rest == _steps(axis) for axis in site.vocabulary.axes):
            yield total([*parts, Constant(sign)])


def count_entries_for_steps(site: Site) -> Iterator[Node]:
    """Multiply the dilation by the size of the filter instead of by that minus 1."""
    for axis in site.vocabulary.axes:
        for place, part in enumerate(parts := sum_terms(site)):
            sign, rest = signed(part)
            if rest == _steps(axis):
                whole = with_sign(sign, (*factors(rest[0]), axis.filter))
                yield total(with_part(parts, place, whole))


def count_steps_for_entries(site: Site) -> Iterator[Node]:
    """Undo `count_entries_for_steps`."""
    for axis in site.vocabulary.axes:
        for place, part in enumerate(parts := sum_terms(site)):
            sign, rest = signed(part)
            if _dilations((axis,)) and rest == (*_dilations((axis,)), axis.filter):
                yield total(with_part(parts, place, with_sign(sign, _steps(axis))))


def drop_group_offset(site: Site) -> Iterator[Node]:
    """Leave out where the channels or filters of a group begin: Cg*g + c becomes c."""
    parts = sum_terms(site)
    for place, part in enumerate(parts):
        if len(parts) > 1 and _is_group_offset(part, site):
            yield total(without(parts, place))


def confuse_group_sizes(site: Site) -> Iterator[Node]:
    """Take the channels of a group for its filters, or the reverse."""
    if isinstance(site.node, Size) and site.node in site.vocabulary.group_sizes:
        yield from (size for size in site.vocabulary.group_sizes if size != site.node)


def _is_group_offset(part: IntegerExpression, site: Site) -> bool:
    inner = factors(part)
    counted = any(isinstance(factor, FloorDivision | Index) for factor in inner)
    return counted and any(size in inner for size in site.vocabulary.group_sizes)


def _dilations(axes: tuple[Axis, ...]) -> tuple[Size, ...]:
    return tuple(axis.dilation for axis in axes if isinstance(axis.dilation, Size))


def _steps(axis: Axis) -> tuple[IntegerExpression, ...]:
    """Return the factors of what lies between the first and last entry of a dilated filter."""
    return (*_dilations((axis,)), axis.filter - 1) if _dilations((axis,)) else ()
