"""Gradients by the automatic differentiation of PyTorch and JAX.

What is differentiated may hold rules of somebody's own: a ``torch.autograd.Function``, a
``jax.custom_vjp``. Their backward passes are then what is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from symconv.code.names import RESULT_BY_INPUT
from symconv.errors import NotSupported
from symconv.implementations.calling.frameworks import imported
from symconv.implementations.calling.functions import Run, RunBack
from symconv.implementations.calling.results import NoArray, output_and_cache

Called = Callable[[Mapping[str, Any], Mapping[str, int]], tuple[Any, Mapping[str, Any]]]
"""Call the forward pass; returns what it returned, and the tensors to differentiate by."""


@dataclass(frozen=True, slots=True)
class TorchGradients:
    """A forward pass on tensors, differentiated by autograd with dout as upstream gradient.

    Attributes:
        called: the forward pass.
    """

    called: Called

    def run_forward(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> tuple[dict[str, Any], Any]:
        """Call the forward pass on tensors that record what is done to them."""
        for name in ("x", "w", "b"):
            if name in arrays and arrays[name].is_floating_point():
                arrays[name].requires_grad_(True)
        returned, leaves = self.called(arrays, sizes)
        y, _ = output_and_cache(returned)
        return {"y": y}, (y, leaves)

    def run_backward(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int], left: Any
    ) -> dict[str, Any]:
        """Pull dout back through what was recorded.

        Raises:
            NotSupported: for tensors of integers, which have no gradients.
        """
        del sizes
        if not arrays["x"].is_floating_point():
            raise NotSupported(f"torch does not differentiate {arrays['x'].dtype}")
        y, leaves = left
        found: dict[str, Any] = {
            RESULT_BY_INPUT[name]: NoArray(
                f"autograd finds no way from y to {name}: is it detached?"
            )
            for name in leaves
        }
        if not getattr(y, "requires_grad", False):
            return found
        got = imported("torch").autograd.grad(
            y, tuple(leaves.values()), arrays["dout"], retain_graph=True, allow_unused=True
        )
        known = {name: one for name, one in zip(found, got, strict=True) if one is not None}
        return {**found, **known}


@dataclass(frozen=True, slots=True)
class JaxGradients:
    """A forward pass on JAX arrays, differentiated by `jax.vjp`.

    Attributes:
        forward: the forward pass as a function of arrays and sizes.
        inputs: what it is differentiated by: x, w, and b if it has one.
    """

    forward: Callable[[Mapping[str, Any], Mapping[str, int]], Any]
    inputs: tuple[str, ...]

    def run_forward(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> tuple[dict[str, Any], Any]:
        """Call the forward pass."""
        with double_precision(arrays):
            y, _ = output_and_cache(self.forward(arrays, sizes))
        return {"y": y}, None

    def run_backward(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int], left: Any
    ) -> dict[str, Any]:
        """Pull dout back.

        Raises:
            NotSupported: for arrays of integers, which have no gradients.
        """
        del left
        if np.issubdtype(arrays["x"].dtype, np.integer):
            raise NotSupported(f"jax does not differentiate {arrays['x'].dtype}")

        def output(*given: Any) -> Any:
            own = {**arrays, **dict(zip(self.inputs, given, strict=True))}
            return output_and_cache(self.forward(own, sizes))[0]

        with double_precision(arrays):
            pull = imported("jax").vjp(output, *(arrays[name] for name in self.inputs))[1]
            got = pull(arrays["dout"])
        return dict(zip((RESULT_BY_INPUT[name] for name in self.inputs), got, strict=True))


def double_precision(arrays: Mapping[str, Any]) -> AbstractContextManager[Any]:
    """Let JAX compute in 64 bits for as long as arrays of 64 bits are around."""
    wide = any(array.dtype.itemsize == 8 for array in arrays.values())
    return imported("jax").enable_x64(True) if wide else nullcontext()


def in_double_precision(run_forward: Run, run_backward: RunBack) -> tuple[Run, RunBack]:
    """Return both passes so that JAX computes in 64 bits in them where its arrays have them."""

    def forward(arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[dict[str, Any], Any]:
        with double_precision(arrays):
            return run_forward(arrays, sizes)

    def backward(arrays: Mapping[str, Any], sizes: Mapping[str, int], left: Any) -> dict[str, Any]:
        with double_precision(arrays):
            return run_backward(arrays, sizes, left)

    return forward, backward
