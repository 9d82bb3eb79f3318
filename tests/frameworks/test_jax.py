"""The layer's formulas against JAX's convolution and its vector-Jacobian products, exactly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from symconv import conv2d
from symconv.concrete.contractions import Contractions
from symconv.layers.registry import FAMILY, layer_by_name
from symconv.mistakes.spoiling import spoil
from tests.frameworks.members import (
    differing,
    disagreements,
    every_sizes,
    exact_inputs,
    jax_answers,
    torch_refuses,
)
from tests.runs import quick_rows, share

jax = pytest.importorskip(
    "jax", reason="compares with JAX, which is an extra: pip install 'symconv[jax]'"
)

LAYER = conv2d()
GENERAL = every_sizes(LAYER)["general"]


@pytest.fixture(autouse=True)
def _sixty_four_bits() -> Iterator[None]:
    """Let JAX keep float64, which it narrows to float32 otherwise."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@quick_rows(4, "each row is one more member of the family")
@pytest.mark.parametrize("name", FAMILY)
def test_jax_gives_what_the_layer_gives(name) -> None:
    """The full run takes every class of shapes; where torch refuses, every run does."""
    layer = layer_by_name(name)
    every = list(every_sizes(layer).values())
    alone = [sizes for sizes in every if torch_refuses(layer, sizes)]
    wrong = {}
    for sizes in dict.fromkeys((*share(every, 16, 4), *share(alone, 4))):
        dtype = "float64" if sizes.order()[0] % 2 else "float32"
        arrays = exact_inputs(layer, sizes, dtype)
        expected = jax_answers(jax, layer, sizes, arrays, dtype)
        if found := disagreements(layer, sizes, arrays, expected):
            wrong[str(sizes)] = found
    assert wrong == {}


@pytest.mark.parametrize("changed", ["S", "P"])
def test_another_stride_or_padding_is_another_convolution(changed) -> None:
    sizes = GENERAL
    arrays = exact_inputs(LAYER, sizes, "float64")
    change = {"S": sizes["S"] - 1} if changed == "S" else {"P": sizes["P"] + 1}
    other = LAYER.sizes("", **{**sizes.given, **change})
    dout = np.ones(Contractions(LAYER, other).inputs["dout"])
    expected = jax_answers(jax, LAYER, other, {**arrays, "dout": dout}, "float64")
    formulas = Contractions(LAYER, sizes).on(arrays)
    own = {result: formulas.values(result) for result in expected}
    assert differing(own, expected) == ["y", "dL/dx", "dL/dw", "dL/db"]


@pytest.mark.parametrize("key", ["y:strided", "dL/dx:deltas", "dL/dw:contracted"])
def test_a_formula_without_its_stride_differs_from_jax_where_the_stride_is_not_1(key) -> None:
    statement = LAYER.statement(key)
    wrong = [item.statement for item in spoil(statement) if item.mistake.name == "stride-dropped"]
    assert wrong
    sizes = GENERAL
    assert sizes["S"] > 1
    contractions = Contractions(LAYER, sizes)
    arrays = exact_inputs(LAYER, sizes, "float64")
    expected = jax_answers(jax, LAYER, sizes, arrays, "float64")[statement.name]
    assert np.array_equal(contractions.statement_values(statement, arrays), expected)
    for item in wrong:
        assert not np.array_equal(contractions.statement_values(item, arrays), expected)
