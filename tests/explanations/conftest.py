"""One layer and its probes for all explanations: what they expanded is used again."""

from __future__ import annotations

import pytest

from symconv.explanations.probes import Probes
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Layer


@pytest.fixture(scope="session")
def layer() -> Layer:
    return conv2d()


@pytest.fixture(scope="session")
def probes(layer: Layer) -> Probes:
    return Probes(layer)
