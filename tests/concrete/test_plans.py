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
from symconv.concrete import planning
from symconv.concrete.planning import Plans
from symconv.concrete.plans import (
    BEFORE,
    Bind,
    Context,
    Equality,
    Expand,
    Factor,
    Filter,
    Read,
    Side,
    Term,
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


def planned(expression: Expression, *free: Range) -> Side:
    return Plans(DEFINITIONS).side(expression, free)


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
                case Expand():
                    words.append("expand")
    return words


def test_sums_are_distributed_over_entries() -> None:
    plan = planned((u[i] + v[i]) * Sum(z[()] + m[i, p], (p, 0, B - 1)), OVER_I)
    assert arrays(plan.terms) == ["u*z", "m*u", "v*z", "m*v"]
    assert arrays(planned(Number(A)).terms) == ["1"]


def test_a_factor_without_entries_is_kept_whole() -> None:
    plan = planned(Mul((1 - Iverson(i >= 1), u[i])), OVER_I)
    assert arrays(plan.terms) == ["u"]
    assert line(plan.terms[0].context) == ["i", "factor", "u[i]"]
    distributed = planned(u[i] - Mul((Iverson(i >= 1), u[i])), OVER_I)
    assert arrays(distributed.terms) == ["u", "u"]


def test_factors_without_entries_come_before_what_they_guard() -> None:
    plan = planned(u[i] * Delta(i, j) * Iverson(between(0, i, j)) * Number(2 * i), OVER_I)
    assert line(plan.terms[0].context) == ["i", "equal", "filter", "filter", "factor", "u[i]"]


def test_an_entry_is_read_although_a_sum_beside_it_is_guarded() -> None:
    inner = Sum(Iverson(equal(p, i)) * m[p, 0], (p, 0, 1))
    plan = planned(u[i] * inner, OVER_I)
    contexts = [line(context) for context in plan.contexts]
    assert ["i", "u[i]"] in contexts
    assert ["i", "p", "equal", "m[p,0]"] in contexts
    assert arrays(plan.terms) == ["m*u"]


def test_definitions_are_written_out_where_they_are_read() -> None:
    plan = planned(y[i], OVER_I)
    assert arrays(plan.terms) == ["v", "m*u"]
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
    plan = Plans(stray).side(y[i], (OVER_I, Range(j, A, A)))
    steps = [step for context in plan.contexts for step in context.steps]
    (delta,) = [step for step in steps if isinstance(step, Equality)]
    assert delta.left.plain not in (None, "j")


def test_a_derivative_selects_the_terms_that_have_the_array() -> None:
    assert arrays(planned(Derivative(loss[()], u[i]), OVER_I).terms) == ["m*z"]
    assert arrays(planned(Derivative(loss[()], v[i]), OVER_I).terms) == ["z"]
    assert arrays(planned(Derivative(loss[()], y[i]), OVER_I).terms) == ["z"]
    assert arrays(planned(Derivative(loss[()], loss[()])).terms) == ["1"]
    assert arrays(planned(Derivative(u[i], v[i]), OVER_I).terms) == []
    by_another_rank = Derivative(u[i], Array("u", (A, A))[i, i])
    assert arrays(planned(by_another_rank, OVER_I).terms) == []


def test_what_a_derivative_drops_is_still_read() -> None:
    plan = planned(Derivative(y[i], u[j]), OVER_I, Range(j, A - A, A - 1))
    assert any("v[0]" in line(context) for context in plan.contexts)


def test_an_array_that_occurs_twice_is_marked_in_products_and_their_derivatives() -> None:
    assert [term.repeated for term in planned(u[i] * v[i] * u[0], OVER_I).terms] == ["u"]
    assert [term.repeated for term in planned(u[i] * v[i] + u[0], OVER_I).terms] == ["", ""]
    assert [t.repeated for t in planned(Derivative(u[i] * u[0], u[i]), OVER_I).terms] == ["u"]
    assert planned(Derivative(u[i] * u[0], v[i]), OVER_I).terms == ()


def test_free_indices_must_be_named_once() -> None:
    with pytest.raises(NotSupported, match="twice"):
        planned(u[i], OVER_I, OVER_I)


def test_a_product_of_too_many_terms_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(planning, "MOST_TERMS", 4)
    four = (u[i] + v[i]) * (z[()] + m[i, 0])
    assert len(planned(four, OVER_I).terms) == 4
    with pytest.raises(NotSupported, match="more than 4 terms"):
        planned(four * (y[i] + 1), OVER_I)


def test_abbreviations_are_expanded() -> None:
    statement = Statement(u[q], u[0], (OVER_I,), where=((q, i + 1),))
    left, right = Plans({}).statement(statement)
    assert line(left.terms[0].context) == ["i", "u[i+1]"]
    assert line(right.terms[0].context) == ["i", "u[0]"]


def test_trails_follow_the_order_of_evaluation() -> None:
    expression = u[i] * Iverson(i >= 1) + Sum(v[p], (p, 0, i))
    plan = planned(expression, OVER_I)
    trails = {
        type(step).__name__ + str(getattr(step, "entry", "")): step.trail
        for context in plan.contexts[1:]
        for step in context.steps
    }
    assert trails["Filter"][:2] == trails["Readu[i]"][:2] == ("i", 0)
    assert [trails[key] for key in ("Filter", "Readu[i]", "Bind", "Readv[p]")] == [
        ("i", 0, 0, 0),
        ("i", 0, 1, 0),
        ("i", 1, BEFORE),
        ("i", 1, "p", 0),
    ]


def test_parts_of_a_condition_about_the_same_indices_are_decided_together() -> None:
    condition = between(0, i, A - 1) & equal(i, j) & between(A, B, A) & (i + j >= 0) & (j + i >= 1)
    plan = planned(Iverson(condition) * u[i], OVER_I, Range(j, A - A, A))
    kinds = [type(step).__name__ for step in plan.terms[0].context.line()[-1].steps]
    assert kinds == ["Filter", "Equality", "Filter", "Filter", "Read"]


def test_a_definition_without_indices_is_planned_once() -> None:
    plans = Plans(DEFINITIONS)
    by_u, by_v = (plans.side(Derivative(loss[()], a[i]), (OVER_I,)) for a in (u, v))
    expansions = [
        [step for context in side.contexts for step in context.steps if isinstance(step, Expand)]
        for side in (by_u, by_v)
    ]
    assert len(expansions[0]) == len(expansions[1]) == 1
    assert expansions[0][0].contexts is expansions[1][0].contexts
    by_y = plans.side(Derivative(loss[()], y[i]), (OVER_I,))
    assert all(
        expansions[0][0].contexts is not step.contexts
        for context in by_y.contexts
        for step in context.steps
        if isinstance(step, Expand)
    )


def test_a_definition_that_is_read_twice_in_a_product_is_two_sums() -> None:
    count = Array("count")
    definitions = {"count": Definition(count[()], Sum(Number(p), (p, 0, A)))}
    side = Plans(definitions).side(count[()] * count[()], ())
    (term,) = side.terms
    bound = [
        step.item.index.name
        for context in (*side.contexts, term.context)
        for step in context.steps
        if isinstance(step, Bind)
    ]
    bound += [step.item.index.name for step in term.steps if isinstance(step, Bind)]
    assert len(set(bound)) == 2


def test_a_shared_definition_keeps_clear_of_the_names_around_it() -> None:
    plans = Plans(DEFINITIONS)
    plain = plans.side(loss[()], ())
    (step,) = [s for c in plain.contexts for s in c.steps if isinstance(s, Expand)]
    taken = {s.item.index.name for c in step.contexts for s in c.steps if isinstance(s, Bind)}
    free = tuple(Range(Index(name), A - A, A - 1) for name in sorted(taken))
    clashing = plans.side(loss[()] * u[free[0].index], free)
    assert not any(isinstance(s, Expand) for c in clashing.contexts for s in c.steps)
    bound = [s.item.index.name for c in clashing.contexts for s in c.steps if isinstance(s, Bind)]
    assert len(bound) == len(set(bound)) == 2 * len(taken)


def test_a_plan_is_made_once_and_equal_sides_share_it() -> None:
    plans = Plans(DEFINITIONS)
    one, other = (Statement(y[i], u[i] + extra, (OVER_I,)) for extra in (0, 1))
    assert plans.statement(one)[0] is plans.statement(one)[0]
    assert plans.statement(one)[0] is plans.statement(other)[0]
    assert plans.statement(one)[1] is not plans.statement(other)[1]
    elsewhere = Statement(y[i], u[i], (Range(i, A - A, A),))
    assert plans.statement(one)[0] is not plans.statement(elsewhere)[0]


def test_old_plans_are_dropped(monkeypatch) -> None:
    monkeypatch.setattr(planning, "PLANS_KEPT", 3)
    plans = Plans(DEFINITIONS)
    made = [plans.side(Number(A + number), ()) for number in range(5)]
    statements = [Statement(Number(A + number), Number(A + number)) for number in range(5)]
    assert all(plans.statement(statement)[0].terms for statement in statements)
    assert plans.side(Number(A + 4), ()) is not made[0]
    assert plans.side(Number(A), ()) is not made[0]
    assert len(plans._sides) == len(plans._statements) == 3


class Strange(Expression):
    """A node outside the closed set."""


def test_an_unknown_node_raises() -> None:
    with pytest.raises(TypeError):
        planned(Strange())
    assert Index("i") == i
