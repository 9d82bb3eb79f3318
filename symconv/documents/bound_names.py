"""Statements up to the names of what they sum over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count

from symconv.algebra.expressions import (
    Add,
    Derivative,
    Expression,
    Mul,
    Statement,
    Sum,
)
from symconv.algebra.indices import Index, IntegerExpression, Range, Symbol
from symconv.algebra.scoping import expand_where, substitute
from symconv.algebra.tree import map_parts


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
                # No text can hold a name with a space, so nothing is captured.
                index = Index(f"bound {next(numbers)}")
                renamed.append(replace(substitute(item, active), index=index))
                active[item.index] = index
            return Sum(_named(body, active, numbers), *renamed)
        case Add() | Mul() | Derivative():
            return map_parts(expression, lambda part: _named(part, names, numbers))
    return substitute(expression, names)
