"""Statements in the conventions of a text: where positions count from, where sums end.

What the algebra says counts from 0 and includes upper bounds. A correction that is offered to
a text that counts from 1, or ends its sums one earlier, is changed back before it is written,
so that it means the same when it is pasted.
"""

from __future__ import annotations

from dataclasses import replace

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
from symconv.algebra.indices import Range
from symconv.explanations.tidying import tidied_integer
from symconv.latex.reading.context import Context


def as_the_text_counts(statement: Statement, context: Context) -> Statement:
    """Return what is to be written where a statement is meant, in a text's own conventions.

    The result is for the writer alone: as a statement of the algebra it means something else.
    Its free ranges stay as they are; written behind it they mean what they say.

    Args:
        statement: the statement.
        context: what the text says of its conventions.
    """
    if context.upper_bounds == "inclusive" and not context.index_base and not context.index_bases:
        return statement
    return replace(
        statement, lhs=_counted(statement.lhs, context), rhs=_counted(statement.rhs, context)
    )


def _counted(expression: Expression, context: Context) -> Expression:
    match expression:
        case Entry():
            return _entry(expression, context)
        case Number() | Delta() | Iverson():
            return expression
        case Derivative(body=body, by=by):
            return Derivative(_counted(body, context), _entry(by, context))
        case Add(terms=parts):
            return Add(tuple(_counted(part, context) for part in parts))
        case Mul(factors=parts):
            return Mul(tuple(_counted(part, context) for part in parts))
        case Sum(body=body, ranges=ranges):
            if context.upper_bounds == "exclusive":
                ranges = tuple(Range(r.index, r.lower, tidied_integer(r.upper + 1)) for r in ranges)
            return Sum(_counted(body, context), *ranges)
    raise TypeError(f"not an expression: {expression!r}")


def _entry(entry: Entry, context: Context) -> Entry:
    base = context.base_of(entry.array.name)
    if not base:
        return entry
    return Entry(entry.array, tuple(tidied_integer(index + base) for index in entry.indices))
