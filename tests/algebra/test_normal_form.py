from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symconv.algebra.evaluation import Evaluator
from symconv.algebra.expressions import (
    Add,
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
    Condition,
    Constant,
    Index,
    Range,
    Size,
    Symbol,
    divides,
    equal,
    indices,
    sizes,
)
from symconv.algebra.normal_form import (
    MOST_TERMS,
    Term,
    normal_form,
    normal_form_expression,
)
from symconv.algebra.scoping import rename_bound, substitute
from symconv.errors import IllFormed, NotSupported

N, K, S = sizes("N K S")
i, j, k, p, q, r = indices("i j k p q r")
x, w, m = Array("x", (N,)), Array("w", (K,)), Array("m", (N, K))
z = Array("z", (N,))
DEFINITIONS = {"z": Definition(z[i], Sum(m[i, p] * w[p], (p, 0, K - 1)))}
LEAST: dict[Symbol, int] = {N: 1, K: 1, S: 1}
SIZES: list[dict[Symbol, int]] = [{N: 2, K: 1, S: 1}, {N: 3, K: 2, S: 2}, {N: 2, K: 3, S: 3}]


def values(expression: Expression, free: tuple[Index, ...]) -> list:
    """Evaluate at a few sizes; what has no meaning there is marked."""
    found = []
    for chosen in SIZES:
        evaluator = Evaluator(DEFINITIONS, chosen)
        ranges = tuple(Range(index, Constant(0), N - 1) for index in free)
        for at in evaluator.assignments(ranges):
            try:
                found.append(evaluator.polynomial(expression, at))
            except IllFormed:
                found.append(None)
    return found


class Maker:
    """Make a random expression with one free index, i; mostly well-formed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def expression(self, scope: tuple[Index, ...] = (i,), depth: int = 0) -> Expression:
        kinds = ["entry", "entry", "guard", "number", "sum", "product", "total"]
        match self.random.choice(kinds if depth < 3 else kinds[:4]):
            case "entry":
                index = self.random.choice(scope)
                other = self.random.choice(scope)
                return self.random.choice(
                    [
                        Iverson(index < N) * Iverson(index >= 0) * x[index],
                        Iverson((index < N) & (index >= 0)) * z[index],
                        Iverson((index < N) & (index >= 0) & (other < K) & (other >= 0))
                        * m[index, other],
                    ]
                )
            case "guard":
                return self.random.choice([Iverson(self.condition(scope)), Delta(*self.two(scope))])
            case "number":
                return Number(self.random.choice([Constant(2), Constant(-1), N, scope[-1]]))
            case "sum":
                index = self.random.choice([i, j, k, p, q])
                upper = self.random.choice([N - 1, K - 1, self.random.choice(scope)])
                body = self.expression((*scope, index), depth + 1)
                return Sum(body, (index, 0, upper))
            case "product":
                return self.expression(scope, depth + 1) * self.expression(scope, depth + 1)
        return self.expression(scope, depth + 1) + self.expression(scope, depth + 1)

    def two(self, scope):
        left, right = self.random.choice(scope), self.random.choice(scope)
        return self.random.choice([left, left + 1, S * left]), self.random.choice(
            [right, N - right]
        )

    def condition(self, scope) -> Condition:
        left, right = self.two(scope)
        return self.random.choice(
            [
                left < right,
                equal(left, right),
                divides(S, left),
                ~divides(2, left),
                (left <= 1) | (right > 1),
            ]
        )

    def shuffled(self, expression: Expression) -> Expression:
        """Reorder addends and factors, rename bound indices, split and merge sums."""
        match expression:
            case Add(terms=parts):
                changed = [self.shuffled(part) for part in parts]
                self.random.shuffle(changed)
                return Add(tuple(changed))
            case Mul(factors=parts):
                changed = [self.shuffled(part) for part in parts]
                self.random.shuffle(changed)
                if len(changed) > 2 and self.random.random() < 0.5:
                    return Mul((Mul(tuple(changed[:2])), *changed[2:]))
                return Mul(tuple(changed))
            case Sum(body=body, ranges=ranges):
                changed = Sum(self.shuffled(body), *ranges)
                if self.random.random() < 0.7:
                    changed = rename_bound(changed, [item.index for item in ranges])
                return changed
        return expression


@given(st.integers(0, 2**32))
def test_the_normal_form_keeps_the_value_wherever_there_is_one(seed):
    expression = Maker(seed).expression()
    try:
        terms = normal_form(expression, DEFINITIONS, least=LEAST)
    except NotSupported:
        return
    for expected, found in zip(
        values(expression, (i,)), values(normal_form_expression(terms), (i,)), strict=True
    ):
        assert expected is None or found is None or expected == found


@given(st.integers(0, 2**32))
def test_the_normal_form_is_its_own_normal_form(seed):
    try:
        terms = normal_form(Maker(seed).expression(), DEFINITIONS, least=LEAST)
    except NotSupported:
        return
    again = normal_form(normal_form_expression(terms), least=LEAST)
    assert again == terms


@given(st.integers(0, 2**32))
def test_the_normal_form_does_not_see_order_grouping_and_bound_names(seed):
    maker = Maker(seed)
    expression = maker.expression()
    changed = maker.shuffled(expression)
    try:
        difference = normal_form(expression - changed, DEFINITIONS, least=LEAST)
    except NotSupported:
        return
    # Indices that occur alike may be numbered differently, and then cancel only in value.
    for value in values(normal_form_expression(difference), (i,)):
        assert not value


SAME = [
    (
        "bound names",
        Sum(x[p] * w[q], (p, 0, N - 1), (q, 0, K - 1)),
        Sum(x[q] * w[r], (q, 0, N - 1), (r, 0, K - 1)),
    ),
    (
        "the order of factors",
        Sum(w[q] * x[p], (p, 0, N - 1), (q, 0, K - 1)),
        Sum(x[p] * w[q], (p, 0, N - 1), (q, 0, K - 1)),
    ),
    (
        "the order of sums",
        Sum(x[p] * w[q], (q, 0, K - 1), (p, 0, N - 1)),
        Sum(x[p] * w[q], (p, 0, N - 1), (q, 0, K - 1)),
    ),
    (
        "nesting",
        Sum(Sum(x[p] * w[q], (q, 0, K - 1)), (p, 0, N - 1)),
        Sum(x[p] * w[q], (p, 0, N - 1), (q, 0, K - 1)),
    ),
    (
        "a factor in front of a sum",
        x[i] * Sum(w[q], (q, 0, K - 1)),
        Sum(x[i] * w[q], (q, 0, K - 1)),
    ),
    ("where a factor stands", x[i] * (w[j] + w[k]), w[k] * x[i] + x[i] * w[j]),
    ("how integers are written", x[i + S * j], x[j * S + i]),
    ("how conditions are written", Iverson(i < j) * x[i], Iverson(j >= i + 1) * x[i]),
    ("deltas and brackets", Delta(i, j) * x[i], Iverson(equal(j, i)) * x[i]),
    ("one bracket or two", Iverson((i < j) & (j < k)), Iverson(j < k) * Iverson(i < j)),
    ("what cancels", x[i] + w[j] - x[i], w[j] + 0),
    ("what adds up", x[i] + x[i], 2 * x[i]),
    ("what is never on", x[i] + Iverson(i < i) * w[j], Add((x[i],))),
    ("what is always on", Iverson(i <= i) * x[i], Add((x[i],))),
    ("a definition", z[j], Sum(w[p] * m[j, p], (p, 0, K - 1))),
    ("a derivative", Derivative(x[i] * w[k], x[j]), Delta(j, i) * w[k]),
    (
        "a range that uses an outer index",
        Sum(x[p] * w[q], (p, 0, N - 1), (q, 0, p)),
        Sum(Sum(w[r] * x[j], (r, 0, j)), (j, 0, N - 1)),
    ),
    ("a bound index named like a free one", Sum(x[i], (i, 0, N - 1)), Sum(x[p], (p, 0, N - 1))),
    (
        "powers of one sum",
        Sum(x[p], (p, 0, N - 1)) * Sum(x[p], (p, 0, N - 1)),
        Sum(x[p] * x[q], (p, 0, N - 1), (q, 0, N - 1)),
    ),
]


@pytest.mark.parametrize(("name", "left", "right"), SAME, ids=[case[0] for case in SAME])
def test_the_normal_form_is_blind_to(name, left, right):
    assert normal_form(left, DEFINITIONS) == normal_form(right, DEFINITIONS)


DIFFERENT = [
    ("which index is where", m[i, j], m[j, i]),
    (
        "which sum an index belongs to",
        Sum(m[p, q], (p, 0, N - 1), (q, 0, K - 1)),
        Sum(m[q, p], (p, 0, N - 1), (q, 0, K - 1)),
    ),
    ("the end of a sum", Sum(x[p], (p, 0, N - 1)), Sum(x[p], (p, 0, N))),
    (
        "a square and a product of sums",
        Sum(x[p] * x[p], (p, 0, N - 1)),
        Sum(x[p], (p, 0, N - 1)) * Sum(x[p], (p, 0, N - 1)),
    ),
    ("a guard", Iverson(i < j) * x[i], x[i]),
    ("a condition and its negation", Iverson(divides(S, i)) * x[i], Iverson(~divides(S, i)) * x[i]),
    ("the coefficient", 2 * x[i], 3 * x[i]),
    ("the sign", x[i], -x[i]),
    ("an index and a size of one name", x[Index("N")], x[Size("N")]),
    ("arrays of one name with other axes", Array("x", (N, N))[i, i], x[i]),
]


@pytest.mark.parametrize(("name", "left", "right"), DIFFERENT, ids=[case[0] for case in DIFFERENT])
def test_the_normal_form_sees(name, left, right):
    assert normal_form(left, DEFINITIONS) != normal_form(right, DEFINITIONS)


def test_a_term_tells_its_coefficient_entries_condition_and_ranges():
    (term,) = normal_form(2 * Sum(Iverson(p < i) * x[p] * w[0], (p, 0, N - 1)))
    (bound,) = [item.index for item in term.ranges]
    assert term.coefficient == Constant(2)
    assert term.arrays == (("w", 1), ("x", 1))
    assert term.entries == (w[0], x[bound])
    assert [str(part) for part in term.condition] == ["0 <= i-t1-1"]
    assert [str(item) for item in term.ranges] == ["t1=0..N-1"]
    assert str(term.expression()) == "sum[t1=0..N-1]([0 <= i-t1-1]*2*w[0]*x[t1])"


def test_zero_has_no_terms():
    assert normal_form(Number(Constant(0))) == ()
    assert normal_form(x[i] - x[i]) == ()
    assert normal_form_expression(()) == Add(())


def test_bound_names_avoid_the_free_ones():
    t1 = Index("t1")
    (term,) = normal_form(Sum(x[p] * w[t1], (p, 0, N - 1)))
    assert [item.index.name for item in term.ranges] == ["tt1"]
    hashed = Index("#1")
    (term,) = normal_form(Sum(x[p] * w[hashed], (p, 0, N - 1)))
    assert hashed in term.entries[0].indices


def test_indices_are_told_apart_by_what_stands_around_them():
    path = Array("path", (N, N))
    a, b, c, d, e = indices("a b c d e")
    order = [a, b, c, d, e]
    every = [(index, 0, N - 1) for index in order]
    forward = Sum(path[a, b] * path[b, c] * path[c, d] * path[d, e], *every)
    mixed = Sum(path[d, b] * path[e, a] * path[b, e] * path[a, c], *reversed(every))
    assert normal_form(forward) == normal_form(mixed)


def test_substituting_renamed_indices_gives_the_same_form():
    expression = Sum(x[p] * w[q] * m[p, q], (p, 0, N - 1), (q, 0, K - 1))
    turned = Sum(substitute(expression.body, {p: q, q: p}), (q, 0, N - 1), (p, 0, K - 1))
    assert normal_form(expression) == normal_form(turned)


def test_more_terms_than_the_limit_are_refused():
    wide = Add(tuple(x[number] for number in range(50)))
    assert MOST_TERMS < 50 * 50
    with pytest.raises(NotSupported, match="2,500 terms"):
        _ = normal_form(wide * wide)


def test_an_unknown_node_raises():
    with pytest.raises(TypeError, match="not a node"):
        _ = normal_form("x")


def test_a_term_without_sums_is_written_without_one():
    assert Term(Constant(3), (x[i],)).expression() == Mul((Number(Constant(3)), x[i]))
