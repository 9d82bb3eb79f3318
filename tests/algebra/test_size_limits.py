"""How large expressions may be: counted before anything is done with them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from symconv.algebra.expressions import (
    Add,
    Array,
    Definition,
    Derivative,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
    claim,
)
from symconv.algebra.indices import Constant, Plus, Times, equal, indices, sizes
from symconv.algebra.normal_form import normal_form
from symconv.algebra.ratios import MOST_PRODUCTS, multiply_terms, same_polynomial
from symconv.algebra.size_limits import (
    DEEPEST,
    LONGEST_NUMBER,
    MOST_PARTS,
    expanded_terms,
    require_small,
    require_small_parts,
)
from symconv.algebra.text import LONGEST_NUMBER as LONGEST_WRITTEN
from symconv.algebra.text import number_text
from symconv.errors import NotSupported

(N,) = sizes("N")
i, j = indices("i j")
x, y, z = (Array(name, (N,)) for name in "xyz")
L = Array("L")


def nested(levels: int) -> Expression:
    expression: Expression = x[i]
    for _ in range(levels):
        expression = Add((expression,))
    return expression


def refused(statement: Statement, definitions: dict[str, Definition] | None = None) -> str:
    with pytest.raises(NotSupported) as error:
        require_small(statement, definitions or {})
    assert error.value.code == "too-large"
    return error.value.fact


def test_what_people_write_is_small() -> None:
    inside = nested(DEEPEST - 2)
    summed = Sum(x[i] * Iverson(i < N), (i, 0, N - 1))
    free = claim(x[i], x[i]).free
    require_small(Statement(inside, summed, free, (equal(N, 2),), ((j, N + 1),)), {})
    require_small_parts([i + 1, equal(N, 1), Number(Constant(2**LONGEST_NUMBER - 1))])


def test_what_is_too_deep_or_too_wide_is_refused_however_deep_it_is() -> None:
    for levels in (DEEPEST - 1, 5_000):
        assert "more than 80 parts stand inside each other" in refused(
            Statement(nested(levels), x[i])
        )
    assert "more than 3,000 parts" in refused(Statement(Add((x[i],) * MOST_PARTS), x[i]))
    with pytest.raises(NotSupported, match="about 300 digits"):
        require_small_parts([Constant(2**LONGEST_NUMBER)])


def test_a_definition_counts_where_it_is_read_at_its_deepest() -> None:
    chain = {"y": Definition(y[i], nested(DEEPEST - 4)), "z": Definition(z[i], y[i] + y[i] * 1)}
    require_small(Statement(y[i], Number(N)), chain)
    assert "inside each other" in refused(Statement(nested(2) + z[i], z[i]), chain)


def test_definitions_that_never_end_are_no_depth_or_refused() -> None:
    cyclic = {"y": Definition(y[i], y[i])}
    require_small(Statement(y[i], x[i]), cyclic)
    names = [f"a{number}" for number in range(3_000)]
    long = {
        name: Definition(Array(name, (N,))[i], Array(following, (N,))[i])
        for name, following in pairwise(names)
    }
    assert "read one another too often" in refused(Statement(x[i], x[i]), long)


@pytest.mark.parametrize(
    ("expression", "terms"),
    [
        (x[0] + z[0], 2),
        ((x[0] + z[0]) * (x[0] + 1), 4),
        (Sum((x[i] + 1) * (z[i] + 1), (i, 0, N - 1)), 4),
        (Derivative(x[0] * x[0] * z[0], x[0]), 2),
        (Derivative((x[0] + 1) * (x[0] + z[0]), x[0]), 8),
    ],
)
def test_the_count_is_an_upper_bound(expression: Expression, terms: int) -> None:
    counted, _ = expanded_terms(expression, {})
    assert counted == terms
    assert len(normal_form(expression)) <= counted


def test_definitions_are_counted_where_they_are_read() -> None:
    arrays = [Array(f"c{number}") for number in range(30)]
    chain = [Definition(arrays[0][()], x[0] + z[0])]
    chain += [Definition(after[()], before[()] + before[()]) for before, after in pairwise(arrays)]
    definitions = {item.array.name: item for item in chain}
    assert expanded_terms(arrays[29][()], definitions)[0] == 2**30
    with pytest.raises(NotSupported, match="1,073,741,824 terms"):
        _ = normal_form(arrays[29][()], definitions)


def test_a_derivative_counts_what_each_factor_becomes() -> None:
    definitions = {"z": Definition(z[i], x[i] * x[i])}
    # d(z z)/dx: each z is x x, of which one factor is differentiated by.
    assert expanded_terms(Derivative(z[0] * z[0], x[0]), definitions)[0] == 4
    assert expanded_terms(Derivative(z[0] * z[0], z[0]), definitions)[0] == 2
    assert expanded_terms(Derivative(Sum(z[i], (i, 0, N - 1)), x[0]), definitions)[0] == 2


def test_terms_are_counted_before_they_are_multiplied_out() -> None:
    two = x[i] + z[i]
    assert expanded_terms(Sum(Mul((two, two, two)), (i, 0, N)), {}) == (8, 8)
    assert expanded_terms(Number(N) + Iverson(i < N), {}) == (2, 1)
    definitions = {"y": Definition(y[i], two), "L": Definition(L[()], Sum(y[i] * y[i], (i, 0, N)))}
    assert expanded_terms(y[i] * y[j], definitions) == (4, 4)
    assert expanded_terms(Derivative(L[()], y[j]), definitions) == (4, 1)
    assert expanded_terms(Derivative(L[()], x[j]), definitions) == (8, 4)
    assert expanded_terms(Derivative(two * y[j] + Number(N), x[j]), definitions) == (10, 4)
    cyclic = {"y": Definition(y[i], y[i] + y[i])}
    assert expanded_terms(y[i], cyclic) == (2, 1)
    assert expanded_terms(Derivative(y[i], x[i]), cyclic) == (0, 1)


def test_integers_are_not_multiplied_out_without_end() -> None:
    many = {((size, 1),): 1 for size in sizes(" ".join(f"S{number}" for number in range(50)))}
    assert len(many) ** 2 > MOST_PRODUCTS
    with pytest.raises(NotSupported, match="2,500 terms, more than 2,000"):
        _ = multiply_terms(many, many)
    wide = Times((Plus(tuple(s for ((s, _),) in many)),) * 2)
    assert not same_polynomial(wide, wide + 1)


def test_a_long_number_is_told_by_its_length() -> None:
    assert number_text(-(2 ** (LONGEST_WRITTEN - 1))).startswith("-6151")
    assert number_text(-(10**1_000)) == "-(a number of about 1,001 digits)"
