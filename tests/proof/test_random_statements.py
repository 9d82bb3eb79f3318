"""Random statements: the prover against brute-force evaluation over all small sizes.

Fifty statements are tried in the quick run; SYMCONV_LONG=1 tries thousands. A
failing one is found again by its seed, which is printed.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import product

import pytest

from symconv.algebra.evaluation import Evaluator, side_polynomials
from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    Condition,
    Constant,
    Index,
    IntegerExpression,
    Maximum,
    Minimum,
    Range,
    Size,
    between,
    ceiling,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.errors import IllFormed
from symconv.layers.layer import DerivedSize, Layer, Sizes
from symconv.proof.equality import Outcome, prove
from symconv.verdicts import Verdict
from tests.runs import by_run

A, B, S = sizes("A B S")
D = Size("D")
i, j, a, b, c = indices("i j a b c")
u, v = Array("u", (A,)), Array("v", (B,))
m = Array("m", (A, B))
z, s = Array("z", (A,)), Array("s")

LAYER = Layer(
    name="tiny",
    given=(A, B, S),
    inputs=(u, v, m),
    definitions=(
        Definition(z[i], Sum(m[i, j] * v[j], (j, 0, B - 1)) + u[i] * u[i]),
        Definition(s[()], Sum(u[i] * z[i], (i, 0, A - 1))),
    ),
    derived=(DerivedSize(D, floor((A - 1) / S) + 1, ()),),
)
SEEDS = range(by_run(30, 1_000, 2_500))
LARGEST = 3
BATCH = 25


class Maker:
    """Make random statements; the same seed makes the same one."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.names = 0

    def statement(self) -> Statement:
        free = self.random.choice([(), (Range(a, Constant(0), A - 1),)])
        if free and self.chance(0.3):
            free = (*free, Range(b, Constant(0), self.random.choice([B - 1, a, D - 1])))
        scope = [item.index for item in free]
        right = self.total(scope)
        if self.chance(0.75):
            left = self.rewritten(right)
            if self.chance(0.4):
                left = self.spoiled(left)
        else:
            left = self.total(scope)
        assumptions: tuple[Condition, ...] = ()
        if self.chance(0.15):
            assumptions = (
                self.random.choice(
                    [equal(S, 1), divides(S, A), A >= B, equal(A, B), A > 5, S > A, A < A]
                ),
            )
        return Statement(left, right, free, assumptions)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def total(self, scope: list[Index], depth: int = 0) -> Expression:
        terms = [self.term(scope, depth) for _ in range(self.random.choice([1, 1, 1, 2]))]
        result = terms[0]
        for term in terms[1:]:
            result = result + term if self.chance(0.7) else result - term
        return result

    def term(self, scope: list[Index], depth: int) -> Expression:
        ranges: list[Range] = []
        inner = list(scope)
        for _ in range(self.random.choice([0, 1, 1, 2])):
            self.names += 1
            index = Index(f"t{self.names}")
            ranges.append(self.range(index, inner))
            inner.append(index)
        factors = [self.guard(inner) for _ in range(self.random.choice([0, 1, 1, 1, 2]))]
        used: list[Expression] = []
        for _ in range(self.random.choice([0, 1, 1, 2, 2])):
            used += self.entry(inner)
        if depth == 0 and self.chance(0.15):
            used.append(self.total(inner, depth + 1))
        if depth == 0 and self.chance(0.15):
            body: Expression = self.random.choice([s[()], z[A - 1], self.total(inner, depth + 1)])
            for _ in range(self.random.choice([1, 1, 1, 2])):
                position = self.integer(inner)
                used.append(Iverson(between(0, position, A - 1)))
                body = Derivative(body, self.random.choice([u, u, z])[position])
            used.append(body)
        everything = factors + used
        if self.chance(0.3):
            self.random.shuffle(everything)
        body = Mul(tuple(everything)) if len(everything) != 1 else everything[0]
        if not ranges:
            return body
        if len(ranges) == 2 and self.chance(0.4):
            return Sum(Sum(body, ranges[1]), ranges[0])
        return Sum(body, *ranges)

    def entry(self, scope: list[Index]) -> list[Expression]:
        """Make an entry, mostly behind the bracket that keeps it in range."""
        array = self.random.choice([u, u, v, m, z] if self.chance(0.8) else [u])
        positions = [self.integer(scope) for _ in array.shape]
        guard = [
            Iverson(between(0, position, extent - 1))
            for position, extent in zip(positions, array.shape, strict=True)
        ]
        if self.chance(0.1):
            divided = positions[0] / S
            guard[0] = Iverson(divides(S, positions[0]) & between(0, divided, array.shape[0] - 1))
            positions[0] = divided
        entry = array[tuple(positions)]
        return [entry] if self.chance(0.15) else [*guard, entry]

    def integer(self, scope: list[Index]) -> IntegerExpression:
        if not scope or self.chance(0.08):
            return self.random.choice([Constant(0), Constant(1), A - 1, B - 1])
        index = self.random.choice(scope)
        match self.random.randrange(14):
            case 0 | 1 | 2 | 3 | 4:
                return index
            case 5:
                other = self.random.choice(scope)
                return self.random.choice(
                    [index - 1, index + 1, Minimum((index, other)), Maximum((index, A - 2))]
                )
            case 6:
                return A - 1 - index
            case 7:
                return S * index
            case 8:
                return self.random.choice(scope) + S * index
            case 9:
                return self.random.choice(scope) + index
            case 10:
                return floor(index / S)
            case 11:
                return self.random.choice(scope) + 2 * index
            case 12:
                return self.random.choice(scope) + B * index
            case _:
                return index % S

    def range(self, index: Index, scope: list[Index]) -> Range:
        lower: IntegerExpression = Constant(0)
        upper: IntegerExpression = self.random.choice([A - 1, A - 1, B - 1, D - 1, S - 1])
        if scope and self.chance(0.2):
            other = self.random.choice(scope)
            lower, upper = self.random.choice(
                [
                    (lower, other),
                    (other, A - 1),
                    (lower, floor(other / S)),
                    (ceiling(other / S), upper),
                    (Maximum((Constant(0), other - 1)), Minimum((upper, other + 1))),
                ]
            )
        elif self.chance(0.15):
            lower, upper = self.random.choice(
                [(Constant(1), upper), (lower, A), (Constant(-1), upper), (lower, A + B - 2)]
            )
        return Range(index, lower, upper)

    def condition(self, scope: list[Index], depth: int = 0) -> Condition:
        left, right = self.integer(scope), self.integer(scope)
        match self.random.randrange(9 if depth == 0 else 6):
            case 0:
                return left <= right
            case 1:
                return equal(left, right)
            case 2:
                return divides(S, left)
            case 3:
                return left < self.random.choice([A, B, D])
            case 4:
                return between(0, left, self.random.choice([A, B]) - 1)
            case 5:
                return divides(2, left)
            case 6:
                return self.condition(scope, 1) | self.condition(scope, 1)
            case 7:
                return ~self.condition(scope, 1)
            case _:
                return self.condition(scope, 1) & self.condition(scope, 1)

    def guard(self, scope: list[Index]) -> Expression:
        match self.random.randrange(9):
            case 0 | 1:
                return Delta(self.integer(scope), self.integer(scope))
            case 2 | 3 | 4:
                return Iverson(self.condition(scope))
            case 5:
                index = self.random.choice([*scope, A])
                return Number(
                    self.random.choice(
                        [Constant(2), Constant(-1), A, S, 1 / S, index / S, 1 / (index + 1), A - 2]
                    )
                )
            case 6:
                return Number(self.integer(scope))
            case 7:
                return Number(Constant(1)) - Iverson(self.condition(scope))
            case _:
                self.names += 1
                index = Index(f"t{self.names}")
                inner = [*scope, index]
                return Sum(Delta(index, self.integer(inner)), self.range(index, scope))

    def rewritten(self, expression: Expression) -> Expression:
        """Rewrite without changing the value wherever it has one."""
        match expression:
            case Sum(body=body, ranges=ranges):
                item, *rest = ranges
                body = self.rewritten(body)
                inner = Sum(body, *rest) if rest else body
                match self.random.randrange(5):
                    case 0:
                        middle = self.random.choice([Constant(0), floor(B / Constant(2)), S])
                        low = Sum(
                            inner, Range(item.index, item.lower, Minimum((item.upper, middle)))
                        )
                        high = Sum(
                            inner,
                            Range(item.index, Maximum((item.lower, middle + 1)), item.upper),
                        )
                        return low + high
                    case 1:
                        from symconv.algebra.scoping import substitute

                        turned = item.lower + item.upper - item.index
                        return Sum(substitute(inner, {item.index: turned}), item)
                    case 2:
                        condition = self.condition([item.index])
                        return Sum(Iverson(condition) * inner, item) + Sum(
                            Iverson(~condition) * inner, item
                        )
                    case 3:
                        wider = Range(item.index, item.lower - 1, item.upper + 1)
                        return Sum(
                            Iverson(between(item.lower, item.index, item.upper)) * inner, wider
                        )
                return Sum(inner, item)
            case Mul(factors=factors):
                changed = [self.rewritten(factor) for factor in factors]
                if self.chance(0.3):
                    self.random.shuffle(changed)
                return Mul(tuple(changed))
        return expression

    def spoiled(self, expression: Expression) -> Expression:
        match self.random.randrange(4):
            case 0:
                return expression + u[0] * Iverson(self.condition([]))
            case 1:
                return 2 * expression
            case 2:
                return Iverson(self.random.choice([A < 3, S < 2, ~equal(A, B)])) * expression
            case _:
                return expression - Iverson(self.random.choice([A > 2, S > 2])) * v[0]


def small_sizes() -> list[Sizes]:
    found = [
        LAYER.sizes(A=x, B=y, S=stride) for x, y, stride in product(range(1, LARGEST + 1), repeat=3)
    ]
    return sorted(found, key=Sizes.order)


def judge(statement: Statement, chosen: Sizes) -> str | None:
    """Return ``true``, ``different`` or ``ill-formed``; None where assumptions fail."""
    evaluator = Evaluator(LAYER.definition_by_name, chosen.by_symbol)
    if not all(evaluator.truth(item) for item in statement.assumptions):
        return None
    verdict = "true"
    try:
        for _, left, right in side_polynomials(statement, evaluator):
            if left != right:
                verdict = "different"
    except IllFormed:
        return "ill-formed"
    return verdict


def disagreement(statement: Statement, outcome: Outcome) -> str | None:
    """Compare an outcome with brute force; return what contradicts it."""
    judged = [(chosen, judge(statement, chosen)) for chosen in small_sizes()]
    wrong = {"different": Verdict.REFUTED, "ill-formed": Verdict.ILL_FORMED}
    if outcome.verdict is Verdict.PROVED:
        failing = [(str(chosen), found) for chosen, found in judged if found in wrong]
        return f"proved, but {failing[0]}" if failing else None
    example = outcome.counterexample
    if outcome.verdict is Verdict.UNDECIDED:
        return None
    if outcome.code == "states-nothing":
        held = [str(chosen) for chosen, found in judged if found is not None]
        return f"states nothing, but holds {held[0]}" if held and not statement.free else None
    assert example is not None, "every other verdict comes with a counterexample"
    at = LAYER.sizes(**dict(example.sizes))
    word = "ill-formed" if outcome.verdict is Verdict.ILL_FORMED else "different"
    if judge(statement, at) != word:
        return f"{word} at {at}, but brute force says {judge(statement, at)}"
    if outcome.verdict is Verdict.REFUTED:
        other = [str(chosen) for chosen, found in judged if found == "ill-formed"]
        if other:
            return f"refuted, but ill-formed at {other[0]}"
    if example.minimal:
        smaller = [
            str(chosen) for chosen, found in judged if found == word and chosen.order() < at.order()
        ]
        if smaller:
            return f"{word} at {at}, but already at {smaller[0]}"
    return None


@pytest.mark.parametrize("start", range(0, len(SEEDS), BATCH))
def test_random_statements_are_judged_as_brute_force_judges_them(start: int) -> None:
    for seed in SEEDS[start : start + BATCH]:
        statement = Maker(seed).statement()
        outcome = prove(statement, LAYER)
        found = disagreement(statement, outcome)
        assert found is None, f"seed {seed}: {found}\n{statement}\n{outcome.detail}"


def test_the_random_statements_reach_every_verdict() -> None:
    """Brute force says how the statements come out, so that no kind is missing by accident."""
    words: Counter[str] = Counter()
    for seed in range(60):
        statement = Maker(seed).statement()
        found = {judge(statement, chosen) for chosen in small_sizes()[:12]}
        words[
            next(word for word in ("ill-formed", "different", "true", None) if word in found)
        ] += 1
    assert words["true"] >= 8, words
    assert words["different"] >= 8, words
    assert words["ill-formed"] >= 5, words


@pytest.mark.parametrize(
    "verdict", [Verdict.PROVED, Verdict.REFUTED, Verdict.ILL_FORMED, Verdict.UNDECIDED]
)
def test_the_comparison_with_brute_force_sees_a_wrong_verdict(verdict: Verdict) -> None:
    """Only one verdict agrees on what fails from A = 3 on, and undecided claims nothing."""
    wrong = Statement(Iverson(A < 3) * u[0], u[0] + 0)
    right = prove(wrong, LAYER)
    assert disagreement(wrong, right) is None
    assert right.counterexample is not None
    moved = replace(right.counterexample, sizes={"A": 3, "B": 1, "S": 2})
    assert disagreement(wrong, Outcome(Verdict.REFUTED, "", counterexample=moved)) is not None
    judged = disagreement(wrong, Outcome(verdict, "", counterexample=right.counterexample))
    agrees = verdict in (Verdict.REFUTED, Verdict.UNDECIDED)
    assert (judged is None) is agrees
