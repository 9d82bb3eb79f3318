from __future__ import annotations

import pytest

from symconv.algebra.expressions import Array, Delta, Expression, Iverson, Number, Sum
from symconv.algebra.indices import Symbol, between, indices, sizes
from symconv.algebra.normal_form import normal_form
from symconv.errors import NotSupported
from symconv.proof.solving import domain_conditions, positions, solve

A, B, S = sizes("A B S")
i, j = indices("i j")
u, v, m = Array("u", (A,)), Array("v", (B,)), Array("m", (A, B))
flat = Array("flat", (A * B,))
LEAST: dict[Symbol, int] = {A: 1, B: 1, S: 1}
ALL, COLUMNS = (i, 0, A - 1), (j, 0, B - 1)


def solved(expression: Expression, *, digits: bool = True) -> tuple[dict[str, str], list[str]]:
    (term,) = normal_form(expression, least=LEAST)
    found = solve(term, LEAST, lambda _domain, _goal: digits)
    values = {str(index): str(value) for index, value in found.values.items()}
    return dict(sorted(values.items())), [str(item) for item in found.counted]


def test_an_index_that_an_entry_names_is_read_off() -> None:
    assert solved(Sum(m[i, j], ALL, COLUMNS)) == ({"t1": "m.0.1", "t2": "m.0.0"}, [])


def test_an_index_is_solved_through_a_sum_a_stride_and_a_delta() -> None:
    assert solved(Sum(u[A - 1 - i], ALL))[0] == {"t1": "A-u.0.0-1"}
    assert solved(Sum(u[S * i + 1], ALL))[0] == {"t1": "(u.0.0-1)/S"}
    assert set(solved(Sum(Delta(i, S * j) * v[j], ALL, COLUMNS))[0].values()) == {
        "S*v.0.0",
        "v.0.0",
    }


def test_digits_are_only_taken_apart_where_they_are_digits() -> None:
    expression = Sum(flat[B * i + j], ALL, COLUMNS)
    assert solved(expression)[0] == {
        "t1": "floor(flat.0.0/B)",
        "t2": "-B*floor(flat.0.0/B)+flat.0.0",
    }
    with pytest.raises(NotSupported, match="several of its values"):
        _ = solved(expression, digits=False)


def test_an_index_that_nothing_mentions_is_counted_over_its_interval() -> None:
    assert solved(Sum(u[i], ALL, (j, 2, B))) == ({"t1": "u.0.0"}, ["t2=2..B"])
    values, counted = solved(Sum(Iverson(j < i) * u[i], ALL, COLUMNS))
    assert values == {"t2": "u.0.0"}
    assert counted == ["t1=0..min(B-1, u.0.0-1)"]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (Sum(u[i + j], ALL, COLUMNS), "several of its values give the same monomial"),
        (Sum(Number(j) * u[i], ALL, COLUMNS), "the coefficient depends on it"),
        (Sum(Iverson((j < 1) | (j > 2)) * u[i], ALL, COLUMNS), "not bound to one interval"),
        (Sum(v[0] * Iverson(j * j < A), COLUMNS), "not bound to one interval"),
        (Sum(v[0] * Iverson(i <= j), ALL, COLUMNS), "how often it counts depends on"),
        (Sum(v[0] + 0, ALL, (j, 0, i)), "how often it counts depends on"),
    ],
    ids=str,
)
def test_what_is_not_determined_is_refused_with_the_reason(expression, reason) -> None:
    (term,) = normal_form(expression, least=LEAST)
    with pytest.raises(NotSupported, match=reason) as caught:
        _ = solve(term, LEAST, lambda _domain, _goal: False)
    assert caught.value.code == "not-one-to-one"


def test_every_coordinate_has_a_symbol_of_its_own() -> None:
    (term,) = normal_form(m[i, j] * m[j, i] * u[i])
    names = [symbol.name for entry in positions(term) for symbol in entry]
    assert names == ["m.0.0", "m.0.1", "m.1.0", "m.1.1", "u.2.0"]


def test_the_domain_is_the_ranges_and_the_condition() -> None:
    (term,) = normal_form(Sum(Iverson(between(1, i, 3)) * u[i], ALL))
    assert [str(part) for part in domain_conditions(term)] == [
        "0 <= t1",
        "t1 <= A-1",
        "0 <= -t1+3",
        "0 <= t1-1",
    ]
