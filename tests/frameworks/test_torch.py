"""The layer's formulas against torch's convolution and its automatic derivatives, exactly."""

from __future__ import annotations

import numpy as np
import pytest

from symconv import conv2d
from symconv.concrete.contractions import Contractions
from symconv.errors import IllFormed, NotSupported
from symconv.layers.registry import FAMILY, layer_by_name
from symconv.mistakes.spoiling import spoil
from tests.frameworks.members import (
    differing,
    disagreements,
    every_sizes,
    exact_inputs,
    torch_answers,
    torch_refuses,
)
from tests.runs import quick_rows, share

torch = pytest.importorskip(
    "torch", reason="compares with torch, which is an extra: pip install 'symconv[torch]'"
)

LAYER = conv2d()
CLASSES = every_sizes(LAYER)


@quick_rows(9, "each row is one more member of the family or the other dtype")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", FAMILY)
def test_torch_gives_what_the_layer_gives(name, dtype) -> None:
    layer = layer_by_name(name)
    every = every_sizes(layer).values()
    taken = [sizes for sizes in every if not torch_refuses(layer, sizes)]
    wrong = {}
    for sizes in share(taken, 6) if dtype == "float64" else share(taken, 12, 4):
        arrays = exact_inputs(layer, sizes, dtype)
        expected = torch_answers(torch, layer, sizes, arrays, dtype)
        if found := disagreements(layer, sizes, arrays, expected):
            wrong[str(sizes)] = found
    assert len(taken) > 0.3 * len(every)
    assert wrong == {}


@pytest.mark.parametrize("name", ["avg_pool1d", "avg_pool3d"])
def test_what_torch_refuses_to_pool_is_known(name) -> None:
    layer = layer_by_name(name)
    refused = [sizes for sizes in every_sizes(layer).values() if torch_refuses(layer, sizes)]
    assert refused, "JAX computes these"
    for sizes in refused:
        arrays = exact_inputs(layer, sizes, "float64")
        with pytest.raises(RuntimeError, match=r"at most half|smaller than kernel size"):
            _ = torch_answers(torch, layer, sizes, arrays, "float64")


@quick_rows(21, "most classes of shapes are compared in wider floats")
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", CLASSES)
def test_torch_gives_the_same_in_sixteen_bits(name, dtype) -> None:
    sizes = CLASSES[name]
    arrays = exact_inputs(LAYER, sizes, dtype)
    formulas = Contractions(LAYER, sizes).on(arrays)
    expected = torch_answers(torch, LAYER, sizes, arrays, dtype)
    assert not differing({result: formulas.values(result) for result in expected}, expected)


def test_integers_that_do_not_fit_are_told_apart() -> None:
    sizes = CLASSES["general"]
    arrays = exact_inputs(LAYER, sizes, "float64")
    formulas = Contractions(LAYER, sizes).on(arrays)
    expected = torch_answers(torch, LAYER, sizes, arrays, "bfloat16")
    assert differing({result: formulas.values(result) for result in expected}, expected)


@pytest.mark.parametrize("result", ["y", "dL/dx", "dL/dw", "dL/db"])
def test_one_wrong_entry_is_a_difference(result) -> None:
    sizes = CLASSES["general"]
    arrays = exact_inputs(LAYER, sizes, "float64")
    expected = torch_answers(torch, LAYER, sizes, arrays, "float64")
    wrong = {name: values.copy() for name, values in expected.items()}
    wrong[result].reshape(-1)[-1] += 1
    assert differing(wrong, expected) == [result]
    assert differing({**expected, result: expected[result][..., :-1]}, expected) == [result]


@pytest.mark.parametrize("changed", ["S", "P"])
def test_another_stride_or_padding_is_another_convolution(changed) -> None:
    sizes = CLASSES["general"]
    arrays = exact_inputs(LAYER, sizes, "float64")
    y = torch.nn.functional.conv2d(
        *(torch.tensor(arrays[name]) for name in ("x", "w", "b")),
        stride=sizes["S"] - (changed == "S"),
        padding=sizes["P"] + (changed == "P"),
    )
    own = Contractions(LAYER, sizes).values("y", arrays)
    assert not np.array_equal(own, y.numpy())


@quick_rows(3, "every mistake is caught by evaluation and by proof in the quick run")
@pytest.mark.parametrize(
    "key",
    [
        "y:strided",
        "y:patch",
        "dL/dx:deltas",
        "dL/dx:contracted",
        "dL/dw:contracted",
        "dL/db:deltas",
    ],
)
def test_every_mistake_in_a_formula_differs_from_torch_somewhere(key) -> None:
    statement = LAYER.statement(key)
    unseen = {
        spoiled.statement: f"{spoiled.mistake.name} {spoiled.where}" for spoiled in spoil(statement)
    }
    mistakes = len(unseen)
    for sizes in CLASSES.values():
        contractions = Contractions(LAYER, sizes)
        arrays = exact_inputs(LAYER, sizes, "float64")
        expected = torch_answers(torch, LAYER, sizes, arrays, "float64")[statement.name]
        assert np.array_equal(contractions.statement_values(statement, arrays), expected)
        for wrong in list(unseen):
            try:
                values = contractions.statement_values(wrong, arrays)
            except (IllFormed, NotSupported):
                del unseen[wrong]
                continue
            if not np.array_equal(values, expected):
                del unseen[wrong]
    assert mistakes > 10
    assert not unseen, list(unseen.values())
