"""How long a statement may be for the searches that edit it or restrict it again and again."""

from __future__ import annotations

from typing import Final

from symconv.algebra.expressions import Statement
from symconv.algebra.tree import Node, parts

LONGEST_EXPLAINED: Final = 400
"""The most parts of a statement that is explained; a formula on a page has about 100.

Limit: the searches try hundreds of edits, each of which costs time in the number of parts.
"""


def part_count(statement: Statement) -> int:
    """Return how many parts a statement has."""
    pending: list[Node] = [statement.lhs, statement.rhs]
    count = 0
    while pending:
        pending.extend(parts(pending.pop()))
        count += 1
    return count


def is_too_long(statement: Statement) -> bool:
    """Tell whether a statement is too long to be explained; looks no further than it must."""
    pending: list[Node] = [statement.lhs, statement.rhs]
    count = 0
    while pending:
        pending.extend(parts(pending.pop()))
        count += 1
        if count > LONGEST_EXPLAINED:
            return True
    return False
