"""The layers that symconv ships, by name: the one door to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any, Final, Literal

from symconv.algebra.expressions import Array
from symconv.algebra.indices import Size
from symconv.errors import UsageError
from symconv.layers.convolution.builder import build
from symconv.layers.convolution.frame import LayerFrame
from symconv.layers.convolution.member_choices import (
    WORDS,
    Choices,
    Padding,
    PaddingMode,
    Stride,
    Words,
    refused,
)
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Layer, Vocabulary
from symconv.layers.pooling import POOLING_WORDS, PoolingChoices, build_pooling

NAMES: Final = (
    *(f"conv{axes}d" for axes in (2, 1, 3)),
    *(f"conv_transpose{axes}d" for axes in (1, 2, 3)),
    *(f"avg_pool{axes}d" for axes in (1, 2, 3)),
    "linear",
)
"""The names of the layers; words behind a name choose more: ``conv2d dilation groups``."""

FAMILY: Final = (
    *("conv1d", "conv2d", "conv3d"),
    *(f"conv{axes}d strides sides dilation groups" for axes in (1, 2, 3)),
    *("conv1d valid", "conv2d unstrided same", "conv2d strides same", "conv1d causal dilation"),
    *("conv1d unstrided causal", "conv2d valid no_bias", "conv2d strides paddings"),
    *("conv1d circular", "conv2d circular", "conv2d reflect", "conv2d sides replicate"),
    *("conv1d depthwise", "conv2d dilation depthwise", "conv3d depthwise"),
    *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    *(f"conv_transpose{axes}d strides sides dilation groups output_padding" for axes in (1, 2, 3)),
    *("conv_transpose2d output_padding", "conv_transpose2d depthwise"),
    *("avg_pool1d", "avg_pool2d", "avg_pool3d", "avg_pool2d strides paddings exclude_padding"),
    *("avg_pool1d ceil", "avg_pool2d exclude_padding ceil"),
    *("linear", "linear no_bias"),
)
"""The members that stand for the whole family: each choice, alone and with others."""


def default_layer() -> Layer:
    """Return the layer that is meant where none is named."""
    return conv2d()


def default_vocabulary() -> Vocabulary:
    """Return what the symbols of the default layer stand for."""
    vocabulary = default_layer().vocabulary
    assert vocabulary is not None, "the default layer says what its symbols stand for"
    return vocabulary


def convolution(
    axes: int = 2,
    *,
    stride: Stride = "shared",
    padding: Padding = "shared",
    mode: PaddingMode = "zeros",
    dilation: bool = False,
    groups: bool = False,
    depthwise: bool = False,
    transposed: bool = False,
    output_padding: bool = False,
    bias: bool = True,
) -> Layer:
    """Return a convolution of the family that one builder makes.

    Without any choice it is the post's layer, `conv2d`.

    Args:
        axes: the number of spatial axes, 1 to 3, or 0 for the affine layer.
        stride: ``"shared"`` by all axes (S), of ``"each axis"`` (Sh, Sw), or ``"none"``.
        padding: ``"shared"`` (P), of ``"each axis"`` (Ph, Pw) or ``"each side"`` (Ph0 before,
            Ph1 after), ``"none"``, or by a formula: ``"same"``, ``"same lower"``, ``"causal"``.
        mode: what the padding holds: ``"zeros"``, ``"circular"``, ``"reflect"``, ``"replicate"``.
        dilation: whether each axis has a dilation (Dh, Dw).
        groups: whether channels and filters are divided into G groups.
        depthwise: whether each channel has M filters of its own.
        transposed: whether the layer is the adjoint of the convolution, with a bias.
        output_padding: whether a transposed layer has an output padding (Oh, Ow).
        bias: whether there is a bias.

    Shapes:
        x: (N, C, H, W); w: (F, C/G, HH, WW), transposed (C, F/G, HH, WW); b: (F,);
        y and dout: (N, F, Hh, Hw). One axis has W alone, three have Z, H and W.

    Raises:
        UsageError: for a choice that is not known, and for choices that contradict each other.
    """
    if groups and depthwise:
        raise UsageError(
            "a depthwise layer has as many groups as channels",
            code="contradicting-choices",
            help="leave groups out",
        )
    if not axes and (stride, padding) == ("shared", "shared"):
        stride = padding = "none"
    channels: Literal["dense", "groups", "depthwise"] = (
        "depthwise" if depthwise else "groups" if groups else "dense"
    )
    return _convolution(
        Choices(axes, stride, padding, mode, dilation, channels, transposed, output_padding, bias)
    )


def average_pooling(
    axes: int = 2,
    *,
    stride: Stride = "shared",
    padding: Padding = "shared",
    dilation: bool = False,
    count_include_pad: bool = True,
    divisor_override: bool = False,
    ceil_mode: bool = False,
) -> Layer:
    """Return average pooling; see `PoolingChoices`.

    Shapes:
        x: (N, C, H, W); y and dout: (N, C, Hh, Hw). One axis has W alone, three Z, H and W.

    Raises:
        UsageError: for a choice that is not known.
    """
    divisor = "given" if divisor_override else "positions" if count_include_pad else "inputs"
    return _pooling(PoolingChoices(axes, stride, padding, dilation, divisor, ceil_mode))


def layer_by_name(name: str) -> Layer:
    """Return a layer by its name and the words behind it: ``conv2d dilation groups``.

    Raises:
        UsageError: when there is none of that name, a word is not known, or words contradict
            each other.
    """
    choices = choices_by_name(name)
    return _pooling(choices) if isinstance(choices, PoolingChoices) else _convolution(choices)


def choices_by_name(name: str) -> Choices | PoolingChoices:
    """Return what a name with words chooses, and build nothing; raises as `layer_by_name`."""
    stem, *words = name.split() or [""]
    if ".py" in name:
        raise UsageError(
            f"{name} is a file, and no name of a layer",
            code="unknown-layer",
            help="name a file on the command line: --layer FILE.py:NAME",
        )
    if stem not in NAMES:
        near = get_close_matches(stem, NAMES, n=2, cutoff=0.6)
        known = f"the layers are {', '.join(NAMES)}; without one, declare sizes and arrays"
        raise UsageError(
            f"unknown layer {stem!r}",
            code="unknown-layer",
            help=f"did you mean {' or '.join(near)}?" if near else known,
        )
    chosen = _chosen(stem, words, words_of(stem))
    if stem == "linear":
        return Choices(0, "none", "none", **chosen)
    axes = int(stem[-2])
    if stem.startswith("avg_pool"):
        return PoolingChoices(axes, **chosen)
    return Choices(axes, transposed="transpose" in stem, **chosen)


def words_of(name: str) -> Words:
    """Return the words that may stand behind a name, some of which contradict others."""
    if name == "linear":
        return {"no_bias": WORDS["no_bias"]}
    return POOLING_WORDS if name.startswith("avg_pool") else WORDS


def _chosen(stem: str, words: Iterable[str], table: Words) -> dict[str, Any]:
    """Return the choices that the words behind a name make."""
    chosen: dict[str, str] = {}
    for word in words:
        if word not in table:
            near = get_close_matches(word, table, n=2, cutoff=0.5)
            raise UsageError(
                f"{stem} has no choice {word!r}",
                code="unknown-layer",
                help=f"did you mean {' or '.join(near)}?"
                if near
                else f"choose of {', '.join(table)}",
            )
        earlier = chosen.setdefault(table[word][0], word)
        if earlier != word:
            raise refused(f"{earlier} and {word} choose the same thing", "leave one of the two out")
    return {choice: table[word][1] for choice, word in chosen.items()}


@cache
def _convolution(choices: Choices) -> Layer:
    return conv2d() if choices == Choices() else build(LayerFrame(choices))


@cache
def _pooling(choices: PoolingChoices) -> Layer:
    return build_pooling(choices)


def layer_with(arrays: Iterable[Array], sizes: Iterable[Size]) -> Layer | None:
    """Return the layer that has all of the arrays, by name and shape, and all sizes.

    A size that the layer without words does not have tells the word that brings it. What
    nothing tells is left at its default; see `layers_alike`.
    """
    wanted, needed = list(arrays), set(sizes)
    for name in NAMES:
        plain = layer_by_name(name)
        ranks = {array.name: len(array.shape) for array in plain.array_by_name.values()}
        if any(ranks.get(array.name) != len(array.shape) for array in wanted):
            continue
        told = {_word_by_size(name).get(size, "") for size in needed.difference(plain.every_size)}
        layer = plain if not told else _possible(f"{name} {' '.join(told)}") if all(told) else None
        if layer is not None and needed.issubset(layer.every_size) and _has(layer, wanted):
            return layer
    return None


def layers_alike(layer: Layer, arrays: Iterable[Array]) -> Iterator[Layer]:
    """Yield the layers, a word away, that have the same sizes and these arrays too.

    Nothing that is said of arrays and sizes tells them apart, such as what the padding holds.
    """
    stem, *words = layer.name.split()
    table, wanted = words_of(stem), list(arrays)
    for word, (choice, _) in table.items():
        others = (other for other in words if table[other][0] != choice)
        other = _possible(" ".join((stem, *others, word)))
        if other is None or other is layer or {*other.every_size} != {*layer.every_size}:
            continue
        if _has(other, wanted):
            yield other


@cache
def _word_by_size(name: str) -> dict[Size, str]:
    """Return the first word behind a name that brings a size along, by the size."""
    found: dict[Size, str] = {}
    for word in words_of(name):
        layer = _possible(f"{name} {word}")
        for size in () if layer is None else layer.every_size:
            _ = found.setdefault(size, word)
    return found


def _possible(name: str) -> Layer | None:
    """Return the layer of a name, or None where its words contradict each other."""
    try:
        return layer_by_name(name)
    except UsageError:
        return None


def _has(layer: Layer, wanted: Iterable[Array]) -> bool:
    return all(layer.array_by_name.get(array.name) == array for array in wanted)
