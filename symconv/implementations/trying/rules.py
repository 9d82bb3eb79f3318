"""Rules that say at which shapes code fails, tested at shapes that they were not made from.

Many rules fit a few failing shapes. One is said only where at least three shapes speak for it,
and where it foretold what code does at fresh shapes, inside and outside; where it did not, these
shapes count among the others, and another rule is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from symconv.algebra.evaluation import condition_value
from symconv.algebra.indices import Condition, conjuncts
from symconv.errors import SizesError
from symconv.implementations.trying.features import ASKED, FEATURES, Feature, regions
from symconv.implementations.trying.shape_classes import CLASSES, smallest_shape
from symconv.layers.convolution.forward import H, W
from symconv.layers.convolution.two_dimensional import conv2d
from symconv.layers.layer import Sizes

Fails: TypeAlias = Callable[[Sizes], bool | None]
"""Tells whether code fails at a shape in the way in question; None where that is not known."""

LEAST_SHAPES = 3
"""So many shapes must fail in each region of a rule."""
MOST_RULES = 4
"""So many rules are tried one after the other."""

_INSIDE, _OUTSIDE = CLASSES[::4], CLASSES[2::4]
_LARGER = (H >= 6) & (W >= 7)


def rules(
    failing: Sequence[Sizes],
    passing: Sequence[Sizes],
    fails: Fails | None = None,
    limits: Sequence[Condition] = (),
) -> tuple[Feature, ...] | None:
    """Find a rule for where code fails that also holds at fresh shapes.

    Args:
        failing: the sizes at which it fails, at least one.
        passing: the sizes at which it does not, at least one.
        fails: runs it at a fresh shape; None where it cannot be run.
        limits: the conditions on sizes that its signature imposes.

    Returns:
        The regions in which it fails, as features; None where there is no such rule.
    """
    return _tested(regions, failing, passing, fails, limits)


def exception(
    failing: Sequence[Sizes],
    passing: Sequence[Sizes],
    fails: Fails | None = None,
    limits: Sequence[Condition] = (),
) -> Feature | None:
    """Find the one condition under which code does not fail, as `rules` finds where it does."""

    def passes(sizes: Sizes) -> bool | None:
        outcome = fails(sizes) if fails is not None else None
        return None if outcome is None else not outcome

    tested = None if fails is None else passes
    found = _tested(_only_condition, passing, failing, tested, limits)
    return found[0] if found else None


def _only_condition(inside: Iterable[Sizes], outside: Iterable[Sizes]) -> tuple[Feature] | None:
    inside, outside = tuple(inside), tuple(outside)
    for feature in (*FEATURES, *ASKED):
        if all(map(feature.holds, inside)) and not any(map(feature.holds, outside)):
            return (feature,)
    return None


def _tested(
    find: Callable[[Iterable[Sizes], Iterable[Sizes]], tuple[Feature, ...] | None],
    failing: Sequence[Sizes],
    passing: Sequence[Sizes],
    fails: Fails | None,
    limits: Sequence[Condition],
) -> tuple[Feature, ...] | None:
    inside, outside = [*failing], [*passing]
    for _ in range(MOST_RULES):
        found = find(inside, outside)
        if found is None:
            return None
        if fails is None or _foretells(found, inside, outside, fails, limits):
            enough = all(sum(map(one.holds, inside)) >= LEAST_SHAPES for one in found)
            return found if enough else None
    return None


def _foretells(
    found: tuple[Feature, ...],
    inside: list[Sizes],
    outside: list[Sizes],
    fails: Fails,
    limits: Sequence[Condition],
) -> bool:
    """Try a rule at fresh shapes, which join the others; end at the first that contradicts it."""
    for sizes in _fresh(found, limits):
        if sizes in inside or sizes in outside:
            continue
        outcome = fails(sizes)
        if outcome is None:
            continue
        (inside if outcome else outside).append(sizes)
        if outcome != any(one.holds(sizes) for one in found):
            return False
    return True


def _fresh(found: Iterable[Feature], limits: Sequence[Condition]) -> Iterator[Sizes]:
    """Yield shapes inside and outside every region, some of them larger."""
    for feature in found:
        parts = conjuncts(feature.condition)
        for classes, wanted in ((_INSIDE, parts), *((_OUTSIDE, (~part,)) for part in parts)):
            for number, (_, condition) in enumerate(classes):
                larger = (_LARGER,) if number % 2 else ()
                sizes = smallest_shape((*limits, *wanted, condition, *larger))
                if sizes is not None:
                    yield sizes


_STEPS: tuple[Mapping[str, int], ...] = (
    {"N": 1, "C": 1, "F": 1},
    {"H": 1, "W": 1},
    {"H": 1},
    {"W": 1},
    {"HH": 1, "WW": 1, "H": 1, "W": 1},
    {"H": 2, "W": 2},
    {"HH": 1},
    {"WW": 1},
    {"N": 1},
    {"C": 1},
    {"F": 1},
    {"H": 2},
    {"W": 2},
    {"S": 1},
    {"P": 1},
)


def nearby(sizes: Sizes, limits: Sequence[Condition]) -> Iterator[Sizes]:
    """Yield shapes that are a little larger than a shape in one or a few sizes."""
    for steps in _STEPS:
        given = {name: value + steps.get(name, 0) for name, value in sizes.given.items()}
        try:
            found = conv2d().sizes("", **given)
        except SizesError:
            # The filter does not fit into the image.
            continue
        if all(condition_value(limit, found.by_symbol) for limit in limits):
            yield found
