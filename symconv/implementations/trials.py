"""One check of somebody's code under way: run at shape after shape, judged, and summed up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from time import perf_counter

import numpy as np

from symconv.errors import UsageError
from symconv.implementations.conclusions import Conclusion, conclude
from symconv.implementations.diagnosis import Sample, diagnose, wrong_entries_map
from symconv.implementations.inputs import (
    FLOATS,
    MISS_GOAL,
    Plan,
    draw,
    halved,
    in_dtype,
    plan,
    smaller,
    within,
)
from symconv.implementations.judging import (
    Judgement,
    judge_pass,
    judge_symbols,
)
from symconv.implementations.model import (
    BACKWARD_RESULTS,
    FORWARD_RESULTS,
    RESULTS,
    Answer,
    Description,
    Pass,
    Request,
)
from symconv.implementations.processes import SECONDS_PER_RUN, Runner
from symconv.implementations.reference import Polynomial, Reference, reference_at
from symconv.implementations.shape_classes import ShapeClass
from symconv.layers.layer import Layer, Sizes
from symconv.verdicts import Method, Result, Verdict

WRONG_NUMBERS = frozenset(["wrong-value", "wrong-shape", "not-a-number"])
"""What a diagnosis can be made from."""
ENTRIES_THAT_TELL = 24
"""A map of fewer entries says little about where code is wrong."""
WHOLE_ONLY = (
    "it is right on whole numbers and wrong on halves: something is turned into an integer on the "
    "way"
)
SMALL_ONLY = (
    "it is right on large numbers and wrong on small ones: something small is added, or lost, that "
    "disappears beside large numbers"
)


@dataclass(frozen=True, slots=True)
class Options:
    """How code is checked.

    Attributes:
        dtypes: in which dtypes, by NumPy's names, bfloat16 and object besides.
        tolerance: how far from the right value a number may be, relative to the largest one;
            None for not at all.
        seconds: how long one run may take, in seconds.
        sizes: sizes to check at, as texts or from `Layer.sizes`, instead of the classes.
        diagnose: whether to look for the mistake where something is wrong.
    """

    dtypes: tuple[str, ...] = ("float64",)
    tolerance: float | None = None
    seconds: float = SECONDS_PER_RUN
    sizes: tuple[str | Sizes, ...] = ()
    diagnose: bool = True

    def check(self) -> None:
        """Make sure that every option has a meaning.

        Raises:
            UsageError: for a tolerance or a time that is no positive number.
        """
        for what, value in (("tolerance", self.tolerance), ("time limit", self.seconds)):
            if value is not None and not 0 < value < inf:
                raise UsageError(f"the {what} must be a positive number, got {value}")


def wanted_results(description: Description) -> tuple[str, ...]:
    """Return the results that an implementation is asked for."""
    return tuple(name for name in RESULTS if name in description.provides)


@dataclass(slots=True)
class Trial:
    """One check under way: what was found so far."""

    layer: Layer
    runner: Runner
    description: Description
    options: Options
    found: dict[str, dict[ShapeClass, list[Result]]] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    small_only: dict[str, str] = field(default_factory=dict)
    """What is said of results that were right on large numbers, and wrong on small halves."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """The results that the code is asked for."""
        return wanted_results(self.description)

    def at(self, place: ShapeClass) -> None:
        """Check every result at one shape, in every dtype, and on symbols where that works."""
        reference = reference_at(place.sizes)
        right = set(self.wanted)
        for number, dtype in enumerate(self.options.dtypes):
            judged = self._on_numbers(place, reference, dtype, keep=number == 0)
            right &= {name for name, one in judged.items() if one.verdict is Verdict.VERIFIED}
        if self.description.framework == "numpy" and reference.is_small:
            self._on_symbols(place, reference, right)

    def _on_numbers(
        self, place: ShapeClass, reference: Reference, dtype: str, *, keep: bool
    ) -> dict[str, Judgement]:
        start = perf_counter()
        chosen = self._plan(place.sizes, reference, dtype)
        judged: dict[str, Judgement] = {}
        for number, (numbers, halves) in enumerate(_runs(chosen, small=reference.is_small)):
            drawn = self._drawn(place.sizes, numbers, number)
            expected = reference.values(drawn, numbers.most, twice=number == 0)
            answer, expected = self._ran(place, drawn, expected, dtype, halves, number == 0)
            if number == 0:
                self._conduct(place, answer, dtype)
                if keep:
                    got = {**answer.forward.results, **answer.backward.results}
                    self.samples.append(Sample(place.sizes, drawn, expected, got))
            wrong = self._judged(place.sizes, answer, expected, judged)
            if halves and any(judged[name].code == "wrong-value" for name in wrong):
                whole = reference.values(drawn, numbers.most)
                answer, _ = self._ran(place, drawn, whole, dtype, False, False)
                also = self._judged(place.sizes, answer, whole, {})
                for name in wrong:
                    self.small_only[name] = SMALL_ONLY if name in also else WHOLE_ONLY
            if len(judged) == len(self.wanted):
                break
        seconds = perf_counter() - start
        for name in self.wanted:
            judgement = judged.setdefault(name, self._right(chosen))
            self._add(place, name, judgement, "numbers", dtype, seconds / len(self.wanted))
        return judged

    def _plan(self, sizes: Sizes, reference: Reference, dtype: str) -> Plan:
        chosen = plan(self.layer, sizes, dtype, reference.longest_sum)
        if self.options.tolerance is None or dtype not in FLOATS:
            return chosen
        return within(chosen, self.options.tolerance, reference.longest_sum)

    def _ran(
        self,
        place: ShapeClass,
        drawn: Mapping[str, np.ndarray],
        expected: Mapping[str, np.ndarray],
        dtype: str,
        halves: bool,
        first: bool,
    ) -> tuple[Answer, Mapping[str, np.ndarray]]:
        """Run the code on drawn numbers, or on halves of them; return what it should give too."""
        arrays = halved(drawn, dtype) if halves else in_dtype(drawn, dtype)
        repeat = first and reference_at(place.sizes).is_small
        answer = self.runner.run(Request(dict(place.sizes), arrays, repeat=repeat))
        return answer, halved(expected, "float64") if halves else expected

    def _judged(
        self,
        sizes: Sizes,
        answer: Answer,
        expected: Mapping[str, np.ndarray],
        judged: dict[str, Judgement],
    ) -> list[str]:
        """Judge what was not judged before; return the names of what is not right now."""
        found: list[str] = []
        # A backward pass that refuses what its own forward pass took may have its check wrong.
        taken = self.description.forward is not None and answer.forward.trouble is None
        for name in self.wanted:
            if name not in judged:
                tolerance = self.options.tolerance
                ran = answer.of(name)
                judgement = judge_pass(self.layer, sizes, name, ran, expected[name], tolerance)
                if judgement is not None and judgement.code == "rejected" and taken:
                    judgement = replace(
                        judgement, verdict=Verdict.UNDECIDED, code="backward-rejects"
                    )
                if judgement is not None:
                    judged[name] = judgement
                    found.append(name)
        return found

    def _on_symbols(self, place: ShapeClass, reference: Reference, right: set[str]) -> None:
        """Recover the code's closed form: by symbols, else by one run on big integers."""
        start = perf_counter()
        numbering = reference.numbering()
        if not self.description.has_bias:
            _ = numbering.pop("b")
        answer = self.runner.run(Request(dict(place.sizes), numbering, traced=True))
        unfollowed: set[str] = set()
        for name in self.wanted:
            ran = answer.of(name)
            if ran.trouble is not None or name not in ran.results:
                unfollowed.add(name)
                continue
            expected = reference.polynomials(name)
            if not self.description.has_bias:
                expected = _without_bias(expected, reference.numbering()["b"])
            judgement = judge_symbols(
                self.layer, place.sizes, name, ran.results[name], expected, reference.numbering()
            )
            if judgement.is_wrong and name in right:
                if self.options.tolerance is not None:
                    # Its own constants may be rounded, which was said to be no mistake.
                    continue
                judgement = Judgement(
                    Verdict.UNDECIDED,
                    "not-supported",
                    f"on symbols it computes something else than on numbers: {judgement.detail}",
                )
            seconds = (perf_counter() - start) / len(self.wanted)
            self._add(place, name, judgement, "closed-form", "symbols", seconds)
        if unfollowed & right:
            self._on_big_integers(place, reference, unfollowed & right)

    def _on_big_integers(self, place: ShapeClass, reference: Reference, names: set[str]) -> None:
        """Run once on integers of 128 bits, and count it where nothing rounded them."""
        start = perf_counter()
        chosen = plan(self.layer, place.sizes, "object", reference.longest_sum)
        drawn = self._drawn(place.sizes, chosen, 0)
        arrays = in_dtype(drawn, "object")
        answer = self.runner.run(Request(dict(place.sizes), arrays))
        expected = reference.values(drawn, chosen.most)
        for name in self.wanted:
            ran = answer.of(name)
            got = ran.results.get(name)
            if name not in names or ran.trouble is not None or got is None:
                continue
            whole = got.dtype == object and all(isinstance(value, int) for value in got.flat)
            if whole and np.array_equal(got, expected[name]):
                seconds = (perf_counter() - start) / len(names)
                self._add(place, name, self._right(chosen), "numbers", "object", seconds)

    def _drawn(self, sizes: Sizes, chosen: Plan, number: int) -> dict[str, np.ndarray]:
        drawn = draw(self.layer, sizes, chosen, number)
        if not self.description.has_bias:
            drawn["b"] = np.zeros_like(drawn["b"])
        return drawn

    def _right(self, chosen: Plan) -> Judgement:
        if chosen.miss >= MISS_GOAL:
            detail = f"not enough runs to be sure: {chosen.sentence()}"
            return Judgement(Verdict.UNDECIDED, "not-enough-runs", detail)
        if self.options.tolerance is not None and chosen.dtype != "object":
            within = f"within the tolerance {self.options.tolerance:g} that was asked for"
            detail = chosen.sentence().replace("compared by ==", f"right {within}, not exactly")
            return Judgement(Verdict.VERIFIED, "within-tolerance", detail)
        return Judgement(Verdict.VERIFIED, "right", chosen.sentence())

    def _conduct(self, place: ShapeClass, answer: Answer, dtype: str) -> None:
        """Record what a pass did besides computing."""
        for name, ran in (("forward", answer.forward), ("backward", answer.backward)):
            for judgement in _misconduct(ran):
                self._add(place, name, judgement, "numbers", dtype, ran.seconds)

    def _add(
        self,
        place: ShapeClass,
        name: str,
        judgement: Judgement,
        method: Method,
        route: str,
        seconds: float,
    ) -> None:
        result = judgement.result(
            name,
            place.sizes,
            form=place.name if place.name != str(place.sizes) else None,
            method=method,
            route=route,
            seconds=seconds,
            location=self._location(name),
        )
        self.found.setdefault(name, {}).setdefault(place, []).append(result)

    def _location(self, name: str) -> str | None:
        first = {"forward": FORWARD_RESULTS[0], "backward": BACKWARD_RESULTS[0]}.get(name, name)
        return self.description.location.get(first)

    def conclusions(self) -> Iterator[Conclusion]:
        """Sum up every result, with a diagnosis where numbers are wrong."""
        for name in ("forward", "backward", *self.wanted):
            if name not in self.found:
                continue
            by_class = {place: _worst(results) for place, results in self.found[name].items()}
            wrong = [place for place, one in by_class.items() if one.code in WRONG_NUMBERS]
            diagnosis = mistake = picture = ""
            if wrong and self.options.diagnose:
                samples = sorted(self.samples, key=lambda sample: sample.sizes.order())
                said = diagnose(self.layer, name, samples)
                if said is not None:
                    diagnosis, mistake = said.sentence, said.name
                elif name in self.small_only:
                    diagnosis = self.small_only[name]
                    mistake = "whole-numbers-only" if diagnosis == WHOLE_ONLY else "large-only"
                picture = _picture(name, [place.sizes for place in wrong], samples)
            yield conclude(name, by_class, diagnosis=diagnosis, mistake=mistake, picture=picture)

    def results(self, conclusions: Sequence[Conclusion]) -> Iterator[Result]:
        """Yield every result; what was concluded stands with the smallest failure."""
        notes = {
            id(one.failure): tuple(_notes(one)) for one in conclusions if one.failure is not None
        }
        for name in ("forward", "backward", *self.wanted):
            for results in self.found.get(name, {}).values():
                for result in results:
                    extra = notes.get(id(result), ())
                    yield replace(result, notes=extra) if extra else result


def _notes(conclusion: Conclusion) -> Iterator[str]:
    for regions in conclusion.where.values():
        for region in regions:
            yield f"fails {region.clause}, the smallest such shape is {region.smallest.sizes}"
    if conclusion.diagnosis:
        yield conclusion.diagnosis


def _picture(name: str, wrong: Sequence[Sizes], samples: Sequence[Sample]) -> str:
    """Draw which entries are wrong, at the smallest shape that has enough of them to tell."""
    found = [one for one in samples if one.sizes in wrong and name in one.got]
    telling = [one for one in found if one.expected[name].size >= ENTRIES_THAT_TELL]
    for sample in telling[:1] or found[:1]:
        drawn = wrong_entries_map(sample.expected[name], sample.got[name])
        if drawn:
            return f"at {sample.sizes}: {drawn}"
    return ""


def _runs(chosen: Plan, *, small: bool) -> Iterator[tuple[Plan, bool]]:
    """Yield how numbers are drawn for every run, and whether they are halved.

    Where there are few products, a last run is on small halves. Where there are many, which
    takes its time, the last run is on large halves.
    """
    halves = chosen.dtype in FLOATS
    for number in range(chosen.rounds):
        yield chosen, halves and not small and 0 < number == chosen.rounds - 1
    if halves and small:
        yield smaller(chosen), True


def _misconduct(ran: Pass) -> Iterator[Judgement]:
    if ran.modified:
        names = " and ".join(ran.modified)
        yield Judgement(Verdict.REFUTED, "modified-input", f"it changes {names} in place")
    if ran.unstable:
        names = " and ".join(ran.unstable)
        yield Judgement(
            Verdict.REFUTED,
            "unstable",
            f"called again on the same arrays, it gives another {names}",
        )


def _worst(results: Sequence[Result]) -> Result:
    """Return the result that counts in a class: what is wrong before what is not known."""
    order = (Verdict.REFUTED, Verdict.UNDECIDED, None, Verdict.VERIFIED)
    return min(results, key=lambda result: order.index(result.verdict))


def _without_bias(polynomials: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Leave out the terms with an entry of the bias."""
    numbers = set(bias.flat)
    found = np.empty_like(polynomials)
    for position in np.ndindex(*polynomials.shape):
        entry: Polynomial = polynomials.item(*position)
        found[position] = {
            monomial: coefficient
            for monomial, coefficient in entry.items()
            if numbers.isdisjoint(monomial)
        }
    return found
