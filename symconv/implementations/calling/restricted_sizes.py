"""Which sizes code can be called at: what it has built in, and what is one number for all axes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from symconv.algebra.indices import Condition, Size, as_integer, equal
from symconv.code import names
from symconv.code.names import (
    DILATION,
    GROUPS,
    HYPER,
    KERNEL,
    OUTPUT_PADDING,
    PADDING,
    STRIDE,
    has_own_names,
)
from symconv.code.signatures import OF_EACH_AXIS, Signature, location_of, name_of
from symconv.errors import UsageError
from symconv.implementations.calling.built_in import DIVISOR
from symconv.implementations.calling.layouts import SAME, alike, restrictions, settings_of
from symconv.implementations.calling.meant_layers import called_pools
from symconv.implementations.calling.pairs import Pair
from symconv.implementations.calling.renamed_layers import told_by_shapes
from symconv.implementations.options import CodeOptions
from symconv.layers.layer import Layer


def restricted_sizes(pair: Pair, options: CodeOptions) -> tuple[tuple[Condition, str], ...]:
    """Return what holds of the sizes at which a pair can be called, each with its reason.

    Raises:
        UsageError: for an option that the layer has no place for, or a setting that is built in
            and that the layer has not.
    """
    layer, inside = pair.axes.layer, pair.built_in
    known = read_off(pair, options)
    only: dict[str, tuple[Any, str] | None] = {}
    for role, fixed, usual in ((STRIDE, options.stride, 1), (PADDING, options.padding, 0)):
        own = {size.name for size in settings_of(pair.axes.layer, role)}
        lacking = next((group for group in pair.needing if not _takes(group, role, own)), None)
        only[role] = None
        if fixed is not None:
            value = "half of the filter" if fixed == SAME else fixed
            only[role] = (fixed, f"the {role} is fixed at {value}")
        elif lacking is not None and role not in known:
            reason = _mode(lacking, role) or f"{lacking[0].text} has no {role}"
            only[role] = (usual, reason)
    found = restrictions(
        pair.axes, square=options.square, stride=only[STRIDE], padding=only[PADDING]
    )
    if inside is not None:
        found = (*found, *(one for role in known for one in inside.conditions(layer, role)))
    for role, sizes, usual in _other_settings(layer):
        if role in known:
            continue
        lacking = next((group for group in pair.needing if not _gets(pair, group, role)), None)
        if lacking is not None:
            reason = f"{lacking[0].text} has no {role.replace('_', ' ')}"
            found = (*found, *((equal(size, usual), reason) for size in sizes))
    if KERNEL not in known:
        found = (*found, *_window(pair, options))
    found = (*found, *_limits_of_torch(pair))
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


def _limits_of_torch(pair: Pair) -> Iterator[tuple[Condition, str]]:
    """Yield what PyTorch's own pooling asks of the padding, where that is what computes y."""
    layer = pair.axes.layer
    if pair.framework != "torch" or layer.weights is not None or "y" not in pair.places:
        return
    if pair.built_in is None and not any(called_pools([pair.places["y"]])):
        return
    for axis in layer.axes:
        if axis.padding_before in layer.given:
            why = "PyTorch pads by at most half of the window of pooling"
            yield 2 * as_integer(axis.padding_before) <= axis.filter, why


def read_off(pair: Pair, options: CodeOptions) -> tuple[str, ...]:
    """Return the roles of settings that a module tells and that nobody gives or says."""
    said = {STRIDE: options.stride, PADDING: options.padding, KERNEL: options.window}
    settings = () if pair.built_in is None else pair.built_in.settings
    return tuple(r for r in settings if said.get(r) is None and not _is_given(pair, r))


def _window(pair: Pair, options: CodeOptions) -> Iterator[tuple[Condition, str]]:
    """Yield the one size of the window of pooling that is built in, or that nothing tells.

    Raises:
        UsageError: for a window of a layer whose weights have its size.
    """
    layer = pair.axes.layer
    if layer.weights is not None or not layer.axes:
        if options.window is not None:
            raise UsageError(
                f"the window of {layer.name} is as large as its weights",
                help="leave out the option for the window",
            )
        return
    own = {axis.filter.name for axis in layer.axes}
    lacking = next((group for group in pair.needing if not _takes(group, KERNEL, own)), None)
    if options.window is None and lacking is None:
        return
    why = f"the window is fixed at {options.window}"
    if options.window is None and lacking is not None:
        why = f"{lacking[0].text} has no size of its window"
    for axis in layer.axes:
        yield equal(axis.filter, options.window or 1), why


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


def _is_given(pair: Pair, role: str) -> bool:
    """Tell whether everything that needs a setting is given it."""
    if role not in (KERNEL, DIVISOR):
        return all(_gets(pair, group, role) for group in pair.needing)
    own = {"V"} if role == DIVISOR else {axis.filter.name for axis in pair.axes.layer.axes}
    return all(_takes(group, role, own) for group in pair.needing)


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
