from __future__ import annotations

import pytest

from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    Constant,
    Maximum,
    Minimum,
    Range,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.errors import IllFormed, NotSupported
from symconv.proof.smt import Solver
from symconv.proof.well_formedness import Requirement, Walker

A, B, S = sizes("A B S")
i, j, a = indices("i j a")
u, v, z = Array("u", (A,)), Array("v", (B,)), Array("z", (A,))
DEFINITIONS = {"z": Definition(z[i], u[i] * v[i])}
SCOPE = frozenset((A, B, S))
SOLVER = Solver((A >= 1, B >= 1, S >= 1), {A: 1, B: 1, S: 1})
FREE = (Range(a, Constant(0), A - 1),)
ONE = Number(Constant(1))


def requirements(
    expression: Expression, *, sound: frozenset[str] = frozenset({"z"})
) -> list[Requirement]:
    walker = Walker(DEFINITIONS, sound, SOLVER)
    return walker.statement(Statement(expression, ONE, FREE), SCOPE)


def holds(expression: Expression, **keywords) -> bool:
    return all(
        SOLVER.never(*item.obligation.formulas) for item in requirements(expression, **keywords)
    )


MEANINGFUL = [
    u[a],
    Sum(u[i], (i, 0, A - 1)),
    Sum(u[i], (i, 0, a)),
    Sum(u[i], (i, 5, 2)),
    Sum(u[a + i], (i, 1, A - 1 - a)),
    Iverson(a + 1 < A) * u[a + 1],
    u[a + 1] * Iverson(a + 1 < A),
    Mul((u[a + 1], Mul((Iverson(a + 1 < A), ONE)))),
    Delta(a, 0) * u[a],
    Delta(a + 1, A - 1) * u[a + 1],
    (1 - Iverson(a + 1 >= A)) * u[a + 1],
    Number(A - 1 - a) * Iverson(a < A) * u[a + 1],
    Sum(Delta(i, a + 1), (i, 0, A - 1)) * u[a + 1],
    Iverson(divides(S, a)) * u[a / S],
    Iverson(a >= S) * u[a - S],
    u[floor(a / S)],
    u[a % A],
    Iverson(~equal(A, B)) * Number(1 / (A - B)) * u[a],
    Iverson(~equal(A, B) & (1 / (A - B) > 0)) * u[a],
    Iverson(equal(A, B) | (1 / (A - B) > 0)) * u[a],
    z[a],
    Derivative(z[a], u[a]),
    Sum(Derivative(z[i], u[a]), (i, 0, A - 1)),
    Sum(Sum(u[i], (i, 0, i)), (i, 0, A - 1)),
]
MEANINGLESS = [
    u[Maximum((Constant(0), floor((a - 1) / 2), a + 1))],
    Sum(u[a + i], (i, 0, Minimum((B, Constant(1))))),
    u[a + 1],
    u[a - 1],
    Sum(u[i], (i, 0, A)),
    Sum(u[i], (i, -1, A - 1)),
    Sum(u[a + i], (i, 1, A - a)),
    Iverson(a + 1 < A) + u[a + 1],
    Iverson(a + 1 < A) * u[a + 2],
    u[a] - Iverson(a >= A - 1) * u[a + 1],
    (2 - Iverson(a + 1 >= A)) * u[a + 1],
    Number(A - a) * u[a + 1],
    Sum(Delta(i, a + 1), (i, 0, A)) * u[a + 1],
    u[a / S],
    Iverson(divides(S, a + 1)) * u[a / S],
    Iverson(a >= B) * u[a - S],
    Number(1 / (A - B)) * Iverson(~equal(A, B)) * u[a],
    Iverson((1 / (A - B) > 0) & ~equal(A, B)) * u[a],
    z[a + 1],
    Derivative(z[a], u[a + 1]),
    Derivative(z[a + 1], u[a]),
    Sum(u[i], (i, 0, a / S)),
    v[a],
]


@pytest.mark.parametrize("expression", MEANINGFUL, ids=str)
def test_what_is_always_read_in_range_is_well_formed(expression: Expression) -> None:
    assert holds(expression)


@pytest.mark.parametrize("expression", MEANINGLESS, ids=str)
def test_what_is_somewhere_read_out_of_range_is_not(expression: Expression) -> None:
    assert not holds(expression)
    assert all(item.exact for item in requirements(expression))


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        (u[j], "unbound-index"),
        (Sum(u[i], (i, 0, j)), "unbound-index"),
        (Sum(u[i], (j, 0, i), (i, 0, A - 1)), "unbound-index"),
        (Sum(u[i], (i, 0, A - 1)) * u[i], "unbound-index"),
        (Delta(j, 0) * u[0], "unbound-index"),
        (Number(1 / j), "unbound-index"),
        (Derivative(u[a], u[j]), "unbound-index"),
        (Array("t", (sizes("T")[0],))[0] + 0, "unknown-size"),
        (Array("z", (A, A))[a, a], "wrong-axes"),
    ],
    ids=str,
)
def test_what_has_no_value_anywhere_is_ill_formed(expression: Expression, code: str) -> None:
    with pytest.raises(IllFormed) as caught:
        _ = requirements(expression)
    assert caught.value.code == code


def test_a_definition_that_is_not_sound_is_entered() -> None:
    assert not holds(z[a], sound=frozenset())
    assert holds(Iverson(a < B) * z[a], sound=frozenset())
    assert len(requirements(z[a], sound=frozenset())) > len(requirements(z[a]))


def test_a_definition_is_entered_where_the_array_has_another_shape() -> None:
    other = Array("z", (B,))
    assert not holds(Sum(other[i], (i, 0, B - 1)))
    assert holds(Sum(Iverson(i < A) * other[i], (i, 0, B - 1)))


@pytest.mark.parametrize(
    "expression",
    [
        Iverson(Maximum((Constant(0), a / 2)) < A) * u[Maximum((Constant(0), a / 2))],
        Sum(u[0] + 0, (i, 0, Minimum((a / 2, Constant(3))))),
    ],
    ids=str,
)
def test_a_fraction_inside_an_extreme_must_be_shown_to_be_an_integer(
    expression: Expression,
) -> None:
    with pytest.raises(NotSupported, match="is not an integer"):
        _ = holds(expression)


def test_a_definition_has_no_index_of_its_reader() -> None:
    caught_index = {"z": Definition(z[i], u[a] + 0)}
    walker = Walker(caught_index, frozenset(), SOLVER)
    with pytest.raises(IllFormed) as caught:
        _ = walker.statement(Statement(z[a], ONE, FREE), SCOPE)
    assert caught.value.code == "unbound-index"
    walker = Walker({"z": Definition(z[a], u[a] + 0)}, frozenset(), SOLVER)
    assert walker.statement(Statement(z[a], ONE, FREE), SCOPE)


def test_what_a_guard_rests_on_is_kept() -> None:
    walker = Walker({}, frozenset(), SOLVER)
    guard = Sum(Delta(2 * i, a), (i, 0, A - 1))
    _ = walker.statement(Statement(guard * u[a], ONE, FREE), SCOPE)
    assert [item.kind for item in walker.lemmas] == ["one-to-one"]
    assert all(SOLVER.never(*item.formulas) for item in walker.lemmas)


def test_an_array_that_is_differentiated_by_is_only_read_for_what_is_left_of_it() -> None:
    found = requirements(Derivative(z[a] * z[a], z[a]), sound=frozenset())
    assert not all(item.exact for item in found)
    assert all(item.exact for item in requirements(Derivative(z[a] * z[a], z[a])))


def test_a_guard_that_cannot_be_put_into_words_leaves_the_question_open() -> None:
    counted = Sum(Iverson(divides(S, i)), (i, 1, A - 1))
    found = requirements(counted * u[a + 1])
    assert [item.obligation.kind for item in found if not item.exact].count("in-range") == 2


def test_a_division_asks_for_more_than_that_another_factor_is_zero() -> None:
    (division,) = [
        item for item in requirements(Number(A - B) * Number(1 / (A - B)) * u[a]) if item.plain
    ]
    assert division.plain is not None
    assert SOLVER.never(*division.obligation.formulas)
    assert not SOLVER.never(*division.plain.formulas)


def test_assumptions_are_evaluated_one_after_the_other() -> None:
    walker = Walker({}, frozenset(), SOLVER)
    ordered = walker.assumptions((~equal(A, B), 1 / (A - B) > 0), SCOPE)
    assert all(SOLVER.never(*item.obligation.formulas) for item in ordered)
    turned = walker.assumptions((1 / (A - B) > 0, ~equal(A, B)), SCOPE)
    assert not all(SOLVER.never(*item.obligation.formulas) for item in turned)


def test_a_definition_is_checked_at_each_position_of_its_array() -> None:
    walker = Walker(DEFINITIONS, frozenset(), SOLVER)
    found = walker.definition(DEFINITIONS["z"], SCOPE)
    failing = [item for item in found if not SOLVER.never(*item.obligation.formulas)]
    assert [item.obligation.claim for item in failing] == [
        "v[i] on the definition of z, axis 1: 0 <= i < B"
    ]


def test_an_unknown_node_raises() -> None:
    with pytest.raises(TypeError, match="not an expression"):
        _ = requirements("u")
    with pytest.raises(TypeError, match="expected a condition"):
        _ = requirements(Iverson("u"))
