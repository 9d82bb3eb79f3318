"""Rules that say at which shapes code fails, tested at shapes that they were not made from.

Many rules fit a few failing shapes. One is said only where at least three shapes speak for it,
and where it foretold what code does at fresh shapes, inside and outside; where it did not, these
shapes count among the others, and another rule is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from symconv.algebra.evaluation import condition_value
from symconv.algebra.indices import Condition, conjuncts
from symconv.errors import SizesError
from symconv.implementations.trying.shape_classes import smallest_shape
from symconv.layers.layer import Layer, Region, Sizes

Fails: TypeAlias = Callable[[Sizes], bool | None]
"""Tells whether code fails at a shape in the way in question; None where that is not known."""

LEAST_SHAPES = 3
"""So many shapes must fail in each region of a rule."""
MOST_RULES = 4
"""So many rules are tried one after the other."""


def rules(
    layer: Layer,
    failing: Sequence[Sizes],
    passing: Sequence[Sizes],
    fails: Fails | None = None,
    limits: Sequence[Condition] = (),
) -> tuple[Region, ...] | None:
    """Find a rule for where code fails that also holds at fresh shapes.

    Args:
        layer: the layer.
        failing: the sizes at which it fails, at least one.
        passing: the sizes at which it does not, at least one.
        fails: runs it at a fresh shape; None where it cannot be run.
        limits: the conditions on sizes that its signature imposes.

    Returns:
        The regions in which it fails, as features; None where there is no such rule.
    """
    return _tested(layer, regions, failing, passing, fails, limits)


def exception(
    layer: Layer,
    failing: Sequence[Sizes],
    passing: Sequence[Sizes],
    fails: Fails | None = None,
    limits: Sequence[Condition] = (),
) -> Region | None:
    """Find the one condition under which code does not fail, as `rules` finds where it does."""

    def passes(sizes: Sizes) -> bool | None:
        outcome = fails(sizes) if fails is not None else None
        return None if outcome is None else not outcome

    tested = None if fails is None else passes
    found = _tested(layer, _only_condition, passing, failing, tested, limits)
    return found[0] if found else None


def _only_condition(
    layer: Layer, inside: Iterable[Sizes], outside: Iterable[Sizes]
) -> tuple[Region] | None:
    inside, outside = tuple(inside), tuple(outside)
    for feature in (*layer.shapes.features, *layer.shapes.asked):
        if all(map(feature.holds, inside)) and not any(map(feature.holds, outside)):
            return (feature,)
    return None


def _tested(
    layer: Layer,
    find: Callable[[Layer, Iterable[Sizes], Iterable[Sizes]], tuple[Region, ...] | None],
    failing: Sequence[Sizes],
    passing: Sequence[Sizes],
    fails: Fails | None,
    limits: Sequence[Condition],
) -> tuple[Region, ...] | None:
    inside, outside = [*failing], [*passing]
    for _ in range(MOST_RULES):
        found = find(layer, inside, outside)
        if found is None:
            return None
        if fails is None or _foretells(layer, found, inside, outside, fails, limits):
            enough = all(sum(map(one.holds, inside)) >= LEAST_SHAPES for one in found)
            return found if enough else None
    return None


def _foretells(
    layer: Layer,
    found: tuple[Region, ...],
    inside: list[Sizes],
    outside: list[Sizes],
    fails: Fails,
    limits: Sequence[Condition],
) -> bool:
    """Try a rule at fresh shapes, which join the others; end at the first that contradicts it."""
    for sizes in _fresh(layer, found, limits):
        if sizes in inside or sizes in outside:
            continue
        outcome = fails(sizes)
        if outcome is None:
            continue
        (inside if outcome else outside).append(sizes)
        if outcome != any(one.holds(sizes) for one in found):
            return False
    return True


def _fresh(layer: Layer, found: Iterable[Region], limits: Sequence[Condition]) -> Iterator[Sizes]:
    """Yield shapes inside and outside every region, some of them larger."""
    shapes = layer.shapes
    outside = shapes.classes[2::4]
    for feature in found:
        parts = conjuncts(feature.condition)
        sides = ((shapes.classes[::4], parts), *((outside, (~part,)) for part in parts))
        for classes, wanted in sides:
            for number, one in enumerate(classes):
                larger = shapes.larger if number % 2 else ()
                sizes = smallest_shape(layer, (*limits, *wanted, one.condition, *larger))
                if sizes is not None:
                    yield sizes


def nearby(layer: Layer, sizes: Sizes, limits: Sequence[Condition]) -> Iterator[Sizes]:
    """Yield shapes that are a little larger than a shape in one or a few sizes."""
    for steps in layer.shapes.steps:
        given = {name: value + steps.get(name, 0) for name, value in sizes.given.items()}
        try:
            found = layer.sizes("", **given)
        except SizesError:
            # The filter does not fit into the image.
            continue
        if all(condition_value(limit, found.by_symbol) for limit in limits):
            yield found


def regions(
    layer: Layer, failing: Iterable[Sizes], passing: Iterable[Sizes]
) -> tuple[Region, ...] | None:
    """Find the features, or pairs of them, that say where code fails.

    Args:
        layer: the layer.
        failing: the sizes at which it fails, at least one.
        passing: the sizes at which it does not, at least one.

    Returns:
        The fewest regions, found greedily, that hold at every failing size and at no passing
        one; None where no combination of features and pairs of features does.
    """
    failing, passing = tuple(failing), tuple(passing)
    assert failing, "where nothing fails there is nothing to say"
    assert passing, "where nothing passes there is no rule"
    features = layer.shapes.features
    single = _covering(features, failing, passing)
    return single or _covering((*features, *_pairs(features)), failing, passing)


def _covering(
    features: Iterable[Region], failing: tuple[Sizes, ...], passing: tuple[Sizes, ...]
) -> tuple[Region, ...] | None:
    covered = {
        feature: frozenset(place for place, sizes in enumerate(failing) if feature.holds(sizes))
        for feature in features
        if not any(map(feature.holds, passing))
    }
    left = frozenset(range(len(failing)))
    chosen: list[Region] = []
    while left:
        # `max` takes the first of equals, which is the plainest.
        best = max(covered, key=lambda feature: len(covered[feature] & left), default=None)
        if best is None or not covered[best] & left:
            return None
        chosen.append(best)
        left -= covered[best]
    return tuple(chosen)


def _pairs(features: Sequence[Region]) -> Iterable[Region]:
    for place, first in enumerate(features):
        for second in features[place + 1 :]:
            yield Region(f"{first.name} and {second.name}", first.condition & second.condition)
