"""Statements in the conventions of a text: where positions count from, where sums end.

What the algebra says counts from 0 and includes upper bounds. A correction that is offered to
a text that counts from 1, or ends its sums one earlier, is changed back before it is written,
so that it means the same when it is pasted.
"""

from __future__ import annotations

from dataclasses import replace

from symconv.algebra.expressions import (
    Entry,
    Statement,
)
from symconv.algebra.indices import Range
from symconv.algebra.tree import Kind, map_parts
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
    return statement.with_sides(_counted(statement.lhs, context), _counted(statement.rhs, context))


def _counted(node: Kind, context: Context) -> Kind:
    if isinstance(node, Entry):
        base = context.base_of(node.array.name)
        return map_parts(node, lambda index: tidied_integer(index + base)) if base else node
    if isinstance(node, Range) and context.upper_bounds == "exclusive":
        return replace(node, upper=tidied_integer(node.upper + 1))
    return map_parts(node, lambda part: _counted(part, context))
