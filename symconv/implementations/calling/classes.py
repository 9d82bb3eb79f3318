"""Calling a class with a forward and a backward method: constructed anew for every run."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symconv.code.names import (
    ALONE,
    BIAS_ATTRIBUTES,
    CACHE,
    CALLED_BEFORE,
    EVALUATING,
    GRADIENT_DICTIONARIES,
    TRAINING,
    WEIGHT_ATTRIBUTES,
    WITHOUT_BIAS,
    gradient_of,
    plain,
)
from symconv.code.signatures import Signature, location_of
from symconv.errors import UsageError
from symconv.implementations.calling.frameworks import from_tensor
from symconv.implementations.calling.functions import Keys, Passed, Results, values_by_role
from symconv.implementations.calling.results import NoArray, gradients, output_and_cache
from symconv.implementations.model import BACKWARD_RESULTS


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
    keys: Keys
    bias: bool

    def made(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
        """Return a new instance that holds the given weights and bias.

        Raises:
            UsageError: when there is no attribute for them.
        """
        instance = self.constructor.call(self.values(arrays, sizes))
        for role in self._assigned(sizes):
            _assign(attribute_of(instance, role), arrays[role])
        return instance

    def begun(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[Any, Any]:
        """Return a new instance with the given weights that ran forward, and what it returned.

        Weights that a constructor leaves to the first call of forward are set before that call,
        and anew where it makes its own.

        Raises:
            UsageError: when there is no attribute for them, or every call makes them anew.
        """
        instance = self.constructor.call(self.values(arrays, sizes))
        if EVALUATING in sizes:
            _evaluate(instance)
        assigned = self._assigned(sizes)
        late = [role for role in assigned if not is_made(instance, role)]
        for role in assigned:
            if role not in late or _place_of(instance, role) is not None:
                _assign(attribute_of(instance, role), arrays[role])
        _keep_from_gradients(instance, sizes)
        returned = self._forward(instance, self.values(arrays, sizes))
        # Where the constructor made them, what forward does to them is the code's own affair.
        if all(holds(instance, role, arrays[role]) for role in late):
            return instance, returned
        for role in assigned:
            _assign(attribute_of(instance, role), arrays[role])
        returned = self._forward(instance, self.values(arrays, sizes))
        for role in late:
            if not holds(instance, role, arrays[role]):
                raise _made_anew(instance, role)
        return instance, returned

    def late(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> list[str]:
        """Return the arrays that a constructor leaves to the first call of forward."""
        instance = self.constructor.call(self.values(arrays, sizes))
        return [role for role in self._assigned(sizes) if not is_made(instance, role)]

    def _assigned(self, sizes: Mapping[str, int]) -> list[str]:
        """Return the arrays that no call takes, so that an attribute has to hold them."""
        taken = self.constructor.roles | self.forward.roles
        return [role for role in self._inputs(sizes) if role not in taken]

    def _inputs(self, sizes: Mapping[str, int]) -> tuple[str, ...]:
        if self.keys.layer.weights is None:
            return ()
        return ("w", "b") if self.bias and WITHOUT_BIAS not in sizes else ("w",)

    def called(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> tuple[Any, dict[str, Any]]:
        """Run forward on a new instance; return what it gave, and its tensors by input."""
        instance, returned = self._ran(arrays, sizes)
        leaves = {"x": arrays["x"]}
        for role in self._inputs(sizes):
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
    ) -> tuple[Results, tuple[Any, Passed]]:
        """Run forward on a new instance."""
        instance, returned = self._ran(arrays, sizes)
        y, cache = output_and_cache(returned)
        return {"y": y}, (instance, Passed(y, cache))

    def _ran(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[Any, Any]:
        """Run forward on a new instance, after a call on another x where that is asked for."""
        before = sizes.get(CALLED_BEFORE)
        if before is None:
            return self.begun(arrays, sizes)
        # No integer is 1 minus itself.
        other = {**arrays, "x": 1 - arrays["x"]}
        instance, returned = self.begun(other, sizes)
        if before > 1 and self.backward is not None:
            y, cache = output_and_cache(returned)
            values = {**self.values(other, sizes), "y": y, CACHE: cache, "dout": 0 * y + 1}
            _ = self.backward.bound(values, getattr(instance, self.methods[1]))
        return instance, self._forward(instance, self.values(arrays, sizes))

    def run_backward(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int], left: tuple[Any, Passed]
    ) -> Results:
        """Run backward on the instance that ran forward; gradients are returned or attributes."""
        assert self.backward is not None, "autograd was asked for"
        instance, last = left
        values = {**self.values(arrays, sizes), "y": last.y, CACHE: last.cache}
        returned = self.backward.bound(values, getattr(instance, self.methods[1]))
        results = gradients(returned)
        held = {result: get(*place) for result, place in held_gradients(instance)}
        return {
            name: held.get(name, value) if value is None or isinstance(value, NoArray) else value
            for name, value in results.items()
        }

    def values(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
        """Return what can be given to the constructor and the methods, by role."""
        return values_by_role(arrays, sizes, self.keys, bias=self.bias)

    def _forward(self, instance: Any, values: Mapping[str, Any]) -> Any:
        return self.forward.bound(values, getattr(instance, self.methods[0]))


def _evaluate(instance: Any) -> None:
    """Put an instance into evaluation mode."""
    change = getattr(instance, "eval", None)
    if callable(change):
        _ = change()
    else:
        setattr(instance, TRAINING, False)


def _keep_from_gradients(instance: Any, sizes: Mapping[str, int]) -> None:
    """Let nothing but the one input need a gradient by which a run is differentiated."""
    if not any(ALONE.format(name) in sizes for name in ("x", "w", "b")):
        return
    for role in ("w", "b"):
        place = _place_of(instance, role)
        if place is not None and ALONE.format(role) not in sizes:
            # A tensor that was computed from others keeps its history.
            held = get(*place)
            if getattr(held, "is_leaf", False):
                _ = held.requires_grad_(False)


def attribute_of(instance: Any, role: str) -> tuple[Any, str]:
    """Return where an instance holds its weights or its bias: an object or dictionary, a name.

    Raises:
        UsageError: when it holds none.
    """
    place = _place_of(instance, role)
    if place is not None:
        return place
    what = _WORD_BY_ROLE[role]
    have = ", ".join(name for owner, name in places(instance) if owner is instance) or "none"
    raise UsageError(
        f"{type(instance).__qualname__} has no attribute for its {what}; its attributes are {have}",
        code="signature",
        location=location_of(type(instance)),
        help=f"call it {'w or weights' if role == 'w' else 'b or bias'}, or take it in forward",
    )


_WORD_BY_ROLE = {"w": "weights", "b": "bias"}


def _place_of(instance: Any, role: str) -> tuple[Any, str] | None:
    words = WEIGHT_ATTRIBUTES if role == "w" else BIAS_ATTRIBUTES
    known = list(places(instance))
    for word in words:
        for owner, name in known:
            if plain(name) == word and _is_parameter(get(owner, name)):
                return owner, name
    return None


def is_made(instance: Any, role: str) -> bool:
    """Tell whether an instance holds an array already, and not None until forward makes one."""
    place = _place_of(instance, role)
    return place is not None and shape_of(get(*place)) not in ((), (0,))


def holds(instance: Any, role: str, array: Any) -> bool:
    """Tell whether an instance still has the weights or the bias that it was given."""
    place = _place_of(instance, role)
    if place is None:
        return False
    held = get(*place)
    if held is array or getattr(held, "data", None) is array:
        return True
    left, right = _bare(held), _bare(array)
    try:
        return np.shape(left) == np.shape(right) and bool(np.all(np.asarray(left == right)))
    except Exception:
        # Symbols refuse to be compared; another object stands for another value.
        return False


def _made_anew(instance: Any, role: str) -> UsageError:
    what, kind = _WORD_BY_ROLE[role], type(instance)
    return UsageError(
        f"{kind.__qualname__} makes its {what} in forward, at every call: no {what} can be set",
        code="signature",
        location=location_of(kind),
        help=f"make the {what} in the constructor, or in forward only where there are none yet",
    )


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
    # PyTorch's parameters without a size yet refuse to tell their shape, and have data.
    return not isinstance(value, (int, str, tuple, list, dict)) and (
        hasattr(value, "data") or hasattr(value, "shape")
    )


def shape_of(value: Any) -> tuple[int, ...]:
    """Return the shape of what may be an array; a parameter without values yet has none."""
    try:
        return tuple(np.shape(_bare(value)))
    except Exception:
        return ()


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
