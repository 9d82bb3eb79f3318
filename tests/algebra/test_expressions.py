"""Expression nodes: structure, operators, refusals."""

from __future__ import annotations

import pytest

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
    Statement,
    Sum,
    as_expression,
    claim,
    has_entries,
    product_factors,
)
from symconv.algebra.indices import Constant, Range, as_integer, equal, indices, sizes

(N,) = sizes("N")
i, j, p = indices("i j p")
x = Array("x", (N,))
w = Array("w", (N, N))
L = Array("L")


class Strange(Expression):
    """A node outside the closed set."""


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (x[i] * w[i, j] + x[0], "x[i]*w[i,j]+x[0]"),
        (2 * x[i] - x[j], "2*x[i]-x[j]"),
        (1 - Delta(i, j), "1-delta(i, j)"),
        (x[i] + 1, "x[i]+1"),
        (1 + x[i], "1+x[i]"),
        (x[i] - 1, "x[i]-1"),
        (N * x[i], "N*x[i]"),
        (x[i] * (x[j] + x[p]), "x[i]*(x[j]+x[p])"),
        (x[i] * (N - 1), "x[i]*(N-1)"),
        (-x[i], "-x[i]"),
        (Mul(()), "1"),
        (Add(()), "0"),
        (Iverson(i < j) * x[i], "[i < j]*x[i]"),
        (Sum(x[i], (i, 0, N - 1)), "sum[i=0..N-1](x[i])"),
        (Sum(w[i, j], (i, 0, N - 1), (j, i, N - 1)), "sum[i=0..N-1, j=i..N-1](w[i,j])"),
        (Derivative(L[()], x[i]), "dL/dx[i]"),
        (Derivative(x[i] * x[i], x[j]), "d(x[i]*x[i])/dx[j]"),
    ],
)
def test_text_follows_the_tree(expression: Expression, text: str) -> None:
    assert str(expression) == text


def test_products_are_flat_and_keep_their_order() -> None:
    product = x[i] * x[j] * w[i, j]
    assert product == Mul((x[i], x[j], w[i, j]))
    assert product_factors(Mul((x[i], Mul((x[j], Mul((w[i, j],))))))) == product.factors


def test_nothing_simplifies_on_construction() -> None:
    assert x[i] + 0 == Add((x[i], Number(Constant(0))))
    assert x[i] * 1 != x[i]
    assert x[i] - x[i] != Add(())


def test_an_entry_needs_an_index_per_axis() -> None:
    assert w[i, j].indices == (i, j)
    with pytest.raises(TypeError, match="w has 2 axes, got 1"):
        _ = w[i]
    with pytest.raises(TypeError, match="x has 1 axes, got 2"):
        _ = x[i, j]


def test_a_sum_needs_ranges_over_distinct_indices() -> None:
    assert Sum(x[i], (i, 0, N)).ranges == (Range(i, Constant(0), N),)
    assert Sum(x[i], Range(i, Constant(0), N)) == Sum(x[i], (i, 0, N))
    with pytest.raises(TypeError, match="at least one range"):
        _ = Sum(x[i])
    with pytest.raises(TypeError, match="binds each index once"):
        _ = Sum(x[i], (i, 0, N), (i, 0, 1))
    with pytest.raises(TypeError, match="runs over an index"):
        _ = Sum(x[i], (N, 0, 1))


def test_a_definition_needs_plain_distinct_indices() -> None:
    assert Definition(w[i, j], x[i] * x[j]).array == w
    with pytest.raises(TypeError, match="plain indices"):
        _ = Definition(x[i + 1], x[i])
    with pytest.raises(TypeError, match="distinct indices"):
        _ = Definition(w[i, i], x[i])


def test_only_expressions_and_integers_are_expressions() -> None:
    assert as_expression(N) == Number(N)
    assert as_expression(2) == Number(Constant(2))
    with pytest.raises(TypeError, match="expected an integer"):
        _ = as_expression("x")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (x[i], True),
        (Derivative(L[()], x[i]), True),
        (Number(N), False),
        (Delta(i, j), False),
        (Iverson(i < j), False),
        (Delta(i, j) + x[i], True),
        (Delta(i, j) * Delta(j, p), False),
        (Sum(Delta(i, j), (i, 0, N)), False),
        (Sum(x[i], (i, 0, N)), True),
    ],
)
def test_entries_are_found_at_any_depth(expression: Expression, expected: bool) -> None:
    assert has_entries(expression) is expected


def test_an_unknown_node_is_refused() -> None:
    with pytest.raises(TypeError, match="not an expression"):
        _ = has_entries(Strange())


def test_a_statement_is_named_by_name_and_form() -> None:
    statement = Statement(x[i], x[i], name="dL/dx", form="contracted")
    assert statement.key == "dL/dx:contracted"
    assert Statement(x[i], x[i], name="x_pad").key == "x_pad"
    assert statement == Statement(x[i], x[i]), "names are not part of what is claimed"
    other = statement.with_sides(x[j], x[p])
    assert (other.lhs, other.rhs, other.key) == (x[j], x[p], "dL/dx:contracted")


def test_a_statement_shows_its_abbreviations() -> None:
    statement = Statement(x[i], x[p], where=((p, i + 1), (j, i * 1)))
    assert str(statement) == "x[i] = x[p] where p = i+1, j = i*1"
    assert str(Statement(x[i], x[p])) == "x[i] = x[p]"


def test_a_claim_ranges_over_the_axes_on_its_left() -> None:
    made = claim(Derivative(x[i], w[j, p]), x[i], name="dx/dw:deltas", source="here")
    assert [str(item) for item in made.free] == ["i=0..N-1", "j=0..N-1", "p=0..N-1"]
    assert (made.name, made.form, made.source) == ("dx/dw", "deltas", "here")
    assert claim(2 * x[i] + w[0, j + 1], 0).free == claim(x[i], 1).free
    assert claim(N, N + 0).free == ()


def test_a_claim_takes_ranges_that_the_left_does_not_show() -> None:
    made = claim(x[i + 1], x[j], ranges={i: (0, N - 2)}, where=((j, i + 1),))
    assert [str(item) for item in made.free] == ["i=0..N-2"]
    assert made.where == ((j, i + 1),)


def test_a_claim_refuses_one_index_on_axes_of_different_extents() -> None:
    short = Array("short", (N - 1,))
    assert claim(x[i] * w[i, i], 0).free == claim(x[i], 0).free
    with pytest.raises(ValueError, match="i runs over N-1 and over N-1-1 on the left"):
        _ = claim(x[i] * short[i], 0)
    assert str(claim(x[i] * short[i], 0, ranges={i: (0, N - 2)}).free[0]) == "i=0..N-2"


def test_notebooks_show_expressions_and_statements_as_mathematics() -> None:
    assert (x[i] * w[i, j])._repr_latex_() == r"$\displaystyle x_{i} w_{i,j}$"
    assert claim(x[i], w[i, 0])._repr_latex_() == r"$\displaystyle x_{i} = w_{i,0}$"


def test_an_array_is_shown_by_its_name() -> None:
    assert str(x) == "x"


def test_what_is_no_condition_and_no_entry_is_refused_where_it_is_written() -> None:
    for wrong in (i == N, True, 1):
        with pytest.raises(TypeError, match="expected a condition, such as a <= b or equal"):
            _ = Iverson(wrong)
        with pytest.raises(TypeError, match="expected a condition"):
            _ = claim(x[0] + 0, 0, assumptions=(wrong,))
    for by in (3, x, 2 * x[0]):
        with pytest.raises(TypeError, match="a derivative is by one entry"):
            _ = Derivative(x[0], by)
    assert Iverson(equal(i, N)).condition == equal(i, N)
    assert claim(x[0] + 0, 0, assumptions=(N <= 3,)).assumptions == (N <= 3,)


def test_only_an_integer_expression_divides() -> None:
    assert x[i] / N == Mul((x[i], Number(as_integer(1) / N)))
    with pytest.raises(TypeError, match="only an integer expression in sizes and indices divides"):
        _ = x[i] / x[j]
