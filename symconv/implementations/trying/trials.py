"""One check of somebody's code under way: run at shape after shape, judged, and summed up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import zip_longest
from math import inf
from time import perf_counter

import numpy as np

from symconv.algebra.indices import Condition
from symconv.errors import UsageError
from symconv.implementations.calling.processes import SECONDS_PER_RUN, Runner
from symconv.implementations.calling.requests import uncollected
from symconv.implementations.diagnosing.diagnosis import (
    CodeRun,
    Diagnosis,
    diagnose,
    fails,
    wrong_entries_map,
)
from symconv.implementations.diagnosing.symptoms import SHORT
from symconv.implementations.model import (
    BACKWARD_RESULTS,
    FORWARD_RESULTS,
    Description,
    Request,
)
from symconv.implementations.trying.comparing import judge_symbols
from symconv.implementations.trying.conclusions import UNKNOWN, Conclusion, conclude
from symconv.implementations.trying.inputs import in_dtype, plan, within
from symconv.implementations.trying.on_numbers import LOST, OnNumbers, ShapeOutcome, wanted_results
from symconv.implementations.trying.reference import Polynomial, Reference, reference_at
from symconv.implementations.trying.rounding import DOUBLE, RECIPROCAL, Rounding, rounds_sentence
from symconv.implementations.trying.rules import LEAST_SHAPES, nearby
from symconv.implementations.trying.shape_classes import ShapeClass
from symconv.layers.layer import Layer, Sizes
from symconv.verdicts import Judgement, Method, Note, Result, Verdict

WRONG_NUMBERS = frozenset(["wrong-value", "wrong-shape", "not-a-number"])
"""What a diagnosis can be made from."""
NOT_RUN = UNKNOWN | {"rejected", "timeout", "crashed", "garbled"}
"""Codes of shapes at which there was nothing to judge."""
MOST_FRESH = 120
_WAYS = {"wrong-shape": "shape is wrong", "wrong-value": "values are wrong"}
ENTRIES_THAT_TELL = 24
"""A map of fewer entries says little about where code is wrong."""


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


@dataclass(slots=True)
class Trial:
    """One check under way: what was found so far."""

    layer: Layer
    runner: Runner
    description: Description
    options: Options
    found: dict[str, dict[ShapeClass, list[Result]]] = field(default_factory=dict)
    samples: list[CodeRun] = field(default_factory=list)
    kinds: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What is said of results that were right on some kinds of numbers, and wrong on others."""
    roundings: dict[str, list[Rounding]] = field(default_factory=dict)
    """How far off results were, a measure for each shape at which they were wrong."""
    fresh: dict[Sizes, list[ShapeOutcome]] = field(default_factory=dict)
    """What became of shapes that are no part of the check: what is said of it is tested there."""
    is_slow: bool = False
    dtypes: dict[Note, None] = field(default_factory=dict)
    """What is said of results whose dtype is not that of the inputs."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """The results that the code is asked for."""
        return wanted_results(self.description)

    def at(self, place: ShapeClass, following: ShapeClass | None = None) -> list[Result]:
        """Check every result at one shape, in every dtype, and on symbols where that works.

        Args:
            place: the shape.
            following: the one that comes next; what is to be known of it is found out while the
                code runs here.
        """
        ahead = iter(())
        if following is not None:
            ahead = reference_at(self.layer, following.sizes).preparations()
        reference = reference_at(self.layer, place.sizes)
        right, rounded = set(self.wanted), set[str]()
        lost = False
        for number, dtype in enumerate(self.options.dtypes):
            judged = self._on_numbers(place, dtype, ahead, keep=number == 0)
            right &= {name for name, one in judged.items() if one.verdict is Verdict.VERIFIED}
            rounded |= {name for name, one in judged.items() if one.code == "rounds"}
            lost |= any(judged[name].code in LOST for name in self.wanted if name != "y")
        if self.description.framework == "numpy" and reference.is_small:
            with uncollected():
                self._on_symbols(place, reference, right, rounded, ahead, backward=not lost)
        return [one for by_class in self.found.values() for one in by_class.get(place, ())]

    def code_at(self, place: ShapeClass) -> str:
        """Return what became of the first result at one shape: ``rejected``, ``right``, ..."""
        return str(_worst(self.found[self.wanted[0]][place]).code)

    def ran(self) -> list[Sizes]:
        """Return the shapes at which the code ran, and gave something to judge."""
        places = self.found[self.wanted[0]]
        return [place.sizes for place in places if self.code_at(place) not in NOT_RUN]

    def is_telling(self, sizes: Sizes) -> bool:
        """Tell whether the tolerance hides no difference in sums as long as those of a shape."""
        tolerance = self.options.tolerance
        if tolerance is None:
            return True
        longest = reference_at(self.layer, sizes).longest_sum
        try:
            for dtype in self.options.dtypes:
                _ = within(plan(self.layer, sizes, dtype, longest), tolerance, longest)
        except UsageError:
            return False
        return True

    def takes(self, sizes: Sizes) -> bool | None:
        """Run the code once: tell whether it takes a shape; None where it cannot be told."""
        arrays = in_dtype(reference_at(self.layer, sizes).numbering(), self.options.dtypes[0])
        trouble = self.runner.run(Request(dict(sizes), arrays)).of(self.wanted[0]).trouble
        if trouble is None or trouble.code == "raised":
            return True
        return False if trouble.code == "rejected" else None

    @property
    def numbers(self) -> OnNumbers:
        """The way to run the code on numbers."""
        return OnNumbers(self.layer, self.runner, self.description, self.options.tolerance)

    def _on_numbers(
        self, place: ShapeClass, dtype: str, ahead: Iterator[None], *, keep: bool
    ) -> dict[str, Judgement]:
        start = perf_counter()
        outcome = self.numbers.at(place.sizes, dtype, ahead)
        seconds = perf_counter() - start
        for name, judgement in outcome.conduct:
            ran = outcome.passes.forward if name == "forward" else outcome.passes.backward
            self._add(place, name, judgement, "numbers", dtype, ran.seconds)
        for name in self.wanted:
            judgement = outcome.judged[name]
            notes: tuple[Note, ...] = ()
            if name in outcome.dtypes:
                said = f"{name} comes back as {outcome.dtypes[name]}, and its inputs are {dtype}"
                notes = (Note("scope", said),)
                self.dtypes.update(dict.fromkeys(notes))
            self._add(place, name, judgement, "numbers", dtype, seconds / len(self.wanted), notes)
        if keep and outcome.sample is not None:
            self.samples.append(outcome.sample)
            self.kinds |= outcome.kinds
            for name, rounding in outcome.roundings.items():
                self.roundings.setdefault(name, []).append(rounding)
        return outcome.judged

    def _on_symbols(
        self,
        place: ShapeClass,
        reference: Reference,
        right: set[str],
        rounded: set[str],
        ahead: Iterator[None],
        *,
        backward: bool,
    ) -> None:
        """Recover the code's closed form: by symbols, else by one run on big integers."""
        start = perf_counter()
        numbering = reference.numbering()
        if not self.description.has_bias:
            _ = numbering.pop("b", None)
        request = Request(dict(place.sizes), numbering, traced=True, backward=backward)
        polynomials = cache(reference.polynomials)

        def meanwhile() -> None:
            for name in self.wanted:
                _ = polynomials(name)
            for _ in ahead:
                pass

        answer = self.runner.run(request, meanwhile)
        unfollowed: set[str] = set()
        for name in self.wanted:
            ran = answer.of(name)
            if ran.trouble is not None or name not in ran.results:
                unfollowed.add(name)
                continue
            expected = polynomials(name)
            if not self.description.has_bias:
                expected = _without_bias(expected, reference.numbering().get("b"))
            judgement = judge_symbols(
                self.layer, place.sizes, name, ran.results[name], expected, reference.numbering()
            )
            if judgement.is_wrong and name in right | rounded:
                if self.options.tolerance is not None:
                    # Its own constants may be rounded, which was said to be no mistake.
                    continue
                judgement = Judgement(
                    Verdict.UNDECIDED,
                    "not-supported",
                    f"on symbols it computes something else than on numbers: {judgement.detail}"
                    + (f"; {RECIPROCAL}" if reference.step > 1 else ""),
                )
            seconds = (perf_counter() - start) / len(self.wanted)
            self._add(place, name, judgement, "closed-form", "symbols", seconds)
        if unfollowed & right:
            self._on_big_integers(place, reference, unfollowed & right, backward=backward)

    def _on_big_integers(
        self, place: ShapeClass, reference: Reference, names: set[str], *, backward: bool
    ) -> None:
        """Run once on integers of 128 bits, and count it where nothing rounded them."""
        start = perf_counter()
        chosen = plan(self.layer, place.sizes, "object", reference.longest_sum)
        drawn = self.numbers.drawn(place.sizes, chosen, 0)
        arrays = in_dtype(drawn, "object")
        answer = self.runner.run(Request(dict(place.sizes), arrays, backward=backward))
        expected = reference.values(drawn, chosen.most)
        for name in self.wanted:
            ran = answer.of(name)
            got = ran.results.get(name)
            if name not in names or ran.trouble is not None or got is None:
                continue
            whole = got.dtype == object and all(isinstance(value, int) for value in got.flat)
            if whole and np.array_equal(got, expected[name]):
                seconds = (perf_counter() - start) / len(names)
                self._add(place, name, self.numbers.right(chosen), "numbers", "object", seconds)

    def _add(
        self,
        place: ShapeClass,
        name: str,
        judgement: Judgement,
        method: Method,
        route: str,
        seconds: float,
        notes: tuple[Note, ...] = (),
    ) -> None:
        result = replace(judgement, notes=notes).result(
            name,
            kind="code",
            sizes=place.sizes.given,
            shape_class=place.name if place.name != str(place.sizes) else None,
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
            digits = self._rounded_to(name, by_class)
            if wrong and self.options.diagnose and not self._is_unstable(name):
                samples = self._samples_of(name)
                diagnosis, mistake = self._diagnosis(name, samples, digits)
                picture = _picture(name, [place.sizes for place in wrong], samples)
            # Which shapes show that something rounds is a matter of the numbers.
            yield conclude(
                self.layer,
                name,
                by_class,
                diagnosis=diagnosis,
                mistake=mistake,
                picture=picture,
                by_rule=digits is None,
                fresh=partial(self._fresh_code, name),
                limits=self.limits,
            )

    @property
    def limits(self) -> tuple[Condition, ...]:
        """The conditions on sizes that the signature imposes."""
        return tuple(condition for condition, _ in self.description.restrictions)

    def _fresh_code(self, name: str, sizes: Sizes) -> str | None:
        """Return what becomes of a result at a shape that was not tried; None for not known."""
        outcomes = self._at_fresh(sizes)
        judged = [
            one
            for outcome in outcomes
            for whose, one in (*outcome.judged.items(), *outcome.conduct)
            if whose == name and one.verdict is not Verdict.VERIFIED
        ]
        judged.sort(key=lambda one: not one.is_wrong)
        return judged[0].code if judged else ("right" if outcomes else None)

    def _at_fresh(self, sizes: Sizes) -> list[ShapeOutcome]:
        """Run the code at a shape that was not tried, in every dtype, unless that costs much."""
        if sizes in self.fresh:
            return self.fresh[sizes]
        # Compiled anew at each shape, jax takes long.
        if len(self.fresh) >= MOST_FRESH or self.is_slow or self.description.framework == "jax":
            return []
        try:
            found = [self.numbers.at(sizes, dtype) for dtype in self.options.dtypes]
        except UsageError:
            # The tolerance would hide a difference in sums as long as those of this shape.
            found = []
        codes = {one.code for outcome in found for one in outcome.judged.values()}
        self.is_slow = bool({"timeout", "crashed", "garbled", "environment"} & codes)
        self.fresh[sizes] = found
        return found

    def _samples_of(self, name: str) -> list[CodeRun]:
        """Return what came back, the smallest first; more of it where a result fails seldom."""
        samples = sorted(self.samples, key=lambda sample: sample.sizes.order())
        failing = [one for one in samples if fails(one, name)]
        if not failing or len(failing) >= LEAST_SHAPES:
            return samples
        known = {one.sizes for one in samples}
        for sizes in nearby(self.layer, failing[0].sizes, self.limits):
            for outcome in self._at_fresh(sizes)[:1] if sizes not in known else ():
                samples += [outcome.sample] if outcome.sample is not None else []
        return samples

    def _diagnosis(
        self, name: str, samples: Sequence[CodeRun], digits: int | None
    ) -> tuple[str, str]:
        """Return what went wrong with a result, as a sentence and by its stable name."""
        said = None if digits == DOUBLE else self._mistake(name, samples)
        if said is not None:
            return said.sentence, said.name
        if digits is not None:
            followed = self._is_right_on_symbols(name)
            dtype = self.options.dtypes[0]
            sentence = rounds_sentence(SHORT[name], digits, dtype, followed=followed)
            return sentence, "rounds" if digits == DOUBLE else "rounded-to-float32"
        if name in self.kinds:
            mistake, sentence = self.kinds[name]
            return sentence, mistake
        return self._several_mistakes(name, samples)

    def _mistake(self, name: str, samples: Sequence[CodeRun]) -> Diagnosis | None:
        # Several mistakes fit what one or two shapes show.
        enough = sum(fails(one, name) for one in samples) >= LEAST_SHAPES
        return diagnose(self.layer, name, samples) if enough else None

    def _several_mistakes(self, name: str, samples: Sequence[CodeRun]) -> tuple[str, str]:
        """Return what went wrong for each way in which a result is wrong, beside what is right."""
        codes = {place.sizes: str(_worst(found).code) for place, found in self.found[name].items()}
        ways = [way for way in _WAYS if way in codes.values()]
        found: dict[str, str] = {}
        for way in ways if len(ways) > 1 else ():
            others = {*ways} - {way}
            said = self._mistake(
                name, [one for one in samples if codes.get(one.sizes) not in others]
            )
            if said is not None:
                found[said.name] = f"where its {_WAYS[way]}, {said.sentence}"
        return "; ".join(found.values()), min(found, default="")

    def _rounded_to(self, name: str, by_class: Mapping[ShapeClass, Result]) -> int | None:
        """Return the binary digits that a result is rounded to, where nothing else is wrong."""
        roundings = self.roundings.get(name, [])
        codes = {str(one.code) for one in by_class.values()} & WRONG_NUMBERS
        if (
            not roundings
            or codes != {"wrong-value"}
            or any(one.digits is None for one in roundings)
        ):
            return None
        return min(one.digits or 0 for one in roundings)

    def _is_unstable(self, name: str) -> bool:
        """Tell whether the pass that computes a result gives another one when called again."""
        conduct = self.found.get("forward" if name in FORWARD_RESULTS else "backward", {})
        return any(one.code == "unstable" for results in conduct.values() for one in results)

    def _is_right_on_symbols(self, name: str) -> bool:
        return all(map(_has_closed_form, self.found[name].values()))

    def told(
        self, results: Iterable[Result], conclusions: Sequence[Conclusion]
    ) -> Iterator[Result]:
        """Yield the results by their names; what was concluded stands with the smallest failure."""
        notes = {
            id(one.failure): tuple(_notes(one)) for one in conclusions if one.failure is not None
        }
        names = ("forward", "backward", *self.wanted)
        for result in sorted(results, key=lambda one: names.index(one.statement)):
            extra = notes.get(id(result), ())
            yield replace(result, notes=(*result.notes, *extra)) if extra else result


@dataclass(frozen=True, slots=True)
class TrialAtShape:
    """The check of code at one shape: a part of a trial."""

    trial: Trial
    place: ShapeClass
    following: ShapeClass | None = None

    @property
    def name(self) -> str:
        """The class that the shape stands for."""
        return self.place.name

    def run(self) -> list[Result]:
        """Check every result there."""
        return self.trial.at(self.place, self.following)


def shapes_in_turn(trial: Trial, places: Sequence[ShapeClass]) -> list[TrialAtShape]:
    """Return the checks at several shapes, one after the other."""
    return [
        TrialAtShape(trial, place, following)
        for place, following in zip_longest(places, places[1:])
    ]


def _notes(conclusion: Conclusion) -> Iterator[Note]:
    for regions in conclusion.where.values():
        for region in regions:
            said = f"fails {region.clause}, the smallest such shape is {region.smallest.sizes}"
            yield Note("region", said)
    if conclusion.diagnosis:
        yield Note("mistake", conclusion.diagnosis)


def _picture(name: str, wrong: Sequence[Sizes], samples: Sequence[CodeRun]) -> str:
    """Draw which entries are wrong, at the smallest shape that has enough of them to tell."""
    found = [one for one in samples if one.sizes in wrong and name in one.got]
    telling = [one for one in found if one.expected[name].size >= ENTRIES_THAT_TELL]
    for sample in telling[:1] or found[:1]:
        drawn = wrong_entries_map(sample.expected[name], sample.got[name])
        if drawn:
            return f"at {sample.sizes}: {drawn}"
    return ""


def _has_closed_form(results: Sequence[Result]) -> bool:
    return any(one.method == "closed-form" and one.verdict is Verdict.VERIFIED for one in results)


def _worst(results: Sequence[Result]) -> Result:
    """Return the result that counts in a class: what is wrong before what is not known."""
    order = (Verdict.REFUTED, Verdict.UNDECIDED, None, Verdict.VERIFIED)
    return min(results, key=lambda result: order.index(result.verdict))


def _without_bias(polynomials: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """Leave out the terms with an entry of the bias."""
    if bias is None:
        return polynomials
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
