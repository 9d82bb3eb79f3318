"""Products of independent tables: which values some indices take together.

A domain is a product of components, each a table of index values with a coefficient per row.
Components are never changed, only replaced, so domains can share them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from symconv.algebra.evaluation import Exact
from symconv.concrete.columns import Column
from symconv.concrete.rows import exact_product

Columns: TypeAlias = "dict[str, np.ndarray]"


class Component:
    """Indices with the values that they take together, one row per combination.

    Attributes:
        columns: the values by index name.
        count: how many rows there are.
        coefficients: what each row is multiplied by; None for 1.
        whole: whether it is one index with every value of its range.
    """

    __slots__ = ("coefficients", "columns", "count", "whole")

    def __init__(
        self, columns: Columns, count: int, coefficients: Column = None, *, whole: bool = False
    ) -> None:
        self.columns = columns
        self.count = count
        self.coefficients = coefficients
        self.whole = whole

    def take(self, rows: np.ndarray) -> Component:
        """Return the component with the given rows, in the given order."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        coefficients = None if self.coefficients is None else self.coefficients[rows]
        return Component(columns, len(rows), coefficients)


class Domain:
    """A product of components.

    Attributes:
        by_index: the component of each index.
        bounds: the least and the greatest value of each index's range.
        scalar: what everything is multiplied by.
        alive: whether the product has a row at all.
    """

    __slots__ = ("alive", "bounds", "by_index", "scalar")

    def __init__(self) -> None:
        self.by_index: dict[str, Component] = {}
        self.bounds: dict[str, tuple[int, int]] = {}
        self.scalar: Exact = 1
        self.alive = True

    def copy(self) -> Domain:
        """Return a domain that can be changed without changing this one."""
        other = Domain()
        other.by_index = self.by_index.copy()
        other.bounds = self.bounds.copy()
        other.scalar = self.scalar
        other.alive = self.alive
        return other

    def components(self) -> list[Component]:
        """Return every component once, in the order of their first index."""
        return list({id(part): part for part in self.by_index.values()}.values())

    def put(self, component: Component) -> None:
        """Make the component that of all its indices; without rows the product is empty."""
        for name in component.columns:
            self.by_index[name] = component
        if not component.count:
            self.alive = False

    def distinct(self, names: Iterable[str]) -> list[Component]:
        """Return the components of some indices once each; unbound indices have none."""
        found: list[Component] = []
        for name in names:
            component = self.by_index.get(name)
            if component is not None and not any(component is other for other in found):
                found.append(component)
        return found


def combined(components: list[Component], rows: tuple[np.ndarray, ...]) -> Component:
    """Put rows of several components side by side."""
    taken = [component.take(chosen) for component, chosen in zip(components, rows, strict=True)]
    columns: Columns = {}
    coefficients: Column = None
    for part in taken:
        columns |= part.columns
        if part.coefficients is not None:
            before = 1 if coefficients is None else coefficients
            coefficients = exact_product(before, part.coefficients)
    return Component(columns, len(rows[0]), coefficients)
