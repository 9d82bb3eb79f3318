"""An array that is neither an input nor defined has no known derivative, by any way."""

from __future__ import annotations

import pytest

from symconv.algebra.calculus import differentiate
from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Expression,
    Number,
    Sum,
    claim,
)
from symconv.algebra.indices import Constant, Index, indices, sizes
from symconv.derivations.steps import derive
from symconv.errors import NotSupported
from symconv.latex.writing.entry_lists import entries_latex
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import DerivedSize, Layer, Loop
from symconv.proof.equality import Outcome, prove
from symconv.verdicts import Verdict
from symconv.verification import verify

N, K, M = sizes("N K M")
i, j, k, m, p, t = indices("i j k m p t")
x, w, g = Array("x", (N,)), Array("w", (K,)), Array("g", (M,))
y, h = Array("y", (M,)), Array("h", (M,))
L, E = Array("L"), Array("E")
CORRELATION = Definition(y[t], Sum(w[p] * x[t + p], (p, 0, K - 1)))
LOSS = Definition(L[()], Sum(g[t] * y[t], (t, 0, M - 1)))
WHOLE = Layer(
    name="whole",
    given=(N, K),
    derived=(DerivedSize(M, N - K + 1, ()),),
    constraints=(N >= K,),
    inputs=(x, w, g),
    definitions=(CORRELATION, LOSS),
)
ZERO = Number(Constant(0))
BY_W = Sum(g[t] * x[t + p], (t, 0, M - 1))


def without(*names: str, layer: Layer = WHOLE) -> Layer:
    """Take inputs and definitions away from the layer."""
    return Layer(
        name="torn",
        given=layer.given,
        derived=layer.derived,
        constraints=layer.constraints,
        inputs=tuple(array for array in layer.inputs if array.name not in names),
        definitions=tuple(item for item in layer.definitions if item.array.name not in names),
    )


def assert_unknown(outcome: Outcome, name: str) -> None:
    assert outcome.verdict is Verdict.UNDECIDED
    assert outcome.code == "undefined-array"
    assert outcome.detail.startswith(f"{name} is neither an input nor defined")
    assert "Definition" in outcome.detail
    assert "inputs" in outcome.detail
    assert outcome.counterexample is None
    assert outcome.verified_at == ()


@pytest.mark.parametrize(
    ("missing", "left", "right", "unknown"),
    [
        (("L",), Derivative(L[()], w[p]), ZERO, "L"),
        (("L",), Derivative(L[()], w[p]), BY_W, "L"),
        (("L",), ZERO + 0, Derivative(L[()], w[0]), "L"),
        (("y",), Derivative(L[()], w[p]), ZERO, "y"),
        (("y",), Derivative(y[t], w[p]), ZERO, "y"),
        (("x",), Derivative(y[t], w[p]), x[t + p], "x"),
        (("w",), Derivative(w[p], x[i]), ZERO, "w"),
        (("x",), Derivative(w[p], x[i]), ZERO, "x"),
        ((), Derivative(w[p], E[()]), ZERO, "E"),
        ((), Derivative(L[()], h[t]), ZERO, "h"),
        ((), Derivative(L[()] + E[()], w[p]), BY_W, "E"),
        ((), Derivative(E[()] * w[p], w[p]), E[()] + 0, "E"),
        ((), Derivative(Sum(h[t] * y[t], (t, 0, M - 1)), w[p]), ZERO, "h"),
        ((), Sum(Derivative(E[()], w[p]) * w[p], (p, 0, K - 1)), ZERO, "E"),
        ((), 2 * Derivative(E[()], w[p]), Derivative(E[()], w[p]) * 2, "E"),
        ((), Derivative(Derivative(E[()], w[p]), x[i]), ZERO, "E"),
        ((), Derivative(Derivative(L[()], w[p]), E[()]), ZERO, "E"),
    ],
)
def test_a_derivative_that_needs_it_is_undecided(missing, left, right, unknown):
    free = {index: bounds for index, bounds in RANGES.items() if index in named(left, right)}
    outcome = prove(claim(left, right, ranges=free), without(*missing))
    assert_unknown(outcome, unknown)


RANGES = {p: (0, K - 1), t: (0, M - 1), i: (0, N - 1)}


def named(*expressions: Expression) -> set[Index]:
    from symconv.algebra.scoping import free_indices

    return {index for expression in expressions for index in free_indices(expression)}


def test_what_is_known_stays_proved():
    assert prove(claim(Derivative(L[()], w[p]), BY_W), WHOLE)
    assert prove(claim(Derivative(y[t], g[m]), 0), WHOLE)
    assert prove(claim(Derivative(L[()], y[t]), g[t]), WHOLE)
    assert prove(claim(Derivative(x[i], x[j]), Delta(i, j)), WHOLE)
    assert prove(claim(h[t], h[t]), WHOLE)
    assert prove(claim(Derivative(h[t], h[m]), Delta(t, m)), WHOLE)
    # One more independent array among known ones.
    assert prove(claim(Derivative(x[i] * E[()], E[()]), x[i]), WHOLE)
    # Not reached: the derivative does not need it.
    assert prove(claim(E[()] * Derivative(y[t], w[p]), E[()] * x[t + p]), without("L"))


def test_what_is_false_and_known_stays_refuted():
    wrong = claim(Derivative(L[()], w[p]), 2 * BY_W)
    assert prove(wrong, WHOLE).verdict is Verdict.REFUTED
    late = claim(Derivative(x[i], x[j]), Delta(i, j + 1))
    assert prove(late, WHOLE).verdict is Verdict.REFUTED


def test_what_has_no_meaning_has_none_whatever_is_known():
    outside = claim(Derivative(E[()], w[p]), x[N], ranges={p: (0, K - 1)})
    assert prove(outside, WHOLE).verdict is Verdict.ILL_FORMED
    unbound = claim(Derivative(E[()], w[p]), x[k], ranges={p: (0, K - 1)})
    assert prove(unbound, WHOLE).code == "unbound-index"


def test_a_definition_that_differentiates_it_is_read_as_well():
    total = Array("total")
    slope = Array("slope", (K,))
    layer = Layer(
        name="slopes",
        given=(N, K, M),
        inputs=(x, w, g),
        definitions=(
            Definition(slope[k], Derivative(E[()], w[k])),
            Definition(total[()], Sum(slope[k] * w[k], (k, 0, K - 1))),
        ),
    )
    assert_unknown(prove(claim(total[()], 0), layer), "E")


def test_that_an_input_does_not_depend_on_another_is_noted():
    outcome = prove(claim(Derivative(x[i], w[p]), 0), WHOLE)
    assert outcome
    assert outcome.notes == ("dx/dw is 0: x and w are inputs, which are independent",)
    outcome = prove(claim(Derivative(y[t], g[m]), 0), WHOLE)
    assert outcome.notes == ("dy/dg is 0: the definition of y does not read g",)
    assert prove(claim(Derivative(y[t], w[p]), x[t + p]), WHOLE).notes == ()
    (result,) = verify([claim(Derivative(x[i], w[p]), 0, name="dx/dw")], layer=WHOLE,
                       methods=["proof"])  # fmt: skip
    assert result.notes == ("dx/dw is 0: x and w are inputs, which are independent",)


def test_without_a_layer_nothing_is_known_of_another_array():
    assert_unknown(prove(claim(Derivative(L[()], w[k]), 0)), "L")
    assert_unknown(prove(claim(Derivative(x[i] * w[k], w[k]), x[i])), "x")
    assert prove(claim(Derivative(x[i] * x[i], x[j]), 2 * Delta(i, j) * x[i]))
    assert prove(claim(x[i] + w[k], w[k] + x[i]))


def test_without_a_layer_the_one_that_has_all_arrays_is_used_and_named():
    layer = conv2d()
    statement = layer.statement("dL/db")
    outcome = prove(statement)
    assert outcome
    assert outcome.notes[0] == "about the layer conv2d"
    arrays = layer.array_by_name
    f = Index("f")
    zero = prove(claim(Derivative(arrays["L"][()], arrays["b"][f]), 0))
    assert zero.verdict is Verdict.REFUTED
    # Another shape is another array.
    other = claim(Derivative(Array("L")[()], Array("b", (N,))[i]), 0)
    assert_unknown(prove(other), "L")


def test_it_is_undecided_at_given_sizes_too():
    wrong = claim(Derivative(L[()], w[p]), 0, name="dL/dw")
    for missing in ("L", "y"):
        report = verify([wrong], layer=without(missing), sizes=["N=3,K=2"])
        assert {(item.verdict, item.code) for item in report} == {
            (Verdict.UNDECIDED, "undefined-array")
        }
        assert report.exit_code == 3


def test_loops_closed_forms_entries_and_derivations_refuse_it():
    torn = without("y")
    loop = Loop("loop/dw", lambda x, w: 0 * w, ("x", "w"), "dL/dw")
    report = verify([loop], layer=torn, sizes=["N=3,K=2"])
    assert not any(item.verdict is not None and item.verdict.is_true for item in report)
    at = torn.sizes("N=3,K=2")
    for ask in (
        lambda: torn.closed_form("dL/dw", at),
        lambda: entries_latex(torn, "dL/dw", at),
        lambda: derive("dL/dw", torn),
        lambda: derive("dL/dg", torn),
    ):
        with pytest.raises(NotSupported) as error:
            _ = ask()
        assert error.value.code == "undefined-array"


def test_differentiating_is_told_what_the_inputs_are():
    with pytest.raises(NotSupported, match="y is neither an input nor defined"):
        _ = differentiate(L[()], w[p], {"L": LOSS}, (x, w, g))
    known = {"L": LOSS, "y": CORRELATION}
    assert differentiate(L[()], w[p], known, (x, w, g)) != ZERO


def test_a_derivative_after_its_array_was_expanded_is_not_zero():
    square = y[t] * y[t]
    late = claim(Derivative(Derivative(square, w[p]), y[t]), 0)
    outcome = prove(late, WHOLE)
    assert (outcome.verdict, outcome.code) == (Verdict.UNDECIDED, "order-of-derivatives")
    assert "differentiate by y first" in outcome.detail
    early = claim(Derivative(Derivative(square, y[t]), w[p]), 2 * x[t + p])
    assert prove(early, WHOLE)
    twice = claim(Derivative(Derivative(square, y[t]), y[t]), 2)
    assert prove(twice, WHOLE)


def test_one_name_for_two_arrays_is_not_differentiated():
    plane = Array("x", (N, N))
    outcome = prove(claim(Derivative(plane[0, 0] + 0, x[i]), 0), WHOLE)
    assert (outcome.verdict, outcome.code) == (Verdict.UNDECIDED, "overloaded-name")


def test_that_a_derivative_is_zero_is_noted_where_that_refutes_too():
    total = Sum(x[j], (j, 0, N - 1))
    layer = Layer(name="line", given=(N, K), inputs=(x, w))
    refuted = prove(claim(Derivative(total, w[i]), 1), layer)
    assert refuted.verdict is Verdict.REFUTED
    assert refuted.notes == ("dx/dw is 0: x and w are inputs, which are independent",)
    (result,) = verify(claim(Derivative(total, w[i]), 1), layer=layer, methods=["proof"])
    assert result.notes[0] == refuted.notes[0]
    assert prove(claim(Derivative(total, x[i]), 2), layer).notes == ()
