"""The classes of shapes at which code is tried: every case of its index conditions once.

A class asks for a few conditions (rows left over, padding 0, and meaningful pairs) and is as
general as it can be in everything else: several images, channels and filters, all different
in number, nothing square, a stride that divides, windows that overlap, padding that is
smaller than the filter. So code that fails in a class fails for what the class is named
after, or in every class. Its sizes are its smallest member: least sum, then lexicographic in
the layer's order of sizes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from symconv.algebra.indices import (
    Condition,
    Size,
    condition_integers,
    conjuncts,
    equal,
    symbols,
)
from symconv.concrete.columns import Scope, condition_formula, integer_formula
from symconv.implementations.trying.features import (
    COLUMNS_LEFT_OVER,
    COLUMNS_UNSEEN,
    LARGER_THAN_THE_IMAGE,
    ONE_BY_ONE,
    ONE_POSITION,
    ROWS_LEFT_OVER,
    ROWS_UNSEEN,
    differ,
)
from symconv.layers.convolution.forward import HEIGHT, HH, WIDTH, WW, C, F, H, Hh, Hw, N, P, S, W
from symconv.layers.convolution.two_dimensional import conv2d
from symconv.layers.layer import Sizes

Columns: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShapeClass:
    """Shapes that make the same index conditions come out in the same way.

    Attributes:
        name: what the class is about: ``padding 0, remainder``.
        sizes: its smallest member.
    """

    name: str
    sizes: Sizes


CLASSES: tuple[tuple[str, Condition], ...] = (
    ("general", S >= 1),
    ("stride 1", equal(S, 1)),
    ("stride larger than the filter", (S > HH) & (S > WW)),
    ("padding 0", equal(P, 0)),
    ("padding as large as the filter", (P >= HH) & (P >= WW)),
    ("remainder rows", ROWS_LEFT_OVER & ~COLUMNS_LEFT_OVER),
    ("remainder columns", COLUMNS_LEFT_OVER & ~ROWS_LEFT_OVER),
    ("remainder rows and columns", ROWS_LEFT_OVER & COLUMNS_LEFT_OVER),
    ("remainder beyond the padding", ROWS_UNSEEN & COLUMNS_UNSEEN & (P >= 1)),
    ("one output position", ONE_POSITION),
    ("one output row", equal(Hh, 1) & (Hw >= 2)),
    ("one output column", equal(Hw, 1) & (Hh >= 2)),
    ("1x1 filter", ONE_BY_ONE & equal(S, 1) & equal(P, 0)),
    ("one image", equal(N, 1)),
    ("one channel", equal(C, 1)),
    ("one filter", equal(F, 1)),
    ("as many channels as filters", equal(C, F)),
    ("square image", equal(H, W)),
    ("square filter", equal(HH, WW)),
    ("image taller than wide", H > W),
    ("filter taller than wide", HH > WW),
    ("filter larger than the image", LARGER_THAN_THE_IMAGE),
    ("output as large as the input", equal(S, 1) & equal(Hh, H) & equal(Hw, W)),
    ("stride 1, padding 0", equal(S, 1) & equal(P, 0)),
    ("stride 1, padding as large as the filter", equal(S, 1) & (P >= HH) & (P >= WW)),
    ("padding 0, remainder", equal(P, 0) & ROWS_LEFT_OVER & COLUMNS_LEFT_OVER),
    ("padding 0, stride larger than the filter", equal(P, 0) & (S > HH) & (S > WW)),
    ("padding as large as the filter, remainder", (P >= HH) & (P >= WW) & ROWS_LEFT_OVER),
    ("remainder, stride larger than the filter", ROWS_LEFT_OVER & (S > HH) & (S > WW)),
    ("remainder, one output position", ROWS_LEFT_OVER & COLUMNS_LEFT_OVER & ONE_POSITION),
    ("padding 0, one output position", equal(P, 0) & ONE_POSITION),
    ("1x1 filter, padding", ONE_BY_ONE & equal(S, 1) & (P >= 1)),
    ("1x1 filter, stride 2", ONE_BY_ONE & equal(S, 2) & equal(P, 0)),
    ("1x1 filter, padding, remainder", ONE_BY_ONE & (P >= 1) & ROWS_LEFT_OVER),
    ("square image and filter", equal(H, W) & equal(HH, WW)),
    (
        "square image and filter, stride 1, output as large as the input",
        equal(H, W) & equal(HH, WW) & equal(S, 1) & equal(Hh, H) & (HH >= 3),
    ),
    ("square image and filter, remainder", equal(H, W) & equal(HH, WW) & ROWS_LEFT_OVER),
    ("one image, channel and filter", equal(N, 1) & equal(C, 1) & equal(F, 1)),
    (
        "everything 1",
        equal(N, 1)
        & equal(C, 1)
        & equal(F, 1)
        & equal(H, 1)
        & equal(W, 1)
        & equal(S, 1)
        & equal(P, 0),
    ),
)
"""Every class with what it asks for; where nothing else is asked, the wishes below are met."""

_WISHES: tuple[Condition, ...] = (
    N >= 2,
    C >= 2,
    F >= 2,
    differ(C, F),
    differ(N, C),
    differ(N, F),
    (HH >= 2) & (WW >= 2),
    differ(HH, WW),
    differ(H, W),
    (Hh >= 2) & (Hw >= 2),
    P >= 1,
    (HH > P) & (WW > P),
    S >= 2,
    (HH >= S) & (WW >= S),
    ~ROWS_LEFT_OVER,
    ~COLUMNS_LEFT_OVER,
    differ(Hh, Hw),
    (H >= HH) & (W >= WW),
)
"""What a class is in everything that it does not ask for, as far as that is possible."""

_COUNTS: dict[Size, range] = {N: range(1, 5), C: range(1, 5), F: range(1, 5)}
_EXTENTS: dict[Size, range] = {
    H: range(1, 13),
    W: range(1, 13),
    HH: range(1, 6),
    WW: range(1, 6),
    S: range(1, 6),
    P: range(6),
}


@cache
def shape_classes(restrictions: tuple[Condition, ...] = ()) -> tuple[ShapeClass, ...]:
    """Return the classes of the 2-D convolution with their smallest members.

    Args:
        restrictions: conditions on sizes that the code asks for, such as ``N = 1`` where it
            has no batch axis. A class without a member left is not returned, and neither is
            one whose smallest member is that of an earlier class.
    """
    found: dict[Sizes, ShapeClass] = {}
    for name, condition in CLASSES:
        sizes = smallest_shape((*restrictions, condition))
        if sizes is not None:
            _ = found.setdefault(sizes, ShapeClass(name, sizes))
    return tuple(found.values())


def smallest_shape(conditions: Sequence[Condition]) -> Sizes | None:
    """Return the smallest shape that meets conditions, and is general in everything else.

    Args:
        conditions: what is asked for, each on counts (N, C, F) or on extents alone, or a
            conjunction of such.

    Returns:
        None where no shape of the sizes that are tried meets all of them.
    """
    wanted = [part for condition in conditions for part in conjuncts(condition)]
    values: dict[str, int] = {}
    for grid in _grids():
        member = grid.smallest(wanted, _WISHES)
        if member is None:
            return None
        values |= member
    return conv2d().sizes("", **values)


@cache
def _grids() -> tuple[_Grid, ...]:
    return _Grid(_COUNTS), _Grid(_EXTENTS)


class _Grid:
    """Every choice of a few sizes, smallest first."""

    def __init__(self, spans: Mapping[Size, range]) -> None:
        axes = np.meshgrid(*map(np.array, spans.values()), indexing="ij")
        flat = [axis.reshape(-1) for axis in axes]
        order = np.lexsort([*reversed(flat), np.sum(flat, axis=0)])
        self.columns: dict[str, Any] = {
            size.name: column[order] for size, column in zip(spans, flat, strict=True)
        }
        self._sizes = {*spans}
        self._length = len(order)
        self._masks: dict[Condition, np.ndarray] = {}
        admissible = np.ones(len(order), dtype=bool)
        if H in self._sizes:
            self._sizes |= {Hh, Hw}
            for axis in (HEIGHT, WIDTH):
                admissible &= self._mask(axis.constraints()[0])
                extent = integer_formula(axis.output_extent)
                self.columns[axis.output.name] = extent.value(Scope(self.columns, {}), None)
        self._admissible = admissible
        self._given = tuple(spans)

    def smallest(
        self, wanted: Sequence[Condition], wishes: Sequence[Condition]
    ) -> dict[str, int] | None:
        """Return the smallest choice with all that is wanted, and with what wishes it can."""
        mask = self._admissible
        for condition in wanted:
            if self._concerns(condition):
                mask = mask & self._mask(condition)
        if not mask.any():
            return None
        for condition in wishes:
            if self._concerns(condition):
                closer = mask & self._mask(condition)
                mask = closer if closer.any() else mask
        place = int(np.argmax(mask))
        return {size.name: int(self.columns[size.name][place]) for size in self._given}

    def _concerns(self, condition: Condition) -> bool:
        mentioned = {
            symbol for integer in condition_integers(condition) for symbol in symbols(integer)
        }
        inside = mentioned & self._sizes
        assert not inside or inside == mentioned, f"{condition} mixes counts and extents"
        return bool(inside)

    def _mask(self, condition: Condition) -> np.ndarray:
        if condition not in self._masks:
            scope = Scope(self.columns, {})
            value = condition_formula(condition).value(scope, None)
            self._masks[condition] = np.broadcast_to(value, self._length)
        return self._masks[condition]
