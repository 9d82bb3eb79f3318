"""Placements: every value of a box goes where its position says, and nowhere else."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from symconv import indices
from symconv.concrete.affine import Affine
from symconv.concrete.placements import Placement
from symconv.errors import NotSupported

k, p, q = indices("k p q")
LENGTHS = {k: 5, p: 3, q: 2}


def at(start: int = 0, **steps: int) -> Affine:
    names = {"k": k, "p": p, "q": q}
    return Affine(start, {names[name]: step for name, step in steps.items()})


CASES = {
    "the whole axis": ([at(k=1)], (5,), True),
    "two whole axes": ([at(q=1), at(k=1)], (2, 5), True),
    "an axis of one": ([at(), at(k=1)], (1, 5), True),
    "part of an axis": ([at(2, k=1)], (9,), False),
    "a stride": ([at(k=2)], (9,), False),
    "turned around": ([at(4, k=-1)], (5,), False),
    "turned around with a stride": ([at(8, k=-2)], (9,), False),
    "cropped in front": ([at(-2, k=1)], (5,), False),
    "cropped behind": ([at(2, k=1)], (5,), False),
    "cropped on both sides": ([at(-3, k=3)], (7,), False),
    "turned around and cropped": ([at(6, k=-2)], (5,), False),
    "turned around and cropped in front": ([at(3, k=-1)], (9,), False),
    "a window": ([at(-1, k=2, p=1)], (9,), False),
    "a window backwards": ([at(9, k=-2, p=-1)], (9,), False),
    "two windows": ([at(-1, k=2, p=1), at(q=1)], (9, 2), False),
    "a diagonal": ([at(k=1), at(k=1)], (5, 5), False),
    "a shared index": ([at(k=1, q=1), at(q=1)], (6, 2), False),
    "all outside": ([at(9, k=1)], (5,), False),
    "one number": ([at(3)], (5,), False),
    "one number outside": ([at(-1)], (5,), False),
}


@pytest.mark.parametrize("missing", [None, k, p, q])
@pytest.mark.parametrize("name", CASES)
def test_values_go_where_their_positions_say(name, missing) -> None:
    places, shape, plain = CASES[name]
    placement = Placement(places, shape, LENGTHS)
    assert placement.plain == plain
    axes = tuple(index for index in reversed(placement.kept) if index != missing)
    values = np.arange(1, 1 + int(np.prod([LENGTHS[i] for i in axes])), dtype=np.int64)
    values = values.reshape([LENGTHS[index] for index in axes])
    order, slices = placement.slices(axes)
    result = np.zeros(shape, dtype=np.int64)
    for there, here in slices:
        result[there] += values.transpose(order)[here]
    expected = np.zeros(shape, dtype=np.int64)
    for point in product(*(range(LENGTHS[index]) for index in placement.kept)):
        value_by_index = dict(zip(placement.kept, point, strict=True))
        position = tuple(
            place.start + sum(step * value_by_index[i] for i, step in place.steps.items())
            for place in places
        )
        if all(0 <= here < extent for here, extent in zip(position, shape, strict=True)):
            expected[position] += values[tuple(value_by_index[index] for index in axes)]
    assert np.array_equal(result, expected)


def test_a_result_of_too_many_slices_is_refused() -> None:
    placement = Placement([at(k=1), at(k=1)], (10**6, 10**6), {k: 10**6})
    with pytest.raises(NotSupported, match="more than 100,000 slices"):
        _ = placement.slices((k,))


def test_the_longer_index_of_an_axis_is_the_slice() -> None:
    _, slices = Placement([at(k=1, p=1)], (7,), LENGTHS).slices((k, p))
    assert len(slices) == LENGTHS[p]
