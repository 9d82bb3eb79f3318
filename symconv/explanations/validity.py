"""Where a statement that is false in general is true after all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from symconv.algebra.expressions import Statement
from symconv.algebra.scoping import expand_where
from symconv.errors import IllFormed, NotSupported
from symconv.explanations.lengths import is_too_long
from symconv.explanations.probes import CANDIDATE, Probes
from symconv.layers.layer import Layer, Region, Sizes
from symconv.proof.equality import prove
from symconv.verdicts import Note, Verdict

MOST_UNDECIDED = 2
"""Limit: after so many regions that the solver gives up on, each of which costs seconds."""


@dataclass(frozen=True, slots=True)
class Validity:
    """The minimal conditions under which a statement was proved.

    Attributes:
        regions: each a choice of conditions that hold together; none where none was found.
        elsewhere: a small size outside of all regions at which the statement was tested true.
        searched: whether any of this was looked for.
    """

    regions: tuple[tuple[Region, ...], ...]
    elsewhere: Sizes | None
    searched: bool = True

    def note(self) -> Note | None:
        """Say where the statement is true; None where nothing is known."""
        if not self.searched:
            return Note("scope", "too long to search where it holds and what would be right")
        parts: list[str] = []
        if self.regions:
            named = [" and ".join(region.name for region in regions) for regions in self.regions]
            parts.append(f"true when {', or when '.join(named)} (proved)")
        if self.elsewhere is not None:
            also = "also true" if parts else "true"
            parts.append(f"{also} at {self.elsewhere} (tested, not proved)")
        return Note("region", ", ".join(parts)) if parts else None


def validity_region(statement: Statement, layer: Layer, probes: Probes) -> Validity:
    """Find every minimal condition, or pair of conditions, under which a statement is proved.

    Conditions are those that the layer names (`Layer.regions`). One that a small size already
    contradicts is not tried, and neither is a pair that holds a proved condition.
    """
    if is_too_long(statement):
        return Validity((), None, searched=False)
    try:
        layer.dependence.require(statement.lhs, statement.rhs)
    except (NotSupported, ValueError):
        # Evaluation would take an array of which nothing is known for an input.
        return Validity((), None)
    admitted = probes.satisfying(statement.assumptions)
    known: dict[int, bool] = {}
    undecided = 0
    reads_outside_at_the_end = True

    def holds_at(place: int) -> bool:
        nonlocal reads_outside_at_the_end
        if place not in known:
            sizes = probes.sizes[place]
            known[place] = False
            if not (reads_outside_at_the_end and probes.ends_outside(statement, sizes)):
                known[place] = probes.holds_at(statement, sizes)
                # Seen at one size, it is looked for at the next one; else it costs too much.
                reads_outside_at_the_end = reads_outside_at_the_end and known[place]
        return known[place]

    found: list[tuple[Region, ...]] = []
    open_places = [place for place, is_admitted in enumerate(admitted) if is_admitted]
    for count in (1, 2):
        for regions in combinations(layer.regions, count):
            if any(set(smaller) <= set(regions) for smaller in found):
                continue
            conditions = tuple(region.condition for region in regions)
            inside = probes.satisfying((*statement.assumptions, *conditions))
            places = [place for place, is_inside in enumerate(inside) if is_inside]
            if not places or not all(map(holds_at, places)):
                continue
            outcome = prove(statement, layer, assumptions=conditions, effort=CANDIDATE)
            undecided += outcome.verdict is Verdict.UNDECIDED
            if undecided == MOST_UNDECIDED:
                return Validity(tuple(found), None)
            if outcome.verdict is Verdict.PROVED:
                found.append(regions)
                open_places = [place for place in open_places if not inside[place]]
    telling = (place for place in open_places if _says_something(statement, probes, place))
    outside = next((place for place in telling if holds_at(place)), None)
    return Validity(tuple(found), None if outside is None else probes.sizes[outside])


def _says_something(statement: Statement, probes: Probes, place: int) -> bool:
    """Tell whether the free indices have any values at some sizes; else nothing can be false."""
    evaluator = probes.evaluator(probes.sizes[place])
    try:
        return any(True for _ in evaluator.assignments(expand_where(statement).free))
    except IllFormed:
        return False
