"""Statements up to the names of what they sum over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count

from symconv.algebra.expressions import (
    Add,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import Index, IntegerExpression, Range, Symbol, substitute_symbols
from symconv.algebra.scoping import expand_where, substitute


def standard_names(statement: Statement) -> Statement:
    """Number the bound indices of a statement in the order in which they are bound.

    Its abbreviations are written out, and its name, form and source left out. Two statements
    that become equal say the same: they differ in the names of bound indices at most.
    """
    plain = expand_where(statement)
    numbers = count(1)
    return Statement(
        _named(plain.lhs, {}, numbers),
        _named(plain.rhs, {}, numbers),
        plain.free,
        plain.assumptions,
    )


def _named(
    expression: Expression, names: Mapping[Symbol, IntegerExpression], numbers: Iterator[int]
) -> Expression:
    match expression:
        case Sum(body=body, ranges=ranges):
            active = dict(names)
            renamed: list[Range] = []
            for item in ranges:
                lower = substitute_symbols(item.lower, active)
                upper = substitute_symbols(item.upper, active)
                # No text can hold a name with a space, so nothing is captured.
                index = Index(f"bound {next(numbers)}")
                active[item.index] = index
                renamed.append(Range(index, lower, upper))
            return Sum(_named(body, active, numbers), *renamed)
        case Add(terms=parts):
            return Add(tuple(_named(part, names, numbers) for part in parts))
        case Mul(factors=parts):
            return Mul(tuple(_named(part, names, numbers) for part in parts))
        case Derivative(body=body, by=by):
            at = substitute(by, names)
            assert isinstance(at, Entry), "substitution keeps the kind of a node"
            return Derivative(_named(body, names, numbers), at)
        case Number() | Entry() | Delta() | Iverson():
            return substitute(expression, names)
    raise TypeError(f"not an expression: {expression!r}")
