"""The forms in which layers of every kind are derived: each decided for every size.

One axis each; what holds of several is that their questions are independent. Every right
form has wrong twins, refuted at the smallest sizes.
"""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import (
    Array,
    Definition,
    Delta,
    Derivative,
    Expression,
    Iverson,
    Number,
    Statement,
    Sum,
    claim,
)
from symconv.algebra.indices import (
    Condition,
    Constant,
    IntegerExpression,
    Maximum,
    Minimum,
    as_integer,
    between,
    ceiling,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.algebra.scoping import substitute
from symconv.layers.layer import DerivedSize, Layer
from symconv.proof.equality import prove
from symconv.verdicts import Verdict

A, K, S, P, D, M, O = sizes("A K S P D M O")
C, F, G, Cg, Fg = sizes("C F G Cg Fg")
i, k, t, r, c, f, c1, f1 = indices("i k t r c f c' f'")
x, w, g, y, L = (
    Array("x", (A,)),
    Array("w", (K,)),
    Array("g", (M,)),
    Array("y", (M,)),
    Array("L"),
)
LOSS = Definition(L[()], Sum(g[t] * y[t], (t, 0, M - 1)))
DX, DW = Derivative(L[()], x[i]), Derivative(L[()], w[k])


def within(value: IntegerExpression, extent: IntegerExpression) -> Iverson:
    return Iverson(between(0, value, extent - 1))


def least(*parts: IntegerExpression | int) -> IntegerExpression:
    return Minimum(tuple(map(as_integer, parts)))


def greatest(*parts: IntegerExpression | int) -> IntegerExpression:
    return Maximum(tuple(map(as_integer, parts)))


def layer(
    name: str,
    output: IntegerExpression,
    body: Expression,
    *constraints: Condition,
    given: str = "A K S P D",
) -> Layer:
    return Layer(
        name=name,
        given=sizes(given),
        minimum={P: 0, O: 0},
        derived=(DerivedSize(M, output, (equal(M, output),)),),
        constraints=constraints,
        inputs=(x, w, g),
        definitions=(Definition(y[t], body), LOSS),
    )


def refuted_at(statement: Statement, of: Layer, **larger: int) -> None:
    """Check that a statement is refuted first where only these sizes are not the least ones."""
    outcome = prove(statement, of)
    assert outcome.verdict is Verdict.REFUTED, outcome.detail
    assert outcome.counterexample is not None
    assert outcome.counterexample.minimal
    found = outcome.counterexample.sizes
    smallest = {size.name: of.minimum.get(size, 1) for size in of.given}
    assert {name: found[name] for name in found if found[name] != smallest[name]} == larger


READ = S * t + D * k - P
DILATED = layer(
    "dilated",
    floor((A + 2 * P - D * (K - 1) - 1) / S) + 1,
    Sum(within(READ, A) * x[READ] * w[k], (k, 0, K - 1)),
    A + 2 * P >= D * (K - 1) + 1,
)
LEFT = i + P - D * k


def gather(position: IntegerExpression, found: Condition, last: IntegerExpression) -> Statement:
    guard = Iverson(found) * Iverson(between(0, position, last))
    return claim(DX, Sum(guard * g[position] * w[k], (k, 0, K - 1)))


@pytest.mark.parametrize(
    "position", [LEFT / S, floor(LEFT / S), ceiling(LEFT / S)], ids=["exact", "floor", "ceiling"]
)
@pytest.mark.parametrize(
    "found", [divides(S, LEFT), equal(S * floor(LEFT / S), LEFT), equal(LEFT % S, 0)], ids=str
)
def test_the_gradient_by_the_input_is_solved_for_the_output_position(
    position: IntegerExpression, found: Condition
) -> None:
    assert prove(gather(position, found, M - 1), DILATED)
    refuted_at(gather(position, found, M - 2), DILATED)


def test_a_gather_without_its_dilation_or_with_its_stride_is_refuted() -> None:
    dropped = i + P - k
    refuted_at(gather(dropped / S, divides(S, dropped), M - 1), DILATED, K=2, P=1, D=2)
    swapped = i + P - S * k
    refuted_at(gather(swapped / D, divides(D, swapped), M - 1), DILATED, P=1, D=2)


COUNT = least(S * t - P + K, A) - greatest(S * t - P, 0)
POOLED = layer(
    "pooled",
    floor((A + P - 1) / S) + 1,
    Sum(x[i] * Number(1 / COUNT), (i, greatest(S * t - P, 0), least(S * t - P + K, A) - 1)),
    2 * P <= K,
    A + 2 * P >= K,
    S <= K,
    given="A K S P",
)
IN_WINDOW = within(i + P - S * t, K)


@pytest.mark.parametrize(
    "divisor",
    [
        COUNT,
        least(K, A + P - S * t) - greatest(0, P - S * t),
        least(K, A + P - S * t, A, S * t - P + K),
    ],
    ids=str,
)
def test_a_window_that_hangs_over_divides_by_what_it_covers(divisor: IntegerExpression) -> None:
    right = Sum(IN_WINDOW * g[t] * Number(1 / divisor), (t, 0, M - 1))
    assert prove(claim(DX, right), POOLED)
    refuted_at(claim(DX, right * 2), POOLED)


def test_a_window_that_hangs_over_is_not_divided_by_the_filter() -> None:
    wrong = claim(DX, Sum(IN_WINDOW * g[t] / K, (t, 0, M - 1)))
    refuted_at(wrong, POOLED, K=2, P=1)
    neighbour = greatest(1, least(S * t - P + K + S, A) - greatest(S * t - P + S, 0))
    wrong = claim(DX, Sum(IN_WINDOW * g[t] * Number(1 / neighbour), (t, 0, M - 1)))
    refuted_at(wrong, POOLED, A=2, K=2)


def test_a_divisor_that_may_be_0_is_ill_formed_and_not_cancelled() -> None:
    shifted = Sum(IN_WINDOW * g[t] * Number((A - t - 3) / (A - t - 3)), (t, 0, M - 1))
    assert prove(claim(DX, shifted), POOLED).verdict is Verdict.ILL_FORMED


def padded(mode: str) -> tuple[Layer, IntegerExpression]:
    """Return a layer that pads by what stands in x, and the position that is read for r."""
    source, room = {
        "circular": ((r - P) % A, P <= A),
        "reflect": (
            A - 1 - greatest(A - 1 - greatest(r - P, P - r), greatest(r - P, P - r) - A + 1),
            P < A,
        ),
        "replicate": (least(greatest(r - P, 0), A - 1), P >= 0),
    }[mode]
    x_pad = Array("x_pad", (A + 2 * P,))
    plain = layer(
        mode,
        floor((A + 2 * P - K) / S) + 1,
        Sum(x_pad[S * t + k] * w[k], (k, 0, K - 1)),
        A + 2 * P >= K,
        room,
        given="A K S P",
    )
    definitions = (Definition(x_pad[r], x[source]), *plain.definitions)
    return (
        Layer(
            name=mode,
            given=plain.given,
            minimum=plain.minimum,
            derived=plain.derived,
            constraints=plain.constraints,
            inputs=plain.inputs,
            definitions=definitions,
        ),
        source,
    )


def folded(mode: str, *, border: bool = False) -> Expression:
    """Return how often the padded position r reads i, as a sum of deltas."""
    at = r - P
    before, after = Iverson(at <= 0) if border else Iverson(at < 0), Iverson(at > A - 1)
    inside = within(at, A) * Delta(at, i)
    match mode:
        case "circular":
            return inside + before * Delta(at + A, i) + after * Delta(at - A, i)
        case "reflect":
            return inside + before * Delta(-at, i) + after * Delta(2 * (A - 1) - at, i)
    return inside + before * Delta(i, 0) + after * Delta(i, A - 1)


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
def test_padding_by_the_input_gives_its_gradient_back(mode: str) -> None:
    of, source = padded(mode)
    x_pad = of.array_by_name["x_pad"]
    window = ((t, 0, M - 1), (k, 0, K - 1))
    read = substitute(source, {r: S * t + k})
    assert prove(claim(DX, Sum(g[t] * Delta(read, i) * w[k], *window)), of)
    assert prove(claim(DW, Sum(g[t] * x_pad[S * t + k], (t, 0, M - 1))), of)
    over = Sum(folded(mode) * Derivative(L[()], x_pad[r]), (r, 0, A + 2 * P - 1))
    assert prove(claim(DX, over), of)
    if mode != "circular":
        # Who reads the first position twice, inside and before it.
        twice = Sum(folded(mode, border=True) * Derivative(L[()], x_pad[r]), (r, 0, A + 2 * P - 1))
        refuted_at(claim(DX, twice), of)
    zeros = Sum(g[t] * Delta(S * t + k - P, i) * w[k], *window)
    refuted_at(claim(DX, zeros), of, P=1, **({"A": 2} if mode == "reflect" else {}))


TRANSPOSED = layer(
    "transposed",
    (A - 1) * S - 2 * P + D * (K - 1) + 1 + O,
    Sum(Delta(S * i + D * k, t + P) * x[i] * w[k], (i, 0, A - 1), (k, 0, K - 1)),
    (A - 1) * S - 2 * P + D * (K - 1) + 1 + O >= 1,
    (O < S) | (O < D),
    given="A K S P D O",
)


def test_a_transposed_layer_is_gathered_both_ways() -> None:
    written = S * i + D * k - P
    right = Sum(within(written, M) * g[written] * w[k], (k, 0, K - 1))
    assert prove(claim(DX, right), TRANSPOSED)
    right = Sum(within(written, M) * g[written] * x[i], (i, 0, A - 1))
    assert prove(claim(DW, right), TRANSPOSED)
    left = t + P - D * k
    found = Iverson(divides(S, left) & between(0, left / S, A - 1))
    assert prove(claim(y[t], Sum(found * x[left / S] * w[k], (k, 0, K - 1))), TRANSPOSED)
    left = t + P - S * i
    found = Iverson(divides(D, left) & between(0, left / D, K - 1))
    assert prove(claim(y[t], Sum(found * x[i] * w[left / D], (i, 0, A - 1))), TRANSPOSED)


def test_a_transposed_layer_without_its_output_padding_is_refuted() -> None:
    written = S * i + D * k - P
    wrong = Sum(within(written, M - O) * g[written] * w[k], (k, 0, K - 1))
    outcome = prove(claim(DX, wrong), TRANSPOSED)
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexample is not None
    assert outcome.counterexample.minimal
    assert outcome.counterexample.sizes["O"] == 1


U, V, Z, B = (
    Array("u", (C,)),
    Array("v", (F, Cg)),
    Array("z", (F,)),
    Array("h", (F,)),
)
GROUPED = Layer(
    name="grouped",
    given=(C, F, G),
    derived=(
        DerivedSize(Cg, C / G, (equal(C, G * Cg),)),
        DerivedSize(Fg, F / G, (equal(F, G * Fg),)),
    ),
    constraints=(divides(G, C), divides(G, F)),
    inputs=(U, V, B),
    definitions=(
        Definition(Z[f], Sum(V[f, c] * U[Cg * floor(f / Fg) + c], (c, 0, Cg - 1))),
        Definition(L[()], Sum(B[f] * Z[f], (f, 0, F - 1))),
    ),
)


def test_the_channels_of_a_group_are_counted_from_its_first_one() -> None:
    offset = Cg * floor(f1 / Fg)
    assert prove(claim(Derivative(L[()], V[f1, c1]), B[f1] * U[offset + c1]), GROUPED)
    within_group = Sum(
        B[Fg * floor(c1 / Cg) + f] * V[Fg * floor(c1 / Cg) + f, c1 % Cg], (f, 0, Fg - 1)
    )
    du = Derivative(L[()], U[c1])
    assert prove(claim(du, within_group), GROUPED)
    by_delta = Sum(
        B[f] * Delta(Cg * floor(f / Fg) + c, c1) * V[f, c], (f, 0, F - 1), (c, 0, Cg - 1)
    )
    assert prove(claim(du, by_delta), GROUPED)
    dropped = claim(Derivative(L[()], V[f1, c1]), B[f1] * U[c1])
    refuted_at(dropped, GROUPED, C=2, F=2, G=2)
    first = Sum(B[f] * V[f, c1 % Cg], (f, 0, Fg - 1))
    refuted_at(claim(du, first), GROUPED, C=2, F=2, G=2)
    assert prove(claim(du, first, assumptions=(equal(G, 1),)), GROUPED)


def test_a_constant_is_no_count() -> None:
    """The count of an inner window is K, of the last one it is not."""
    inner = claim(DX, Sum(IN_WINDOW * g[t] / K, (t, 0, M - 1)), assumptions=(equal(K, 1),))
    assert prove(inner, POOLED)
    one = claim(DX, Sum(IN_WINDOW * g[t] * Number(Constant(1)), (t, 0, M - 1)))
    refuted_at(one, POOLED, A=2, K=2)
