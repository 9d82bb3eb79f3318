"""Faults put into the prover: each is noticed by a small table of statements.

A fault counts as noticed when a verdict changes or the guard against our own mistakes
stops the run. Every part that soundness rests on has its fault here.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from symconv.algebra.expressions import Array, Delta, Expression, Iverson, Number, Statement, Sum
from symconv.algebra.indices import (
    Constant,
    Range,
    as_integer,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.errors import InternalError
from symconv.layers.layer import Layer
from symconv.proof import (
    coefficients,
    counterexample,
    equality,
    reduction,
    smt,
    solving,
    translation,
)
from symconv.proof import well_formedness as well
from symconv.proof.equality import prove
from symconv.proof.questions import Checked, Questions
from symconv.proof.reduction import Reduction
from symconv.verdicts import Verdict
from tests.runs import quick_rows

A, B, S = sizes("A B S")
i, j, a = indices("i j a")
u, v = Array("u", (A,)), Array("v", (B,))
LAYER = Layer(name="tiny", given=(A, B, S), inputs=(u, v))
ALL, BOTH = (i, 0, A - 1), (j, 0, A - 1)
PROVED, REFUTED = Verdict.PROVED, Verdict.REFUTED
ILL_FORMED, UNDECIDED = Verdict.ILL_FORMED, Verdict.UNDECIDED


def claim(left: Expression, right: Expression, *free: tuple, assuming=()) -> Statement:
    ranges = tuple(Range(index, as_integer(low), as_integer(high)) for index, low, high in free)
    return Statement(left, right, ranges, tuple(assuming))


OVERLAPPING = Sum(Iverson(2 * i + j < A) * u[2 * i + j], (i, 0, A), (j, 0, 2))
TABLE = [
    (claim(OVERLAPPING, OVERLAPPING + Sum(u[i] * Number(i - i), ALL)), PROVED),
    (claim(OVERLAPPING, Sum(Iverson(i >= 0) * u[i], ALL)), REFUTED),
    (claim(Sum(u[floor(i / 2)], ALL), Sum(u[floor(i / 2)] * 1, ALL)), PROVED),
    (claim(Sum(u[i] * u[j], ALL, BOTH), Sum(u[i] * u[j], ALL, (j, 0, i))), REFUTED),
    (
        claim(
            Sum(u[i] * u[j], ALL, BOTH),
            2 * Sum(u[i] * u[j], ALL, (j, 0, i - 1)) + Sum(u[i] * u[i], ALL),
        ),
        PROVED,
    ),
    (claim(Sum(u[i], ALL), Sum(u[i], (i, 0, A - 2))), REFUTED),
    (claim(Sum(u[i], (i, 0, A - 2)), Sum(u[i], ALL)), REFUTED),
    (claim(Sum(u[i], ALL), Sum(u[A - 1 - i], ALL)), PROVED),
    (claim(Sum(Iverson(divides(S, i)) * u[i], ALL), Sum(u[i], ALL)), REFUTED),
    (claim(Sum(Delta(i, a) * u[i], ALL), u[a] + 0, (a, 0, A - 1)), PROVED),
    (claim(u[0] + 0, v[0] + 0, assuming=[A < B, B < A]), ILL_FORMED),
    (claim(u[a], u[a], (a, A, A - 1)), ILL_FORMED),
    (claim(Sum(u[i], ALL, (j, 0, B - 1)), Number(B) * Sum(u[i], ALL)), PROVED),
    (claim(Sum(u[i], ALL, (j, 2, B)), Number(B - 1) * Sum(u[i], ALL)), PROVED),
    (claim(Sum(u[i], ALL, (j, 3, B)), Number(B - 2) * Sum(u[i], ALL)), REFUTED),
    (claim(Sum(u[i], (i, 0, A)), Sum(u[i], ALL)), ILL_FORMED),
    (claim(Iverson(a > 0) * u[a - 1] + u[a], u[a] + Sum(Delta(i, a - 1) * u[i], ALL),
           (a, 0, A - 1)), PROVED),
    (claim(Sum(Number(i), ALL), Number(A * (A - 1) / 2)), UNDECIDED),
    (claim(Number(A - B) * Number(1 / (A - B)) * u[0], Number(Constant(1)) * u[0],
           assuming=[equal(A, 1)]), REFUTED),
    (claim(Sum(Iverson(S * i < A) * u[S * i], ALL), Sum(Iverson(divides(S, i)) * u[i], ALL)),
     PROVED),
]  # fmt: skip


def mismatches() -> list[str]:
    found: list[str] = []
    for statement, expected in TABLE:
        try:
            outcome = prove(statement, LAYER)
        except InternalError as error:
            found.append(f"{statement}: {error.fact}")
            continue
        if outcome.verdict is not expected:
            found.append(f"{statement}: {outcome.verdict.value}")
    return found


def test_without_a_fault_the_table_is_right() -> None:
    assert mismatches() == []


def no_witness(*_: object, **__: object) -> None:
    return None


SPLIT = Reduction._split
FAULTS: list[tuple[str, object, str, Callable]] = [
    ("the injectivity test is off", coefficients, "is_determined", lambda *_: True),
    ("the case that a bracket does not hold is forgotten", Reduction, "_split",
     lambda laws, state: SPLIT(laws, state)[1:]),
    ("the case that a bracket holds is forgotten", Reduction, "_split",
     lambda laws, state: SPLIT(laws, state)[:1]),
    ("every bracket is taken for known", reduction._State, "_open_part", lambda *_: ()),
    ("every bracket is taken for false", reduction._State, "_open_part", lambda *_: None),
    ("everything contradicts", Reduction, "together", lambda *_: None),
    ("an equation is put in nowhere", reduction._State, "_put_in",
     lambda state, equation, solved: state._facts.pop(equation)),
    ("a part of a question is forgotten", Reduction, "independent",
     lambda _, formulas: [tuple(formulas[:-1])]),
    ("orderings of repeated arrays are ignored", coefficients, "orderings",
     lambda term: iter([tuple(range(len(term.entries)))])),
    ("ranges are not added", coefficients, "range_part", lambda *_: ()),
    ("the guard is dropped", coefficients, "guard_part", lambda *_: ()),
    ("that a solution is an integer is dropped", coefficients, "whole_conditions", lambda *_: ()),
    ("assumptions are not tested", equality, "require_satisfiable", no_witness),
    ("well-formedness is not tested", Questions, "require", lambda *_: Checked()),
    ("ranges are forgotten where entries are read", well, "between_conditions", lambda _: ()),
    ("products do not guard", well.Walker, "_guarded", lambda _self, _factor, context: context),
    ("an index that is left counts once", solving, "_count", lambda *_: ()),
    ("the counted range is not at least empty", coefficients, "Maximum", lambda parts: parts[1]),
    ("a division may be guarded by any factor", well.Walker, "_divisor",
     lambda walker, divisor, context: iter(
         [walker._requirement("nonzero-divisor", "", context, equal(divisor, 0))])),
    ("unknown is taken for no", smt.Session, "ask",
     lambda *_: (smt.Answer.UNSATISFIABLE, {})),
    ("unknown is taken for yes", smt.Session, "ask",
     lambda session, *_: (smt.Answer.SATISFIABLE, dict.fromkeys((A, B, S), 1))),
]  # fmt: skip


@quick_rows(9, "each row is one more fault, noticed by the same verdicts")
@pytest.mark.parametrize(
    ("name", "owner", "attribute", "fault"), FAULTS, ids=[fault[0] for fault in FAULTS]
)
def test_a_fault_is_noticed(
    monkeypatch: pytest.MonkeyPatch, name: str, owner: object, attribute: str, fault: Callable
) -> None:
    monkeypatch.setattr(owner, attribute, fault)
    assert mismatches(), f"nothing noticed that {name}"


@quick_rows(3, "the rows are faults that verdicts or the guard notice in the quick run")
def test_the_verdicts_notice_a_fault_even_without_the_guard(monkeypatch) -> None:
    """The guard evaluates what was proved; the table sees these faults without it, too."""
    for _, owner, attribute, fault in FAULTS[:11]:
        with monkeypatch.context() as patch:
            patch.setattr(equality, "guard_sizes", lambda *_: [])
            patch.setattr(owner, attribute, fault)
            assert mismatches()


@pytest.mark.parametrize("fault", [lambda value: value > 0, lambda value: value < 0])
def test_one_direction_of_the_image_test_is_noticed(monkeypatch, fault: Callable) -> None:
    """A sum with too many cases is compared with 0 by the solver."""
    monkeypatch.setattr(reduction, "MOST_SPLITTING", 0)
    assert mismatches() == []
    monkeypatch.setattr(translation, "differs", fault)
    assert mismatches()


def test_the_guard_notices_a_wrong_proof_by_itself(monkeypatch) -> None:
    monkeypatch.setattr(equality._Run, "_coefficients", lambda _: [])
    wrong = claim(Sum(u[i], ALL), u[0] + 0)
    with pytest.raises(InternalError, match="was proved, but fails"):
        _ = prove(wrong, LAYER)
    sizes_of_guard = counterexample.guard_sizes(wrong, LAYER)
    assert any(chosen["A"] > 1 for chosen in sizes_of_guard)
