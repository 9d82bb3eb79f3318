"""The layer's formulas against torch's convolution and its automatic derivatives, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symconv import Sizes, conv2d
from symconv.concrete.contractions import Contractions
from symconv.errors import IllFormed, NotSupported
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.mistakes.spoiling import spoil

torch = pytest.importorskip(
    "torch", reason="compares with torch, which is an extra: pip install 'symconv[torch]'"
)

LAYER = conv2d()
CLASSES = {item.name: item.sizes for item in shape_classes()}
SIZES = {**CLASSES, **{text: LAYER.sizes(text) for text in LAYER.default_sizes}}


def torch_answers(sizes: Sizes, arrays: dict[str, np.ndarray], dtype: str) -> dict[str, Any]:
    """Return y and the gradients that autograd gives, as float64."""
    x, w, b, dout = (
        torch.tensor(arrays[name], dtype=getattr(torch, dtype), requires_grad=name != "dout")
        for name in ("x", "w", "b", "dout")
    )
    y = torch.nn.functional.conv2d(x, w, b, stride=sizes["S"], padding=sizes["P"])
    gradients = torch.autograd.grad(y, (x, w, b), dout)
    answers = dict(zip(("y", "dL/dx", "dL/dw", "dL/db"), (y, *gradients), strict=True))
    return {name: value.detach().to(torch.float64).numpy() for name, value in answers.items()}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", SIZES)
def test_torch_gives_what_the_layer_gives(
    name, dtype, exact_inputs, own_answers, differing
) -> None:
    sizes = SIZES[name]
    arrays = exact_inputs(sizes, dtype)
    expected = torch_answers(sizes, arrays, dtype)
    compared = {}
    for way, answers in own_answers(sizes, arrays):
        compared[way] = differing(answers, expected)
    assert compared == {"formulas": [], "tables": [], "loops": []}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", CLASSES)
def test_torch_gives_the_same_in_sixteen_bits(name, dtype, exact_inputs, differing) -> None:
    sizes = SIZES[name]
    arrays = exact_inputs(sizes, dtype)
    formulas = Contractions(LAYER, sizes).on(arrays)
    expected = torch_answers(sizes, arrays, dtype)
    assert not differing({result: formulas.values(result) for result in expected}, expected)


def test_integers_that_do_not_fit_are_told_apart(exact_inputs, differing) -> None:
    sizes = CLASSES["general"]
    arrays = exact_inputs(sizes, "float64")
    formulas = Contractions(LAYER, sizes).on(arrays)
    expected = torch_answers(sizes, arrays, "bfloat16")
    assert differing({result: formulas.values(result) for result in expected}, expected)


@pytest.mark.parametrize("result", ["y", "dL/dx", "dL/dw", "dL/db"])
def test_one_wrong_entry_is_a_difference(result, exact_inputs, differing) -> None:
    sizes = CLASSES["general"]
    arrays = exact_inputs(sizes, "float64")
    expected = torch_answers(sizes, arrays, "float64")
    wrong = {name: values.copy() for name, values in expected.items()}
    wrong[result].reshape(-1)[-1] += 1
    assert differing(wrong, expected) == [result]
    assert differing({**expected, result: expected[result][..., :-1]}, expected) == [result]


@pytest.mark.parametrize("changed", ["S", "P"])
def test_another_stride_or_padding_is_another_convolution(changed, exact_inputs) -> None:
    sizes = CLASSES["general"]
    arrays = exact_inputs(sizes, "float64")
    y = torch.nn.functional.conv2d(
        *(torch.tensor(arrays[name]) for name in ("x", "w", "b")),
        stride=sizes["S"] - (changed == "S"),
        padding=sizes["P"] + (changed == "P"),
    )
    own = Contractions(LAYER, sizes).values("y", arrays)
    assert not np.array_equal(own, y.numpy())


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
def test_every_mistake_in_a_formula_differs_from_torch_somewhere(key, exact_inputs) -> None:
    statement = LAYER.statement(key)
    unseen = {
        spoiled.statement: f"{spoiled.mistake.name} {spoiled.where}" for spoiled in spoil(statement)
    }
    mistakes = len(unseen)
    for sizes in CLASSES.values():
        contractions = Contractions(LAYER, sizes)
        arrays = exact_inputs(sizes, "float64")
        expected = torch_answers(sizes, arrays, "float64")[statement.name]
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
