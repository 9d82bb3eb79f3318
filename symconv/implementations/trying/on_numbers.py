"""One shape of a check on numbers: the code is run on integers, and on fractions of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from symconv.implementations.calling.processes import Runner
from symconv.implementations.diagnosing.diagnosis import CodeRun
from symconv.implementations.model import (
    RESULTS,
    Description,
    Pass,
    Request,
    RunAnswer,
)
from symconv.implementations.trying.comparing import judge_pass
from symconv.implementations.trying.inputs import (
    EXTREMES,
    FLOATS,
    MISS_GOAL,
    Plan,
    Run,
    divided,
    draw,
    in_dtype,
    leave_out_bias,
    mixed,
    plan,
    runs,
    within,
)
from symconv.implementations.trying.reference import Reference, reference_at, weights_at
from symconv.implementations.trying.rounding import RECIPROCAL, Rounding
from symconv.layers.layer import Layer, Sizes
from symconv.verdicts import Judgement, Verdict

WHOLE_ONLY = (
    "it is right on whole numbers and wrong on halves: something is turned into an integer on the "
    "way"
)
FRACTIONS_ONLY = (
    "it is right on whole numbers{halves} and wrong on other fractions: something is rounded on "
    "the way, or depends on whether numbers are whole"
)
SMALL_ONLY = (
    "it is right on large numbers and wrong on small ones: something small is added, or lost, that "
    "disappears beside large numbers"
)
TINY_ONLY = (
    "it is right on numbers of ordinary size and wrong on tiny ones: something small is added, or "
    "what is small is cut off"
)
HUGE_ONLY = (
    "it is right on numbers of ordinary size and wrong on huge ones: it takes another way there, "
    "or something overflows"
)
MINUTE_ONLY = (
    "it is right on numbers of ordinary size and wrong on very small ones: it takes another way "
    "there, or what is small is cut off"
)


LOST = frozenset(["crashed", "timeout", "garbled", "environment", "not-run"])
"""A pass that ended so need not run again at the same shape."""


def wanted_results(description: Description) -> tuple[str, ...]:
    """Return the results that an implementation is asked for."""
    return tuple(name for name in RESULTS if name in description.provides)


@dataclass(slots=True)
class ShapeOutcome:
    """What the runs at one shape came to.

    Attributes:
        judged: a judgement by result.
        conduct: what a whole pass did besides computing, by ``forward`` and ``backward``.
        passes: the two passes of the first run.
        sample: the first run, for a diagnosis.
        kinds: by result, on which kind of numbers it was wrong that was right on integers: the
            name of the mistake, and a sentence.
        roundings: how far off a result was, by result; those that were right are left out.
        dtypes: in which dtype a result came back that is no float though the inputs are.
    """

    judged: dict[str, Judgement] = field(default_factory=dict)
    conduct: list[tuple[str, Judgement]] = field(default_factory=list)
    passes: RunAnswer = field(default_factory=lambda: RunAnswer(Pass(), Pass()))
    sample: CodeRun | None = None
    kinds: dict[str, tuple[str, str]] = field(default_factory=dict)
    roundings: dict[str, Rounding] = field(default_factory=dict)
    dtypes: dict[str, str] = field(default_factory=dict)

    @property
    def is_lost(self) -> bool:
        """Whether the backward pass did not come back, so that it need not run here again."""
        trouble = self.passes.backward.trouble
        return trouble is not None and trouble.code in LOST


@dataclass(frozen=True, slots=True)
class OnNumbers:
    """A way to run code on numbers.

    Attributes:
        layer: what it should compute.
        runner: runs it.
        description: what is known of it.
        tolerance: how far from right a number may be, relative to the largest; None for not at
            all.
    """

    layer: Layer
    runner: Runner
    description: Description
    tolerance: float | None

    @property
    def wanted(self) -> tuple[str, ...]:
        """The results that the code is asked for."""
        return wanted_results(self.description)

    def at(self, sizes: Sizes, dtype: str, ahead: Iterator[None] | None = None) -> ShapeOutcome:
        """Run the code at given sizes until every result is judged.

        Args:
            sizes: the sizes.
            dtype: the dtype.
            ahead: work that comes later; a part of it is done here during each further run.
        """
        reference = reference_at(self.layer, sizes)
        exact = plan(self.layer, sizes, dtype, reference.longest_sum)
        chosen = exact
        if self.tolerance is not None and dtype in FLOATS:
            chosen = within(exact, self.tolerance, reference.longest_sum)
        outcome = ShapeOutcome()
        for number, run in enumerate(runs(chosen, exact, small=reference.is_small)):
            self._run(sizes, reference, outcome, number, run, ahead)
            if all(name in outcome.judged for name in self.wanted) and not any(
                rounding.is_possible for rounding in outcome.roundings.values()
            ):
                break
        for name in self.wanted:
            _ = outcome.judged.setdefault(name, self.right(chosen))
        for name, rounding in outcome.roundings.items() if reference.step > 1 else ():
            judged = outcome.judged[name]
            if judged.code == "wrong-value" and rounding.is_that_of(dtype):
                detail = f"{judged.detail}; {RECIPROCAL}"
                outcome.judged[name] = Judgement(Verdict.UNDECIDED, "rounds", detail)
        return outcome

    def drawn(self, sizes: Sizes, chosen: Plan, number: int) -> dict[str, np.ndarray]:
        """Draw the inputs of one run as integers."""
        found = draw(self.layer, sizes, chosen, number)
        if not self.description.has_bias:
            leave_out_bias(self.layer, found)
        return found

    def right(self, chosen: Plan) -> Judgement:
        """Judge what was right in every run."""
        if chosen.miss >= MISS_GOAL:
            detail = f"not enough runs to be sure: {chosen.sentence()}"
            return Judgement(Verdict.UNDECIDED, "not-enough-runs", detail)
        if self.tolerance is not None and chosen.dtype != "object":
            within = f"right within the tolerance {self.tolerance:g} that was asked for"
            detail = chosen.sentence(f"{within}, not exactly")
            return Judgement(Verdict.VERIFIED, "within-tolerance", detail)
        return Judgement(Verdict.VERIFIED, "right", chosen.sentence())

    def _run(
        self,
        sizes: Sizes,
        reference: Reference,
        outcome: ShapeOutcome,
        number: int,
        run: Run,
        ahead: Iterator[None] | None,
    ) -> None:
        drawn = self.drawn(sizes, run.plan, number)
        if run.kind == "tiny":
            drawn = mixed(drawn, sizes, run.plan)
        first = number == 0

        @cache
        def expected() -> dict[str, np.ndarray]:
            return reference.values(drawn, run.plan.most, twice=first)

        def meanwhile() -> None:
            _ = expected()
            # What is expected of the first run takes as long as the run itself.
            if ahead is not None and not first:
                next(ahead, None)

        repeat = first and reference.is_small
        answer = self._answer(
            sizes, drawn, run, meanwhile, repeat=repeat, backward=not outcome.is_lost
        )
        whole = expected()
        if first:
            outcome.passes = answer
            outcome.conduct = [*_conduct(answer)]
            got = {**answer.forward.results, **answer.backward.results}
            outcome.sample = CodeRun(sizes, drawn, whole, got)
        wrong = self._judge(sizes, reference, outcome, answer, whole, drawn, run)
        if run.kind != "whole" and any(
            outcome.judged[name].code == "wrong-value" for name in wrong
        ):
            again = Run(run.plan, "whole")
            answer = self._answer(sizes, drawn, again, expected, backward=not outcome.is_lost)
            also = self._judged(sizes, answer, whole)
            for name in wrong:
                outcome.kinds[name] = _said(run, wrong_on_whole=name in also, number=number)

    def _answer(
        self,
        sizes: Sizes,
        drawn: Mapping[str, np.ndarray],
        run: Run,
        meanwhile: Callable[[], object],
        *,
        repeat: bool = False,
        backward: bool,
    ) -> RunAnswer:
        dtype = run.plan.dtype
        arrays = in_dtype(drawn, dtype)
        if run.power:
            arrays = divided(drawn, dtype, run.power, weights_at(self.layer, sizes))
        request = Request(dict(sizes), arrays, repeat=repeat, backward=backward)
        return self.runner.run(request, meanwhile)

    def _judged(
        self, sizes: Sizes, answer: RunAnswer, expected: Mapping[str, np.ndarray]
    ) -> dict[str, Judgement]:
        """Judge every result of one run; those that are right are left out."""
        found: dict[str, Judgement] = {}
        # A backward pass that refuses what its own forward pass took may have its check wrong.
        taken = self.description.forward is not None and answer.forward.trouble is None
        for name in self.wanted:
            judgement = judge_pass(
                self.layer, sizes, name, answer.of(name), expected[name], self.tolerance
            )
            if judgement is not None and judgement.code == "rejected" and taken:
                judgement = replace(judgement, verdict=Verdict.UNDECIDED, code="backward-rejects")
            if judgement is not None:
                found[name] = judgement
        return found

    def _judge(
        self,
        sizes: Sizes,
        reference: Reference,
        outcome: ShapeOutcome,
        answer: RunAnswer,
        whole: Mapping[str, np.ndarray],
        drawn: Mapping[str, np.ndarray],
        run: Run,
    ) -> list[str]:
        """Judge what was not judged before; return the names of what is not right now."""
        weights = weights_at(self.layer, sizes)
        expected = divided(whole, "float64", run.power, weights) if run.power else whole
        for name in self.wanted if run.plan.dtype in FLOATS else ():
            got = answer.of(name).results.get(name)
            if got is not None and got.dtype.kind in "biucO":
                outcome.dtypes[name] = str(got.dtype)
        found = self._judged(sizes, answer, expected)
        wrong = [name for name, one in found.items() if one.code in ("wrong-value", "not-a-number")]
        if run.kind in EXTREMES:
            # Where a narrower float overflows, nothing is told of how far it rounds.
            wrong = []
        if any(_may_round(outcome, name) for name in wrong):
            magnitudes = {name: np.abs(array) for name, array in drawn.items()}
            bounds = reference.values(magnitudes, run.plan.most, twice=False)
            if run.power:
                bounds = divided(bounds, "float64", run.power, weights)
            for name in wrong:
                if _may_round(outcome, name):
                    outcome.roundings.setdefault(name, Rounding()).add(
                        answer.of(name).results.get(name),
                        expected[name],
                        float(max(bounds[name].flat, default=0)),
                        reference.longest_sum,
                        run.kind,
                    )
        new = {name: one for name, one in found.items() if name not in outcome.judged}
        outcome.judged.update(new)
        return list(new)


def _may_round(outcome: ShapeOutcome, name: str) -> bool:
    return name not in outcome.roundings or outcome.roundings[name].is_possible


def _said(run: Run, *, wrong_on_whole: bool, number: int) -> tuple[str, str]:
    """Say on which numbers a result is wrong that was right before, and name the mistake."""
    if run.kind == "tiny":
        return "ordinary-numbers-only", TINY_ONLY
    if run.kind in EXTREMES:
        return "ordinary-numbers-only", HUGE_ONLY if run.kind == "huge" else MINUTE_ONLY
    if wrong_on_whole:
        return "large-only", SMALL_ONLY
    if run.kind == "halves":
        return "whole-numbers-only", WHOLE_ONLY
    # Where there are few products, halves were tried before.
    halves = " and halves" if number > 1 else ""
    return "whole-numbers-only", FRACTIONS_ONLY.format(halves=halves)


def _conduct(answer: RunAnswer) -> Iterator[tuple[str, Judgement]]:
    """Yield what a pass did besides computing."""
    for name, ran in (("forward", answer.forward), ("backward", answer.backward)):
        for judgement in _misconduct(ran):
            yield name, judgement


def _misconduct(ran: Pass) -> Iterator[Judgement]:
    if ran.modified == ("y",):
        yield Judgement(
            Verdict.REFUTED, "modified-output", f"it changes {_RETURNED['y']}, in place"
        )
    elif ran.modified:
        names = " and ".join(_RETURNED.get(name, name) for name in ran.modified)
        yield Judgement(Verdict.REFUTED, "modified-input", f"it changes {names} in place")
    if ran.unstable:
        names = " and ".join(ran.unstable)
        yield Judgement(
            Verdict.REFUTED,
            "unstable",
            f"called again on the same arrays, it gives another {names}",
        )


_RETURNED = {"y": "the y that forward returned"}
