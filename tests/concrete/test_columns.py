"""Columns of integer expressions, conditions and coefficients against one value at a time."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from symconv.algebra.evaluation import Evaluator, condition_value, integer_value
from symconv.algebra.expressions import Add, Delta, Entry, Expression, Iverson, Mul, Number, Sum
from symconv.algebra.expressions import Array as ArrayNode
from symconv.algebra.indices import (
    And,
    CeilingDivision,
    Comparison,
    Condition,
    Constant,
    FloorDivision,
    Index,
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Or,
    Plus,
    Quotient,
    Range,
    Remainder,
    Size,
    Symbol,
    Times,
    between,
    divides,
    equal,
    indices,
    sizes,
)
from symconv.concrete.columns import (
    ColumnFormula,
    ColumnScope,
    coefficient_formula,
    condition_formula,
    equality_formula,
    integer_formula,
    whole,
)
from symconv.errors import IllFormed, TooLarge

N, S = sizes("N S")
i, j, p, q = indices("i j p q")
SIZES = {"N": 3, "S": 2}
VALUES = [dict(zip((i, j), pair, strict=True)) for pair in product(range(-2, 4), repeat=2)]
BY_SYMBOL = {N: 3, S: 2}
OVER_A_MILLION = Range(p, Constant(0), Constant(10**6))


def rows(formula: ColumnFormula) -> list[object]:
    """Compute a formula on all values at once: a value per row, or the code of its failure."""
    columns = {"i": np.array([at[i] for at in VALUES]), "j": np.array([at[j] for at in VALUES])}
    scope = ColumnScope(SIZES, columns)
    value = np.broadcast_to(np.asarray(formula.value(scope, None), dtype=object), len(VALUES))
    found: list[object] = value.tolist()
    for failure in reversed(scope.failures):
        where = np.broadcast_to(True if failure.where is None else failure.where, len(VALUES))
        found = [failure.code if bad else one for one, bad in zip(found, where, strict=True)]
    return found


def one_by_one(evaluate) -> list[object]:
    found: list[object] = []
    for at in VALUES:
        try:
            found.append(evaluate({**BY_SYMBOL, **at}))
        except IllFormed as error:
            found.append(error.code)
    return found


INTEGERS: list[IntegerExpression] = [
    Constant(-7),
    N,
    i,
    Plus(()),
    Times(()),
    i + S * j - 1,
    i * j * i,
    (i + 1) // S,
    i // (j - 1),
    i // -S,
    CeilingDivision(i, S),
    CeilingDivision(i, j),
    i % S,
    i % (0 - S),
    i % j,
    i / S,
    i / 1,
    (2 * i) / S,
    (i / S) * S,
    (i / S) // (j / 3),
    i / j,
    N / S,
    N // S,
    N % (S - 2),
    Minimum((i, j, Constant(1))),
    Maximum((i / S, j)),
    Minimum((N, S)),
    Maximum((N, S)),
    i + Index("nowhere"),
    i + Size("M"),
    i + Symbol("i"),
    (i // (j - 1)) % (i - 1),
]


@pytest.mark.parametrize("expression", INTEGERS, ids=str)
def test_integers_have_the_value_they_have_one_at_a_time(expression) -> None:
    got = rows(integer_formula(expression))
    assert got == one_by_one(lambda scope: integer_value(expression, scope))
    assert all(isinstance(value, int | Fraction | str) for value in got)


CONDITIONS: list[Condition] = [
    And(()),
    Or(()),
    between(0, i, j),
    equal(i, j),
    Comparison(i, "!=", j / 2),
    Comparison(i, ">", j) | Comparison(i, "<", Constant(0)),
    Comparison(i, ">=", j) & divides(S, i),
    divides(j, i),
    Not(divides(j, i)),
    Not(And((i >= 0, j >= 0))),
    Comparison(j, "!=", Constant(0)) & divides(j, i),
    divides(j, i) & Comparison(j, "!=", Constant(0)),
    equal(j, 0) | divides(j, i),
    And((N >= S, divides(j, i))),
    And((N < S, divides(j, i))),
    Or((N >= S, divides(j, i))),
    Or((i < 0, And((i >= 1, divides(j, i))))),
    And((i < 0, equal(Index("nowhere"), 0))),
    Not(equal(N, S)),
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_conditions_have_the_value_they_have_one_at_a_time(condition) -> None:
    expected = one_by_one(lambda scope: condition_value(condition, scope))
    assert rows(condition_formula(condition)) == expected


COEFFICIENTS: list[Expression] = [
    Number(i / S),
    Delta(i, j),
    Delta(N, 3),
    1 - Iverson(equal(i, j)),
    Iverson(i >= 0) + Iverson(j >= 0),
    Iverson(equal(N, S)) * Number(1 / (N - N)),
    Iverson(Comparison(j, "!=", Constant(0))) * Number(i / j),
    Number(i / j) * Iverson(Comparison(j, "!=", Constant(0))),
    Mul((Number(Constant(0)), Number(i / j))),
    Add(()),
    Mul(()),
    Sum(Number(p), (p, 0, i)),
    Sum(Number(p * j), (p, 0, N), (q, p, i)),
    Sum(Delta(p, i) - Delta(p, j), (p, 0, N)) * Number(1 / (i - j)),
    Sum(Number(1 / p), (p, i, j)),
    Sum(Number(p), (p, 0, i / 2)),
    Sum(Number(p), (p, N / 2, i)),
    Iverson(divides(2, i)) * Sum(Number(p), (p, 0, i / 2)),
    Sum(Number(i), (i, 0, 2)),
    Sum(Number(Index("nowhere")), (p, i, j)),
    Sum(Sum(Number(p), (p, 0, p)), (p, 0, i)),
]


@pytest.mark.parametrize("expression", COEFFICIENTS, ids=str)
def test_coefficients_have_the_value_they_have_one_at_a_time(expression) -> None:
    evaluator = Evaluator({}, BY_SYMBOL)
    expected = one_by_one(lambda scope: evaluator.polynomial(expression, scope).get((), 0))
    assert rows(coefficient_formula(expression)) == expected


def random_integer(source: random.Random, depth: int) -> IntegerExpression:
    if depth == 0:
        return source.choice([i, j, N, S, Constant(source.randint(-3, 3))])
    left, right = (random_integer(source, depth - 1) for _ in range(2))
    return source.choice(
        [
            left + right,
            left - right,
            left * right,
            Quotient(left, right),
            FloorDivision(left, right),
            CeilingDivision(left, right),
            Remainder(left, right),
            Minimum((left, right)),
            Maximum((left, right)),
        ]
    )


@pytest.mark.parametrize("seed", range(300))
def test_random_integers_have_the_value_they_have_one_at_a_time(seed) -> None:
    expression = random_integer(random.Random(seed), 3)
    expected = one_by_one(lambda scope: integer_value(expression, scope))
    assert rows(integer_formula(expression)) == expected


@pytest.mark.parametrize("seed", range(300))
def test_the_growth_bounds_every_integer(seed) -> None:
    expression = random_integer(random.Random(seed), 3)
    factor, degree = integer_formula(expression).growth
    values = one_by_one(lambda scope: integer_value(expression, scope))
    assert all(abs(value) <= factor * 3**degree for value in values if isinstance(value, int))


def test_columns_broadcast_over_a_grid() -> None:
    columns = {"i": np.arange(3).reshape(3, 1), "j": np.arange(4)}
    grid = integer_formula(i * 10 + j).value(ColumnScope(SIZES, columns), None)
    assert grid.shape == (3, 4)
    assert grid[2, 3] == 23


def test_a_formula_knows_its_indices_and_whether_it_is_one() -> None:
    assert integer_formula(i + N * j + i).indices == ("i", "j")
    assert (integer_formula(i).plain, integer_formula(i + 0).plain) == ("i", None)
    assert integer_formula(N).plain is None
    assert coefficient_formula(Sum(Delta(p, i), (p, 0, j))).indices == ("j", "i")
    both = equality_formula(integer_formula(i + j), integer_formula(j))
    assert both.indices == ("i", "j")
    assert both.value(ColumnScope({}, {"i": 0, "j": 5}), None) is True


def test_a_failure_where_nothing_is_live_is_none() -> None:
    scope = ColumnScope(SIZES, {"i": np.arange(3)})
    nowhere = np.zeros(3, dtype=bool)
    assert list(integer_formula(i // (i - 1)).value(scope, nowhere)) == [0, 1, 2]
    assert scope.failures == []


def test_whole_tells_integers_from_fractions() -> None:
    assert list(whole(np.array([Fraction(1, 2), 2, Fraction(4, 2)], dtype=object))) == [
        False,
        True,
        True,
    ]
    assert list(whole(np.arange(2))) == [True, True]
    assert (whole(Fraction(1, 2)), whole(3)) == (False, True)


def test_a_very_long_sum_inside_a_coefficient_is_refused() -> None:
    formula = coefficient_formula(Sum(Number(p), OVER_A_MILLION))
    with pytest.raises(TooLarge) as caught:
        formula.value(ColumnScope(SIZES, {}), None)
    assert caught.value.terms == 10**6 + 1


class Strange(IntegerExpression):
    """An integer node outside the closed set."""


class StrangeCondition(Condition):
    """A condition outside the closed set."""


@pytest.mark.parametrize(
    ("make", "node"),
    [
        (integer_formula, Strange()),
        (condition_formula, StrangeCondition()),
        (coefficient_formula, Entry(ArrayNode("x"), ())),
    ],
)
def test_an_unknown_node_raises(make, node) -> None:
    with pytest.raises(TypeError):
        make(node)


def test_a_minimum_of_nothing_raises() -> None:
    with pytest.raises(TypeError, match="needs an argument"):
        integer_formula(Minimum(()))
