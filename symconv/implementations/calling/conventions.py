"""A forward and a backward pass, whatever their convention, as one `Implementation`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import islice
from typing import Any, TypeAlias

import numpy as np

from symconv.algebra.indices import Condition, Size, equal
from symconv.code import names
from symconv.code.names import (
    DILATION,
    GROUPS,
    HAS_BIAS,
    HYPER,
    KERNEL,
    OUTPUT_PADDING,
    PADDING,
    STRIDE,
    TRAINING,
    has_own_names,
)
from symconv.code.signatures import OF_EACH_AXIS, Signature, location_of, name_of
from symconv.code.sources import nodes
from symconv.errors import UsageError
from symconv.implementations.calling.automatic import double_precision
from symconv.implementations.calling.classes import Class
from symconv.implementations.calling.frameworks import from_tensor, is_torch_class, to_tensor
from symconv.implementations.calling.layouts import (
    SAME,
    alike,
    array_of,
    restrictions,
    settings_of,
)
from symconv.implementations.calling.meant_layers import meant_layer
from symconv.implementations.calling.pairs import (
    Pair,
    read_autograd_function,
    read_class,
    read_functions,
)
from symconv.implementations.calling.renamed_layers import told_by_shapes
from symconv.implementations.calling.unvaried import unvaried
from symconv.implementations.model import (
    BACKWARD_RESULTS,
    FORWARD_RESULTS,
    Description,
    Implementation,
    Varied,
)
from symconv.implementations.options import CONVENTIONS, CodeOptions
from symconv.layers.layer import Layer

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
    # The order of axes is that of a layer that is not known yet.
    anyhow = replace(options, images=None, filters=None)
    pair = _read_as(forward, backward, anyhow)
    functions = [one for one in (forward, *_parts(backward).values()) if one is not None]
    # A module calls what it computes where it is made.
    computes = forward if pair.automatic else pair.places.get("y")
    meant = meant_layer(functions, computes, pair, options.fixed_names)
    if meant.layer != pair.axes.layer:
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
        restrictions=_restrictions(pair, options),
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


def _restrictions(pair: Pair, options: CodeOptions) -> tuple[tuple[Condition, str], ...]:
    only: dict[str, tuple[Any, str] | None] = {}
    for role, fixed, usual in ((STRIDE, options.stride, 1), (PADDING, options.padding, 0)):
        own = {size.name for size in settings_of(pair.axes.layer, role)}
        lacking = next((group for group in pair.needing if not _takes(group, role, own)), None)
        only[role] = None
        if fixed is not None:
            value = "half of the filter" if fixed == SAME else fixed
            only[role] = (fixed, f"the {role} is fixed at {value}")
        elif lacking is not None:
            reason = _mode(lacking, role) or f"{lacking[0].text} has no {role}"
            only[role] = (usual, reason)
    found = restrictions(
        pair.axes, square=options.square, stride=only[STRIDE], padding=only[PADDING]
    )
    for role, sizes, usual in _other_settings(pair.axes.layer):
        lacking = next((group for group in pair.needing if not _gets(pair, group, role)), None)
        if lacking is not None:
            reason = f"{lacking[0].text} has no {role.replace('_', ' ')}"
            found = (*found, *((equal(size, usual), reason) for size in sizes))
    if options.multiplier is not None:
        if Size("M") not in pair.axes.layer.given:
            raise UsageError(
                f"{pair.axes.layer.name} has no multiplier",
                help='say --layer with the word depthwise, as in --layer "conv2d depthwise"',
            )
        reason = f"each channel has {options.multiplier} filter" + "s" * (options.multiplier > 1)
        found = (*found, (equal(Size("M"), options.multiplier), reason))
    if has_own_names(pair.axes.layer):
        found = (*found, *_not_given(pair))
    for role, text in _numbers(pair):
        found = (*found, *alike(settings_of(pair.axes.layer, role), f"{text} is one number"))
    for signature in pair.signatures:
        kernel = signature.parameter(KERNEL)
        if kernel is not None and kernel.pairs == "number" and not options.square:
            reason = f"{kernel.name} of {name_of(signature.function)} is one number"
            sizes = (axis.filter for axis in pair.axes.layer.axes)
            return (*found, *alike(sizes, reason))
    return found


def _not_given(pair: Pair) -> Iterator[tuple[Condition, str]]:
    """Yield the sizes of a layer of one's own that code cannot know: each is the least."""
    layer = pair.axes.layer
    for size in (one for one in layer.given if one not in told_by_shapes(layer)):
        lacking = (group for group in pair.needing if not _takes(group, "", {size.name}))
        for group in islice(lacking, 1):
            least = layer.minimum.get(size, 1)
            yield equal(size, least), f"{group[0].text} has no {size.name}, taken for {least}"


def _numbers(pair: Pair) -> Iterator[tuple[str, str]]:
    """Yield the settings that are one number for all axes, by role, each with where it stands."""
    for signature in pair.signatures:
        for item in signature.parameters:
            if item.role in OF_EACH_AXIS and not item.takes_pairs:
                yield item.role, f"{item.name} of {name_of(signature.function)}"
    holding = next((one for one in pair.signatures if HYPER in one.roles), None)
    if holding is not None and pair.caller is not None:
        keys = pair.caller.keys
        for role, key in keys.by_role.items():
            if role in OF_EACH_AXIS and role not in keys.either:
                yield role, f"{key!r} of {name_of(holding.function)}"


def _other_settings(layer: Layer) -> Iterator[tuple[str, list[Size], int]]:
    """Yield the settings besides stride and padding: their sizes, and what changes nothing."""
    yield DILATION, settings_of(layer, DILATION), 1
    yield OUTPUT_PADDING, settings_of(layer, OUTPUT_PADDING), 0
    yield GROUPS, [size for size in layer.given if size.name == "G"], 1


def _takes(group: tuple[Signature, ...], role: str, own: set[str]) -> bool:
    return any({role, HYPER, *own} & signature.roles for signature in group)


def _gets(pair: Pair, group: tuple[Signature, ...], role: str) -> bool:
    """Tell whether code is given a setting, as a whole, in a dictionary or axis by axis."""
    layer, keys = pair.axes.layer, pair.caller.keys.by_role if pair.caller else {}
    names_of_axes = {size.name for size in settings_of(layer, role)} if role != GROUPS else set()
    return any(
        ({role, *names_of_axes} & signature.roles) or (HYPER in signature.roles and role in keys)
        for signature in group
    )


def _mode(group: tuple[Signature, ...], role: str) -> str:
    """Say that what should be the padding is a mode by its default, if it is one.

    Raises:
        UsageError: for a mode that does not stand for one number.
    """
    for signature in group:
        for item in signature.parameters:
            if names.role_of(item.name, "forward") != role or not isinstance(item.default, str):
                continue
            if item.default.casefold() != "valid":
                raise UsageError(
                    f"{signature.text}: {item.name} is a mode, not a number",
                    code="signature",
                    location=location_of(signature.function),
                    help="wrap it in a function that takes the padding as a number"
                    + (', or say --layer "conv2d same"' if item.default == "same" else ""),
                )
            return f"{item.name} is {item.default!r} unless it is told otherwise"
    return ""


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
