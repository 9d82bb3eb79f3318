"""Walking and rebuilding trees of every kind of node."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import (
    Add,
    Array,
    Delta,
    Derivative,
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
    between,
    divides,
    equal,
    indices,
    sizes,
)
from symconv.algebra.tree import (
    divisors,
    integers,
    map_integers,
    map_parts,
    parts,
    rebuild,
    subexpressions,
    symbols,
    walk,
)

M, S = sizes("M S")
i, j, p = indices("i j p")
a = Array("a", (M, M))
b = Array("b", (M, M))

EVERY_KIND = [
    Number(M / S),
    a[i, j],
    Delta(i, j + 1),
    Iverson(between(0, i, M - 1)),
    Add((a[i, j], b[i, j])),
    Mul((a[i, j], b[j, i])),
    Sum(a[p, j], (p, 0, M - 1), (i, 0, p)),
    Derivative(a[i, j], b[i, j]),
    Range(p, Constant(0), M - 1),
    Comparison(i, "<=", M - 1),
    divides(S, i + 1),
    And((equal(i, j), i <= M)),
    Or((equal(i, j), i <= M)),
    Not(equal(i, j)),
    Constant(3),
    M,
    i,
    Plus((i, j)),
    Times((i, S)),
    Quotient(i, S),
    FloorDivision(i, S),
    CeilingDivision(i, S),
    Remainder(i, S),
    Minimum((i, j)),
    Maximum((i, j)),
]


class StrangeInteger(IntegerExpression):
    """A node outside the closed set."""

    __slots__ = ()


class StrangeCondition(Condition):
    """A condition outside the closed set."""

    __slots__ = ()


class Coordinate(Symbol):
    """A kind of symbol of its own."""

    __slots__ = ()


def by_kind(node: object) -> str:
    return type(node).__name__


@pytest.mark.parametrize("node", EVERY_KIND, ids=by_kind)
def test_a_node_is_built_again_from_its_parts(node):
    assert rebuild(node, parts(node)) == node
    assert map_parts(node, lambda part: part) is node


@pytest.mark.parametrize(
    "node", ["p + k*S", 3, None, a, StrangeInteger(), StrangeCondition()], ids=by_kind
)
def test_what_is_no_node_has_no_parts_and_cannot_be_built(node):
    with pytest.raises(TypeError, match=f"not a node: {by_kind(node)}"):
        _ = parts(node)
    with pytest.raises(TypeError, match=f"not a node: {by_kind(node)}"):
        _ = rebuild(node, ())
    with pytest.raises(TypeError, match=f"not a node: {by_kind(node)}"):
        _ = list(walk(node))


def test_a_symbol_of_another_kind_has_no_parts():
    coordinate = Coordinate("c")
    assert parts(coordinate) == ()
    assert list(symbols(coordinate + M)) == [coordinate, M]


def test_nodes_are_walked_in_reading_order():
    tree = Sum(a[p, j] * Delta(p, i), (p, 0, M - 1))
    texts = [str(node) for node in walk(tree)]
    assert texts == [
        "sum[p=0..M-1](a[p,j]*delta(p, i))",
        "p=0..M-1",
        "0",
        "M-1",
        "M",
        "-1",
        "a[p,j]*delta(p, i)",
        "a[p,j]",
        "p",
        "j",
        "delta(p, i)",
        "p",
        "i",
    ]
    assert [str(part) for part in subexpressions(tree)] == [
        texts[0],
        "a[p,j]*delta(p, i)",
        "a[p,j]",
        "delta(p, i)",
    ]


def test_what_is_too_deep_for_recursion_is_walked():
    deep = i
    for _ in range(5_000):
        deep = Plus((deep,))
    assert list(symbols(deep)) == [i]


def test_symbols_are_listed_left_to_right_with_repeats():
    assert list(symbols(p + i * S - p)) == [p, i, S, p]
    assert list(symbols(Range(p, Constant(0), M - i))) == [M, i]


def test_only_parts_of_the_kind_asked_for_are_changed():
    tree = Sum(a[p, j], (p, 0, M - 1))
    assert map_parts(tree, lambda _: b[i, j], only=Expression) == Sum(b[i, j], (p, 0, M - 1))
    assert map_parts(i + j, lambda part: part * 2) == Plus((i * 2, j * 2))


def test_integers_are_outermost_ones():
    condition = And((i < j, Or((equal(i, 0), Not(divides(S, p + 1))))))
    assert integers(condition) == (i, j, i, Constant(0), S, p + 1)
    assert integers(p + 1) == (p + 1,)
    doubled = map_integers(Sum(Iverson(i < p), (p, 0, M)), lambda integer: integer * 2)
    assert doubled == Sum(Iverson(i * 2 < p * 2), (p, Constant(0) * 2, M * 2))


def test_divisors_are_those_of_every_division_the_outer_ones_first():
    found = divisors(Iverson(divides(S, (i // (M + 1)) / 2) & equal(i % p, 0)))
    assert tuple(map(str, found)) == ("S", "2", "M+1", "p")
    assert tuple(divisors(CeilingDivision(i, S) + j)) == (S,)
