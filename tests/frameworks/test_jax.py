"""The layer's formulas against JAX's convolution and its vector-Jacobian products, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from symconv import Sizes, conv2d
from symconv.concrete.contractions import Contractions
from symconv.implementations.trying.shape_classes import shape_classes
from symconv.mistakes.spoiling import spoil
from tests.runs import quick_rows

jax = pytest.importorskip(
    "jax", reason="compares with JAX, which is an extra: pip install 'symconv[jax]'"
)

LAYER = conv2d()
CLASSES = {item.name: item.sizes for item in shape_classes()}

# Limit: at N=2,C=3,H=4,W=4,F=4,HH=2,WW=4,S=2,P=1 and in two more classes XLA's simplifier (in
# jaxlib 0.10.2) exchanges the operands of the gradient's convolution, finds that "Window
# dimensions do not match RHS shape", and aborts the process. The pass makes code faster and
# does not define what it computes, so it is left out; so are optimisations, which take longer
# here than what they make faster.
COMPILED_WITH = {"xla_disable_hlo_passes": "algsimp", "xla_backend_optimization_level": 0}


@pytest.fixture(autouse=True)
def _sixty_four_bits() -> Iterator[None]:
    """Let JAX keep float64, which it narrows to float32 otherwise."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def jax_answers(sizes: Sizes, arrays: dict[str, np.ndarray], dtype: str) -> dict[str, Any]:
    """Return y and the gradients that the VJP gives, as float64."""

    def forward(x: Any, w: Any, b: Any) -> Any:
        padding = [(sizes["P"], sizes["P"])] * 2
        y = jax.lax.conv_general_dilated(
            x,
            w,
            window_strides=(sizes["S"], sizes["S"]),
            padding=padding,
            dimension_numbers=("NCHW", "OIHW", "NCHW"),
        )
        return y + b[:, None, None]

    def forward_and_backward(x: Any, w: Any, b: Any, dout: Any) -> Any:
        y, pull_back = jax.vjp(forward, x, w, b)
        return (y, *pull_back(dout))

    given = [jax.numpy.asarray(arrays[name], dtype=dtype) for name in ("x", "w", "b", "dout")]
    compiled = jax.jit(forward_and_backward).lower(*given).compile(compiler_options=COMPILED_WITH)
    results = compiled(*given)
    assert {str(result.dtype) for result in results} == {dtype}
    answers = dict(zip(("y", "dL/dx", "dL/dw", "dL/db"), results, strict=True))
    return {name: np.asarray(value, dtype=np.float64) for name, value in answers.items()}


@quick_rows(10, "each row is one more class of shapes or the other dtype")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CLASSES)
def test_jax_gives_what_the_layer_gives(name, dtype, exact_inputs, own_answers, differing) -> None:
    sizes = CLASSES[name]
    arrays = exact_inputs(sizes, dtype)
    expected = jax_answers(sizes, arrays, dtype)
    compared = {}
    for way, answers in own_answers(sizes, arrays):
        compared[way] = differing(answers, expected)
    assert compared == {"formulas": [], "tables": [], "loops": []}


@pytest.mark.parametrize("changed", ["S", "P"])
def test_another_stride_or_padding_is_another_convolution(changed, exact_inputs, differing) -> None:
    sizes = CLASSES["general"]
    arrays = exact_inputs(sizes, "float64")
    change = {"S": sizes["S"] - 1} if changed == "S" else {"P": sizes["P"] + 1}
    other = LAYER.sizes("", **{**sizes.given, **change})
    dout = np.ones(Contractions(LAYER, other).inputs["dout"])
    expected = jax_answers(other, {**arrays, "dout": dout}, "float64")
    formulas = Contractions(LAYER, sizes).on(arrays)
    own = {result: formulas.values(result) for result in expected}
    assert differing(own, expected) == ["y", "dL/dx", "dL/dw", "dL/db"]


@pytest.mark.parametrize("key", ["y:strided", "dL/dx:deltas", "dL/dw:contracted"])
def test_a_formula_without_its_stride_differs_from_jax_where_the_stride_is_not_1(
    key, exact_inputs
) -> None:
    statement = LAYER.statement(key)
    wrong = [item.statement for item in spoil(statement) if item.mistake.name == "stride-dropped"]
    assert wrong
    sizes = CLASSES["general"]
    assert sizes["S"] > 1
    contractions = Contractions(LAYER, sizes)
    arrays = exact_inputs(sizes, "float64")
    expected = jax_answers(sizes, arrays, "float64")[statement.name]
    assert np.array_equal(contractions.statement_values(statement, arrays), expected)
    for item in wrong:
        assert not np.array_equal(contractions.statement_values(item, arrays), expected)
