"""A pytest file that reproduces what is wrong in somebody's code, with literal integers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from symconv.code.names import has_own_names
from symconv.errors import NotSupported
from symconv.implementations.calling.finding import Target, load
from symconv.implementations.calling.observing import ObservedSizes
from symconv.implementations.calling.processes import Runner
from symconv.implementations.model import (
    BACKWARD_RESULTS,
    FORWARD_RESULTS,
    Request,
    RunAnswer,
)
from symconv.implementations.reproducing.pytest_files import (
    VARIABLES,
    Inputs,
    Reproduction,
    written,
)
from symconv.implementations.reproducing.spelling import Spelled, Spelling, load_spelled
from symconv.implementations.trying.comparing import judge_pass
from symconv.implementations.trying.conclusions import CodeReport
from symconv.implementations.trying.inputs import (
    EXACT_UP_TO,
    FLOATS,
    Plan,
    divided,
    draw,
    in_dtype,
    leave_out_bias,
    plan,
)
from symconv.implementations.trying.reference import Reference, weights_at
from symconv.implementations.trying.trials import Options
from symconv.layers.layer import Layer, Sizes
from symconv.layers.registry import layer_by_name
from symconv.verdicts import Verdict

MAGNITUDES = (3, 99, 9_999)
"""How large the integers may be that are tried, before those at which the check failed."""
DIVISIONS = (1, 5, 40)
"""Powers of two that integers are divided by: halves, ordinary fractions, tiny numbers."""
DRAWS = 4
MOST_SHAPES = 5
"""At so many of its smallest failing shapes each result is reproduced."""
MOST_PROBES = 3

_WORDS = {
    "wrong-value": ("wrong value", ""),
    "wrong-shape": ("wrong shape", "has_the_wrong_shape"),
    "not-a-number": ("not a number", "is_not_a_number"),
    "raised": ("raises by accident", "raises"),
    "modified-input": ("changes its input", "changes_its_input"),
    "modified-output": ("changes the y that forward returned", "changes_what_was_returned"),
    "unstable": ("differs from call to call", "differs_from_call_to_call"),
    "timeout": ("does not end", ""),
    "crashed": ("ends its process", ""),
}
"""How a code is said in a comment, and in the name of a test."""
_ENDS = frozenset(["timeout", "crashed"])
_OF_A_PASS = frozenset(["raised", "modified-input", "modified-output", "unstable"])
_GONE = frozenset(["raised", "rejected", "timeout", "crashed", "garbled", "environment", "not-run"])


def regression_test_text(
    target: Target,
    report: CodeReport,
    options: Options,
    *,
    place: Path | None = None,
) -> str | None:
    """Write a pytest file, free of symconv, that fails wherever the report says the code does.

    Each test runs the code as its own signatures ask, at the smallest failing shape of one
    region, on integers as small as still show the failure, and compares by ``==`` (or within
    the tolerance that was asked for). What ends the process or never ends is only listed.

    Args:
        target: the code, as it was checked.
        report: what the check found.
        options: how it was checked.
        place: where the file will be; paths in it are relative to it where they can be.

    Returns:
        The text of the file; None when nothing failed in a way that a test can reproduce.

    Raises:
        NotSupported: when the calls of the code cannot be written down.
        UsageError: when the code cannot be loaded any more.
    """
    found = list(_failures(report))
    if all(failure.ends for failure in found):
        return None
    said = target.layer
    layer = layer_by_name(report.description.layer) if said is None else target.meant
    if has_own_names(layer):
        raise NotSupported(f"the calls of code for {layer.name} cannot be written down")
    failures, more = _smallest(found)
    spelling = _spelling(target, report, options)
    remarks = [f"Not reproduced: {one.title}, at {one.sizes}." for one in failures if one.ends]
    remarks += [f"Left out, since there are smaller shapes: {text}." for text in more]
    tests: list[Reproduction] = []
    with Runner(partial(load, target), seconds_per_run=options.seconds) as runner:
        for (sizes, dtype), group in _groups(failures, report, options).items():
            tolerance, bias = options.tolerance, spelling.bias
            search = _Search(layer, runner, sizes, dtype, tolerance, bias=bias)
            shown, lost = search.tests(group, provided=report.description.provides)
            tests += shown
            remarks += [
                f"Not reproduced, since calls in a new process are right: {one.title}, at {sizes}."
                for one in lost
            ]
    if not tests:
        return None
    diagnoses = dict.fromkeys(one.diagnosis for one in report.conclusions if one.diagnosis)
    return written(
        spelling,
        tests,
        name=" and ".join(filter(None, (report.description.forward, report.description.backward))),
        remarks=[*(f"{text[:1].upper()}{text[1:]}." for text in diagnoses), *remarks],
        tolerance=options.tolerance,
        place=place,
    )


@dataclass(frozen=True, slots=True)
class _Failure:
    """What fails in one way at one shape.

    Attributes:
        code: the code of the failure.
        results: the results that fail; where a whole pass does, its results.
        sizes: the shape.
        clauses: when it fails so.
    """

    code: str
    results: tuple[str, ...]
    sizes: Sizes
    clauses: tuple[str, ...]

    @property
    def ends(self) -> bool:
        """Whether a test of it would end or never end."""
        return self.code in _ENDS

    @property
    def title(self) -> str:
        """What is said of it: ``dL/dx: wrong value when the padding is 0``."""
        names = ", ".join(self.results)
        if self.code in _OF_A_PASS:
            names = f"the {self._passed} pass"
        return f"{names}: {_WORDS[self.code][0]} {'; '.join(self.clauses)}"

    @property
    def name(self) -> str:
        """What a test of it is called, in words."""
        names = " ".join(VARIABLES[result] for result in self.results)
        if self.code in _OF_A_PASS:
            names = self._passed
        return f"{names} {_WORDS[self.code][1]} {self.clauses[0]}"

    @property
    def _passed(self) -> str:
        return "forward" if self.results == FORWARD_RESULTS else "backward"


_Key: TypeAlias = tuple[Sizes, str]


def _failures(report: CodeReport) -> Iterator[_Failure]:
    """Yield what is wrong, at the smallest shape of each region; what goes together once."""
    results: dict[tuple[str, Sizes, str], dict[str, None]] = {}
    clauses: dict[tuple[str, Sizes, str], dict[str, None]] = {}
    provided = report.description.provides
    for conclusion in report.conclusions:
        name = conclusion.name
        passed = _results_of(name)
        names = tuple(result for result in passed if result in provided)
        for code, regions in conclusion.where.items():
            if code not in _WORDS:
                continue
            # Results that a pass never gave fail together.
            together = code in _OF_A_PASS or code in _ENDS
            group = ("y" if passed == FORWARD_RESULTS else "back") if together else name
            for region in regions:
                key = (code, region.smallest.sizes, group)
                results.setdefault(key, {}).update(dict.fromkeys(names))
                clauses.setdefault(key, {})[region.clause] = None
    for (code, sizes, group), names in results.items():
        yield _Failure(code, tuple(names), sizes, tuple(clauses[code, sizes, group]))


def _smallest(failures: Sequence[_Failure]) -> tuple[list[_Failure], list[str]]:
    """Keep the failures at the smallest shapes, and say which others there are."""
    groups: dict[tuple[str, tuple[str, ...]], list[_Failure]] = {}
    for failure in failures:
        groups.setdefault((failure.code, failure.results), []).append(failure)
    kept: list[_Failure] = []
    more: list[str] = []
    for (code, results), group in groups.items():
        ordered = sorted(group, key=lambda one: one.sizes.order())
        kept += ordered[:MOST_SHAPES]
        clauses = [clause for one in ordered[MOST_SHAPES:] for clause in one.clauses]
        if clauses:
            more.append(f"{', '.join(results)}: {_WORDS[code][0]} {'; '.join(clauses)}")
    return kept, more


def _results_of(name: str) -> tuple[str, ...]:
    """Return the results of a pass by its name; a result's name stands for itself."""
    passes = {"forward": FORWARD_RESULTS, "backward": BACKWARD_RESULTS, "y": FORWARD_RESULTS}
    return passes.get(name, (name,))


def _groups(
    failures: Sequence[_Failure], report: CodeReport, options: Options
) -> dict[_Key, list[_Failure]]:
    """Put together what fails at the same shape in the same dtype."""
    found: dict[_Key, list[_Failure]] = {}
    for failure in failures:
        if not failure.ends:
            key = (failure.sizes, _dtype(failure, report, options))
            found.setdefault(key, []).append(failure)
    return found


def _dtype(failure: _Failure, report: CodeReport, options: Options) -> str:
    for result in report.results:
        if (
            result.sizes == failure.sizes.given
            and result.code == failure.code
            and result.verdict is Verdict.REFUTED
            and set(_results_of(result.statement)) & set(failure.results)
            and result.route in options.dtypes
        ):
            return str(result.route)
    return options.dtypes[0]


def _spelling(target: Target, report: CodeReport, options: Options) -> Spelling:
    """Have the calls written down, by the process that runs the code.

    Raises:
        NotSupported: when they cannot be.
    """
    load_it = partial(load_spelled, target, _probes(report))
    with Runner(load_it, seconds_per_run=options.seconds) as runner:
        description = runner.describe()
    assert isinstance(description, Spelled), "it was loaded so"
    if isinstance(description.spelling, str):
        raise NotSupported(f"the calls cannot be written down: {description.spelling}")
    return description.spelling


def _probes(report: CodeReport) -> tuple[ObservedSizes, ...]:
    """Return a few shapes at which the code came to an end, both passes first."""
    ran: dict[tuple[str, str], bool] = {}
    for result in report.results:
        if result.method == "numbers" and result.statement in (*FORWARD_RESULTS, *BACKWARD_RESULTS):
            key = (str(result.sizes), "y" if result.statement in FORWARD_RESULTS else "back")
            ran[key] = ran.get(key, True) and result.code not in _GONE
    backward = {result for result in report.description.provides if result in BACKWARD_RESULTS}
    places = [(str(one.sizes.given), one.sizes) for one in report.classes]
    both = [sizes for text, sizes in places if backward and ran.get((text, "back"))]
    forward = [sizes for text, sizes in places if ran.get((text, "y"))]
    return tuple(
        ObservedSizes(dict(sizes), both=one is both)
        for one in (both, forward)
        for sizes in sorted(one, key=Sizes.order)[:MOST_PROBES]
    )


@dataclass(slots=True)
class _Search:
    """The search for small integers at which failures show, at one shape in one dtype."""

    layer: Layer
    runner: Runner
    sizes: Sizes
    dtype: str
    tolerance: float | None
    bias: bool
    reference: Reference = field(init=False)
    known: dict[tuple[int, int], Inputs] = field(default_factory=dict)
    fresh: dict[tuple[int, bool], RunAnswer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reference = Reference(self.layer, self.sizes)

    def tests(
        self, failures: Sequence[_Failure], *, provided: Sequence[str]
    ) -> tuple[list[Reproduction], list[_Failure]]:
        """Return tests of failures, and the failures that did not show again."""
        found: list[Reproduction] = []
        left = list(failures)
        while left:
            inputs, shown = self._best(left)
            self.fresh.clear()
            kept = {id(one): test for one in shown if (test := self._test(one, inputs, provided))}
            if not kept:
                break
            found += kept.values()
            left = [one for one in left if id(one) not in kept]
        return found, left

    def _best(self, failures: Sequence[_Failure]) -> tuple[Inputs, list[_Failure]]:
        """Return the smallest integers that show all failures, or as many as any do."""
        best: tuple[Inputs, list[_Failure]] | None = None
        for inputs in self._drawn():
            again = any(one.code == "unstable" for one in failures)
            answer = self._answer(inputs, repeat=again)
            shown = [one for one in failures if self._shows(one, inputs, answer)]
            if best is None or len(shown) > len(best[1]):
                best = inputs, shown
            if len(shown) == len(failures):
                break
        assert best is not None, "something was drawn"
        return best

    def _drawn(self) -> Iterator[Inputs]:
        limit = EXACT_UP_TO[self.dtype]
        longest = self.reference.longest_sum
        # What a layer divides comes out even where inputs are multiples of its divisors.
        step, degree = self.reference.step, self.reference.degree
        plans = [
            Plan(self.dtype, most, None, DRAWS, Fraction(1), step)
            for most in (step * magnitude for magnitude in MAGNITUDES)
            if limit is None or longest * most**degree <= limit
        ]
        plans.append(plan(self.layer, self.sizes, self.dtype, longest))
        for one in plans:
            yield from (self._inputs(one, number) for number in range(DRAWS))
        if self.dtype in FLOATS:
            # Code that rounds on the way, or cuts off what is small, is right on integers.
            for power in DIVISIONS if self.dtype != "float16" else DIVISIONS[:2]:
                for number in range(DRAWS):
                    whole = self._inputs(plans[0], number)
                    arrays, expected = (
                        divided(numbers, "float64", power, weights_at(self.layer, self.sizes))
                        for numbers in (whole.arrays, whole.expected)
                    )
                    yield replace(whole, arrays=arrays, expected=expected)

    def _inputs(self, chosen: Plan, number: int) -> Inputs:
        key = (chosen.most, number)
        if key in self.known:
            return self.known[key]
        arrays = draw(self.layer, self.sizes, chosen, number)
        if not self.bias:
            leave_out_bias(self.layer, arrays)
        expected = self.reference.values(arrays, chosen.most)
        self.known[key] = Inputs(self.sizes, self.dtype, arrays, expected)
        return self.known[key]

    def _answer(self, inputs: Inputs, *, repeat: bool = False) -> RunAnswer:
        arrays = in_dtype(inputs.arrays, self.dtype)
        return self.runner.run(Request(dict(self.sizes), arrays, repeat=repeat))

    def _fresh(self, inputs: Inputs, *, repeat: bool = False) -> RunAnswer:
        """Run the code in a process in which nothing ran before."""
        key = (id(inputs), repeat)
        if key not in self.fresh:
            self.runner.close()
            self.fresh[key] = self._answer(inputs, repeat=repeat)
        return self.fresh[key]

    def _test(
        self, failure: _Failure, inputs: Inputs, provided: Sequence[str]
    ) -> Reproduction | None:
        """Return a test of a failure that shows in a new process; None if it does not.

        Where one call does not show it, two on the same arrays may, or one on other arrays
        before: what a call leaves behind is then what is wrong.
        """
        title, name, results = f"{failure.title}.", failure.name, failure.results
        if failure.code != "unstable":
            answer = self._fresh(inputs)
            if self._shows(failure, inputs, answer):
                kept = _modified(failure, answer) if failure.code == "modified-input" else ()
                return Reproduction(title, name, inputs, results, kept=kept)
        answer = self._fresh(inputs, repeat=True)
        unstable = {*answer.forward.unstable, *answer.backward.unstable}
        changing = tuple(one for one in results if one in unstable and one in provided)
        if changing:
            return Reproduction(title, name, inputs, changing, earlier=inputs)
        other = self._other(inputs)
        self.runner.close()
        _ = self._answer(other)
        if self._shows(failure, inputs, self._answer(inputs)):
            return Reproduction(title, name, inputs, results, earlier=other)
        return None

    def _other(self, inputs: Inputs) -> Inputs:
        """Return inputs of the same shape that differ from the given ones."""
        return next(
            one
            for one in self._drawn()
            if not np.array_equal(one.arrays["x"], inputs.arrays["x"])
            and not np.array_equal(one.arrays["dout"], inputs.arrays["dout"])
        )

    def _shows(self, failure: _Failure, inputs: Inputs, answer: RunAnswer) -> bool:
        match failure.code:
            case "modified-input":
                return bool(_modified(failure, answer))
            case "unstable":
                return bool(set(answer.of(failure.results[0]).unstable) & set(failure.results))
            case _:
                return all(self._is_wrong(one, inputs, answer) for one in failure.results)

    def _is_wrong(self, name: str, inputs: Inputs, answer: RunAnswer) -> bool:
        judgement = judge_pass(
            self.layer, self.sizes, name, answer.of(name), inputs.expected[name], self.tolerance
        )
        return judgement is not None and judgement.is_wrong and judgement.code not in _ENDS


def _modified(failure: _Failure, answer: RunAnswer) -> tuple[str, ...]:
    # Of the inputs: a test does not compare what the forward pass returned.
    return tuple(name for name in answer.of(failure.results[0]).modified if name != "y")
