from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from symconv.algebra.evaluation import Evaluator, condition_value, integer_value
from symconv.algebra.expressions import Array, Delta, Expression, Iverson, Number, Sum
from symconv.algebra.indices import (
    Constant,
    Maximum,
    Minimum,
    Symbol,
    between,
    ceiling,
    divides,
    floor,
    indices,
    sizes,
)
from symconv.algebra.normal_form import normal_form
from symconv.errors import NotSupported
from symconv.proof.coefficients import coefficient_function, orderings
from symconv.proof.smt import Solver
from symconv.proof.solving import positions

A, B, S = sizes("A B S")
i, j, k = indices("i j k")
u, v, m = Array("u", (A,)), Array("v", (B,)), Array("m", (A, B))
flat = Array("flat", (A * B,))
LEAST: dict[Symbol, int] = {A: 1, B: 1, S: 1}
SOLVER = Solver(tuple(size >= 1 for size in (A, B, S)), LEAST)
ALL, ROWS, COLUMNS = (i, 0, A - 1), (i, 0, A - 1), (j, 0, B - 1)


def within(position, extent) -> Expression:
    return Iverson(between(0, position, extent - 1))


SOLVED = [
    Sum(u[i], ALL),
    Sum(u[A - 1 - i], ALL),
    Sum(m[i, j], COLUMNS, ROWS),
    Sum(within(i + j, A) * u[i + j] * v[j], ALL, COLUMNS),
    Sum(within(S * i, A) * u[S * i], ALL),
    Sum(within(S * i + 1, A) * within(j, B) * u[S * i + 1] * v[j], ALL, COLUMNS),
    Sum(Delta(i, S * j) * u[i], ALL, COLUMNS),
    Sum(Delta(2 * i, j) * v[j], ALL, COLUMNS),
    Sum(within(i + j, A) * within(i - j, A) * u[i + j] * m[i - j, 0], ALL, (j, -2, 2)),
    Sum(flat[B * i + j], ALL, COLUMNS),
    Sum(flat[B * i + B - 1 - j], ALL, COLUMNS),
    Sum(within(2 * i + j, A) * u[2 * i + j], ALL, (j, 0, 1)),
    Sum(within(2 * i - j, A) * u[2 * i - j], ALL, (j, 0, 1)),
    Sum(u[i] * u[j], ALL, (j, 0, A - 1)),
    Sum(u[i] * u[i], ALL),
    Sum(u[i] * u[j] * u[k], ALL, (j, 0, i), (k, 0, A - 1)),
    Sum(u[i] * u[j] * v[k] * v[0], ALL, (j, 0, A - 1), (k, 0, B - 1)),
    Sum(u[i], ALL, COLUMNS),
    Sum(u[i], ALL, (j, 2, B)),
    Sum(u[i], ALL, (j, i, B)),
    Sum(Number(i) * u[i], ALL, COLUMNS),
    Sum(Iverson(S * j <= i) * u[i], ALL, COLUMNS),
    Sum(Iverson(2 * j >= i) * u[i], ALL, COLUMNS),
    Sum(Iverson((j <= i) & divides(S, i)) * u[i], ALL, COLUMNS),
    Sum(u[i], ALL, (j, Maximum((i - 1, Constant(0))), Minimum((i + 1, B)))),
    Sum(Number(1 / S) * u[i], ALL),
    Sum(Iverson(divides(S, i)) * within(i / S, B) * v[i / S] * u[i], ALL),
    Sum(u[i], (i, ceiling((A - 1) / S), A - 1)),
    Sum(Delta(i, 0) * Delta(j, i), ALL, COLUMNS),
    Sum(Number(A), ALL, COLUMNS),
]


@pytest.mark.parametrize("expression", SOLVED, ids=str)
def test_a_coefficient_function_gives_what_evaluation_counts(expression: Expression) -> None:
    terms = normal_form(expression, least=LEAST)
    functions = [(term, coefficient_function(term, SOLVER)) for term in terms]
    for chosen in ({A: 1, B: 2, S: 1}, {A: 3, B: 2, S: 2}, {A: 4, B: 3, S: 3}):
        scope: dict[Symbol, int] = dict(chosen)
        expected = Evaluator({}, scope).polynomial(expression)
        # One more position than there are on each side, where every coefficient is 0.
        arity = terms[0].arrays
        names = [name for name, _ in arity]
        extents = {"u": (scope[A],), "v": (scope[B],), "m": (scope[A], scope[B])}
        extents["flat"] = (scope[A] * scope[B],)
        axes = [extent for name in names for extent in extents[name]]
        for values in product(*(range(-1, extent + 1) for extent in axes)):
            coordinates = list(values)
            atoms = [
                (name, tuple(coordinates.pop(0) for _ in range(count))) for name, count in arity
            ]
            found = 0
            for term, function in functions:
                symbols = [symbol for entry in positions(term) for symbol in entry]
                at = {**scope, **dict(zip(symbols, values, strict=True))}
                for part in function.weighted:
                    if all(condition_value(condition, at) for condition in part.conditions):
                        found += integer_value(part.coefficient, at)
            assert found == expected.get(tuple(sorted(atoms)), 0), (chosen, atoms)


REFUSED = [
    Sum(u[floor(i / 2)], ALL),
    Sum(within(i + j, A) * u[i + j], ALL, COLUMNS),
    Sum(within(2 * i + j, A) * u[2 * i + j], ALL, (j, 0, 2)),
    Sum(flat[B * i + j], ALL, (j, 0, B)),
    Sum(Number(i), ALL),
    Sum(Number(j) * u[i], ALL, COLUMNS),
    Sum(Iverson(divides(S, j)) * u[i], ALL, COLUMNS),
    Sum(Iverson((j < 1) | (j > 2)) * u[i], ALL, COLUMNS),
    Sum(v[0] + 0, ALL, (j, 0, i)),
    Sum(v[0] * Iverson(i <= j), ALL, COLUMNS),
    Sum(within(i * i, A) * u[i * i], (i, -A, A)),
    u[0] * u[1] * u[2] * u[3] * u[4],
]


@pytest.mark.parametrize("expression", REFUSED, ids=str)
def test_a_term_whose_indices_are_not_determined_is_refused(expression: Expression) -> None:
    (term,) = normal_form(expression, least=LEAST)
    with pytest.raises(NotSupported):
        _ = coefficient_function(term, SOLVER)


def test_every_order_of_equal_arrays_is_met_once() -> None:
    (term,) = normal_form(u[0] * v[0] * u[1] * v[1] * u[2])
    found = Counter(orderings(term))
    assert len(found) == 12
    assert set(found.values()) == {1}
    for order in found:
        assert [term.arrays[place] for place in order] == list(term.arrays)


def test_what_is_not_obvious_becomes_an_obligation() -> None:
    (plain,) = normal_form(Sum(m[i, j], ROWS, COLUMNS))
    assert coefficient_function(plain, SOLVER).obligations == ()
    (digits,) = normal_form(Sum(flat[B * i + j], ROWS, COLUMNS))
    claims = [item.claim for item in coefficient_function(digits, SOLVER).obligations]
    assert claims
    assert all("determines" in claim for claim in claims)
