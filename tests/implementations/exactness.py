"""Running an implementation as a check does, and comparing it with the layer's own loops."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from symconv.implementations.calling.results import NoArray
from symconv.implementations.model import BACKWARD_RESULTS, RESULTS, Implementation
from symconv.layers.convolution import loops
from symconv.layers.convolution.post import conv2d

SIZES = "N=2,C=2,H=4,W=5,F=3,HH=2,WW=3,S=2,P=1"
"""Nothing square, nothing of the same length, a remainder, padding, a stride."""

MATHEMATICS = Path(__file__).with_name("mathematics.py").read_text(encoding="utf-8")
"""A module that code under test may import."""


def arrays_at(sizes, dtype="float64", seed=0):
    """Return x, w, b and dout with small integers for entries."""
    generator = np.random.default_rng(seed)
    shapes = {
        "x": ("N", "C", "H", "W"),
        "w": ("F", "C", "HH", "WW"),
        "b": ("F",),
        "dout": ("N", "F", "Hh", "Hw"),
    }
    return {
        name: generator.integers(-2, 3, [sizes[axis] for axis in axes]).astype(dtype)
        for name, axes in shapes.items()
    }


def results(implementation: Implementation, text: str = SIZES, dtype="float64"):
    """Return what an implementation gives at some sizes, as arrays of the layer."""
    sizes = conv2d().sizes(text)
    given = arrays_at(sizes, dtype)
    forward = {name: given[name] for name in ("x", "w", "b")}
    own = {name: implementation.to_own(name, array) for name, array in forward.items()}
    found, left = implementation.run_forward(own, sizes)
    own = {name: implementation.to_own(name, array) for name, array in given.items()}
    if set(BACKWARD_RESULTS) & set(implementation.description.provides):
        found = {**found, **implementation.run_backward(own, sizes, left)}
    absent = {name for name, value in found.items() if value is None or _was_not_returned(value)}
    return {
        name: implementation.from_own(name, found[name]) if name in {*found} - absent else None
        for name in implementation.description.provides
    }


def _was_not_returned(value: object) -> bool:
    """Tell whether a gradient is not there at all, which is no fault of the others."""
    missing = ("returned, taken for", "finds no way from y")
    return isinstance(value, NoArray) and any(words in value.reason for words in missing)


def expected(text: str = SIZES, dtype="float64", *, bias=True):
    """Return what is right at the same sizes and entries."""
    sizes = conv2d().sizes(text)
    given = arrays_at(sizes, dtype)
    x, w, dout = given["x"], given["w"], given["dout"]
    b = given["b"] if bias else 0 * given["b"]
    S, P = sizes["S"], sizes["P"]
    return {
        "y": loops.forward(x, w, b, S, P),
        "dL/dx": loops.input_gradient_scatter(dout, x, w, S, P),
        "dL/dw": loops.weights_gradient(dout, x, w, S, P),
        "dL/db": loops.bias_gradient(dout, b),
    }


def wrong(implementation: Implementation, text: str = SIZES, dtype="float64"):
    """Return the results that are not exactly right, by name, with what is wrong with them."""
    right = expected(text, dtype, bias=implementation.description.has_bias)
    found = results(implementation, text, dtype)
    reasons = {}
    for name in RESULTS:
        if name not in found:
            continue
        got = found[name]
        if got is None:
            reasons[name] = "missing"
        elif got.shape != right[name].shape:
            reasons[name] = "shape"
        elif got.dtype != np.dtype(dtype):
            reasons[name] = "dtype"
        elif not (got == right[name]).all():
            reasons[name] = "value"
    return reasons
