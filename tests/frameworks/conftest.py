"""Exact inputs, and the layer's own answers by every way, to hold frameworks against."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from math import isqrt
from typing import Any

import numpy as np
import pytest

from symconv import Sizes, conv2d
from symconv.concrete.contractions import Contractions
from symconv.concrete.monomial_tables import Tables
from symconv.layers.layer import Layer

RESULTS = ("y", "dL/dx", "dL/dw", "dL/db")
LOOPS = {
    "y": "loop/forward",
    "dL/dx": "loop/dx:scatter",
    "dL/dw": "loop/dw",
    "dL/db": "loop/db",
}
LARGEST = {"float64": 2**53, "float32": 2**24, "float16": 2**11, "bfloat16": 2**8}
"""The largest integer up to which every integer is a number of the dtype."""

Arrays = Mapping[str, np.ndarray]


@pytest.fixture(scope="session")
def layer() -> Layer:
    """Return the layer that the frameworks compute too."""
    return conv2d()


@pytest.fixture(scope="session")
def exact_inputs() -> Callable[[Sizes, str], dict[str, np.ndarray]]:
    """Return a function that draws integers, as float64, whose sums fit a dtype."""

    def draw(sizes: Sizes, dtype: str) -> dict[str, np.ndarray]:
        products = 1 + max(
            sizes["C"] * sizes["HH"] * sizes["WW"],
            sizes["N"] * sizes["Hh"] * sizes["Hw"],
            sizes["F"] * sizes["HH"] * sizes["WW"],
        )
        most = min(1000, isqrt(LARGEST[dtype] // products))
        assert most >= 1, f"no integers are small enough for {dtype} at {sizes}"
        source = random.Random(f"{sizes} {dtype}")
        drawn = {}
        for name, shape in Contractions(conv2d(), sizes).inputs.items():
            values = [source.randint(-most, most) for _ in range(int(np.prod(shape)))]
            drawn[name] = np.array(values, dtype=np.float64).reshape(shape)
        return drawn

    return draw


@pytest.fixture(scope="session")
def own_answers(layer) -> Callable[[Sizes, Arrays], Iterator[tuple[str, dict[str, np.ndarray]]]]:
    """Return a function that yields what the formulas, the tables and the loops answer."""

    def answers(sizes: Sizes, arrays: Arrays) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        formulas = Contractions(layer, sizes).on(arrays)
        yield "formulas", {name: formulas.values(name) for name in RESULTS}
        tables = Tables(layer, sizes)
        whole = {name: array.astype(np.int64).astype(object) for name, array in arrays.items()}
        yield "tables", {name: tables.values(name, whole).astype(float) for name in RESULTS}
        loops = {loop.name: loop for loop in layer.loops}
        yield (
            "loops",
            {name: layer.run_loop(loops[LOOPS[name]], dict(arrays), sizes) for name in RESULTS},
        )

    return answers


@pytest.fixture(scope="session")
def differing() -> Callable[[Mapping[str, Any], Mapping[str, Any]], list[str]]:
    """Return a function that names the results that differ at all, in shape or in value."""

    def names(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[str]:
        assert left.keys() == right.keys(), "both sides have the same results"
        return [name for name in left if not np.array_equal(left[name], right[name])]

    return names
