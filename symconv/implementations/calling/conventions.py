"""A forward and a backward pass, whatever their convention, as one `Implementation`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeAlias

import numpy as np

from symconv.code.names import (
    HAS_BIAS,
    HYPER,
    PADDING,
    STRIDE,
    TRAINING,
)
from symconv.code.signatures import location_of, name_of
from symconv.code.sources import nodes
from symconv.errors import UsageError
from symconv.implementations.calling.automatic import double_precision
from symconv.implementations.calling.classes import Class
from symconv.implementations.calling.frameworks import (
    as_class,
    from_tensor,
    is_torch_class,
    to_tensor,
)
from symconv.implementations.calling.layouts import (
    array_of,
)
from symconv.implementations.calling.meant_layers import meant_layer, pooling
from symconv.implementations.calling.pairs import (
    Pair,
    read_autograd_function,
    read_class,
    read_functions,
)
from symconv.implementations.calling.restricted_sizes import read_off, restricted_sizes
from symconv.implementations.calling.unvaried import unvaried
from symconv.implementations.model import (
    BACKWARD_RESULTS,
    FORWARD_RESULTS,
    Description,
    Implementation,
    Varied,
)
from symconv.implementations.options import CONVENTIONS, CodeOptions

__all__ = ["CONVENTIONS", "Backward", "implementation", "wrap"]

Backward: TypeAlias = (
    Callable[..., Any] | Sequence[Callable[..., Any]] | Mapping[str, Callable[..., Any]] | None
)
"""One function for all gradients; one for each, in the order dx, dw, db, or by result."""

_AUTOMATIC = {"torch": ", gradients by autograd", "jax": ", gradients by jax.vjp"}


def wrap(
    forward: Callable[..., Any] | None,
    backward: Backward = None,
    *,
    name: str = "",
    **options: Any,
) -> Implementation:
    """Wrap a forward and a backward pass so that both are called in one way.

    Args:
        forward: a function, a class, or None where only a backward pass is there.
        backward: a function, one for each gradient, or None.
        name: what stands before the names of the functions where people read them.
        **options: see `CodeOptions`.

    Raises:
        UsageError: for options or signatures that do not fit.
    """
    known = [field.name for field in fields(CodeOptions)]
    unknown = [key for key in options if key not in known]
    if unknown:
        raise UsageError(f"unknown option {', '.join(unknown)}", help=f"known: {', '.join(known)}")
    return implementation(forward, backward, CodeOptions(**options), name=name)


def implementation(
    forward: Any,
    backward: Backward,
    options: CodeOptions,
    *,
    name: str = "",
    shown: Mapping[str, str] | None = None,
    sought: str = "",
) -> Implementation:
    """Wrap a pair as `wrap` does, with its options in one object.

    Args:
        forward: as in `wrap`.
        backward: as in `wrap`.
        options: what was said of the pair.
        name: as in `wrap`.
        shown: how files are called, by their paths.
        sought: where functions were looked for and by which names, if they were.

    Raises:
        UsageError: for options or signatures that do not fit.
    """
    pair, told = _read(forward, backward, options)
    options = replace(options, layer=pair.axes.layer)
    description = _description(pair, options, name, shown or {}, sought)
    return _joined(pair, replace(description, told=told))


def read_pair(forward: Any, backward: Backward, options: CodeOptions) -> Pair:
    """Read how a forward and a backward pass are called, whatever they are.

    Raises:
        UsageError: for options or signatures that do not fit.
    """
    return _read(forward, backward, options)[0]


def _read(forward: Any, backward: Backward, options: CodeOptions) -> tuple[Pair, tuple[str, ...]]:
    """Read a pair as the layer that was said or is told, and what tells it."""
    if options.layer is not None:
        return _read_as(forward, backward, options), ()
    module, forward = forward, as_class(forward)
    functions = [one for one in (forward, *_parts(backward).values()) if one is not None]
    # The order of axes is that of a layer that is not known yet.
    anyhow = replace(options, images=None, filters=None, layer=pooling(functions, module))
    pair = _read_as(forward, backward, anyhow)
    # A module calls what it computes where it is made.
    computes = forward if pair.automatic else pair.places.get("y")
    meant = meant_layer(functions, computes, pair, options.fixed_names)
    if meant.reasons or meant.layer != pair.axes.layer:
        try:
            return _read_as(forward, backward, replace(options, layer=meant.layer)), meant.reasons
        except UsageError:
            # What does not fit is said of the usual layer.
            pass
    return pair if options == anyhow else _read_as(forward, backward, options), ()


def _read_as(forward: Any, backward: Backward, options: CodeOptions) -> Pair:
    """Read how a forward and a backward pass are called for a layer.

    Raises:
        UsageError: for options or signatures that do not fit.
    """
    options.check()
    forward = as_class(forward)
    parts = _parts(backward)
    _check_callable([item for item in (forward, *parts.values()) if item is not None])
    if is_torch_class(forward, "function"):
        return read_autograd_function(forward, options)
    if inspect.isclass(forward):
        if parts:
            raise UsageError(
                f"{name_of(forward)} is a class, which has its own backward pass",
                help="give the class alone",
            )
        return read_class(forward, options)
    first = forward if forward is not None else next(iter(parts.values()))
    options.refuse(("class",), f"{name_of(first)} is a function")
    return read_functions(forward, parts, options)


def _joined(pair: Pair, description: Description) -> Implementation:
    """Join a pair with the way to its arrays and back."""
    axes, framework = pair.axes, pair.framework

    def to_own(name: str, array: np.ndarray) -> Any:
        own = axes.to_own(name, array)
        if framework != "jax":
            return to_tensor(framework, own)
        with double_precision({name: own}):
            return to_tensor(framework, own)

    def from_own(name: str, value: Any) -> np.ndarray:
        return axes.from_own(name, array_of(from_tensor(value)))

    return Implementation(description, to_own, from_own, pair.run_forward, pair.run_backward)


def _description(
    pair: Pair, options: CodeOptions, name: str, shown: Mapping[str, str], sought: str
) -> Description:
    wanted = tuple(name for name in options.results if pair.has_bias or name != "dL/db")
    computed = {*pair.places, *(FORWARD_RESULTS if pair.forward else ())}
    provides = tuple(name for name in wanted if name in computed)
    # Who gives a backward pass alone asks for gradients.
    optional = () if sought or options.only or not pair.backward else FORWARD_RESULTS
    absent = tuple(name for name in wanted if name not in {*computed, *optional})
    placed = {result: location_of(pair.places[result], shown) for result in provides}
    functions = ", ".join(item for item in (pair.forward, pair.backward) if item)
    return Description(
        name=f"{name}: {functions}" if name else functions,
        convention=_clause(pair),
        location={result: place for result, place in placed.items() if place},
        layer=options.meant.name,
        framework=pair.framework,
        layouts=pair.axes.described,
        restrictions=restricted_sizes(pair, options),
        read_off=read_off(pair, options),
        provides=provides,
        has_bias=pair.has_bias,
        forward=pair.forward,
        backward=pair.backward,
        unvaried=unvaried(pair.signatures, shown),
        paired=tuple(_paired(pair, shown)),
        bias_flag=_bias_flag(pair, shown),
        mode=_mode_of(pair, shown),
        calls=_calls(pair, shown),
        fixed=_fixed(pair, options),
        absent=absent,
        sought=sought,
    )


def _paired(pair: Pair, shown: Mapping[str, str]) -> Iterator[Varied]:
    """Yield the strides and paddings that everything that is given them takes as pairs."""
    for role in (STRIDE, PADDING):
        taking = [
            (signature, item)
            for signature in pair.signatures
            for item in signature.parameters
            if item.role == role
        ]
        if taking and all(item.takes_pairs for _, item in taking):
            signature, item = taking[0]
            yield Varied(item.name, role, location_of(signature.function, shown))
        holding = next((one for one in pair.signatures if HYPER in one.roles), None)
        keys = None if pair.caller is None else pair.caller.keys
        if not taking and holding is not None and keys is not None and role in keys.either:
            key = keys.by_role[role]
            yield Varied(key, role, location_of(holding.function, shown))


def _bias_flag(pair: Pair, shown: Mapping[str, str]) -> Varied | None:
    """Return the parameter that switches the bias off, where the bias is given."""
    for signature in pair.signatures if pair.has_bias else ():
        flag = signature.parameter(HAS_BIAS)
        if flag is not None:
            return Varied(flag.name, HAS_BIAS, location_of(signature.function, shown))
    return None


def _mode_of(pair: Pair, shown: Mapping[str, str]) -> Varied | None:
    """Return the flag of training of a class whose source asks for it."""
    if not isinstance(pair.caller, Class):
        return None
    given = pair.caller.constructor.function
    asks = any(isinstance(one, ast.Attribute) and one.attr == TRAINING and
               isinstance(one.ctx, ast.Load) for one in nodes(given))  # fmt: skip
    return Varied(TRAINING, TRAINING, location_of(given, shown)) if asks else None


def _calls(pair: Pair, shown: Mapping[str, str]) -> Varied | None:
    if not isinstance(pair.caller, Class):
        return None
    return Varied("calls", "calls", location_of(pair.caller.constructor.function, shown))


def _fixed(pair: Pair, options: CodeOptions) -> tuple[str, ...]:
    """Return the names of parameters that stay as they are, as the user said.

    Raises:
        UsageError: for a name that no parameter has.
    """
    known = {
        name
        for signature in pair.signatures
        for name in (
            *(item.name for item in signature.parameters),
            *(item.key for item in signature.settings),
            *signature.stars,
        )
    }
    known |= {TRAINING} if _mode_of(pair, {}) else set()
    unknown = [name for name in options.fixed_names if name not in known]
    if unknown:
        raise UsageError(
            f"no parameter is called {' or '.join(unknown)}",
            help=f"the parameters are {', '.join(sorted(known))}",
        )
    return options.fixed_names


def _clause(pair: Pair) -> str:
    """Say how a pair is called: the convention, the signatures, and what was guessed."""
    calls = " and ".join(item.text for item in pair.signatures)
    guessed = [
        f"{item.name} for {item.role}"
        for signature in pair.signatures
        for item in signature.parameters
        if item.name in signature.guessed
    ]
    supplied = {
        f"{item.name} is {item.supplied}": None
        for signature in pair.signatures
        for item in signature.parameters
        if item.supplied
    }
    return (
        f"{pair.convention.name}: {calls}"
        + (f", called so that {' and '.join(supplied)}" if supplied else "")
        + (_AUTOMATIC[pair.framework] if pair.automatic else "")
        + (f"; taken by their order: {', '.join(guessed)}" if guessed else "")
    )


def _parts(backward: Backward) -> dict[str, Any]:
    """Return the backward functions by the gradient that each computes; "" is for all."""
    if backward is None:
        return {}
    if isinstance(backward, Mapping):
        unknown = [str(key) for key in backward if key not in BACKWARD_RESULTS]
        if unknown:
            raise UsageError(
                f"unknown gradient {', '.join(unknown)}",
                help=f"the gradients are {', '.join(BACKWARD_RESULTS)}",
            )
        return {key: backward[key] for key in BACKWARD_RESULTS if key in backward}
    if isinstance(backward, Sequence) and not isinstance(backward, str):
        if len(backward) > len(BACKWARD_RESULTS):
            raise UsageError(
                f"{len(backward)} backward functions were given",
                help="give one, or those of dx, dw and db in this order",
            )
        return dict(zip(BACKWARD_RESULTS, backward, strict=False))
    return {"": backward}


def _check_callable(given: list[Any]) -> None:
    if not given:
        raise UsageError(
            "neither a forward nor a backward pass was given",
            help="give forward=..., backward=..., or both",
        )
    for item in given:
        kind = type(item).__qualname__
        if not callable(item) and not hasattr(item, "forward"):
            raise UsageError(
                f"a value of type {kind} cannot be called",
                code="signature",
                help="give functions, or one class",
            )
        if not inspect.isclass(item) and hasattr(item, "forward"):
            raise UsageError(
                f"an instance of {kind} has its stride and padding already",
                code="signature",
                help=f"give the class {kind}, which is then constructed at every shape",
            )
