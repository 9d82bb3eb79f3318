"""Where meaning is lost: which rows, with which values, and when evaluation meets them.

Of all that fails, evaluation raises what it meets first. A trail of index values and ordinals
says when that is: the values decide before the order of steps inside them does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from symconv.algebra.evaluation import Exact
from symconv.algebra.text import entry_text
from symconv.concrete.columns import Failure, Live, Scope, range_failure
from symconv.concrete.components import Columns, Component, Domain, combined
from symconv.concrete.plans import Bind, Read, Trail

Fault: TypeAlias = Callable[[Mapping[str, int], Mapping[str, int]], tuple[str, str, str]]
"""Says the code, the fact and the help of a failure, given sizes and index values."""


@dataclass(frozen=True, slots=True)
class Located:
    """A failure with the moment at which evaluation meets it."""

    moment: tuple[float, ...]
    code: str
    fact: str
    help: str
    indices: dict[str, int]


def first_values(
    domain: Domain, components: list[Component], where: Live, trail: Trail
) -> dict[str, int]:
    """Return the indices' values in the first failing row of the whole product.

    Components are independent, so the first row of the product has each component's first.
    """
    tables: list[Columns] = [
        component.columns
        for component in domain.components()
        if not any(component is other for other in components)
    ]
    if components:
        grid = tuple(component.count for component in components)
        failing = np.ones(grid, dtype=bool) if where is None else np.broadcast_to(where, grid)
        tables.append(combined(components, np.nonzero(failing)).columns)
    values: dict[str, int] = {}
    for table in tables:
        names = [name for name in trail if isinstance(name, str) and name in table]
        first = np.lexsort([table[name] for name in reversed(names)])[0] if names else 0
        values |= {name: int(table[name][first]) for name in names}
    return {name: values[name] for name in trail if isinstance(name, str) and name in values}


def moment_of(trail: Trail, values: Mapping[str, int]) -> tuple[float, ...]:
    """Put the indices' values into a trail."""
    return tuple(values[item] if isinstance(item, str) else item for item in trail)


def formula_fault(failure: Failure) -> Fault:
    """Say that an expression has no value."""
    return lambda _sizes, _values: (failure.code, failure.fact, failure.help)


def bound_fault(step: Bind) -> Fault:
    """Say that a range does not end at an integer."""

    def fault(sizes: Mapping[str, int], values: Mapping[str, int]) -> tuple[str, str, str]:
        ends = [formula.value(Scope(sizes, values), None) for formula in (step.lower, step.upper)]
        first = next(end for end in ends if end.denominator != 1)
        return ("non-integer-bound", *range_failure(step.item, f"at {first}, not an integer"))

    return fault


def entry_fault(step: Read, code: str, extents: tuple[Exact, ...]) -> Fault:
    """Say that an entry is read where its array has none."""

    def fault(sizes: Mapping[str, int], values: Mapping[str, int]) -> tuple[str, str, str]:
        scope = Scope(sizes, values)
        read = entry_text(
            step.entry.array.name, tuple(axis.value(scope, None) for axis in step.axes)
        )
        reason = "is not at an integer position"
        if code == "out-of-range":
            shape = ", ".join(map(str, extents))
            reason = f"is outside the shape ({shape}) of {step.entry.array.name}"
        help = "end the sum earlier, shift the index, or guard the entry with a bracket"
        return code, f"{step.entry} reads {read}, which {reason}", help

    return fault
