"""Formulas on arrays of numbers: the meaning, evaluated entry by entry, is what must come out."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from symconv import Layer, Sizes, claim, conv2d, indices, sizes
from symconv.algebra.evaluation import Evaluator
from symconv.algebra.expressions import (
    Add,
    Array,
    Definition,
    Delta,
    Derivative,
    Iverson,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import Maximum, Range, as_integer, between, divides, equal
from symconv.algebra.scoping import expand_where
from symconv.concrete.contractions import Contractions
from symconv.concrete.monomial_tables import Tables
from symconv.errors import IllFormed, NotSupported, UnknownStatement, UsageError
from symconv.mistakes.spoiling import spoil
from tests.runs import by_run, quick_rows

CONV = conv2d()
RESULTS = ("y", "dL/dx", "dL/dw", "dL/db")
# Of the spoiled statements one in so many is tried at each of the sizes below.
EVERY = by_run(27, 3, 1)
SPOILED_AT = (
    "N=1,C=2,H=2,W=3,F=2,HH=1,WW=1,S=2,P=1",
    "N=2,C=1,H=4,W=3,F=2,HH=2,WW=3,S=1,P=1",
    "N=1,C=2,H=3,W=5,F=1,HH=1,WW=3,S=3,P=2",
    "N=2,C=1,H=5,W=4,F=2,HH=2,WW=2,S=2,P=0",
)

A, B, D = sizes("A B D")
i, j, k, p, q = indices("i j k p q")
u, v, m = Array("u", (A,)), Array("v", (B,)), Array("m", (A, B))
shifted = Array("shifted", (A + 1,))
broken = Array("broken", (A,))
TOY = Layer(
    name="toy",
    given=(A, B, D),
    inputs=(u, v, m),
    definitions=(
        Definition(shifted[i], Iverson(between(1, i, A)) * u[i - 1]),
        Definition(broken[i], u[i + 1]),
    ),
)


def drawn(contractions: Contractions, dtype: Any, seed: object = 0) -> dict[str, np.ndarray]:
    source = random.Random(str(seed))
    arrays = {}
    for name, shape in contractions.inputs.items():
        array = np.empty(shape, dtype=object)
        for position in np.ndindex(*shape):
            array[position] = source.randint(-9, 9)
        arrays[name] = array.astype(dtype)
    return arrays


def meaning(layer: Layer, at: Sizes, statement: Statement, arrays: Mapping[str, Any]) -> np.ndarray:
    """Evaluate a right-hand side by its definition, one entry after the other."""
    evaluator = Evaluator(layer.definition_by_name, at.by_symbol)
    statement = expand_where(statement)
    found: dict[tuple[int, ...], Any] = {}
    for values in evaluator.assignments(statement.free):
        total: Any = 0
        for monomial, coefficient in evaluator.polynomial(statement.rhs, values).items():
            term: Any = coefficient
            for name, position in monomial:
                term *= int(arrays[name][position])
            total += term
        found[tuple(values.values())] = total
    lowest = [int(evaluator.integer(item.lower)) for item in statement.free]
    highest = [int(evaluator.integer(item.upper)) for item in statement.free]
    shape = [max(0, high - low + 1) for low, high in zip(lowest, highest, strict=True)]
    result = np.zeros(shape, dtype=object)
    for position, value in found.items():
        result[tuple(a - low for a, low in zip(position, lowest, strict=True))] = value
    return result


def outcome(work: Any) -> Any:
    try:
        return work()
    except IllFormed as error:
        return error.code


def same(left: Any, right: Any) -> bool:
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str)
    return np.array_equal(left, right)


@quick_rows(6, "the rows differ in the sizes and the dtype of one plan")
@pytest.mark.parametrize("dtype", ["float64", "int64", "float32", "object"])
@pytest.mark.parametrize("text", CONV.default_sizes)
def test_every_statement_has_the_values_of_its_meaning(text, dtype) -> None:
    at = CONV.sizes(text)
    contractions = Contractions(CONV, at)
    arrays = drawn(contractions, dtype)
    handled = [item for item in CONV.statements if contractions.handles(item)]
    chains = {item.key for item in CONV.statements if item.form == "chain"}
    assert {item.key for item in CONV.statements} - {item.key for item in handled} == chains
    for statement in handled:
        if statement.form.startswith("fraction") and dtype != "object":
            continue  # Where its assumption does not hold it is not an integer.
        got = outcome(lambda item=statement: contractions.statement_values(item, arrays))
        assert same(got, outcome(lambda item=statement: meaning(CONV, at, item, arrays)))
        if not isinstance(got, str):
            assert got.dtype == np.dtype(dtype)


@pytest.mark.parametrize("text", SPOILED_AT)
def test_a_spoiled_statement_is_evaluated_as_it_is_spoiled(text) -> None:
    at = CONV.sizes(text)
    contractions = Contractions(CONV, at)
    arrays = drawn(contractions, object)
    seen = {"right": 0, "wrong": 0, "ill-formed": 0}
    start = SPOILED_AT.index(text)
    for statement in CONV.statements:
        if statement.form == "chain" or len(statement.free) > 6:
            continue
        spoiled = [item.statement for item in spoil(statement)]
        for wrong in spoiled[start % EVERY :: EVERY]:
            if not contractions.handles(wrong):
                continue
            got = outcome(lambda item=wrong: contractions.statement_values(item, arrays))
            assert same(got, outcome(lambda item=wrong: meaning(CONV, at, item, arrays))), wrong
            if isinstance(got, str):
                seen["ill-formed"] += 1
            else:
                truth = outcome(lambda it=statement: contractions.statement_values(it, arrays))
                seen["right" if same(got, truth) else "wrong"] += 1
    assert seen["wrong"] > 10, seen
    assert seen["ill-formed"] > 10, seen


@pytest.mark.parametrize("text", CONV.default_sizes)
def test_gradients_are_those_of_the_tables_which_differentiate(text) -> None:
    at = CONV.sizes(text)
    contractions = Contractions(CONV, at)
    arrays = drawn(contractions, object)
    tables = Tables(CONV, at)
    together = contractions.on(arrays)
    for name in (*RESULTS, "x_pad"):
        expected = tables.values(name, arrays)
        assert np.array_equal(contractions.values(name, arrays), expected)
        # Windows that another formula laid out are used again, and are right for this one too.
        assert np.array_equal(together.values(name), expected)
    assert np.array_equal(contractions.values("L", arrays), tables.values("L", arrays))


def test_integers_of_any_length_stay_exact() -> None:
    at = CONV.sizes(CONV.default_sizes[-1])
    contractions = Contractions(CONV, at)
    arrays = {name: a * 10**40 + 7 for name, a in drawn(contractions, object).items()}
    for name in RESULTS:
        expected = Tables(CONV, at).values(name, arrays)
        assert np.array_equal(contractions.values(name, arrays), expected)
        assert max(abs(expected).flat) > 2**64


def test_results_do_not_share_memory_with_arrays_or_with_one_another() -> None:
    at = CONV.sizes("N=2,C=3,H=24,W=24,F=4,HH=3,WW=3,S=1,P=1")
    contractions = Contractions(CONV, at)
    arrays = drawn(contractions, np.float64)
    kept = {name: array.copy() for name, array in arrays.items()}
    first = {name: contractions.values(name, arrays) for name in (*RESULTS, "x_pad")}
    copies = {name: values.copy() for name, values in first.items()}
    for values in first.values():
        values += 1
    second = {name: contractions.values(name, arrays) for name in (*RESULTS, "x_pad")}
    assert all(np.array_equal(second[name], copies[name]) for name in second)
    assert all(np.array_equal(arrays[name], kept[name]) for name in arrays)
    _ = {name: contractions.values(name, arrays) for name in (*RESULTS, "x_pad")}
    assert all(np.array_equal(second[name], copies[name]) for name in second)


def test_two_evaluations_at_once_do_not_share_memory() -> None:
    at = CONV.sizes("N=2,C=2,H=5,W=6,F=3,HH=3,WW=2,S=1,P=1")
    contractions = Contractions(CONV, at)
    ones, others = (drawn(contractions, np.float64, seed) for seed in (1, 2))
    expected = [[contractions.values(name, a) for name in RESULTS] for a in (ones, others)]
    runs = [contractions.on(ones), contractions.on(others)]
    for name, one, other in zip(RESULTS, *expected, strict=True):
        assert np.array_equal(runs[0].values(name), one)
        assert np.array_equal(runs[1].values(name), other)
        assert np.array_equal(runs[0].values(name), one)


@pytest.mark.parametrize("lay_out", [np.asfortranarray, lambda a: a[::-1].copy()[::-1]])
def test_arrays_in_any_memory_layout_are_read_alike(lay_out) -> None:
    at = CONV.sizes(CONV.default_sizes[2])
    contractions = Contractions(CONV, at)
    arrays = drawn(contractions, np.float64)
    strange = {name: lay_out(array) for name, array in arrays.items()}
    for name in RESULTS:
        assert np.array_equal(contractions.values(name, strange), contractions.values(name, arrays))


def toy(rhs: Any, *free: Range) -> Statement:
    return Statement(u[0], as_expression(rhs), free=free)


def as_expression(value: Any) -> Any:
    return value if not isinstance(value, int) else Number(as_integer(value))


OVER_I = Range(i, as_integer(0), A - 1)
OVER_J = Range(j, as_integer(0), B - 1)

HANDLED = {
    "a diagonal": toy(Delta(i, j) * u[i], OVER_I, OVER_J),
    "a trace": toy(Sum(Delta(p, q) * m[p, q], (p, 0, A - 1), (q, 0, B - 1))),
    "a reversed axis": toy(u[A - 1 - i], OVER_I),
    "a reversed scatter": toy(Sum(Delta(i, A - 1 - D * p) * v[p], (p, 0, B - 1)), OVER_I),
    "a scatter by two indices": toy(
        Sum(Delta(i, p + D * q) * m[p, q], (p, 0, A - 1), (q, 0, B - 1)), OVER_I
    ),
    "a delta without the free index alone": toy(
        Sum(Delta(D * i, p + q) * m[p, q], (p, 0, A - 1), (q, 0, B - 1)), OVER_I
    ),
    "no unit step": toy(Sum(Delta(2 * i, 3 * p) * v[p], (p, 0, B - 1)), OVER_I),
    "a triangle": toy(Sum(m[i, p], (p, 0, i)), OVER_I),
    "a guarded triangle": toy(Sum(Iverson(p <= i) * m[i, p], (p, 0, B - 1)), OVER_I),
    "a guard on one side": toy(Iverson(i >= 1) * u[i - 1], OVER_I),
    "a guard by a divisor": toy(Iverson(divides(D, i)) * u[i], OVER_I),
    "a guard that is no interval": toy(Iverson(equal(i, 0) | (i > D)) * u[i], OVER_I),
    "a guard that denies": toy(Iverson(~equal(i, D)) * u[i], OVER_I),
    "a window under a bracket": toy(
        Sum(Iverson(between(0, i - D * p, A - 1)) * u[i - D * p] * v[p], (p, 0, B - 1)), OVER_I
    ),
    "a window under a bracket and a cut": toy(
        Sum(
            Iverson(between(1, i, A - 2))
            * Iverson(between(1, i - D * p, A - 1))
            * u[i - D * p]
            * v[p],
            (p, 0, B - 1),
        ),
        OVER_I,
    ),
    "a bracket around more than a position": toy(
        Sum(Iverson(between(1, i + p, A - 1)) * u[i + p - 1], (p, 0, B - 1)), OVER_I
    ),
    "an entry twice": toy(Sum(u[p] * u[p] * u[0], (p, 0, A - 1))),
    "three arrays": toy(Sum(u[p] * m[p, q] * v[q], (p, 0, A - 1), (q, 0, B - 1))),
    "an outer product": toy(u[i] * v[j], OVER_I, OVER_J),
    "products of sums": toy(Sum(u[p], (p, 0, A - 1)) * Sum(v[p], (p, 0, B - 1)) + 3, OVER_I),
    "an index that nothing reads": toy(Sum(u[i], (p, 0, B - 1)), OVER_I),
    "an empty sum": toy(Sum(u[p + 9], (p, 1, 0)) + v[j], OVER_J),
    "a factor of 0": toy(Number(as_integer(0)) * u[A + 3] + v[j], OVER_J),
    "a defined array": toy(Sum(shifted[i + p], (p, 0, 1)), OVER_I),
    "nothing at all": toy(Add(()), OVER_I),
    "a coefficient": toy(Number(2 * A - B) * u[i] - v[0], OVER_I),
    "free indices from 1": toy(u[i - 1], Range(i, as_integer(1), A)),
    "no free index left": toy(u[i], Range(i, as_integer(1), as_integer(0))),
    "an entry beside an empty sum": toy(u[A] * Sum(v[p], (p, 1, 0))),
    "an entry past the end": toy(u[i + 1], OVER_I),
    "an entry before the start": toy(u[i - 1], OVER_I),
    "an entry past the end under a bracket": toy(Iverson(i >= 1) * u[i + 1], OVER_I),
    "an entry out of range for one pair": toy(
        Sum(Iverson(i + p <= A) * u[i + p], (p, 0, B - 1)), OVER_I
    ),
    "a product of indices": toy(Sum(u[i * p], (p, 0, 1)), OVER_I),
    "a floor of an index": toy(u[i // 2], OVER_I),
    "a window that goes round": toy(Sum(u[(i + p) % A] * v[p], (p, 0, B - 1)), OVER_I),
    "a window that is reflected": toy(
        Sum(u[Maximum((i - 1, 1 - i)) % A] * v[p], (p, 0, B - 1)), OVER_I
    ),
    "a floor of a fraction that is the same everywhere": toy(
        Sum(u[(p / 3) // 2], (p, 1, 1)), OVER_I
    ),
    "a floor of an index where it is whole": toy(Iverson(divides(2, i)) * u[i / 2], OVER_I),
    "a coefficient that depends on an index": toy(Number(i + 1) * u[i], OVER_I),
    "a factor that is a sum": toy((1 - Iverson(i >= 1)) * u[i] + v[0], OVER_I),
    "an end that is a floor": toy(Sum(m[i, p], (p, (i + 1) // 2, B - 1)), OVER_I),
    "a division by 0 that is not reached": toy(
        Iverson(i < 0) * Iverson(equal((A / (D - D)) * 1, 1)) * u[i], OVER_I
    ),
    "an entry behind a sum that is 0": toy(Sum(Delta(p, B), (p, 0, B - 1)) * u[A + 1]),
}

ILL_FORMED = {
    "half an index": (toy(u[i / 2], OVER_I), "non-integer-index"),
    "an index that nothing binds": (toy(u[k], OVER_I), "unbound-index"),
    "a size that the layer does not have": (toy(u[sizes("Z")[0]], OVER_I), "unbound-index"),
    "a division by an index": (toy(Iverson(divides(i, A)) * u[i], OVER_I), "division-by-zero"),
    "a bound that is not an integer": (
        toy(Sum(u[p], (p, 0, as_integer(A) / 2 - 1)), OVER_I),
        "non-integer-bound",
    ),
}


@pytest.mark.parametrize("dtype", ["int64", "object"])
@pytest.mark.parametrize("text", ["A=3,B=3,D=2", "A=4,B=2,D=1", "A=2,B=5,D=3", "A=1,B=1,D=1"])
@pytest.mark.parametrize("name", HANDLED)
def test_what_indices_can_do_is_evaluated(name, text, dtype) -> None:
    statement = HANDLED[name]
    at = TOY.sizes(text)
    contractions = Contractions(TOY, at)
    arrays = drawn(contractions, dtype)
    assert contractions.handles(statement)
    got = outcome(lambda: contractions.statement_values(statement, arrays))
    expected = outcome(lambda: meaning(TOY, at, statement, arrays))
    assert same(got, expected)
    if isinstance(expected, str):
        assert got == expected == "out-of-range"


def test_the_cases_cover_values_and_ill_formed_ones() -> None:
    at = TOY.sizes("A=3,B=3,D=2")
    contractions = Contractions(TOY, at)
    arrays = drawn(contractions, object)
    found = [
        outcome(lambda s=s: contractions.statement_values(s, arrays)) for s in HANDLED.values()
    ]
    assert sum(isinstance(value, str) for value in found) == 5
    assert sum(not isinstance(value, str) and bool(np.any(value != 0)) for value in found) > 20


REFUSED = {
    "a derivative": toy(Derivative(u[i], u[0]), OVER_I),
    "a definition that reads out of range": toy(broken[0]),
    "a free index that depends on another": toy(u[i], OVER_I, Range(j, as_integer(0), i)),
    "a free index that is another": toy(u[i], OVER_I, Range(j, i * 1, i * 1)),
    "a free index that moves with another": toy(u[i], OVER_I, Range(j, i - 1, i + 1)),
}


@pytest.mark.parametrize("name", ILL_FORMED)
def test_what_has_no_meaning_is_said_as_evaluation_says_it(name) -> None:
    statement, code = ILL_FORMED[name]
    at = TOY.sizes("A=3,B=4,D=2")
    contractions = Contractions(TOY, at)
    arrays = drawn(contractions, object)
    assert contractions.handles(statement)
    assert outcome(lambda: meaning(TOY, at, statement, arrays)) == code
    assert outcome(lambda: contractions.statement_values(statement, arrays)) == code


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_handled_is_refused_and_not_guessed(name) -> None:
    contractions = Contractions(TOY, TOY.sizes("A=3,B=4,D=2"))
    assert not contractions.handles(REFUSED[name])
    with pytest.raises(NotSupported):
        _ = contractions.statement_values(REFUSED[name], drawn(contractions, np.int64))


@pytest.mark.parametrize("position", [p * p, (i + p) // 2, p])
def test_an_array_without_entries_is_not_read(position) -> None:
    empty = Array("empty", (A - 1,))
    rhs = Sum(Iverson(p * p > 4) * empty[position], (p, 0, B - 1)) + u[i]
    layer = Layer(name="thin", given=(A, B), inputs=(u, empty))
    contractions = Contractions(layer, layer.sizes("A=1,B=3"))
    arrays = {"u": np.array([7]), "empty": np.zeros(0, dtype=int)}
    assert contractions.statement_values(toy(rhs, OVER_I), arrays).tolist() == [7]
    reached = Sum(Iverson(p * p >= 4) * empty[position], (p, 0, B - 1)) + u[i]
    with pytest.raises(IllFormed):
        _ = contractions.statement_values(toy(reached, OVER_I), arrays)


def test_fractions_need_object_arrays() -> None:
    half = toy(Number(as_integer(1) / 2) * u[i], OVER_I)
    contractions = Contractions(TOY, TOY.sizes("A=3,B=3,D=2"))
    arrays = {"u": np.array([1, 2, 4], dtype=object)}
    got = contractions.statement_values(half, arrays)
    assert got.tolist() == [Fraction(1, 2), 1, 2]
    with pytest.raises(NotSupported, match="coefficient 1/2 in arrays of float64"):
        _ = contractions.statement_values(half, {"u": arrays["u"].astype(float)})


def test_an_ill_formed_statement_is_handled_and_says_what_it_reads() -> None:
    contractions = Contractions(TOY, TOY.sizes("A=3,B=3,D=2"))
    wrong = HANDLED["an entry past the end"]
    assert contractions.handles(wrong)
    with pytest.raises(IllFormed, match=r"u\[i\+1\] reads position 3 of an axis of u that has 3"):
        _ = contractions.statement_values(wrong, drawn(contractions, np.int64))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"u": np.zeros(4)}, r"u has shape \(4,\), expected \(3,\)"),
        ({"u": np.zeros((3, 1))}, r"u has shape \(3, 1\)"),
        ({"u": np.zeros(3, dtype=bool)}, "dtypes bool"),
        ({"u": np.zeros(3, dtype=np.uint8)}, "dtypes uint8"),
        ({"u": np.zeros(3), "v": np.zeros(3, dtype=int)}, "dtypes float64, int64"),
        ({}, "dtypes of nothing"),
        ({"v": np.zeros(3)}, "no array is given for u"),
    ],
)
def test_arrays_that_do_not_fit_are_named(arrays, message) -> None:
    contractions = Contractions(TOY, TOY.sizes("A=3,B=3,D=2"))
    with pytest.raises(UsageError, match=message):
        _ = contractions.statement_values(toy(u[i], OVER_I), arrays)


def test_a_name_without_a_formula_is_refused() -> None:
    contractions = Contractions(TOY, TOY.sizes("A=3,B=3,D=2"))
    arrays = drawn(contractions, np.int64)
    assert np.array_equal(contractions.values("shifted", arrays), [0, *arrays["u"]])
    with pytest.raises(NotSupported, match="toy has no formula for dshifted/du"):
        _ = contractions.values("dshifted/du", arrays)
    with pytest.raises(UnknownStatement):
        _ = contractions.values("nothing", arrays)


def test_a_formula_whose_assumptions_do_not_hold_is_not_taken() -> None:
    doubled = claim(
        shifted[i],
        2 * Sum(Delta(i, p + 1) * u[p], (p, 0, A - 1)),
        name="shifted",
        assumptions=(equal(A, 2),),
    )
    layer = replace(TOY, statements=(doubled,))
    for text, factor in (("A=2,B=1,D=1", 2), ("A=3,B=1,D=1", 1)):
        contractions = Contractions(layer, layer.sizes(text))
        arrays = drawn(contractions, np.int64)
        got = contractions.values("shifted", arrays)
        assert got.tolist() == [0, *(factor * arrays["u"]).tolist()]
        assert got.any()


def test_a_formula_for_a_part_of_an_array_is_not_taken_for_all_of_it() -> None:
    part = claim(
        shifted[i],
        2 * Sum(Delta(i, p + 1) * u[p], (p, 0, A - 1)),
        name="shifted",
        ranges={i: (1, B)},
    )
    layer = replace(TOY, statements=(part,))
    contractions = Contractions(layer, layer.sizes("A=2,B=1,D=1"))
    arrays = drawn(contractions, np.int64)
    assert contractions.statement_values(part, arrays).tolist() == [2 * arrays["u"][0]]
    assert contractions.values("shifted", arrays).tolist() == [0, *arrays["u"].tolist()]


@pytest.mark.parametrize("order", [1, -1])
def test_the_contracted_form_is_taken_wherever_it_stands(order) -> None:
    forms = [
        claim(u[i], factor * v[i], name=f"u:{form}")
        for form, factor in (("contracted", 2), ("deltas", 3))
    ]
    layer = Layer(name="two", given=(A, B, D), inputs=TOY.inputs, statements=tuple(forms[::order]))
    contractions = Contractions(layer, layer.sizes("A=2,B=2,D=1"))
    arrays = drawn(contractions, np.int64)
    assert np.array_equal(contractions.values("u", arrays), 2 * arrays["v"])


def test_memory_is_used_again_but_holds_no_objects() -> None:
    contractions = Contractions(CONV, CONV.sizes(CONV.default_sizes[-1]))
    _ = contractions.values("dL/dx", drawn(contractions, object))
    assert not contractions.spare
    arrays = drawn(contractions, np.float64)
    _ = contractions.values("dL/dx", arrays)
    spare = {id(array) for arrays in contractions.spare.values() for array in arrays}
    _ = contractions.values("dL/dx", arrays)
    assert spare
    assert spare == {id(array) for arrays in contractions.spare.values() for array in arrays}


def test_a_defined_array_is_read_also_where_its_values_lie_turned() -> None:
    turned = Array("turned", (B, A))
    layer = Layer(
        name="turned",
        given=(A, B, D),
        inputs=TOY.inputs,
        definitions=(Definition(turned[j, i], 2 * m[i, j]),),
    )
    at = layer.sizes("A=3,B=2,D=1")
    contractions = Contractions(layer, at)
    statement = toy(Sum(turned[p, i] * v[p], (p, 0, B - 1)), OVER_I)
    arrays = drawn(contractions, np.int64)
    got = contractions.statement_values(statement, arrays)
    assert np.array_equal(got, meaning(layer, at, statement, arrays))
    assert np.array_equal(got, 2 * arrays["m"] @ arrays["v"])
