"""Sorted tables of int64: laying out, multiplying out, adding up, comparing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from symconv.concrete.rows import (
    FREE,
    NOTHING,
    PRESENCE,
    Block,
    Factored,
    Layout,
    Rows,
    collect,
    differing,
    exact_product,
    exact_sums,
    expand,
    merge,
    spread,
)
from symconv.errors import NotSupported

X0, X1, W0, F0 = ("x", 0), ("x", 1), ("w", 0), (FREE, 0)
BOUNDS = {F0: (-2, 1), X0: (0, 2), X1: (0, 4), W0: (0, 1), ("x", PRESENCE): (0, 1)}
LAYOUT = Layout([F0, X0, X1, W0], BOUNDS)


def block(columns, coefficients=None) -> Block:
    arrays = tuple(np.array(values, dtype=np.int64) for values in columns.values())
    return Block(tuple(columns), arrays, coefficients, len(arrays[0]) if arrays else 0)


def as_dictionary(rows: Rows, slots) -> dict[tuple[int, ...], object]:
    digits = zip(*LAYOUT.decode(rows.codes, slots), strict=True)
    values = spread(rows).tolist()
    return {tuple(map(int, one)): value for one, value in zip(digits, values, strict=True)}


def test_codes_decode_to_the_values_they_were_made_of() -> None:
    grid = LAYOUT.grid([F0, X0, X1, W0])
    assert grid.shape == (4, 3, 5, 2)
    assert sorted(grid.reshape(-1).tolist()) == list(range(120))
    columns = LAYOUT.decode(grid.reshape(-1), [F0, X0, X1, W0])
    for place, position in enumerate(np.ndindex(4, 3, 5, 2)):
        assert [int(column[place]) for column in columns] == [position[0] - 2, *position[1:]]


def test_a_layout_that_does_not_fit_is_refused_at_the_limit_exactly() -> None:
    edge = {("x", number): (0, 2**31 - 1) for number in range(2)}
    with pytest.raises(NotSupported, match="int64"):
        Layout(edge, edge)
    fitting = Layout(edge, {**edge, ("x", 0): (0, 2**31 - 2)})
    codes = np.array([fitting.total - 1])
    assert [int(part[0]) for part in fitting.decode(codes, edge)] == [2**31 - 2, 2**31 - 1]
    with pytest.raises(NotSupported):
        Layout(edge, {**edge, ("x", 0): (0, 2**31 - 2)}, limit=2**60)


def test_a_product_of_blocks_has_a_row_per_combination() -> None:
    term = Factored(
        (("x", 2),),
        3,
        ((W0, 1),),
        (block({X0: [0, 2]}), block({F0: [-2, 0], X1: [4, 1]}, np.array([1, -1]))),
    )
    rows = expand(term, LAYOUT)
    assert term.count == 4
    assert np.all(rows.codes[1:] > rows.codes[:-1])
    assert as_dictionary(rows, [F0, X0, X1, W0]) == {
        (-2, 0, 4, 1): 3,
        (-2, 2, 4, 1): 3,
        (0, 0, 1, 1): -3,
        (0, 2, 1, 1): -3,
    }


def test_a_block_that_no_digit_depends_on_multiplies() -> None:
    slots = block({X0: [1]})
    free = Block((), (), None, 5)
    weighted = Block((), (), np.array([2, -7, 1]), 3)
    rest = ((X1, 0), (F0, 0), (W0, 0))
    assert spread(expand(Factored((), 1, rest, (slots, free)), LAYOUT)).tolist() == [5]
    assert spread(expand(Factored((), 2, rest, (slots, weighted)), LAYOUT)).tolist() == [-8]
    nothing = Block((), (), np.array([1, -1]), 2)
    assert len(expand(Factored((), 1, rest, (slots, nothing)), LAYOUT).codes) == 0


def test_coefficients_follow_their_rows_in_every_order_of_blocks() -> None:
    first, second = np.array([2, 3]), np.array([5, 7])
    for order in (1, -1):
        blocks = (block({X0: [0, 1]}, first), block({X1: [0, 1]}, second))[::order]
        rows = expand(Factored((), 1, ((F0, 0), (W0, 0)), blocks), LAYOUT)
        assert as_dictionary(rows, [X0, X1]) == {
            (0, 0): 10,
            (0, 1): 14,
            (1, 0): 15,
            (1, 1): 21,
        }


def test_coefficients_of_one_block_are_repeated_for_every_row_of_the_other() -> None:
    weighted, plain = np.array([2, 3]), None
    for on_first, on_second in ((weighted, plain), (plain, weighted)):
        blocks = (block({X0: [0, 1]}, on_first), block({X1: [0, 1]}, on_second))
        rows = expand(Factored((), 1, ((F0, 0), (W0, 0)), blocks), LAYOUT)
        assert as_dictionary(rows, [X0, X1]) == {
            (first, second): 2 + (first if on_second is plain else second)
            for first in (0, 1)
            for second in (0, 1)
        }


def test_presence_is_added_for_the_arrays_of_a_term() -> None:
    layout = Layout([("x", PRESENCE), X0], BOUNDS)
    present = expand(Factored((("x", 1),), 1, ((X0, 2),), ()), layout)
    absent = expand(Factored((), 1, (), ()), layout)
    assert (present.codes.tolist(), absent.codes.tolist()) == ([5], [0])


@pytest.mark.parametrize(
    ("codes", "coefficients", "expected"),
    [
        ([1, 2, 3], 4, {1: 4, 2: 4, 3: 4}),
        ([3, 1, 2], 4, {1: 4, 2: 4, 3: 4}),
        ([2, 1, 2], 4, {1: 4, 2: 8}),
        ([2, 1, 2], [1, 5, -1], {1: 5}),
        ([2, 1, 2], [Fraction(1, 2), 5, Fraction(1, 3)], {1: 5, 2: Fraction(5, 6)}),
        ([1, 1], [1, -1], {}),
        ([], 1, {}),
    ],
)
def test_rows_are_sorted_added_up_and_dropped_where_they_cancel(
    codes, coefficients, expected
) -> None:
    if isinstance(coefficients, list):
        kind = object if Fraction in map(type, coefficients) else np.int64
        coefficients = np.array(coefficients, dtype=kind)
    rows = collect(np.array(codes, dtype=np.int64), coefficients)
    assert dict(zip(rows.codes.tolist(), spread(rows).tolist(), strict=True)) == expected
    assert list(expected) == rows.codes.tolist()


def test_polynomials_add() -> None:
    one, other = Rows(np.array([1, 3])), Rows(np.array([2, 3]), np.array([5, -1]))
    assert merge([]).same(NOTHING)
    assert merge([one]) is one
    assert merge([one, one]).same(Rows(np.array([1, 3]), 2))
    assert merge([one, other]).same(Rows(np.array([1, 2]), np.array([1, 5])))
    assert merge([one, Rows(np.array([1, 3]), -1)]).same(NOTHING)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (Rows(np.array([1, 2])), Rows(np.array([1, 2])), True),
        (Rows(np.array([1, 2])), Rows(np.array([1, 2]), np.array([1, 1])), True),
        (Rows(np.array([1, 2]), 2), Rows(np.array([1, 2]), Fraction(4, 2)), True),
        (NOTHING, Rows(np.zeros(0, dtype=np.int64), 7), True),
        (Rows(np.array([1, 2])), Rows(np.array([1, 3])), False),
        (Rows(np.array([1, 2])), Rows(np.array([1, 2, 3])), False),
        (Rows(np.array([1, 2])), Rows(np.array([1, 2]), 2), False),
        (Rows(np.array([1, 2])), Rows(np.array([1, 2]), np.array([1, 2])), False),
        (Rows(np.array([1])), NOTHING, False),
    ],
)
def test_polynomials_are_the_same_only_with_the_same_rows_and_coefficients(
    left, right, same
) -> None:
    assert left.same(right) is same
    assert right.same(left) is same
    assert (len(differing(left, right)[0]) == 0) is same


def test_what_differs_is_found_with_both_coefficients() -> None:
    left = Rows(np.array([1, 2, 5]), np.array([1, 2, 3]))
    right = Rows(np.array([2, 4, 5]), np.array([2, 9, 4]))
    codes, on_left, on_right = differing(left, right)
    assert codes.tolist() == [1, 4, 5]
    assert (on_left.tolist(), on_right.tolist()) == ([1, 0, 3], [0, 9, 4])
    assert all(type(value) is int for value in (*on_left, *on_right))


def test_products_and_sums_leave_int64_where_they_must() -> None:
    big = np.array([2**40, -(2**40)])
    assert exact_product(big, big).tolist() == [2**80, 2**80]
    assert exact_product(big, 2**40).tolist() == [2**80, -(2**80)]
    assert exact_product(2**80, np.array([3])).tolist() == [3 * 2**80]
    assert exact_product(Fraction(1, 3), np.array([3, 1])).tolist() == [1, Fraction(1, 3)]
    assert exact_product(np.array([2, 3]), np.array([5, 7])).dtype == np.int64
    assert exact_product(2**80, 3) == 3 * 2**80
    sums = exact_sums(np.array([2**61] * 5 + [-1]), np.array([0, 5]))
    assert sums.tolist() == [5 * 2**61, -1]
    assert exact_sums(np.array([1, 2, 3]), np.array([0, 2])).dtype == np.int64


def test_a_huge_scalar_multiplies_exactly() -> None:
    constants = ((F0, 0), (X1, 0), (W0, 0))
    term = Factored((), 2**70, constants, (block({X0: [0, 1]}, np.array([1, 2])),))
    assert spread(expand(term, LAYOUT)).tolist() == [2**70, 2**71]
    plain = Factored((), 2**70, constants, (block({X0: [0, 1]}),))
    doubled = merge([expand(plain, LAYOUT), expand(plain, LAYOUT)])
    assert spread(doubled).tolist() == [2**71, 2**71]
