"""Statements and layers at the edge of what has a meaning: a verdict, never a crash."""

from __future__ import annotations

import random

import pytest

from symconv.algebra.evaluation import Evaluator
from symconv.algebra.expressions import Array, Number, Statement, Sum, claim
from symconv.algebra.indices import (
    Condition,
    Constant,
    IntegerExpression,
    Range,
    Symbol,
    as_integer,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.errors import IllFormed, SizesError
from symconv.layers.layer import DerivedSize, Layer
from symconv.proof.equality import prove
from symconv.verdicts import Verdict
from symconv.verification import verify

N, S, K, M = sizes("N S K M")
i, j, k, p = indices("i j k p")
x = Array("x", (N,))


def test_an_index_in_a_shape_is_ill_formed():
    row = Array("row", (k,))
    free = (Range(k, as_integer(1), N),)
    outcome = prove(Statement(row[0] + 0, row[0] + 0, free=free))
    assert (outcome.verdict, outcome.code) == (Verdict.ILL_FORMED, "index-in-shape")
    assert outcome.detail == "the shape of row holds the index k"
    summed = Sum(row[0], (k, 1, N))
    assert prove(Statement(summed, summed)).code == "index-in-shape"
    statement = Statement(summed, summed, name="rows")
    layer = Layer(name="rows", given=(N,), inputs=(row,))
    report = verify([statement], layer=layer, sizes=["N=2"])
    assert {item.code for item in report} == {"index-in-shape"}


def test_an_index_has_a_value_or_a_range():
    both = claim(x[i], x[0], where=((i, 0),))
    outcome = prove(both)
    assert (outcome.verdict, outcome.code) == (Verdict.UNDECIDED, "free-index-twice")
    assert "i has a value by where, i = 0, and a range" in outcome.detail
    twice = Statement(x[p] + 0, x[0] + 0, where=((p, as_integer(0)), (p, as_integer(1))))
    assert prove(twice).code == "free-index-twice"
    layer = Layer(name="line", given=(N,), inputs=(x,))
    report = verify([both], layer=layer, sizes=["N=2"])
    assert {item.code for item in report} == {"free-index-twice"}
    # A value alone, or one that another value uses, is what where is for.
    assert prove(Statement(x[p] + 0, x[0] + 0, where=((p, as_integer(0)),)))
    chained = Statement(x[p] + 0, x[0] + 0, where=((i, as_integer(0)), (p, i + 0)))
    assert prove(chained)


def strided(value: IntegerExpression, *constraints: Condition) -> Layer:
    return Layer(
        name="strided",
        given=(N, S),
        minimum={S: 0},
        inputs=(x,),
        derived=(DerivedSize(K, value, ()),),
        constraints=constraints,
    )


def test_sizes_at_which_a_derived_size_divides_by_0_are_not_admitted():
    layer = strided(floor(N / S))
    outcome = prove(Statement(Number(K), Number(N)), layer)
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexample is not None
    assert outcome.counterexample.sizes == {"N": 2, "S": 2}
    assert prove(Statement(Number(K), Number(floor(N / S))), layer)
    with pytest.raises(SizesError, match="division by S"):
        _ = layer.sizes(N=1, S=0)


def test_derived_sizes_that_always_divide_by_0_state_nothing():
    outcome = prove(Statement(Number(K), Number(K)), strided(floor(N / (S - S))))
    assert (outcome.verdict, outcome.code) in {
        (Verdict.ILL_FORMED, "states-nothing"),
        (Verdict.UNDECIDED, "not-supported"),
    }


DIVIDING = [
    floor(N / S),
    N / S,
    (N + 1) % S,
    floor((N + S) / (S - 1)) + 1,
    floor(N / (S * S)) + 1,
    floor(N / floor((N + 1) / (S + 1))) + 1,
    floor(N / (N - S)) + 1,
]
CONDITIONS = [
    (),
    (equal(S, 2) | (N / S >= 1),),
    (~equal(S, 0) & divides(S, N),),
    (~divides(S, N),),
    ((N / (S - 1) >= 2) | equal(S, 2),),
]


@pytest.mark.parametrize("seed", range(25))
def test_what_divides_in_a_layer_is_decided_as_its_sizes_are_admitted(seed):
    """Truth: both sides at every pair of small sizes that `Layer.sizes` admits."""
    source = random.Random(seed)
    value = source.choice(DIVIDING)
    layer = strided(value, *source.choice(CONDITIONS))
    left, right = Number(K), Number(source.choice([N, S, as_integer(2), value, K * 1]))
    admitted: list[dict[Symbol, int]] = []
    for one in range(1, 8):
        for other in range(8):
            try:
                admitted.append(layer.sizes(N=one, S=other).by_symbol)
            except SizesError:
                continue
    different = [
        chosen
        for chosen in admitted
        if Evaluator({}, chosen).polynomial(left) != Evaluator({}, chosen).polynomial(right)
    ]
    outcome = prove(Statement(left, right), layer)
    if outcome.verdict is Verdict.PROVED:
        assert not different
        assert admitted
    if outcome.verdict is Verdict.REFUTED:
        assert outcome.counterexample is not None
        first = min(different, key=lambda at: (at[N] + at[S], at[N]), default=None)
        if first is not None and outcome.counterexample.minimal:
            assert outcome.counterexample.sizes == {"N": first[N], "S": first[S]}
    if different:
        assert not outcome.verdict.is_true


def test_an_expression_is_divided_by_a_size():
    whole = Sum(x[i] / N, (i, 0, N - 1))
    assert prove(Statement(whole * N, Sum(x[i], (i, 0, N - 1))))
    assert prove(Statement(x[0] / 2, x[0] / 3)).verdict is Verdict.REFUTED
    zero = prove(Statement(x[0] / Number(Constant(0)), x[0] / 0))
    assert zero.verdict in (Verdict.ILL_FORMED, Verdict.UNDECIDED)
    with pytest.raises(TypeError, match="divides"):
        _ = x[0] / x[0]


def test_a_derived_size_that_is_computed_from_itself_is_a_mistake_in_the_layer():
    with pytest.raises(IllFormed, match="K has no value"):
        _ = prove(Statement(Number(K), Number(K)), strided(K + 0))


def test_two_arrays_of_one_name_and_two_shapes_are_not_decided():
    layer = Layer(name="line", given=(N, M), inputs=(x,))
    other = Array("x", (M,))
    for statement in (claim(other[i], other[i]), claim(x[0] + 0, other[0])):
        outcome = prove(statement, layer)
        assert (outcome.verdict, outcome.code) == (Verdict.UNDECIDED, "overloaded-name")
        assert "x has the shape (M), that of line has (N)" in outcome.detail
    alone = prove(claim(x[0] + 0, other[0]))
    assert (alone.verdict, alone.code) == (Verdict.UNDECIDED, "overloaded-name")
    # A read beyond the shape that is written says more.
    assert prove(claim(other[M] + 0, other[M]), layer).code == "out-of-range"
    assert prove(claim(x[i], Array("x", (N,))[i]), layer)


def test_an_index_with_two_ranges_is_judged_by_no_way():
    twice = (Range(i, as_integer(0), N - 1), Range(i, as_integer(0), as_integer(0)))
    layer = Layer(name="line", given=(N,), inputs=(x,))
    report = verify([Statement(x[i], x[i], twice, name="both")], layer=layer, sizes=["N=2"])
    assert {(item.verdict, item.code) for item in report} == {
        (Verdict.UNDECIDED, "free-index-twice")
    }
    once = Statement(x[i], x[i], twice[:1], name="once")
    assert verify([once], layer=layer, sizes=["N=2"])
