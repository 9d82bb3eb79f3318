"""Calling a pair of functions, or separate functions for each gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from symconv.code.names import (
    CACHE,
    HAS_BIAS,
    HYPER,
    KERNEL,
    PADDING,
    STRIDE,
    W_SHAPE,
    WITHOUT_BIAS,
    X_SHAPE,
    part_of,
)
from symconv.code.signatures import Signature, name_of
from symconv.errors import UsageError
from symconv.implementations.calling.results import (
    NoArray,
    gradients,
    no_gradients,
    output_and_cache,
)

Results = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Keys:
    """Under which keys a dictionary of hyperparameters holds the stride and the padding.

    Attributes:
        stride: the key of the stride.
        padding: the key of the padding.
        paired: which of the two roles hold a pair, height first.
        either: which of them may hold one.
    """

    stride: str
    padding: str
    paired: frozenset[str] = frozenset()
    either: frozenset[str] = frozenset()

    def filled(self, stride: Any, padding: Any) -> dict[str, Any]:
        """Return what the dictionary holds, a number in the place of a pair twice."""
        return {
            key: (value, value) if role in self.paired and not isinstance(value, tuple) else value
            for key, role, value in (
                (self.stride, STRIDE, stride),
                (self.padding, PADDING, padding),
            )
        }


class HyperParameters(dict[str, Any]):
    """Stride and padding under the keys of a convention; another key is an error that says so."""

    def __missing__(self, key: object) -> Any:
        raise KeyError(f"no key {key!r}: the dictionary holds {' and '.join(self)}")

    def __getattr__(self, name: str) -> Any:
        # Where a small class is usual instead of a dictionary, they are its attributes.
        if name in self:
            return self[name]
        raise AttributeError(f"no attribute {name!r}: there are {' and '.join(self)}")


@dataclass(frozen=True, slots=True)
class Passed:
    """What a forward pass leaves for the backward pass of the same pair."""

    y: Any
    cache: Any


@dataclass(frozen=True, slots=True)
class Functions:
    """A forward function, and one backward function or one for each gradient.

    Attributes:
        forward: the forward function, or None.
        backward: the backward functions by the one gradient that each returns; the key "" is
            a function that returns all of them.
        keys: the keys of stride and padding in a dictionary of hyperparameters.
        bias: whether a bias is given; without, a parameter for it gets None.
    """

    forward: Signature | None
    backward: Mapping[str, Signature]
    keys: Keys
    bias: bool

    def run_forward(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> tuple[Results, Passed | None]:
        """Call the forward function."""
        if self.forward is None:
            return {}, None
        values = values_by_role(arrays, sizes, self.keys, bias=self.bias)
        y, cache = output_and_cache(self.forward.call(values))
        return {"y": y}, Passed(y, cache)

    def run_backward(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int], left: Passed | None
    ) -> Results:
        """Call the backward functions, on the cache that the forward function left."""
        values = values_by_role(arrays, sizes, self.keys, bias=self.bias)
        if left is not None:
            values |= {"y": left.y, CACHE: left.cache}
        results: Results = {}
        for result, signature in self.backward.items():
            if CACHE in signature.roles and values.get(CACHE) is None:
                reason = "the backward pass takes a cache, but the forward pass left none"
                found = no_gradients(reason)
            else:
                returned = signature.call(values)
                found = {result: _single(returned)} if result else _all(signature, returned)
            results |= {result: found[result]} if result else found
        return results


def values_by_role(
    arrays: Mapping[str, Any], sizes: Mapping[str, int], keys: Keys, *, bias: bool
) -> dict[str, Any]:
    """Return what can be given to a parameter, by its role."""
    stride, padding = _by_axis(sizes, "S"), _by_axis(sizes, "P")
    values: dict[str, Any] = {
        **arrays,
        STRIDE: stride,
        PADDING: padding,
        HYPER: HyperParameters(keys.filled(stride, padding)),
        KERNEL: (sizes["HH"], sizes["WW"]),
        **{name: sizes[name] for name in ("C", "F", "HH", "WW")},
    }
    for role, name in ((X_SHAPE, "x"), (W_SHAPE, "w")):
        if name in arrays:
            values[role] = tuple(arrays[name].shape)
    values[HAS_BIAS] = bias and WITHOUT_BIAS not in sizes
    if not bias:
        values["b"] = None
    return values


def _by_axis(sizes: Mapping[str, int], name: str) -> int | tuple[int, int]:
    """Return a stride or padding: a pair where the width has its own."""
    width = sizes.get(f"{name}_width")
    return sizes[name] if width is None else (sizes[name], width)


def _all(signature: Signature, returned: Any) -> Results:
    """Return gradients; one array of ``conv2d_weight`` is the one that its name speaks of."""
    part = part_of(name_of(signature.function))
    if part is None or isinstance(returned, tuple | list | Mapping) or returned is None:
        return gradients(returned)
    found = no_gradients(f"one array was returned, which by the name is {part}")
    return {**found, part: returned}


def _single(returned: Any) -> Any:
    """Return the one gradient that a function for one gradient gives."""
    if isinstance(returned, tuple):
        if len(returned) == 1:
            return returned[0]
        return NoArray(f"{len(returned)} values were returned where one gradient was expected")
    return returned


def check_cache(forward: Signature | None, backward: Mapping[str, Signature]) -> None:
    """Make sure that a backward function that needs a forward pass has one.

    Raises:
        UsageError: when it has none.
    """
    for signature in backward.values():
        needed = [role for role in (CACHE, "y") if role in signature.roles]
        if needed and forward is None:
            what = "the cache" if needed[0] == CACHE else "the output"
            raise UsageError(
                f"{signature.text} takes {what} of a forward pass, and there is none",
                code="no-forward",
                help="name it with --forward NAME",
            )


Run = Callable[[Mapping[str, Any], Mapping[str, int]], tuple[Results, Any]]
RunBack = Callable[[Mapping[str, Any], Mapping[str, int], Any], Results]
