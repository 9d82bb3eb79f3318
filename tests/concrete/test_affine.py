"""Affine integers: what is added keeps the steps of both, and none of them is 0."""

from __future__ import annotations

import pytest

from symconv.algebra.indices import Index
from symconv.concrete.affine import Affine

p, k = Index("p"), Index("k")


@pytest.mark.parametrize(
    ("left", "right", "factor", "start", "steps"),
    [
        (Affine(1, {p: 2}), Affine(3), 2, 7, {p: 2}),
        (Affine(1), Affine(3, {k: 4}), 1, 4, {k: 4}),
        (Affine(1), Affine(3, {k: 4}), -1, -2, {k: -4}),
        (Affine(1), Affine(3, {k: 4}), 0, 1, {}),
        (Affine(1, {p: 2}), Affine(3, {p: 2}), -1, -2, {}),
        (Affine(1, {p: 2}), Affine(3, {p: 1, k: 1}), -2, -5, {k: -2}),
    ],
)
def test_a_sum_has_the_starts_and_the_steps_of_both(
    left: Affine, right: Affine, factor: int, start: int, steps: dict[Index, int]
) -> None:
    before = (dict(left.steps), dict(right.steps))
    total = left.plus(right, factor)
    assert (total.start, total.steps) == (start, steps)
    assert (left.steps, right.steps) == before


def test_a_sum_over_several_parts_leaves_the_parts_as_they_were() -> None:
    first = Affine(0).plus(Affine(1, {p: 1}))
    total = first.plus(Affine(2, {p: 1})).plus(Affine(5))
    assert (first.start, first.steps) == (1, {p: 1})
    assert (total.start, total.steps) == (8, {p: 2})
