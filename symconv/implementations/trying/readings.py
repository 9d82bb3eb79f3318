"""What code may be meant as, where it is wrong nearly everywhere as it was first taken.

Axes in another order, no batch axis, a bias of another shape, a stride that is built in: before
code is called wrong, it is run as each of these. Where y is then right, entry by entry, the code
was only taken for something else. Where it computes another layer, it is compared with that, and
where there is none to compare it with, nothing is refuted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from symconv.algebra.indices import IntegerExpression, Size, equal
from symconv.code.names import KERNEL
from symconv.errors import SymconvError
from symconv.implementations.calling.layouts import BIAS, SAME, Axes, Padding, own_order
from symconv.implementations.calling.processes import Runner
from symconv.implementations.diagnosing.other_layers import other_layers
from symconv.implementations.model import RESULTS, Description, Request
from symconv.implementations.trying.inputs import draw, leave_out_bias, plan, smaller
from symconv.implementations.trying.reference import reference_at
from symconv.implementations.trying.shape_classes import ShapeClass
from symconv.layers.layer import Layer, Sizes
from symconv.layers.registry import default_layer
from symconv.verdicts import Note

SHARE_THAT_COUNTS = 4
"""Where y is right at less than one of so many shapes, the code may be meant otherwise."""
MOST_PROBES = 4
_SEED = 7
_MOST_FIXED = 6


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to take code.

    Attributes:
        options: what has to be said for it, as of `CodeOptions`.
        axes: the order of axes.
        stride: the only stride, or None.
        padding: the only padding, or half of the filter, or None.
        window: the only size of the window of pooling along each axis, or None.
        multiplier: the only number of filters of a channel, or None.
        result: the result by which it is told.
    """

    options: Mapping[str, Any]
    axes: Axes
    stride: int | None = None
    padding: Padding | None = None
    window: int | None = None
    multiplier: int | None = None
    result: str = "y"

    @property
    def flags(self) -> str:
        """How the command line says it."""
        flags = {
            "images": "--images {}",
            "filters": "--filters {}",
            "bias_shape": "--bias-shape {}",
            "batch": "--no-batch",
            "stride": "--stride {}",
            "padding": "--padding {}",
            "window": "--window {}",
            "multiplier": "--multiplier {}",
            "layer": '--layer "{}"',
        }
        return " ".join(flags[key].format(value) for key, value in self.options.items())

    def note(self, why: str = "") -> Note:
        """Say that the code is taken this way, and why: because it is right where none is given."""
        right = f"without, {self.result} is wrong nearly everywhere, and with it right"
        return Note("reading", f"taken with {self.flags}: {why or right}")


def readings(layer: Layer, said: Mapping[str, Any], description: Description) -> Iterator[Reading]:
    """Yield other ways to take code, the plainest first; what the user said stays as it is.

    Args:
        layer: the layer that it is taken for.
        said: what the user said of the code, by the names of `CodeOptions`.
        description: the code.
    """
    free_axes = not {"images", "filters", "batch", "convention"} & {*said}
    first, *others = _layouts(layer)
    layouts = [first, *(others if free_axes else ())]
    free_bias = "bias_shape" not in said and description.has_bias
    biases = _biases(layer) if free_bias else (BIAS,)
    batches = (True, False) if free_axes else (True,)
    # With one filter for each channel there are as many filters as channels.
    free_multiplier = "multiplier" not in said and Size("M") in layer.given
    multipliers = (None, 1) if free_multiplier else (None,)
    for multiplier, batch, (images, filters), bias in product(
        multipliers, batches, layouts, biases
    ):
        named: dict[str, Any] = {}
        if (images, filters) != first:
            named |= {"images": images, "filters": filters}
        if not batch:
            named["batch"] = False
        if bias != BIAS:
            named["bias_shape"] = bias
        if multiplier is not None:
            named["multiplier"] = multiplier
        own = images if batch else images.replace("N", "")
        if named:
            yield Reading(named, Axes(own, filters, bias, layer), multiplier=multiplier)
    if not layer.axes:
        return
    (axis, *_) = layer.axes
    fixed = {
        "stride": _only(description, axis.stride),
        "padding": _only(description, axis.padding_before),
        "window": _only(description, axis.filter),
    }
    built_in = {key for key, value in fixed.items() if value is not None} - {*said}
    if KERNEL in description.read_off:
        # What pads or thins out around the layer of a module is no part of that; its window is.
        built_in.discard("window")
    paddings: tuple[Padding | None, ...] = (fixed["padding"],)
    if "padding" in built_in:
        # A padding of half the filter goes with any filter, and not with the one of pooling.
        paddings = (0, 1, 2, 3) if "window" in built_in else (0, SAME, 1, 2, 3)
    windows = (2, 3, 4, 5) if "window" in built_in else (fixed["window"],)
    strides = (2, 3, 1, 4, 5) if "window" in built_in else (2, 3, 1)
    strides = strides if "stride" in built_in else (fixed["stride"],)
    for padding, window, stride in product(paddings, windows, strides):
        named = {"window": window, "stride": stride, "padding": padding}
        yield Reading(
            {key: named[key] for key in sorted(built_in, reverse=True)},
            Axes(layer=layer),
            stride=stride,
            padding=padding,
            window=window,
        )


def _layouts(layer: Layer) -> Iterator[tuple[str, str]]:
    """Yield orders of axes of images and of filters, the layer's own first."""
    own = own_order(layer)
    outer, inner = own.filters[:2]
    yield own.images, own.filters
    for filters in (own.filters_last, own.filters, f"{outer}{own.spatial}{inner}"):
        yield own.images_last, filters
    for filters in (own.filters_last, f"{inner}{outer}{own.spatial}"):
        yield own.images, filters


def _biases(layer: Layer) -> Iterable[str]:
    """Return the shapes of a bias that people add to an output."""
    ones = ["1"] * len(layer.axes)
    around = (["F"], ["F", "1"], ["1", "F"], ["F", *ones], ["1", "F", *ones])
    shapes = (*around, ["1", *ones, "F"], ["F", "1", *ones])
    return dict.fromkeys(",".join(shape) for shape in shapes)


def _only(description: Description, size: IntegerExpression) -> int | None:
    """Return the one value of a size that code takes, as its signature has it."""
    limits = [condition for condition, _ in description.restrictions]
    return next((value for value in range(_MOST_FIXED) if equal(size, value) in limits), None)


class ReadingProbe:
    """Runs code as something else than it was taken for.

    Args:
        layer: the layer that it was taken for.
        runner: runs the code with the layer's own order of axes, so that arrays reach it as
            they are given.
        description: the code.
        places: the shapes that it was tried at.
    """

    def __init__(
        self, layer: Layer, runner: Runner, description: Description, places: list[ShapeClass]
    ) -> None:
        self._layer = layer
        self._runner = runner
        self._description = description
        counts = [name for name in ("C", "F") if Size(name) in layer.every_size]
        telling = [one.sizes for one in places if all(one.sizes[name] > 1 for name in counts)]
        # With a 1x1 filter much is right that is wrong elsewhere, so it tells least.
        telling.sort(key=lambda sizes: all(sizes[axis.filter.name] == 1 for axis in layer.axes))
        self._sizes = telling[:MOST_PROBES]

    def agrees(self, reading: Reading) -> bool:
        """Tell whether its result is right everywhere when the code is taken that way."""
        tried = 0
        for sizes in self._sizes:
            try:
                own = self._as_read(sizes, reading)
            except SymconvError:
                # No filter fits into the image there.
                continue
            tried += 1
            if not self._right(own, reading):
                return False
        return tried > 0

    def layer(self) -> str:
        """Return the other layer that the code computes, or an empty string."""
        names: set[str] | None = None
        if self._layer != default_layer():
            return ""
        for number, sizes in enumerate(self._sizes):
            source = np.random.default_rng(_SEED + number)
            S, P = sizes.given["S"], sizes.given["P"]
            matching = {
                one.name
                for one in other_layers(S, P, source, bias=self._description.has_bias)
                if self._gives({**sizes, **one.sizes}, one.arrays, one.y)
            }
            names = matching if names is None else names & matching
            if not names:
                return ""
        return min(names) if names else ""

    def _as_read(self, sizes: Sizes, reading: Reading) -> Sizes:
        same = reading.padding == SAME
        changes = {} if reading.multiplier is None else {"M": reading.multiplier}
        for axis in self._layer.axes:
            if reading.stride is not None:
                changes[str(axis.stride)] = reading.stride
            if reading.window is not None:
                name = axis.input.name
                changes[axis.filter.name] = reading.window
                changes[name] = max(sizes[name], 2 * reading.window + 1)
            if same:
                changes |= {axis.filter.name: 3, str(axis.padding_before): 1}
            elif isinstance(reading.padding, int):
                changes[str(axis.padding_before)] = reading.padding
        changed = {name: changes.get(name, value) for name, value in sizes.given.items()}
        return self._layer.sizes("", **changed)

    def _right(self, sizes: Sizes, reading: Reading) -> bool:
        result = telling_result(self._description)
        reference = reference_at(self._layer, sizes)
        small = smaller(plan(self._layer, sizes, "float64", reference.longest_sum))
        drawn = draw(self._layer, sizes, small, _SEED)
        if not self._description.has_bias:
            leave_out_bias(self._layer, drawn)
        wanted = reference.values(drawn, small.most, twice=False)[result]
        own = {name: reading.axes.to_own(name, array) for name, array in drawn.items()}
        return self._gives(sizes, own, reading.axes.to_own(result, wanted), result)

    def _gives(
        self,
        sizes: Mapping[str, int],
        arrays: Mapping[str, np.ndarray],
        wanted: np.ndarray,
        result: str = "y",
    ) -> bool:
        given = {name: np.asarray(array, dtype=np.float64) for name, array in arrays.items()}
        _ = given.setdefault("dout", np.zeros(wanted.shape))
        answer = self._runner.run(Request(dict(sizes), given))
        got = answer.of(result).results.get(result)
        return got is not None and got.shape == wanted.shape and bool((got == wanted).all())


def telling_result(description: Description) -> str:
    """Return the result that tells how code is meant: y, or the first gradient without a y."""
    return next((name for name in RESULTS if name in description.provides), "y")
