"""What a delta or bracket makes 0 is skipped, and nothing is said that is not said without."""

from __future__ import annotations

import random

import pytest

from symconv.algebra.evaluation import Evaluator, Polynomial
from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Expression,
    Iverson,
    Mul,
    Number,
    Sum,
)
from symconv.algebra.indices import (
    Constant,
    FloorDivision,
    Quotient,
    Symbol,
    divides,
    equal,
    indices,
    sizes,
)
from symconv.algebra.skipping import guarded_ranges
from symconv.errors import IllFormed

K, N, Z = sizes("K N Z")
i, j, p, q, t = indices("i j p q t")
x, w, y, z = Array("x", (N,)), Array("w", (K, K)), Array("y", (N,)), Array("z", (N,))
DEFINITIONS = {
    "y": Definition(
        y[t],
        Sum(x[i] * Delta(i + p, t + q) * w[p, q], (i, 0, N - 1), (p, 0, K - 1), (q, 0, K - 1)),
    ),
    "z": Definition(z[t], x[t + 1]),
}
SIZES: list[dict[Symbol, int]] = [{N: 3, K: 2, Z: 0}, {N: 2, K: 3, Z: 0}, {N: 1, K: 0, Z: 0}]


class Counted(Evaluator):
    """The evaluator, and how many parts it evaluated."""

    parts = 0

    def _evaluate(self, *args) -> Polynomial:
        self.parts += 1
        return super()._evaluate(*args)


class AsWritten(Counted):
    """The evaluator without skipping."""

    def _guarded_ranges(self, expression: Sum) -> None:
        del expression


def said(evaluator: Evaluator, expression: Expression) -> object:
    try:
        return evaluator.polynomial(expression, {t: 1})
    except IllFormed as error:
        return (error.code, error.fact, error.indices)


@pytest.mark.parametrize(
    ("body", "order"),
    [
        # What decides the first delta comes first, then what decides the second.
        (Delta(q, 0) * Delta(p, i) * x[i], "q: [delta(q, 0)], p: [], i: [delta(p, i)]"),
        (x[i] * Delta(i + p, q), "i: [], p: [], q: [delta(i+p, q)]"),
        (2 * Iverson(q <= p) * x[i], "q: [], p: [[q <= p]], i: []"),
        (Delta(p, 0) * Delta(1, p), "p: [delta(p, 0), delta(1, p)], i: [], q: []"),
        # The same for all of them: it is looked at before the one behind it.
        (Delta(t, 0) * Delta(q, 0) * x[i], "i: [delta(t, 0)], q: [delta(q, 0)], p: []"),
        # A product inside of a product is one.
        (Mul((x[i], Mul((Delta(q, 1), w[p, q])))), "q: [delta(q, 1)], i: [], p: []"),
        # What may have no value is looked at where it stands: nothing behind it comes first.
        (Delta(q, 0) * Number(Quotient(i, Z)) * Delta(p, 0), "q: [delta(q, 0)], i: [], p: []"),
    ],
)
def test_the_ranges_come_first_that_decide_the_first_delta(body: Expression, order: str) -> None:
    found = guarded_ranges(Sum(body, (i, 0, N), (p, 0, K), (q, 0, K)))
    assert found is not None
    text = ", ".join(f"{item.index}: [{', '.join(map(str, guards))}]" for item, guards in found)
    assert text == order


@pytest.mark.parametrize(
    "expression",
    [
        Sum(Delta(i, 0) * x[i], (i, 0, N - 1)),
        Sum(x[i] * w[p, p], (i, 0, N - 1), (p, 0, K - 1)),
        Sum(Number(N) * Delta(p, 0) * x[i], (i, 0, N - 1), (p, 0, K - 1)),
        Sum(Delta(p, 0) * x[i], (i, 0, N - 1), (p, 0, i)),
        Sum(Delta(p, 0) + x[i], (i, 0, N - 1), (p, 0, K - 1)),
    ],
    ids=["one range", "no delta", "a size comes first", "ranges depend", "no product"],
)
def test_other_sums_stay_as_they_are_written(expression: Sum) -> None:
    assert guarded_ranges(expression) is None


def test_what_a_delta_makes_0_is_not_walked_through() -> None:
    """20 * 20 * 20 products, of which 20 are not 0."""
    big = {N: 20, K: 20, Z: 0}
    expression = Sum(
        x[i] * Delta(i, p) * Delta(p, q) * w[p, q], (i, 0, N - 1), (p, 0, K - 1), (q, 0, K - 1)
    )
    skipping, written = Counted(DEFINITIONS, big), AsWritten(DEFINITIONS, big)
    assert skipping.polynomial(expression) == written.polynomial(expression)
    assert skipping.parts < 2_000
    assert written.parts > 15_000


def test_an_input_is_expanded_once_whatever_is_derived_by() -> None:
    evaluator = Counted(DEFINITIONS, SIZES[0])
    assert evaluator.polynomial(Derivative(y[1], w[0, 1]))
    before = evaluator.parts
    assert evaluator.polynomial(Derivative(y[1], x[1]))
    assert evaluator.parts == before + 1


@pytest.mark.parametrize(
    "expression",
    [
        # The end of p has no value, and is never asked for: i has none.
        Sum(Delta(i, p) * x[i], (i, 0, -1), (p, 0, Quotient(Constant(1), Z))),
        # It is asked for, whether or not the delta is 0 everywhere.
        Sum(Delta(i, 7) * x[i], (i, 0, N - 1), (p, 0, Quotient(Constant(1), Z))),
        Sum(Delta(i, 7) * x[i], (i, 0, N - 1), (p, 0, Quotient(Constant(1), Constant(2)))),
        # The first entry outside is the first one as the sum is written.
        Sum(Delta(q, 0) * x[i + p], (i, 0, N), (p, 0, N), (q, 0, 1)),
        Sum(Iverson(divides(Z, q)) * Delta(q, 5) * x[i], (i, 0, 1), (q, 0, 1)),
        Sum(Delta(q, 5) * Number(Quotient(i, Z)) * x[i], (i, 0, 1), (q, 0, 1)),
        Sum(Number(Quotient(i, Z)) * Delta(q, 5) * x[i], (i, 0, 1), (q, 0, 1)),
        Sum(Delta(i, p) * y[i + 1], (i, 0, N - 1), (p, 0, N - 1)),
    ],
)
def test_what_has_no_meaning_is_said_as_it_is_written(expression: Expression) -> None:
    for chosen in SIZES:
        assert said(Counted(DEFINITIONS, chosen), expression) == said(
            AsWritten(DEFINITIONS, chosen), expression
        )


def test_what_a_definition_reads_outside_is_said_at_its_position() -> None:
    expression = Sum(Delta(i, p) * z[i], (i, 0, N - 1), (p, 0, N - 1))
    evaluator = Evaluator(DEFINITIONS, SIZES[0])
    with pytest.raises(IllFormed, match=r"x\[2\+1\] reads x\[3\]") as caught:
        _ = evaluator.polynomial(expression)
    assert caught.value.indices == {}
    assert evaluator.polynomial(z[1]) == {(("x", (2,)),): 1}


def test_random_sums_have_the_value_that_they_have_as_they_are_written() -> None:
    source = random.Random(20261130)
    numbers, empty, lost = 0, 0, 0
    for _ in range(1_500):
        expression = _sum(source)
        for chosen in SIZES:
            found = said(Counted(DEFINITIONS, chosen), expression)
            assert found == said(AsWritten(DEFINITIONS, chosen), expression), str(expression)
            numbers += isinstance(found, dict) and bool(found)
            empty += found == {}
            lost += isinstance(found, tuple)
    assert min(numbers, empty, lost) > 300, (numbers, empty, lost)


def _sum(source: random.Random) -> Sum:
    ends = [
        N - 1,
        K - 1,
        Constant(1),
        Constant(-1),
        Quotient(Constant(3), Constant(2)),
        Quotient(Constant(1), Z),
    ]
    weights = (8, 8, 8, 1, 1, 1)
    bound = source.sample([i, j, p], source.choice([1, 2, 3]))
    known = [t, N, Constant(0), Constant(1), *bound]
    ranges = []
    for number, index in enumerate(bound):
        (end,) = source.choices(ends, weights)
        ranges.append((index, 0, source.choice([end, *bound[:number], end, end])))

    def integer():
        one, other = source.choice(known), source.choice(known)
        return source.choice([one, one, one + other, one - other])

    def factor(depth: int) -> Expression:
        kinds = ["delta", "delta", "bracket", "x", "w", "y", "number", "division", "sum"]
        match source.choices(kinds, (6, 6, 4, 3, 1, 1, 2, 1, 2 if depth < 1 else 0))[0]:
            case "delta":
                return Delta(integer(), integer())
            case "bracket":
                return Iverson(
                    source.choice(
                        [
                            integer() <= integer(),
                            equal(integer(), integer()),
                            divides(source.choice([Constant(2), K, N, Z]), integer()),
                        ]
                    )
                )
            case "x":
                index = integer()
                return Iverson((index >= 0) & (index < N)) * x[index]
            case "w":
                return w[integer(), integer()]
            case "y":
                return y[integer()]
            case "number":
                return Number(integer())
            case "division":
                return Number(FloorDivision(integer(), source.choice([Constant(2), K, Z])))
        inner = Mul((factor(depth + 1), factor(depth + 1)))
        return Sum(inner, (q, 0, source.choice([N, K, Constant(1)])))

    return Sum(Mul(tuple(factor(0) for _ in range(source.choice([2, 3, 4])))), *ranges)
