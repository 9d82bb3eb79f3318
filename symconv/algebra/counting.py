"""How many products an expression expands to at given sizes, before it is expanded."""

from __future__ import annotations

from collections.abc import Mapping

from symconv.algebra.evaluation import Values, integer_value
from symconv.algebra.expressions import (
    Add,
    Definition,
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
from symconv.algebra.indices import (
    Index,
    IntegerExpression,
    Range,
    Symbol,
)
from symconv.algebra.scoping import expand_where, substitute
from symconv.algebra.tree import symbols
from symconv.errors import SymconvError


def term_count(expression: Expression, definitions: Mapping[str, Definition], sizes: Values) -> int:
    """Return how many products the evaluator multiplies out, guards not counted: an upper bound."""
    return _count(expression, definitions, sizes, {})


def statement_term_count(
    statement: Statement, definitions: Mapping[str, Definition], sizes: Values
) -> int:
    """Return how many products both sides of a statement expand to, over all free indices."""
    statement = expand_where(statement)
    entries = 1
    for item in statement.free:
        entries *= _length(item, sizes, {})
    return entries * (
        term_count(statement.lhs, definitions, sizes)
        + term_count(statement.rhs, definitions, sizes)
    )


def _count(
    expression: Expression,
    definitions: Mapping[str, Definition],
    sizes: Values,
    lowest: dict[Symbol, IntegerExpression],
) -> int:
    match expression:
        case Number() | Delta() | Iverson():
            return 1
        case Entry(array=array):
            if array.name not in definitions:
                return 1
            return _count(definitions[array.name].body, definitions, sizes, lowest)
        case Add(terms=terms):
            return sum(_count(term, definitions, sizes, lowest) for term in terms)
        case Mul(factors=factors):
            total = 1
            for factor in factors:
                total *= _count(factor, definitions, sizes, lowest)
            return total
        case Sum(body=body, ranges=ranges):
            total = 1
            for item in ranges:
                total *= _length(item, sizes, lowest)
                lowest = {**lowest, item.index: substitute(item.lower, lowest)}
            return total * _count(body, definitions, sizes, lowest)
        case Derivative():
            # Differentiated once for all entries, then looked up.
            return 1
    raise TypeError(f"not an expression: {expression!r}")


def _length(item: Range, sizes: Values, lowest: Mapping[Symbol, IntegerExpression]) -> int:
    """Return the length of a range where every index outside it is as small as it can be.

    A length that depends on free indices is taken where they are 0.
    """
    length = substitute(item.upper - item.lower + 1, lowest)
    at_zero = {symbol: 0 for symbol in symbols(length) if isinstance(symbol, Index)}
    try:
        return max(1, int(integer_value(length, {**at_zero, **sizes})))
    except SymconvError:
        return 1
