"""Which layer somebody's code computes, as its names, its signature and its source tell.

The rank comes from how the shape of w is taken apart, else from names such as
``conv1d_forward``, else from the functions of a framework that are called. A parameter for a
dilation, groups or an output padding on which a result can depend is a setting of the layer, so
that it is varied; groups that are as many as the channels make a depthwise layer. Where nothing
tells more, the layer is the usual one.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from symconv.code import names
from symconv.code.names import (
    CHANNELS,
    DILATION,
    GROUPS,
    HYPER,
    OUTPUT_PADDING,
    PADDING,
    STRIDE,
    is_setting,
)
from symconv.code.signatures import Signature, name_of
from symconv.code.sources import nodes, with_helpers
from symconv.errors import UsageError
from symconv.implementations.calling.built_in import built_in
from symconv.implementations.calling.pairs import Pair
from symconv.implementations.calling.unvaried import can_reach
from symconv.layers.layer import Layer
from symconv.layers.registry import default_layer, layer_by_name

_CALLED = re.compile(r"(?:lazy)?conv(_?transpose)?([123])d(?:_input|_weight)?")
_POOLS = re.compile(r"(?:avg|average|mean)pool(?:ing)?([123]d)?")
_OTHER_POOLS = frozenset(("adaptive", "global", "max", "fractional"))
_RANK = re.compile(r"([123])d")
_TRANSPOSED = frozenset(
    ("transpose", "transposed", "transpose1d", "transpose2d", "transpose3d", "deconv")
)
_WEIGHTS = ("w", "W", "weight", "weights", "kernel", "kernels", "filters", "k")
_INPUTS = ("x", "X", "input", "inputs", "A_prev", "a_prev")


@dataclass(frozen=True, slots=True)
class MeantLayer:
    """The layer that code is taken for.

    Attributes:
        layer: the layer.
        reasons: what tells it, in words; empty for the usual layer.
    """

    layer: Layer
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kind:
    axes: int = 2
    transposed: bool = False
    depthwise: bool = False
    pooling: bool = False
    reasons: tuple[str, ...] = ()

    @property
    def is_usual(self) -> bool:
        others = self.transposed or self.depthwise or self.pooling
        return self.axes == 2 and not others

    def named(self, words: Iterable[str]) -> str:
        stem = "conv_transpose" if self.transposed else "avg_pool" if self.pooling else "conv"
        depthwise = ("depthwise",) if self.depthwise else ()
        return " ".join((f"{stem}{self.axes}d", *words, *depthwise))


def meant_layer(functions: list[Any], forward: Any, pair: Pair, fixed: Iterable[str]) -> MeantLayer:
    """Return the layer that code is taken for.

    Args:
        functions: the forward and the backward pass, or their class.
        forward: the function or method of the forward pass, or None.
        pair: how they are called as a layer without further settings.
        fixed: the parameters that always stay as they are.
    """
    kind = _kind(functions, forward, pair)
    reasons = list(kind.reasons)
    words: list[str] = []
    if pair.built_in is not None:
        taken = {role for one in pair.signatures for role in one.roles}
        for word, why in pair.built_in.words(taken):
            words.append(word)
            reasons.append(why)
    settings = [DILATION, *([] if kind.depthwise or kind.pooling else [GROUPS])]
    settings += [OUTPUT_PADDING] if kind.transposed else []
    for role in (role for role in settings if role not in words):
        taken = _taken(pair, role, {*fixed})
        if taken is not None:
            words.append(role)
            reasons.append(f"{taken} is varied")
    if kind.is_usual and not words:
        return MeantLayer(default_layer())
    for role, word in ((STRIDE, "strides"), (PADDING, "paddings")):
        items = [item for one in pair.signatures for item in one.parameters if item.role == role]
        if word in words or "same" in words:
            continue
        if kind.axes > 1 and items and all(item.takes_pairs for item in items):
            words.append(word)
    try:
        return MeantLayer(layer_by_name(kind.named(words)), tuple(reasons))
    except UsageError:
        return MeantLayer(default_layer())


def _taken(pair: Pair, role: str, fixed: set[str]) -> str | None:
    """Return the parameter for a setting where everything that needs it takes it."""
    found = [[*_parameters(group, role, fixed)] for group in pair.needing]
    if not found or not all(found):
        return None
    return next((name for group in found for name, reaches in group if reaches), None)


def _parameters(
    group: Iterable[Signature], role: str, fixed: set[str]
) -> Iterator[tuple[str, bool]]:
    """Yield the parameters that are a setting, and whether a result can depend on each."""
    for signature in group:
        for item in signature.parameters:
            free = item.name not in fixed and item.role in (None, role)
            if free and is_setting(item.name, role):
                yield item.name, can_reach(signature.function, item.name)
        for setting in signature.settings:
            if setting.key not in fixed and is_setting(setting.key, role):
                yield setting.key, HYPER in signature.roles


def pooling(functions: list[Any], module: Any) -> Layer | None:
    """Return the average pooling that code is by its names, or by what alone it calls or is.

    Args:
        functions: the forward and the backward pass, or their class.
        module: what the forward pass is where it is made already, or None.
    """
    inside = built_in(module)
    if inside is not None:
        return layer_by_name(f"avg_pool{inside.axes}d") if inside.stem == "avg_pool" else None
    ranks = {rank for one in functions for rank in pools(name_of(one))}
    if not ranks and not any(_called(functions)):
        ranks = {*called_pools(functions)}
    given = {rank for rank in ranks if rank}
    if not ranks or len(given) > 1:
        return None
    axes = given.pop() if given else _axes(functions, [])[0]
    return layer_by_name(f"avg_pool{axes}d")


def called_pools(functions: list[Any]) -> Iterator[int]:
    """Yield the numbers of axes of the average poolings of a framework that functions call."""
    for function in with_helpers(functions):
        for node in nodes(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield from filter(None, pools(node.func.attr))


def pools(name: str) -> Iterator[int]:
    """Yield the number of axes of the average pooling that a name speaks of; 0 for untold."""
    words = names.tokens(name)
    if _OTHER_POOLS.isdisjoint(words) and not any(word.startswith("conv") for word in words):
        for found in _POOLS.finditer("".join(words)):
            yield int((found.group(1) or "0")[0])


def _kind(functions: list[Any], forward: Any, pair: Pair) -> _Kind:
    """Tell the rank of a layer, whether it is transposed, and whether it is depthwise."""
    inside, layer = pair.built_in, pair.axes.layer
    if inside is not None:
        transposed, pooled = (inside.stem == stem for stem in ("conv_transpose", "avg_pool"))
        told = () if inside.stem == "conv" and inside.axes == 2 else (f"it has one {inside.kind}",)
        return _Kind(inside.axes, transposed, pooling=pooled, reasons=told)
    if layer.weights is None:
        return _Kind(len(layer.axes), pooling=True, reasons=("its name or what it calls says so",))
    spoken = [word for one in functions for word in names.tokens(name_of(one))]
    reasons: list[str] = []
    axes, why = _axes(functions, spoken)
    transposed = bool(_TRANSPOSED & {*spoken}) or "deconvolution" in spoken
    if not transposed and forward is not None:
        # What a backward pass calls is the other way round.
        called = [*_called([forward])]
        transposed = bool(called) and all(found.group(1) for found in called)
    depthwise = "depthwise" in spoken or _groups_are_channels(functions)
    if axes != 2:
        reasons.append(why)
    if transposed:
        reasons.append("it is transposed by its name or by what it calls")
    if depthwise:
        reasons.append("each channel has filters of its own")
    return _Kind(axes, transposed, depthwise, reasons=tuple(reasons))


def _axes(functions: list[Any], spoken: list[str]) -> tuple[int, str]:
    for names_of, what in ((_WEIGHTS, "w"), (_INPUTS, "x")):
        ranks = {rank for one in functions for rank in _unpacked(one, names_of)}
        if what == "x":
            # Three parts may be an image of two axes without a batch.
            ranks -= {3}
        if len(ranks) == 1:
            rank = ranks.pop()
            return rank - 2, f"the shape of {what} has {rank} parts"
    said = (found for word in spoken if (found := _RANK.search(word)))
    ranks = {int(found.group(1)) for found in said}
    if len(ranks) == 1:
        return ranks.pop(), "its name says so"
    called = [*_called(functions)]
    ranks = {int(found.group(2)) for found in called}
    if len(ranks) == 1:
        return ranks.pop(), f"it calls {called[0].group(0)}"
    return 2, ""


def _unpacked(function: Any, names_of: Iterable[str]) -> Iterator[int]:
    """Yield into how many names the shape of an array is taken apart: ``F, C, K = w.shape``."""
    for node in nodes(function):
        match node:
            case ast.Assign(
                targets=[ast.Tuple(elts=targets)],
                value=ast.Attribute(value=ast.Name(id=name), attr="shape"),
            ) if name in names_of and 3 <= len(targets) <= 5:
                if not any(isinstance(target, ast.Starred) for target in targets):
                    yield len(targets)
            case _:
                continue


def _called(functions: list[Any]) -> Iterator[re.Match[str]]:
    """Yield the framework's convolutions that functions call, or that a module is one of."""
    for kind in (base for one in functions if inspect.isclass(one) for base in one.__mro__[1:]):
        found = _CALLED.fullmatch(kind.__name__.casefold())
        if found is not None:
            yield found
    for function in with_helpers(functions):
        for node in nodes(function):
            if isinstance(node, ast.Call):
                last = ast.unparse(node.func).rpartition(".")[2]
                found = _CALLED.fullmatch(last.casefold())
                if found is not None and isinstance(node.func, ast.Attribute):
                    yield found


def _groups_are_channels(functions: list[Any]) -> bool:
    """Tell whether groups are given as the number of channels: ``groups=x.shape[1]``."""
    return any(
        isinstance(node, ast.keyword) and node.arg == "groups" and _is_channels(node.value)
        for function in with_helpers(functions)
        for node in nodes(function)
    )


def _is_channels(node: ast.expr) -> bool:
    match node:
        case ast.Subscript(value=ast.Attribute(attr="shape"), slice=ast.Constant(value=1 | -3)):
            return True
        case ast.Call(func=ast.Attribute(attr="size"), args=[ast.Constant(value=1)]):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return names.role_of(name, "forward") == CHANNELS
        case _:
            return False
