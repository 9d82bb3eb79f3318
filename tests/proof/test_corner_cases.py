"""Statements on which a prover is easily wrong: fractions, divisions, guards, far sizes."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Expression,
    Iverson,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    Comparison,
    Constant,
    IntegerExpression,
    Maximum,
    Minimum,
    Range,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Layer
from symconv.proof.certificates import certificates
from symconv.proof.equality import prove
from symconv.proof.smt import QUICK
from symconv.verdicts import Verdict

A, S = sizes("A S")
i, j, k = indices("i j k")
u = Array("u", (A,))
LAYER = Layer(name="tiny", given=(A,), inputs=(u,))
STRIDED = Layer(name="strided", given=(A, S), inputs=(u,))
ALL = (i, 0, A - 1)
ONE = Number(Constant(1))
HALF = Maximum((Constant(0), (A - 5) / 2))
WHOLE = Maximum((Constant(0), floor((A - 5) / 2)))


def defining(*definitions: Definition) -> Layer:
    return Layer(name="defining", given=(A,), inputs=(u,), definitions=definitions)


def nonzero(expression: IntegerExpression) -> Expression:
    return Iverson(Comparison(expression, "!=", Constant(0)))


def reading(position: IntegerExpression) -> list[tuple[Expression, str]]:
    return [
        (u[position] + 0, "non-integer-index"),
        (Sum(u[0] + 0, (i, 0, position)), "non-integer-bound"),
        (Sum(u[0] + 0, (i, position, A)), "non-integer-bound"),
        (Derivative(u[0] + 0, u[position]), "non-integer-index"),
    ]


@pytest.mark.parametrize("case", range(4))
def test_a_fraction_inside_a_maximum_is_no_position_and_no_bound(case: int) -> None:
    fractional, code = reading(HALF)[case]
    outcome = prove(Statement(fractional, fractional), LAYER)
    assert outcome.verdict is Verdict.ILL_FORMED, outcome.detail
    assert outcome.code == code
    assert outcome.counterexample is not None
    assert outcome.counterexample.sizes == {"A": 6}
    whole, _ = reading(WHOLE)[case]
    assert prove(Statement(whole, whole), LAYER)


def test_a_delta_with_a_fraction_inside_a_maximum_is_solved_only_where_it_is_whole() -> None:
    left = Sum(Delta(i, HALF), ALL)
    assert prove(Statement(left, Iverson(HALF < A) * 1), LAYER).verdict is not Verdict.PROVED
    left = Sum(Delta(i, WHOLE), ALL)
    assert prove(Statement(left, Iverson(WHOLE < A) * 1), LAYER)


def test_a_definition_that_divides_is_only_put_where_its_positions_are() -> None:
    z = Array("z", (Constant(7),))
    layer = defining(Definition(z[i], Number(1 / (i + 1))))
    free = (Range(i, Constant(0), Minimum((A - 1, Constant(7)))),)
    beyond = Statement(Number(7 - i) * z[6 - i], ONE, free)
    assert prove(beyond, layer).verdict is not Verdict.PROVED
    guarded = Statement(Iverson(i < 7) * Number(7 - i) * z[6 - i], Iverson(i < 7) * 1, free)
    assert prove(guarded, layer)


def test_a_definition_that_divides_stops_no_run() -> None:
    z = Array("z", (A,))
    layer = defining(Definition(z[i], u[i] * Number(1 / (i + 1))))
    true = Statement(Sum(Number(i) * z[i - 1], ALL), Sum(u[i - 1], (i, 1, A - 1)))
    outcome = prove(true, layer)
    assert outcome.verdict is Verdict.UNDECIDED
    assert outcome.code == "guarded-division"
    assert prove(Statement(Sum(z[i], ALL), Sum(u[i] * Number(1 / (i + 1)), ALL)), layer)


def test_a_definition_that_reads_one_that_divides_is_treated_like_it() -> None:
    z, w = Array("z", (A,)), Array("w", (A,))
    layer = defining(Definition(z[i], u[i] * Number(1 / (i + 1))), Definition(w[i], 2 * z[i]))
    true = Statement(Sum(Number(i) * w[i - 1], ALL), Sum(2 * u[i - 1], (i, 1, A - 1)))
    assert prove(true, layer).code == "guarded-division"


def test_a_definition_with_a_fraction_as_extent_is_checked_at_its_last_position() -> None:
    z = Array("z", (A / 2,))
    layer = defining(Definition(z[i], Iverson(equal(A, 3) & (i >= 1)) * u[A + i]))
    outcome = prove(Statement(Iverson(equal(A, 3)) * z[1], Iverson(A < 1) * u[0]), layer)
    assert outcome.verdict is Verdict.ILL_FORMED


def test_a_division_is_asked_for_again_under_fewer_guards() -> None:
    guarded = nonzero(A - 7) * Number(1 / (A - 7)) * Number(Constant(0)) + ONE
    outcome = prove(Statement(guarded, Number(A - 7) * Number(1 / (A - 7))), LAYER)
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexample is not None
    assert outcome.counterexample.sizes == {"A": 7}
    assert prove(Statement(guarded, ONE), LAYER)


def test_a_definition_does_not_see_the_indices_of_its_reader() -> None:
    z = Array("z", (A,))
    layer = defining(Definition(z[i], u[j] + 0))
    outcome = prove(Statement(Sum(z[0], (j, 0, A - 1)), Sum(u[j], (j, 0, A - 1))), layer)
    assert outcome.verdict is Verdict.ILL_FORMED
    assert outcome.code == "unbound-index"
    bound = defining(Definition(z[i], Sum(u[j], (j, 0, A - 1))))
    assert prove(Statement(z[0] + 0, Sum(u[j], (j, 0, A - 1))), bound)


def test_an_assumption_without_a_value_somewhere_is_ill_formed() -> None:
    outcome = prove(Statement(u[0] + 0, u[0] + 0, assumptions=(divides(S - 1, A),)), STRIDED)
    assert outcome.verdict is Verdict.ILL_FORMED
    assert outcome.code == "division-by-zero"
    assert outcome.counterexample is not None
    assert outcome.counterexample.sizes == {"A": 1, "S": 1}
    ordered = (S > 1, divides(S - 1, A))
    assert prove(Statement(u[0] + 0, u[0] + 0, assumptions=ordered), STRIDED)


def triangle() -> Expression:
    """A guard that cannot be put into words, and is never 0."""
    return Sum(ONE, ALL, (j, 0, i))


def test_a_difference_hides_no_part_without_meaning_at_larger_sizes() -> None:
    nothing = Number(Constant(0))
    outcome = prove(Statement(triangle() * u[A * floor(A / 9)], nothing), LAYER)
    assert outcome.verdict is Verdict.ILL_FORMED
    assert outcome.counterexample is not None
    assert outcome.counterexample.sizes == {"A": 9}


def never() -> Expression:
    """A guard that is always 0, which the prover cannot see."""
    return triangle() - Number(A * (A + 1) / 2)


def test_where_the_meaning_is_open_a_difference_is_not_called_smallest() -> None:
    outcome = prove(Statement(never() * u[A], u[0] + 0), LAYER)
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexample is not None
    assert outcome.counterexample.sizes == {"A": 1}
    assert not outcome.counterexample.minimal
    assert "whether it has a meaning at all sizes is open" in outcome.detail


def test_what_the_solver_answered_is_not_called_giving_up() -> None:
    outcome = prove(Statement(never() * u[A], Number(Constant(0))), LAYER)
    assert outcome.verdict is Verdict.UNDECIDED
    assert outcome.code == "guard-in-no-words"


def test_the_smallest_sizes_without_meaning_are_given_whatever_is_wrong_there() -> None:
    outcome = prove(Statement(u[1] + u[k], u[0] + 0), LAYER)
    assert outcome.verdict is Verdict.ILL_FORMED
    assert outcome.counterexample is not None
    assert outcome.counterexample.sizes == {"A": 1}
    assert outcome.counterexample.minimal


def test_what_puts_a_guard_into_words_is_part_of_the_proof() -> None:
    guard = Sum(Delta(2 * i, A - 1), ALL)
    statement = Statement(guard * u[floor(A / 2)], Iverson(divides(2, A - 1)) * u[floor(A / 2)])
    outcome = prove(statement, LAYER)
    assert outcome.proof is not None, outcome.detail
    alone = prove(Statement(guard * u[0], guard * u[0]), LAYER)
    assert alone.proof is not None
    assert "one-to-one" in {item.kind for item in alone.proof.obligations}
    assert any("one-to-one" in name for name, _ in certificates(alone.proof))


def test_far_sizes_are_found_without_trying_each() -> None:
    outcome = prove(Statement(Iverson(A <= 10**6) * u[0], u[0] + 0), LAYER)
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexample is not None
    assert outcome.counterexample.sizes == {"A": 10**6 + 1}
    assert outcome.counterexample.minimal
    outcome = prove(Statement(u[0] + 0, u[0] + 0, assumptions=(equal(A, 3_000),)), LAYER)
    assert outcome.proof is not None
    assert dict(outcome.proof.witness) == {"A": 3_000}


@pytest.mark.parametrize("effort", [None, QUICK])
def test_what_is_too_large_to_be_evaluated_is_not_evaluated(effort) -> None:
    chosen = {} if effort is None else {"effort": effort}
    many = Sum(ONE, (i, 1, 10**8))
    outcome = prove(Statement(many, Number(Constant(10**8))), LAYER, **chosen)
    assert outcome.verdict is Verdict.PROVED
    assert outcome.verified_at == ()
    outcome = prove(Statement(many, Number(Constant(10**8 - 1))), LAYER, **chosen)
    assert outcome.verdict is Verdict.UNDECIDED
    assert outcome.code == "too-many-steps"


def test_a_proof_at_large_sizes_only_is_not_evaluated_there() -> None:
    layer = conv2d()
    height, width = sizes("H W")
    large = (equal(height, 28), equal(width, 28))
    outcome = prove(layer.statement("dL/dx:contracted"), layer, assumptions=large)
    assert outcome.verdict is Verdict.PROVED
    assert outcome.verified_at == ()
