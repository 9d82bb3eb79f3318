"""One spatial axis: extents and what makes it meaningful."""

from __future__ import annotations

from itertools import product

import pytest

from symconv.algebra.evaluation import condition_value, integer_value
from symconv.algebra.indices import indices, sizes
from symconv.layers.axis import Axis

A, K, M, S, P, Q, D = SYMBOLS = sizes("A K M S P Q D")
EVEN = Axis(input=A, filter=K, output=M, stride=S, padding_before=P, padding_after=P)
UNEVEN = Axis(input=A, filter=K, output=M, stride=S, padding_before=P, padding_after=Q, dilation=D)


def test_extents_read_as_the_field_writes_them() -> None:
    assert str(EVEN.padded) == "A+2*P"
    assert str(EVEN.reach) == "K"
    assert str(EVEN.room) == "A+2*P-K"
    assert str(EVEN.output_extent) == "floor((A+2*P-K)/S)+1"
    assert str(UNEVEN.padded) == "A+P+Q"
    assert str(UNEVEN.reach) == "D*(K-1)+1"


@pytest.mark.parametrize("axis", [EVEN, UNEVEN])
def test_the_conditions_without_division_define_the_same_output_size(axis: Axis) -> None:
    seen = 0
    for values in product(range(1, 5), range(1, 4), range(1, 4), range(3), range(2), (1, 2)):
        scope = dict(zip((A, K, S, P, Q, D), values, strict=True))
        if not all(condition_value(condition, scope) for condition in axis.constraints()):
            continue
        seen += 1
        extent = integer_value(axis.output_extent, scope)
        fitting = [
            candidate
            for candidate in range(1, 12)
            if all(
                condition_value(condition, {**scope, M: candidate})
                for condition in axis.output_conditions()
            )
        ]
        assert fitting == [extent]
    assert seen > 100


def test_a_filter_that_does_not_fit_violates_the_constraint() -> None:
    scope = {A: 2, K: 5, P: 1}
    assert not all(condition_value(condition, scope) for condition in EVEN.constraints())
    assert all(condition_value(c, {**scope, P: 2}) for c in EVEN.constraints())


def test_a_window_reads_positions_of_the_padded_input_as_stride_and_dilation_say() -> None:
    k, p, i = indices("k p i")
    assert str(EVEN.position(k, p)) == "S*k+p"
    assert str(UNEVEN.position(k, p)) == "S*k+D*p"
    assert str(UNEVEN.unpadded(i)) == "i-P"
    scope = {A: 4, K: 2, S: 3, P: 1, Q: 2, D: 2}
    last = integer_value(UNEVEN.output_extent, scope) - 1
    read = [integer_value(UNEVEN.position(k, p), scope | {k: last, p: tap}) for tap in (0, 1)]
    assert read == [3, 5]
    assert max(read) < integer_value(UNEVEN.padded, scope)
    inside = [i for i in range(7) if condition_value(UNEVEN.holds_input(i), scope)]
    assert inside == [1, 2, 3, 4]
