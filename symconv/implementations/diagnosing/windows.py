"""Which input position a window reads, and the ways in which people get it wrong.

Right is ``k*S + p - P`` for output position k and filter position p. Each `WindowReading` is one
other formula, for one axis. It holds for the forward pass and for both gradients alike,
which all follow from the same positions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from symconv.implementations.diagnosing.cases import OUTSIDE, AxisSizes

Positions: TypeAlias = np.ndarray
"""Shape (outputs, window): the input position that each of them meets."""
Placed: TypeAlias = Callable[[AxisSizes], Positions]
Test: TypeAlias = Callable[[AxisSizes, np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class WindowReading:
    """One formula for the positions of windows.

    Attributes:
        name: the stable name, that of the catalogue's mistake where it is the same one.
        phrase: what is different, to follow "the correct one ".
        positions: the positions on one axis.
        in_forward: whether people also write it in a forward pass.
    """

    name: str
    phrase: str
    positions: Callable[[AxisSizes], Positions]
    in_forward: bool = True

    def skipped(self, positions: Positions) -> np.ndarray:
        """Return, for each output position, whether no window is taken there."""
        return (positions == OUTSIDE).all(1)


def right_positions(a: AxisSizes, outputs: int | None = None) -> Positions:
    """Return k*S + p - P."""
    return grid(a, outputs, lambda k, p: k * a.S + p - a.P)


def grid(
    a: AxisSizes,
    outputs: int | None,
    formula: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Positions:
    """Evaluate a formula at every output position k and filter position p."""
    k = np.arange(a.output if outputs is None else outputs)[:, None]
    p = np.arange(a.filter)[None, :]
    return np.broadcast_to(formula(k, p), (len(k), a.filter))


def _of(formula: Callable[[AxisSizes, np.ndarray, np.ndarray], np.ndarray]) -> Placed:
    """Make positions of a formula in the sizes, k and p."""
    return lambda a: grid(a, None, lambda k, p: formula(a, k, p))


def _windows(condition: Test) -> Placed:
    """Keep the right positions of the windows k for which a condition holds."""
    return lambda a: grid(
        a, None, lambda k, p: np.where(condition(a, k), k * a.S + p - a.P, OUTSIDE)
    )


def _weights(condition: Test) -> Placed:
    """Keep the right positions of the filter positions p for which a condition holds."""
    return lambda a: grid(
        a, None, lambda k, p: np.where(condition(a, p), k * a.S + p - a.P, OUTSIDE)
    )


def _inputs(condition: Test) -> Placed:
    """Keep the right positions i in the input for which a condition holds."""

    def positions(a: AxisSizes) -> Positions:
        i = right_positions(a)
        return np.where(condition(a, i), i, OUTSIDE)

    return positions


def _clamped(a: AxisSizes, k: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.clip(k * a.S + p - a.P, 0, a.input - 1)


def _mirrored(a: AxisSizes, k: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Continue the input by its mirror image, the border itself not repeated."""
    turn = max(1, 2 * (a.input - 1))
    place = (k * a.S + p - a.P) % turn
    return np.minimum(place, turn - place)


def _from_the_end(a: AxisSizes, k: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Let a negative position count from the end, as Python does."""
    place = k * a.S + p - a.P
    return np.where(place < 0, place + a.input, place)


def _start_at_border(a: AxisSizes, k: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.maximum(k * a.S - a.P, 0) + p


def _cut_to_corner(a: AxisSizes, k: np.ndarray, p: np.ndarray) -> np.ndarray:
    start = np.maximum(k * a.S - a.P, 0)
    stop = np.minimum(k * a.S - a.P + a.filter, a.input)
    return np.where(p < stop - start, start + p, OUTSIDE)


def _one_per_position(last: bool) -> Callable[[AxisSizes], Positions]:
    """Let only the last or the first window count at each input position."""

    def positions(a: AxisSizes) -> Positions:
        places = right_positions(a).copy()
        order = range(a.output - 1, -1, -1) if last else range(a.output)
        taken: set[int] = set()
        for k in order:
            mine = {int(place) for place in places[k]}
            places[k][[int(place) in taken for place in places[k]]] = OUTSIDE
            taken |= mine
        return places

    return positions


READINGS: tuple[WindowReading, ...] = (
    WindowReading(
        "stride-dropped", "with the stride left out of k*S", _of(lambda a, k, p: k + p - a.P)
    ),
    WindowReading(
        "padding-dropped",
        "without the shift by the padding: windows start at k*S instead of k*S - P",
        _of(lambda a, k, p: k * a.S + p),
    ),
    WindowReading(
        "kernel-flipped",
        "with the filter flipped, as in a convolution in the strict sense",
        _of(lambda a, k, p: k * a.S + a.filter - 1 - p - a.P),
    ),
    WindowReading(
        "padding-doubled",
        "with the padding counted twice: windows start at k*S - 2*P instead of k*S - P",
        _of(lambda a, k, p: k * a.S + p - 2 * a.P),
    ),
    WindowReading(
        "padding-with-the-wrong-sign",
        "with the padding added instead of subtracted: windows start at k*S + P",
        _of(lambda a, k, p: k * a.S + p + a.P),
    ),
    WindowReading(
        "stride-on-the-wrong-index",
        "with the stride on the position within the filter: k + p*S instead of k*S + p",
        _of(lambda a, k, p: k + p * a.S - a.P),
    ),
    WindowReading(
        "stride-on-both-indices",
        "with the stride on the position within the filter as well: (k + p)*S",
        _of(lambda a, k, p: (k + p) * a.S - a.P),
    ),
    WindowReading(
        "stride-applied-twice",
        "with the stride multiplied twice: k*S*S instead of k*S",
        _of(lambda a, k, p: k * a.S * a.S + p - a.P),
    ),
    WindowReading(
        "stride-added",
        "with the stride added instead of multiplied: k + S instead of k*S",
        _of(lambda a, k, p: k + a.S + p - a.P),
    ),
    WindowReading(
        "dilated-too-far",
        "with windows one more than the stride apart: a zero too many between the entries",
        _of(lambda a, k, p: k * (a.S + 1) + p - a.P),
    ),
    WindowReading(
        "dilated-too-little",
        "with windows one less than the stride apart: a zero too few between the entries",
        _of(lambda a, k, p: k * (a.S - 1) + p - a.P),
    ),
    WindowReading(
        "windows-side-by-side",
        "with windows that move by the size of the filter instead of by the stride",
        _of(lambda a, k, p: k * a.filter + p - a.P),
    ),
    WindowReading(
        "stride-and-padding-exchanged",
        "with stride and padding exchanged: k*P - S instead of k*S - P",
        _of(lambda a, k, p: k * a.P + p - a.S),
    ),
    WindowReading(
        "window-offset-dropped",
        "with every window at the start: the offset k*S is missing",
        _of(lambda a, k, p: p - a.P + 0 * k),
    ),
    WindowReading(
        "window-moves-backwards",
        "with windows that start at P - k*S instead of k*S - P",
        _of(lambda a, k, p: a.P - k * a.S + p),
    ),
    WindowReading(
        "position-in-the-filter-dropped",
        "with the position within the filter left out: k*S instead of k*S + p",
        _of(lambda a, k, p: k * a.S - a.P + 0 * p),
    ),
    WindowReading(
        "position-in-the-filter-subtracted",
        "with the position within the filter subtracted: k*S - p instead of k*S + p",
        _of(lambda a, k, p: k * a.S - p - a.P),
    ),
    WindowReading(
        "kernel-flipped-off-by-one",
        "with the filter flipped at the wrong place: HH - p instead of p",
        _of(lambda a, k, p: k * a.S + a.filter - p - a.P),
    ),
    WindowReading(
        "index-off-by-one",
        "with the windows one position too far on",
        _of(lambda a, k, p: k * a.S + p - a.P + 1),
    ),
    WindowReading(
        "index-off-by-one",
        "with the windows one position too early",
        _of(lambda a, k, p: k * a.S + p - a.P - 1),
    ),
    WindowReading(
        "window-one-stride-off",
        "with the windows one stride too far on",
        _of(lambda a, k, p: (k + 1) * a.S + p - a.P),
    ),
    WindowReading(
        "padding-fixed",
        "with a padding of 1, whatever the padding is",
        _of(lambda a, k, p: k * a.S + p - 1),
    ),
    WindowReading(
        "padding-fixed",
        "with a padding of half the filter, whatever the padding is",
        _of(lambda a, k, p: k * a.S + p - a.filter // 2),
    ),
    WindowReading(
        "padding-fixed",
        "with a padding of half the filter less one, whatever the padding is",
        _of(lambda a, k, p: k * a.S + p - (a.filter - 1) // 2),
    ),
    WindowReading(
        "padding-fixed",
        "with a padding of the filter size less one, whatever the padding is",
        _of(lambda a, k, p: k * a.S + p - (a.filter - 1)),
    ),
    WindowReading(
        "stride-fixed",
        "with a stride of 2, whatever the stride is",
        _of(lambda a, k, p: k * 2 + p - a.P),
    ),
    WindowReading(
        "crop-to-minus-padding",
        "with the input put at [P:-P] of the padded one, which is nowhere where P = 0",
        _inputs(lambda a, i: (i > OUTSIDE) & (a.P > 0)),
    ),
    WindowReading(
        "edge-padding",
        "with the edge of the input repeated in the padding instead of zeros",
        _of(_clamped),
    ),
    WindowReading(
        "mirror-padding",
        "with the input mirrored in the padding instead of zeros",
        _of(_mirrored),
    ),
    WindowReading(
        "wrapped-padding",
        "with the input wrapped around in the padding instead of zeros",
        _of(lambda a, k, p: (k * a.S + p - a.P) % a.input),
    ),
    WindowReading(
        "negative-index",
        "with negative positions, which Python counts from the end, instead of zeros before "
        "the input",
        _of(_from_the_end),
    ),
    WindowReading(
        "window-cut-at-the-border",
        "with windows that start at the border instead of in the padding, and the filter not "
        "moved along",
        _of(_start_at_border),
    ),
    WindowReading(
        "window-cut-at-the-border",
        "with windows cut at the border, and the filter cut at its other end",
        _of(_cut_to_corner),
    ),
    WindowReading(
        "contributions-overwritten",
        "with only the last window that covers each position: each contribution overwrites the "
        "one before instead of being added to it",
        _one_per_position(last=True),
        in_forward=False,
    ),
    WindowReading(
        "contributions-overwritten",
        "with only the first window that covers each position: each contribution overwrites the "
        "one before instead of being added to it",
        _one_per_position(last=False),
        in_forward=False,
    ),
    WindowReading(
        "sum-ends-one-too-early",
        "with the last window left out",
        _windows(lambda a, k: k < a.output - 1),
    ),
    WindowReading(
        "sum-ends-one-too-early",
        "with windows only at k*S < H + 2*P - HH: the last is left out where the stride divides",
        _windows(lambda a, k: k * a.S < a.padded - a.filter),
    ),
    WindowReading(
        "sum-starts-one-too-late", "with the first window left out", _windows(lambda _, k: k > 0)
    ),
    WindowReading(
        "windows-of-the-unpadded-input",
        "with only as many windows as fit into the unpadded input",
        _windows(lambda a, k: k * a.S <= a.input - a.filter),
    ),
    WindowReading(
        "windows-of-the-unpadded-input",
        "with only the windows that start within the unpadded input's extent",
        _windows(lambda a, k: k * a.S < a.input),
    ),
    WindowReading(
        "windows-in-the-padding-skipped",
        "with the windows that reach into the padding left out",
        _windows(lambda a, k: (k * a.S >= a.P) & (k * a.S + a.filter <= a.P + a.input)),
    ),
    WindowReading(
        "size-of-the-other-axis",
        "with as many windows as the other axis has: height and width are swapped",
        _windows(lambda a, k: k < a.other_output),
    ),
    WindowReading(
        "filter-and-output-size-confused",
        "with only as many windows as the filter has positions",
        _windows(lambda a, k: k < a.filter),
    ),
    WindowReading(
        "division-not-complete",
        "with H // S windows at most",
        _windows(lambda a, k: k < a.input // a.S),
    ),
    WindowReading(
        "plus-one-dropped",
        "with (H - HH) // S windows at most",
        _windows(lambda a, k: k < (a.input - a.filter) // a.S),
    ),
    WindowReading(
        "sum-ends-one-too-early",
        "with the last position of the filter left out",
        _weights(lambda a, p: p < a.filter - 1),
    ),
    WindowReading(
        "sum-starts-one-too-late",
        "with the first position of the filter left out",
        _weights(lambda _, p: p > 0),
    ),
    WindowReading(
        "size-of-the-other-axis",
        "with the filter's size taken from the other axis: height and width are swapped",
        _weights(lambda a, p: p < a.other_filter),
    ),
    WindowReading(
        "filter-cut-to-the-stride",
        "with only as many positions of the filter as the stride is long",
        _weights(lambda a, p: p < a.S),
    ),
    WindowReading(
        "remainder-rows-dropped",
        "with the border of the input left out",
        _inputs(lambda a, i: (i > 0) & (i < a.input - 1)),
    ),
    WindowReading(
        "crop-twice",
        "with as many rows and columns left out on every side as the padding is wide",
        _inputs(lambda a, i: (i >= a.P) & (i < a.input - a.P)),
    ),
    WindowReading(
        "last-row-left-out",
        "with the last row and column of the input left out",
        _inputs(lambda a, i: i < a.input - 1),
    ),
    WindowReading(
        "first-row-left-out",
        "with the first row and column of the input left out",
        _inputs(lambda _, i: i != 0),
    ),
    WindowReading(
        "size-of-the-other-axis",
        "with only as many rows as the input has columns, and the other way round: height and "
        "width are swapped",
        _inputs(lambda a, i: i < a.other_input),
    ),
    WindowReading(
        "output-size-for-input-size",
        "with only as many rows and columns as the output has",
        _inputs(lambda a, i: i < a.output),
    ),
)
"""Wrong formulas for positions, the likeliest first."""
