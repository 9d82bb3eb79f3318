"""Calling a class with a forward and a backward method: constructed anew for every run."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symconv.errors import SymconvError, UsageError
from symconv.implementations.frameworks import from_tensor
from symconv.implementations.functions import Left, Results, values_by_role
from symconv.implementations.model import BACKWARD_RESULTS
from symconv.implementations.names import (
    BIAS_ATTRIBUTES,
    CACHE,
    GRADIENT_DICTIONARIES,
    WEIGHT_ATTRIBUTES,
    gradient_of,
    plain,
)
from symconv.implementations.results import gradients, output_and_cache
from symconv.implementations.signatures import Signature, location_of

_SAMPLE = {"N": 1, "C": 3, "H": 5, "W": 5, "F": 2, "HH": 4, "WW": 4, "S": 1, "P": 0}
"""Sizes that tell the axes of weights apart."""


@dataclass(frozen=True, slots=True)
class Class:
    """A class whose instances hold weights, and run forward and backward.

    Attributes:
        constructor: how an instance is made.
        forward: its forward method.
        backward: its backward method, or None where autograd differentiates.
        methods: how the two methods are called.
        keys: the keys of stride and padding in a dictionary of hyperparameters.
        bias: whether a bias is given.
    """

    constructor: Signature
    forward: Signature
    backward: Signature | None
    methods: tuple[str, str]
    keys: tuple[str, str]
    bias: bool

    def made(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
        """Return a new instance that holds the given weights and bias.

        Raises:
            UsageError: when there is no attribute for them.
        """
        instance = self.constructor.call(self.values(arrays, sizes))
        taken = self.constructor.roles | self.forward.roles
        for role in ("w", "b"):
            if role not in taken and (role == "w" or self.bias):
                _assign(attribute_of(instance, role), arrays[role])
        return instance

    def called(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> tuple[Any, dict[str, Any]]:
        """Run forward on a new instance; return what it gave, and its tensors by input."""
        instance = self.made(arrays, sizes)
        returned = self._forward(instance, self.values(arrays, sizes))
        leaves = {"x": arrays["x"]}
        for role in ("w", "b") if self.bias else ("w",):
            if role in self.forward.roles:
                leaves[role] = arrays[role]
                continue
            try:
                leaves[role] = get(*attribute_of(instance, role))
            except UsageError:
                # It went into the constructor, which keeps it in a place of its own.
                leaves[role] = arrays[role]
        return returned, leaves

    def run_forward(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> tuple[Results, tuple[Any, Left]]:
        """Run forward on a new instance."""
        instance = self.made(arrays, sizes)
        y, cache = output_and_cache(self._forward(instance, self.values(arrays, sizes)))
        return {"y": y}, (instance, Left(y, cache))

    def run_backward(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int], left: tuple[Any, Left]
    ) -> Results:
        """Run backward on the instance that ran forward; gradients are returned or attributes."""
        assert self.backward is not None, "autograd was asked for"
        instance, last = left
        values = {**self.values(arrays, sizes), "y": last.y, CACHE: last.cache}
        returned = self.backward.bound(values, getattr(instance, self.methods[1]))
        results = gradients(returned)
        held = {result: get(*place) for result, place in held_gradients(instance)}
        return {name: held.get(name) if value is None else value for name, value in results.items()}

    def values(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
        """Return what can be given to the constructor and the methods, by role."""
        return values_by_role(arrays, sizes, self.keys, bias=self.bias)

    def _forward(self, instance: Any, values: Mapping[str, Any]) -> Any:
        return self.forward.bound(values, getattr(instance, self.methods[0]))


def attribute_of(instance: Any, role: str) -> tuple[Any, str]:
    """Return where an instance holds its weights or its bias: an object or dictionary, a name.

    Raises:
        UsageError: when it holds none.
    """
    words = WEIGHT_ATTRIBUTES if role == "w" else BIAS_ATTRIBUTES
    known = list(places(instance))
    for word in words:
        for owner, name in known:
            if plain(name) == word and _is_parameter(get(owner, name)):
                return owner, name
    what = "weights" if role == "w" else "bias"
    have = ", ".join(name for owner, name in known if owner is instance) or "none"
    raise UsageError(
        f"{type(instance).__qualname__} has no attribute for its {what}; its attributes are {have}",
        code="signature",
        location=location_of(type(instance)),
        help=f"call it {'w or weights' if role == 'w' else 'b or bias'}, or take it in forward",
    )


@dataclass(frozen=True, slots=True)
class Sample:
    """What one small instance tells of a class.

    Attributes:
        filters: the axes of its weights, or None.
        bias: the axes of its bias, or None.
        has_bias: whether it has one.
    """

    filters: str | None = None
    bias: str | None = None
    has_bias: bool = True


def sample(candidate: Class, arrays: Mapping[str, Any]) -> Sample:
    """Make one small instance and look at its weights.

    A constructor that raises tells nothing here; it will raise again where it counts.

    Args:
        candidate: the class.
        arrays: arrays of the sizes of `_SAMPLE` for a constructor that takes them.

    Raises:
        UsageError: when the instance has no attribute for its weights.
    """
    taken = candidate.constructor.roles | candidate.forward.roles
    if {"w", "b"} <= taken:
        return Sample()
    try:
        instance = candidate.constructor.call(candidate.values(arrays, _SAMPLE))
    except SymconvError:
        raise
    except Exception:
        return Sample()
    filters = bias = None
    if "w" not in taken:
        owner, name = attribute_of(instance, "w")
        shape = tuple(np.shape(_bare(get(owner, name))))
        filters = _filter_axes(shape)
    has_bias = "b" in taken
    if not has_bias:
        try:
            owner, name = attribute_of(instance, "b")
        except UsageError:
            return Sample(filters, None, False)
        shape = tuple(np.shape(_bare(get(owner, name))))
        has_bias = True
        if sorted(shape) == [1] * (len(shape) - 1) + [_SAMPLE["F"]]:
            bias = ",".join("F" if size > 1 else "1" for size in shape)
    return Sample(filters, bias, has_bias)


def sample_arrays() -> dict[str, np.ndarray]:
    """Return arrays of the sizes at which a class is looked at."""
    N, C, F, H, W, HH, WW = (_SAMPLE[name] for name in ("N", "C", "F", "H", "W", "HH", "WW"))
    return {"x": np.zeros((N, C, H, W)), "w": np.zeros((F, C, HH, WW)), "b": np.zeros(F)}


def _filter_axes(shape: tuple[int, ...]) -> str | None:
    F, C, HH = _SAMPLE["F"], _SAMPLE["C"], _SAMPLE["HH"]
    by_size = {F: "O", C: "I"}
    if sorted(shape) != sorted((F, C, HH, HH)):
        return None
    spatial = iter("HW")
    return "".join(by_size[size] if size in by_size else next(spatial) for size in shape)


def places(instance: Any) -> Iterator[tuple[Any, str]]:
    """Yield where something may be held: attributes, parameters of a module, dictionaries."""
    if hasattr(instance, "named_parameters"):
        for path, _ in instance.named_parameters():
            *owners, name = path.split(".")
            owner = instance
            for part in owners:
                owner = getattr(owner, part)
            yield owner, name
    for name, value in attributes(instance):
        yield instance, name
        if isinstance(value, dict):
            yield from ((value, key) for key in value if isinstance(key, str))


def attributes(instance: Any) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of what an instance has of its own."""
    slots = [
        name
        for kind in type(instance).__mro__
        for name in (
            [kind.__slots__]
            if isinstance(getattr(kind, "__slots__", ()), str)
            else getattr(kind, "__slots__", ())
        )
        if hasattr(instance, name)
    ]
    for name in (*getattr(instance, "__dict__", ()), *slots):
        yield name, getattr(instance, name)


def get(owner: Any, name: str) -> Any:
    """Return what an object or a dictionary holds under a name."""
    return owner[name] if isinstance(owner, dict) else getattr(owner, name)


def _is_parameter(value: Any) -> bool:
    """Tell what may hold weights: arrays, None before the first run, objects around an array."""
    if value is None or isinstance(value, (np.ndarray, float)):
        return True
    return not isinstance(value, (int, str, tuple, list, dict)) and (
        hasattr(value, "shape") or hasattr(value, "data")
    )


def _bare(value: Any) -> Any:
    if isinstance(value, np.ndarray) or hasattr(value, "detach"):
        return from_tensor(value)
    return getattr(value, "data", value)


def _assign(place: tuple[Any, str], array: Any) -> None:
    owner, name = place
    current = get(owner, name)
    if isinstance(owner, dict):
        owner[name] = array
    elif not isinstance(current, np.ndarray) and hasattr(current, "data"):
        # An object around an array: a Parameter of PyTorch, or somebody's own.
        current.data = array
    else:
        setattr(owner, name, array)


def held_gradients(instance: Any) -> Iterator[tuple[str, tuple[Any, str]]]:
    """Yield where an instance holds gradients: an object or dictionary, a name.

    Less telling places come first.
    """
    for role, result in (("w", "dL/dw"), ("b", "dL/db")):
        try:
            owner, name = attribute_of(instance, role)
        except UsageError:
            continue
        parameter = get(owner, name)
        if getattr(parameter, "grad", None) is not None:
            yield result, (parameter, "grad")
    for name, value in attributes(instance):
        if isinstance(value, dict) and plain(name) in GRADIENT_DICTIONARIES:
            for key in value:
                result = gradient_of(key) or _BY_KEY.get(plain(key))
                if result is not None:
                    yield result, (value, key)
        elif gradient_of(name) in BACKWARD_RESULTS and not inspect.ismethod(value):
            yield str(gradient_of(name)), (instance, name)


_BY_KEY = {
    **dict.fromkeys(WEIGHT_ATTRIBUTES, "dL/dw"),
    **dict.fromkeys(BIAS_ATTRIBUTES, "dL/db"),
}
