from __future__ import annotations

import itertools

import pytest
import z3

from symconv.algebra.evaluation import condition_value
from symconv.algebra.indices import (
    Condition,
    Constant,
    FloorDivision,
    Maximum,
    Minimum,
    Not,
    Quotient,
    between,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.errors import InternalError, NotSupported
from symconv.proof import reduction, smt
from symconv.proof.obligations import Either, Nonzero, Obligation, Weighted, formula_symbols
from symconv.proof.smt import STRATEGIES, Answer, Effort, Solver, Strategy, solver_name

i, j, k = indices("i j k")
H, S, P = sizes("H S P")
LEAST = {H: 1, S: 1, P: 0}
BOUNDS = (H >= 1, S >= 1, P >= 0)


def solver(*hypotheses: Condition, effort: Effort = smt.FULL) -> Solver:
    return Solver((*BOUNDS, *hypotheses), LEAST, effort)


NEVER = [
    (i < j, j < i),
    (equal(2 * i, 2 * j + 1),),
    (divides(S, i), divides(S, i + 1), S > 1),
    (divides(S, i), ~divides(S, i)),
    (i <= floor(j / S), S * i > j),
    (equal(k, floor(j / S)), S * k > j),
    (between(0, i, S - 1), equal(i, S * k), k > 0),
    (equal(i % S, k), k >= S),
    (i < Minimum((j, k)), i >= j),
    (i > Maximum((j, k)), i <= j),
    (floor((i + S) / S) > floor(i / S) + 1,),
    (i / S < j, i >= S * j),
    (k < j, S * k >= S * j),
    (i < H / S, i * S >= H),
    (Nonzero((Weighted(H, (i < j,)), Weighted(-H, (i + 1 <= j,)))),),
    (Nonzero((Weighted(1 / S, ()), Weighted(-1 / (2 * S), ()), Weighted(-1 / (2 * S), ()))),),
    (Nonzero((Weighted(1 / (i - j), (i < j,)), Weighted(1 / (j - i), (j > i,)))),),
    (Nonzero(()),),
    (Either(((i < j, j < i), (i < 0, i > 0))),),
    (Either(()),),
    (equal(FloorDivision(i, Constant(-2)), 1), i > -2),
]
SOMETIMES = [
    (i < j, j < i + 2),
    (divides(S, i), divides(S, i + 1)),
    (i <= floor(j / S), S * i >= j),
    (equal(i % S, k), k >= S - 1),
    (i < Minimum((j, k)), i >= j - 1),
    (i / j < k, equal(i, k * j + 1), j < 0),
    (Nonzero((Weighted(H, (i < j,)), Weighted(-H, (i <= j,)))),),
    (Nonzero((Weighted(1 / S, ()), Weighted(-1 / (2 * S), ()))),),
    (Nonzero((Weighted(1 / (i - j), (i < j,)), Weighted(1 / (j - i + 1), (j > i,)))),),
    (Either(((i < j, j < i), (i < 0, i > -2))),),
    (equal(FloorDivision(i, j), 3), j < 0),
    (FloorDivision(i, j) > k, equal(j, 0)),
    (Quotient(i, j) > 3, equal(j, 0)),
]


@pytest.mark.parametrize("formulas", NEVER, ids=lambda formulas: " and ".join(map(str, formulas)))
def test_what_never_holds_is_found_unsatisfiable(formulas) -> None:
    assert solver().never(*formulas)
    assert solver().ask(*formulas) == (Answer.UNSATISFIABLE, {})


@pytest.mark.parametrize(
    "formulas", SOMETIMES, ids=lambda formulas: " and ".join(map(str, formulas))
)
def test_what_sometimes_holds_is_found_satisfiable(formulas) -> None:
    assert not solver().never(*formulas)
    assert solver().ask(*formulas)[0] is Answer.SATISFIABLE


@pytest.mark.parametrize("most", [0, 1_000])
def test_a_question_asked_as_a_whole_has_the_same_answer(monkeypatch, most: int) -> None:
    monkeypatch.setattr(reduction, "MOST_SPLITTING", most)
    for formulas in NEVER:
        assert solver().never(*formulas), formulas
    for formulas in SOMETIMES:
        assert solver().ask(*formulas)[0] is Answer.SATISFIABLE, formulas


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_alone_agrees(strategy: Strategy) -> None:
    alone = Effort(strategies=(strategy,))
    for formulas in NEVER:
        assert solver(effort=alone).ask(*formulas)[0] is not Answer.SATISFIABLE
    for formulas in SOMETIMES:
        assert solver(effort=alone).ask(*formulas)[0] is not Answer.UNSATISFIABLE


def test_the_values_satisfy_the_conditions() -> None:
    wanted = (divides(S, i), i > 5, ~divides(2, i), S > 1, equal(k, floor(i / H)), H > 2)
    found, values = solver().ask(*wanted)
    assert found is Answer.SATISFIABLE
    assert all(condition_value(part, values) for part in (*BOUNDS, *wanted))


def test_a_session_adds_conditions_without_keeping_them() -> None:
    session = solver().session(between(3, i, 5))
    assert session.ask(i < 3)[0] is Answer.UNSATISFIABLE
    assert session.ask(equal(i, 4))[1][i] == 4
    assert session.ask(equal(floor(i / S), j), equal(S, 2), j > 2)[0] is Answer.UNSATISFIABLE
    assert session.ask()[0] is Answer.SATISFIABLE


def test_hypotheses_hold_in_every_question() -> None:
    assert solver(S > 3).never(S < 4)
    assert not solver(S > 3).never(S < 5)
    assert solver(equal(H, floor(P / S) + 1)).never(S * H <= P)


def test_unknown_stays_unknown() -> None:
    hard = (i > 1, j > 1, k > 1, equal(i * i * i + j * j * j, k * k * k))
    helpless = Effort(strategies=(Strategy(1), Strategy(1, preprocessing=True)))
    assert solver(effort=helpless).ask(*hard) == (Answer.UNKNOWN, {})
    assert not solver(effort=helpless).never(*hard)


def test_a_solver_that_breaks_down_does_not_know(monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise z3.Z3Exception("out of memory")

    monkeypatch.setattr(z3.Solver, "check", broken)
    assert solver().ask(i < j)[0] is Answer.UNKNOWN


def test_an_interrupt_is_not_lost_in_the_solver(monkeypatch) -> None:
    monkeypatch.setattr(z3.Solver, "check", lambda *_: z3.unknown)
    monkeypatch.setattr(z3.Solver, "reason_unknown", lambda _: "interrupted from keyboard")
    with pytest.raises(KeyboardInterrupt):
        _ = solver().ask(i < j)


def test_a_value_that_is_no_integer_is_a_defect(monkeypatch) -> None:
    monkeypatch.setattr(z3, "is_int_value", lambda _: False)
    with pytest.raises(InternalError, match="gave"):
        _ = solver().ask(i < j)


def test_the_lemmas_take_no_possibility_away() -> None:
    """Every lemma is valid: it holds at each small value of what it speaks about."""
    with_lemmas = Effort(strategies=(Strategy(1_000_000, lemmas=True),))
    session = solver(effort=with_lemmas).session(Either(((equal(H, S * i + S * j),),)))
    for stride, left, right in itertools.product((1, 2, 3), (-2, 0, 1, 3), (0, 1, 2)):
        if stride * (left + right) < 1:
            continue
        found, _ = session.ask(equal(S, stride), equal(i, left), equal(j, right))
        assert found is Answer.SATISFIABLE


def test_what_has_no_translation_is_refused() -> None:
    with pytest.raises(NotSupported, match="not an integer"):
        _ = solver().ask(equal(Minimum((i / S, j)), k))


def test_only_formulas_are_translated() -> None:
    with pytest.raises(TypeError, match="not a formula"):
        _ = solver().ask("i < j")
    with pytest.raises(TypeError, match="not a formula"):
        _ = list(formula_symbols("i < j"))


def test_formulas_tell_their_symbols_and_read_as_text() -> None:
    formula = Either(((i < j, Nonzero((Weighted(H, (S > 1,)), Weighted(k, ())))), ()))
    assert set(formula_symbols(formula)) == {i, j, k, H, S}
    assert str(formula) == "(i < j and (H)*[S > 1] + (k)*[true] != 0) or (true)"
    assert str(Nonzero(())) == "0 != 0"
    assert Obligation("kind", "claim", (Not(i < j),)).formulas == (Not(i < j),)


def test_the_solver_tells_its_version() -> None:
    assert solver_name().startswith("z3 ")
