"""What the parts of a check of somebody's code say to each other.

An `Implementation` is the code, wrapped so that it is called in the layer's own terms. It
lives in the process that runs it, and never leaves it. What crosses over are a `Description`
of it, a `Request` to run it once at given sizes, and the `RunAnswer`.

Arrays and gradients carry the layer's names: ``y`` for the output, ``dL/dx``, ``dL/dw`` and
``dL/db`` for the gradients, ``x``, ``w``, ``b`` and ``dout`` for the inputs. In requests and
answers their axes are in the layer's order; an implementation with another layout transposes
at its edge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from symconv.algebra.indices import Condition
from symconv.layers.registry import default_layer

Framework: TypeAlias = Literal["numpy", "torch", "jax"]
TroubleCode: TypeAlias = Literal[
    "raised", "rejected", "timeout", "crashed", "garbled", "environment", "not-run"
]

FORWARD_RESULTS = ("y",)
BACKWARD_RESULTS = ("dL/dx", "dL/dw", "dL/db")
RESULTS = (*FORWARD_RESULTS, *BACKWARD_RESULTS)
"""What the results of a layer are called; one without filters or a bias has fewer."""
SAME_AXES = {"x": "dL/dx", "w": "dL/dw", "b": "dL/db", "dout": "y"}
"""The result that has the axes of an input, by the input's name."""


class WrongAxes(ValueError):
    """A result whose shape fits the layer's order of axes and not the implementation's own."""


@dataclass(frozen=True, slots=True)
class Layouts:
    """In which order an implementation has the axes of images and of filters.

    Attributes:
        images: the axes of x, y and their gradients, by the letters ``N``, ``C``, ``D``, ``H``,
            ``W``; without ``N`` there is no batch axis.
        filters: the axes of w and its gradient, by ``O`` (filter), ``I`` (channel), ``D``,
            ``H``, ``W``.
    """

    images: str = "NCHW"
    filters: str = "OIHW"


@dataclass(frozen=True, slots=True)
class Unvaried:
    """A parameter that has one value in every run.

    Attributes:
        name: its name.
        value: that value, for people: ``1``, ``the identity``.
        function: what takes it.
        reaches: whether a result may depend on it.
        location: where the function is defined, or an empty string.
    """

    name: str
    value: str
    function: str
    reaches: bool
    location: str = ""


@dataclass(frozen=True, slots=True)
class Varied:
    """A stride or padding that is taken as a pair, or the flag of a bias: what a check varies.

    Attributes:
        name: the name of the parameter.
        role: ``stride``, ``padding`` or ``has_bias``.
        location: where what takes it is defined, or an empty string.
    """

    name: str
    role: str
    location: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """What can be said of an implementation without running it.

    Attributes:
        name: how people call it: ``layers.py: conv_forward_naive, conv_backward_naive``.
        convention: how it is called, in one clause, as it was detected or asked for.
        location: ``file:line:column`` by the name of a result: where the function that
            computes it is defined; a result without a known place is left out.
        layer: the name of the layer that it is checked against.
        told: what tells that it is this layer, where nobody said so.
        framework: what its arrays are.
        layouts: the order of its axes.
        restrictions: conditions on sizes that the signature imposes (``N = 1`` without a batch
            axis, ``S = 1`` without a stride, square shapes), each with its reason in words.
        read_off: the roles of settings that are built into a module and that it tells by itself.
        provides: the results that it computes; one that is not among them is incomplete.
        has_bias: whether it takes a bias; without one, the bias of the layer is 0.
        forward: the name of the forward function, or None where there is none.
        backward: the name of the backward function, or None where there is none.
        unvaried: the parameters that are neither arrays nor sizes of the layer.
        paired: the strides and paddings that may have two different parts.
        bias_flag: the parameter that switches the bias off, or None.
        mode: the flag of instances that tells training from evaluation, or None.
        calls: how often an instance is called, where there are instances, or None.
        fixed: the names of parameters that stay as they are, as the user said.
        absent: the results that were asked for and that nothing computes.
        sought: what was looked for to compute them.
    """

    name: str
    convention: str
    location: Mapping[str, str] = field(default_factory=dict)
    layer: str = field(default_factory=lambda: default_layer().name)
    told: tuple[str, ...] = ()
    framework: Framework = "numpy"
    layouts: Layouts = Layouts()
    restrictions: tuple[tuple[Condition, str], ...] = ()
    read_off: tuple[str, ...] = ()
    provides: tuple[str, ...] = RESULTS
    has_bias: bool = True
    forward: str | None = None
    backward: str | None = None
    unvaried: tuple[Unvaried, ...] = ()
    paired: tuple[Varied, ...] = ()
    bias_flag: Varied | None = None
    mode: Varied | None = None
    calls: Varied | None = None
    fixed: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    sought: str = ""


@dataclass(frozen=True, slots=True)
class Implementation:
    """A forward and a backward pass that are called in one way, whatever their signatures.

    Attributes:
        description: what can be said of it.
        to_own: turn an array of the layer, by its name, into what the functions take: axes
            transposed, a tensor where they take tensors. It never shares memory with the given
            array.
        from_own: turn what the functions return for a result, by its name, into an array of
            the layer; raises `WrongAxes` for an array of another shape that would pass for right,
            and `ValueError` with what is wrong for what is no array.
        run_forward: call the forward pass on own arrays (by name) and sizes (by name); returns
            the results by name, and what the backward pass needs of it (a cache, or None).
        run_backward: call the backward pass on own arrays, sizes, and what the forward pass
            left; returns the results by name, None where it returned None.
    """

    description: Description
    to_own: Callable[[str, np.ndarray], Any]
    from_own: Callable[[str, Any], np.ndarray]
    run_forward: Callable[[Mapping[str, Any], Mapping[str, int]], tuple[dict[str, Any], Any]]
    run_backward: Callable[[Mapping[str, Any], Mapping[str, int], Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Request:
    """Run an implementation once.

    Attributes:
        sizes: every size by name, derived ones included.
        arrays: x, w, b and dout, in the dtype under test.
        repeat: whether to run it a second time on the same arrays and compare.
        traced: whether to run it on symbols instead: ``arrays`` then holds object arrays of
            whole numbers, which number the symbols, and results are object arrays of
            polynomials: ``{(number, ...): coefficient}``, each monomial a sorted tuple.
        backward: whether to run the backward pass after the forward pass.
    """

    sizes: Mapping[str, int]
    arrays: Mapping[str, np.ndarray]
    repeat: bool = False
    traced: bool = False
    backward: bool = True


@dataclass(frozen=True, slots=True)
class RunTrouble:
    """Why a pass gave no results.

    Attributes:
        code: ``raised``: an exception by accident; ``rejected``: it refused these sizes on
            purpose, by an `assert` or a `raise` that names the restriction; ``timeout``;
            ``environment``: the installed Python or its packages lack something;
            ``crashed``: its process ended; ``garbled``:
            what came back is no answer; ``not-run``: something it needs is not there.
        fact: what happened, in one clause: ``AssertionError: width does not work``.
        location: ``file:line`` in the user's own code, or None.
    """

    code: TroubleCode
    fact: str
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass, forward or backward, gave at one request.

    Attributes:
        results: the arrays by name, axes in the layer's order, whatever their shape and dtype.
        trouble: why there are none.
        troubles: why a result is not there though others may be, by its name.
        missing: why a result is not there though the pass ended well, by its name: ``None was
            returned``.
        misshapen: why the shape of a result is wrong where the implementation has another order
            of axes than the layer, by its name.
        modified: the input arrays, by name, that the pass changed in place; ``y`` for what
            the forward pass returned.
        unstable: the results that a second run gave differently.
        seconds: the time that the pass took.
    """

    results: Mapping[str, np.ndarray] = field(default_factory=dict)
    trouble: RunTrouble | None = None
    troubles: Mapping[str, RunTrouble] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    misshapen: Mapping[str, str] = field(default_factory=dict)
    modified: tuple[str, ...] = ()
    unstable: tuple[str, ...] = ()
    seconds: float = 0.0

    def trouble_with(self, result: str) -> RunTrouble | None:
        """Return why a result is not there, where something ended its computation."""
        return self.trouble or self.troubles.get(result)


@dataclass(frozen=True, slots=True)
class RunAnswer:
    """What an implementation gave at one request."""

    forward: Pass
    backward: Pass

    def of(self, result: str) -> Pass:
        """Return the pass that computes a result."""
        return self.forward if result in FORWARD_RESULTS else self.backward
