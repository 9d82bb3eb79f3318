from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symconv.algebra.conditions import FALSE, canonical_condition, conjunction
from symconv.algebra.evaluation import condition_value
from symconv.algebra.indices import (
    TRUE,
    And,
    CeilingDivision,
    Comparison,
    Condition,
    Constant,
    Divides,
    FloorDivision,
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Or,
    Plus,
    Quotient,
    Remainder,
    Symbol,
    Times,
    between,
    ceiling,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.errors import IllFormed, NotSupported

i, j = indices("i j")
H, S = sizes("H S")
LEAST = {H: 1, S: 1}
SYMBOLS: tuple[Symbol, ...] = (i, j, H, S)


def integers() -> st.SearchStrategy[IntegerExpression]:
    leaves = st.one_of(st.integers(-3, 3).map(Constant), st.sampled_from(SYMBOLS))

    def extend(inner: st.SearchStrategy[IntegerExpression]):
        pairs = st.tuples(inner, inner)
        over = st.tuples(inner, st.sampled_from([S, H, 2 * S, Constant(2), Constant(-3), j]))
        return st.one_of(
            pairs.map(Plus),
            pairs.map(Times),
            pairs.map(lambda pair: pair[0] - pair[1]),
            over.map(lambda pair: Quotient(*pair)),
            over.map(lambda pair: FloorDivision(*pair)),
            over.map(lambda pair: CeilingDivision(*pair)),
            over.map(lambda pair: Remainder(*pair)),
            pairs.map(Minimum),
            pairs.map(Maximum),
        )

    return st.recursive(leaves, extend, max_leaves=5)


def conditions() -> st.SearchStrategy[Condition]:
    relations = st.sampled_from(["==", "!=", "<=", "<", ">=", ">"])
    leaves = st.one_of(
        st.builds(Comparison, integers(), relations, integers()),
        st.builds(Divides, st.sampled_from([S, 2 * S, Constant(2), Constant(-3), j]), integers()),
    )

    def extend(inner: st.SearchStrategy[Condition]):
        several = st.lists(inner, max_size=3).map(tuple)
        return st.one_of(several.map(And), several.map(Or), inner.map(Not))

    return st.recursive(leaves, extend, max_leaves=4)


def every_part(condition: Condition, scope: dict[Symbol, int]) -> bool:
    """Decide a condition with no part left out; a division by 0 anywhere raises."""
    match condition:
        case And(conditions=parts) | Or(conditions=parts):
            found = [every_part(part, scope) for part in parts]
            return all(found) if isinstance(condition, And) else any(found)
        case Not(condition=part):
            return not every_part(part, scope)
    return condition_value(condition, scope)


@given(
    conditions(),
    st.tuples(st.integers(-4, 4), st.integers(-4, 4), st.integers(1, 4), st.integers(1, 4)),
)
def test_the_canonical_form_has_the_same_truth_where_no_divisor_is_zero(condition, values):
    scope = dict(zip(SYMBOLS, values, strict=True))
    try:
        expected = every_part(condition, scope)
    except IllFormed:
        return
    try:
        known, unknown = canonical_condition(condition, LEAST), canonical_condition(condition)
    except NotSupported:
        return
    assert condition_value(known, scope) is expected
    assert condition_value(unknown, scope) is expected


@given(conditions())
def test_the_canonical_form_is_its_own_canonical_form(condition):
    try:
        once = canonical_condition(condition, LEAST)
    except NotSupported:
        return
    assert canonical_condition(once, LEAST) == once


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (i <= j, j >= i),
        (i < j, i + 1 <= j),
        (~(i < j), j <= i),
        (~~(i < j), i < j),
        (equal(i, j), equal(j, i)),
        (equal(2 * i, 2 * j), equal(i, j)),
        (~equal(i, j), Comparison(j, "!=", i)),
        (2 * i <= 2 * j + 1, i <= j),
        (i <= floor(j / S), S * i <= j),
        (i >= ceiling(j / S), S * i >= j),
        (i > floor(j / S), S * i > j),
        (i < ceiling(j / S), S * i < j),
        (equal(i, floor(j / S)), (S * i <= j) & (j < S * i + S)),
        (~equal(i, floor(j / S)), (S * i > j) | (j >= S * i + S)),
        (i / S <= j, i <= S * j),
        (i / (0 - S) <= j, i >= 0 - S * j),
        (i <= Minimum((j, H)), (i <= j) & (i <= H)),
        (i >= Maximum((j, H)), (i >= j) & (i >= H)),
        (i <= Maximum((j, H)), (i <= j) | (i <= H)),
        (i >= Minimum((j, H)), (i >= j) | (i >= H)),
        (equal(Minimum((j / 2, i)), H), equal(H, Minimum((i, j / 2)))),
        (equal(i % S, 0), divides(S, i)),
        (~equal(0, i % S), ~divides(S, i)),
        (divides(S, i + 2 * S), divides(S, i)),
        (divides(S, 0 - i), divides(S, i)),
        (divides(S, S * i), TRUE),
        (divides(2, Constant(4)), TRUE),
        (divides(2, Constant(3)), FALSE),
        (~divides(2, Constant(3)), TRUE),
        (~divides(S, S * i), FALSE),
        (divides(H, i / S), divides(H * S, i)),
        (between(0, i, H - 1) & between(0, i, H - 1), between(0, i, H - 1)),
        (~((i < j) & divides(S, i)), (j <= i) | ~divides(S, i)),
        (~((i < j) | divides(S, i)), (j <= i) & ~divides(S, i)),
        (equal(2 * i, 2 * j + 1), FALSE),
        (~equal(2 * i, 2 * j + 1), TRUE),
        (And((i <= i, Or(()))), FALSE),
        (Or((i < i, And(()))), TRUE),
        (Constant(1) <= 0 * i + 2, TRUE),
    ],
)
def test_what_has_one_canonical_form_is_known_to_be_the_same(left, right):
    assert canonical_condition(left, LEAST) == canonical_condition(right, LEAST)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (i < j, i <= j),
        (i <= floor(j / S), i <= ceiling(j / S)),
        (i <= floor(j / S), S * i <= j + 1),
        (divides(S, i), divides(S, i + 1)),
        (equal(i % S, 1), divides(S, i)),
        (equal(i % S, 0), divides(S, i + 1)),
        (equal(i % S + j % S, 0), divides(S, i + j)),
        (i <= Minimum((j, H)), (i <= j) | (i <= H)),
        (equal(i, Minimum((j, H))), equal(i, j)),
        (i <= 2 * floor(j / S), S * i <= 2 * j),
        (equal(i / 2, j), equal(i, j)),
    ],
)
def test_what_differs_somewhere_has_different_forms(left, right):
    assert canonical_condition(left, LEAST) != canonical_condition(right, LEAST)


def test_a_divisor_of_unknown_sign_stays_in_a_comparison():
    assert canonical_condition(i / S <= j) == Comparison(Constant(0), "<=", (S * j - i) / S)
    assert canonical_condition(i / S <= j, {S: 0}) == canonical_condition(i / S <= j)


def test_a_floor_by_a_divisor_of_unknown_sign_stays():
    found = canonical_condition(i <= floor(j / S))
    assert found == Comparison(
        Constant(0), "<=", Plus((FloorDivision(j, S), Times((Constant(-1), i))))
    )


def test_a_conjunction_is_flat_sorted_and_without_repeats():
    parts = (i <= j, And((S <= H, i <= j)))
    assert conjunction(canonical_condition(part) for part in parts) == canonical_condition(
        (S <= H) & (i <= j)
    )


def test_an_index_and_a_size_of_one_name_are_not_taken_for_each_other():
    from symconv.algebra.indices import Index, Size

    both = (Index("N") <= 3) & (Size("N") <= 3)
    found = canonical_condition(both)
    assert isinstance(found, And)
    assert len(found.conditions) == 2


def test_only_conditions_have_a_canonical_form():
    with pytest.raises(TypeError, match="not a condition"):
        _ = canonical_condition("i < j")
    with pytest.raises(TypeError, match="not a condition"):
        _ = canonical_condition(Not("i < j"))
