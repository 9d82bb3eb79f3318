"""How large expressions may be; what is larger is refused by name, before any work.

Every count is of the expression itself, never of time or memory, so a verdict does not
depend on the machine. The limits are far above what people write, and low enough that no
statement below them takes minutes or gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import prod

from symconv.algebra.expressions import (
    Add,
    Definition,
    Derivative,
    Entry,
    Expression,
    Mul,
    Statement,
    Sum,
)
from symconv.algebra.indices import Constant, Range
from symconv.algebra.scoping import dependencies
from symconv.algebra.tree import Node, parts
from symconv.errors import NotSupported

TOO_LARGE = "too-large"
MOST_PARTS = 3_000
"""Limit: a formula on a page has about 100 parts."""
DEEPEST = 80
"""Limit: so many parts inside each other; definitions count where they are inserted."""
LONGEST_NUMBER = 1_000
"""Limit: a number has so many bits, about 300 digits."""


def require_small(statement: Statement, definitions: Mapping[str, Definition]) -> None:
    """Refuse a statement that is too large, too deep, or holds too long a number.

    Raises:
        NotSupported: when it is; the message says how large it is and how large it may be.
    """
    roots: list[Node] = [statement.lhs, statement.rhs, *statement.assumptions]
    roots += [value for _, value in statement.where]
    roots += [end for item in statement.free for end in parts(item)]
    _Measure(definitions).require(roots)


def require_small_parts(roots: Iterable[Node]) -> None:
    """Refuse expressions that are together too large, as `require_small` does.

    Raises:
        NotSupported: when they are.
    """
    _Measure({}).require(roots)


class _Measure:
    """A walk without recursion: what is too deep for Python's stack is measured as well."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        try:
            _ = dependencies(definitions)
        except ValueError:
            # One depends on itself, which is refused as such; it has no depth.
            definitions = {}
        except RecursionError:
            raise too_large("definitions read one another too often") from None
        self._definitions = definitions
        self._entered: dict[str, int] = {}

    def require(self, roots: Iterable[Node]) -> None:
        pending = [(root, 1) for root in roots]
        count = 0
        while pending:
            node, depth = pending.pop()
            count += 1
            if count > MOST_PARTS:
                raise too_large(f"the statement has more than {MOST_PARTS:,} parts")
            if depth > DEEPEST:
                raise too_large(f"more than {DEEPEST} parts stand inside each other")
            if isinstance(node, Constant) and node.value.bit_length() > LONGEST_NUMBER:
                digits = node.value.bit_length() * 3 // 10
                most = LONGEST_NUMBER * 3 // 10
                raise too_large(f"a number has about {digits:,} digits, more than {most}")
            pending += [(part, depth + 1) for part in _counted_parts(node)]
            if isinstance(node, Entry):
                pending += self._definition(node, depth)

    def _definition(self, entry: Entry, depth: int) -> list[tuple[Node, int]]:
        """Return what a defined array is, unless it was met as deep before."""
        name = entry.array.name
        definition = self._definitions.get(name)
        if definition is None or self._entered.get(name, 0) > depth:
            return []
        self._entered[name] = depth + 1
        return [(definition.body, depth + 1)]


def _counted_parts(node: Node) -> Iterator[Node]:
    """Yield what counts as one level deeper: a range only by its ends, and shapes as well."""
    for part in parts(node):
        if isinstance(part, Range):
            yield from parts(part)
        else:
            yield part
    if isinstance(node, Entry):
        yield from node.array.shape


def too_large(fact: str) -> NotSupported:
    """Build the refusal of what passes a limit; the fact holds the count and the limit."""
    return NotSupported(f"{fact}: too large to decide", code=TOO_LARGE)


def expanded_terms(
    expression: Expression, definitions: Mapping[str, Definition]
) -> tuple[int, int]:
    """Return how many terms multiplying out gives at most, and the most of one product.

    Each sum over an index counts once. Definitions are counted where they are read, and a
    derivative by the occurrences of what is differentiated by in each product.
    """
    counted = _Terms(definitions)
    return counted.count(expression, frozenset()), counted.largest


class _Terms:
    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self._definitions = definitions
        self._known: dict[tuple[str, frozenset[str]], int] = {}
        self.largest = 1
        self._often: dict[tuple[str, str], int] = {}

    def count(self, expression: Expression, keep: frozenset[str]) -> int:
        match expression:
            case Add(terms=parts):
                return sum(self.count(part, keep) for part in parts)
            case Mul(factors=parts):
                found = prod(self.count(part, keep) for part in parts)
                self.largest = max(self.largest, found)
                return found
            case Sum(body=body):
                return self.count(body, keep)
            case Entry(array=array):
                if array.name not in self._definitions or array.name in keep:
                    return 1
                key = (array.name, keep)
                if key not in self._known:
                    # A definition that depends on itself is refused elsewhere.
                    self._known[key] = 1
                    self._known[key] = self.count(self._definitions[array.name].body, keep)
                return self._known[key]
            case Derivative(body=body, by=by):
                alone = frozenset({by.array.name})
                times = self._occurrences(body, by.array.name)
                left = self.count(by, keep) ** max(0, times - 1)
                return self.count(body, alone) * times * left
        return 1

    def _occurrences(self, expression: Expression, name: str) -> int:
        """Return how often an array stands in one product at most."""
        match expression:
            case Add(terms=parts):
                return max((self._occurrences(part, name) for part in parts), default=0)
            case Mul(factors=parts):
                return sum(self._occurrences(part, name) for part in parts)
            case Sum(body=body) | Derivative(body=body):
                return self._occurrences(body, name)
            case Entry(array=array):
                if array.name == name:
                    return 1
                key = (array.name, name)
                if key not in self._often:
                    self._often[key] = 0
                    if array.name in self._definitions:
                        body = self._definitions[array.name].body
                        self._often[key] = self._occurrences(body, name)
                return self._often[key]
        return 0
