"""Check somebody's forward and backward pass, exactly, over every class of shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from functools import partial
from math import prod
from typing import Any, TypeAlias

from symconv.algebra.evaluation import condition_value, integer_value
from symconv.code.names import has_own_names
from symconv.code.type_tests import type_tests
from symconv.errors import UsageError
from symconv.implementations.calling.conventions import wrap
from symconv.implementations.calling.finding import Target, load
from symconv.implementations.calling.layouts import BIAS, Axes, own_order, restrictions
from symconv.implementations.calling.processes import SECONDS_PER_RUN, Runner
from symconv.implementations.calling.renamed_layers import stands_for
from symconv.implementations.diagnosing.other_layers import options_for, spoken_of
from symconv.implementations.model import Description, Implementation
from symconv.implementations.options import CodeOptions
from symconv.implementations.trying.accepted_shapes import Search, shapes_result
from symconv.implementations.trying.conclusions import CodeReport, Conclusion
from symconv.implementations.trying.other_calls import other_calls
from symconv.implementations.trying.readings import (
    SHARE_THAT_COUNTS,
    Reading,
    ReadingProbe,
    readings,
    telling_result,
)
from symconv.implementations.trying.reference import reference_at
from symconv.implementations.trying.shape_classes import ShapeClass, shape_classes
from symconv.implementations.trying.telling_shapes import telling_shapes
from symconv.implementations.trying.trials import Options, Trial, shapes_in_turn
from symconv.implementations.trying.unequal import unequal
from symconv.implementations.trying.unjudged import concluded, out_of_scope, staying, unjudged
from symconv.implementations.trying.without_bias import without_bias
from symconv.layers.layer import Layer, Sizes
from symconv.layers.registry import default_layer, layer_by_name
from symconv.verdicts import Note, Verdict
from symconv.verification import Progress, run

MOST_ENTRIES = 20_000_000
"""Limit: sizes at which an array has more entries than that are refused."""


def check_implementation(
    forward: Any = None,
    backward: Any = None,
    *,
    dtypes: Iterable[str] = ("float64",),
    tolerance: float | None = None,
    seconds: float = SECONDS_PER_RUN,
    sizes: Iterable[str | Sizes] = (),
    isolate: bool = True,
    progress: Progress | None = None,
    **convention: Any,
) -> CodeReport:
    """Check a forward and a backward pass of a layer that are given as callables.

    Args:
        forward: computes the output; a function, a class, a module, or None.
        backward: computes the gradients; None where `forward` does it as well.
        dtypes: in which dtypes: ``float64``, ``float32``, ``float16``, ``bfloat16``,
            ``int64``, ``int32``, ``object`` (Python integers).
        tolerance: how far from the right value a number may be, relative to the largest one;
            for code that rounds by nature, such as a Fourier transform. None for not at all.
        seconds: how long one run may take, in seconds.
        sizes: sizes to check at, such as ``"N=2,C=3,H=8,W=8,F=4,HH=3,WW=3,S=1,P=1"``; every
            class of shapes when left out.
        isolate: whether to run it in a process of its own where that is possible.
        progress: called with what is done, the total, and what comes next.
        **convention: how it is called, as `wrap` takes it: ``convention``, ``images``,
            ``filters``, ``bias``, ``batch``, ``square``, ``stride``, ``padding``,
            ``window``, ``multiplier``, ``framework``; ``layer`` is what it is compared with, a
            layer or its name, told by the code where it is left out; ``fixed`` names parameters
            that always keep their defaults, ``only`` the results that are asked for.

    Returns:
        A report that is true when every result is right at every shape that the code accepts.

    Raises:
        UsageError: when the callables fit no convention.
    """
    dtypes = [dtypes] if isinstance(dtypes, str) else dtypes
    sizes = [sizes] if isinstance(sizes, (str, Sizes)) else sizes
    options = Options(tuple(dtypes), tolerance, seconds, tuple(sizes))

    def taken(changes: Mapping[str, Any]) -> Callable[[], Implementation]:
        return partial(wrap, forward, backward, **{**convention, **changes})

    said = CodeOptions(layer=convention.get("layer"))
    layer = None if said.layer is None else said.meant
    return _check(layer, taken, convention, options, progress, isolate=isolate)


def check_target(
    target: Target,
    options: Options | None = None,
    progress: Progress | None = None,
    *,
    isolate: bool = True,
) -> CodeReport:
    """Check the forward and backward pass of a file or module; it runs in its own process.

    Args:
        target: what the user named.
        options: how it is checked.
        progress: called with what is done, the total, and what comes next.
        isolate: whether it runs in a process of its own.

    Raises:
        UsageError: when it cannot be imported, or holds no pair, or several.
    """

    def taken(changes: Mapping[str, Any]) -> Callable[[], Implementation]:
        return partial(load, replace(target, **changes))

    plain = CodeOptions()
    said = {
        item.name: value
        for item in fields(CodeOptions)
        if (value := getattr(target, item.name)) != getattr(plain, item.name)
    }
    layer = None if target.layer is None else target.meant
    return _check(layer, taken, said, options or Options(), progress, isolate=isolate)


Taken: TypeAlias = Callable[[Mapping[str, Any]], Callable[[], Implementation]]
"""Makes what loads the code with some options of `CodeOptions` changed."""


def _check(
    given: Layer | None,
    taken: Taken,
    said: Mapping[str, Any],
    options: Options,
    progress: Progress | None,
    *,
    isolate: bool,
) -> CodeReport:
    """Check code as it was named; where y is wrong nearly everywhere, ask what else it may be."""
    options.check()
    report = _checked_as(given, taken({}), options, progress, isolate=isolate)
    layer = given or layer_by_name(report.description.layer)
    if has_own_names(layer) or not _may_be_meant_otherwise(report):
        if "square" not in said and _fails_off_squares_alone(layer, report):
            with Runner(taken({}), seconds_per_run=options.seconds, isolate=isolate) as runner:
                if _is_square(layer, runner, report.description, options):
                    report.notes = (*report.notes, SQUARE_HELPS)
        return report
    description = report.description
    otherwise = partial(
        _otherwise,
        taken=taken,
        said=said,
        options=options,
        progress=progress,
        isolate=isolate,
    )
    places = places_of(layer, description, replace(options, sizes=()))
    own = own_order(layer)
    plainly = {"images": own.images, "filters": own.filters, "bias_shape": BIAS, "batch": True}
    usual = Axes(layer=layer).described
    axes = plainly if description.layouts != usual or {*plainly} & {*said} else {}
    with Runner(taken(axes), seconds_per_run=options.seconds, isolate=isolate) as runner:
        probe = ReadingProbe(layer, runner, description, places)
        if probe.agrees(Reading({}, Axes(layer=layer))):
            # What it gives depends on earlier calls, not on how it is taken.
            return report
        for reading in readings(layer, said, description):
            if probe.agrees(reading):
                again = otherwise(reading.options)
                if again is not None and _is_told_right(again):
                    return _read_as(again, reading.options)
        other = probe.layer()
        if not other and "layer" not in said and layer == default_layer():
            other = spoken_of(description.forward or description.backward or "")
        square = (
            not other and "square" not in said and _is_square(layer, runner, description, options)
        )
    if "layer" not in said:
        usual_layer = {"layer": default_layer().name} if description.told else {}
        for way in filter(None, (usual_layer, options_for(other))):
            again = otherwise(way)
            if again is not None and _is_told_right(again):
                return _read_as(again, way)
            if again is not None and not other and _raised(again) * 2 < _raised(report):
                # Wrong either way: as the usual layer it runs, so it is judged as that.
                return _read_as(again, way, f"as {report.layer} it raises nearly everywhere")
    if other:
        return _out_of_scope(report, other)
    if square:
        report.notes = (*report.notes, SQUARE_HELPS)
    return report


def _otherwise(
    way: Mapping[str, Any],
    taken: Taken,
    said: Mapping[str, Any],
    options: Options,
    progress: Progress | None,
    *,
    isolate: bool,
) -> CodeReport | None:
    """Check code with more said of it than the user did; None where it does not fit."""

    def more(changes: Mapping[str, Any]) -> Callable[[], Implementation]:
        return taken({**way, **changes})

    now = {**said, **way}
    given = CodeOptions(layer=now.get("layer"))
    layer = None if given.layer is None else given.meant
    try:
        again = _check(layer, more, now, options, progress, isolate=isolate)
    except UsageError:
        return None
    return again


def _read_as(report: CodeReport, way: Mapping[str, Any], why: str = "") -> CodeReport:
    """Say in a report how the code was taken, and why."""
    reading = Reading(way, Axes(), result=telling_result(report.description))
    report.read_as = {**way, **report.read_as}
    report.notes = (reading.note(why), *report.notes)
    return report


def _is_told_right(report: CodeReport) -> bool:
    """Tell whether the telling result is right."""
    told = telling_result(report.description)
    return any(one.name == told and _is_true(one) for one in report.conclusions)


def _raised(report: CodeReport) -> int:
    """Count the shapes at which the telling result is not there, since the code raises."""
    told = telling_result(report.description)
    return sum(one.counts.get("raised", 0) for one in report.conclusions if one.name == told)


SQUARE_HELPS = Note(
    "region",
    "where images and filters are square it is right, which was tried: say --square "
    "(in Python: square=True) if nothing else is meant",
)


def _is_square(layer: Layer, runner: Runner, description: Description, options: Options) -> bool:
    """Tell whether code is right where height and width are equal, at several such shapes."""
    limits = (*description.restrictions, *restrictions(Axes(layer=layer), square=True))
    square = replace(description, restrictions=limits)
    try:
        places = places_of(layer, square, replace(options, sizes=()))
    except UsageError:
        return False
    return ReadingProbe(layer, runner, square, places).agrees(Reading({}, Axes(layer=layer)))


def _fails_off_squares_alone(layer: Layer, report: CodeReport) -> bool:
    """Tell whether y is wrong at some shapes, and at none with square images and filters."""
    told = telling_result(report.description)
    wrong = [
        one.sizes
        for one in report.results
        if one.statement == told and one.verdict is Verdict.REFUTED and one.sizes is not None
    ]
    return bool(wrong) and all(
        len({sizes[axis.input.name] for axis in layer.axes}) > 1
        or len({sizes[axis.filter.name] for axis in layer.axes}) > 1
        for sizes in wrong
    )


def _is_true(conclusion: Conclusion) -> bool:
    return conclusion.verdict is not None and conclusion.verdict.is_true


def _may_be_meant_otherwise(report: CodeReport) -> bool:
    """Tell whether y is wrong at so many shapes that the code may be something else."""
    told = telling_result(report.description)
    y = next((one for one in report.conclusions if one.name == told), None)
    if y is None or {"environment", "timeout", "crashed", "garbled"} & {*y.counts}:
        return False
    right = sum(y.counts.get(code, 0) for code in ("right", "within-tolerance"))
    return right * SHARE_THAT_COUNTS < sum(y.counts.values())


def _out_of_scope(report: CodeReport, other: str) -> CodeReport:
    """Return a report that judges nothing, since the code is another layer."""
    description = report.description
    results = [
        *out_of_scope(description, str(report.layer), other, _flags(other)),
        *unjudged(description),
    ]
    return CodeReport(
        results,
        layer=str(report.layer),
        description=description,
        classes=report.classes,
        conclusions=[concluded(one) for one in results if one.verdict is not None],
        notes=report.notes,
    )


def _flags(other: str) -> str:
    """Return how the command line says that code is another layer; empty where none is that."""
    return Reading(options_for(other), Axes()).flags


def _checked_as(
    given: Layer | None,
    implementation: Callable[[], Implementation],
    options: Options,
    progress: Progress | None,
    *,
    isolate: bool,
) -> CodeReport:
    with Runner(implementation, seconds_per_run=options.seconds, isolate=isolate) as runner:
        if not options.sizes:
            prepare(given or default_layer(), runner)
        description = runner.describe()
        layer = given or layer_by_name(description.layer)
        places = places_of(layer, description, options)
        check = Trial(layer, runner, description, options)
        found = [*run(shapes_in_turn(check, places), progress)]
        search = Search(layer, [limit for limit, _ in description.restrictions], check.takes)
        if not options.sizes:
            more = [
                one for one in _taken_instead(search, check, places) if check.is_telling(one.sizes)
            ]
            found += run(shapes_in_turn(check, more))
            places += more
        conclusions = list(check.conclusions())
        pairs = [*unequal(layer, runner, description), *without_bias(layer, runner, description)]
        pairs += other_calls(layer, runner, description, places)
        reasons = dict.fromkeys(reason for _, reason in description.restrictions)
        notes = [Note("scope", reason) for reason in reasons]
        if stands_for(layer):
            notes.insert(0, Note("reading", stands_for(layer)))
        if description.told:
            why = "; ".join(description.told)
            said = f"taken for {layer.name} ({why}); say --layer if another is meant"
            notes.insert(0, Note("reading", said))
        notes += [*staying(description), *check.dtypes]
        if not runner.isolated:
            said = "it ran in this process: a crash or an endless loop in it is one here"
            notes.append(Note("scope", said))
    alone = list(unjudged(description))
    if search.refused and (ran := check.ran()):
        location = next(iter(description.location.values()), None)
        alone.append(shapes_result(search, ran, location))
    results = [*check.told(found, conclusions), *(one for one, _ in pairs), *alone]
    conclusions += [one for _, one in pairs]
    conclusions += [concluded(one) for one in alone if one.verdict is not None]
    report = CodeReport(
        results,
        layer=layer.name,
        description=description,
        classes=places,
        conclusions=conclusions,
        notes=notes,
    )
    report.type_tests = type_tests(description.location.values())
    return report


def prepare(layer: Layer, runner: Runner) -> None:
    """Find out what will probably be needed, one shape after the other, while code is loaded.

    Args:
        layer: what the code probably computes.
        runner: loads the code.
    """
    if has_own_names(layer) or not runner.is_loading:
        return
    for place in shape_classes(layer):
        for _ in reference_at(layer, place.sizes).preparations():
            if not runner.is_loading:
                return


def _taken_instead(search: Search, check: Trial, places: list[ShapeClass]) -> list[ShapeClass]:
    """Return shapes that the code takes, for the classes that it refused on purpose."""
    refused = [place for place in places if check.code_at(place) == "rejected"]
    search.refused = dict.fromkeys(place.sizes for place in refused)
    search.taken = dict.fromkeys(check.ran())
    return search.places(refused) if refused else []


def places_of(layer: Layer, description: Description, options: Options) -> list[ShapeClass]:
    """Return the shapes at which an implementation is checked.

    Raises:
        UsageError: when its signature leaves none.
    """
    limits = tuple(condition for condition, _ in description.restrictions)
    if not options.sizes:
        found = list((telling_shapes if has_own_names(layer) else shape_classes)(layer, limits))
        if not found:
            raise UsageError(
                f"{description.name}: no class of shapes is left",
                code="nothing-to-check",
                help="say at which sizes it is run, with --sizes (in Python: sizes=...)",
            )
        return found
    given = [layer.sizes(item) if isinstance(item, str) else item for item in options.sizes]
    for sizes in given:
        _require_fitting(layer, sizes)
        for condition, reason in description.restrictions:
            if not condition_value(condition, sizes.by_symbol):
                raise UsageError(
                    f"{sizes} is not for {description.name}: {reason}",
                    code="sizes",
                    help=f"make {condition}",
                )
    return [ShapeClass(str(sizes), sizes) for sizes in dict.fromkeys(given)]


def _require_fitting(layer: Layer, sizes: Sizes) -> None:
    """Refuse sizes at which an array would not fit in memory.

    Raises:
        UsageError: with the name of the array.
    """
    for array in layer.array_by_name.values():
        entries = prod(int(integer_value(extent, sizes.by_symbol)) for extent in array.shape)
        if entries > MOST_ENTRIES:
            raise UsageError(
                f"{array.name} at {sizes} has {entries:,} entries, more than {MOST_ENTRIES:,}",
                code="too-large",
                help="give smaller sizes",
            )
