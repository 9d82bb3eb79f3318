"""Where a statement that is false in general is true after all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from symconv.algebra.evaluation import condition_value
from symconv.algebra.expressions import Statement
from symconv.algebra.indices import Condition
from symconv.explanations.probes import Probes
from symconv.layers.layer import Layer, Region, Sizes
from symconv.proof.equality import prove
from symconv.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Validity:
    """The minimal conditions under which a statement was proved.

    Attributes:
        regions: each a choice of conditions that hold together; none where none was found.
        elsewhere: a small size outside of all regions at which the statement was tested true.
    """

    regions: tuple[tuple[Region, ...], ...]
    elsewhere: Sizes | None

    def sentence(self) -> str:
        """Say where the statement is true; an empty text where nothing is known."""
        parts: list[str] = []
        if self.regions:
            named = [" and ".join(region.name for region in regions) for regions in self.regions]
            parts.append(f"true when {', or when '.join(named)} (proved)")
        if self.elsewhere is not None:
            also = "also true" if parts else "true"
            parts.append(f"{also} at {self.elsewhere} (tested, not proved)")
        return ", ".join(parts)


def validity_region(statement: Statement, layer: Layer, probes: Probes) -> Validity:
    """Find every minimal condition, or pair of conditions, under which a statement is proved.

    Conditions are those that the layer names (`Layer.regions`). One that a small size already
    contradicts is not tried, and neither is a pair that holds a proved condition.
    """
    true_at = [sizes for sizes in probes.admitting(statement) if probes.holds_at(statement, sizes)]
    known_true = set(true_at)
    false_at = [sizes for sizes in probes.admitting(statement) if sizes not in known_true]
    found: list[tuple[Region, ...]] = []
    for count in (1, 2):
        for regions in combinations(layer.regions, count):
            if any(set(smaller) <= set(regions) for smaller in found):
                continue
            conditions = tuple(region.condition for region in regions)
            if any(_all_hold(conditions, sizes) for sizes in false_at):
                continue
            if not any(_all_hold(conditions, sizes) for sizes in true_at):
                continue
            if prove(statement, layer, assumptions=conditions).verdict is Verdict.PROVED:
                found.append(regions)
    covered = [tuple(region.condition for region in regions) for regions in found]
    outside = (
        sizes
        for sizes in true_at
        if not any(_all_hold(conditions, sizes) for conditions in covered)
    )
    return Validity(tuple(found), next(outside, None))


def _all_hold(conditions: tuple[Condition, ...], sizes: Sizes) -> bool:
    scope = sizes.by_symbol
    return all(condition_value(condition, scope) for condition in conditions)
