"""What a check of code comes to: per result, where it is right and where and why it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from symconv.algebra.indices import Condition
from symconv.code.type_tests import TypeTest
from symconv.implementations.model import Description
from symconv.implementations.trying.rules import Fails, exception, rules
from symconv.implementations.trying.shape_classes import ShapeClass
from symconv.layers.layer import Layer, Sizes
from symconv.verdicts import Note, Report, Result, Verdict

UNKNOWN = frozenset(["not-run", "environment", "not-supported", "not-enough-runs", "rounds"])
"""Codes of what was not found out, at whichever shapes that was."""

Fresh: TypeAlias = Callable[[Sizes], str | None]

MOST_NAMED = 3
"""Up to so many classes, and regions, are named."""


@dataclass(frozen=True, slots=True)
class FailingShapes:
    """Shapes at which a result fails in one way.

    Attributes:
        clause: when it fails: ``when the stride does not divide``, or the names of classes.
        smallest: the smallest class in it.
        rule: ``when`` or ``unless`` where the clause is a rule, which other shapes may break.
    """

    clause: str
    smallest: ShapeClass
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What became of one result over all shapes.

    Attributes:
        name: the result: ``dL/dx``, or ``forward`` for what a whole pass did.
        code: ``right``, or the code of its smallest failure, or ``rejected``, ``incomplete``.
        verdict: the worst verdict; None where the code refused every shape on purpose.
        counts: how many classes there are of each code.
        where: the regions in which it is wrong, by the code of what is wrong.
        rejected: the regions that the code refuses on purpose.
        failure: the result at the smallest shape at which it fails.
        rejection: the result at the smallest shape that it refuses.
        diagnosis: which line of thought went wrong, or an empty string.
        mistake: the stable name of that mistake, or an empty string.
        picture: a map of the wrong entries at the smallest shape at which it fails.
    """

    name: str
    code: str
    verdict: Verdict | None
    counts: Mapping[str, int]
    where: Mapping[str, tuple[FailingShapes, ...]] = field(default_factory=dict)
    rejected: tuple[FailingShapes, ...] = ()
    failure: Result | None = None
    rejection: Result | None = None
    diagnosis: str = ""
    mistake: str = ""
    picture: str = ""


class CodeReport(Report):
    """A report on somebody's code.

    Args:
        results: every verdict, as in every report.
        description: what was checked.
        classes: the shapes at which it was checked.
        conclusions: what the results come to.
        notes: what else there is to say of how it was checked.

    Attributes:
        type_tests: where the code may treat floats otherwise than symbols; None where its source
            is not at hand.
        read_as: the options of `CodeOptions` with which the code was taken, beyond what was said.
    """

    def __init__(
        self,
        results: Iterable[Result],
        *,
        layer: str,
        description: Description,
        classes: Sequence[ShapeClass],
        conclusions: Sequence[Conclusion],
        notes: Iterable[Note] = (),
    ) -> None:
        super().__init__(results, layer=layer, notes=notes)
        self.description = description
        self.classes = tuple(classes)
        self._conclusions = tuple(conclusions)
        self.read_as: Mapping[str, Any] = {}
        self.type_tests: tuple[TypeTest, ...] | None = None

    @property
    def conclusions(self) -> tuple[Conclusion, ...]:
        """What became of each result over all shapes."""
        self._read = True
        return self._conclusions


def conclude(
    layer: Layer,
    name: str,
    by_class: Mapping[ShapeClass, Result],
    *,
    diagnosis: str = "",
    mistake: str = "",
    picture: str = "",
    by_rule: bool = True,
    fresh: Fresh | None = None,
    limits: Sequence[Condition] = (),
) -> Conclusion:
    """Sum up what became of one result.

    Args:
        layer: what it is a result of.
        name: the result's name.
        by_class: the worst verdict on it in each class.
        diagnosis: what went wrong, if that is known.
        mistake: its stable name.
        picture: a map of wrong entries.
        by_rule: whether what fails may be told by its sizes.
        fresh: runs the code at a shape that was not tried, and gives the result's code there.
        limits: the conditions on sizes that the signature imposes.
    """

    def fails(code: str) -> Fails | None:
        return None if fresh is None else partial(_fails_at, fresh, code)

    places = sorted(by_class, key=lambda place: place.sizes.order())
    codes = [str(by_class[place].code) for place in places]
    counts = {code: codes.count(code) for code in dict.fromkeys(codes)}
    bad = [place for place in places if _is_bad(by_class[place])]
    refused = [place for place in places if by_class[place].code == "rejected"]
    judged = [place for place in places if place not in refused]
    where = {}
    # What was not found out stands behind what was.
    for code in sorted(dict.fromkeys(str(by_class[place].code) for place in bad), key=_is_late):
        failing = [place for place in bad if by_class[place].code == code]
        if code in UNKNOWN or not by_rule:
            where[code] = (_counted(failing, places),)
        else:
            known = [place for place in judged if by_class[place].code not in UNKNOWN]
            passing = [place for place in known if place not in failing]
            where[code] = _regions(layer, failing, passing, len(places), fails(code), limits)
    verdicts = [by_class[place].verdict for place in places]
    order = (Verdict.REFUTED, Verdict.UNDECIDED, Verdict.VERIFIED, None)
    verdict = min(verdicts, key=order.index)
    # What is wrong is said first, then what is merely not known, and last what did not run.
    worst = sorted(
        (by_class[place] for place in bad),
        key=lambda one: (order.index(one.verdict), one.code == "not-run"),
    )
    failure = worst[0] if worst else None
    return Conclusion(
        name=name,
        code=str(failure.code) if failure else ("rejected" if not judged else "right"),
        verdict=verdict,
        counts=counts,
        where=where,
        rejected=_regions(layer, refused, judged, len(places), fails("rejected"), limits)
        if refused
        else (),
        failure=failure,
        rejection=by_class[refused[0]] if refused else None,
        diagnosis=diagnosis,
        mistake=mistake,
        picture=picture,
    )


def _is_late(code: str) -> tuple[bool, bool]:
    return code in UNKNOWN, code == "not-run"


def _counted(inside: Sequence[ShapeClass], places: Sequence[ShapeClass]) -> FailingShapes:
    return FailingShapes(f"at {len(inside)} of {len(places)} shapes", inside[0])


def _is_bad(result: Result) -> bool:
    return result.verdict is not None and not result.verdict.is_true


def _fails_at(fresh: Fresh, code: str, sizes: Sizes) -> bool | None:
    """Tell whether a fresh shape fails with a code; None where it was not found out."""
    found = fresh(sizes)
    if found == code:
        return True
    return None if found is None or found in UNKNOWN or found == "rejected" else False


def _regions(
    layer: Layer,
    inside: Sequence[ShapeClass],
    outside: Sequence[ShapeClass],
    count: int,
    fails: Fails | None,
    limits: Sequence[Condition],
) -> tuple[FailingShapes, ...]:
    """Say in words which classes these are, each region with its smallest class."""
    if not outside:
        return (FailingShapes(_all_of(len(inside), count), inside[0]),)
    failing, passing = ([one.sizes for one in places] for places in (inside, outside))
    found = rules(layer, failing, passing, fails, limits)
    if found is None or len(found) > MOST_NAMED:
        unless = exception(layer, failing, passing, fails, limits)
        if unless is not None:
            return (FailingShapes(f"unless {unless.name}", inside[0], "unless"),)
    if len(found or inside) > 1 and 1 <= len(outside) <= MOST_NAMED:
        return (FailingShapes(f"at every shape but {_named(outside)}", inside[0]),)
    if found is None or len(found) > MOST_NAMED:
        if {place.name for place in inside} & {place.name for place in outside}:
            # A class that was tried at several shapes names none of them.
            return (_counted(inside, [*inside, *outside]),)
        return (
            FailingShapes(
                f"in the class{'es' if len(inside) > 1 else ''} {_named(inside)}", inside[0]
            ),
        )
    return tuple(
        FailingShapes(
            f"when {feature.name}",
            next((place for place in inside if feature.holds(place.sizes)), inside[0]),
            "when",
        )
        for feature in found
    )


def _all_of(inside: int, count: int) -> str:
    if inside == count > 1:
        return "at every shape"
    return f"at all {inside} shapes that were judged" if inside > 1 else "at the one shape that ran"


def _named(places: Sequence[ShapeClass]) -> str:
    names = [f"“{place.name}”" for place in places]
    if len(names) > MOST_NAMED:
        return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
    return " and ".join(names)
