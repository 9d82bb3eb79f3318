"""The points of a box that are reached, asked together only where loop indices are linked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symconv.algebra.indices import Index
from symconv.concrete.affine import Affine, Limit
from symconv.concrete.boxes import Axes, Box, Columns
from symconv.concrete.columns import Column, ColumnFormula, NoValue
from symconv.concrete.rows import exact_product


@dataclass(frozen=True, slots=True)
class LinkedIndices:
    """Loop indices that are asked about together.

    Attributes:
        axes: the loop indices.
        held: at which of their points a product is not 0; None for all of them.
        coefficients: what is multiplied at each point; None for 1.
    """

    axes: Axes
    held: np.ndarray | None
    coefficients: np.ndarray | None

    @property
    def is_empty(self) -> bool:
        """Whether there is no point at which a product is not 0."""
        return self.held is not None and not self.held.any()


@dataclass(frozen=True, slots=True)
class Reached:
    """The values of an integer or a factor where a box is reached, and what has none."""

    values: Column
    failures: tuple[NoValue, ...] = ()


def is_reached(box: Box) -> bool:
    """Whether there is a point at all; looks at every point where that is not plain."""
    return not box.empty and not any(group.is_empty for group in groups(box))


def reached(box: Box, part: Affine | ColumnFormula) -> Reached:
    """Compute an integer or a factor wherever the box is reached; no group may be empty."""
    axes = box.axes_of(part)
    columns: Columns = {}
    if axes:
        group = next(group for group in groups(box, axes) if {*axes} <= {*group.axes})
        columns = rows(box, group)
    if isinstance(part, Affine):
        return Reached(box.positions(part, columns))
    scope = box.scope(part, columns)
    values = part.value(scope, None)
    return Reached(values, tuple(scope.failures))


def groups(box: Box, *together: Axes) -> list[LinkedIndices]:
    """Split the loop indices into groups that nothing connects.

    Args:
        box: whose loop indices are split.
        together: loop indices that must be in one group.
    """
    asked = (*box.limits, *box.conditions, *box.coefficients)
    parts = [(box.axes_of(part), part) for part in asked]
    members: list[set[Index]] = []
    for axes in (*together, *(axes for axes, _ in parts)):
        touched = [known for known in members if not known.isdisjoint(axes)]
        members = [known for known in members if known.isdisjoint(axes)]
        members.append(set(axes).union(*touched))
    alone = set(box.lengths).difference(*members)
    found = [LinkedIndices((axis,), None, None) for axis in box.lengths if axis in alone]
    for known in filter(None, members):
        axes = tuple(axis for axis in box.lengths if axis in known)
        mine = [part for touching, part in parts if not known.isdisjoint(touching)]
        found.append(_group(box, axes, mine))
    return found


def rows(box: Box, group: LinkedIndices) -> Columns:
    """Return the values that the loop indices of a group take together, point by point."""
    if group.held is not None:
        return dict(zip(group.axes, group.held.nonzero(), strict=True))
    if len(group.axes) == 1:
        return box.grid(group.axes)
    grid = np.broadcast_arrays(*box.grid(group.axes).values())
    return dict(zip(group.axes, (values.reshape(-1) for values in grid), strict=True))


def _group(box: Box, axes: Axes, parts: list[Limit | ColumnFormula]) -> LinkedIndices:
    factors = [known for known in box.coefficients if any(known is part for part in parts)]
    conditions = [part for part in parts if not any(part is known for known in factors)]
    held = box.mask(conditions, axes) if conditions else None
    product: Column = None
    for factor in factors:
        values = box.values(factor, box.grid(axes), held)
        product = values if product is None else exact_product(product, values)
    if product is not None:
        product = np.broadcast_to(np.asarray(product), [box.lengths[axis] for axis in axes])
        held = (product != 0) if held is None else held & (product != 0)
    return LinkedIndices(axes, held, product)
