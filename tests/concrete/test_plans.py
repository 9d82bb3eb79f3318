"""Plans: which terms a side has, and what is read in which context."""

from __future__ import annotations

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
from symconv.algebra.indices import Index, Range, between, equal, indices, sizes
from symconv.concrete import plans
from symconv.concrete.plans import (
    Bind,
    Context,
    Equality,
    Factor,
    Filter,
    Plan,
    Read,
    Term,
    make_plan,
)
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


def planned(expression: Expression, *free: Range) -> Plan:
    return make_plan(Statement(expression, Number(A), free), DEFINITIONS)


def arrays(terms: tuple[Term, ...]) -> list[str]:
    return ["*".join(name for name, _ in term.arrays) or "1" for term in terms]


def line(context: Context) -> list[str]:
    """Write the steps from the outermost context to this one, in a word each."""
    words: list[str] = []
    for part in context.line():
        for step in part.steps:
            match step:
                case Bind(item=item):
                    words.append(f"{item.index}")
                case Filter():
                    words.append("filter")
                case Equality():
                    words.append("equal")
                case Factor():
                    words.append("factor")
                case Read(entry=entry):
                    words.append(str(entry))
    return words


def test_sums_are_distributed_over_entries() -> None:
    plan = planned((u[i] + v[i]) * Sum(z[()] + m[i, p], (p, 0, B - 1)), OVER_I)
    assert arrays(plan.left) == ["u*z", "m*u", "v*z", "m*v"]
    assert arrays(plan.right) == ["1"]


def test_a_factor_without_entries_is_kept_whole() -> None:
    plan = planned(Mul((1 - Iverson(i >= 1), u[i])), OVER_I)
    assert arrays(plan.left) == ["u"]
    assert line(plan.left[0].context) == ["i", "factor", "u[i]"]
    distributed = planned(u[i] - Mul((Iverson(i >= 1), u[i])), OVER_I)
    assert arrays(distributed.left) == ["u", "u"]


def test_factors_without_entries_come_before_what_they_guard() -> None:
    plan = planned(u[i] * Delta(i, j) * Iverson(between(0, i, j)) * Number(2 * i), OVER_I)
    assert line(plan.left[0].context) == ["i", "equal", "filter", "filter", "factor", "u[i]"]


def test_an_entry_is_read_although_a_sum_beside_it_is_guarded() -> None:
    inner = Sum(Iverson(equal(p, i)) * m[p, 0], (p, 0, 1))
    plan = planned(u[i] * inner, OVER_I)
    contexts = [line(context) for context in plan.contexts]
    assert ["i", "u[i]"] in contexts
    assert ["i", "p", "equal", "m[p,0]"] in contexts
    assert arrays(plan.left) == ["m*u"]


def test_definitions_are_written_out_where_they_are_read() -> None:
    plan = planned(y[i], OVER_I)
    assert arrays(plan.left) == ["v", "m*u"]
    assert ["i", "y[i]", "p", "m[i,p]"] in [line(context) for context in plan.contexts]


def test_bound_indices_are_renamed_apart() -> None:
    plan = planned(Sum(u[p], (p, 0, A - 1)) * Sum(v[p], (p, 0, B - 1)) * y[p], Range(p, A, A))
    bound = [
        step.item.index.name
        for context in plan.contexts
        for step in context.steps
        if isinstance(step, Bind)
    ]
    assert len(bound) == len(set(bound)) == 4


def test_an_index_that_a_definition_leaves_free_is_not_given_a_value() -> None:
    stray = {"y": Definition(y[i], u[i] * Delta(j, 0))}
    plan = make_plan(Statement(y[i], u[i], (OVER_I, Range(j, A, A))), stray)
    steps = [step for context in plan.contexts for step in context.steps]
    (delta,) = [step for step in steps if isinstance(step, Equality)]
    assert delta.left.plain not in (None, "j")


def test_a_derivative_selects_the_terms_that_have_the_array() -> None:
    assert arrays(planned(Derivative(loss[()], u[i]), OVER_I).left) == ["m*z"]
    assert arrays(planned(Derivative(loss[()], v[i]), OVER_I).left) == ["z"]
    assert arrays(planned(Derivative(loss[()], y[i]), OVER_I).left) == ["z"]
    assert arrays(planned(Derivative(loss[()], loss[()])).left) == ["1"]
    assert arrays(planned(Derivative(u[i], v[i]), OVER_I).left) == []
    by_another_rank = Derivative(u[i], Array("u", (A, A))[i, i])
    assert arrays(planned(by_another_rank, OVER_I).left) == []


def test_what_a_derivative_drops_is_still_read() -> None:
    plan = planned(Derivative(y[i], u[j]), OVER_I, Range(j, A - A, A - 1))
    assert any("v[0]" in line(context) for context in plan.contexts)


def test_an_array_that_occurs_twice_is_marked_in_products_and_their_derivatives() -> None:
    assert [term.repeated for term in planned(u[i] * v[i] * u[0], OVER_I).left] == ["u"]
    assert [term.repeated for term in planned(u[i] * v[i] + u[0], OVER_I).left] == ["", ""]
    assert [t.repeated for t in planned(Derivative(u[i] * u[0], u[i]), OVER_I).left] == ["u"]
    assert planned(Derivative(u[i] * u[0], v[i]), OVER_I).left == ()


def test_free_indices_must_be_named_once() -> None:
    with pytest.raises(NotSupported, match="twice"):
        planned(u[i], OVER_I, OVER_I)


def test_a_product_of_too_many_terms_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(plans, "MOST_TERMS", 4)
    four = (u[i] + v[i]) * (z[()] + m[i, 0])
    assert len(planned(four, OVER_I).left) == 4
    with pytest.raises(NotSupported, match="more than 4 terms"):
        planned(four * (y[i] + 1), OVER_I)


def test_abbreviations_are_expanded() -> None:
    statement = Statement(u[q], u[0], (OVER_I,), where=((q, i + 1),))
    plan = make_plan(statement, {})
    assert line(plan.left[0].context) == ["i", "u[i+1]"]


def test_trails_follow_the_order_of_evaluation() -> None:
    expression = u[i] * Iverson(i >= 1) + Sum(v[p], (p, 0, i))
    plan = planned(expression, OVER_I)
    trails = {
        type(step).__name__ + str(getattr(step, "entry", "")): step.trail
        for context in plan.contexts[1:]
        for step in context.steps
    }
    assert trails["Filter"][:2] == trails["Readu[i]"][:2] == ("i", 0)
    ordered = [trails[key][2:] for key in ("Filter", "Readu[i]", "Bind", "Readv[p]")]
    assert ordered == [(0, 0, 0), (0, 1, 0), (1, plans.BEFORE), (1, "p", 0)]


class Strange(Expression):
    """A node outside the closed set."""


def test_an_unknown_node_raises() -> None:
    with pytest.raises(TypeError):
        planned(Strange())
    assert Index("i") == i
