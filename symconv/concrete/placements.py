"""Where the values of a box go in a result: slices of the result, and of the values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import TypeAlias

from symconv.algebra.indices import Index
from symconv.concrete.affine import Affine
from symconv.concrete.strided import Axes, Lengths
from symconv.errors import NotSupported

Slices: TypeAlias = "tuple[slice | int | None, ...]"

MOST_SLICES = 100_000
"""How many slices of a result one product is added to."""


class Placement:
    """Where the values of a box go in a result.

    One loop index per axis of the result is a slice of it; the others are taken one value at
    a time. So is an index that stands on two axes.
    """

    def __init__(self, places: Sequence[Affine], shape: tuple[int, ...], lengths: Lengths) -> None:
        self._places = places
        self._shape = shape
        self._lengths = lengths
        counts: dict[Index, int] = {}
        for place in places:
            for index in place.steps:
                counts[index] = counts.get(index, 0) + 1
        self._sliced = [
            max(
                (index for index in place.steps if counts[index] == 1),
                key=lambda index: lengths[index],
                default=None,
            )
            for place in places
        ]
        self._single = tuple(index for index in counts if index not in self._sliced)
        self.kept: Axes = tuple(counts)
        self.plain = not self._single and all(
            place.start == 0
            and (
                extent == 1
                if index is None
                else place.steps[index] == 1 and lengths[index] == extent
            )
            for index, place, extent in zip(self._sliced, places, shape, strict=True)
        )

    def slices(self, axes: Axes) -> tuple[tuple[int, ...], tuple[tuple[Slices, Slices], ...]]:
        """Return the order of a source's axes, and pairs of slices of the result and of it."""
        present = [index for index in (*self._single, *self._sliced) if index in axes]
        order = tuple(axes.index(index) for index in present if index is not None)
        if prod(self._lengths[index] for index in self._single) > MOST_SLICES:
            raise NotSupported(f"a result of more than {MOST_SLICES:,} slices")
        found: list[tuple[Slices, Slices]] = []
        for values in product(*(range(self._lengths[index]) for index in self._single)):
            value_by_index = dict(zip(self._single, values, strict=True))
            there: list[slice | int | None] = []
            here: list[slice | int | None] = [
                value for index, value in value_by_index.items() if index in axes
            ]
            for place, extent, sliced in zip(self._places, self._shape, self._sliced, strict=True):
                start = place.start + sum(
                    step * value_by_index[index]
                    for index, step in place.steps.items()
                    if index != sliced
                )
                step = place.steps[sliced] if sliced is not None else 1
                length = self._lengths[sliced] if sliced is not None else 1
                pair = _clipped(start, step, length, extent)
                if pair is None:
                    break
                there.append(pair[0])
                here.append(pair[1] if sliced in axes else None)
            else:
                found.append((tuple(there), tuple(here)))
        return order, tuple(found)


def _clipped(start: int, step: int, length: int, extent: int) -> tuple[slice, slice] | None:
    """Return the positions ``start + step*t`` within an axis, and their t, as slices."""
    if step < 0:
        # From the far end, so that the slice of the result goes upwards.
        backwards = _clipped(start + step * (length - 1), -step, length, extent)
        if backwards is None:
            return None
        there, here = backwards
        first, last = length - here.start, length - here.stop
        return there, slice(first - 1, last - 1 if last else None, -1)
    first = max(0, -(start // step))
    last = min(length - 1, (extent - 1 - start) // step)
    if last < first:
        return None
    return slice(start + step * first, start + step * last + 1, step), slice(first, last + 1)
