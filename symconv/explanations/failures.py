"""What is said under a failed statement: where it holds, and what would have been right."""

from __future__ import annotations

from dataclasses import dataclass

from symconv.algebra.expressions import Statement
from symconv.explanations.closest import Correction, closest_correct_forms
from symconv.explanations.probes import Probes
from symconv.explanations.validity import Validity, validity_region
from symconv.layers.layer import Layer
from symconv.proof.equality import Outcome
from symconv.verdicts import Note


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a statement fails, for people.

    Attributes:
        validity: where it is true after all.
        corrections: what was probably meant, the closest first.
    """

    validity: Validity
    corrections: tuple[Correction, ...]

    def notes(self) -> tuple[Note, ...]:
        """Say both, leaving out what is not known."""
        region = self.validity.note()
        corrections = tuple(item.note() for item in self.corrections)
        return corrections if region is None else (region, *corrections)


def explain(statement: Statement, layer: Layer, outcome: Outcome) -> Explanation:
    """Explain why a statement was refuted or found ill-formed.

    Args:
        statement: the failed statement.
        layer: its layer.
        outcome: what the prover found, with its counterexample if it has one.
    """
    example = outcome.counterexample
    given = [] if example is None else [layer.sizes("", **example.sizes)]
    probes = Probes(layer, given)
    corrections: tuple[Correction, ...] = ()
    if example is not None:
        corrections = closest_correct_forms(statement, layer, example, probes)
    return Explanation(validity_region(statement, layer, probes), corrections)
