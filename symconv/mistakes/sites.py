"""Every place of a statement where an edit can be made, and the statement after it.

An edit is a function from a `Site` to what may stand there instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias
from zlib import crc32

from symconv.algebra.evaluation import integer_value
from symconv.algebra.expressions import (
    Add,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    Comparison,
    Condition,
    Index,
    IntegerExpression,
    Range,
    Symbol,
)
from symconv.algebra.ratios import same_polynomial
from symconv.algebra.tree import Node, parts, rebuild, symbols, walk
from symconv.errors import IllFormed
from symconv.layers.layer import Vocabulary

Path: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """One node of a tree with what surrounds it.

    Attributes:
        node: what stands there.
        path: which child to take at each level, from the root down.
        ancestors: the nodes around it, the root first.
        vocabulary: what the symbols stand for.
        free: the ranges of the statement's free indices; none in code.
        assumptions: the statement's conditions on sizes; none in code.
    """

    node: Node
    path: Path
    ancestors: tuple[Node, ...]
    vocabulary: Vocabulary
    free: tuple[Range, ...] = ()
    assumptions: tuple[Condition, ...] = ()

    @property
    def parent(self) -> Node | None:
        """The node directly around it; None at the root."""
        return self.ancestors[-1] if self.ancestors else None

    @property
    def root(self) -> Node:
        """The whole tree."""
        return self.ancestors[0] if self.ancestors else self.node

    def indices(self) -> tuple[Index, ...]:
        """Return every index of the statement, free ones first, each once."""
        found = dict.fromkeys(item.index for item in self.free)
        for node in walk(self.root):
            if isinstance(node, Range):
                found[node.index] = None
            elif isinstance(node, Index):
                found[node] = None
        return tuple(found)

    def where(self) -> str:
        """Say which site this is: the smallest part around it that a reader can point at."""
        chain = (self.node, *reversed(self.ancestors))
        for node, around in zip(chain, (*chain[1:], None), strict=True):
            match node:
                case Range():
                    return f"in the range {node}"
                case Sum(ranges=ranges):
                    return f"in the sum over {', '.join(str(item.index) for item in ranges)}"
                case Entry() if isinstance(around, Derivative):
                    continue
                case Entry() | Delta() | Iverson() | Derivative() | Add() | Mul():
                    return f"in {node}"
        return f"in {self.root}"


Edit: TypeAlias = Callable[[Site], Iterator[Node]]
"""What may stand at a site after the edit: nothing where it does not apply."""


def sites(
    root: Node,
    vocabulary: Vocabulary,
    free: tuple[Range, ...] = (),
    assumptions: tuple[Condition, ...] = (),
) -> Iterator[Site]:
    """Yield every site of a tree, a node before its parts, in reading order."""

    def visit(node: Node, path: Path, ancestors: tuple[Node, ...]) -> Iterator[Site]:
        yield Site(node, path, ancestors, vocabulary, free, assumptions)
        for number, part in enumerate(parts(node)):
            yield from visit(part, (*path, number), (*ancestors, node))

    return visit(root, (), ())


def replaced(root: Node, path: Path, new: Node) -> Node:
    """Return the tree with the node at a path replaced."""
    if not path:
        kinds = (Expression, Range, Condition, IntegerExpression)
        kept = any(isinstance(root, kind) and isinstance(new, kind) for kind in kinds)
        assert kept, "an edit keeps the kind of a node"
        return new
    inside = list(parts(root))
    inside[path[0]] = replaced(inside[path[0]], path[1:], new)
    return rebuild(root, tuple(inside))


def statement_sites(
    statement: Statement, vocabulary: Vocabulary
) -> Iterator[tuple[Site, Callable[[Node], Statement]]]:
    """Yield every site of the right-hand side and of the abbreviations it uses.

    Each comes with the function that puts another node there.
    """

    def on_the_right(path: Path) -> Callable[[Node], Statement]:
        def put(new: Node) -> Statement:
            side = replaced(statement.rhs, path, new)
            assert isinstance(side, Expression), "a side of a statement is an expression"
            return statement.with_sides(statement.lhs, side)

        return put

    def in_abbreviation(number: int, path: Path) -> Callable[[Node], Statement]:
        def put(new: Node) -> Statement:
            pairs = list(statement.where)
            index, value = pairs[number]
            changed = replaced(value, path, new)
            assert isinstance(changed, IntegerExpression), "an abbreviation is an integer"
            pairs[number] = (index, changed)
            return replace(statement, where=tuple(pairs))

        return put

    around = (vocabulary, statement.free, statement.assumptions)
    for site in sites(statement.rhs, *around):
        yield site, on_the_right(site.path)
    for number, (_, value) in enumerate(statement.where):
        for site in sites(value, *around):
            yield site, in_abbreviation(number, site.path)


def same_tree(left: Node, right: Node) -> bool:
    """Tell whether two trees differ only in how their integers are written.

    Integers are compared as polynomials, and through floors and ceilings part by part.
    False means different or not seen to be the same; only True may be relied on.
    """
    if isinstance(left, IntegerExpression) and isinstance(right, IntegerExpression):
        if _clearly_different(left, right):
            return False
        if same_polynomial(left, right):
            return True
        if not parts(left):
            return False
    if type(left) is not type(right) or not _same_heads(left, right):
        return False
    pairs = parts(left), parts(right)
    return len(pairs[0]) == len(pairs[1]) and all(map(same_tree, *pairs))


class _Sample(dict[Symbol, int]):
    """A value for every symbol, the same in every run; no two names get one on purpose."""

    def __missing__(self, symbol: Symbol) -> int:
        value = self[symbol] = crc32(symbol.name.encode()) % 99_991 + 7
        return value


_sample = _Sample()


def _clearly_different(left: IntegerExpression, right: IntegerExpression) -> bool:
    """Tell cheaply whether two integers differ: at one sample, which most do."""
    try:
        return integer_value(left, _sample) != integer_value(right, _sample)
    except IllFormed:
        return False


def mentions(node: Node, index: Index) -> bool:
    """Tell whether an index stands anywhere in a tree, bound or free."""
    return index in symbols(node)


def names_any(expression: IntegerExpression, wanted: tuple[IntegerExpression, ...]) -> bool:
    """Tell whether any of some symbols stands in an integer expression."""
    return any(symbol in wanted for symbol in symbols(expression))


def _same_heads(left: Node, right: Node) -> bool:
    """Compare what a node holds besides its parts."""
    match left, right:
        case Entry(array=a), Entry(array=b):
            return a == b
        case Range(index=a), Range(index=b):
            return a == b
        case Comparison(relation=a), Comparison(relation=b):
            return a == b
    return True
