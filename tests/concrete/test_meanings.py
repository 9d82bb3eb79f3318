"""Meanings: what is lost at given sizes; which of it comes first is for evaluation to say."""

from __future__ import annotations

import pytest

from symconv.algebra.evaluation import Evaluator
from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Expression,
    Iverson,
    Mul,
    Number,
    Sum,
)
from symconv.algebra.indices import (
    Constant,
    Index,
    Quotient,
    Range,
    Size,
    between,
    divides,
    equal,
    indices,
    sizes,
)
from symconv.concrete import rows
from symconv.concrete.meanings import Meanings
from symconv.concrete.solutions import Boxes
from symconv.concrete.terms import Sides
from symconv.errors import IllFormed, TooLarge

A, B = sizes("A B")
i, j, k, p, q = indices("i j k p q")
u, v, m = Array("u", (A,)), Array("v", (B,)), Array("m", (A, B))
ODD = Array("odd", (Quotient(A, Constant(2)),))
ELSEWHERE = Array("elsewhere", (Size("Z"),))
AT = {A: 4, B: 3}


def lost(
    expression: Expression, *free: tuple[Index, int], at=AT, definitions=None
) -> IllFormed | None:
    ranges = tuple(Range(index, Constant(0), Constant(last)) for index, last in free)
    return Meanings(Boxes(at)).lost(Sides(definitions or {}).side(expression, ranges))


def meant(expression: Expression, *free: tuple[Index, int]) -> str | None:
    """Return the code of what evaluation meets first."""
    evaluator = Evaluator({}, AT)
    ranges = tuple(Range(index, Constant(0), Constant(last)) for index, last in free)
    try:
        for values in evaluator.assignments(ranges):
            _ = evaluator.polynomial(expression, values)
    except IllFormed as error:
        return error.code
    return None


ILL_FORMED: list[tuple[str, Expression]] = [
    ("out-of-range", u[i + 1]),
    ("out-of-range", Sum(u[p], (p, 0, A))),
    ("out-of-range", m[i, j]),
    ("out-of-range", Iverson(i >= 2) * u[1 - i]),
    ("out-of-range", Iverson(equal(2 * i + j, 2)) * u[9]),
    ("non-integer-index", u[i / 2]),
    ("non-integer-index", u[Quotient(A, B)]),
    ("non-integer-bound", Sum(u[0], (p, 0, i / 2))),
    ("non-integer-bound", Sum(u[0], (p, Quotient(A, B), 2))),
    ("unbound-index", u[k]),
    ("unbound-index", Delta(k, 0) * u[0]),
    ("unbound-index", Sum(u[0], (p, 0, k))),
    ("unbound-index", Number(k) * u[0]),
    ("unbound-index", ELSEWHERE[0]),
    ("division-by-zero", u[j // i]),
    ("division-by-zero", Number(1 / (i - 2)) * u[0]),
    ("division-by-zero", Iverson(divides(i, A)) * u[0]),
    ("out-of-range", ODD[i]),
]


@pytest.mark.parametrize(("code", "expression"), ILL_FORMED)
def test_what_has_no_meaning_is_found_and_named(code, expression) -> None:
    error = lost(expression, (i, 3), (j, 3))
    assert error is not None
    assert error.code == code == meant(expression, (i, 3), (j, 3))
    assert error.fact
    assert error.help or code == "division-by-zero"


WELL_FORMED: list[Expression] = [
    Iverson(between(0, i + 1, A - 1)) * u[i + 1],
    Mul((1 - Iverson(i >= 3), u[i + 1])),
    Iverson(equal(i % 2, 0)) * u[i / 2],
    Delta(i, 9) * u[k],
    Sum(u[k], (p, 1, 0)),
    Sum(Delta(k, 0) * u[0], (p, i + 1, i)),
    Sum(Sum(u[k], (q, 0, k)), (p, 1, 0)),
    Iverson(i >= 1) * u[j // i],
    Number(A - 4) * u[99],
]


@pytest.mark.parametrize("expression", WELL_FORMED, ids=str)
def test_what_is_never_reached_may_have_no_meaning(expression) -> None:
    assert lost(expression, (i, 3), (j, 3)) is None
    assert meant(expression, (i, 3), (j, 3)) is None


def test_both_sides_of_a_derivative_are_read() -> None:
    y = Array("y", (A,))
    definitions = {"y": Definition(y[i], u[i])}
    for derivative in (Derivative(y[0], u[i]), Derivative(y[i], u[0]), Derivative(u[0], v[i])):
        assert lost(derivative, (i, 4), definitions=definitions) is not None


def test_what_depends_on_no_index_is_lost_only_where_it_is_read() -> None:
    broken = Array("broken")
    definitions = {"broken": Definition(broken[()], Sum(u[p], (p, 2, A)))}
    for first, is_lost in ((0, True), (3, True), (9, False)):
        error = lost(Iverson(i >= first) * broken[()], (i, 3), definitions=definitions)
        assert (error is not None) is is_lost


@pytest.mark.parametrize(
    "expression",
    [
        Sum(v[p // 10**9], (p, 0, A - 1)),
        Sum(v[p // 10**4 - q], (p, 0, 9999), (q, 0, 9999)),
    ],
    ids=str,
)
def test_too_many_values_are_refused_with_their_count(expression) -> None:
    with pytest.raises(TooLarge) as caught:
        _ = lost(expression, at={A: 10**9, B: 3})
    assert caught.value.terms > rows.MOST_ROWS
    assert f"{caught.value.terms:,}" in caught.value.fact
