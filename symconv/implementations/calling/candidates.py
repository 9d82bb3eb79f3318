"""Which functions and classes of a module may be a forward and a backward pass of a convolution.

Names decide: ``conv_forward_naive`` and ``conv_backward_naive`` go together, ``max_pool_forward``
is another layer. What a module imports from elsewhere is no candidate.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from symconv.code import names
from symconv.code.names import HYPER, PADDING, STRIDE
from symconv.implementations.calling.frameworks import framework_of, is_jax_function, is_torch_class
from symconv.implementations.diagnosing.other_layers import spoken_of
from symconv.implementations.model import BACKWARD_RESULTS

Parts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Passes:
    """Functions that belong together.

    Attributes:
        forward: the name of a forward function or of a class, or None.
        backward: the gradient that each backward function computes and its name; the gradient
            is "" for a function that computes all of them.
    """

    forward: str | None
    backward: Parts = ()


def own_callables(module: ModuleType) -> dict[str, Any]:
    """Return the functions and classes that a module defines itself, each under one name."""
    found: dict[str, Any] = {}
    seen: set[int] = set()
    for value in vars(module).values():
        if is_jax_function(value):
            # The two halves of a rule are called by JAX, not by people.
            seen |= {id(getattr(value, half, None)) for half in ("fwd", "bwd")}
    for name, value in vars(module).items():
        home = str(getattr(value, "__module__", ""))
        if home != module.__name__ and not home.startswith(f"{module.__name__}."):
            continue
        if not callable(value) or not hasattr(value, "__name__") or id(value) in seen:
            continue
        # `conv_forward_fast = conv_forward_strides` is one function, not two.
        seen.add(id(value))
        found[name] = value
    return found


def candidates(
    public: Mapping[str, Any], convention: str | None, *, any_layer: bool = False
) -> list[Passes]:
    """Return the pairs among functions and classes.

    Names are taken ever more freely until there is a pair with both passes. Where there is
    none, what the strictest names gave is returned.

    Args:
        public: functions and classes by name.
        convention: the convention that was asked for, or None.
        any_layer: whether a layer was named, so that names may speak of what they like.
    """
    incomplete: list[Passes] = []
    accepted_names = (*_ACCEPTED, lambda *_: True) if any_layer else _ACCEPTED
    needed = {"x"} if any_layer else {"x", "w"}
    for accepts in accepted_names:
        accepted = {name: value for name, value in public.items() if accepts(name, value)}
        pairs = [Passes(name) for name, value in accepted.items() if _is_layer(value)]
        functions = {n: value for n, value in accepted.items() if not inspect.isclass(value)}
        pairs += _pairs(functions, needed)
        pairs = _of_convention(pairs, public, convention)
        complete = [
            item
            for item in pairs
            if item.forward is not None and (item.backward or inspect.isclass(public[item.forward]))
        ]
        if complete:
            return complete
        incomplete = incomplete or pairs
    return incomplete


_ACCEPTED: tuple[Callable[[str, Any], bool], ...] = (
    lambda name, _: names.is_convolution(name) and not name.startswith("_"),
    lambda name, _: names.is_convolution(name),
    lambda name, _: names.direction_of(name) is not None and not names.is_other(name),
    lambda name, value: (
        not names.is_other(name)
        and (inspect.isclass(value) or bool(_roles(value) & {STRIDE, PADDING, HYPER}))
    ),
    lambda name, _: bool(spoken_of(name)),
)
"""Which names are taken for a convolution, the strictest rule first.

The last one takes other convolutions, ``conv1d_forward``, so that it can be said that they are.
"""


def _pairs(functions: Mapping[str, Any], needed: set[str]) -> list[Passes]:
    """Pair functions by what is left of their names without their direction.

    Args:
        functions: by name.
        needed: the roles without which a function of no said direction is no forward pass.
    """
    directed = {name: names.direction_of(name) for name in functions}
    by_variant: dict[tuple[str, ...], list[str]] = {}
    for name, direction in directed.items():
        if direction == "backward":
            by_variant.setdefault(names.variant_of(name), []).append(name)
    said = [name for name, direction in directed.items() if direction == "forward"]
    taken = {names.variant_of(name) for name in said}
    # ``conv2d`` is the forward pass of ``conv2d_backward``, unless there is ``conv2d_forward``.
    meant = [
        name
        for name, direction in directed.items()
        if direction is None
        and needed <= _roles(functions[name])
        and (not said or names.variant_of(name) in by_variant.keys() - taken)
    ]
    forwards = [name for name in functions if name in {*said, *meant}]
    backwards = [(key, parts) for key, given in by_variant.items() for parts in _choices(given)]
    if len(forwards) == 1 and len(backwards) == 1:
        return [Passes(forwards[0], backwards[0][1])]
    pairs = [
        Passes(name, parts)
        for name in forwards
        for key, parts in backwards
        if key == names.variant_of(name)
    ]
    paired = {item.forward for item in pairs} | {item.backward for item in pairs}
    pairs += [Passes(name) for name in forwards if name not in paired]
    pairs += [Passes(None, parts) for _, parts in backwards if parts not in paired]
    return pairs


def _choices(given: list[str]) -> list[Parts]:
    """Return the choices among backward functions of one variant: whole ones, or one set."""
    by_part: dict[str, list[str]] = {}
    for name in given:
        by_part.setdefault(names.part_of(name) or "", []).append(name)
    whole: list[Parts] = [(("", name),) for name in by_part.pop("", [])]
    # A function for one gradient beside one for all of them is a helper of that one.
    if whole or not by_part:
        return whole
    if all(len(choice) == 1 for choice in by_part.values()) and (
        len(by_part) > 1 or names.is_differential(given[0])
    ):
        return [tuple((key, by_part[key][0]) for key in BACKWARD_RESULTS if key in by_part)]
    # One name that speaks of an input may as well mean the layer's input: it gives all.
    return [(("", name),) for name in given]


def _of_convention(
    pairs: list[Passes], public: Mapping[str, Any], convention: str | None
) -> list[Passes]:
    """Return the pairs that follow the convention that was asked for."""
    if convention is None:
        return pairs
    if convention in ("torch", "jax"):
        forwards = dict.fromkeys(item.forward for item in pairs if item.forward is not None)
        fitting = [
            name
            for name in forwards
            if is_jax_function(public[name]) or framework_of(public[name]) == convention
        ]
        return [Passes(name) for name in fitting or forwards]
    of_kind = [
        item
        for item in pairs
        if (item.forward is not None and inspect.isclass(public[item.forward]))
        == (convention == "class")
    ]
    cached = convention in ("cs231n", "course")
    fitting = [
        item
        for item in of_kind
        if item.forward is not None and (HYPER in _roles(public[item.forward])) == cached
    ]
    # A convention that was asked for also serves names that do not speak of it.
    return of_kind if convention == "class" else fitting or of_kind


def _is_layer(value: Any) -> bool:
    """Tell a class that runs forward and backward, or that autograd differentiates."""
    return inspect.isclass(value) and (
        is_torch_class(value, "module")
        or is_torch_class(value, "function")
        or all(passes_of(value))
    )


def passes_of(given: type) -> tuple[str | None, str | None]:
    """Return the names of a class's forward and backward method, None for what it has not.

    ``forward`` and ``backward`` go first, then the only method whose name says the same:
    ``feed_forward``, ``back_prop``.
    """
    own = [
        name
        for kind in given.__mro__[:-1]
        for name, value in vars(kind).items()
        if callable(value) or isinstance(value, staticmethod | classmethod)
    ]
    found: list[str | None] = []
    for direction in ("forward", "backward"):
        said = [
            name
            for name in dict.fromkeys(own)
            if names.direction_of(name) == direction
            and not names.is_other(name)
            and not name.startswith("__")
        ]
        found.append(direction if direction in own else said[0] if len(said) == 1 else None)
    return found[0], found[1]


def _roles(value: Any) -> set[str | None]:
    """Return what the parameters of a function are for, by their names."""
    try:
        return {names.role_of(name, "forward") for name in inspect.signature(value).parameters}
    except (TypeError, ValueError):
        return set()
