"""Derivations: every line is true, in order, and nothing else is ever returned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from symconv.algebra.calculus import contract
from symconv.algebra.expressions import (
    Add,
    Array,
    Definition,
    Delta,
    Derivative,
    Expression,
    Iverson,
    Mul,
    Sum,
    claim,
)
from symconv.algebra.indices import indices, sizes
from symconv.algebra.scoping import arrays, size_symbols
from symconv.derivations import derivation as derivation_module
from symconv.derivations import rewriting, steps
from symconv.derivations.derivation import Line
from symconv.derivations.steps import derive
from symconv.errors import InternalError, NotSupported, UnknownStatement
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Layer
from symconv.proof.equality import Outcome, prove
from symconv.verdicts import Verdict
from symconv.verification import verify
from tests.runs import quick_rows

pytestmark = pytest.mark.xdist_group("derivations")  # They share the derivations.

LAYER = conv2d()
GRADIENTS = [
    *("dL/dw", "dL/db", "dL/dx", "dL/dx_pad"),
    *("dy/dw", "dy/db", "dy/dx", "dy/dx_pad", "dx_pad/dx"),
]
SMALL = (
    "N=1,C=2,H=2,W=3,F=1,HH=1,WW=2,S=1,P=1",
    "N=2,C=1,H=1,W=4,F=2,HH=1,WW=2,S=3,P=0",
)


def nodes(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and everything in it."""
    yield expression
    match expression:
        case Add(terms=parts) | Mul(factors=parts):
            for part in parts:
                yield from nodes(part)
        case Sum(body=body) | Derivative(body=body):
            yield from nodes(body)


def has(expression: Expression, kind: type[Expression]) -> bool:
    return any(isinstance(node, kind) for node in nodes(expression))


@quick_rows(3, "each row is one more gradient of the same derivations")
@pytest.mark.parametrize("name", GRADIENTS)
def test_the_lines_of_a_part_are_one_chain(derived, name) -> None:
    found = derived(name)
    assert [line.number for line in found.lines] == list(range(1, len(found.lines) + 1))
    for part in found.parts:
        lhs = part.last.statement.lhs
        before = lhs
        for line in part.lines:
            assert line.statement.lhs == lhs
            assert line.previous == before
            assert line.expression != before
            before = line.expression
    assert found.result.lhs == Derivative(*_entries(found.result.lhs))
    assert found.result.name == name


def _entries(lhs: Expression) -> Any:
    assert isinstance(lhs, Derivative)
    return lhs.body, lhs.by


@pytest.mark.parametrize("name", GRADIENTS)
def test_every_line_carries_its_proofs(derived, name) -> None:
    found = derived(name)
    for line in found.lines:
        shown = [proof.statement for proof in line.proofs]
        assert line.statement in shown
        assert line.step in shown
    used = {size.name for line in found.lines for size in size_symbols(line.statement)}
    assert {str(proof.statement.lhs) for proof in found.sizes} == used & {"Hh", "Hw"}


@pytest.mark.parametrize("name", GRADIENTS)
def test_every_line_is_what_automatic_differentiation_finds(derived, name) -> None:
    lines = [line.statement for line in derived(name).lines]
    report = verify(lines, sizes=SMALL, methods=["closed-form"])
    assert report.exit_code == 0
    assert len(report.results) >= len(lines) * len(SMALL)


@pytest.mark.parametrize("name", [name for name in GRADIENTS if name != "dL/dx_pad"])
def test_the_result_is_that_of_the_hand_derivation(derived, name) -> None:
    hand = LAYER.statement(name)
    assert prove(hand.with_sides(hand.rhs, derived(name).result.rhs), LAYER)


@pytest.mark.parametrize("name", ["dL/dw", "dL/db", "dL/dx", "dL/dx_pad"])
def test_a_gradient_ends_without_deltas_and_brackets(derived, name) -> None:
    found = derived(name)
    assert not has(found.result.rhs, Delta)
    assert not has(found.result.rhs, Iverson)
    assert not has(found.result.rhs, Derivative)
    assert any(has(line.expression, Delta) for line in found.lines)


def test_the_ranges_of_the_input_gradient_are_the_windows_that_reach_an_entry(derived) -> None:
    assert str(derived("dL/dx").result.rhs) == (
        "sum[f=0..F-1,"
        " k=max(0, ceil((i+P-HH+1)/S))..min(Hh-1, floor((i+P)/S)),"
        " l=max(0, ceil((j+P-WW+1)/S))..min(Hw-1, floor((j+P)/S))]"
        "(dout[n',f,k,l]*w[f,c',i+P-S*k,j+P-S*l])"
    )


def test_the_weights_gradient_is_carried_through_to_the_input_itself(derived) -> None:
    found = derived("dL/dw")
    assert str(found.parts[-1].lines[-3].expression) == (
        "sum[n=0..N-1, k=0..Hh-1, l=0..Hw-1](dout[n,f',k,l]*x_pad[n,c',i+S*k,j+S*l])"
    )
    assert [array.name for array in arrays(found.result.rhs)] == ["dout", "x"]


def test_the_filter_index_is_solved_for_with_its_side_condition(derived) -> None:
    conditions = [line.conditions for line in derived("dy/dx_pad").lines]
    assert [list(map(str, found)) for found in conditions if found] == [
        ["0 <= i''-S*k <= HH-1", "0 <= j''-S*l <= WW-1"]
    ]


def test_brackets_that_the_deltas_imply_are_left_out(derived) -> None:
    found = derived("dx_pad/dx")
    assert has(found.lines[-2].expression, Iverson)
    assert str(found.result.rhs) == (
        "delta(n'', n')*delta(c'', c')*delta(i''-P, i)*delta(j''-P, j)"
    )


def test_the_padding_shift_stands_with_the_index_that_it_moves(layer_of_a_user) -> None:
    found = derive("dL/dx", layer_of_a_user(padded=True))
    shifted = next(line for line in found.lines if "the padding of " in str(line.reason))
    assert str(shifted.expression) == "sum[p=0..K-1](delta(S*k+D*p, i+P)*w[p])"


@pytest.mark.parametrize(("name", "said"), [("dL/dx", True), ("dL/dw", False), ("dL/db", False)])
def test_positions_that_no_window_reaches_are_mentioned_where_there_are_any(
    derived, name, said
) -> None:
    words = "".join(map(str, derived(name).lines[-1].reason))
    assert ("no window reaches" in words) is said


def test_each_part_comes_before_it_is_inserted(derived) -> None:
    titles = [part.title for part in derived("dL/dx").parts]
    assert titles == [
        "Derivative of y by x_pad",
        "Derivative of x_pad by x",
        "Derivative of y by x",
        "Derivative of L by x",
    ]
    for line in derived("dL/dx").lines:
        for fragment in line.reason:
            if isinstance(fragment, str) and fragment.startswith("Insert ("):
                used = [int(part) for part in fragment.split() for part in [part.strip("().")]
                        if part.isdigit()]  # fmt: skip
                assert used
                assert all(number < line.number for number in used)


@pytest.mark.parametrize(
    ("name", "arrays_defined"),
    [("dL/dx", ["x_pad", "y"]), ("dL/db", ["x_pad", "y"]), ("dx_pad/dx", ["x_pad"])],
)
def test_the_definitions_that_are_read_are_given_and_no_others(
    derived, name, arrays_defined
) -> None:
    assert [item.array.name for item in derived(name).definitions] == arrays_defined


@quick_rows(2, "each row is one more combination of choices that the others have apart")
@pytest.mark.parametrize("name", ["dL/dx", "dL/dw"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padded": True},
        {"stride": 1},
        {"dilation": 1},
        {"stride": 2, "dilation": 3, "padded": True},
    ],
    ids=str,
)
def test_a_layer_of_a_user_is_derived(layer_of_a_user, options, name) -> None:
    layer = layer_of_a_user(**options)
    found = derive(name, layer)
    given = {str(size): 2 for size in layer.given} | {"X": 6, "K": 2}
    report = verify(
        [line.statement for line in found.lines],
        sizes=[layer.sizes(**given)],
        layer=layer,
        methods=["closed-form"],
    )
    assert report.exit_code == 0
    assert len(report.results) >= len(found.lines)


def test_a_dilated_filter_is_solved_for_the_output_where_the_stride_is_1(layer_of_a_user) -> None:
    found = derive("dL/dx", layer_of_a_user(stride=1))
    assert str(found.result.rhs) == (
        "sum[p=max(0, ceil((i-O+1)/D))..min(K-1, floor(i/D))](dout[i-D*p]*w[p])"
    )


def network(*definitions: Definition) -> Layer:
    """Make a layer of vectors whose loss is the upstream gradient times y."""
    loss = Definition(L[()], Sum(dout[k] * y[k], (k, 0, X - 1)))
    return Layer(
        name="network",
        given=(X,),
        inputs=(x, matrix, dout),
        definitions=(*definitions, loss),
        output=y,
        upstream=dout,
        loss=L,
    )


(X,) = sizes("X")
k, p = indices("k p")
x, y, h, dout = (Array(name, (X,)) for name in ("x", "y", "h", "dout"))
matrix, L = Array("A", (X, X)), Array("L")
HIDDEN = Definition(h[k], Sum(matrix[k, p] * x[p], (p, 0, X - 1)))


@pytest.mark.parametrize(
    ("output", "name", "result"),
    [
        (x[k] + h[k], "dL/dx", "dout[p']+sum[k=0..X-1](dout[k]*A[k,p'])"),
        (x[k] * x[k], "dL/dx", "2*dout[p']*x[p']"),
        (x[k] * x[X - 1 - k], "dy/dx", "delta(k, p')*x[X-k-1]+delta(X-k-1, p')*x[k]"),
        (
            Sum(matrix[k, p] * h[p], (p, 0, X - 1)),
            "dL/dx",
            "sum[k=0..X-1, k'=0..X-1](dout[k]*A[k,k']*A[k',p'])",
        ),
    ],
    ids=["residual", "square", "reversed", "two layers"],
)
def test_arrays_that_are_read_in_several_ways_are_derived(output, name, result) -> None:
    found = derive(name, network(HIDDEN, Definition(y[k], output)))
    assert str(found.result.rhs) == result


def test_a_loss_without_upstream_gradient_is_differentiated_itself() -> None:
    loss = Definition(L[()], Sum(y[k] * y[k], (k, 0, X - 1)))
    square = Definition(y[k], x[k] * x[k])
    layer = Layer(name="squares", given=(X,), inputs=(x,), definitions=(square, loss), loss=L)
    found = derive("dL/dx", layer)
    assert found.parts[0].title == "Derivative of L by y"
    assert str(found.result.rhs).startswith("4*")
    free = {item.index for item in found.lines[0].statement.free}
    inserted = found.lines[0].expression
    assert isinstance(inserted, Derivative)
    assert isinstance(inserted.body, Sum)
    assert free.isdisjoint(item.index for item in inserted.body.ranges)


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("y", "y is an array, not a gradient"),
        ("dL/dy", "dL/dy is the upstream gradient dout of conv2d, which is given"),
        ("dL/ddout", "dout is the upstream gradient of conv2d, itself a derivative"),
        ("dw/dx", "w is an input of conv2d, it depends on nothing"),
        ("dx_pad/dw", "x_pad does not depend on w: dx_pad/dw is 0"),
        ("dy/dy", "dy/dy has nothing to derive"),
        ("dL/dz", "conv2d has no array z"),
        ("dL/dx:contracted", "names a form"),
    ],
)
def test_what_has_no_derivation_is_refused_in_one_sentence(name, fact) -> None:
    with pytest.raises(UnknownStatement) as caught:
        _ = derive(name)
    assert fact in str(caught.value)
    assert caught.value.exit_code == 2
    assert caught.value.help


def test_the_help_lists_every_gradient() -> None:
    with pytest.raises(UnknownStatement) as caught:
        _ = derive("dL/dy")
    listed = caught.value.help.removeprefix("give one of ").split(", ")
    assert sorted(listed) == sorted(GRADIENTS)


def test_a_line_is_only_built_with_its_proofs(derived) -> None:
    line = derived("dL/db").lines[0]
    with pytest.raises(InternalError, match="only built with its proofs"):
        _ = Line(1, line.statement, line.previous, ("Trust me.",), (), ())
    with pytest.raises(InternalError, match="only built with its proofs"):
        _ = replace(line, previous=line.expression, seal=None)


def _doubled(expression: Expression, *_: Any) -> Expression:
    return expression + expression


def _first_delta_lost(expression: Expression, *_: Any) -> Expression:
    match expression:
        case Add(terms=parts):
            return Add(tuple(_first_delta_lost(part) for part in parts))
        case Sum(body=body, ranges=ranges):
            return Sum(_first_delta_lost(body), *ranges)
        case Mul(factors=(Delta() | Mul(), *rest)):
            return Mul(tuple(rest))
    return expression


def _last_value_lost(expression: Expression, *_: Any) -> Expression:
    match expression:
        case Add(terms=parts):
            return Add(tuple(_last_value_lost(part) for part in parts))
        case Sum(body=body, ranges=(first, *rest)):
            return Sum(body, replace(first, upper=first.upper - 1), *rest)
    return expression


SPOILED: list[tuple[str, Any, str, Callable[..., Expression], str]] = [
    ("twice", steps, "differentiate", _doubled, "dL/dw"),
    ("delta lost", steps, "differentiate", _first_delta_lost, "dL/dw"),
    ("last value lost", steps, "differentiate", _last_value_lost, "dL/dx"),
    ("padding twice", steps, "without_derivatives", _doubled, "dL/dw"),
    ("definition twice", steps, "inline", _doubled, "dL/db"),
]


@pytest.mark.parametrize(
    ("module", "function", "spoil", "name"),
    [pytest.param(*row, id=label) for label, *row in SPOILED],
)
def test_a_wrong_step_stops_loudly(monkeypatch, module, function, spoil, name) -> None:
    honest = getattr(module, function)
    monkeypatch.setattr(module, function, lambda *given, **named: spoil(honest(*given, **named)))
    with pytest.raises(InternalError, match="of the derivation of") as caught:
        _ = derive(name)
    assert caught.value.exit_code == 70


def test_a_solved_delta_that_loses_its_range_stops_loudly(monkeypatch) -> None:
    def spoiled(rewriter: rewriting.Rewriter, summand: Any) -> Any:
        for found in honest(rewriter, summand):
            kept = [part for part in found.summand.factors if not isinstance(part, Iverson)]
            smaller = replace(found.summand, factors=tuple(kept))
            yield replace(found, summand=smaller)

    honest = rewriting.Rewriter.solutions
    monkeypatch.setattr(rewriting.Rewriter, "solutions", spoiled)
    with pytest.raises(InternalError, match="ill-formed"):
        _ = derive("dy/dx_pad")


def test_a_bracket_that_is_dropped_without_reason_stops_loudly(monkeypatch) -> None:
    monkeypatch.setattr(rewriting.Rewriter, "always", lambda *_: True)
    with pytest.raises(InternalError, match=r"ill-formed|refuted"):
        _ = derive("dL/dx")


@quick_rows(0, "other steps that are off stop loudly in the quick run")
@pytest.mark.parametrize("bound", ["lower", "upper"])
def test_a_range_that_is_off_by_one_stops_loudly(monkeypatch, bound) -> None:
    def spoiled(rewriter: rewriting.Rewriter, summand: Any) -> Any:
        found, notes = honest(rewriter, summand)
        ranges = tuple(
            replace(item, **{bound: getattr(item, bound) + 1}) if item.index.name == "k" else item
            for item in found.ranges
        )
        return replace(found, ranges=ranges), notes

    honest = rewriting.Rewriter.narrowed
    monkeypatch.setattr(rewriting.Rewriter, "narrowed", spoiled)
    with pytest.raises(InternalError, match=r"ill-formed|refuted"):
        _ = derive("dL/dx")


def test_a_step_that_is_not_decided_is_never_returned(monkeypatch) -> None:
    undecided = Outcome(Verdict.UNDECIDED, "the solver gave up", code="solver-limit")
    monkeypatch.setattr(derivation_module, "prove", lambda *_: undecided)
    with pytest.raises(NotSupported, match="line 1 of the derivation of dL/dw is not proved"):
        _ = derive("dL/dw")


def test_a_step_that_may_be_left_out_is_where_it_is_not_decided(monkeypatch) -> None:
    def hesitant(statement: Any, layer: Layer) -> Outcome:
        if "max(" in str(statement):
            return Outcome(Verdict.UNDECIDED, "the solver gave up", code="solver-limit")
        return prove(statement, layer)

    monkeypatch.setattr(derivation_module, "prove", hesitant)
    found = derive("dL/dx")
    assert "max(" not in str(found.result)
    assert prove(found.result, LAYER)
    assert has(found.result.rhs, Iverson)


def test_contraction_is_the_one_of_the_calculus() -> None:
    w, i = Array("w", (X,)), indices("i")[0]
    expression = Sum(Delta(p, i) * w[p], (p, 0, X - 1))
    layer = network(HIDDEN, Definition(y[k], h[k]))
    rewriter = rewriting.Rewriter(layer, claim(w[i], 0).free)
    (solved,) = rewriter.solutions(steps.summands(expression)[0])
    assert solved.conditions == ()
    assert solved.summand.expression() == w[i]
    assert has(contract(expression), Iverson)
