"""An expression multiplied out, without sizes: products of entries, each summed over indices.

Every entry remembers the `Context` in which evaluation reads it. That may be wider than the
context of the product in which it ends up: in ``x[i] * Sum([p == i]*w[p], p)`` the entry of x
is read also where the sum has no term left.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from symconv.algebra.expressions import (
    Add,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Sum,
    has_entries,
    product_factors,
)
from symconv.algebra.indices import Range, Symbol
from symconv.algebra.scoping import rename_bound
from symconv.errors import NotSupported

Guard: TypeAlias = "Number | Delta | Iverson"

MOST_PRODUCTS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """The values of indices at which a part of an expression is reached.

    Attributes:
        ranges: what the indices run over, free ones first; no index occurs twice.
        guards: factors without entries, none of which is 0.
        complete: False where something else must not be 0 either, which is not recorded.
    """

    ranges: tuple[Range, ...]
    guards: tuple[Guard, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """An entry and where it is read."""

    entry: Entry
    context: Context


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """Entries that are multiplied with every guard of a context and summed over its indices."""

    context: Context
    readings: tuple[Reading, ...] = ()


@lru_cache(maxsize=1024)
def products(expression: Expression, free: tuple[Range, ...]) -> tuple[Product, ...]:
    """Multiply out an expression in free indices; the sum of what is returned is its value.

    Raises:
        NotSupported: for derivatives, and where there are too many products.
    """
    taken: dict[Symbol, None] = dict.fromkeys(item.index for item in free)
    return tuple(_products(expression, Context(free), taken))


def _products(expression: Expression, context: Context, taken: dict[Symbol, None]) -> list[Product]:
    """Multiply out in a context; every context that is returned extends the one given."""
    match expression:
        case Entry():
            return [Product(context, (Reading(expression, context),))]
        case Number() | Delta() | Iverson():
            return [Product(_guarded(context, expression))]
        case Add(terms=terms):
            return [product for term in terms for product in _products(term, context, taken)]
        case Sum():
            renamed = rename_bound(expression, taken)
            taken |= dict.fromkeys(item.index for item in renamed.ranges)
            inner = Context((*context.ranges, *renamed.ranges), context.guards, context.complete)
            return _products(renamed.body, inner, taken)
        case Mul():
            return _multiplied(product_factors(expression), context, taken)
        case Derivative():
            raise NotSupported("a derivative has no values of its own")
    raise TypeError(f"not an expression: {expression!r}")


def _multiplied(
    factors: tuple[Expression, ...], context: Context, taken: dict[Symbol, None]
) -> list[Product]:
    """Multiply factors; those without entries guard what the others read."""
    inner = context
    compound: list[Expression] = []
    for factor in factors:
        if isinstance(factor, Number | Delta | Iverson):
            inner = _guarded(inner, factor)
        elif not has_entries(factor):
            compound.append(factor)
    if compound:
        inner = Context(inner.ranges, inner.guards, complete=False)
    compound += [factor for factor in factors if has_entries(factor)]
    found = [Product(inner)]
    for factor in compound:
        parts = _products(factor, inner, taken)
        if len(found) * len(parts) > MOST_PRODUCTS:
            raise NotSupported(f"more than {MOST_PRODUCTS} products")
        found = [_joined(left, right, inner) for left in found for right in parts]
    return found


def _guarded(context: Context, guard: Guard) -> Context:
    return Context(context.ranges, (*context.guards, guard), context.complete)


def _joined(left: Product, right: Product, shared: Context) -> Product:
    """Multiply two products whose contexts both extend a shared one."""
    if not left.readings and left.context is shared:
        return right
    ranges = (*left.context.ranges, *right.context.ranges[len(shared.ranges) :])
    guards = (*left.context.guards, *right.context.guards[len(shared.guards) :])
    complete = left.context.complete and right.context.complete
    return Product(Context(ranges, guards, complete), (*left.readings, *right.readings))
