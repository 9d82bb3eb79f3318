"""The one way to walk and to rebuild what statements are made of.

Expressions, ranges, conditions and integer expressions are nodes alike. The parts of a node
are the nodes directly in it, in reading order: of a sum its ranges, then its body; of a range
its two ends; of a derivative what is differentiated, then the entry by which. What a node
holds besides (an array, a relation, the index that a range binds) stays with it when it is
built over other parts. Nothing here knows what a sum binds: `scoping` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter, is_
from typing import Any, TypeAlias, TypeVar, overload

from symconv.algebra.expressions import (
    Add,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Sum,
)
from symconv.algebra.indices import (
    And,
    CeilingDivision,
    Comparison,
    Condition,
    Constant,
    Divides,
    FloorDivision,
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Or,
    Plus,
    Quotient,
    Range,
    Remainder,
    Symbol,
    Times,
)

Node: TypeAlias = Expression | Range | Condition | IntegerExpression
Kind = TypeVar("Kind", bound=Node)

_DIVISIONS = (Quotient, FloorDivision, CeilingDivision, Remainder, Divides)


class _Shapes(dict[type, tuple[Callable[[Any], tuple[Node, ...]], Callable[[Any, Any], Any]]]):
    """How the parts of each kind of node are read, and how it is built over others."""

    def __missing__(self, kind: type) -> Any:
        if issubclass(kind, Symbol):
            return self[Symbol]
        raise TypeError(f"not a node: {kind.__name__}")


def _of_all(node: Any, new: tuple[Any, ...]) -> Any:
    return type(node)(new)


def _of_each(node: Any, new: tuple[Any, ...]) -> Any:
    return type(node)(*new)


_SHAPES = _Shapes(
    {
        kind: (read, build)
        for kinds, read, build in (
            ((Constant, Symbol), lambda _: (), lambda node, _: node),
            ((Plus, Add), attrgetter("terms"), _of_all),
            ((Times, Mul), attrgetter("factors"), _of_all),
            ((Minimum, Maximum), attrgetter("arguments"), _of_all),
            ((And, Or), attrgetter("conditions"), _of_all),
            ((Number,), lambda node: (node.value,), _of_each),
            ((Iverson, Not), lambda node: (node.condition,), _of_each),
            ((Quotient, FloorDivision), attrgetter("dividend", "divisor"), _of_each),
            ((CeilingDivision, Remainder), attrgetter("dividend", "divisor"), _of_each),
            ((Divides,), attrgetter("divisor", "value"), _of_each),
            ((Delta,), attrgetter("left", "right"), _of_each),
            ((Derivative,), attrgetter("body", "by"), _of_each),
            (
                (Comparison,),
                attrgetter("left", "right"),
                lambda node, new: Comparison(new[0], node.relation, new[1]),
            ),
            ((Entry,), attrgetter("indices"), lambda node, new: Entry(node.array, new)),
            ((Range,), attrgetter("lower", "upper"), lambda node, new: Range(node.index, *new)),
            (
                (Sum,),
                lambda node: (*node.ranges, node.body),
                lambda _, new: Sum(new[-1], *new[:-1]),
            ),
        )
        for kind in kinds
    }
)


@overload
def parts(node: IntegerExpression | Range) -> tuple[IntegerExpression, ...]: ...
@overload
def parts(node: Node) -> tuple[Node, ...]: ...
def parts(node: Node) -> tuple[Node, ...]:
    """Return the direct parts of a node, in reading order.

    Raises:
        TypeError: for what is no node.
    """
    return _SHAPES[type(node)][0](node)


def rebuild(node: Kind, new: tuple[Node, ...]) -> Kind:
    """Build the same node over other parts, in the order of `parts`."""
    return _SHAPES[type(node)][1](node, new)


def map_parts(node: Kind, change: Callable[[Any], Node], *, only: type = object) -> Kind:
    """Change the direct parts of a node; the node itself where that changes nothing.

    Args:
        node: the node.
        change: what becomes of a part.
        only: the kind of the parts that are changed; others stay.
    """
    old = parts(node)
    new = tuple([change(part) if isinstance(part, only) else part for part in old])
    return node if all(map(is_, new, old)) else rebuild(node, new)


def map_integers(node: Kind, change: Callable[[Any], IntegerExpression]) -> Kind:
    """Change the integer expressions that stand in a node that is none, each as a whole."""

    def changed(part: Node) -> Node:
        return change(part) if isinstance(part, IntegerExpression) else map_parts(part, changed)

    return map_parts(node, changed)


def walk(node: Node) -> Iterator[Node]:
    """Yield every node of a tree, a node before its parts, in reading order."""
    # A loop, not recursion: what is too deep for Python's stack is walked as well.
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending += parts(node)[::-1]


def subexpressions(expression: Expression) -> Iterator[Expression]:
    """Yield every expression in an expression, itself first, in reading order."""
    pending = [expression]
    while pending:
        expression = pending.pop()
        yield expression
        pending += [part for part in parts(expression)[::-1] if isinstance(part, Expression)]


def symbols(node: Node) -> Iterator[Symbol]:
    """Yield every symbol that is written in a node, repeats included, in reading order."""
    return (part for part in walk(node) if isinstance(part, Symbol))


def integers(node: Node) -> tuple[IntegerExpression, ...]:
    """Return the integer expressions of a node, each as a whole, in reading order."""
    if isinstance(node, IntegerExpression):
        return (node,)
    return tuple(integer for part in parts(node) for integer in integers(part))


def divisors(node: Node) -> Iterator[IntegerExpression]:
    """Yield what is divided by in a node, an outer division before those inside it."""
    return (part.divisor for part in walk(node) if isinstance(part, _DIVISIONS))
