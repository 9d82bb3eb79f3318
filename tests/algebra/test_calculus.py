from __future__ import annotations

import pytest

from symconv.algebra.calculus import contract, differentiate, without_derivatives
from symconv.algebra.evaluation import Evaluator
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
    product_factors,
)
from symconv.algebra.indices import (
    CeilingDivision,
    Comparison,
    Constant,
    IntegerExpression,
    Maximum,
    Minimum,
    Range,
    Symbol,
    between,
    divides,
    equal,
    indices,
    sizes,
)
from symconv.algebra.scoping import free_indices
from symconv.errors import NotSupported

N, K, S = sizes("N K S")
i, j, k, p, q = indices("i j k p q")
x, w, g = Array("x", (N,)), Array("w", (K,)), Array("g", (N,))
z, y, loss = Array("z", (N,)), Array("y", (N,)), Array("loss")
DEFINITIONS = {
    "z": Definition(z[i], x[i] * x[i]),
    "y": Definition(y[i], Sum(Iverson(i + p <= N - 1) * w[p] * z[i + p], (p, 0, K - 1)) + x[i]),
    "loss": Definition(loss[()], Sum(g[i] * y[i], (i, 0, N - 1))),
}
INPUTS = (x, w, g)
SIZES: list[dict[Symbol, int]] = [
    {N: 1, K: 1, S: 1},
    {N: 3, K: 2, S: 2},
    {N: 4, K: 3, S: 3},
    {N: 5, K: 2, S: 2},
]


def values(expression: Expression, free: tuple[Range, ...] = (), *, definitions=DEFINITIONS):
    """Evaluate at a few sizes and every value of the free indices."""
    found = []
    for chosen in SIZES:
        evaluator = Evaluator(definitions, chosen)
        found += [evaluator.polynomial(expression, at) for at in evaluator.assignments(free)]
    return found


def over(*items) -> tuple[Range, ...]:
    return tuple(Range(index, Constant(0), extent - 1) for index, extent in items)


def has_derivative(expression: Expression) -> bool:
    match expression:
        case Derivative():
            return True
        case Add(terms=parts) | Mul(factors=parts):
            return any(has_derivative(part) for part in parts)
        case Sum(body=body):
            return has_derivative(body)
    return False


@pytest.mark.parametrize(
    ("expression", "by", "free"),
    [
        (x[i], x[j], [(i, N), (j, N)]),
        (x[i], g[j], [(i, N), (j, N)]),
        (Number(N), x[j], [(j, N)]),
        (Delta(i, j), x[j], [(i, N), (j, N)]),
        (Iverson(i < j), x[j], [(i, N), (j, N)]),
        (x[i] * x[i] * x[i], x[j], [(i, N), (j, N)]),
        (x[i] * g[i] * 3, x[j], [(i, N), (j, N)]),
        (x[i] + g[i], x[j], [(i, N), (j, N)]),
        (Sum(x[i] * g[i], (i, 0, N - 1)), x[i], [(i, N)]),
        (Sum(Iverson(i + j < N) * x[i + j], (i, 0, N - 1)), x[i], [(i, N), (j, N)]),
        (z[i], x[j], [(i, N), (j, N)]),
        (z[i], z[j], [(i, N), (j, N)]),
        (y[i], z[j], [(i, N), (j, N)]),
        (y[i], w[q], [(i, N), (q, K)]),
        (y[i] * y[i], x[j], [(i, N), (j, N)]),
        (loss[()], x[j], [(j, N)]),
        (loss[()], y[j], [(j, N)]),
        (loss[()], z[j], [(j, N)]),
        (z[i] * z[i], z[j], [(i, N), (j, N)]),
        (Derivative(loss[()], x[i]), x[j], [(i, N), (j, N)]),
        (Derivative(y[i] * z[i], z[j]), x[j], [(i, N), (j, N)]),
        (Derivative(z[i] * z[i] * z[i], z[j]), z[j], [(i, N), (j, N)]),
    ],
)
def test_differentiating_has_the_value_that_evaluation_gives_the_derivative(expression, by, free):
    found = differentiate(expression, by, DEFINITIONS, INPUTS)
    assert not has_derivative(found)
    assert values(found, over(*free)) == values(Derivative(expression, by), over(*free))


def test_the_target_is_not_caught_by_a_sum_over_the_same_name():
    found = differentiate(Sum(x[i] * g[i], (i, 0, N - 1)), x[i], inputs=INPUTS)
    assert free_indices(found) == (i,)
    assert found != Sum(g[i], (i, 0, N - 1))


def test_what_does_not_depend_on_the_array_has_derivative_zero():
    assert differentiate(Sum(g[i], (i, 0, N - 1)), x[j], inputs=INPUTS) == Number(Constant(0))
    assert differentiate(g[i] * 2, x[j], inputs=INPUTS) == Number(Constant(0))
    assert differentiate(x[i] * g[i], x[j], inputs=INPUTS) == Mul((Mul((Delta(i, j),)), g[i]))


@pytest.mark.parametrize(
    ("expression", "by", "code"),
    [
        (g[i] * 2, x[j], "undefined-array"),
        (Sum(x[i] * g[i], (i, 0, N - 1)), x[j], "undefined-array"),
        (Array("x", (N, N))[i, i], x[j], "overloaded-name"),
        (Derivative(loss[()], x[i]), z[j], "order-of-derivatives"),
    ],
)
def test_no_derivative_is_zero_because_nothing_is_said(expression, by, code):
    known = {} if code == "undefined-array" else DEFINITIONS
    with pytest.raises(NotSupported) as error:
        _ = differentiate(expression, by, known, () if code == "undefined-array" else INPUTS)
    assert error.value.code == code


def test_every_derivative_inside_an_expression_is_taken():
    statement = Derivative(loss[()], y[j]) * Derivative(y[j], x[i]) + Sum(
        Derivative(z[j], x[i]), (j, 0, N - 1)
    )
    free = over((i, N), (j, N))
    found = without_derivatives(statement, DEFINITIONS)
    assert not has_derivative(found)
    assert values(found, free) == values(statement, free)


def test_arrays_to_keep_are_not_expanded():
    assert without_derivatives(z[i], DEFINITIONS, keep=frozenset({"z"})) == z[i]
    assert without_derivatives(z[i], DEFINITIONS) == x[i] * x[i]
    kept = without_derivatives(Derivative(z[i] * z[i], z[j]), DEFINITIONS, keep=frozenset({"z"}))
    assert isinstance(kept, Add)
    assert any(z[i] in product_factors(term) for term in kept.terms)


def test_a_defined_array_with_other_axes_is_refused():
    with pytest.raises(NotSupported, match="its definition"):
        _ = without_derivatives(Array("z", (N, N))[i, j], DEFINITIONS)


def test_a_definition_that_depends_on_itself_is_refused():
    circle = {"z": Definition(z[i], z[i] + x[i])}
    with pytest.raises(ValueError, match="depends on itself"):
        _ = without_derivatives(z[i], circle)


@pytest.mark.parametrize("function", [lambda e: differentiate(e, x[j]), contract])
def test_only_expressions_are_rewritten(function):
    with pytest.raises(TypeError, match="not a node"):
        _ = function("x")


GUARDED = Iverson(between(0, i - p, K - 1)) * w[i - p]
CONTRACTIONS = [
    ("the index alone", Sum(Delta(p, i) * x[p], (p, 0, N - 1)), [(i, N)]),
    ("outside its range", Sum(Delta(p, i + 2) * x[p], (p, 0, N - 1)), [(i, N)]),
    ("from the other side", Sum(Delta(i, p) * x[p], (p, 0, N - 1)), [(i, N)]),
    ("with a minus", Sum(Delta(i, N - 1 - p) * x[p], (p, 0, N - 1)), [(i, N)]),
    ("a shift", Sum(Delta(p + S * k, i) * w[p], (p, 0, K - 1)), [(i, N), (k, N)]),
    (
        "two of them",
        Sum(Delta(p, i) * Delta(q, j) * x[p] * g[q], (p, 0, N - 1), (q, 0, N - 1)),
        [(i, N), (j, N)],
    ),
    (
        "one on another",
        Sum(Delta(p, q) * Delta(q, j) * x[p], (p, 0, N - 1), (q, 0, N - 1)),
        [(j, N)],
    ),
    (
        "in a sum in a sum",
        Sum(Sum(Delta(p, i) * w[q], (q, 0, K - 1)) * x[p], (p, 0, N - 1)),
        [(i, N)],
    ),
    (
        "in a sum over the same name",
        Sum(Sum(Delta(p, i) * w[p], (p, 0, K - 1)) * x[p], (p, 0, N - 1)),
        [(i, N)],
    ),
    (
        "under a sum of terms",
        Sum(Delta(p, i) * x[p] + Delta(p, j) * g[p], (p, 0, N - 1)),
        [(i, N), (j, N)],
    ),
    ("beside a condition", Sum(Delta(p, i) * Iverson(p < 2) * x[p], (p, 0, N - 1)), [(i, N)]),
    ("in the bounds of the next", Sum(Delta(p, i) * x[q], (p, 0, N - 1), (q, 0, p)), [(i, N)]),
    ("with a coefficient of 2", Sum(Delta(2 * p, i) * x[p], (p, 0, N - 1)), [(i, N)]),
    ("with a coefficient of S", Sum(Delta(S * p, i) * x[p], (p, 0, N - 1)), [(i, N)]),
    ("with a coefficient of -S", Sum(Delta(i, N - S * p) * x[p], (p, 0, N - 1)), [(i, N)]),
    ("without any entry", Sum(Delta(p, i), (p, 1, N - 1)), [(i, N)]),
    ("beside a guard that is a sum", Sum(Delta(p, i), (p, 0, N - 1)) * x[i], [(i, N)]),
    ("a delta that is always 1", Sum(Delta(p, p) * x[p], (p, 0, N - 1)), []),
    ("a square", Sum(Delta(p * p, i) * x[p], (p, 0, N - 1)), [(i, N)]),
    (
        "the index of another sum",
        Sum(Sum(Delta(p, i) * w[q], (q, 0, K - 1)), (p, 0, N - 1)) + x[i],
        [(i, N)],
    ),
    ("a derivative", Derivative(Sum(Delta(p, i) * x[p], (p, 0, N - 1)), x[j]), [(i, N), (j, N)]),
    ("bounds that move", Sum(Delta(q, i) * x[q], (p, 0, N - 1), (q, p, N - 1)), [(i, N)]),
]


@pytest.mark.parametrize(
    ("name", "expression", "free"), CONTRACTIONS, ids=[c[0] for c in CONTRACTIONS]
)
@pytest.mark.parametrize("positive", [(), (S,)], ids=["S unknown", "S positive"])
def test_contraction_keeps_the_value_and_never_reads_out_of_range(name, expression, free, positive):
    found = contract(expression, positive=positive)
    assert values(found, over(*free)) == values(expression, over(*free))


def test_contraction_solves_for_the_index_and_keeps_its_range_as_a_bracket():
    found = contract(Sum(Delta(p + S * k, i) * w[p], (p, 0, K - 1)))
    assert str(found) == "[0 <= -S*k+i <= K-1]*w[-S*k+i]"


def test_contraction_refuses_a_stride_that_does_not_divide():
    expression = Sum(Delta(S * p, i) * x[p], (p, 0, N - 1))
    assert contract(expression) == expression
    found = contract(expression, positive=(S,))
    assert str(found) == "[S divides i]*[0 <= i/S <= N-1]*x[i/S]"
    assert contract(Sum(Delta(2 * p, i) * x[p], (p, 0, N - 1))) == Mul(
        (Iverson(divides(2, i)), Iverson(between(0, i / 2, N - 1)), x[i / 2])
    )


def test_contraction_leaves_a_delta_whose_index_bounds_another_sum():
    expression = Sum(Delta(p, i) * x[q], (p, 0, N - 1), (q, 0, p))
    assert contract(expression) == expression


def test_contraction_leaves_a_delta_of_fractions_by_an_unknown_size():
    expression = Sum(Delta(p / S, i) * x[p], (p, 0, N - 1))
    assert contract(expression) == expression
    assert contract(expression, positive=(S,)) != expression


def test_contraction_leaves_what_has_no_delta():
    for expression in (x[i], Number(N), Delta(i, j), Iverson(i < j), Sum(x[p], (p, 0, N - 1))):
        assert contract(expression) == expression
    assert isinstance(x[i], Entry)


def test_contracting_the_chain_rule_gives_a_sum_without_deltas():
    chain = Sum(Derivative(loss[()], y[k]) * Derivative(y[k], w[q]), (k, 0, N - 1))
    found = contract(without_derivatives(chain, DEFINITIONS))
    assert "delta" not in str(found)
    assert values(found, over((q, K))) == values(chain, over((q, K)))


def test_a_statement_is_not_an_expression():
    with pytest.raises(TypeError, match="not a node"):
        _ = without_derivatives(Statement(x[i], x[i]))


CAPTURES = [
    (
        "the outer bound has the inner index's name",
        Sum(Sum(x[i], (i, 0, N - 1)) * Delta(j, 1), (j, 0, i)),
    ),
    ("one sum binds a name that its first bound means from outside", (
        Sum(Delta(j, 1) * x[i], (j, 0, i), (i, 0, N - 1))
    )),
    ("a bound of the solved index", Sum(Delta(i, 1) * x[i], (i, 0, i))),
]  # fmt: skip


@pytest.mark.parametrize(
    "expression", [case[1] for case in CAPTURES], ids=[case[0] for case in CAPTURES]
)
def test_the_bracket_of_a_solved_index_is_not_caught_by_another_sum(expression):
    free = (Range(i, Constant(0), Constant(0)),)
    found = contract(expression)
    assert found != expression
    assert free_indices(found) == (i,)
    assert values(found, free) == values(expression, free)


@pytest.mark.parametrize(
    "solution",
    [
        Maximum((Constant(0), N / 2)),
        Minimum((N / 2, N - 1)),
        Maximum((Constant(1), Minimum((N / 2, N - 1)))),
    ],
)
def test_a_solution_that_may_be_a_fraction_is_left_alone(solution):
    expression = Sum(Delta(p, solution), (p, 0, N - 1))
    found = contract(expression)
    assert values(found) == values(expression)
    assert contract(expression) == expression
    whole = Sum(Delta(p, Maximum((Constant(0), N - 2))), (p, 0, N - 1))
    assert contract(whole) != whole


NOT_TWO = Iverson(Comparison(S, "!=", Constant(2)))
"""A guard: at three of the sizes S is 2, and nothing behind it may be evaluated."""
ZERO_AT_TWO = S - 2
DIVIDING: list[tuple[str, Expression]] = [
    ("a number", Number(1 / ZERO_AT_TWO)),
    ("a delta's left", Delta(p / ZERO_AT_TWO, 0)),
    ("a delta's right", Delta(0, p // ZERO_AT_TWO)),
    ("a comparison's left", Iverson(p % ZERO_AT_TWO <= 1)),
    ("a comparison's right", Iverson(0 * p <= CeilingDivision(p, ZERO_AT_TWO))),
    ("a divisor", Iverson(divides(ZERO_AT_TWO, p))),
    ("a negation", Iverson(~divides(ZERO_AT_TWO, p))),
    ("a conjunction", Iverson((p < 9) & divides(ZERO_AT_TWO, p))),
    ("a disjunction", Iverson((p < 0) | divides(ZERO_AT_TWO, p))),
    ("a product", Add((Mul((Number(S), Number(1 / ZERO_AT_TWO))),))),
    ("a sum", Add((Number(S), Number(1 / ZERO_AT_TWO)))),
    ("a sum's body", Sum(Number(1 / ZERO_AT_TWO), (k, 0, 1))),
    ("a sum's bound", Sum(1, (k, 0, p // ZERO_AT_TWO))),
    ("a sum's fraction", Sum(1, (k, 0, p / (S - 2) * (S - 2)))),
    ("a division in a divisor", Iverson(p / (3 + 1 / ZERO_AT_TWO) <= 1)),
]
DIVIDING_IDS = [case[0] for case in DIVIDING]


@pytest.mark.parametrize("dividing", [case[1] for case in DIVIDING], ids=DIVIDING_IDS)
def test_an_inner_guard_that_divides_stays_behind_the_outer_guard(dividing):
    expression = Sum(Sum(dividing * w[p], (p, 0, K - 1)) * NOT_TWO * Delta(q, 0), (q, 0, N - 1))
    found = contract(expression)
    assert "delta(q" not in str(found)
    assert values(found) == values(expression)


@pytest.mark.parametrize("dividing", [case[1] for case in DIVIDING], ids=DIVIDING_IDS)
def test_what_an_entry_is_defined_as_stays_behind_the_guard(dividing):
    definitions = {"y": Definition(y[p], dividing), "z": Definition(z[p], dividing * x[p])}
    free = over((i, N))
    for expression in (y[i] * NOT_TWO * x[i], z[i] * NOT_TWO, Mul((Mul((z[i], x[i])), NOT_TWO))):
        found = without_derivatives(expression, definitions)
        assert values(found, free, definitions={}) == values(
            expression, free, definitions=definitions
        )


def test_a_solved_sum_stays_behind_the_guard_beside_it():
    inner = Sum(Delta(p, i) * Number(1 / ZERO_AT_TWO) * x[p], (p, 0, N - 1))
    found = contract(inner * NOT_TWO)
    assert "delta" not in str(found)
    assert values(found, over((i, N))) == values(inner * NOT_TWO, over((i, N)))


@pytest.mark.parametrize("bound", [N // ZERO_AT_TWO, N / 2, Minimum((N / 2, K - 1))])
def test_a_bound_without_a_value_does_not_move_in_front_of_its_guard(bound: IntegerExpression):
    guard = NOT_TWO * Iverson(divides(2, N))
    inner = Sum(Iverson(q <= K - 1) * w[q], (q, 0, bound))
    for expression in (
        Sum(Delta(p, 0) * guard * inner, (p, 0, N - 1)),
        Sum(Sum(Delta(p, 0) * x[p], (p, 0, 0)) * guard * inner, (k, 0, 1)),
    ):
        found = contract(expression)
        assert found != expression
        assert values(found) == values(expression)


@pytest.mark.parametrize("bound", [N // ZERO_AT_TWO, N / 2])
def test_an_index_is_kept_whose_empty_range_guards_a_later_bound(bound: IntegerExpression):
    empty = Sum(Delta(p, 0) * x[p], (p, 1, 0), (q, 0, bound))
    assert values(contract(empty)) == values(empty)
    assert contract(empty) == empty
    whole = Sum(Delta(p, 0) * x[p], (p, 1, 0), (q, 0, N // 2))
    assert contract(whole) != whole
    assert values(contract(whole)) == values(whole)


def test_a_solution_that_divides_is_kept_where_an_empty_range_guards_it():
    expression = Sum(Delta(p, N // ZERO_AT_TWO), (p, 1, 0))
    assert values(contract(expression)) == values(expression)
    assert contract(expression) == expression
    known = Sum(Delta(p, N // S), (p, 0, N - 1))
    assert contract(known) == known
    assert contract(known, positive=(S,)) != known
    assert contract(Sum(Delta(p, N // -2), (p, 0, N - 1))) != known


def test_the_delta_of_an_entry_that_divides_stays_behind_its_guard():
    for entry in (x[i / ZERO_AT_TWO], Sum(Iverson(i < 1) * x[p + i / ZERO_AT_TWO], (p, 0, 0))):
        guarded = entry * NOT_TWO * Iverson(equal(i, 0))
        found = differentiate(guarded, x[0])
        assert values(found, over((i, N))) == values(Derivative(guarded, x[0]), over((i, N)))


def test_what_is_left_of_the_array_to_differentiate_by_stays_behind_its_guard():
    definitions = {"z": Definition(z[i], Number(1 / ZERO_AT_TWO) * x[i])}
    expression = Derivative(z[i] * z[i] * NOT_TWO, z[i])
    found = without_derivatives(expression, definitions)
    assert values(found, over((i, N)), definitions={}) == values(
        expression, over((i, N)), definitions=definitions
    )


def test_the_order_of_factors_stays_where_nothing_divides():
    expression = Sum(Delta(p, i) * x[p], (p, 0, N - 1)) * Iverson(i < 2)
    assert str(contract(expression)) == "[0 <= i <= N-1]*x[i]*[i < 2]"
