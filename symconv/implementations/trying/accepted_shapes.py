"""Shapes that code takes, where it refuses the smallest members of some classes on purpose.

Code for odd square filters, for images of one row, for "same" padding alone refuses most of the
classes as they are, and then little of it would be looked at. Its own answers tell what it
takes: conditions that no refused shape meets are tried at a shape that is general in all else,
the weakest first. Each class that it refused is then tried at its smallest member that meets
what the code asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import combinations
from typing import TypeAlias

from symconv.algebra.indices import Condition
from symconv.implementations.trying.shape_classes import ShapeClass, smallest_shape
from symconv.layers.layer import Layer, Region, Sizes
from symconv.verdicts import Result, Verdict

Kind: TypeAlias = tuple[int, ...]
"""Conditions under which code runs, all of them together, by their ranks in `Shapes.asked`."""

MOST_RUNS = 250
"""Up to so many shapes are tried to learn what the code takes; a run is one call of it."""
MOST_KINDS = 4
MOST_TOGETHER = 4
MOST_PLACES = 80
"""Up to so many shapes are tried in the place of those that it refused."""


@dataclass(slots=True)
class Search:
    """A search for the kinds of shapes that code takes.

    Attributes:
        layer: the layer.
        limits: the conditions on sizes that its signature imposes.
        takes: runs it once: whether it took the shape; None where that cannot be told.
        taken: the shapes that it took.
        refused: the shapes that it refused on purpose.
        runs: how many shapes may still be tried.
        asked: the kinds of shapes that it takes, as far as was tried.
    """

    layer: Layer
    limits: Sequence[Condition]
    takes: Callable[[Sizes], bool | None]
    taken: dict[Sizes, None] = field(default_factory=dict)
    refused: dict[Sizes, None] = field(default_factory=dict)
    runs: int = MOST_RUNS
    asked: list[Kind] = field(default_factory=list)

    def _kinds(self) -> list[Kind]:
        """Return what the code asks of shapes: the weakest conditions under which it ran."""
        found: list[Kind] = []
        for count in range(1, MOST_TOGETHER + 1):
            for kind in self._conjunctions(count, found):
                if len(found) == MOST_KINDS or not self.runs:
                    return found
                if self._is_sufficient(kind, found):
                    found.append(kind)
        return found

    def _conjunctions(self, count: int, found: list[Kind]) -> Iterator[Kind]:
        """Yield so many conditions together that code may ask for, what is asked most first."""
        if count <= 2:
            yield from sorted(combinations(range(len(self.layer.shapes.asked)), count), key=sum)
            return
        if not self.taken:
            for conditions in self.layer.shapes.usual:
                if any(map(self._is_taken, self._member(conditions))):
                    break
        # There are many of them: what nothing shows that it took is not asked for.
        for sizes in [*self.taken]:
            if not self._meets_any(sizes, found):
                yield from sorted(combinations(sorted(_held(self.layer, sizes)), count), key=sum)

    def _is_sufficient(self, kind: Kind, found: list[Kind]) -> bool:
        """Tell whether the code takes each shape of a kind that is tried, beyond those found."""
        if any(self._meets(sizes, kind) for sizes in self.refused):
            return False
        asked = self._conditions(kind)
        general = next(self._member(asked), None)
        if general is None or self._meets_any(general, found):
            return False
        others = (
            sizes for one in self.layer.shapes.varied for sizes in self._member([*asked, one])
        )
        return self._is_taken(general) and all(map(self._is_taken, others))

    def places(self, refused: Sequence[ShapeClass]) -> list[ShapeClass]:
        """Return shapes that the code takes, in the classes whose smallest member it refused.

        Args:
            refused: the classes, at the shapes that it refused.
        """
        known = {*self.taken, *self.refused}
        self.asked = self._kinds()
        condition_by_name = {one.name: one.condition for one in self.layer.shapes.classes}
        found: dict[Sizes, ShapeClass] = {}
        self.runs = MOST_PLACES
        for place in refused:
            for kind in self.asked:
                wanted = [condition_by_name[place.name], *self._conditions(kind)]
                for sizes in self._member(wanted):
                    if sizes not in known and self._is_taken(sizes):
                        _ = found.setdefault(sizes, ShapeClass(place.name, sizes))
        return list(found.values())

    def is_told(self, ran: Iterable[Sizes]) -> bool:
        """Tell whether the kinds say which shapes it takes: each one of them, and no other."""
        taken = all(self._meets_any(sizes, self.asked) for sizes in ran)
        return taken and not any(self._meets_any(sizes, self.asked) for sizes in self.refused)

    def _member(self, conditions: Iterable[Condition]) -> Iterator[Sizes]:
        sizes = smallest_shape(self.layer, (*self.limits, *conditions))
        if sizes is not None:
            yield sizes

    def _meets_any(self, sizes: Sizes, kinds: Iterable[Kind]) -> bool:
        return any(self._meets(sizes, kind) for kind in kinds)

    def _meets(self, sizes: Sizes, kind: Kind) -> bool:
        return _held(self.layer, sizes).issuperset(kind)

    def _conditions(self, kind: Kind) -> list[Condition]:
        return [self.layer.shapes.asked[rank].condition for rank in kind]

    def _is_taken(self, sizes: Sizes) -> bool:
        if sizes not in self.taken and sizes not in self.refused and self.runs:
            self.runs -= 1
            taken = self.takes(sizes)
            if taken is None:
                # It is slow, or ends its process: asking on would cost more than it tells.
                self.runs = 0
            else:
                (self.taken if taken else self.refused)[sizes] = None
        return sizes in self.taken


def shapes_result(search: Search, ran: Sequence[Sizes], location: str | None) -> Result:
    """Say at which share of the classes of shapes code ran that refuses shapes on purpose.

    Args:
        search: what is known of what it takes.
        ran: the shapes at which it was judged.
        location: where it is defined.

    Returns:
        A result that is undecided where the code refuses more than half of the classes.
    """
    limits, shapes = tuple(search.limits), search.layer.shapes
    classes = _possible(search.layer, shapes.classes, limits)
    if not classes:
        tried = {*ran, *search.refused}
        return Result(
            statement="shapes",
            kind="code",
            verdict=Verdict.UNDECIDED if 2 * len({*ran}) < len(tried) else None,
            code="shapes-refused",
            location=location,
            detail=f"it refuses shapes on purpose: it ran at {len({*ran})} of {len(tried)}",
        )
    conditions = _possible(search.layer, shapes.features, limits)
    met = sum(any(map(one.holds, ran)) for one in classes)
    never = [one for one in conditions if not any(map(one.holds, ran))]
    detail = (
        f"it refuses shapes on purpose: it ran in {met} of {len(classes)} classes of shapes, and "
        f"met {len(conditions) - len(never)} of {len(conditions)} index conditions"
    )
    if never:
        detail += f"; never met: {', '.join(one.name for one in never)}"
    if search.is_told(ran):
        kinds = (" and ".join(shapes.asked[rank].name for rank in kind) for kind in search.asked)
        detail += f"; as far as was tried, it takes shapes where {', or where '.join(kinds)}"
    elif (sizes := _unexplained(search, never)) is not None:
        detail += f"; it also refuses shapes without any of these, such as {sizes}"
        detail += "".join(f", where {one.name}" for one in shapes.plain if one.holds(sizes))
    return Result(
        statement="shapes",
        kind="code",
        verdict=Verdict.UNDECIDED if 2 * met < len(classes) else None,
        code="shapes-refused",
        location=location,
        detail=detail,
    )


def _unexplained(search: Search, never: Sequence[Region]) -> Sizes | None:
    """Return the smallest refused shape that has nothing that the code never met."""
    plain = (one for one in search.refused if not any(it.holds(one) for it in never))
    return min(plain, key=Sizes.order, default=None)


@cache
def _possible(
    layer: Layer, features: tuple[Region, ...], limits: tuple[Condition, ...]
) -> tuple[Region, ...]:
    """Leave out what no shape can have under the limits."""
    return tuple(
        one for one in features if smallest_shape(layer, (*limits, one.condition)) is not None
    )


@lru_cache(1024)
def _held(layer: Layer, sizes: Sizes) -> frozenset[int]:
    asked = layer.shapes.asked
    return frozenset(rank for rank, feature in enumerate(asked) if feature.holds(sizes))
