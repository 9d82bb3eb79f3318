from __future__ import annotations

from itertools import islice, product

import pytest

from symconv.algebra.evaluation import condition_value
from symconv.algebra.expressions import Array, Statement, Sum
from symconv.algebra.indices import Condition, Constant, Range, divides, equal, indices, sizes
from symconv.errors import NotSupported, SizesError
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import DerivedSize, Layer, Sizes
from symconv.proof.counterexample import (
    admissible,
    guard_sizes,
    replay,
    small_sizes,
    smallest_sizes,
)
from symconv.proof.equality import layer_hypotheses, least_values, prove
from symconv.proof.smt import FULL, QUICK, Solver
from symconv.verdicts import Verdict
from tests.runs import quick_rows

A, B, P, D = sizes("A B P D")
i, a = indices("i a")
u = Array("u", (A,))
LAYER = Layer(name="tiny", given=(A, B, P), minimum={P: 0}, inputs=(u,), constraints=(A + P >= B,))
CONV2D = conv2d()


def solver(effort=FULL) -> Solver:
    return Solver(layer_hypotheses(LAYER), least_values(LAYER), effort)


def test_small_sizes_come_in_the_order_of_counterexamples_without_gaps() -> None:
    found = list(small_sizes(LAYER, (), most_sum=4))
    expected = [
        LAYER.sizes(A=x, B=y, P=z)
        for x, y, z in product(range(1, 6), range(1, 6), range(5))
        if x + z >= y and x + y + z <= 6
    ]
    assert found == sorted(expected, key=Sizes.order)


def test_small_sizes_satisfy_the_assumptions_and_stop() -> None:
    found = list(small_sizes(LAYER, (divides(2, A),), most_sum=3))
    assert found
    assert all(chosen["A"] % 2 == 0 for chosen in found)
    assert len(list(small_sizes(CONV2D, (), most_tried=10))) <= 10
    alone = Layer(name="none", given=(), inputs=())
    assert len(list(small_sizes(alone, ()))) == 1


CONDITIONS: list[Condition] = [
    A > 3,
    B > A,
    equal(A * B, 12),
    (A > 2) & divides(3, B),
    (P > 1) | (A > 3),
    ~divides(2, A + B + P) & (B > 1),
    equal(A, B + P) & (P > 2),
]


@pytest.mark.parametrize("violation", CONDITIONS, ids=str)
def test_the_smallest_sizes_are_those_that_brute_force_finds(violation: Condition) -> None:
    found = smallest_sizes(solver(), violation, LAYER)
    first = next(
        chosen
        for chosen in small_sizes(LAYER, (), most_sum=12)
        if condition_value(violation, chosen.by_symbol)
    )
    assert found.sizes == first
    assert found.minimal


def test_no_sizes_are_found_where_there_are_none() -> None:
    assert smallest_sizes(solver(), B > A + P, LAYER).sizes is None


def test_without_minimizing_the_sizes_are_not_called_smallest() -> None:
    found = smallest_sizes(solver(QUICK), A > 3, LAYER)
    assert found.sizes is not None
    assert found.sizes["A"] > 3
    assert not found.minimal


def test_replaying_finds_the_first_free_indices_and_the_first_monomial() -> None:
    free = (Range(a, Constant(0), A - 1),)
    wrong = Statement(u[a] + Sum(u[i], (i, 1, A - 1)), u[a] + 0, free)
    failure = replay(wrong, LAYER, LAYER.sizes(A=3, B=1, P=0))
    assert failure is not None
    assert failure.ill_formed is None
    example = failure.counterexample
    assert example.indices == {"a": 0}
    assert example.monomial == "u[1]"
    assert (example.left_coefficient, example.right_coefficient) == ("1", "0")
    assert example.left == "u[0] + u[1] + u[2]"
    assert replay(wrong, LAYER, LAYER.sizes(A=1, B=1, P=0)) is None


def test_a_part_without_meaning_comes_before_a_difference() -> None:
    free = (Range(a, Constant(0), A - 1),)
    both = Statement(u[a] + u[a + 1], u[a] + 0, free)
    failure = replay(both, LAYER, LAYER.sizes(A=3, B=1, P=0))
    assert failure is not None
    assert failure.ill_formed is not None
    assert failure.counterexample.indices == {"a": 2}
    assert failure.counterexample.left is None


def test_values_that_differ_without_entries_have_no_monomial() -> None:
    failure = replay(Statement(_number(A), _number(B)), LAYER, LAYER.sizes(A=2, B=1, P=0))
    assert failure is not None
    assert failure.counterexample.monomial is None
    assert (failure.counterexample.left, failure.counterexample.right) == ("2", "1")


def _number(value):
    from symconv.algebra.expressions import Number

    return Number(value)


def test_the_guard_looks_at_sizes_that_are_cheap_and_not_all_one() -> None:
    for statement in CONV2D.statements:
        if statement.name == "y" and statement.form == "example":
            continue
        found = guard_sizes(statement, CONV2D)
        assert len(found) >= 4, statement.key
        assert len({str(chosen) for chosen in found}) == len(found)
        assert max(sum(chosen.given.values()) for chosen in found) > 10
        assert any(chosen["H"] != chosen["W"] for chosen in found)


def test_sizes_that_leave_a_derived_size_empty_are_not_admissible() -> None:
    layer = Layer(name="windows", given=(A, B), inputs=(), derived=(DerivedSize(D, A - B, ()),))
    assert admissible(layer, (), {A: 1, B: 1}) is None
    assert admissible(layer, (), {A: 2, B: 1}) == layer.sizes(A=2, B=1)
    with pytest.raises(SizesError, match="makes D = 0"):
        _ = layer.sizes(A=1, B=1)
    assert prove(Statement(_number(A - B), _number(D)), layer)
    assert prove(Statement(_number(A), _number(D)), layer).verdict is Verdict.REFUTED


def test_inadmissible_sizes_are_no_sizes() -> None:
    assert admissible(LAYER, (), {A: 1, B: 3, P: 0}) is None
    assert admissible(LAYER, (A > 1,), {A: 1, B: 1, P: 0}) is None
    found = admissible(LAYER, (A > 1,), {A: 2, B: 1, P: 0})
    assert found == LAYER.sizes(A=2, B=1, P=0)
    assert list(islice(small_sizes(LAYER, (A < 1,)), 1)) == []


@pytest.mark.parametrize(
    "ranges",
    [
        ((i, 1, 10**8),),
        ((i, 0, 10**5), (a, 0, i)),
        ((i, 1, 10**8), (a, 1, 0)),
    ],
)
def test_replaying_has_an_end(ranges: tuple) -> None:
    one = _number(Constant(1))
    with pytest.raises(NotSupported) as caught:
        _ = replay(Statement(Sum(one, *ranges), one), LAYER, LAYER.sizes(A=1, B=1, P=0))
    assert caught.value.code == "too-many-steps"
    free = tuple(Range(index, Constant(0) + low, Constant(0) + high) for index, low, high in ranges)
    with pytest.raises(NotSupported):
        _ = replay(Statement(one, one, free), LAYER, LAYER.sizes(A=1, B=1, P=0))
    few = Statement(Sum(one, (i, 1, 10)), _number(Constant(10)))
    assert replay(few, LAYER, LAYER.sizes(A=1, B=1, P=0)) is None


@quick_rows(0, "smallest sizes are found nearer by, and held to brute force, in the quick run")
@pytest.mark.parametrize("violation", [A > 40, A + 2 * B > 90, (B > 20) & (P > 50)], ids=str)
def test_the_smallest_sizes_that_are_far_away_are_found_too(violation: Condition) -> None:
    found = smallest_sizes(solver(), violation, LAYER)
    assert found.minimal
    assert found.sizes is not None
    given = found.sizes.given
    first = min(
        (
            chosen
            for total in range(90)
            for x, y in product(range(1, 60), repeat=2)
            if (chosen := admissible(LAYER, (violation,), {A: x, B: y, P: total - x - y}))
        ),
        key=Sizes.order,
    )
    assert given == first.given


def test_sizes_at_which_an_assumption_has_no_value_are_reported() -> None:
    assumption = divides(A - 1, B)
    chosen = admissible(LAYER, (assumption,), {A: 1, B: 1, P: 0})
    assert chosen is not None
    same = Statement(_number(A), _number(A), assumptions=(assumption,))
    failure = replay(same, LAYER, chosen)
    assert failure is not None
    assert failure.ill_formed is not None
    assert failure.ill_formed.code == "division-by-zero"
    assert replay(same, LAYER, LAYER.sizes(A=2, B=1, P=0)) is None
