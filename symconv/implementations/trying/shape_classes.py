"""The classes of shapes at which code is tried: every case of its index conditions once.

A class is as general as it can be in everything that it does not ask for. Its sizes are its
smallest member: least sum, then lexicographic in the layer's order of sizes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from symconv.algebra.indices import Condition, Size, conjuncts
from symconv.algebra.tree import symbols
from symconv.concrete.columns import ColumnScope, condition_formula, integer_formula
from symconv.implementations.model import LAYER
from symconv.layers.layer import Sizes

Columns: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShapeClass:
    """Shapes that make the same index conditions come out in the same way.

    Attributes:
        name: what the class is about: ``padding 0, remainder``.
        sizes: its smallest member.
    """

    name: str
    sizes: Sizes


SHAPES = LAYER.shapes
"""What is known of the shapes of the layer that code is checked against."""


@cache
def shape_classes(restrictions: tuple[Condition, ...] = ()) -> tuple[ShapeClass, ...]:
    """Return the classes of the layer with their smallest members.

    Args:
        restrictions: conditions on sizes that the code asks for, such as ``N = 1`` where it
            has no batch axis. A class without a member left is not returned, and neither is
            one whose smallest member is that of an earlier class.
    """
    found: dict[Sizes, ShapeClass] = {}
    for one in SHAPES.classes:
        sizes = smallest_shape((*restrictions, one.condition))
        if sizes is not None:
            _ = found.setdefault(sizes, ShapeClass(one.name, sizes))
    return tuple(found.values())


def smallest_shape(conditions: Sequence[Condition]) -> Sizes | None:
    """Return the smallest shape that meets conditions, and is general in everything else.

    Args:
        conditions: what is asked for, each on sizes that are chosen together, or a
            conjunction of such.

    Returns:
        None where no shape of the sizes that are tried meets all of them.
    """
    wanted = [part for condition in conditions for part in conjuncts(condition)]
    values: dict[str, int] = {}
    for grid in _grids():
        member = grid.smallest(wanted, SHAPES.wishes)
        if member is None:
            return None
        values |= member
    return LAYER.sizes("", **values)


@cache
def _grids() -> tuple[_Grid, ...]:
    return tuple(map(_Grid, SHAPES.choices))


class _Grid:
    """Every choice of a few sizes, smallest first."""

    def __init__(self, spans: Mapping[Size, range]) -> None:
        grid = np.meshgrid(*map(np.array, spans.values()), indexing="ij")
        flat = [column.reshape(-1) for column in grid]
        order = np.lexsort([*reversed(flat), np.sum(flat, axis=0)])
        self.columns: dict[str, Any] = {
            size.name: column[order] for size, column in zip(spans, flat, strict=True)
        }
        self._sizes = {*spans}
        self._length = len(order)
        self._masks: dict[Condition, np.ndarray] = {}
        admissible = np.ones(len(order), dtype=bool)
        axes = [axis for axis in LAYER.axes if axis.input in self._sizes]
        self._sizes |= {axis.output for axis in axes}
        for axis in axes:
            for constraint in axis.constraints():
                admissible &= self._mask(constraint)
            extent = integer_formula(axis.output_extent)
            self.columns[axis.output.name] = extent.value(ColumnScope(self.columns, {}), None)
        self._admissible = admissible
        self._given = tuple(spans)

    def smallest(
        self, wanted: Sequence[Condition], wishes: Sequence[Condition]
    ) -> dict[str, int] | None:
        """Return the smallest choice with all that is wanted, and with what wishes it can."""
        mask = self._admissible
        for condition in wanted:
            if self._concerns(condition):
                mask = mask & self._mask(condition)
        if not mask.any():
            return None
        for condition in wishes:
            if self._concerns(condition):
                closer = mask & self._mask(condition)
                mask = closer if closer.any() else mask
        place = int(np.argmax(mask))
        return {size.name: int(self.columns[size.name][place]) for size in self._given}

    def _concerns(self, condition: Condition) -> bool:
        mentioned = set(symbols(condition))
        inside = mentioned & self._sizes
        assert not inside or inside == mentioned, f"{condition} mixes sizes chosen apart"
        return bool(inside)

    def _mask(self, condition: Condition) -> np.ndarray:
        if condition not in self._masks:
            scope = ColumnScope(self.columns, {})
            value = condition_formula(condition).value(scope, None)
            self._masks[condition] = np.broadcast_to(value, self._length)
        return self._masks[condition]
