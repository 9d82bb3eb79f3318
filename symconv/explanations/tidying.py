"""Integer expressions tidied for people: like terms collected, in the author's order.

``HH-1-HH+1+p`` becomes ``p`` where a statement is offered to somebody. Nothing else is
rewritten, and what has no like terms stays as it was written: ``S*(k+1)`` is not multiplied
out. Every tidied integer has the same value wherever the original has one; a statement is
proved in its tidied form before it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import TypeAlias

from symconv.algebra.expressions import Statement
from symconv.algebra.indices import Constant, IntegerExpression, Plus, Times
from symconv.algebra.tree import divisors, map_integers, map_parts

_Term: TypeAlias = tuple[int, tuple[IntegerExpression, ...]]
"""A coefficient with the factors behind it, none of which is a number, a sum or a product."""


def tidied(statement: Statement) -> Statement:
    """Tidy every integer on the right-hand side of a statement, and in its abbreviations."""
    right = map_integers(statement.rhs, tidied_integer)
    where = tuple((index, tidied_integer(value)) for index, value in statement.where)
    if right == statement.rhs and where == statement.where:
        return statement
    return replace(statement, rhs=right, where=where)


def tidied_integer(expression: IntegerExpression) -> IntegerExpression:
    """Collect like terms, in the order in which they appear first.

    A product of sums is multiplied out only where fewer terms are left then.
    """
    expression = map_parts(expression, tidied_integer)
    if not isinstance(expression, Plus | Times):
        return expression
    written = list(_terms(expression, multiplied_out=False))
    best = _collected(written)
    full = _collected(list(_terms(expression, multiplied_out=True)))
    if best is None or (full is not None and len(full) < len(best)):
        best = full
    if best is None or (len(best) == len(written) and not _has_clutter(expression)):
        return expression
    return _sum(best)


def _terms(expression: IntegerExpression, *, multiplied_out: bool) -> Iterator[_Term]:
    """Yield the terms of an expression, left to right.

    Numbers are multiplied into sums in either case; everything else only where all is to be
    multiplied out.
    """
    match expression:
        case Constant(value=value):
            yield value, ()
        case Plus(terms=terms):
            for term in terms:
                yield from _terms(term, multiplied_out=multiplied_out)
        case Times(factors=factors):
            yield from _product(factors, multiplied_out=multiplied_out)
        case _:
            yield 1, (expression,)


def _product(factors: tuple[IntegerExpression, ...], *, multiplied_out: bool) -> Iterator[_Term]:
    coefficient = 1
    others: list[IntegerExpression] = []
    for factor in _flat(factors):
        if isinstance(factor, Constant):
            coefficient *= factor.value
        else:
            others.append(factor)
    sums = sum(isinstance(factor, Plus) for factor in others)
    if sums == 0 or (not multiplied_out and len(others) > 1):
        yield coefficient, tuple(others)
        return
    choices = [list(_terms(factor, multiplied_out=multiplied_out)) for factor in others]
    for chosen in product(*choices):
        value = coefficient
        symbols: list[IntegerExpression] = []
        for count, parts in chosen:
            value *= count
            symbols += parts
        yield value, tuple(symbols)


def _flat(factors: tuple[IntegerExpression, ...]) -> Iterator[IntegerExpression]:
    for factor in factors:
        if isinstance(factor, Times):
            yield from _flat(factor.factors)
        else:
            yield factor


def _collected(terms: list[_Term]) -> list[_Term] | None:
    """Add up like terms; None where one vanishes that may have no value everywhere.

    What divides by nothing always has a value; a divisor may be 0.
    """
    found: dict[tuple[IntegerExpression, ...], _Term] = {}
    for coefficient, factors in terms:
        key = tuple(sorted(factors, key=str))
        known, first = found.get(key, (0, factors))
        found[key] = (known + coefficient, first)
    left = [(coefficient, factors) for coefficient, factors in found.values() if coefficient]
    gone = (factors for coefficient, factors in found.values() if not coefficient)
    if any(True for factors in gone for factor in factors for _ in divisors(factor)):
        return None
    return left


def _has_clutter(expression: IntegerExpression) -> bool:
    """Tell whether there is a 0 or a factor 1 that nobody would write, or a sum within a sum."""
    match expression:
        case Plus(terms=terms):
            return any(term == Constant(0) or _is_sum(term) for term in terms)
        case Times(factors=factors):
            return any(factor in (Constant(0), Constant(1)) for factor in factors)
    return False


def _is_sum(expression: IntegerExpression) -> bool:
    return isinstance(expression, Plus) or _has_clutter(expression)


def _sum(terms: list[_Term]) -> IntegerExpression:
    parts = [_times(coefficient, factors) for coefficient, factors in terms]
    if not parts:
        return Constant(0)
    return parts[0] if len(parts) == 1 else Plus(tuple(parts))


def _times(coefficient: int, factors: tuple[IntegerExpression, ...]) -> IntegerExpression:
    if not factors:
        return Constant(coefficient)
    if coefficient == 1:
        return factors[0] if len(factors) == 1 else Times(factors)
    return Times((Constant(coefficient), *factors))
