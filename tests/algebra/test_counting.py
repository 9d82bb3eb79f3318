"""Counting products before they are multiplied out."""

from __future__ import annotations

import pytest

from symconv.algebra.counting import statement_term_count, term_count
from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Expression,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import Constant, Range, indices, sizes

N, M = sizes("N M")
i, j, p = indices("i j p")
x = Array("x", (N,))
y = Array("y", (N,))
DEFINITIONS = {"y": Definition(y[i], Sum(x[p] + x[i], (p, 0, M - 1)))}
SIZES = {N: 4, M: 3}


class Strange(Expression):
    """A node outside the closed set."""


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        (Number(N), 1),
        (Delta(i, j), 1),
        (x[i], 1),
        (x[i] + x[j], 2),
        (y[i], 6),
        (y[i] * y[j], 36),
        (Sum(y[i], (i, 0, N - 1)), 24),
        (Sum(x[p], (p, i, i + M - 1)), 3),
        (Sum(x[p], (i, 2, N - 1), (p, i, N - 1)), 4),
        (Sum(x[p], (p, 3, 1)), 1),
        (Sum(x[p], (p, 0, N / (M - 3))), 1),
        (Derivative(y[i], x[j]), 1),
    ],
)
def test_term_count(expression: Expression, count: int) -> None:
    assert term_count(expression, DEFINITIONS, SIZES) == count


def test_a_statement_counts_both_sides_at_every_free_index() -> None:
    statement = Statement(
        y[i], Sum(x[p] + x[j], (p, 0, M - 1)), free=(Range(i, Constant(0), N - 1),), where=((j, i),)
    )
    assert statement_term_count(statement, DEFINITIONS, SIZES) == 4 * (6 + 6)


def test_an_unknown_node_is_refused() -> None:
    with pytest.raises(TypeError, match="not an expression"):
        _ = term_count(Strange(), {}, {})
