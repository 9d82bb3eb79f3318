"""Obligations put to the solver, and the record of them that a proof keeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from symconv.errors import NotSupported
from symconv.proof.obligations import Obligation
from symconv.proof.smt import Answer, Solver
from symconv.proof.well_formedness import Requirement


@dataclass(frozen=True, slots=True)
class Checked:
    """What the solver says of the requirements of a statement.

    Attributes:
        failing: obligations that fail at some sizes.
        possible: obligations that the solver sees fail, under guards that it does not know.
        reasons: why a requirement is open, each with its code.
    """

    failing: list[Obligation] = field(default_factory=list)
    possible: list[Obligation] = field(default_factory=list)
    reasons: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Questions:
    """The questions about one statement.

    Attributes:
        solver: who answers.
        asked: the obligations that were looked at, in order.
    """

    solver: Solver
    asked: list[Obligation] = field(default_factory=list)

    def ask(self, obligation: Obligation) -> Answer:
        """Ask whether an obligation can be satisfied; unsatisfiable is what a proof needs."""
        self.asked.append(obligation)
        return self.solver.ask(*obligation.formulas)[0]

    def require(self, requirements: Iterable[Requirement]) -> Checked:
        """Ask the solver for every requirement once."""
        checked = Checked()
        seen: set[tuple[object, ...]] = set()
        for requirement in requirements:
            plain = None if requirement.plain is None else requirement.plain.formulas
            question = (requirement.obligation.formulas, plain, requirement.exact)
            if question in seen:
                continue
            seen.add(question)
            try:
                self._check_one(requirement, checked)
            except NotSupported as error:
                checked.reasons.append((error.fact, error.code))
        return checked

    def _check_one(self, requirement: Requirement, checked: Checked) -> None:
        if requirement.plain is not None and self.solver.never(*requirement.plain.formulas):
            self.asked.append(requirement.plain)
            return
        obligation = requirement.obligation
        answer = self.ask(obligation)
        if answer is Answer.SATISFIABLE and requirement.exact:
            checked.failing.append(obligation)
        elif answer is Answer.SATISFIABLE:
            checked.possible.append(obligation)
            reason = (
                f"a guard could not be put into words, so it is open whether {obligation.claim}"
            )
            checked.reasons.append((reason, "guard-in-no-words"))
        elif answer is Answer.UNKNOWN:
            checked.reasons.append((f"the solver gave up on: {obligation.claim}", "solver-limit"))
        elif requirement.plain is not None:
            reason = f"{obligation.claim} only because another factor is 0"
            checked.reasons.append((reason, "guarded-division"))
