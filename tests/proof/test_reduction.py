"""Conjunctions that are made smaller: they hold exactly where they held before.

Each law is compared with brute force, point by point: at every small value of every symbol
the formulas hold exactly when one of the cases does.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import product

import pytest

from symconv.algebra.evaluation import condition_value, integer_value
from symconv.algebra.indices import (
    Condition,
    Constant,
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Symbol,
    between,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.proof import reduction
from symconv.proof.obligations import Coordinate, Either, Formula, Nonzero, Weighted
from symconv.proof.reduction import Conjunction, Reduction
from symconv.proof.smt import Answer, Solver
from tests.runs import by_run

H, S = sizes("H S")
i, j = indices("i j")
x = Coordinate("x.0.0")
LEAST = {H: 1, S: 1}
BOX = {H: range(1, 4), S: range(1, 4), i: range(-1, 4), j: range(-1, 4), x: range(-1, 4)}
SEEDS = range(by_run(60, 1_000, 3_000))
POINTS_TRIED = by_run(150, 400, 1_125)
Values = dict[Symbol, int]


def points() -> list[Values]:
    return [dict(zip(BOX, values, strict=True)) for values in product(*BOX.values())]


POINTS = points()


def holds(formula: Formula, at: Values) -> bool:
    match formula:
        case Condition():
            return condition_value(formula, at)
        case Nonzero(terms=terms):
            return sum(_weight(term, at) for term in terms) != 0
        case Either(alternatives=alternatives):
            return any(all(holds(part, at) for part in parts) for parts in alternatives)


def _weight(term: Weighted, at: Values) -> Fraction:
    if not all(condition_value(part, at) for part in term.conditions):
        return Fraction(0)
    return Fraction(integer_value(term.coefficient, at))


def case_holds(case: Conjunction, at: Values) -> bool:
    solved = all(at[symbol] == integer_value(value, at) for symbol, value in case.solved)
    return solved and all(holds(part, at) for part in case.formulas)


def cases(formulas: Sequence[Formula], laws: Reduction | None = None) -> list[Conjunction]:
    laws = laws or Reduction(LEAST)
    together = laws.together(Conjunction(), formulas)
    if together is None:
        return []
    return laws.cases(together) or [together]


def disagreement(formulas: Sequence[Formula], points: Sequence[Values] = POINTS) -> str | None:
    """Return a point where the formulas and their cases differ."""
    found = cases(formulas)
    for at in points:
        before = all(holds(part, at) for part in formulas)
        after = any(case_holds(case, at) for case in found)
        if before != after:
            return f"{'lost' if before else 'won'} at {at}"
    return None


class Formulas:
    """Make random formulas; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def all(self) -> list[Formula]:
        found: list[Formula] = [self.condition() for _ in range(self.random.randrange(4))]
        kind = self.random.randrange(4)
        if kind:
            found.append(self.nonzero())
        if kind == 3:
            parts = [(self.condition(), self.condition()), (self.condition(), self.nonzero())]
            found.append(Either(tuple(parts[: self.random.choice([1, 2, 2])])))
        return found

    def integer(self) -> IntegerExpression:
        one = self.random.choice([i, j, x, H, S, i, j, x])
        other = self.random.choice([i, j, x, Constant(1), H])
        match self.random.randrange(9):
            case 0:
                return floor(one / S)
            case 1:
                return S * one + other
            case 2:
                return Minimum((one, other))
            case 3:
                return Maximum((one, other)) - 1
            case 4:
                return one % S
            case 5:
                return one - other
            case 6:
                return S * floor(one / S)
            case _:
                return one

    def condition(self, depth: int = 0) -> Condition:
        left, right = self.integer(), self.integer()
        match self.random.randrange(9 if depth < 2 else 5):
            case 0 | 1:
                return equal(left, right)
            case 2:
                return divides(S, left)
            case 3:
                return left <= right
            case 4:
                return left < right
            case 5:
                return self.condition(depth + 1) & self.condition(depth + 1)
            case 6:
                return self.condition(depth + 1) | self.condition(depth + 1)
            case 7:
                return Not(self.condition(depth + 1))
            case _:
                return between(0, left, self.random.choice([H, S]) - 1)

    def nonzero(self) -> Nonzero:
        shared = tuple(self.condition(1) for _ in range(self.random.randrange(3)))
        own = [self.condition(1) for _ in range(3)]
        return Nonzero(
            tuple(
                Weighted(
                    self.random.choice([Constant(1), Constant(-1), H, -H, 1 / S, i - j, i + 0]),
                    (*shared, *self.random.sample(own, self.random.randrange(3))),
                )
                for _ in range(self.random.choice([1, 2, 2, 2, 3, 4]))
            )
        )


def test_a_conjunction_and_its_cases_hold_at_the_same_points() -> None:
    for seed in SEEDS:
        formulas = Formulas(seed).all()
        found = disagreement(formulas, random.Random(seed).sample(POINTS, POINTS_TRIED))
        assert found is None, f"seed {seed}: {found}: {' AND '.join(map(str, formulas))}"


def test_the_random_formulas_have_cases_that_hold_and_that_do_not() -> None:
    counts = [len(cases(Formulas(seed).all())) for seed in range(60)]
    assert counts.count(0) >= 2
    assert sum(count > 1 for count in counts) > 15


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda laws, state, split: split(laws, state)[:1],
        lambda laws, state, split: split(laws, state)[1:],
    ],
    ids=["only where the bracket does not hold", "only where it holds"],
)
def test_the_comparison_sees_a_case_that_is_forgotten(monkeypatch, spoiled) -> None:
    split = Reduction._split
    monkeypatch.setattr(Reduction, "_split", lambda laws, state: spoiled(laws, state, split))
    assert any(disagreement(Formulas(seed).all()) for seed in range(20))


def test_an_equation_replaces_an_index_everywhere() -> None:
    (found,) = cases([equal(i, S * j + x), divides(S, i - x), i <= H])
    assert found.solved == ((i, S * j + x),)
    assert [str(fact) for fact in found.facts] == ["0 <= H-S*j-x.0.0"]
    assert cases([equal(i, S * j), Not(divides(S, i))]) == []
    assert cases([equal(i, S * j + 1), Not(divides(S, i))]) != []


def test_an_equation_is_kept_where_its_value_may_be_none() -> None:
    """By 0 or by what may be 0 nothing is replaced, and a fraction is no index."""
    for equation in (
        equal(i, Minimum((j / S, H / 2))),
        equal(i, floor(j / (H - S))),
        equal(i, floor(i / S)),
        equal(2 * i, j * S),
    ):
        (found,) = cases([equation, i <= 3])
        assert found.solved == ()
        assert len(found.facts) > 1
    # j - H would be 0 in the divisor of the other fact.
    laws = Reduction(LEAST)
    together = laws.together(Conjunction(), (equal(j, H), divides(j - H, i)))
    assert together is not None
    assert together.solved == ()


def test_a_multiple_below_its_divisor_is_0() -> None:
    below = between(0, i - S * x, S - 1)
    assert cases([divides(S, i), below, Not(equal(i, S * x))]) == []
    assert cases([divides(S, i), equal(x, floor(i / S)), Not(equal(i, S * x))]) == []
    assert cases([equal(x, floor(i / S)), Not(equal(i, S * x))]) != []
    assert cases([divides(S, i - 1), below, Not(equal(i, S * x))]) != []
    assert cases([divides(S, i), between(0, i - S * x, S), Not(equal(i, S * x))]) != []
    assert cases([divides(H - S, i), between(0, i, H - S - 1), Not(equal(i, 0))]) != []


def test_a_size_is_replaced_by_a_product_only() -> None:
    (found,) = cases([equal(H, 2 * S), i >= H])
    assert found.solved == ((H, 2 * S),)
    (kept,) = cases([equal(H, 2 * S - 1), i >= H])
    assert kept.solved == ()


def test_the_same_brackets_cancel_without_a_question() -> None:
    same = Nonzero((Weighted(H, (i <= j, x >= 0)), Weighted(-H, (x > -1, i < j + 1))))
    assert cases([same]) == []
    assert cases([Nonzero((Weighted(H, (i <= j,)), Weighted(-S, (i <= j,))))]) != []


def test_a_bracket_is_left_out_where_it_is_known_and_takes_its_term_where_it_is_not() -> None:
    either = (i < 0) | (j < 0)
    both = Nonzero((Weighted(H, ()), Weighted(-H, (either,))))
    assert cases([i < 0, both]) == []
    (left,) = cases([i >= 0, j >= 0, both])
    assert [str(fact) for fact in left.facts] == ["0 <= i", "0 <= j"]
    (left,) = cases([i >= 0, both])
    assert "0 <= j" in [str(fact) for fact in left.facts]


def test_a_sum_with_too_many_cases_is_asked_as_a_whole(monkeypatch) -> None:
    formula = Nonzero((Weighted(H, (i < j,)), Weighted(-H, (i <= j,))))
    laws = Reduction(LEAST)
    together = laws.together(Conjunction(), (formula,))
    assert together is not None
    assert laws.cases(together) is not None
    monkeypatch.setattr(reduction, "MOST_SPLITTING", 0)
    assert laws.cases(together) is None
    assert Solver((), LEAST).ask(formula)[0] is Answer.SATISFIABLE
    never = Nonzero((Weighted(1 / S, (i < j,)), Weighted(-1 / S, (i < j, S * i < S * j))))
    assert Solver((S >= 1,), LEAST).never(never)


def test_parts_share_no_symbol_and_none_is_lost() -> None:
    laws = Reduction(LEAST)
    for seed in range(40):
        formulas = [Formulas(seed).condition(2) for _ in range(1)] + Formulas(seed + 900).all()
        parts = laws.independent(formulas)
        assert sorted(map(str, formulas)) == sorted(str(item) for part in parts for item in part)
        seen: set[Symbol] = set()
        for part in parts:
            present = {symbol for item in part for symbol in laws.symbols(item)}
            assert not present & seen
            seen |= present
    assert laws.independent((i < j, x < 3, j < 5)) == [(i < j, j < 5), (x < 3,)]


def test_only_formulas_are_put_together() -> None:
    laws = Reduction(LEAST)
    with pytest.raises(TypeError, match="not a formula"):
        _ = laws.together(Conjunction(), ("i < j",))
