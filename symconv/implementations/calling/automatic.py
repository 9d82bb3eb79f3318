"""Gradients by the automatic differentiation of PyTorch and JAX.

What is differentiated may hold rules of somebody's own: a ``torch.autograd.Function``, a
``jax.custom_vjp``. Their backward passes are then what is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from traceback import walk_tb
from typing import Any

import numpy as np

from symconv.code.names import ALONE, RESULT_BY_INPUT
from symconv.code.returned_parts import untouched_parts
from symconv.code.sources import definitions, plain_function
from symconv.errors import NotSupported
from symconv.implementations.calling.frameworks import imported
from symconv.implementations.calling.functions import Run, RunBack
from symconv.implementations.calling.results import NoArray, Raised, output_and_cache

Called = Callable[[Mapping[str, Any], Mapping[str, int]], tuple[Any, Mapping[str, Any]]]
"""Call the forward pass; returns what it returned, and the tensors to differentiate by."""


@dataclass(frozen=True, slots=True)
class TorchGradients:
    """A forward pass on tensors, differentiated by autograd with dout as upstream gradient.

    A gradient that another one keeps from being computed is no wrong one: where the call for all
    of them raises, each is asked for alone.

    Attributes:
        called: the forward pass.
        rule: the backward pass of somebody's own, where it is called directly.
        inputs: what the parts that the rule returns belong to, by the names of arrays.
    """

    called: Called
    rule: Any = None
    inputs: tuple[str | None, ...] = ()

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
        if not arrays["x"].is_floating_point():
            raise NotSupported(f"torch does not differentiate {arrays['x'].dtype}")
        y, leaves = left
        try:
            return self._asked(y, leaves, arrays["dout"])
        except Exception as error:
            return self._one_by_one(arrays, sizes, tuple(leaves), error)

    def _asked(self, y: Any, leaves: Mapping[str, Any], dout: Any) -> dict[str, Any]:
        """Return the gradients by tensors; a reason for those that autograd does not reach."""
        unfit = _unfit(y, dout)
        found: dict[str, Any] = {
            RESULT_BY_INPUT[name]: unfit
            or NoArray(f"autograd finds no way from y to {name}: is it detached?")
            for name in leaves
        }
        if unfit or not getattr(y, "requires_grad", False):
            return found
        got = imported("torch").autograd.grad(
            y, tuple(leaves.values()), dout, retain_graph=True, allow_unused=True
        )
        known = {name: one for name, one in zip(found, got, strict=True) if one is not None}
        return {**found, **known}

    def _one_by_one(
        self,
        arrays: Mapping[str, Any],
        sizes: Mapping[str, int],
        names: tuple[str, ...],
        error: Exception,
    ) -> dict[str, Any]:
        """Return the gradients, each of a run in which nothing else needs one.

        A rule may raise in a line for another gradient even then. What that line has no part in
        was not computed, and nothing is known of it.

        Raises:
            Exception: what ended the run for all, when each of them ends like that.
        """
        found: dict[str, Any] = {}
        for name in names:
            own = {key: array.detach().clone() for key, array in arrays.items()}
            _ = own[name].requires_grad_(True)
            try:
                returned, leaves = self.called(own, {**sizes, ALONE.format(name): 1})
                y, _ = output_and_cache(returned)
                found |= self._asked(y, {name: leaves[name]}, own["dout"])
            except Exception as alone:
                found[RESULT_BY_INPUT[name]] = Raised(alone)
        raised = {key: one.error for key, one in found.items() if isinstance(one, Raised)}
        spared = {key for key, alone in raised.items() if key in self._spared(alone)}
        if spared == {*raised}:
            # The line is for none of them, so it keeps all of them from being computed.
            spared = set[str]()
        if not spared and raised.keys() == found.keys():
            raise error
        fact = "backward raises before it gives it, in a line for another gradient"
        return {**found, **dict.fromkeys(spared, NoArray(fact))}

    def _spared(self, error: Exception) -> frozenset[str]:
        """Return the gradients that the line of the rule that raised has no part in."""
        code = getattr(plain_function(self.rule), "__code__", None)
        traced = walk_tb(error.__traceback__)
        line = next((line for frame, line in traced if frame.f_code is code), None)
        if code is None or line is None:
            return frozenset()
        parts = (
            place
            for function in definitions(self.rule)
            for place in untouched_parts(function, line - code.co_firstlineno + 1)
        )
        named = (self.inputs[place] for place in parts if place < len(self.inputs))
        return frozenset(RESULT_BY_INPUT[name] for name in named if name in RESULT_BY_INPUT)


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
            y, pull = imported("jax").vjp(output, *(arrays[name] for name in self.inputs))
            unfit = _unfit(y, arrays["dout"])
            got = [unfit] * len(self.inputs) if unfit else pull(arrays["dout"])
        return dict(zip((RESULT_BY_INPUT[name] for name in self.inputs), got, strict=True))


def _unfit(y: Any, dout: Any) -> NoArray | None:
    """Return why nothing can be pulled back where y is no array of dout's shape.

    That is a mistake of y alone: of the gradients nothing was seen.
    """
    shape = getattr(y, "shape", None)
    if shape is None or tuple(shape) == tuple(dout.shape):
        return None
    return NoArray(f"y has the shape {tuple(shape)}, so nothing can be pulled back through it")


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
