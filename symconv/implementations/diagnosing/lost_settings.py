"""Settings of a layer that code may have lost: what its own loops give without them.

A dilation taken for 1, the strides of two axes exchanged, an output padding left out, a crop
that is missing: the layer's loops are run with the other setting, and what they give is compared
with what came back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from symconv.algebra.evaluation import integer_value
from symconv.algebra.indices import Size, Symbol
from symconv.implementations.diagnosing.cases import Case
from symconv.implementations.diagnosing.symptoms import Produced, Suspect
from symconv.layers.layer import Layer, Loop

_WORDS = {"Z": "depth", "H": "height", "W": "width"}
Change = Callable[[Mapping[str, int]], Mapping[str, int]]
"""Gives sizes their other values, by name."""


def lost_settings(layer: Layer, result: str) -> Iterator[Suspect]:
    """Yield what a result is with a setting lost or exchanged, the likeliest first."""
    loops = [loop for loop in layer.loops if loop.computes == result]
    if not loops:
        return
    for name, phrase, change in _changes(layer):
        said = f"the correct one, except that {phrase}"
        yield Suspect(name, said, partial(_run, layer, loops[0], change))
    if "G" in {size.name for size in layer.given}:
        said = (
            "the correct one, except that the offset of the group is dropped: every group "
            "takes the channels of the first"
        )
        yield Suspect("group-offset-dropped", said, partial(_of_first_group, layer, loops[0]))


def _changes(layer: Layer) -> Iterator[tuple[str, str, Change]]:
    for what, neutral in (("dilation", 1), ("stride", 1), ("output_padding", 0)):
        sizes = _own(layer, what)
        text, name = what.replace("_", " "), what.replace("_", "-")
        if sizes:
            phrase = f"the {text} is dropped: it is {neutral}"
            yield f"{name}-dropped", phrase, partial(_set, sizes, neutral)
        for axis, size in _by_axis(layer, what) if len(sizes) > 1 else ():
            phrase = f"the {text} along the {axis} is dropped: it is {neutral}"
            yield f"{name}-dropped", phrase, partial(_set, [size], neutral)
    for what in ("stride", "dilation", "output_padding", "padding_before", "padding_after"):
        for (axis, one), (other_axis, other) in combinations(_by_axis(layer, what), 2):
            if one != other:
                phrase = (
                    f"the {what.replace('_', ' ')} of {axis} and {other_axis} are exchanged "
                    f"({one} and {other})"
                )
                yield "axes-swapped", phrase, partial(_exchange, one, other)
    yield from _crops(layer)
    strides, dilations = (dict(_by_axis(layer, what)) for what in ("stride", "dilation"))
    both = [(strides[axis], dilations[axis]) for axis in strides if axis in dilations]
    if both:
        phrase = "stride and dilation are exchanged"
        yield "stride-for-dilation", phrase, partial(_exchange_all, both)
    for axis, size in _by_axis(layer, "output_padding"):
        phrase = f"the output padding along the {axis} is larger by 1"
        yield "output-padding-wrong", phrase, partial(_add, size, 1)


def _crops(layer: Layer) -> Iterator[tuple[str, str, Change]]:
    transposed = any(axis.transposed for axis in layer.axes)
    before, after = _own(layer, "padding_before"), _own(layer, "padding_after")
    verb = "cut off" if transposed else "added"
    name = "crop-missing" if transposed else "padding-dropped"
    if before or after:
        phrase = f"the padding is not {verb}"
        yield name, phrase, partial(_set, [*before, *after], 0)
    if before and after and before != after:
        yield name, f"the padding before is not {verb}", partial(_set, before, 0)
        yield name, f"the padding after is not {verb}", partial(_set, after, 0)
        both = list(zip(before, after, strict=False))
        phrase = "the paddings before and after are exchanged"
        yield "sides-swapped", phrase, partial(_exchange_all, both)


def _own(layer: Layer, what: str) -> list[Size]:
    return list(dict.fromkeys(size for _, size in _by_axis(layer, what)))


def _by_axis(layer: Layer, what: str) -> list[tuple[str, Size]]:
    """Return a setting of each axis that has it as a size of its own."""
    found = [(axis.input.name, getattr(axis, what)) for axis in layer.axes]
    return [
        (_WORDS.get(name, name), size)
        for name, size in found
        if isinstance(size, Size) and size in layer.given
    ]


def _set(sizes: Sequence[Size], value: int, _given: Mapping[str, int]) -> Mapping[str, int]:
    return {size.name: value for size in sizes}


def _add(size: Size, more: int, given: Mapping[str, int]) -> Mapping[str, int]:
    return {size.name: given[size.name] + more}


def _exchange(one: Size, other: Size, given: Mapping[str, int]) -> Mapping[str, int]:
    return {one.name: given[other.name], other.name: given[one.name]}


def _exchange_all(
    pairs: Sequence[tuple[Size, Size]], given: Mapping[str, int]
) -> Mapping[str, int]:
    return {name: value for pair in pairs for name, value in _exchange(*pair, given).items()}


def _run(layer: Layer, loop: Loop, change: Change, case: Case) -> Produced:
    """Run loops with other settings; the arrays keep their shapes."""
    changed = {**case.sizes, **change(case.sizes)}
    if loop.computes == str(layer.output):
        scope: dict[Symbol, int] = {size: changed[size.name] for size in layer.given}
        for derived in layer.derived:
            # An output of no positions is what code gives there.
            scope[derived.size] = max(0, int(integer_value(derived.value, scope) // 1))
        changed = {size.name: value for size, value in scope.items()}
    return _looped(loop, case.arrays, changed)


def _looped(loop: Loop, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> Produced:
    given = [arrays[name] if name in arrays else sizes[name] for name in loop.arguments]
    return np.asarray(loop.function(*given))


def _of_first_group(layer: Layer, loop: Loop, case: Case) -> Produced:
    """Let every group take what the first one should."""
    groups = case.sizes["G"]
    transposed = any(axis.transposed for axis in layer.axes)
    # What windows are read from, and the results that are added to there.
    read, added = ("dout", "y") if transposed else ("x", "dL/dx")
    arrays = dict(case.arrays)
    if loop.computes != added:
        arrays[read] = _repeated(arrays[read], groups)
        return _looped(loop, arrays, case.sizes)
    if transposed and "b" in arrays:
        arrays["b"] = np.zeros_like(arrays["b"])
    found = _looped(loop, arrays, case.sizes)
    assert isinstance(found, np.ndarray), "loops give an array"
    first = found.shape[1] // groups
    parts = found.reshape(found.shape[0], groups, first, *found.shape[2:])
    gathered = np.zeros_like(found)
    gathered[:, :first] = parts.sum(axis=1)
    if transposed and "b" in case.arrays:
        gathered = gathered + case.arrays["b"].reshape(-1, *[1] * (found.ndim - 2))
    return gathered


def _repeated(array: np.ndarray, groups: int) -> np.ndarray:
    first = array.shape[1] // groups
    return np.concatenate([array[:, :first]] * groups, axis=1)
