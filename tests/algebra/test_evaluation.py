"""The meaning: exact polynomials at given sizes, and where meaning is lost."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symconv.algebra.evaluation import (
    Evaluator,
    Polynomial,
    condition_value,
    gradient,
    integer_value,
    monomial_text,
    multiply,
    polynomial_text,
    side_polynomials,
)
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
    CeilingDivision,
    Condition,
    Constant,
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Range,
    between,
    divides,
    equal,
    indices,
    sizes,
)
from symconv.errors import IllFormed

N, S, P = sizes("N S P")
i, j, p, q = indices("i j p q")
x = Array("x", (N,))
w = Array("w", (N, N))
x_pad = Array("x_pad", (N + 2 * P,))
y = Array("y", (N,))
z = Array("z")
DEFINITIONS = {
    "x_pad": Definition(x_pad[i], Iverson(between(P, i, P + N - 1)) * x[i - P]),
    "y": Definition(y[i], Sum(w[i, p] * x_pad[p], (p, 0, N - 1)) * x[i]),
    "z": Definition(z[()], Sum(y[i] * y[i], (i, 0, N - 1))),
}
SIZES = {N: 3, S: 2, P: 1}


class Strange(Expression):
    """A node outside the closed set."""


class StrangeInteger(IntegerExpression):
    """An integer node outside the closed set."""


class StrangeCondition(Condition):
    """A condition outside the closed set."""


def evaluated(expression: Expression, **values: int) -> Polynomial:
    scope = {symbol: values[symbol.name] for symbol in (i, j, p, q) if symbol.name in values}
    return Evaluator(DEFINITIONS, SIZES).polynomial(expression, scope)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (Number(N * S), "6"),
        (Number(Constant(1) / S), "1/2"),
        (Delta(i, 1), "1"),
        (Delta(i, 0), "0"),
        (Delta(i / S, Constant(1) / 2), "1"),
        (Iverson(i < S), "1"),
        (Iverson(i > S), "0"),
        (x[i] + x[0], "x[0] + x[1]"),
        (x[i] - x[1], "0"),
        (-2 * x[i] + 1, "1 - 2*x[1]"),
        (-x[i] * x[i], "-x[1]*x[1]"),
        (Sum(x[p], (p, 0, N - 1)), "x[0] + x[1] + x[2]"),
        (Sum(x[p], (p, 5, 2)), "0"),
        (Sum(1 * x[0], (p, 3, 2)), "0"),
        (Sum(w[p, q], (p, 0, 2), (q, p, 1)), "w[0,0] + w[0,1] + w[1,1]"),
        (Mul(()), "1"),
        (x_pad[0], "0"),
        (x_pad[1], "x[0]"),
        (y[2], "w[2,1]*x[0]*x[2] + w[2,2]*x[1]*x[2]"),
    ],
)
def test_value(expression: Expression, text: str) -> None:
    assert polynomial_text(evaluated(expression, i=1)) == text


def test_a_zero_guard_skips_the_entry_behind_it_wherever_it_stands() -> None:
    assert evaluated(x[i] * Iverson(i < N), i=7) == {}
    assert evaluated(Mul((x[i], Mul((w[i, i], Iverson(i < N))))), i=7) == {}
    assert evaluated((1 - Iverson(i >= N)) * x[i], i=7) == {}


def test_a_zero_factor_skips_what_has_no_value() -> None:
    assert evaluated(Iverson(i > 0) * Number(1 / i) * x[0], i=0) == {}


def test_a_difference_of_guarded_and_unguarded_entry_is_not_guarded() -> None:
    with pytest.raises(IllFormed, match="outside the shape"):
        _ = evaluated(x[i] - Iverson(i >= N) * x[i], i=7)


def test_every_entry_of_a_product_is_read_even_when_another_factor_is_zero() -> None:
    with pytest.raises(IllFormed, match=r"x\[7\]"):
        _ = evaluated(Sum(x[p], (p, 1, 0)) * x[i], i=7)


@pytest.mark.parametrize(
    ("expression", "code", "message"),
    [
        (x[i], "out-of-range", r"x\[i\] reads x\[7\], which is outside the shape \(3\) of x"),
        (x[i - 8], "out-of-range", r"x\[-1\]"),
        (x[i / S], "non-integer-index", r"x\[7/2\], which is not at an integer position"),
        (x[j], "unbound-index", "j has no value"),
        (Sum(x[p], (p, 0, i / S)), "non-integer-bound", "ends at 7/2"),
        (Sum(x[p], (p, 0, p)), "unbound-index", "p has no value"),
        (Number(i / (S - 2)), "division-by-zero", "division by S-2, which is 0"),
        (Number(i // (S - 2)), "division-by-zero", "which is 0"),
        (Number(CeilingDivision(i, S - 2)), "division-by-zero", "which is 0"),
        (Number(i % (S - 2)), "division-by-zero", "which is 0"),
        (Iverson(divides(S - 2, i)), "division-by-zero", "which is 0"),
        (Derivative(y[0], x[i]), "out-of-range", r"x\[7\]"),
        (Derivative(y[i], x[0]), "out-of-range", r"y\[7\]"),
    ],
)
def test_meaning_is_lost(expression: Expression, code: str, message: str) -> None:
    with pytest.raises(IllFormed, match=message) as caught:
        _ = evaluated(expression, i=7)
    assert caught.value.code == code


def test_what_a_definition_loses_is_said_of_the_entry_that_was_asked_for() -> None:
    shifted = Array("shifted", (N,))
    ahead = Definition(shifted[i], Sum(x[i + p], (p, 1, 1)))
    evaluator = Evaluator({"shifted": ahead}, SIZES)
    assert polynomial_text(evaluator.polynomial(shifted[1])) == "x[2]"
    with pytest.raises(IllFormed, match=r"x\[2\+p\] reads x\[3\], which is outside") as caught:
        _ = evaluator.polynomial(Sum(shifted[i], (i, 2, 2)))
    assert caught.value.indices == {"p": 1}


def test_lost_meaning_tells_the_indices_in_force() -> None:
    with pytest.raises(IllFormed) as caught:
        _ = evaluated(Sum(x[p], (p, 0, N)), i=1)
    assert caught.value.indices == {"i": 1, "p": 3}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (Derivative(y[2], x[0]), "w[2,1]*x[2]"),
        (Derivative(y[2], x[2]), "w[2,1]*x[0] + w[2,2]*x[1]"),
        (Derivative(y[2], w[2, 1]), "x[0]*x[2]"),
        (Derivative(y[2], w[1, 1]), "0"),
        # x_pad is independent while differentiating, expanded afterwards.
        (Derivative(y[2], x_pad[1]), "w[2,1]*x[2]"),
        (Derivative(x_pad[1] * x_pad[1] * x[0], x_pad[1]), "2*x[0]*x[0]"),
        (Derivative(x_pad[1] * x_pad[2], x[0]), "x[1]"),
        (Derivative(x_pad[0], x_pad[0]), "1"),
        (Derivative(x[0], x_pad[1]), "0"),
        (Derivative(z[()], y[1]), "2*w[1,1]*x[0]*x[1] + 2*w[1,2]*x[1]*x[1]"),
        (Derivative(Sum(x[p] * x[p], (p, 0, 2)), x[1]), "2*x[1]"),
        (Derivative(Derivative(y[2], x[2]), x[0]), "w[2,1]"),
        # Inside a derivative by y, the derivative by x_pad leaves y alone.
        (Derivative(Derivative(x_pad[1] * y[0], x_pad[1]), y[0]), "0"),
    ],
)
def test_derivative(expression: Expression, expected: str) -> None:
    assert polynomial_text(evaluated(expression)) == expected


def test_an_entry_that_occurs_twice_is_squared() -> None:
    square = evaluated(y[2] * y[2])
    assert square == multiply(evaluated(y[2]), evaluated(y[2]))
    assert len(square) == 3


def test_a_result_is_the_callers_own() -> None:
    evaluator = Evaluator(DEFINITIONS, SIZES)
    evaluator.polynomial(y[2]).clear()
    assert evaluator.polynomial(y[2]) != {}


def test_derivatives_are_looked_up_again_with_the_same_answer() -> None:
    evaluator = Evaluator(DEFINITIONS, SIZES)
    twice = [evaluator.polynomial(Derivative(y[2], x[0])) for _ in range(2)]
    assert twice[0] == twice[1] != {}


def test_the_power_rule() -> None:
    square: Polynomial = {(("x", (0,)), ("x", (0,))): 3}
    assert gradient(square, "x") == {("x", (0,)): {(("x", (0,)),): 6}}
    assert gradient(square, "w") == {}


def test_products_cancel_exactly() -> None:
    a, b = (("x", (0,)),), (("x", (1,)),)
    assert multiply({a: 1, b: 1}, {a: 1, b: -1}) == {a + a: 1, b + b: -1}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (i // S, -2),
        (CeilingDivision(i, S), -1),
        (i % S, 1),
        (i / S, Fraction(-3, 2)),
        ((i - 1) / S, -2),
        (Minimum((i, S)), -3),
        (Maximum((i, S)), 2),
        (i * S - 1, -7),
    ],
)
def test_integers_round_and_divide_as_mathematics_does(
    expression: IntegerExpression, value: Fraction | int
) -> None:
    assert Evaluator({}, {S: 2}).integer(expression, {i: -3}) == value


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        (divides(S, i), False),
        (divides(S, i - 1), True),
        (divides(S, i / S), False),
        (equal(i, -3) & (S > 1), True),
        (equal(i, 3) & divides(S - 2, i), False),
        (equal(i, 3) | (S > 1), True),
        (Not(equal(i, 3)), True),
    ],
)
def test_conditions_are_decided(condition: Condition, value: bool) -> None:
    assert Evaluator({}, {S: 2}).truth(condition, {i: -3}) is value


def test_assignments_run_through_dependent_ranges() -> None:
    evaluator = Evaluator({}, SIZES)
    ranges = (Range(i, Constant(0), S - 1), Range(j, i, S - 1))
    assert list(evaluator.assignments(ranges)) == [{i: 0, j: 0}, {i: 0, j: 1}, {i: 1, j: 1}]
    assert list(evaluator.assignments(())) == [{}]


def test_both_sides_are_evaluated_with_abbreviations_expanded() -> None:
    statement = Statement(x[i], x[p - 1], free=(Range(i, Constant(0), S - 1),), where=((p, i + 1),))
    sides = list(side_polynomials(statement, Evaluator({}, SIZES)))
    assert [assignment for assignment, _, _ in sides] == [{i: 0}, {i: 1}]
    assert all(left == right != {} for _, left, right in sides)


def test_text_of_monomials_and_polynomials() -> None:
    assert monomial_text(()) == "1"
    assert monomial_text((("z", ()), ("x", (1, 2)))) == "z*x[1,2]"
    assert polynomial_text({}) == "0"
    assert polynomial_text({(): Fraction(-1, 2), (("z", ()),): -1}) == "-1/2 - z"


def test_unknown_nodes_are_refused() -> None:
    with pytest.raises(TypeError, match="not an expression"):
        _ = Evaluator({}, {})._evaluate(Strange(), {}, frozenset())
    with pytest.raises(TypeError, match="not an integer expression"):
        _ = integer_value(StrangeInteger(), {})
    with pytest.raises(TypeError, match="not a condition"):
        _ = condition_value(StrangeCondition(), {})
