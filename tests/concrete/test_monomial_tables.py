"""The fast route: statements of the layer as tables, against evaluation and the loops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from symconv.algebra.evaluation import Evaluator
from symconv.algebra.expressions import (
    Add,
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
from symconv.algebra.indices import Constant, Range, equal
from symconv.concrete.differences import Difference
from symconv.concrete.monomial_tables import Tables
from symconv.errors import NotSupported
from symconv.layers.layer import Layer, Sizes
from tests.concrete.brute_force import LAYER, admits, brute_force, outcome
from tests.runs import quick_rows

DEFAULT = [LAYER.sizes(text) for text in LAYER.default_sizes]
REVEALING = LAYER.sizes("N=2,C=2,H=2,W=5,F=3,HH=1,WW=3,S=3,P=2")
SMALL = [
    LAYER.sizes("N=1,C=1,H=2,W=3,F=2,HH=1,WW=2,S=2,P=1"),
    LAYER.sizes("N=2,C=1,H=3,W=2,F=1,HH=2,WW=1,S=1,P=0"),
]
UNEVEN = LAYER.sizes("N=1,C=2,H=2,W=3,F=2,HH=1,WW=1,S=2,P=1")
EXAMPLE = LAYER.sizes("N=1,C=1,H=5,W=5,F=1,HH=3,WW=3,S=2,P=0")


@pytest.mark.parametrize("at", DEFAULT, ids=str)
def test_every_statement_holds(at) -> None:
    tables = Tables(LAYER, at)
    checked = [item for item in LAYER.statements if admits(at, item)]
    assert len(checked) >= 25
    for statement in checked:
        assert tables.compare(statement) is None, statement.key


@pytest.mark.parametrize("statement", LAYER.statements, ids=lambda item: item.key)
def test_every_statement_differs_from_zero_where_evaluation_says(statement) -> None:
    for side in (statement.lhs, statement.rhs):
        against_nothing = statement.with_sides(side, Add(()))
        at = EXAMPLE if statement.assumptions else UNEVEN
        assert outcome(Tables(LAYER, at).compare, against_nothing) == outcome(
            brute_force, against_nothing, at
        )


def edits(expression: Expression) -> Iterator[Expression]:
    """Yield an expression with one bound moved, one index shifted or swapped, a factor gone."""
    match expression:
        case Entry(array=array, indices=positions):
            for axis, position in enumerate(positions):
                rest = list(positions)
                rest[axis] = position + 1
                yield Entry(array, tuple(rest))
            if len(positions) > 1:
                yield Entry(array, (*positions[:-2], positions[-1], positions[-2]))
        case Add(terms=parts) | Mul(factors=parts):
            for place, part in enumerate(parts):
                for edited in edits(part):
                    yield type(expression)((*parts[:place], edited, *parts[place + 1 :]))
                yield type(expression)((*parts[:place], *parts[place + 1 :]))
        case Sum(body=body, ranges=ranges):
            for edited in edits(body):
                yield Sum(edited, *ranges)
            for place, item in enumerate(ranges):
                longer = Range(item.index, item.lower, item.upper + 1)
                shorter = Range(item.index, item.lower + 1, item.upper)
                for other in (longer, shorter):
                    yield Sum(body, *ranges[:place], other, *ranges[place + 1 :])
        case Delta(left=left, right=right):
            yield Delta(left + 1, right)
        case Number(value=value):
            yield Number(value + 1)


@quick_rows(27, "each statement is edited at some of the small sizes")
@pytest.mark.parametrize("at", SMALL, ids=str)
@pytest.mark.parametrize(
    "statement",
    [item for item in LAYER.statements if not item.where],
    ids=lambda item: item.key,
)
def test_a_wrong_statement_differs_exactly_where_evaluation_says(statement, at) -> None:
    tables = Tables(LAYER, at)
    noticed = 0
    for edited in edits(statement.rhs):
        wrong = statement.with_sides(statement.lhs, edited)
        got = outcome(tables.compare, wrong)
        assert got == outcome(brute_force, wrong, at), str(wrong)
        noticed += got != ("compared", None)
    assert noticed or statement.key.endswith(("-Hh", "-Hw"))


def test_the_smallest_difference_is_by_free_indices_then_by_monomial() -> None:
    statement = LAYER.statement("dL/dx:contracted")
    difference = Tables(LAYER, EXAMPLE).compare(statement.with_sides(statement.lhs, Add(())))
    monomial = (("dout", (0, 0, 0, 0)), ("w", (0, 0, 0, 0)))
    assert difference == Difference({"n'": 0, "c'": 0, "i": 0, "j": 0}, monomial, 1, 0)
    assert [type(value) for value in (difference.left, difference.right)] == [int, int]
    assert all(type(value) is int for value in difference.indices.values())


# Values at integers.


def integers(at: Sizes, layer: Layer = LAYER) -> dict[str, Any]:
    found: dict[str, Any] = {}
    source = np.random.default_rng(7)
    evaluator = Evaluator({}, at.by_symbol)
    for array in layer.inputs:
        shape = tuple(int(evaluator.integer(extent)) for extent in array.shape)
        found[array.name] = source.integers(-9, 9, shape).astype(object)
    return found


@pytest.mark.parametrize("loop", LAYER.loops, ids=lambda loop: loop.name)
def test_values_are_those_that_loops_compute(loop) -> None:
    arrays = integers(REVEALING)
    expected = LAYER.run_loop(loop, arrays, REVEALING)
    got = Tables(LAYER, REVEALING).values(loop.computes, arrays)
    assert got.shape == expected.shape
    assert np.array_equal(got, expected)
    assert all(type(value) is int for value in got.reshape(-1))
    changed = {**arrays, "dout": arrays["dout"] + 1, "b": arrays["b"] + 1}
    assert not np.array_equal(Tables(LAYER, REVEALING).values(loop.computes, changed), expected)


def test_values_of_a_statement_are_those_of_its_right_hand_side() -> None:
    arrays = integers(REVEALING)
    tables = Tables(LAYER, REVEALING)
    for key in ("y:patch", "dL/dw:contracted", "dL/db:deltas", "dL/dx:contracted"):
        statement = LAYER.statement(key)
        assert tables.is_explicit(statement)
        assert np.array_equal(
            tables.statement_values(statement, arrays), tables.values(statement.name, arrays)
        )
        wrong = statement.with_sides(statement.lhs, statement.rhs + 1)
        off_by_one = tables.statement_values(wrong, arrays) - 1
        assert np.array_equal(off_by_one, tables.values(statement.name, arrays))


@pytest.mark.parametrize(
    ("key", "explicit"),
    [
        ("dL/dw:chain", False),
        ("dy/dx:chain", False),
        ("dL/dw:contracted", True),
        ("x_pad", True),
        ("dx_pad/dx", True),
        ("output-size:floor-Hh", True),
    ],
)
def test_a_statement_is_explicit_without_derivatives_on_its_right(key, explicit) -> None:
    assert Tables(LAYER, EXAMPLE).is_explicit(LAYER.statement(key)) is explicit


def test_the_magnitude_bounds_every_partial_sum_and_is_reached() -> None:
    tables = Tables(LAYER, REVEALING)
    ones = {name: 0 * array + 4 for name, array in integers(REVEALING).items()}
    for name in ("y", "dL/dw", "dL/db", "dL/dx"):
        assert tables.magnitude(name, 4) == tables.values(name, ones).max()


def test_every_entry_of_an_array_in_a_product_is_differentiated() -> None:
    b = LAYER.array_by_name["b"]
    tables = Tables(LAYER, LAYER.sizes("N=1,C=1,F=2,H=2,W=2,HH=1,WW=1,S=1,P=0"))
    zero = Number(Constant(0))
    for by in (0, 1):
        # Of two entries only one is that which is differentiated by: the other one is left.
        gradient = Derivative(Mul((b[0], b[1])), b[by])
        with pytest.raises(NotSupported, match="b occurs twice"):
            _ = tables.compare(Statement(gradient, zero))
    absent = Derivative(Mul((Iverson(equal(1, 2)), b[0], b[1])), b[1])
    assert tables.compare(Statement(absent, zero)) is None
