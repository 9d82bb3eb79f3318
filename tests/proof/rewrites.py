"""A right-hand side with a wrong twin, and how both are judged."""

from __future__ import annotations

from dataclasses import dataclass

from symconv.algebra.evaluation import Evaluator, side_polynomials
from symconv.algebra.expressions import (
    Expression,
    Statement,
)
from symconv.algebra.indices import (
    Condition,
    Range,
    as_integer,
)
from symconv.errors import IllFormed
from symconv.layers.layer import Layer
from symconv.proof.equality import Outcome, prove
from symconv.verdicts import Verdict


@dataclass(frozen=True)
class Case:
    """A right-hand side that is right, and a wrong one that looks like it."""

    name: str
    layer: Layer
    left: Expression
    right: Expression
    wrong: Expression
    free: tuple[Range, ...]
    where: tuple = ()
    assumptions: tuple[Condition, ...] = ()

    def statement(self, right: Expression) -> Statement:
        return Statement(self.left, right, self.free, self.assumptions, self.where, name=self.name)


def over(*items: tuple) -> tuple[Range, ...]:
    return tuple(Range(index, as_integer(low), as_integer(high)) for index, low, high in items)


def confirms(outcome: Outcome, statement: Statement, layer: Layer) -> bool:
    """Evaluate at the counterexample, by code that shares nothing with the prover's replay."""
    example = outcome.counterexample
    assert example is not None, f"{outcome.verdict} without a counterexample: {outcome.detail}"
    evaluator = Evaluator(layer.definition_by_name, layer.sizes(**dict(example.sizes)).by_symbol)
    try:
        differs = {
            tuple((s.name, value) for s, value in values.items())
            for values, left, right in side_polynomials(statement, evaluator)
            if left != right
        }
    except IllFormed:
        return outcome.verdict is Verdict.ILL_FORMED
    return outcome.verdict is Verdict.REFUTED and tuple(example.indices.items()) in differs


def assert_proved(case: Case) -> None:
    """Check that the right one is proved."""
    outcome = prove(case.statement(case.right), case.layer)
    assert outcome.verdict is Verdict.PROVED, outcome.detail


def assert_caught(case: Case) -> None:
    """Check that the wrong one is refuted or ill-formed, at the smallest sizes."""
    statement = case.statement(case.wrong)
    outcome = prove(statement, case.layer)
    assert outcome.verdict.is_false, outcome.detail
    assert outcome.counterexample is not None
    assert outcome.counterexample.minimal
    assert confirms(outcome, statement, case.layer)
