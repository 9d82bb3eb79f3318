"""Calling a pair of functions, or separate functions for each gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from symconv.algebra.evaluation import integer_value
from symconv.algebra.indices import IntegerExpression, IntegerLike, Symbol, as_integer
from symconv.code.names import (
    CACHE,
    DILATION,
    GROUPS,
    HAS_BIAS,
    HYPER,
    KERNEL,
    OUTPUT_PADDING,
    PADDING,
    STRIDE,
    W_SHAPE,
    WITHOUT_BIAS,
    X_SHAPE,
    part_of,
)
from symconv.code.signatures import Signature, name_of, one_number, padding_mode
from symconv.errors import UsageError
from symconv.implementations.calling.results import (
    NoArray,
    gradients,
    no_gradients,
    output_and_cache,
)
from symconv.layers.layer import Layer
from symconv.layers.registry import default_layer

Results = dict[str, Any]
WIDTH = "{}_width"
"""The name of a width's own stride or padding among the sizes of a request."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Under which keys a dictionary of hyperparameters holds the settings of a layer.

    Attributes:
        by_role: the key of each setting, by its role; the stride and the padding have one.
        layer: the layer whose settings they are.
        paired: the roles of those that hold a pair, height first.
        either: the roles of those that may hold one; the others hold one number.
    """

    by_role: Mapping[str, str]
    layer: Layer = field(default_factory=default_layer)
    paired: frozenset[str] = frozenset()
    either: frozenset[str] = frozenset()

    def filled(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the dictionary holds, a number in the place of a pair several times."""
        return {
            key: self._held(role, settings[role])
            for role, key in self.by_role.items()
            if role in settings
        }

    def _held(self, role: str, value: Any) -> Any:
        if role not in self.either:
            return one_number(value)
        is_one = role in self.paired and not isinstance(value, tuple | str)
        return (value,) * len(self.layer.axes) if is_one else value


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
    scope: dict[Symbol, int] = {size: sizes[size.name] for size in keys.layer.every_size}
    settings = settings_by_role(keys.layer, lambda one: int(integer_value(one, scope)))
    for role, size in ((STRIDE, "S"), (PADDING, "P")):
        # What all axes share may still be given to the last with another value.
        width = sizes.get(WIDTH.format(size))
        if width is not None:
            settings[role] = (settings[role], width)
    values: dict[str, Any] = {
        **sizes,
        **arrays,
        **settings,
        HYPER: HyperParameters(keys.filled(settings)),
    }
    for role, name in ((X_SHAPE, "x"), (W_SHAPE, "w")):
        if name in arrays:
            values[role] = tuple(arrays[name].shape)
    values[HAS_BIAS] = bias and WITHOUT_BIAS not in sizes
    if not bias:
        values["b"] = None
    return values


def settings_by_role(layer: Layer, value: Callable[[IntegerExpression], Any]) -> dict[str, Any]:
    """Return the settings of a layer by role: one for all axes, or one for each.

    Args:
        layer: the layer.
        value: what stands for an integer expression in its sizes.
    """

    def of_each(settings: Sequence[IntegerLike]) -> Any:
        different = dict.fromkeys(map(as_integer, settings))
        found = tuple(value(as_integer(one)) for one in settings)
        return found[0] if len(different) == 1 else found

    axes, sizes = layer.axes, {size.name: size for size in layer.given}
    found: dict[str, Any] = {KERNEL: tuple(value(axis.filter) for axis in axes)}
    found |= {axis.filter.name: value(axis.filter) for axis in axes}
    if not axes:
        return found
    found[STRIDE] = of_each([axis.stride for axis in axes])
    found[DILATION] = of_each([axis.dilation for axis in axes])
    found[OUTPUT_PADDING] = of_each([axis.output_padding for axis in axes])
    before, after = ([getattr(a, f"padding_{side}") for a in axes] for side in ("before", "after"))
    found[PADDING] = padding_mode(layer) or of_each(before)
    if before != after and padding_mode(layer) is None:
        sides = tuple((value(one), value(two)) for one, two in zip(before, after, strict=True))
        found[PADDING] = sides[0] if len(sides) == 1 else sides
    groups = "G" if "G" in sizes else "C" if "M" in sizes else None
    found[GROUPS] = 1 if groups is None else value(sizes[groups])
    return found


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
