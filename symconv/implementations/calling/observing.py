"""Running a pair once to see what it returns: an array, a tuple, a dictionary, or attributes.

Signatures say what a function takes; what it gives shows only when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from symconv.algebra.evaluation import integer_value
from symconv.algebra.indices import Symbol
from symconv.code.names import CACHE
from symconv.errors import NotSupported, UsageError
from symconv.implementations.calling.automatic import double_precision
from symconv.implementations.calling.classes import (
    Class,
    attribute_of,
    attributes,
    get,
    held_gradients,
    holds,
)
from symconv.implementations.calling.classes import places as places_in
from symconv.implementations.calling.functions import Functions, values_by_role
from symconv.implementations.calling.pairs import Pair
from symconv.implementations.calling.results import output_and_cache
from symconv.implementations.model import Implementation
from symconv.layers.layer import Layer

LAYER = "layer"
"""What an instance of a class is called."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What a pair returned, and where an instance of a class holds what.

    Attributes:
        made: whether an instance was made.
        forward: what the forward pass returned; None where that was not seen.
        backward: what each backward function returned; empty where that was not seen.
        weights: where an instance holds ``w`` and ``b`` that it was not given.
        wrapped: the names of those that are held inside another object, under ``data``.
        held: where an instance holds gradients, by result.
    """

    made: bool = False
    forward: Any = None
    backward: tuple[Any, ...] = ()
    weights: Mapping[str, str] = field(default_factory=dict)
    wrapped: frozenset[str] = frozenset()
    held: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObservedSizes:
    """Sizes at which a pair may run.

    Attributes:
        sizes: every size by name.
        both: whether the backward pass may run as well: it came to an end there before.
    """

    sizes: Mapping[str, int]
    both: bool


def observe(pair: Pair, loaded: Implementation, probes: Sequence[ObservedSizes]) -> Observed:
    """Run a pair until both passes have shown what they return, or nothing is left to try.

    Args:
        pair: the pair.
        loaded: the same as an implementation, for the way to its arrays.
        probes: where it runs.

    Raises:
        NotSupported: when an instance holds its weights where no path of names leads.
    """
    best = Observed()
    for probe in probes:
        seen = _observed(pair, loaded, probe)
        if _telling(seen) > _telling(best):
            best = seen
        if best.backward or (best.forward is not None and pair.automatic):
            break
    return best


def _telling(seen: Observed) -> tuple[bool, bool, bool]:
    return bool(seen.backward), seen.forward is not None, seen.made


def _observed(pair: Pair, loaded: Implementation, probe: ObservedSizes) -> Observed:
    shapes = _shapes(pair.axes.layer, probe.sizes)
    own = {name: loaded.to_own(name, np.ones(shape)) for name, shape in shapes.items()}
    with double_precision(own) if pair.framework == "jax" else nullcontext():
        match pair.caller:
            case Functions() as functions:
                return _functions_observed(functions, own, probe)
            case Class() as found:
                return _class_observed(found, own, probe)
            case other:
                raise AssertionError(f"no other kind of code is read: {other}")


def _functions_observed(
    functions: Functions, own: Mapping[str, Any], probe: ObservedSizes
) -> Observed:
    values = values_by_role(own, probe.sizes, functions.keys, bias=functions.bias)
    seen = Observed()
    try:
        if functions.forward is not None:
            returned = functions.forward.call(values)
            seen = replace(seen, forward=returned)
            values["y"], values[CACHE] = output_and_cache(returned)
        if not probe.both:
            return seen
        given = [signature.call(values) for signature in functions.backward.values()]
    except (Exception, SystemExit):
        return seen
    return replace(seen, backward=tuple(given))


def _class_observed(found: Class, own: Mapping[str, Any], probe: ObservedSizes) -> Observed:
    values = found.values(own, probe.sizes)
    try:
        instance = found.made(own, probe.sizes)
    except (Exception, SystemExit):
        return Observed()
    seen = _weights_observed(found, instance)
    try:
        returned = found.forward.bound(values, getattr(instance, found.methods[0]))
        seen = replace(seen, forward=returned)
        if not all(holds(instance, role, own[role]) for role in found.late(own, probe.sizes)):
            raise NotSupported("its weights are made by the first call of forward")
        if found.backward is None or not probe.both:
            return seen
        values["y"], values[CACHE] = output_and_cache(returned)
        gradients = found.backward.bound(values, getattr(instance, found.methods[1]))
    except NotSupported:
        raise
    except (Exception, SystemExit):
        return seen
    held = {result: _path(instance, *place) for result, place in held_gradients(instance)}
    return replace(seen, backward=(gradients,), held=held)


def _weights_observed(found: Class, instance: Any) -> Observed:
    """Say where an instance holds its weights and its bias."""
    weights: dict[str, str] = {}
    wrapped: set[str] = set()
    for role in ("w", "b") if found.bias else ("w",):
        try:
            owner, name = attribute_of(instance, role)
        except UsageError:
            # It went into the constructor or into forward; `made` has seen to that.
            continue
        weights[role] = _path(instance, owner, name)
        current = get(owner, name)
        if not isinstance(owner, dict | np.ndarray) and not isinstance(current, np.ndarray):
            wrapped |= {role} if hasattr(current, "data") else set()
    return Observed(made=True, weights=weights, wrapped=frozenset(wrapped))


def _path(instance: Any, owner: Any, name: str) -> str:
    """Return how a place in an instance is written: ``layer.params["W"]``.

    Raises:
        NotSupported: when no path of names leads there.
    """
    if owner is instance:
        return f"{LAYER}.{name}"
    for attribute, value in attributes(instance):
        if value is owner:
            last = f'["{name}"]' if isinstance(owner, dict) else f".{name}"
            return f"{LAYER}.{attribute}{last}"
    for path, module in getattr(instance, "named_modules", list)():
        if module is owner:
            # The parts of a sequence are numbered.
            parts = [f"[{part}]" if part.isdigit() else f".{part}" for part in path.split(".")]
            return f"{LAYER}{''.join(parts)}.{name}"
    for inner, key in places_in(instance):
        if get(inner, key) is owner:
            return f"{_path(instance, inner, key)}.{name}"
    raise NotSupported(f"{type(instance).__qualname__} holds {name} where no path of names leads")


def _shapes(layer: Layer, sizes: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    scope: dict[Symbol, int] = {size: sizes[size.name] for size in layer.every_size}
    arrays = (layer.input, layer.weights, layer.bias, layer.upstream)
    return {
        one.name: tuple(int(integer_value(extent, scope)) for extent in one.shape)
        for one in arrays
        if one is not None
    }
