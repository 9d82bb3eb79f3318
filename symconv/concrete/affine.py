"""Integers that are affine in loop indices, each of which counts from 0, and limits on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from symconv.algebra.indices import Index


class Affine:
    """An integer that is affine in loop indices: ``start + sum of step * index``; immutable."""

    __slots__ = ("start", "steps")

    def __init__(self, start: int, steps: Mapping[Index, int] | None = None) -> None:
        self.start = start
        self.steps = {index: step for index, step in steps.items() if step} if steps else {}

    def plus(self, other: Affine, factor: int = 1) -> Affine:
        """Return self + factor * other."""
        if not other.steps:
            return _of(self.start + factor * other.start, self.steps)
        if factor == 1 and not self.steps:
            return _of(self.start + other.start, other.steps)
        steps = dict(self.steps)
        for index, step in other.steps.items():
            steps[index] = steps.get(index, 0) + factor * step
        return Affine(self.start + factor * other.start, steps)

    def times(self, factor: int) -> Affine:
        """Return factor * self."""
        return Affine(0).plus(self, factor)

    def put(self, index: Index, value: Affine) -> Affine:
        """Replace an index by what it is."""
        if index not in self.steps:
            return self
        return without(self, index).plus(value, self.steps[index])

    def span(self, lengths: Mapping[Index, int]) -> tuple[int, int]:
        """Return the least and the greatest value over a box that is not empty."""
        least = greatest = self.start
        for index, step in self.steps.items():
            if step < 0:
                least += step * (lengths[index] - 1)
            else:
                greatest += step * (lengths[index] - 1)
        return least, greatest


def _of(start: int, steps: dict[Index, int]) -> Affine:
    """Return an affine integer with the steps of another, none of which is 0."""
    found = Affine.__new__(Affine)
    found.start = start
    found.steps = steps
    return found


def without(value: Affine, index: Index) -> Affine:
    """Leave out the part of an affine integer that depends on an index."""
    return Affine(value.start, {i: step for i, step in value.steps.items() if i != index})


def shorter(value: Affine, other: Affine, index: Index) -> bool:
    """Tell whether taking away multiples of another value leaves fewer indices than before.

    The step of the index in the other value is 1 or -1.
    """
    factor = value.steps[index] * other.steps[index]
    return len(value.plus(other, -factor).steps) + 1 < len(value.steps)


def column(value: Affine, columns: Mapping[Index, np.ndarray]) -> np.ndarray:
    """Compute the values of an affine integer on columns of its indices, which broadcast."""
    total = np.asarray(value.start)
    for index, step in value.steps.items():
        total = total + step * columns[index]
    return total


@dataclass(frozen=True, slots=True)
class Limit:
    """low <= value <= high.

    Attributes:
        value: an affine integer.
        low: its least value.
        high: its greatest value.
        crop: whether the limit says no more than that a free index stays within its range.
    """

    value: Affine
    low: int
    high: int
    crop: bool = False


def merged(limits: list[Limit]) -> list[Limit]:
    """Join limits on the same index sum, up to its sign, into one."""
    found: dict[tuple[tuple[str, int], ...], Limit] = {}
    for limit in limits:
        value, low, high = limit.value, limit.low, limit.high
        key = tuple(sorted((index.name, step) for index, step in value.steps.items()))
        if key and key[0][1] < 0:
            key = tuple((name, -step) for name, step in key)
            value, low, high = value.times(-1), -high, -low
        if key in found:
            known = found[key]
            shift = value.start - known.value.start
            found[key] = Limit(
                known.value,
                max(known.low, low - shift),
                min(known.high, high - shift),
                known.crop and limit.crop,
            )
        else:
            found[key] = Limit(value, low, high, limit.crop)
    return list(found.values())
