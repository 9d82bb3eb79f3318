"""Measure a check of code beside `torch.autograd.gradcheck` around the same functions.

Part of benchmark.py. The code under test is the layer's loops as NumPy functions; the check
runs them on integers and compares by `==`, gradcheck runs them at shifted points and compares
within a tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

from symconv import Sizes, check_implementation
from symconv.layers.convolution import loops

Measured: TypeAlias = tuple[str, float, str, float | None]
"""What was done, how long symconv takes, its peer, and how long that takes."""
Answers: TypeAlias = Callable[[dict[str, Any], Sizes], dict[str, Any]]
"""What gives y and the gradients at arrays and sizes."""

EXACT_CHECK = "exact check of code at one shape"
MISSING = "torch is missing: pip install 'symconv[torch]'"


def torch_answers() -> Answers | None:
    """Return torch's convolution with its derivatives, or None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None

    def answers(arrays: dict[str, Any], sizes: Sizes) -> dict[str, Any]:
        x, w, b, dout = (torch.from_numpy(arrays[name]) for name in ("x", "w", "b", "dout"))
        inputs = [array.requires_grad_() for array in (x, w, b)]
        y = torch.nn.functional.conv2d(*inputs, stride=sizes["S"], padding=sizes["P"])
        found = (y.detach(), *torch.autograd.grad(y, inputs, dout))
        return dict(zip(("y", "dL/dx", "dL/dw", "dL/db"), found, strict=True))

    return answers


def forward(x: Any, w: Any, b: Any, stride: int, padding: int) -> Any:
    """Compute the output by loops."""
    return loops.forward(x, w, b, stride, padding)


def backward(dout: Any, x: Any, w: Any, b: Any, stride: int, padding: int) -> tuple[Any, ...]:
    """Compute the three gradients by loops."""
    return (
        loops.input_gradient_scatter(dout, x, w, stride, padding),
        loops.weights_gradient(dout, x, w, stride, padding),
        loops.bias_gradient(dout, b),
    )


def code_rows(sizes: Sizes, seconds_of: Callable[..., float]) -> Iterator[Measured]:
    """Check the loops at one shape, beside running them once and beside gradcheck."""

    def check() -> None:
        check_implementation(forward, backward, sizes=[sizes], isolate=False).require()

    check()
    here = seconds_of(check, 21)
    arrays = _arrays(sizes)
    yield EXACT_CHECK, here, "the loops, run once", seconds_of(_once(arrays, sizes), 21)
    checked = _gradcheck(arrays, sizes)
    if checked is None:
        yield EXACT_CHECK, here, MISSING, None
        return
    yield EXACT_CHECK, here, "gradcheck, fast mode", seconds_of(lambda: checked(True), 11)
    yield EXACT_CHECK, here, "gradcheck", seconds_of(lambda: checked(False), 1)


def _arrays(sizes: Sizes) -> dict[str, np.ndarray]:
    source = np.random.default_rng(1)
    axes = {"x": "N C H W", "w": "F C HH WW", "b": "F", "dout": "N F Hh Hw"}
    return {
        name: source.standard_normal([sizes[axis] for axis in letters.split()])
        for name, letters in axes.items()
    }


def _once(arrays: dict[str, np.ndarray], sizes: Sizes) -> Callable[[], object]:
    x, w, b, dout = (arrays[name] for name in ("x", "w", "b", "dout"))
    S, P = sizes["S"], sizes["P"]
    return lambda: (forward(x, w, b, S, P), backward(dout, x, w, b, S, P))


def _gradcheck(arrays: dict[str, np.ndarray], sizes: Sizes) -> Callable[[bool], object] | None:
    try:
        import torch
    except ImportError:
        return None
    S, P = sizes["S"], sizes["P"]

    # Inside the class these names are its own.
    outer_forward, outer_backward = forward, backward

    class Convolution(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            ctx.save_for_backward(*inputs)
            x, w, b = (item.detach().numpy() for item in inputs)
            return torch.from_numpy(outer_forward(x, w, b, S, P))

        @staticmethod
        def backward(ctx: Any, *upstream: Any) -> Any:
            x, w, b = (item.detach().numpy() for item in ctx.saved_tensors)
            found = outer_backward(upstream[0].detach().numpy(), x, w, b, S, P)
            return tuple(map(torch.from_numpy, found))

    inputs = [torch.from_numpy(arrays[name]).requires_grad_() for name in ("x", "w", "b")]

    def checked(fast: bool) -> None:
        if not torch.autograd.gradcheck(Convolution.apply, inputs, fast_mode=fast):
            raise SystemExit("benchmark_code.py: gradcheck does not accept the loops")

    return checked
