"""The fast route: statements and loops of the layer as tables, against evaluation and NumPy."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from symconv.algebra.evaluation import Evaluator, Polynomial, side_polynomials
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
)
from symconv.algebra.indices import Constant, Range, Size, equal, indices, sizes
from symconv.concrete import boxes, monomial_tables, terms
from symconv.concrete.differences import Difference, smallest_difference
from symconv.concrete.monomial_tables import Tables
from symconv.errors import IllFormed, LoopRaised, NotSupported, TooLarge, WrongShape
from symconv.layers.convolution import loops
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Layer, Loop, Sizes

LAYER = conv2d()
DEFAULT = [LAYER.sizes(text) for text in LAYER.default_sizes]
REVEALING = LAYER.sizes("N=2,C=2,H=2,W=5,F=3,HH=1,WW=3,S=3,P=2")
SMALL = [
    LAYER.sizes("N=1,C=1,H=2,W=3,F=2,HH=1,WW=2,S=2,P=1"),
    LAYER.sizes("N=2,C=1,H=3,W=2,F=1,HH=2,WW=1,S=1,P=0"),
]
UNEVEN = LAYER.sizes("N=1,C=2,H=2,W=3,F=2,HH=1,WW=1,S=2,P=1")
EXAMPLE = LAYER.sizes("N=1,C=1,H=5,W=5,F=1,HH=3,WW=3,S=2,P=0")
MEDIUM = LAYER.sizes("N=2,C=3,H=8,W=8,F=4,HH=3,WW=3,S=1,P=1")


def admits(at: Sizes, statement: Statement) -> bool:
    evaluator = Evaluator({}, at.by_symbol)
    return all(map(evaluator.truth, statement.assumptions))


def brute_force(statement: Statement, at: Sizes, layer: Layer = LAYER) -> Difference | None:
    """Evaluate both sides at every value of the free indices, to the end."""
    evaluator = Evaluator(layer.definition_by_name, at.by_symbol)
    found = [
        smallest_difference({s.name: value for s, value in values.items()}, left, right)
        for values, left, right in side_polynomials(statement, evaluator)
    ]
    return next((difference for difference in found if difference is not None), None)


def outcome(compare: Callable[..., Any], *arguments: Any) -> tuple[str, object]:
    try:
        return "compared", compare(*arguments)
    except IllFormed as error:
        return "ill-formed", error.code


@pytest.mark.parametrize("at", DEFAULT, ids=str)
def test_every_statement_holds(at) -> None:
    tables = Tables(LAYER, at)
    checked = [item for item in LAYER.statements if admits(at, item)]
    assert len(checked) >= 25
    for statement in checked:
        assert tables.compare(statement) is None, statement.key


@pytest.mark.parametrize("at", DEFAULT, ids=str)
def test_every_loop_computes_what_it_should(at) -> None:
    tables = Tables(LAYER, at)
    for loop in LAYER.loops:
        assert tables.compare_loop(loop) is None, loop.name


@pytest.mark.parametrize("statement", LAYER.statements, ids=lambda item: item.key)
def test_every_statement_differs_from_zero_where_evaluation_says(statement) -> None:
    for side in (statement.lhs, statement.rhs):
        against_nothing = statement.with_sides(side, Add(()))
        at = EXAMPLE if statement.assumptions else UNEVEN
        assert outcome(Tables(LAYER, at).compare, against_nothing) == outcome(
            brute_force, against_nothing, at
        )


def edits(expression: Expression) -> Iterator[Expression]:
    """Yield an expression with one bound moved, one index shifted or swapped, a factor gone."""
    match expression:
        case Entry(array=array, indices=positions):
            for axis, position in enumerate(positions):
                rest = list(positions)
                rest[axis] = position + 1
                yield Entry(array, tuple(rest))
            if len(positions) > 1:
                yield Entry(array, (*positions[:-2], positions[-1], positions[-2]))
        case Add(terms=parts) | Mul(factors=parts):
            for place, part in enumerate(parts):
                for edited in edits(part):
                    yield type(expression)((*parts[:place], edited, *parts[place + 1 :]))
                yield type(expression)((*parts[:place], *parts[place + 1 :]))
        case Sum(body=body, ranges=ranges):
            for edited in edits(body):
                yield Sum(edited, *ranges)
            for place, item in enumerate(ranges):
                longer = Range(item.index, item.lower, item.upper + 1)
                shorter = Range(item.index, item.lower + 1, item.upper)
                for other in (longer, shorter):
                    yield Sum(body, *ranges[:place], other, *ranges[place + 1 :])
        case Delta(left=left, right=right):
            yield Delta(left + 1, right)
        case Number(value=value):
            yield Number(value + 1)


@pytest.mark.parametrize("at", SMALL, ids=str)
@pytest.mark.parametrize(
    "statement",
    [item for item in LAYER.statements if not item.where],
    ids=lambda item: item.key,
)
def test_a_wrong_statement_differs_exactly_where_evaluation_says(statement, at) -> None:
    tables = Tables(LAYER, at)
    noticed = 0
    for edited in edits(statement.rhs):
        wrong = statement.with_sides(statement.lhs, edited)
        got = outcome(tables.compare, wrong)
        assert got == outcome(brute_force, wrong, at), str(wrong)
        noticed += got != ("compared", None)
    assert noticed or statement.key.endswith(("-Hh", "-Hw"))


def test_the_smallest_difference_is_by_free_indices_then_by_monomial() -> None:
    statement = LAYER.statement("dL/dx:contracted")
    difference = Tables(LAYER, EXAMPLE).compare(statement.with_sides(statement.lhs, Add(())))
    monomial = (("dout", (0, 0, 0, 0)), ("w", (0, 0, 0, 0)))
    assert difference == Difference({"n'": 0, "c'": 0, "i": 0, "j": 0}, monomial, 1, 0)
    assert [type(value) for value in (difference.left, difference.right)] == [int, int]
    assert all(type(value) is int for value in difference.indices.values())


# Loops that are wrong, each with what it computes.


def crop_from_zero(dout, x, w, S, P):
    dx_pad = loops.input_gradient_scatter(dout, np.zeros_like(x, shape=padded(x, P)), w, S, 0)
    return dx_pad[:, :, : x.shape[2], : x.shape[3]]


def crop_one_too_late(dout, x, w, S, P):
    dx_pad = loops.input_gradient_scatter(dout, np.zeros_like(x, shape=padded(x, P)), w, S, 0)
    return dx_pad[:, :, P + 1 : P + 1 + x.shape[2], P : P + x.shape[3]]


def crop_to_minus_padding(dout, x, w, S, P):
    dx_pad = loops.input_gradient_scatter(dout, np.zeros_like(x, shape=padded(x, P)), w, S, 0)
    return dx_pad[:, :, P:-P, P:-P]


def padded(x, P):
    N, C, H, W = x.shape
    return N, C, H + 2 * P, W + 2 * P


def scatter_overwriting(dout, x, w, S, P):
    H, W, HH, WW = *x.shape[2:], *w.shape[2:]
    dx_pad = np.zeros_like(x, shape=padded(x, P))
    for n, f, k, l in np.ndindex(*dout.shape):
        dx_pad[n, :, k * S : k * S + HH, l * S : l * S + WW] = dout[n, f, k, l] * w[f]
    return dx_pad[:, :, P : P + H, P : P + W]


def scatter_subtracting(dout, x, w, S, P):
    H, W, HH, WW = *x.shape[2:], *w.shape[2:]
    dx_pad = np.zeros_like(x, shape=padded(x, P))
    for n, f, k, l in np.ndindex(*dout.shape):
        dx_pad[n, :, k * S : k * S + HH, l * S : l * S + WW] -= dout[n, f, k, l] * w[f]
    return dx_pad[:, :, P : P + H, P : P + W]


def scatter_a_flipped_filter(dout, x, w, S, P):
    return loops.input_gradient_scatter(dout, x, w[:, :, ::-1, :], S, P)


def scatter_the_last_image_only(dout, x, w, S, P):
    dx = np.zeros_like(x)
    dx[-1:] = loops.input_gradient_scatter(dout[-1:], x[-1:], w, S, P)
    return dx


def scatter_doubled(dout, x, w, S, P):
    return 2 * loops.input_gradient_scatter(dout, x, w, S, P)


def forward_without_bias(x, w, b, S, P):
    return loops.forward(x, w, np.zeros_like(b), S, P)


def forward_missing_the_last_row(x, w, b, S, P):
    y = loops.forward(x, w, b, S, P)
    y[:, :, -1] = 0
    return y


def forward_with_images_swapped(x, w, b, S, P):
    return loops.forward(x[::-1], w, b, S, P)


def forward_assigning_to_one_image(x, w, b, S, P):
    y = loops.forward(x, w, b, S, P)
    y[0] = y[-1]
    return y


def forward_with_the_bias_in_every_product(x, w, b, S, P):
    y = loops.forward(x, w, b, S, P)
    for n, f, k, l in np.ndindex(*y.shape):
        y[n, f, k, l] += b[f]
    return y


def forward_padded_on_one_side(x, w, b, S, P):
    x_pad = np.zeros_like(x, shape=padded(x, P))
    x_pad[:, :, 2 * P :, P : P + x.shape[3]] = x
    return loops.forward(x_pad, w, b, S, 0)


def weights_with_height_and_width_swapped(dout, x, w, S, P):
    x_pad = loops.pad(x, P)
    dw = np.zeros_like(w)
    for f, c, i, j in np.ndindex(*w.shape):
        for n, k, l in np.ndindex(dout.shape[0], *dout.shape[2:]):
            if j + k * S < x_pad.shape[2] and i + l * S < x_pad.shape[3]:
                dw[f, c, i, j] += dout[n, f, k, l] * x_pad[n, c, j + k * S, i + l * S]
    return dw


def weights_with_the_last_term_only(dout, x, w, S, P):
    x_pad = loops.pad(x, P)
    dw = np.zeros_like(w)
    for f, c, i, j in np.ndindex(*w.shape):
        for n, k, l in np.ndindex(dout.shape[0], *dout.shape[2:]):
            dw[f, c, i, j] = dout[n, f, k, l] * x_pad[n, c, i + k * S, j + l * S]
    return dw


def weights_over_the_wrong_axis(dout, x, w, S, P):
    dw = loops.weights_gradient(dout, x, w, S, P)
    dw[0] = dw[-1]
    return dw


def bias_of_the_first_image(dout, b):
    return loops.bias_gradient(dout[:1], b)


def bias_over_filters(dout, b):
    db = np.zeros_like(b)
    for f in range(b.shape[0]):
        db[f] = np.sum(dout[0, :, 0, 0])
    return db


def bias_by_accumulating_twice(dout, b):
    db = np.zeros_like(b)
    for n, f, k, l in np.ndindex(*dout.shape):
        db[f] += dout[n, f, k, l]
        db[f] += dout[n, f, k, l]
    return db


def bias_as_an_axis_sum_of_one_filter(dout, b):
    return np.sum(dout[:, :, ::-1], axis=(0, 2, 3)) - np.sum(dout[:, :, 0], axis=(0, 2))


X_ARGUMENTS, W_ARGUMENTS = ("dout", "x", "w", "S", "P"), ("x", "w", "b", "S", "P")
WRONG = [
    *(
        Loop(f"loop/{function.__name__}", function, X_ARGUMENTS, "dL/dx")
        for function in (
            crop_from_zero,
            crop_one_too_late,
            scatter_overwriting,
            scatter_subtracting,
            scatter_a_flipped_filter,
            scatter_the_last_image_only,
            scatter_doubled,
        )
    ),
    *(
        Loop(f"loop/{function.__name__}", function, W_ARGUMENTS, "y")
        for function in (
            forward_without_bias,
            forward_missing_the_last_row,
            forward_with_images_swapped,
            forward_assigning_to_one_image,
            forward_with_the_bias_in_every_product,
            forward_padded_on_one_side,
        )
    ),
    *(
        Loop(f"loop/{function.__name__}", function, X_ARGUMENTS, "dL/dw")
        for function in (
            weights_with_height_and_width_swapped,
            weights_with_the_last_term_only,
            weights_over_the_wrong_axis,
        )
    ),
    *(
        Loop(f"loop/{function.__name__}", function, ("dout", "b"), "dL/db")
        for function in (
            bias_of_the_first_image,
            bias_over_filters,
            bias_by_accumulating_twice,
            bias_as_an_axis_sum_of_one_filter,
        )
    ),
]
SEES_EVERYTHING = LAYER.sizes("N=2,C=2,H=4,W=3,F=2,HH=2,WW=3,S=1,P=1")


def by_numpy(loop: Loop, at: Sizes, object_array, polynomials) -> Difference | None:
    """Run a loop on object arrays of polynomials and find the smallest difference."""
    scope = at.by_symbol
    evaluator = Evaluator(LAYER.definition_by_name, scope)
    arrays = {
        array.name: object_array(
            array.name, tuple(int(evaluator.integer(extent)) for extent in array.shape)
        )
        for array in LAYER.inputs
    }
    result = LAYER.run_loop(loop, arrays, at)
    got: dict[tuple[int, ...], Polynomial] = polynomials(result)
    names = LAYER.index_names(loop.computes)
    for position in np.ndindex(*result.shape):
        expected = evaluator.polynomial(LAYER.named_entry(loop.computes, position))
        difference = smallest_difference(
            dict(zip(names, position, strict=True)), expected, got.get(position, {})
        )
        if difference is not None:
            return difference
    return None


@pytest.mark.parametrize("loop", WRONG, ids=lambda loop: loop.name)
def test_a_wrong_loop_differs_exactly_where_numpy_says(loop, object_array, polynomials) -> None:
    difference = Tables(LAYER, SEES_EVERYTHING).compare_loop(loop)
    assert difference is not None
    assert difference == by_numpy(loop, SEES_EVERYTHING, object_array, polynomials)


@pytest.mark.parametrize("loop", LAYER.loops, ids=lambda loop: loop.name)
def test_a_right_loop_is_right_by_numpy_too(loop, object_array, polynomials) -> None:
    assert by_numpy(loop, SMALL[0], object_array, polynomials) is None


def test_a_loop_that_is_wrong_at_some_sizes_only_is_right_at_the_others() -> None:
    loop = Loop("loop/crop", crop_one_too_late, X_ARGUMENTS, "dL/dx")
    unpadded = Loop("loop/crop", crop_from_zero, X_ARGUMENTS, "dL/dx")
    assert Tables(LAYER, EXAMPLE).compare_loop(unpadded) is None
    assert Tables(LAYER, REVEALING).compare_loop(unpadded) is not None
    assert Tables(LAYER, REVEALING).compare_loop(loop) is not None


def test_a_wrong_shape_is_told_with_both_shapes() -> None:
    loop = Loop("loop/crop", crop_to_minus_padding, X_ARGUMENTS, "dL/dx")
    assert Tables(LAYER, REVEALING).compare_loop(loop) is None
    with pytest.raises(WrongShape) as caught:
        Tables(LAYER, EXAMPLE).compare_loop(loop)
    assert (caught.value.got, caught.value.expected) == ((1, 1, 0, 0), (1, 1, 5, 5))


@pytest.mark.parametrize(
    ("error", "function"),
    [
        (LoopRaised, lambda dout, b: dout[:, b.shape[0]]),
        (LoopRaised, lambda dout, b: dout * b[:2]),
        (LoopRaised, lambda dout, b: 1 // 0),
        (NotSupported, lambda dout, b: np.sort(dout)),
        (NotSupported, lambda dout, b: np.zeros(b.shape)),
        (NotSupported, lambda dout, b: np.zeros(b.shape).__setitem__(0, b[0])),
        (NotSupported, lambda dout, b: b * b),
        (WrongShape, lambda dout, b: b[:0]),
        (WrongShape, lambda dout, b: b[0]),
    ],
)
def test_what_a_loop_does_that_cannot_be_compared_says_why(error, function) -> None:
    with pytest.raises(error):
        Tables(LAYER, REVEALING).compare_loop(Loop("loop/db", function, ("dout", "b"), "dL/db"))


def test_a_loop_may_not_take_a_defined_array() -> None:
    loop = Loop("loop/dw", loops.weights_gradient, ("dout", "x_pad", "w", "S", "P"), "dL/dw")
    with pytest.raises(NotSupported, match="x_pad, which is not an input"):
        Tables(LAYER, EXAMPLE).compare_loop(loop)


def test_a_loop_takes_as_many_arrays_as_codes_can_tell_apart() -> None:
    arrays = tuple(Array(f"a{number}", (Size("N"),)) for number in range(8))
    layer = Layer(name="wide", given=(Size("N"),), inputs=arrays)
    loop = Loop("loop/a0", lambda *rest: rest[0], tuple(a.name for a in arrays), "a0")
    with pytest.raises(NotSupported, match="more than 7 arrays"):
        Tables(with_names(layer), layer.sizes(N=2)).compare_loop(loop)
    fewer = replace(loop, arguments=loop.arguments[:7])
    assert Tables(with_names(layer), layer.sizes(N=2)).compare_loop(fewer) is None


def with_names(layer: Layer) -> Layer:
    """Give the layer a statement that names the indices of its first array."""
    (index,) = indices("i")
    first = layer.inputs[0]
    free = Range(index, Constant(0), first.shape[0] - 1)
    return replace(layer, statements=(Statement(first[index], first[index], (free,), name="a0"),))


# Arithmetic at its edges, on a small layer.

A, B = sizes("A B")
i, j = indices("i j")
u, v, scalar, broken = Array("u", (A,)), Array("v", (B,)), Array("scalar"), Array("broken")
TOY = Layer(
    name="toy",
    given=(A, B),
    inputs=(u, v),
    definitions=(
        Definition(scalar[()], Sum(Number(i + 1) * u[i], (i, 0, A - 1))),
        Definition(broken[()], Number(1 / (A - A)) + u[0]),
    ),
)
AT = TOY.sizes(A=3, B=2)
OVER_I = Range(i, Constant(0), A - 1)


def toy(left: Expression, right: Expression, *free: Range, at: Sizes = AT) -> Difference | None:
    statement = Statement(left, right, free)
    got = Tables(TOY, at).compare(statement)
    assert got == brute_force(statement, at, TOY)
    return got


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (scalar[()], u[0] + 2 * u[1] + 3 * u[2]),
        (Number(A / B) * u[0], u[0] + Number(1 / B) * u[0]),
        (Sum(Number(i / 2) * u[0], (i, 0, 2)), Number(A / B) * u[0]),
        (Sum(u[0], (i, 1, 5), (j, 0, i)), 20 * u[0]),
        (u[0] - u[0], Add(())),
        (Sum(u[0], (i, 1, 0)), Number(A - 3)),
        (Number(A / 3), Number(B / 2)),
        (Number(2**40 * B), Number(2**41 * (B / 2))),
        (Derivative(scalar[()], u[1]), Number(B)),
        (Derivative(2 * scalar[()] * v[0], u[2]), 6 * v[0]),
    ],
    ids=str,
)
def test_exact_numbers_are_compared_exactly(left, right) -> None:
    assert toy(left, right) is None
    assert toy(left, right + u[0]) is not None
    assert toy(left + Number(Constant(1)), right) is not None


def test_coefficients_that_pass_int64_are_exact() -> None:
    huge = Number(Constant(2**61))
    left = Sum(huge * u[0], (i, 0, 7)) * Number(Constant(2**61))
    difference = toy(left, Number(Constant(1)) * u[0])
    assert difference is not None
    assert difference.left == 2**125
    assert toy(left, left) is None


def test_fractions_are_reported_as_fractions() -> None:
    difference = toy(Number(1 / A) * u[0], u[0])
    assert difference is not None
    assert (difference.left, difference.right) == (Fraction(1, 3), 1)


def test_the_smallest_monomial_is_by_names_whatever_the_order_of_the_digits() -> None:
    everything = Sum(v[i] * u[j], (i, 0, B - 1), (j, 0, A - 1))
    difference = toy(everything, everything - u[1] * v[0] - u[0] * v[1])
    assert difference is not None
    assert difference.monomial == (("u", (0,)), ("v", (1,)))


def test_an_array_that_is_written_with_two_shapes_keeps_its_entries_apart() -> None:
    longer = Array("u", (2 * A,))
    for left, right in ((longer[i + A], u[i]), (u[i], longer[i + A])):
        difference = toy(left, right, OVER_I)
        assert difference is not None
        assert difference.monomial == (("u", (0,)),)
    assert toy(longer[i], u[i], OVER_I) is None
    # Entries of the longer array must not be taken for the next entries of another.
    assert toy(u[0] * Array("v", (2 * B,))[2], u[1] * v[0]) is not None


def test_an_array_that_occurs_twice_in_a_product_is_refused_where_it_has_rows() -> None:
    with pytest.raises(NotSupported, match="u occurs twice"):
        Tables(TOY, AT).compare(Statement(u[i] * u[0], u[i] * u[0], (OVER_I,)))
    with pytest.raises(NotSupported, match="u occurs twice"):
        Tables(TOY, AT).compare(Statement(Derivative(u[i] * u[0], u[0]), u[i], (OVER_I,)))
    assert toy(Iverson(i >= A) * u[i] * u[0] + v[0], v[0], OVER_I) is None


def test_ill_formed_takes_precedence_over_different_and_over_not_supported() -> None:
    for left in (u[i + 1] + v[0], u[i] * u[i + 1]):
        with pytest.raises(IllFormed) as caught:
            Tables(TOY, AT).compare(Statement(left, v[1], (OVER_I,)))
        assert caught.value.code == "out-of-range"
    with pytest.raises(IllFormed, match="division by A-A"):
        Tables(TOY, AT).compare(Statement(broken[()], u[0]))


def test_codes_that_do_not_fit_are_refused() -> None:
    arrays = tuple(Array(name, (A,)) for name in "abcd")
    layer = Layer(name="wide", given=(A,), inputs=arrays)
    at = layer.sizes(A=10**6)
    product = Mul(tuple(array[0] for array in arrays))
    with pytest.raises(NotSupported, match="int64"):
        Tables(layer, at).compare(Statement(product, product))
    three = Mul(tuple(array[0] for array in arrays[:3]))
    assert Tables(layer, at).compare(Statement(three, three)) is None


def test_free_indices_that_never_have_a_value_state_nothing() -> None:
    empty = Range(i, Constant(1), Constant(0))
    assert toy(u[i], v[i], empty) is None
    assert toy(u[i], v[i], OVER_I, Range(j, A + 0, A - 1)) is None


def test_the_count_of_terms_is_known_before_they_are_built(monkeypatch) -> None:
    tables = Tables(LAYER, EXAMPLE)
    # Nine products and a bias at each of four positions, on both sides.
    assert tables.term_count(LAYER.statement("y:strided")) == 2 * 4 * (9 + 1)
    assert tables.term_count(LAYER.statement("dL/dw:contracted")) == 2 * 4 * 9
    statement = LAYER.statement("y:strided")
    monkeypatch.setattr(monomial_tables, "MOST_ROWS", 79)
    monkeypatch.setattr(monomial_tables, "expand", None)
    with pytest.raises(TooLarge) as caught:
        Tables(LAYER, EXAMPLE).compare(statement)
    assert caught.value.terms == 80
    assert "80 terms at N=1,C=1" in caught.value.fact
    monkeypatch.setattr(monomial_tables, "MOST_ROWS", 39)
    with pytest.raises(TooLarge) as caught:
        Tables(LAYER, EXAMPLE).compare_loop(LAYER.loops[0])
    assert caught.value.terms == 40


def test_huge_sizes_are_refused_at_once_with_their_count() -> None:
    at = LAYER.sizes("N=64,C=512,H=128,W=128,F=512,HH=3,WW=3,S=1,P=1")
    products = 64 * 512 * 512 * (128 * 3 - 2) ** 2
    statement = LAYER.statement("y:strided")
    assert Tables(LAYER, at).term_count(statement) > 2 * products
    with pytest.raises(TooLarge) as caught:
        Tables(LAYER, at).compare(statement)
    assert caught.value.terms > 2 * products
    with pytest.raises(TooLarge):
        Tables(LAYER, at).compare_loop(LAYER.loops[0])


def test_the_count_is_known_even_where_one_component_is_too_large(monkeypatch) -> None:
    monkeypatch.setattr(boxes, "MOST_ROWS", 10)
    assert Tables(TOY, AT).term_count(Statement(Sum(u[0], (i, 0, 10)), u[0])) == 11


def test_what_was_too_large_leaves_nothing_behind() -> None:
    tables = Tables(TOY, AT)
    endless = Number(1 / (A - 3)) + Sum(Number(i), (i, 0, 10**9))
    for _ in range(2):
        with pytest.raises(TooLarge):
            tables.compare(Statement(Sum(u[i], (i, 0, 10**9)), u[0]))
        with pytest.raises(TooLarge):
            tables.compare(Statement(Mul((endless, u[0])), u[0]))
        assert tables.compare(Statement(u[0], u[0])) is None
        assert tables.compare(Statement(Number(A) * u[0], 3 * u[0])) is None


def test_a_plan_is_made_once_for_all_sizes(monkeypatch) -> None:
    statement = replace(LAYER.statement("dL/dw:contracted"))
    assert Tables(LAYER, DEFAULT[0]).compare(statement) is None
    monkeypatch.setattr(terms, "_Multiplication", None)
    for at in DEFAULT:
        assert Tables(LAYER, at).compare(statement) is None


def test_old_layers_are_dropped(monkeypatch) -> None:
    monkeypatch.setattr(monomial_tables, "LAYERS_KEPT", 3)
    monkeypatch.setattr(monomial_tables, "_sides_by_layer", OrderedDict())
    for _ in range(5):
        assert Tables(replace(TOY), AT).compare(Statement(u[0], u[0])) is None
    assert len(monomial_tables._sides_by_layer) == 3


# Values at integers.


def integers(at: Sizes, layer: Layer = LAYER) -> dict[str, Any]:
    found: dict[str, Any] = {}
    source = np.random.default_rng(7)
    evaluator = Evaluator({}, at.by_symbol)
    for array in layer.inputs:
        shape = tuple(int(evaluator.integer(extent)) for extent in array.shape)
        found[array.name] = source.integers(-9, 9, shape).astype(object)
    return found


@pytest.mark.parametrize("loop", LAYER.loops, ids=lambda loop: loop.name)
def test_values_are_those_that_loops_compute(loop) -> None:
    arrays = integers(REVEALING)
    expected = LAYER.run_loop(loop, arrays, REVEALING)
    got = Tables(LAYER, REVEALING).values(loop.computes, arrays)
    assert got.shape == expected.shape
    assert np.array_equal(got, expected)
    assert all(type(value) is int for value in got.reshape(-1))
    changed = {**arrays, "dout": arrays["dout"] + 1, "b": arrays["b"] + 1}
    assert not np.array_equal(Tables(LAYER, REVEALING).values(loop.computes, changed), expected)


def test_values_of_a_statement_are_those_of_its_right_hand_side() -> None:
    arrays = integers(REVEALING)
    tables = Tables(LAYER, REVEALING)
    for key in ("y:patch", "dL/dw:contracted", "dL/db:deltas", "dL/dx:contracted"):
        statement = LAYER.statement(key)
        assert tables.is_explicit(statement)
        assert np.array_equal(
            tables.statement_values(statement, arrays), tables.values(statement.name, arrays)
        )
        wrong = statement.with_sides(statement.lhs, statement.rhs + 1)
        off_by_one = tables.statement_values(wrong, arrays) - 1
        assert np.array_equal(off_by_one, tables.values(statement.name, arrays))


def test_values_may_be_fractions_and_start_anywhere() -> None:
    shifted = Range(i, Constant(1), Constant(2))
    huge = Number(Constant(2**70))
    statement = Statement(u[i], Number(i / 2) * u[i] + Number(i) * huge, (shifted,))
    values = Tables(TOY, AT).statement_values(statement, {"u": np.array([5, 7, 9], dtype=object)})
    assert values.tolist() == [Fraction(7, 2) + 2**70, 9 + 2**71]


@pytest.mark.parametrize(
    ("key", "explicit"),
    [
        ("dL/dw:chain", False),
        ("dy/dx:chain", False),
        ("dL/dw:contracted", True),
        ("x_pad", True),
        ("dx_pad/dx", True),
        ("output-size:floor-Hh", True),
    ],
)
def test_a_statement_is_explicit_without_derivatives_on_its_right(key, explicit) -> None:
    assert Tables(LAYER, EXAMPLE).is_explicit(LAYER.statement(key)) is explicit


def test_the_magnitude_bounds_every_partial_sum_and_is_reached() -> None:
    tables = Tables(LAYER, REVEALING)
    ones = {name: 0 * array + 4 for name, array in integers(REVEALING).items()}
    for name in ("y", "dL/dw", "dL/db", "dL/dx"):
        assert tables.magnitude(name, 4) == tables.values(name, ones).max()
    assert Tables(TOY, AT).magnitude("scalar", 10) == 60


class Strange(Expression):
    """A node outside the closed set."""


def test_an_unknown_node_raises() -> None:
    with pytest.raises(TypeError):
        Tables(TOY, AT).is_explicit(Statement(u[0], Strange()))


def test_every_entry_of_an_array_in_a_product_is_differentiated() -> None:
    b = LAYER.array_by_name["b"]
    tables = Tables(LAYER, LAYER.sizes("N=1,C=1,F=2,H=2,W=2,HH=1,WW=1,S=1,P=0"))
    zero = Number(Constant(0))
    for by in (0, 1):
        # Of two entries only one is that which is differentiated by: the other one is left.
        gradient = Derivative(Mul((b[0], b[1])), b[by])
        with pytest.raises(NotSupported, match="b occurs twice"):
            _ = tables.compare(Statement(gradient, zero))
    absent = Derivative(Mul((Iverson(equal(1, 2)), b[0], b[1])), b[1])
    assert tables.compare(Statement(absent, zero)) is None
