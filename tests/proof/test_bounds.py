"""What is too large is refused by name, before the work; what fits is decided as ever."""

from __future__ import annotations

import pytest

from symconv.algebra.conditions import canonical_condition
from symconv.algebra.expressions import (
    Add,
    Array,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
    claim,
)
from symconv.algebra.indices import (
    Comparison,
    Condition,
    Constant,
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Plus,
    Times,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.algebra.size_limits import DEEPEST, LONGEST_NUMBER, MOST_PARTS
from symconv.explanations.probes import Probes
from symconv.layers.layer import Layer
from symconv.proof.equality import WORK_A_STATEMENT, Outcome, prove
from symconv.proof.smt import MOST_SPENT, MOST_USED, Solver
from symconv.verdicts import Verdict
from tests.runs import quick_rows

N, K, R, T, U = sizes("N K R T U")
i, n = indices("i n")
x, z = Array("x", (N,)), Array("z", (N,))


def of(left: Expression, right: Expression, **options: tuple[Condition, ...]) -> Outcome:
    return prove(Statement(left, right, **options))


def total(array: Array) -> Sum:
    return Sum(array[n], (n, 0, N - 1))


@pytest.mark.parametrize("count", [6, 20, 200])
def test_a_product_of_sums_over_one_array_is_refuted_at_the_smallest_size(count):
    power = Mul(tuple(total(x) for _ in range(count)))
    outcome = prove(claim(x[i], power))
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexample is not None
    assert outcome.counterexample.sizes == {"N": 1}
    assert prove(claim(Number(Constant(0)) * x[i], power * 0)).verdict is not Verdict.REFUTED


def test_a_product_of_sums_over_different_arrays_is_decided():
    arrays = [Array(f"a{number}", (N,)) for number in range(12)]
    power = Mul(tuple(map(total, arrays)))
    assert of(power, power + 0)
    assert of(power, 2 * power).verdict is Verdict.REFUTED


def test_terms_are_counted_before_they_are_made():
    binomial = Mul(tuple(x[0] + z[0] for _ in range(50)))
    outcome = of(binomial, 2 * binomial)
    assert (outcome.verdict, outcome.code) == (Verdict.UNDECIDED, "too-many-terms")
    assert "1,125,899,906,842,624 terms, more than 2,000" in outcome.detail
    complements = Mul(tuple(1 - Iverson(equal(i, number)) for number in range(60)))
    assert prove(claim(x[i], complements * x[i])).code == "too-many-terms"
    few = Mul(tuple(x[0] + z[0] for _ in range(3)))
    assert of(few, few * 1)


def deep(levels: int) -> list[tuple[str, Statement]]:
    expression: Expression = x[0] + 0
    integer: IntegerExpression = N + 0
    condition: Condition = N >= 1
    for number in range(levels):
        expression = Mul((Add((expression, x[0])),))
        integer = Maximum((integer + 1, N))
        condition = Not(condition & (number <= N))
    summed: Expression = x[0] + 0
    for index in indices(" ".join(f"s{number}" for number in range(levels))):
        summed = Sum(summed, (index, 0, N - 1))
    return [
        ("expression", Statement(expression, expression * 2)),
        ("integer", Statement(Number(integer), Number(integer + 1))),
        ("condition", Statement(Iverson(condition) * x[0], x[0] * 1)),
        ("sums", Statement(summed, summed * 2)),
        ("assumption", Statement(x[0] + 0, x[0] + 0, assumptions=(condition,))),
    ]


@pytest.mark.parametrize("levels", [DEEPEST, 3_000])
@pytest.mark.parametrize("kind", range(5))
def test_what_is_nested_too_deeply_is_refused(levels, kind):
    name, statement = deep(levels)[kind]
    outcome = prove(statement)
    assert (outcome.verdict, outcome.code) == (Verdict.UNDECIDED, "too-large"), name
    assert str(DEEPEST) in outcome.detail


def test_what_has_too_many_parts_is_refused():
    many = Add(tuple(x[0] for _ in range(MOST_PARTS)))
    outcome = of(many, many)
    assert (outcome.verdict, outcome.code) == (Verdict.UNDECIDED, "too-large")
    doubled: Expression = x[0] + 0
    for _ in range(60):
        # The same object twice is written twice.
        doubled = Add((doubled, doubled))
    assert of(doubled, doubled).code == "too-large"


def test_numbers_are_as_long_as_people_write_them():
    far = Statement(Number(N), Number(N + 0), assumptions=(equal(N, 10**23),))
    assert prove(far)
    wrong = Statement(Number(N), Number(N + 1), assumptions=(equal(N, 10**23),))
    assert prove(wrong).verdict is not Verdict.PROVED
    long = 10**6_000
    outcome = prove(claim(x[i] * long, x[i] * (long + 1)))
    assert (outcome.verdict, outcome.code) == (Verdict.UNDECIDED, "too-large")
    assert "digits" in outcome.detail
    assert 2**LONGEST_NUMBER > 10**23


def test_long_results_are_told_by_their_length():
    product = Number(Times(tuple(Constant(10**90) for _ in range(80))))
    outcome = prove(claim(x[i] * product, x[i]))
    assert outcome.verdict is Verdict.REFUTED
    assert "a number of about 7,201 digits" in outcome.detail


def test_integers_are_not_multiplied_out_without_end():
    wide = Times(tuple(N + K + R + T + U for _ in range(40)))
    assert prove(Statement(Number(wide), Number(wide))).verdict is not Verdict.REFUTED
    assert prove(Statement(Number(wide), Number(wide + 1))).verdict is not Verdict.PROVED


@pytest.mark.parametrize("count", [2, 6, 7, 40])
def test_conditions_are_not_resolved_without_end(count):
    lengths = sizes(" ".join(f"S{number}" for number in range(count)))
    least = Plus(tuple(Minimum((size, N + k)) for k, size in enumerate(lengths)))
    found = canonical_condition(Comparison(Constant(0), "<=", least - K))
    assert len(str(found)) < 20_000
    floors = Plus(tuple(floor(N / size) for size in lengths))
    bound = Iverson(equal(floors, K)) * x[0]
    assert of(bound, bound).verdict is not Verdict.REFUTED


@quick_rows(0, "what is given up is tested at other limits in the quick run")
def test_an_assumption_without_small_solutions_is_given_up():
    cubes = equal(K * K * K + R * R * R, U * U * U + T * T * T)
    hard = (cubes, K < U, U <= T, T < R)
    outcome = of(total(x), Sum(x[n], (n, 1, N - 1)), assumptions=hard)
    assert outcome.verdict in (Verdict.UNDECIDED, Verdict.REFUTED)
    easy = (equal(K * K + R * R, U * U), K > 2)
    assert of(total(x), total(x) + 0, assumptions=easy)


def test_a_solver_that_gave_up_often_gives_up_at_once():
    solver = Solver((N >= 1,), {N: 1})
    solver.spent = MOST_SPENT + 1
    assert not solver.never(equal(N * N, 2))
    assert Solver((N >= 1,), {N: 1}).never(equal(N * N, 2))


def test_answers_that_are_definite_are_counted_too():
    solver = Solver((N >= 1,), {N: 1})
    assert solver.never(N * N + 1 < 0)
    assert (solver.spent, solver.questions) == (0, 1)
    once = solver.used
    assert once > 0
    assert solver.never(N * N + N + 1 < 0)
    assert solver.used > once
    solver.used = MOST_USED + 1
    assert not solver.never(N * N + 2 < 0)


def test_work_grows_with_what_was_done():
    easy = of(total(x), total(x))
    assert easy.work == of(total(x), total(x)).work > WORK_A_STATEMENT
    assert of(total(x), Sum(x[n], (n, 1, N - 1))).work > easy.work


def test_probes_compare_nothing_that_does_not_fit():
    many = indices(" ".join(f"i{number}" for number in range(30)))
    cube = Array("cube", (N,) * 30)
    layer = Layer(name="cube", given=(N,), inputs=(cube,))
    probes = Probes(layer)
    wrong = claim(cube[many], 2 * cube[many])
    assert not any(probes.holds_at(wrong, at) for at in probes.sizes)
    right = claim(cube[many], cube[many])
    assert [probes.holds_at(right, at) for at in probes.sizes][:1] == [True]
    assert not all(probes.holds_at(right, at) for at in probes.sizes)


def test_sizes_that_only_the_solver_can_name_refute_nothing():
    huge = (equal(N, Times((Constant(10**90), Constant(10**90)))),)
    outcome = of(total(x), Sum(x[n], (n, 1, N - 1)), assumptions=huge)
    assert outcome.verdict is Verdict.UNDECIDED
    assert of(total(x), total(x) + 0, assumptions=huge).verdict is not Verdict.REFUTED
    assert of(total(x), Sum(x[n], (n, 1, N - 1)), assumptions=(equal(N, 10**23),)).code in (
        "different",
        "too-many-steps",
    )
