"""The order in which a sum's indices get their values, so that zeros are met early.

A product is 0 as soon as a delta or bracket in it is. Where the ranges of a sum do not
depend on each other they may vary in any order: those come first that decide the first
delta, and what is 0 there is skipped at once, whatever the other indices are.
"""

from __future__ import annotations

from typing import TypeAlias

from symconv.algebra.expressions import (
    Delta,
    Expression,
    Iverson,
    Number,
    Sum,
    has_entries,
    product_factors,
)
from symconv.algebra.indices import Constant, Range, Symbol
from symconv.algebra.tree import symbols

Guard: TypeAlias = Delta | Iverson
Guarded: TypeAlias = tuple[tuple[Range, tuple[Guard, ...]], ...]


def guarded_ranges(expression: Sum) -> Guarded | None:
    """Return a sum's ranges in such an order, each with the factors that it decides.

    Where a factor is 0 and those before it have values, the body is 0 without being read
    any further: all of them are among the first factors without entries.

    Returns:
        None where no order is better than the written one, or ranges depend on each other.
    """
    guards: list[Guard] = []
    for factor in product_factors(expression.body):
        if isinstance(factor, Delta | Iverson):
            guards.append(factor)
        elif not has_entries(factor) and not _is_constant(factor):
            break
    if not guards or len(expression.ranges) == 1:
        return None
    left: dict[Symbol, Range] = {item.index: item for item in expression.ranges}
    if any(symbol in left for item in expression.ranges for symbol in symbols(item)):
        return None
    found: list[tuple[Range, list[Guard]]] = []
    for guard in guards:
        for symbol in symbols(guard):
            item = left.pop(symbol, None)
            if item is not None:
                found.append((item, []))
        if not found:
            # It is the same whatever the first index is.
            found.append((left.pop(expression.ranges[0].index), []))
        found[-1][1].append(guard)
    found += [(item, []) for item in left.values()]
    return tuple((item, tuple(decided)) for item, decided in found)


def _is_constant(factor: Expression) -> bool:
    return isinstance(factor, Number) and isinstance(factor.value, Constant)
