"""Products of entries over a box as strided views, matrix products and slices of the result.

An entry at affine positions is a view of its array with one axis per loop index: the windows
of a convolution need no copy to be named. Two entries are contracted by `numpy.matmul` over
the indices that the result does not have, and the result is added to slices of the output,
one slice for every value of the few indices that share an axis of it with another.

All of it is laid out once for given sizes, and only read afterwards. A view is made by
`numpy.ndarray` on the memory of one contiguous array, which NumPy refuses where it would
leave that memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol, TypeAlias

import numpy as np

from symconv.algebra.indices import Index
from symconv.concrete.affine import Affine
from symconv.errors import NotSupported

Lengths: TypeAlias = Mapping[Index, int]
Axes: TypeAlias = tuple[Index, ...]

MOST_ELEMENTS = 100_000_000
"""The elements of the largest array that is made."""


class Memory(Protocol):
    """What a run reads: arrays, and matrices that several products share."""

    dtype: np.dtype[Any]
    matrices: dict[Any, np.ndarray]

    def padded(self, name: str, pads: tuple[tuple[int, int], ...]) -> np.ndarray:
        """Return a contiguous array by name, with zeros around it."""
        ...

    def scratch(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return memory of the run's dtype, with anything in it, that lasts as long as the run."""
        ...


@dataclass(frozen=True, slots=True)
class View:
    """An entry as an array with one axis per loop index.

    Attributes:
        name: whose entry.
        pads: zeros around the array, which only points outside the limits of a box read.
        offset: the element at which every index is 0.
        axes: the loop indices, in the order of the array's axes.
        lengths: how many values each takes.
        steps: how many elements apart they are.
    """

    name: str
    pads: tuple[tuple[int, int], ...]
    offset: int
    axes: Axes
    lengths: tuple[int, ...]
    steps: tuple[int, ...]

    def read(self, memory: Memory) -> np.ndarray:
        """Return the view."""
        array = memory.padded(self.name, self.pads)
        size = array.itemsize
        steps = tuple(step * size for step in self.steps)
        return np.ndarray(self.lengths, array.dtype, array, self.offset * size, steps)

    def ordered(self, axes: Axes) -> View:
        """Return the same view with its axes in another order."""
        places = [self.axes.index(axis) for axis in axes]
        lengths = tuple(self.lengths[place] for place in places)
        steps = tuple(self.steps[place] for place in places)
        return View(self.name, self.pads, self.offset, axes, lengths, steps)


def view(name: str, shape: tuple[int, ...], positions: Sequence[Affine], lengths: Lengths) -> View:
    """Lay out an entry over a box that is not empty."""
    pads: list[tuple[int, int]] = []
    for position, extent in zip(positions, shape, strict=True):
        least, greatest = position.span(lengths)
        pads.append((max(0, -least), max(0, greatest + 1 - extent)))
    padded = [extent + before + after for extent, (before, after) in zip(shape, pads, strict=True)]
    require_room(prod(padded))
    offset, steps, first = 0, dict[Index, int](), dict[Index, int]()
    for axis, position in enumerate(positions):
        apart = prod(padded[axis + 1 :])
        offset += apart * (position.start + pads[axis][0])
        for index, step in position.steps.items():
            steps[index] = steps.get(index, 0) + apart * step
            _ = first.setdefault(index, axis)
    # Short axes first where several share an axis: a window before the places it is put at.
    axes = tuple(sorted(steps, key=lambda index: (first[index], lengths[index])))
    used = tuple(pads) if any(map(any, pads)) else ()
    return View(
        name,
        used,
        offset,
        axes,
        tuple(lengths[axis] for axis in axes),
        tuple(steps[axis] for axis in axes),
    )


@dataclass(frozen=True, slots=True)
class Gather:
    """An entry at positions that are not affine, one axis per loop index.

    Attributes:
        name: whose entry.
        positions: the position on each axis of the array; they broadcast.
        axes: the loop indices.
    """

    name: str
    positions: tuple[np.ndarray, ...]
    axes: Axes

    def read(self, memory: Memory) -> np.ndarray:
        """Take the entries."""
        # Positions without axes take an object out of an array of objects.
        return np.asarray(memory.padded(self.name, ())[self.positions], dtype=memory.dtype)


@dataclass(frozen=True, slots=True)
class KnownNumbers:
    """Numbers that no array decides, one axis per loop index: a mask, or coefficients."""

    values: np.ndarray
    axes: Axes

    def read(self, memory: Memory) -> np.ndarray:
        """Return them in the dtype of the run.

        Raises:
            NotSupported: for fractions in a dtype that has none.
        """
        if self.values.dtype == object and memory.dtype != object:
            raise NotSupported(f"fractions in arrays of {memory.dtype}")
        values = self.values.astype(np.int64) if self.values.dtype == bool else self.values
        return values.astype(memory.dtype)


@dataclass(frozen=True, slots=True)
class Total:
    """An array summed over some of its axes.

    Attributes:
        of: the array.
        over: the places of the axes that are summed over.
        axes: the loop indices of what is left.
    """

    of: Source
    over: tuple[int, ...]
    axes: Axes

    def read(self, memory: Memory) -> np.ndarray:
        """Return the sums."""
        total = self.of.read(memory).sum(axis=self.over, dtype=memory.dtype)
        return np.asarray(total, dtype=memory.dtype)


@dataclass(frozen=True, slots=True)
class Matrix:
    """An array as a stack of matrices.

    Attributes:
        of: the array.
        order: the places of its axes in the order of the stack, the rows and the columns.
        shape: the shape of the stack of matrices.
        flip: whether rows and columns are exchanged afterwards, which copies nothing.
    """

    of: Source
    order: tuple[int, ...]
    shape: tuple[int, ...]
    flip: bool

    def read(self, memory: Memory) -> np.ndarray:
        """Return the matrices; those made of an entry's windows are made once."""
        if isinstance(self.of, View):
            laid_out = self.of.ordered(tuple(self.of.axes[place] for place in self.order))
            key = (
                self.of.name,
                self.of.pads,
                self.of.offset,
                laid_out.lengths,
                laid_out.steps,
                self.shape,
            )
            if key not in memory.matrices:
                windows = laid_out.read(memory)
                if not windows.flags.c_contiguous:
                    copy = memory.scratch(windows.shape)
                    np.copyto(copy, windows)
                    windows = copy
                memory.matrices[key] = windows.reshape(self.shape)
            made = memory.matrices[key]
        else:
            made = self.of.read(memory).transpose(self.order).reshape(self.shape)
        return made.swapaxes(-1, -2) if self.flip else made


@dataclass(frozen=True, slots=True)
class Contraction:
    """Two arrays multiplied, and summed over indices that the result does not have.

    Attributes:
        left: the one whose indices come first in the result.
        right: the other.
        summed: whether the first axis of the stack is summed over.
        shapes: the shape of the stack of products, and that of the result.
        axes: the loop indices of the result.
        fleeting: whether the result is not needed for longer than the run.
    """

    left: Matrix
    right: Matrix
    summed: bool
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    axes: Axes
    fleeting: bool = False

    def read(self, memory: Memory) -> np.ndarray:
        """Multiply."""
        left, right = self.left.read(memory), self.right.read(memory)
        if self.fleeting or self.summed:
            result = np.matmul(left, right, out=memory.scratch(self.shapes[0]))
        else:
            result = np.matmul(left, right)
        if self.summed:
            result = result.sum(axis=0, dtype=memory.dtype)
        return result.reshape(self.shapes[1])


@dataclass(frozen=True, slots=True)
class Outer:
    """Two arrays multiplied entry by entry, over all their indices.

    Attributes:
        left: one array.
        right: the other.
        orders: for each, the places of its axes in the order of the result.
        shapes: for each, its shape with ones where it has no axis of the result.
        axes: the loop indices of the result.
    """

    left: Source
    right: Source
    orders: tuple[tuple[int, ...], tuple[int, ...]]
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    axes: Axes

    def read(self, memory: Memory) -> np.ndarray:
        """Multiply."""
        left, right = (
            source.read(memory).transpose(order).reshape(shape)
            for source, order, shape in zip(
                (self.left, self.right), self.orders, self.shapes, strict=True
            )
        )
        return np.asarray(left * right, dtype=memory.dtype)


Source: TypeAlias = "View | Gather | KnownNumbers | Total | Contraction | Outer"


def contracted(sources: Sequence[Source], kept: Axes, lengths: Lengths) -> Source:
    """Multiply arrays and sum over the loop indices that are not kept.

    Args:
        sources: the arrays, at least one.
        kept: what the result is indexed by, in the order in which it is best laid out.
        lengths: how many values each loop index takes.
    """
    result, *rest = sources
    while rest:
        other, *rest = rest
        needed = {*kept, *(axis for source in rest for axis in source.axes)}
        result = _pair(result, other, needed, kept, lengths)
    return _summed(result, {axis for axis in result.axes if axis not in kept})


def require_room(elements: int) -> None:
    """Refuse arrays that are too large.

    Raises:
        NotSupported: when there are too many elements.
    """
    if elements > MOST_ELEMENTS:
        raise NotSupported(f"an array of {elements:,} elements")


def _summed(source: Source, over: set[Index]) -> Source:
    if not over:
        return source
    places = tuple(place for place, axis in enumerate(source.axes) if axis in over)
    return Total(source, places, tuple(axis for axis in source.axes if axis not in over))


def _pair(left: Source, right: Source, needed: set[Index], kept: Axes, lengths: Lengths) -> Source:
    """Multiply two arrays, and sum over what neither the result nor a later array has."""
    left = _summed(left, {axis for axis in left.axes if axis not in {*needed, *right.axes}})
    right = _summed(right, {axis for axis in right.axes if axis not in {*needed, *left.axes}})
    shared = [axis for axis in left.axes if axis in right.axes]
    stack = [axis for axis in shared if axis in needed]
    inner = [axis for axis in shared if axis not in needed]
    if not inner:
        return _outer(left, right, lengths)
    large = left if _size(left.axes, lengths) >= _size(right.axes, lengths) else right
    inner = [axis for axis in large.axes if axis in inner]
    lead, summed = _lead(large, stack, inner, _size({*left.axes, *right.axes}, lengths), lengths)
    if lead is not None:
        stack = [lead, *stack]
        inner = [axis for axis in inner if axis != lead]
    own = [[a for a in s.axes if a not in {*stack, *inner}] for s in (left, right)]
    rank = {axis: place for place, axis in enumerate(kept)}
    first, second = (min((rank.get(a, len(rank)) for a in axes), default=len(rank)) for axes in own)
    if second < first:
        left, right, own = right, left, own[::-1]
    axes = (*stack, *own[0], *own[1])
    require_room(_size(axes, lengths))
    result = axes[1:] if summed else axes
    return Contraction(
        _matrix(left, stack, own[0], inner, lengths),
        _matrix(right, stack, inner, own[1], lengths),
        summed,
        (
            (*(lengths[axis] for axis in stack), *(_size(axes, lengths) for axes in own)),
            tuple(lengths[axis] for axis in result),
        ),
        result,
    )


def _lead(
    large: Source, stack: list[Index], inner: list[Index], points: int, lengths: Lengths
) -> tuple[Index | None, bool]:
    """Choose whether the first axis of the larger array is stacked, so that no copy moves it.

    Returns:
        The axis or None, and whether the results for its values are added up.
    """
    axis = large.axes[0]
    if axis in stack:
        return None, False
    if isinstance(large, View):
        within = sum(
            abs(step) * (length - 1)
            for step, length in zip(large.steps[1:], large.lengths[1:], strict=True)
        )
        if abs(large.steps[0]) <= within:
            return None, False
    if axis not in inner:
        return axis, False
    # One result per value of the axis is made before they are added up.
    results = points // _size([other for other in inner if other != axis], lengths)
    if len(inner) > 1 and results <= _size(large.axes, lengths):
        return axis, True
    return None, False


def _matrix(
    source: Source, stack: list[Index], rows: list[Index], columns: list[Index], lengths: Lengths
) -> Matrix:
    """Lay out an array; what comes first in memory stays first, and is flipped if need be.

    So products that use the same windows in different roles share one copy of them.
    """
    place = {axis: number for number, axis in enumerate(source.axes)}
    last = len(place)
    flip = min((place[a] for a in columns), default=last) < min(
        (place[a] for a in rows), default=last
    )
    groups = (columns, rows) if flip else (rows, columns)
    order = [place[axis] for axis in stack if axis in place]
    shape = [lengths[axis] if axis in place else 1 for axis in stack]
    for group in groups:
        order += [place[axis] for axis in group]
        shape.append(_size(group, lengths))
    return Matrix(source, tuple(order), tuple(shape), flip)


def _outer(left: Source, right: Source, lengths: Lengths) -> Outer:
    axes = (*left.axes, *(axis for axis in right.axes if axis not in left.axes))
    require_room(_size(axes, lengths))
    shapes, orders = [], []
    for source in (left, right):
        orders.append(tuple(source.axes.index(axis) for axis in axes if axis in source.axes))
        shapes.append(tuple(lengths[axis] if axis in source.axes else 1 for axis in axes))
    return Outer(left, right, (orders[0], orders[1]), (shapes[0], shapes[1]), axes)


def _size(axes: Iterable[Index], lengths: Lengths) -> int:
    return prod(lengths[axis] for axis in axes)
