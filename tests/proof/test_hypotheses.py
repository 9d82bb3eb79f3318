from __future__ import annotations

import pytest

from symconv.algebra.expressions import Array, Definition, Statement
from symconv.algebra.indices import equal, floor, indices, sizes
from symconv.errors import IllFormed, NotSupported
from symconv.layers.layer import DerivedSize, Layer
from symconv.proof.equality import prove
from symconv.proof.hypotheses import (
    layer_hypotheses,
    least_values,
    require_satisfiable,
    size_scope,
    sound_definitions,
)
from symconv.proof.smt import Effort, Solver, Strategy
from symconv.verdicts import Verdict

A, B, D = sizes("A B D")
i, j = indices("i j")
u, z, w = Array("u", (A,)), Array("z", (A,)), Array("w", (A,))


def layer(*definitions: Definition) -> Layer:
    return Layer(
        name="tiny",
        given=(A, B),
        minimum={B: 0},
        inputs=(u,),
        definitions=definitions,
        derived=(DerivedSize(D, floor(A / 2) + 1, (D < 0,)),),
        constraints=(A >= B,),
    )


def test_what_is_assumed_of_sizes_is_what_the_layer_admits() -> None:
    assert least_values(layer()) == {A: 1, B: 0, D: 1}
    assert size_scope(layer()) == {A, B, D}
    found = layer_hypotheses(layer())
    assert (A >= B) in found
    assert equal(D, floor(A / 2) + 1) in found
    assert not any(part == (D < 0) for part in found)


@pytest.mark.parametrize(
    "definitions",
    [
        (Definition(z[i], 2 * z[i]),),
        (Definition(z[i], u[i] + w[i]), Definition(w[i], u[i] - z[i])),
        (Definition(w[i], u[i] + 0), Definition(z[i], w[i] * z[0])),
    ],
)
def test_definitions_that_depend_on_themselves_are_refused(
    definitions: tuple[Definition, ...],
) -> None:
    with pytest.raises(IllFormed, match="depends on itself") as caught:
        _ = sound_definitions(layer(*definitions))
    assert caught.value.code == "recursive-definition"
    outcome = prove(Statement(z[0] + 0, z[0] + 0), layer(*definitions))
    assert outcome.verdict is Verdict.ILL_FORMED
    assert outcome.code == "recursive-definition"


def test_definitions_are_sound_where_everything_that_they_read_is() -> None:
    assert sound_definitions(layer(Definition(w[i], u[i] + 0), Definition(z[i], w[i] * w[0]))) == {
        "w",
        "z",
    }
    assert sound_definitions(layer(Definition(z[i], u[j] + 0))) == set()
    assert sound_definitions(layer(Definition(z[i], u[i + 1]))) == set()


def test_conditions_must_be_possible() -> None:
    solver = Solver((A >= 1,), {A: 1})
    require_satisfiable(solver, (A > 5,), "nothing")
    with pytest.raises(IllFormed) as caught:
        require_satisfiable(solver, (A < 1,), "nothing")
    assert caught.value.code == "states-nothing"
    helpless = Solver((A >= 1,), {A: 1}, Effort(strategies=(Strategy(1),)))
    with pytest.raises(NotSupported):
        require_satisfiable(helpless, (equal(A * A * A, B * B + 7), A > 100), "nothing")
