"""Sides multiplied out: which products they have, and what is checked after which steps."""

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
    Mul,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import Index, Range, between, equal, indices, sizes
from symconv.concrete import terms
from symconv.concrete.terms import Multiplied, Sides, Step, Steps, SummedProduct
from symconv.errors import NotSupported

A, B = sizes("A B")
i, j, p, q = indices("i j p q")
u, v, m, z = Array("u", (A,)), Array("v", (B,)), Array("m", (A, B)), Array("z")
y, loss = Array("y", (A,)), Array("loss")
DEFINITIONS = {
    "y": Definition(y[i], v[0] + Sum(m[i, p] * u[p], (p, 0, A - 1))),
    "loss": Definition(loss[()], Sum(z[()] * y[i], (i, 0, A - 1))),
}
OVER_I = Range(i, A - A, A - 1)


def multiplied(expression: Expression, *free: Range) -> Multiplied:
    return Sides(DEFINITIONS).side(expression, free)


def arrays(side: Multiplied) -> list[str]:
    return ["*".join(entry.array.name for entry in p.entries) or "1" for p in side.products]


def words(steps: Steps) -> list[str]:
    """Write steps in a word each."""
    return [word(step) for step in steps]


def word(step: Step) -> str:
    match step:
        case Range(index=index):
            return index.name
        case Entry():
            return str(step)
    return type(step).__name__


def checked(side: Multiplied) -> list[list[str]]:
    return [[*words(check.before), word(check.node)] for check in side.checks]


def bound(side: Multiplied) -> list[str]:
    return [c.node.index.name for c in side.checks if isinstance(c.node, Range)]


def test_sums_are_distributed_over_entries() -> None:
    side = multiplied((u[i] + v[i]) * Sum(z[()] + m[i, p], (p, 0, B - 1)), OVER_I)
    assert arrays(side) == ["u*z", "u*m", "v*z", "v*m"]
    assert arrays(multiplied(Number(A))) == ["1"]


def test_a_factor_without_entries_is_kept_whole() -> None:
    side = multiplied(Mul((1 - Iverson(i >= 1), u[i])), OVER_I)
    assert arrays(side) == ["u"]
    assert checked(side)[-1] == ["i", "Add", "u[i]"]
    distributed = multiplied(u[i] - Mul((Iverson(i >= 1), u[i])), OVER_I)
    assert arrays(distributed) == ["u", "u"]


def test_factors_without_entries_come_before_what_they_guard() -> None:
    side = multiplied(u[i] * Delta(i, j) * Iverson(between(0, i, j)) * Number(2 * i), OVER_I)
    assert checked(side)[-1] == ["i", "Delta", "Iverson", "Number", "u[i]"]
    assert words(side.products[0].steps) == ["i", "Delta", "Iverson", "Number"]


def test_an_entry_is_read_although_a_sum_beside_it_is_guarded() -> None:
    inner = Sum(Iverson(equal(p, i)) * m[p, 0], (p, 0, 1))
    side = multiplied(u[i] * inner, OVER_I)
    assert ["i", "u[i]"] in checked(side)
    assert ["i", "p", "Iverson", "m[p,0]"] in checked(side)
    assert arrays(side) == ["u*m"]
    assert words(side.products[0].steps) == ["i", "p", "Iverson"]


def test_definitions_are_written_out_where_they_are_read_unless_they_are_kept() -> None:
    side = multiplied(y[i], OVER_I)
    assert arrays(side) == ["v", "m*u"]
    assert ["i", "y[i]"] in checked(side)
    assert ["i", "p", "m[i,p]"] in checked(side)
    kept = Sides(DEFINITIONS, frozenset({"y"})).side(y[i] * loss[()], (OVER_I,))
    assert arrays(kept) == ["y*z*y"]


def test_bound_indices_are_renamed_apart() -> None:
    side = multiplied(Sum(u[p], (p, 0, A - 1)) * Sum(v[p], (p, 0, B - 1)) * y[p], Range(p, A, A))
    assert len(bound(side)) == len(set(bound(side))) == 4


def test_an_index_that_is_unbound_somewhere_is_bound_nowhere() -> None:
    side = multiplied(Sum(u[q], (q, 0, 1)) + v[q])
    assert bound(side) != ["q"]


def test_an_index_that_a_definition_leaves_free_is_not_given_a_value() -> None:
    stray = {"y": Definition(y[i], u[i] * Delta(j, 0))}
    side = Sides(stray).side(y[i], (OVER_I, Range(j, A, A)))
    (delta,) = [check.node for check in side.checks if isinstance(check.node, Delta)]
    assert delta.left != j


def test_a_derivative_selects_the_products_that_have_the_array() -> None:
    assert arrays(multiplied(Derivative(loss[()], u[i]), OVER_I)) == ["z*m"]
    assert arrays(multiplied(Derivative(loss[()], v[i]), OVER_I)) == ["z"]
    assert arrays(multiplied(Derivative(loss[()], y[i]), OVER_I)) == ["z"]
    assert arrays(multiplied(Derivative(loss[()], loss[()]))) == ["1"]
    assert arrays(multiplied(Derivative(u[i], v[i]), OVER_I)) == []
    by_another_rank = Derivative(u[i], Array("u", (A, A))[i, i])
    assert arrays(multiplied(by_another_rank, OVER_I)) == []


def test_a_derivative_sets_the_indices_of_both_entries_equal() -> None:
    (product,) = multiplied(Derivative(m[i, 0], m[1, j]), OVER_I).products
    deltas = [step for step in product.steps if isinstance(step, Delta)]
    assert [(str(delta.left), str(delta.right)) for delta in deltas] == [("i", "1"), ("0", "j")]


def test_what_a_derivative_drops_is_still_read() -> None:
    side = multiplied(Derivative(y[i], u[j]), OVER_I, Range(j, A - A, A - 1))
    assert ["i", "j", "v[0]"] in checked(side)
    assert checked(side).index(["i", "j", "u[j]"]) < checked(side).index(["i", "j", "v[0]"])


def test_an_array_that_occurs_twice_is_marked_in_products_and_their_derivatives() -> None:
    def repeated(expression: Expression) -> list[str]:
        return [product.repeated for product in multiplied(expression, OVER_I).products]

    assert repeated(u[i] * v[i] * u[0]) == ["u"]
    assert repeated(u[i] * v[i] + u[0]) == ["", ""]
    assert repeated(Derivative(u[i] * u[0], u[i])) == ["u", "u"]
    same = u[i]
    derived = multiplied(Derivative(Mul((same, same)), u[i]), OVER_I).products
    assert [(item.repeated, len(item.entries)) for item in derived] == [("u", 1)] * 2
    assert repeated(Derivative(u[i] * u[0], v[i])) == []


def test_free_indices_must_be_named_once() -> None:
    with pytest.raises(NotSupported, match="twice"):
        _ = multiplied(u[i], OVER_I, OVER_I)


def test_a_product_of_too_many_terms_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(terms, "MOST_TERMS", 4)
    four = (u[i] + v[i]) * (z[()] + m[i, 0])
    assert len(multiplied(four, OVER_I).products) == 4
    with pytest.raises(NotSupported, match="more than 4 terms"):
        _ = multiplied(four * (y[i] + 1), OVER_I)


def test_abbreviations_are_expanded() -> None:
    statement = Statement(u[q], u[0], (OVER_I,), where=((q, i + 1),))
    left, right = Sides({}).statement(statement)
    assert checked(left)[-1] == ["i", "u[i+1]"]
    assert checked(right)[-1] == ["i", "u[0]"]


def test_a_definition_that_is_read_twice_in_a_product_is_two_sums() -> None:
    count = Array("count")
    definitions = {"count": Definition(count[()], Sum(Number(p), (p, 0, A)))}
    side = Sides(definitions).side(count[()] * count[()], ())
    (product,) = side.products
    assert [type(step) for step in product.steps] == [Range, Number, Range, Number]
    assert len(set(bound(side))) == 2


def test_a_side_is_multiplied_out_once_and_equal_sides_share_it() -> None:
    sides = Sides(DEFINITIONS)
    one, other = (Statement(y[i], u[i] + extra, (OVER_I,)) for extra in (0, 1))
    assert sides.statement(one)[0] is sides.statement(one)[0]
    assert sides.statement(one)[0] is sides.statement(other)[0]
    assert sides.statement(one)[1] is not sides.statement(other)[1]
    elsewhere = Statement(y[i], u[i], (Range(i, A - A, A),))
    assert sides.statement(one)[0] is not sides.statement(elsewhere)[0]


def test_old_sides_are_dropped(monkeypatch) -> None:
    monkeypatch.setattr(terms, "SIDES_KEPT", 3)
    sides = Sides(DEFINITIONS)
    made = [sides.side(Number(A + number), ()) for number in range(5)]
    statements = [Statement(Number(A + number), Number(A + number)) for number in range(5)]
    assert all(sides.statement(statement)[0].products for statement in statements)
    assert sides.side(Number(A), ()) is not made[0]
    assert len(sides._sides) == len(sides._statements) == 3


class Strange(Expression):
    """A node outside the closed set."""


def test_an_unknown_node_raises() -> None:
    with pytest.raises(TypeError):
        _ = multiplied(Strange())
    assert Index("i") == i
    assert SummedProduct(()).entries == ()
