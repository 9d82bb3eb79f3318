"""Boxes: how deltas and brackets are solved, and what is left to be asked."""

from __future__ import annotations

from itertools import product

import pytest

from symconv import indices, sizes
from symconv.algebra.evaluation import Evaluator
from symconv.algebra.expressions import Array, Delta, Iverson, Number
from symconv.algebra.indices import (
    TRUE,
    Comparison,
    Maximum,
    Range,
    as_integer,
    between,
    ceiling,
    divides,
    equal,
)
from symconv.concrete.affine import Limit
from symconv.concrete.boxes import Box
from symconv.concrete.points import groups, is_reached
from symconv.concrete.terms import Steps
from symconv.errors import NotSupported, TooLarge

H, K, S, P, W = sizes("H K S P W")
i, j, k, p = indices("i j k p")
w = Array("w", (W,))
AT = {H: 7, K: 3, S: 2, P: 1, W: 3}


def span(index, length):
    return Range(index, as_integer(0), as_integer(length) - 1)


RANGES = (span(i, H), span(k, K), span(p, W))


def points(box: Box, steps: Steps) -> set[tuple[int, ...]]:
    """Return the values of every index at the points that a box has."""
    if box.empty:
        return set()
    axes = tuple(box.lengths)
    held = box.mask([*box.limits, *box.conditions], axes)
    for factor in box.coefficients:
        held &= box.values(factor, box.grid(axes), None) != 0
    assert held.any() == is_reached(box)
    found = []
    for point in product(*(range(box.lengths[axis]) for axis in axes)):
        if held[point]:
            here = dict(zip(axes, point, strict=True))
            found.append(
                tuple(
                    box.at[item.index].start
                    + sum(step * here[axis] for axis, step in box.at[item.index].steps.items())
                    for item in steps
                    if isinstance(item, Range)
                )
            )
    assert len(set(found)) == len(found), "no point comes twice"
    return set(found)


def meant(steps: Steps) -> set[tuple[int, ...]]:
    """Return the values of every index at which no step is 0, one by one."""
    evaluator = Evaluator({}, AT)
    ranges = tuple(step for step in steps if isinstance(step, Range))
    return {
        tuple(values.values())
        for values in evaluator.assignments(ranges)
        if all(evaluator.polynomial(s, values) for s in steps if not isinstance(s, Range))
    }


GUARDS = {
    "the delta of a strided window": (Delta(p + S * k, i + P),),
    "the bracket of a strided window": (Iverson(between(0, i + P - S * k, W - 1)),),
    "a delta between two indices": (Delta(k, p),),
    "a delta that turns an index around": (Delta(k, 2 - p),),
    "two deltas": (Delta(p, k), Delta(i, p + k)),
    "deltas that contradict": (Delta(p, 0), Delta(p, 1)),
    "a delta without a unit": (Delta(2 * k, 3 * p),),
    "a delta that never holds": (Delta(2 * k, 2 * p + 1),),
    "a delta of numbers": (Delta(H, 7),),
    "a delta of other numbers": (Delta(H, 8),),
    "an index set": (Delta(i, 2),),
    "an index set outside": (Delta(i, 9),),
    "half of an index": (Delta(2 * i, 6),),
    "one side": (Iverson(i >= 3),),
    "one side, strictly": (Iverson(i < 3),),
    "a negative step": (Iverson(6 - 2 * i > 0),),
    "both sides with steps": (Iverson(between(2, 3 * i, 11)),),
    "nothing left": (Iverson(i > 6),),
    "one side of two indices": (Iverson(i - 2 * k >= 0),),
    "sides of two sums of indices": (Iverson(i + k <= 4), Iverson(k - p > 0)),
    "the same sum from both sides": (Iverson(k - p >= 0), Iverson(p - k >= 0)),
    "a window with its delta and a cut": (Delta(p + S * k, i + P), Iverson(i >= 2)),
    "a window with another bracket": (Delta(p + S * k, i + P), Iverson(p + k <= 3)),
    "an equality in a bracket": (Iverson(equal(i, k + p)),),
    "all but one": (Iverson(Comparison(i, "!=", as_integer(2))),),
    "divisors": (Iverson(divides(S, i)),),
    "a remainder": (Iverson(equal(i % S, 1)),),
    "a ceiling": (Iverson(ceiling(i / 2) <= k),),
    "either": (Iverson((i < 1) | (k > p)),),
    "neither": (Iverson(~(i < 1)),),
    "a maximum": (Iverson(Maximum((i, k)) <= 2),),
    "always": (Iverson(TRUE),),
    "a coefficient of 0": (Number(as_integer(0)),),
    "a coefficient": (Number(H - 2),),
    "a coefficient that depends on an index": (Number(i - k),),
    "a factor that is a sum": (1 - Iverson(i >= k),),
    "a product of indices": (Delta(i * k, 2),),
    "a remainder that an index equals": (Delta((i + k) % W, p),),
}


@pytest.mark.parametrize("read", [(), (w[p],), (w[i + P - S * k],)], ids=["none", "w[p]", "window"])
@pytest.mark.parametrize("name", GUARDS)
def test_a_box_has_exactly_the_points_that_are_meant(name, read) -> None:
    steps = (*RANGES, *GUARDS[name])
    box = Box(steps, AT, (i,), read)
    # A free index that left its range is outside the result, which the limits say too.
    assert points(box, steps) == meant(steps)


def test_the_guards_are_of_many_kinds() -> None:
    counts = [len(meant((*RANGES, *guards))) for guards in GUARDS.values()]
    assert counts.count(0) == 6
    assert counts.count(7 * 3 * 3) == 3


@pytest.mark.parametrize(
    "ranges",
    [
        (span(k, K), Range(p, S * k, S * k + W - 1)),
        (span(k, K), Range(p, as_integer(0), k)),
        (span(k, K), Range(p, k, as_integer(2))),
        (span(k, K), Range(p, as_integer(2), as_integer(1)), Range(j, p, as_integer(9))),
        (span(k, 1), span(p, W)),
        (Range(k, as_integer(-2), as_integer(2)), Range(p, 0 - k, as_integer(1))),
        (span(k, K), Range(p, ceiling(k / 2), (k + 5) // 2)),
        (span(k, K), Range(p, k * k, as_integer(3))),
    ],
)
def test_ranges_that_depend_on_indices_have_the_points_that_are_meant(ranges) -> None:
    assert points(Box(ranges, AT), ranges) == meant(ranges)


def test_a_strided_window_leaves_no_condition_to_ask() -> None:
    by_delta = Box((*RANGES, Delta(p + S * k, i + P)), AT, (i,), (w[p],))
    by_bracket = Box(
        (*RANGES[:2], Iverson(between(0, i + P - S * k, W - 1))),
        AT,
        (i,),
        (w[i + P - S * k],),
    )
    for box in (by_delta, by_bracket):
        assert [limit.crop for limit in box.limits] == [True]
        assert sorted(box.lengths.values()) == [3, 3]
    position = by_bracket.affine(i + P - S * k)
    assert position is not None
    assert position.start == 0
    assert list(position.steps.values()) == [1]


def test_both_sides_of_a_sum_of_indices_become_one_limit() -> None:
    guards = GUARDS["the same sum from both sides"]
    assert len(Box((*RANGES, *guards), AT, (i,)).limits) == 1


def test_a_cut_of_the_free_index_is_asked_and_not_cropped() -> None:
    cut = (Delta(p + S * k, i + P), Iverson(i >= 2))
    box = Box((*RANGES, *cut), AT, (i,), (w[p],))
    assert not all(limit.crop for limit in box.limits)


def test_what_is_connected_is_asked_together_and_nothing_else_is() -> None:
    box = Box((*RANGES, span(j, 4), Iverson(i + k <= 4), Iverson(j >= 1)), AT)
    assert sorted(tuple(axis.name for axis in group.axes) for group in groups(box)) == [
        ("i", "k"),
        ("j",),
        ("p",),
    ]
    assert sorted(tuple(axis.name for axis in group.axes) for group in groups(box, (p, j))) == [
        ("i", "k"),
        ("p", "j"),
    ]
    assert {group.axes[0].name for group in groups(box) if group.held is not None} == {"i"}


def test_numbers_that_may_not_fit_in_64_bits_are_refused() -> None:
    with pytest.raises(NotSupported, match="64 bits"):
        _ = Box((*RANGES, Iverson(equal(i % (10**19), 1))), AT)
    far = (Range(k, as_integer(2**40), as_integer(2**40 + 1)),)
    with pytest.raises(NotSupported, match="64 bits"):
        _ = Box((*far, Iverson(k * k >= 0)), AT)
    steep = Box((span(k, K), span(p, W), Iverson(k * 2**62 >= p)), AT)
    with pytest.raises(NotSupported, match="64 bits"):
        _ = groups(steep)


def test_conditions_on_too_many_points_are_refused() -> None:
    many = {**AT, H: 5000, K: 5000}
    box = Box((*RANGES, Iverson(i - 5 * k >= 3)), many)
    (limit,) = box.limits
    assert isinstance(limit, Limit)
    with pytest.raises(TooLarge, match="25,000,000 values together"):
        _ = box.mask([limit], box.axes_of(limit))
