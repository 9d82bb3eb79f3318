"""Members of the family are derived, every step proved for every size."""

from __future__ import annotations

import pytest

from symconv.derivations.steps import derive
from symconv.layers.registry import layer_by_name
from tests.runs import quick_rows


@quick_rows(2, "a derivation proves each of its lines")
@pytest.mark.parametrize(
    ("layer", "gradient"),
    [
        ("linear", "dL/dw"),
        ("conv1d dilation", "dL/dw"),
        ("conv1d dilation", "dL/dx"),
        ("conv_transpose1d", "dL/dw"),
        ("conv_transpose1d", "dL/dx"),
        ("avg_pool1d", "dL/dx"),
        ("conv1d circular", "dL/dw"),
        ("conv3d valid", "dL/dw"),
        ("conv2d strides groups valid", "dL/db"),
    ],
)
def test_every_step_is_proved(layer: str, gradient: str) -> None:
    derivation = derive(gradient, layer_by_name(layer))
    assert derivation.name == gradient
    assert derivation.lines
    assert all(line.proofs for line in derivation.lines)
