"""A statement proved for every size, and explained where it fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter

from symconv.algebra.expressions import Statement
from symconv.algebra.indices import condition_text
from symconv.explanations.failures import explain
from symconv.layers.layer import Layer, Region
from symconv.layers.theorems.stating import Theorem
from symconv.proof.equality import Outcome, prove
from symconv.verdicts import Judgement, Note, Result, Verdict


@dataclass(frozen=True, slots=True)
class ProofForEverySize:
    """The check of a statement for every size.

    Attributes:
        statement: the statement.
        layer: its layer.
    """

    statement: Statement
    layer: Layer

    @property
    def name(self) -> str:
        """What is checked."""
        return f"{self.statement.key} for every size"

    def run(self) -> Iterator[Result]:
        """Decide it, and explain it where it fails."""
        start = perf_counter()
        outcome = prove(self.statement, self.layer)
        seconds = perf_counter() - start
        failed = outcome.verdict.is_false
        notes = explain(self.statement, self.layer, outcome).notes() if failed else ()
        yield judgement_of(outcome, notes).result(
            self.statement.name,
            form=self.statement.form or None,
            method="proof",
            route="smt",
            seconds=seconds,
            assumptions=tuple(map(condition_text, self.statement.assumptions)),
        )


@dataclass(frozen=True, slots=True)
class ProofOfTheorem:
    """The check of an identity between layers, and that it needs its conditions.

    Attributes:
        theorem: the theorem.
    """

    theorem: Theorem

    @property
    def name(self) -> str:
        """What is checked."""
        return self.theorem.key

    def run(self) -> Iterator[Result]:
        """Prove each claim; say with the first what the theorem says, and where it ends."""
        theorem = self.theorem
        first, *others = [
            result
            for claim in theorem.statements()
            for result in ProofForEverySize(claim, theorem.layer).run()
        ]
        notes = (Note("reading", theorem.says), *map(self._need, theorem.conditions))
        yield replace(first, notes=(*notes, *first.notes))
        yield from others

    def _need(self, condition: Region) -> Note:
        for claim in self.theorem.statements(without=condition):
            outcome = prove(claim, self.theorem.layer)
            if outcome.counterexample is not None:
                at = ",".join(
                    f"{size}={value}" for size, value in outcome.counterexample.sizes.items()
                )
                return Note("region", f"false without {condition.name}, such as at {at}")
        return Note("scope", f"nothing shows that {condition.name} is needed")


def judgement_of(outcome: Outcome, notes: Iterable[Note] = ()) -> Judgement:
    """Return what the prover found as a judgement, with further notes behind its own."""
    detail = outcome.detail
    if outcome.verdict is Verdict.UNDECIDED and outcome.verified_at:
        tested = outcome.verified_at
        detail = f"{detail}; true at {len(tested)} small sizes up to {tested[-1]}"
    return Judgement(
        outcome.verdict,
        outcome.code,
        detail,
        outcome.counterexample,
        (*outcome.notes, *notes),
        outcome.proof,
    )
