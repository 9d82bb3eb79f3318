"""Random statements: polynomials and numbers against brute-force evaluation.

A small layer with inputs of one and two axes, a scalar, and definitions that read each other
is enough to reach guards that protect an entry, sums inside coefficients, bounds that depend
on indices, floors, remainders and fractions as indices, and products of derivatives. Many of
the statements are ill-formed: then both must say so; for which reason is evaluation's to say.

SYMCONV_LONG=1 tries five times as many, SYMCONV_LONG=2 ten times.
"""

from __future__ import annotations

import random
from collections import Counter
from math import prod
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symconv.algebra.evaluation import Evaluator, side_polynomials
from symconv.algebra.expressions import (
    Add,
    Array,
    Definition,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    CeilingDivision,
    Comparison,
    Condition,
    Constant,
    FloorDivision,
    Index,
    IntegerExpression,
    Maximum,
    Minimum,
    Quotient,
    Range,
    Remainder,
    as_integer,
    between,
    divides,
    equal,
    indices,
    sizes,
)
from symconv.algebra.scoping import expand_where
from symconv.concrete.contractions import Contractions
from symconv.concrete.differences import Difference, smallest_difference
from symconv.concrete.monomial_tables import Tables
from symconv.errors import IllFormed, NotSupported
from symconv.layers.layer import Layer, Sizes
from tests.runs import LONG, by_run

A, B = sizes("A B")
i, j, k, p, q = indices("i j k p q")
u, v, m, z = Array("u", (A,)), Array("v", (B,)), Array("m", (A, B)), Array("z")
shifted, mixed = Array("shifted", (A + 1,)), Array("mixed", (A,))
total, number = Array("total"), Array("number")
LAYER = Layer(
    name="toy",
    given=(A, B),
    inputs=(u, v, m, z),
    definitions=(
        Definition(shifted[i], Iverson(between(1, i, A)) * u[i - 1]),
        Definition(mixed[i], v[0] + Sum(m[i, p] * shifted[i + 1] * Iverson(p >= 1), (p, 0, B - 1))),
        Definition(total[()], Sum(mixed[p] * z[()], (p, 0, A - 1))),
        Definition(number[()], Number(2 * A - B)),
    ),
)
EVERY_ARRAY = [u, v, m, z, shifted, mixed, total, number]


class Author:
    """Write a random statement; most indices are in range, some are not."""

    def __init__(self, source: random.Random) -> None:
        self.choose = source.choice
        self.chance = source.random
        self.shuffled = lambda items: source.sample(items, len(items))

    def statement(self) -> Statement:
        free = [
            Range(i, Constant(0), A - 1),
            Range(j, Constant(0), as_integer(self.choose([B - 1, 1, i]))),
        ][: self.choose([0, 1, 2, 2])]
        scope = [item.index for item in free]
        depth = self.choose([1, 2, 3, 3, 4])
        left = self.expression(scope, depth, EVERY_ARRAY)
        right = self.expression(scope, depth, EVERY_ARRAY)
        if self.chance() < 0.5:
            right = self.rearranged(left)
        where = ((q, 1 * scope[0]),) if scope and self.chance() < 0.1 else ()
        return Statement(left, right, tuple(free), where=where)

    def expression(self, scope: list[Index], depth: int, arrays: list[Array]) -> Expression:
        kind = self.chance()
        if depth == 0 or kind < 0.15:
            return self.coefficient(scope) if self.chance() < 0.15 else self.entry(scope, arrays)
        if kind < 0.3:
            count = self.choose([1, 2, 2, 3])
            return Add(tuple(self.expression(scope, depth - 1, arrays) for _ in range(count)))
        if kind < 0.7:
            return self.product(scope, depth, arrays)
        if kind < 0.92:
            ranges: list[Range] = []
            for index in self.shuffled([p, q, k])[: self.choose([1, 1, 2])]:
                ranges.append(self.range(index, scope))
                scope = [other for other in scope if other != index] + [index]
            return Sum(self.expression(scope, depth - 1, arrays), *ranges)
        body = self.entry(scope, [mixed, shifted, total, u])
        if self.chance() < 0.2:
            body = self.expression(scope, depth - 1, arrays)
        return Derivative(body, self.entry(scope, [u, v, m, shifted, mixed, z]))

    def product(self, scope: list[Index], depth: int, arrays: list[Array]) -> Expression:
        """Multiply factors that mostly share no array, among coefficients."""
        count, pool = self.choose([1, 1, 2]), self.shuffled(arrays)
        factors = [
            self.expression(scope, depth - 1, pool[number::count] or arrays)
            for number in range(count)
        ]
        factors += [self.coefficient(scope) for _ in range(self.choose([0, 1, 1, 2]))]
        return Mul(tuple(self.shuffled(factors)))

    def entry(self, scope: list[Index], arrays: list[Array]) -> Entry:
        array = self.choose(arrays)
        return array[tuple(self.integer(scope) for _ in array.shape)]

    def coefficient(self, scope: list[Index], depth: int = 2) -> Expression:
        kind = self.chance()
        if depth and kind < 0.1:
            return self.coefficient(scope, depth - 1) + self.coefficient(scope, depth - 1)
        if depth and kind < 0.2:
            return 1 - Iverson(self.condition(scope))
        if depth and kind < 0.3:
            return Mul((self.coefficient(scope, depth - 1), self.coefficient(scope, depth - 1)))
        if depth and kind < 0.36:
            index = self.choose([p, q])
            inner = self.coefficient([*scope, index], depth - 1)
            return Sum(inner, self.range(index, scope))
        if kind < 0.6:
            return Iverson(self.condition(scope))
        if kind < 0.85:
            return Delta(self.integer(scope), self.integer(scope))
        if kind < 0.9:
            divisor = self.choose([Constant(2), Constant(3), self.integer(scope)])
            return Number(Quotient(self.integer(scope), divisor))
        return Number(self.choose([Constant(2), Constant(-1), Constant(0), self.integer(scope)]))

    def condition(self, scope: list[Index], depth: int = 2) -> Condition:
        kind = self.chance()
        if depth and kind < 0.15:
            return self.condition(scope, depth - 1) & self.condition(scope, depth - 1)
        if depth and kind < 0.25:
            return self.condition(scope, depth - 1) | self.condition(scope, depth - 1)
        if depth and kind < 0.3:
            return ~self.condition(scope, depth - 1)
        if kind < 0.4:
            return divides(self.choose([1, 2, self.integer(scope)]), self.integer(scope))
        if kind < 0.6:
            return equal(self.integer(scope), self.integer(scope))
        if kind < 0.75:
            return between(0, self.integer(scope), self.choose([A - 1, B - 1]))
        right = self.choose([A - 1, B - 1, Constant(1), self.integer(scope)])
        relation = self.choose(["<=", "<", ">=", ">", "!="])
        return Comparison(self.integer(scope), relation, right)

    def range(self, index: Index, scope: list[Index]) -> Range:
        lower, upper = self.choose([0, 0, 0, 1]), self.choose([A - 1, B - 1, A - 2, Constant(1)])
        kind = self.chance()
        if kind < 0.02:
            upper = Quotient(self.choose([B, *scope]), Constant(2))
        elif scope and kind < 0.15:
            lower = self.choose(scope)
        elif scope and kind > 0.85:
            upper = self.choose(scope)
        return Range(index, as_integer(lower), as_integer(upper))

    def integer(self, scope: list[Index]) -> IntegerExpression:
        kind = self.chance()
        if not scope or kind > 0.94:
            return Index("nowhere") if kind > 0.996 else Constant(self.choose([0, 0, 1]))
        index = self.choose(scope)
        if kind < 0.5:
            return index
        others: list[IntegerExpression] = [
            index + self.choose([-1, 1]),
            self.choose([A, B]) - 1 - index,
            FloorDivision(index, self.choose([Constant(2), A])),
            CeilingDivision(index, Constant(2)),
            Remainder(index, self.choose([Constant(2), B])),
            Quotient(index, Constant(self.choose([1, 2]))),
            Minimum((index, Constant(self.choose([0, 1])))),
            Maximum((index, Constant(1))),
            index + self.choose(scope),
            2 * index,
        ]
        return self.choose(others)

    def rearranged(self, expression: Expression) -> Expression:
        """Shuffle terms and factors: the same polynomial, read in another order."""
        match expression:
            case Add(terms=parts):
                return Add(tuple(self.shuffled([self.rearranged(part) for part in parts])))
            case Mul(factors=parts):
                return Mul(tuple(self.shuffled([self.rearranged(part) for part in parts])))
            case Sum(body=body, ranges=ranges):
                return Sum(self.rearranged(body), *ranges)
        return expression


def brute_force(statement: Statement, at: Sizes) -> Difference | None:
    """Evaluate both sides at every value of the free indices, to the end."""
    evaluator = Evaluator(LAYER.definition_by_name, at.by_symbol)
    found = [
        smallest_difference({s.name: value for s, value in values.items()}, left, right)
        for values, left, right in side_polynomials(statement, evaluator)
    ]
    return next((difference for difference in found if difference is not None), None)


def outcome(compare, *arguments) -> tuple[str, object]:
    try:
        difference = compare(*arguments)
    except IllFormed as error:
        return "ill-formed", error.code
    except NotSupported:
        return "not supported", None
    return ("same", None) if difference is None else ("different", difference)


SEEN: Counter[str] = Counter()


@settings(
    max_examples=by_run(150, 2_000, 4_000),
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=True), st.integers(1, 3), st.integers(1, 3))
def check_one_random_statement(source: random.Random, a: int, b: int) -> None:
    statement, at = Author(source).statement(), LAYER.sizes(A=a, B=b)
    expected = outcome(brute_force, statement, at)
    got = outcome(Tables(LAYER, at).compare, statement)
    SEEN[got[0] if got[0] != "ill-formed" else f"{got[0]}: {expected[1]}"] += 1
    if got[0] == "ill-formed":
        assert expected[0] == "ill-formed", f"{statement} at {at}"
    elif got[0] != "not supported":
        assert got == expected, f"{statement} at {at}"


def test_tables_agree_with_evaluation_on_random_statements() -> None:
    SEEN.clear()
    check_one_random_statement()
    # The agreement means something only if every kind of outcome was seen, and was not refused.
    assert set(SEEN) >= {
        "same",
        "different",
        "ill-formed: out-of-range",
        "ill-formed: unbound-index",
        "ill-formed: division-by-zero",
    }
    assert SEEN["not supported"] < 0.1 * SEEN.total()
    assert SEEN["different"] > 0.05 * SEEN.total()


def meant_at(statement: Statement, at: Sizes, arrays: dict[str, np.ndarray]) -> list[Any] | None:
    """Evaluate a right-hand side at numbers, place by place; None where it has no meaning."""
    evaluator = Evaluator(LAYER.definition_by_name, at.by_symbol)
    found: list[Any] = []
    try:
        for values in evaluator.assignments(statement.free):
            total: Any = 0
            for monomial, coefficient in evaluator.polynomial(statement.rhs, values).items():
                total += coefficient * prod(arrays[name][position] for name, position in monomial)
            found.append(total)
    except IllFormed:
        return None
    return found


def test_numbers_agree_with_evaluation_on_random_statements() -> None:
    seen: Counter[str] = Counter()
    for seed in range(3000 if LONG else 300):
        source = random.Random(seed)
        at = LAYER.sizes(A=source.randint(1, 3), B=source.randint(1, 3))
        statement = expand_where(Author(source).statement())
        contractions = Contractions(LAYER, at)
        if not contractions.handles(statement):
            seen["not handled"] += 1
            continue
        draw = np.random.default_rng(seed)
        arrays = {
            array.name: draw.integers(-9, 9, contractions.shape(array)).astype(object)
            for array in LAYER.inputs
        }
        expected = meant_at(statement, at, arrays)
        try:
            got = np.ravel(contractions.statement_values(statement, arrays)).tolist()
        except IllFormed:
            got = None
        assert got == expected, f"{statement} at {at}"
        seen["ill-formed" if expected is None else "values"] += 1
    assert seen["values"] > seen.total() / 2
    assert seen["ill-formed"] > seen.total() / 20


def test_an_index_bound_nowhere_that_no_value_needs_is_no_error() -> None:
    # At B = 1, [B = 2] is 0: what stands behind it is not computed.
    unbound = Mul((Iverson(equal(B, 2)), Number(Index("nowhere"))))
    factor = Add((unbound, Number(i)))
    statement = Statement(factor * u[i - 1], Number(i) * u[i - 1], (Range(i, Constant(1), A),))
    at = LAYER.sizes(A=2, B=1)
    assert outcome(brute_force, statement, at) == ("same", None)
    assert outcome(Tables(LAYER, at).compare, statement) == ("same", None)
