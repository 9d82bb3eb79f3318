"""Terms and factors, as edits take them apart and join them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from symconv.algebra.expressions import Add, Expression, Mul
from symconv.algebra.indices import (
    Constant,
    IntegerExpression,
    Plus,
    Symbol,
    Times,
)
from symconv.mistakes.sites import Site

Part = TypeVar("Part")


def terms(expression: IntegerExpression) -> tuple[IntegerExpression, ...]:
    """Return the terms of a sum, sums inside it flattened; anything else is one term."""
    if isinstance(expression, Plus):
        return tuple(inner for term in expression.terms for inner in terms(term))
    return (expression,)


def total(parts: Iterable[IntegerExpression]) -> IntegerExpression:
    """Join terms to a sum: 0 where there are none, the term itself where there is one."""
    flat = tuple(inner for part in parts for inner in terms(part))
    if not flat:
        return Constant(0)
    return flat[0] if len(flat) == 1 else Plus(flat)


def factors(expression: IntegerExpression) -> tuple[IntegerExpression, ...]:
    """Return the factors of a product; anything else is one factor."""
    return expression.factors if isinstance(expression, Times) else (expression,)


def product(parts: Iterable[IntegerExpression]) -> IntegerExpression:
    """Join factors to a product: 1 where there are none, the factor itself where there is one."""
    flat = tuple(inner for part in parts for inner in factors(part))
    if not flat:
        return Constant(1)
    return flat[0] if len(flat) == 1 else Times(flat)


def joined_factors(parts: Sequence[Expression]) -> Expression:
    """Multiply expressions: the factor itself where there is one."""
    return parts[0] if len(parts) == 1 else Mul(tuple(parts))


def joined_terms(parts: Sequence[Expression]) -> Expression:
    """Add expressions: the term itself where there is one."""
    return parts[0] if len(parts) == 1 else Add(tuple(parts))


def signed(term: IntegerExpression) -> tuple[int, tuple[IntegerExpression, ...]]:
    """Split a term into its sign and its other factors."""
    match factors(term):
        case (Constant(value=-1), *rest) if rest:
            return -1, tuple(rest)
        case every:
            return 1, every


def with_sign(sign: int, parts: Iterable[IntegerExpression]) -> IntegerExpression:
    """Join factors to a term with a sign; the inverse of `signed`."""
    joined = product(parts)
    return joined if sign == 1 else -joined


def plus_constant(expression: IntegerExpression, amount: int) -> IntegerExpression:
    """Add a number the way people write it: HH-1 plus 1 is HH, and HH plus 1 is HH+1."""
    parts = list(terms(expression))
    for place, part in enumerate(parts):
        if isinstance(part, Constant):
            value = part.value + amount
            parts[place : place + 1] = [Constant(value)] if value else []
            return total(parts)
    return total([*parts, Constant(amount)])


def without(parts: tuple[Part, ...], place: int) -> tuple[Part, ...]:
    """Leave one part out."""
    return (*parts[:place], *parts[place + 1 :])


def with_part(parts: tuple[Part, ...], place: int, new: Part) -> tuple[Part, ...]:
    """Put another part in one place."""
    return (*parts[:place], new, *parts[place + 1 :])


def sum_terms(site: Site) -> tuple[IntegerExpression, ...]:
    """Return the terms of the sum at a site, also of a sum of one term.

    Nothing where the site is a part of a larger sum, whose terms are then seen from there,
    or a factor of a term.
    """
    node = site.node
    if not isinstance(node, IntegerExpression) or isinstance(site.parent, Plus):
        return ()
    if isinstance(site.parent, Times) and not isinstance(node, Plus):
        return ()
    return terms(node)


def factor_place(term: IntegerExpression, wanted: tuple[Symbol, ...]) -> int | None:
    """Return where the first of some symbols stands among a term's factors."""
    for place, factor in enumerate(factors(term)):
        if factor in wanted:
            return place
    return None


def terms_with(
    parts: tuple[IntegerExpression, ...], wanted: tuple[Symbol, ...]
) -> Iterator[tuple[int, IntegerExpression]]:
    """Yield the place and the term for each term that has one of some symbols as a factor."""
    for place, term in enumerate(parts):
        if factor_place(term, wanted) is not None:
            yield place, term
