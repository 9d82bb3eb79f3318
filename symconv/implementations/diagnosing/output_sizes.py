"""How large an output or a gradient is, and the ways in which people get it wrong.

A `Frame` says which part of the padded input's gradient is returned, an `OutputSize` how many
positions the output has; each for one axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from symconv.implementations.diagnosing.cases import AxisSizes


@dataclass(frozen=True, slots=True)
class Frame:
    """Which part of the padded input's gradient is returned.

    Attributes:
        name: the stable name.
        phrase: what is different, to follow "the correct one ".
        part: the slice of the padded gradient on one axis.
    """

    name: str
    phrase: str
    part: Callable[[AxisSizes], slice]


@dataclass(frozen=True, slots=True)
class OutputSize:
    """A formula for the number of output positions.

    Attributes:
        name: the stable name.
        phrase: what is different, to follow "the correct one ".
        count: the number of output positions on one axis.
    """

    name: str
    phrase: str
    count: Callable[[AxisSizes], int]


def frame_range(frame: Frame, a: AxisSizes) -> range:
    """Return the input positions of the part that a frame returns: from -P to H+P at most."""
    kept = range(a.padded)[frame.part(a)]
    return range(kept.start - a.P, kept.stop - a.P)


def _minus(count: int) -> int | None:
    """Return the end of a slice written as minus a count: -0 is 0 and leaves nothing."""
    return -count


FRAMES: tuple[Frame, ...] = (
    Frame("crop-missing", "without its padding cropped off", lambda _: slice(None)),
    Frame(
        "crop-to-minus-padding",
        "cropped by [P:-P], which leaves nothing where P = 0",
        lambda a: slice(a.P, _minus(a.P)),
    ),
    Frame(
        "crop-at-the-origin",
        "cropped from its corner, [:H], instead of from the padding on, [P:P+H]",
        lambda a: slice(0, a.input),
    ),
    Frame(
        "crop-at-the-end",
        "cropped from [2*P:] instead of from the padding on, [P:P+H]",
        lambda a: slice(2 * a.P, None),
    ),
    Frame(
        "crop-twice",
        "with its padding cropped twice",
        lambda a: slice(2 * a.P, max(a.input, 2 * a.P)),
    ),
    Frame(
        "crop-twice",
        "cropped a second time by [P:P+H]",
        lambda a: slice(2 * a.P, a.P + a.input),
    ),
    Frame("crop-one-sided", "cropped by [P:], not at its end", lambda a: slice(a.P, None)),
    Frame(
        "crop-one-sided",
        "cropped by [:-P], not at its start",
        lambda a: slice(0, _minus(a.P)),
    ),
    Frame(
        "crop-one-sided",
        "cropped by [:H+P], not at its start",
        lambda a: slice(0, a.P + a.input),
    ),
    Frame(
        "crop-too-short",
        "cropped by [P:H] instead of [P:P+H]",
        lambda a: slice(a.P, max(a.P, a.input)),
    ),
    Frame(
        "crop-too-short",
        "cropped by [P:H-P] instead of [P:P+H]",
        lambda a: slice(a.P, max(a.P, a.input - a.P)),
    ),
    Frame(
        "crop-too-short",
        "cropped by [P:P+H-1] instead of [P:P+H]",
        lambda a: slice(a.P, a.P + a.input - 1),
    ),
    Frame(
        "crop-too-long",
        "cropped by [P:P+H+1] instead of [P:P+H]",
        lambda a: slice(a.P, a.P + a.input + 1),
    ),
    Frame(
        "crop-fixed",
        "cropped by one on every side, [1:-1], whatever the padding is",
        lambda _: slice(1, -1),
    ),
    Frame(
        "remainder-rows-dropped",
        "without the rows and columns that the stride leaves over",
        lambda a: slice(a.P, max(a.P, a.covered - a.P)),
    ),
    Frame(
        "remainder-rows-dropped",
        "without its padding cropped off, and without the rows that the stride leaves over",
        lambda a: slice(0, a.covered),
    ),
    Frame(
        "remainder-rows-dropped",
        "without the rows and columns that no window covers",
        lambda a: slice(a.P, max(a.P, min(a.P + a.input, a.covered))),
    ),
    Frame(
        "size-of-the-other-axis",
        "cropped to the size of the other axis: height and width are swapped",
        lambda a: slice(a.P, a.P + a.other_input),
    ),
    Frame(
        "output-size-for-input-size",
        "cropped to the size of the output",
        lambda a: slice(a.P, a.P + a.output),
    ),
)
"""Wrong crops of the padded input's gradient, the likeliest first."""


def _steps(numerator: int, a: AxisSizes) -> int:
    return max(0, numerator // a.S + 1)


OUTPUT_SIZES: tuple[OutputSize, ...] = (
    OutputSize(
        "plus-one-dropped",
        "without its last row and column: the 1 is missing from the output size",
        lambda a: a.output - 1,
    ),
    OutputSize(
        "division-rounded-up",
        "with one more row and column where the stride does not divide: the number of steps is "
        "rounded up",
        lambda a: -(-(a.padded - a.filter) // a.S) + 1,
    ),
    OutputSize(
        "padding-dropped",
        "with the output size of the unpadded input",
        lambda a: _steps(a.input - a.filter, a),
    ),
    OutputSize(
        "padding-counted-once",
        "with the padding counted once in the output size: H + P - HH",
        lambda a: _steps(a.input + a.P - a.filter, a),
    ),
    OutputSize(
        "stride-division-dropped",
        "with the output size of stride 1",
        lambda a: a.padded - a.filter + 1,
    ),
    OutputSize(
        "filter-size-not-subtracted",
        "with the size of the filter not subtracted in the output size",
        lambda a: _steps(a.padded, a),
    ),
    OutputSize(
        "size-of-the-other-axis",
        "with height and width swapped in the output size",
        lambda a: a.other_output,
    ),
    OutputSize(
        "filter-size-of-the-other-axis",
        "with the filter's extent along the other axis in the output size, HH for WW or WW for HH",
        lambda a: _steps(a.padded - a.other_filter, a),
    ),
    OutputSize(
        "input-size-of-the-other-axis",
        "with the image's extent along the other axis in the output size, H for W or W for H",
        lambda a: _steps(a.other_input + 2 * a.P - a.filter, a),
    ),
    OutputSize(
        "division-rounded",
        "with the number of steps rounded to the nearest integer where the stride does not divide",
        lambda a: round(Fraction(a.padded - a.filter, a.S)) + 1,
    ),
    OutputSize(
        "plus-one-divided",
        "with an output size of (H + 2*P - HH + 1) // S: the 1 is divided by the stride as well",
        lambda a: (a.padded - a.filter + 1) // a.S,
    ),
    OutputSize("same-size-output", "with an output size of H / S", lambda a: -(-a.input // a.S)),
    OutputSize("same-size-output", "with an output size of H // S", lambda a: a.input // a.S),
    OutputSize("same-size-output", "with an output as large as the input", lambda a: a.input),
    OutputSize(
        "padding-doubled",
        "with the padding counted twice in the output size: H + 4*P - HH",
        lambda a: _steps(a.padded + 2 * a.P - a.filter, a),
    ),
)
"""Wrong formulas for the number of output positions, the likeliest first."""
