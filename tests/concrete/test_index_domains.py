"""Domains: what indices take together, enumerated without multiplying components out."""

from __future__ import annotations

from fractions import Fraction

import pytest

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
    Constant,
    Index,
    Quotient,
    Range,
    Size,
    between,
    equal,
    indices,
    sizes,
)
from symconv.concrete import index_domains
from symconv.concrete.components import Domain
from symconv.concrete.index_domains import Domains
from symconv.concrete.planning import Plans
from symconv.errors import IllFormed, NotSupported, TooLarge

A, B = sizes("A B")
i, j, k, p, q = indices("i j k p q")
u, v, m = Array("u", (A,)), Array("v", (B,)), Array("m", (A, B))
ODD = Array("odd", (Quotient(A, Constant(2)),))
ELSEWHERE = Array("elsewhere", (Size("Z"),))
SIZES = {"A": 4, "B": 3}


def domain(expression: Expression, *free: tuple[Index, int], sizes=SIZES) -> Domain:
    """Return the domain of the only term of an expression."""
    ranges = tuple(Range(index, Constant(0), Constant(last)) for index, last in free)
    side = Plans({}).side(expression, ranges)
    domains = Domains(sizes)
    domains.check(side)
    (term,) = side.terms
    return domains.term(term)


def tables(found: Domain) -> list[dict[str, list[int]]]:
    return [
        {name: column.tolist() for name, column in part.columns.items()}
        for part in found.components()
    ]


def test_indices_that_nothing_links_stay_apart() -> None:
    assert tables(domain(Sum(m[i, p], (p, 0, B - 1)), (i, 1))) == [
        {"i": [0, 1]},
        {"p": [0, 1, 2]},
    ]


def test_a_condition_joins_the_indices_that_it_mentions() -> None:
    guarded = Sum(Iverson(i + p >= 3) * u[0], (p, 0, B - 1), (q, 0, 1))
    assert tables(domain(guarded, (i, 2))) == [
        {"i": [1, 2, 2], "p": [2, 1, 2]},
        {"q": [0, 1]},
    ]


def test_bounds_that_depend_on_an_index_are_followed() -> None:
    assert tables(domain(Sum(u[0], (p, i, 2), (q, 0, p - i - 1)), (i, 1))) == [
        {"i": [0, 0, 0, 1], "p": [1, 2, 2, 2], "q": [0, 0, 1, 0]},
    ]


def test_an_equality_gives_an_index_its_value_without_listing_pairs() -> None:
    size = 300_000
    found = domain(Delta(i, p) * Number(p), (p, size), (i, size))
    assert [part.count for part in found.components()] == [size]


def test_an_equality_of_two_expressions_is_a_condition() -> None:
    assert tables(domain(Delta(2 * i, p + 1) * u[0], (i, 3), (p, 3))) == [
        {"i": [1, 2], "p": [1, 3]}
    ]
    assert tables(domain(Delta(i, p) * Delta(i, 2) * u[0], (i, 3), (p, 3))) == [
        {"i": [2], "p": [2]}
    ]
    assert tables(domain(Delta(2, i) * u[0], (i, 3))) == [{"i": [2]}]


@pytest.mark.parametrize("value", [Constant(9), Quotient(Constant(1), Constant(2))])
def test_an_equality_that_never_holds_leaves_nothing(value) -> None:
    assert not domain(Delta(i, value) * u[0], (i, 3)).alive
    assert not domain(Delta(i, value + p - p) * u[0], (i, 3), (p, 1)).alive


def test_coefficients_multiply_and_zeros_are_dropped() -> None:
    found = domain(Number(i - 1) * Number(i) * Number(Constant(5)) * u[0], (i, 3))
    assert found.scalar == 5
    (part,) = found.components()
    assert part.columns["i"].tolist() == [2, 3]
    assert part.coefficients.tolist() == [2, 6]
    assert not domain(Number(A - 4) * u[0]).alive
    half = domain(Number(i / 2) * u[0], (i, 3)).components()[0].coefficients
    assert half.tolist() == [Fraction(1, 2), 1, Fraction(3, 2)]


def test_coefficients_of_joined_components_multiply() -> None:
    product = Number(i + 1) * Number(p + 1) * Iverson(i <= p) * u[0]
    (part,) = domain(product, (i, 1), (p, 1)).components()
    pairs = zip(part.columns["i"].tolist(), part.columns["p"].tolist(), strict=True)
    assert dict(zip(pairs, part.coefficients.tolist(), strict=True)) == {
        (0, 0): 1,
        (0, 1): 2,
        (1, 1): 4,
    }


def test_a_domain_that_was_copied_does_not_change_the_first() -> None:
    sides = Plans({}).statement(
        Statement(
            Sum(3 * u[p], (p, 0, A - 1)) * Sum(2 * v[p], (p, 0, B - 1)),
            Sum(u[p] * Sum(Delta(p, q) * v[0], (q, 0, 1)), (p, 0, A - 1)),
        )
    )
    domains = Domains(SIZES)
    domains.check(*sides)
    terms = [term for side in sides for term in side.terms]
    first = [(tables(found), found.scalar) for found in map(domains.term, terms)]
    again = [(tables(found), found.scalar) for found in map(domains.term, terms)]
    assert first == again
    assert [scalar for _, scalar in first] == [6, 1]


ILL_FORMED: list[tuple[str, str, Expression]] = [
    ("out-of-range", "u[i+1] reads u[4], which is outside the shape (4) of u", u[i + 1]),
    ("out-of-range", "u[p] reads u[4]", Sum(u[p], (p, 0, A))),
    ("out-of-range", "m[i,j] reads m[0,3]", m[i, j]),
    ("out-of-range", "u[-1]", Iverson(i >= 2) * u[1 - i]),
    ("non-integer-index", "u[i/2] reads u[1/2], which is not at an integer position", u[i / 2]),
    ("non-integer-bound", "the range p=0..i/2 ends at 1/2", Sum(u[0], (p, 0, i / 2))),
    ("non-integer-bound", "ends at 4/3", Sum(u[0], (p, Quotient(A, B), 2))),
    ("unbound-index", "k has no value", u[k]),
    ("unbound-index", "k has no value", Delta(k, 0) * u[0]),
    ("unbound-index", "k has no value", Sum(u[0], (p, 0, k))),
    ("unbound-index", "k has no value", Number(k) * u[0]),
    ("unbound-index", "Z has no value", ELSEWHERE[0]),
    ("division-by-zero", "division by i, which is 0", u[j // i]),
    ("division-by-zero", "division by i-2, which is 0", Number(1 / (i - 2)) * u[0]),
    ("out-of-range", "odd[2], which is outside the shape (2)", ODD[i]),
]


@pytest.mark.parametrize(("code", "fact", "expression"), ILL_FORMED)
def test_what_has_no_meaning_is_named_with_its_first_values(code, fact, expression) -> None:
    with pytest.raises(IllFormed) as caught:
        _ = domain(expression, (i, 3), (j, 3))
    assert caught.value.code == code
    assert fact in caught.value.fact
    assert caught.value.help or code == "division-by-zero"


WELL_FORMED: list[Expression] = [
    Iverson(between(0, i + 1, A - 1)) * u[i + 1],
    Mul((1 - Iverson(i >= 3), u[i + 1])),
    Iverson(equal(i % 2, 0)) * u[i / 2],
    Delta(i, 9) * u[k],
    Sum(u[k], (p, 1, 0)),
    Sum(Delta(k, 0) * u[0], (p, i + 1, i)),
    Sum(Sum(u[k], (q, 0, k)), (p, 1, 0)),
    Iverson(i >= 1) * u[j // i],
    Number(A - 4) * u[99],
]


@pytest.mark.parametrize("expression", WELL_FORMED, ids=str)
def test_what_is_never_reached_may_have_no_meaning(expression) -> None:
    assert isinstance(domain(expression, (i, 3), (j, 3)), Domain)


def test_the_first_failure_in_the_order_of_evaluation_is_raised() -> None:
    later_index = u[i + 2] + v[j + 1]
    with pytest.raises(IllFormed) as caught:
        _ = domain(later_index * 1 + 0 * u[0], (i, 3), (j, 2))
    assert caught.value.fact.startswith("v[j+1]")
    assert caught.value.indices == {"i": 0, "j": 2}


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        # The later factor fails at an earlier value of i than the one before it.
        (Number(1 / (i - 2)) * u[i - 1], "out-of-range"),
        (Number(1 / i) * u[i + 2], "division-by-zero"),
        (Sum(u[i - 1], (p, 0, (i + 1) / 2)), "non-integer-bound"),
        (Sum(u[i - 1], (p, 0, i * (i - 1) / 4)), "out-of-range"),
        (u[i / 2 - 1 + 1] * u[i - 1], "out-of-range"),
    ],
    ids=str,
)
def test_failures_at_different_values_come_in_the_order_of_values(expression, code) -> None:
    with pytest.raises(IllFormed) as caught:
        _ = domain(expression, (i, 3))
    assert caught.value.code == code
    assert caught.value.indices["i"] == 0


def test_the_first_of_several_failing_rows_is_by_the_outer_index() -> None:
    linked = Iverson(equal(2 * i + j, 2)) * u[9]
    with pytest.raises(IllFormed) as caught:
        _ = domain(linked, (i, 3), (j, 3))
    assert caught.value.indices == {"i": 0, "j": 2}


def test_both_sides_of_a_derivative_are_read() -> None:
    y = Array("y", (A,))
    definitions = {"y": Definition(y[i], u[i])}
    free = (Range(i, Constant(0), A),)
    for derivative in (Derivative(y[0], u[i]), Derivative(y[i], u[0]), Derivative(u[0], v[i])):
        domains = Domains(SIZES)
        with pytest.raises(IllFormed):
            domains.check(Plans(definitions).side(derivative, free))


def test_a_failure_is_raised_again_when_the_plan_is_checked_again() -> None:
    side = Plans({}).side(u[A], ())
    domains = Domains(SIZES)
    for _ in range(2):
        with pytest.raises(IllFormed):
            domains.check(side)


def test_at_each_value_the_left_side_comes_first() -> None:
    free = (Range(i, Constant(0), A - 1),)
    right_first = Statement(u[i + 1], v[i / 2], free)
    left_first = Statement(v[i / 2], u[i - 1] + Number(1 / i), free)
    for statement, code, at in (
        (right_first, "non-integer-index", 1),
        (left_first, "out-of-range", 0),
        (Statement(u[i + 3], v[i + 2], free), "out-of-range", 1),
    ):
        with pytest.raises(IllFormed) as caught:
            Domains(SIZES).check(*Plans({}).statement(statement))
        assert (caught.value.code, caught.value.indices) == (code, {"i": at})
    assert caught.value.fact.startswith("u[i+3]")


def test_what_depends_on_no_index_fails_where_it_is_first_read() -> None:
    broken = Array("broken")
    definitions = {"broken": Definition(broken[()], Sum(u[p], (p, 2, A)))}
    free = (Range(i, Constant(0), A - 1),)
    plans = Plans(definitions)
    for guard, code, value in (
        (Iverson(i >= 0), "out-of-range", 4),
        (Iverson(i >= 2), "division-by-zero", 1),
    ):
        side = plans.side(guard * broken[()] + Number(1 / (i - 1)), free)
        for _ in range(2):
            with pytest.raises(IllFormed) as caught:
                Domains(SIZES).check(side)
            assert caught.value.code == code
            assert list(caught.value.indices.values()) == [value]
    never = plans.side(Iverson(i >= 9) * broken[()], free)
    domains = Domains(SIZES)
    domains.check(never)
    assert not domains.term(never.terms[0]).alive


@pytest.mark.parametrize(
    "expression",
    [
        Sum(v[0], (p, 0, A - 1)),
        Sum(Iverson(p <= q) * v[0], (p, 0, 9999), (q, 0, 9999)),
        Sum(v[0], (p, 0, 9999), (q, 0, p)),
        Sum(u[p + q], (p, 0, 9999), (q, 0, 9999)),
    ],
    ids=str,
)
def test_too_many_values_are_refused_with_their_count(expression) -> None:
    with pytest.raises(TooLarge) as caught:
        _ = domain(expression, sizes={"A": 10**9, "B": 3})
    assert caught.value.terms > index_domains.MOST_ROWS
    assert f"{caught.value.terms:,}" in caught.value.fact


def test_index_values_that_could_leave_int64_are_refused() -> None:
    cubed = Iverson(i * A * A >= A) * u[0]
    with pytest.raises(NotSupported, match="int64"):
        _ = domain(cubed, (i, 2), sizes={"A": 10**7, "B": 3})
    squared = Iverson(i * A >= A) * u[0]
    assert domain(squared, (i, 2), sizes={"A": 10**7, "B": 3}).alive
    with pytest.raises(NotSupported, match="int64"):
        _ = domain(Sum(Iverson(p * p >= 0) * u[0], (p, 2**40, 2**40)))
