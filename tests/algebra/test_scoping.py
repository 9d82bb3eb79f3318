"""Free and bound indices, and substitution without capture."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    And,
    Index,
    IntegerExpression,
    Not,
    Or,
    Range,
    Symbol,
    as_integer,
    divides,
    equal,
    indices,
    sizes,
)
from symconv.algebra.scoping import (
    all_symbols,
    arrays,
    dependencies,
    entries,
    expand_where,
    free_indices,
    free_symbols,
    inline,
    rename_bound,
    require_shape_in_sizes,
    size_symbols,
    substitute,
)
from symconv.errors import IllFormed, NotSupported

N, M, K, S = sizes("N M K S")
i, j, p, q = indices("i j p q")
i_1, p_1 = indices("i_1 p_1")
x = Array("x", (N,))
w = Array("w", (N, M))
L = Array("L")


class Strange(Expression):
    """A node outside the closed set."""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (x[i], (i,)),
        (Sum(x[i], (i, 0, N - 1)), ()),
        (Sum(w[i, j], (i, 0, p)), (p, j)),
        (Sum(w[i, j], (i, 0, i)), (i, j)),
        (Sum(w[i, j], (i, 0, N), (j, i, N)), ()),
        (Sum(w[i, j], (j, i, N), (i, 0, N)), (i,)),
        (Delta(i, j) * Iverson(p < q), (i, j, p, q)),
        (Number(i * S) + x[i], (i,)),
        (Derivative(x[i], x[j]), (i, j)),
        (x[i] * Sum(x[i], (i, 0, N)), (i,)),
    ],
)
def test_free_indices(expression: Expression, expected: tuple[Index, ...]) -> None:
    assert free_indices(expression) == expected


def test_free_symbols_include_sizes() -> None:
    assert tuple(free_symbols(Sum(x[i * S], (i, 0, N - 1)))) == (N, S)


def test_all_symbols_include_bound_ones() -> None:
    expression = Sum(Derivative(x[i], x[j]) + Iverson(equal(p, 0)), (i, 0, N - 1))
    assert tuple(all_symbols(expression)) == (i, N, j, p)


@pytest.mark.parametrize(
    ("expression", "replacements", "expected"),
    [
        # The plain cases.
        (x[i], {i: j}, x[j]),
        (x[i], {}, x[i]),
        (Delta(i, j) * Iverson(i < j), {i: j, j: i}, Delta(j, i) * Iverson(j < i)),
        (Number(i) + x[i], {i: p + 1}, Number(p + 1) + x[p + 1]),
        (Derivative(x[i], x[j]), {j: p}, Derivative(x[i], x[p])),
        # A bound index is not free: nothing to replace.
        (Sum(x[i], (i, 0, N)), {i: j}, Sum(x[i], (i, 0, N))),
        # The bound of the same range is outside its scope.
        (Sum(x[i], (i, 0, i)), {i: j}, Sum(x[i], (i, 0, j))),
        # Capture: the arriving i must not be caught by the sum over i.
        (Sum(w[i, j], (i, 0, N)), {j: i}, Sum(w[i_1, i], (i_1, 0, N))),
        # Capture through a size that is replaced by an index.
        (Sum(w[i, j], (i, 0, N)), {M: i}, Sum(w[i_1, j], (i_1, 0, N))),
        # Capture in the bounds of a later range.
        (
            Sum(w[i, p], (i, 0, N), (p, i, j)),
            {j: i},
            Sum(w[i_1, p], (i_1, 0, N), (p, i_1, i)),
        ),
        # The fresh name avoids names that are there already.
        (
            Sum(w[i, j] * x[i_1], (i, 0, N)),
            {j: i},
            Sum(w[Index("i_2"), i] * x[i_1], (Index("i_2"), 0, N)),
        ),
    ],
)
def test_substitution_never_captures(
    expression: Expression, replacements: dict[Symbol, IntegerExpression], expected: Expression
) -> None:
    assert substitute(expression, replacements) == expected


def test_renaming_keeps_what_does_not_clash() -> None:
    expression = Sum(w[i, p], (i, 0, N), (p, i, N))
    assert rename_bound(expression, [j]) is expression
    renamed = rename_bound(expression, [i, p])
    assert renamed == Sum(w[i_1, p_1], (i_1, 0, N), (p_1, i_1, N))
    assert rename_bound(expression, [p]) == Sum(w[i, p_1], (i, 0, N), (p_1, i, N))


def test_entries_and_arrays_are_listed_in_order() -> None:
    expression = Sum(x[i] * Derivative(L[()], w[i, j]), (i, 0, N)) + Delta(i, j) * x[j]
    assert list(entries(expression)) == [x[i], L[()], w[i, j], x[j]]
    assert list(arrays(expression)) == [x, L, w]


def test_abbreviations_are_expanded_in_turn() -> None:
    statement = Statement(x[i], x[q], where=((p, S * i), (q, p + 1)))
    expanded = expand_where(statement)
    assert expanded.rhs == x[S * i + 1]
    assert expanded.where == ()
    plain = Statement(x[i], x[i])
    assert expand_where(plain) is plain


def test_sizes_of_a_statement_come_from_everywhere() -> None:
    statement = Statement(
        x[i],
        Sum(x[p], (p, 0, 1)),
        free=(Range(i, as_integer(0), M - 1),),
        assumptions=(equal(K, 1),),
        where=((q, S * i),),
    )
    assert size_symbols(statement) == (N, M, K, S)


def test_a_definition_is_inlined_at_its_indices() -> None:
    definition = Definition(w[i, j], Sum(x[p] * x[i], (p, 0, j)))
    assert inline(definition, (p, j + 1)) == Sum(x[p_1] * x[p], (p_1, 0, j + 1))


def test_dependencies_are_followed_through_other_definitions() -> None:
    y = Array("y", (N,))
    z = Array("z", (N,))
    definitions = {"y": Definition(y[i], x[i]), "z": Definition(z[i], y[i] * w[i, 0])}
    assert dependencies(definitions) == {"y": {"x"}, "z": {"y", "x", "w"}}


def test_a_definition_that_depends_on_itself_is_refused() -> None:
    y = Array("y", (N,))
    z = Array("z", (N,))
    cyclic = {"y": Definition(y[i], z[i]), "z": Definition(z[i], y[i])}
    with pytest.raises(ValueError, match="depends on itself: y -> z"):
        _ = dependencies(cyclic)


@pytest.mark.parametrize(
    "function",
    [free_indices, lambda e: list(entries(e)), all_symbols, lambda e: substitute(e, {i: j})],
)
def test_an_unknown_node_is_refused(function) -> None:
    with pytest.raises(TypeError, match="not a node: Strange"):
        _ = function(Strange())


def test_substitution_is_simultaneous() -> None:
    assert substitute(i + j * 2, {i: j, j: i}) == j + i * 2


def test_substitution_returns_the_same_object_where_nothing_changes() -> None:
    expression = Sum(x[i] * Number((j + 1) * 2), (i, 0, 3))
    assert substitute(expression, {i: q}) == expression
    assert substitute(expression.body, {q: i}) is expression.body


def test_substitution_reaches_every_kind_of_condition() -> None:
    condition = And((i < j, Or((equal(i, 0), Not(divides(j, i))))))
    expected = And((q < j, Or((equal(q, 0), Not(divides(j, q))))))
    assert substitute(condition, {i: q}) == expected


def test_an_entry_stays_an_entry() -> None:
    assert isinstance(substitute(x[i], {i: j}), Entry)


def test_an_extent_in_an_index_is_no_shape() -> None:
    require_shape_in_sizes(Array("a", (sizes("N")[0] + 1,)))
    with pytest.raises(IllFormed, match="the shape of a holds the index i") as error:
        require_shape_in_sizes(Array("a", (Index("i") + 1,)))
    assert error.value.code == "index-in-shape"


@pytest.mark.parametrize(
    ("free", "where", "words"),
    [
        (("i", "i"), (), "the range i=0..2, and another one"),
        (("i",), ("i",), "a value by where, i = 3, and a range"),
        (("i",), ("j", "j"), "a value by where, j = 3, and another value"),
    ],
)
def test_an_index_means_one_thing_in_a_statement(free, where, words) -> None:
    statement = Statement(
        Number(Index("i")),
        Number(Index("j")),
        free=tuple(Range(Index(name), as_integer(0), as_integer(2)) for name in free),
        where=tuple((Index(name), as_integer(3)) for name in where),
    )
    with pytest.raises(NotSupported) as error:
        _ = expand_where(statement)
    assert (error.value.code, words in str(error.value)) == ("free-index-twice", True)
