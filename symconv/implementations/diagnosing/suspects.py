"""Every line of thought that a diagnosis tries for a result, the likeliest first.

What the whole result looks like goes first (`symptoms`), then other formulas for the windows
(`windows`, `extents`), then arrays and sums that are not the right ones (`terms`, `slices`).
Each candidate computes what the result would be, at any shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from symconv.implementations.diagnosing.biases import bias_sums, biases
from symconv.implementations.diagnosing.cases import AxisSizes, Case
from symconv.implementations.diagnosing.output_sizes import (
    FRAMES,
    OUTPUT_SIZES,
    Frame,
    OutputSize,
    frame_range,
)
from symconv.implementations.diagnosing.slices import in_slices
from symconv.implementations.diagnosing.symptoms import (
    DividedArray,
    Produced,
    Suspect,
    plain_symptoms,
    undefined_entries,
)
from symconv.implementations.diagnosing.terms import (
    bias_of,
    from_positions,
    other_arrays,
    other_counts,
    partial_sums,
)
from symconv.implementations.diagnosing.windows import (
    READINGS,
    Positions,
    WindowReading,
    grid,
    right_positions,
)

AXIS_NAMES = {"rows": "height", "columns": "width"}
ON_BOTH = tuple(AXIS_NAMES)
EITHER = (ON_BOTH, ("rows",), ("columns",))
"""The axes on which a mistake is made: on both, then on one."""
RIGHT_FRAME = Frame("right", "", lambda a: slice(a.P, a.P + a.input))


@cache
def candidates(result: str) -> tuple[Suspect, ...]:
    """Return the candidates for a result, the likeliest first."""
    return (
        *plain_symptoms(result),
        *_own(result),
        *partial_sums(result),
        *_windows(result),
        *other_arrays(result),
        *other_counts(result),
        *in_slices(result),
        undefined_entries(),
    )


def _own(result: str) -> Iterator[Suspect]:
    match result:
        case "y":
            yield from biases()
            yield from _output_sizes()
        case "dL/dx":
            yield from _frames()
            yield from _input_sums()
        case "dL/dw":
            yield from _filter_sizes()
        case "dL/db":
            yield from bias_sums()
        case _:
            raise ValueError(f"no such result: {result}")


def _only_on(axes: tuple[str, ...]) -> str:
    return "" if axes == ON_BOTH else f", on the {AXIS_NAMES[axes[0]]} only"


def _windows(result: str) -> Iterator[Suspect]:
    """Yield every other formula for positions, on both axes and then on one."""
    if result == "dL/db":
        return
    readings = [one for one in READINGS if result != "y" or one.in_forward]
    for axes in EITHER:
        for reading in readings:
            flipped_once = reading.name == "kernel-flipped" and axes != ON_BOTH
            name = "kernel-flipped-on-one-axis" if flipped_once else reading.name
            phrase = f"the correct one {reading.phrase}{_only_on(axes)}"
            if result == "y":
                yield Suspect(name, phrase, _unwritten(reading, axes))
            yield Suspect(name, phrase, _read(reading, axes))
    if result == "dL/dx":
        for reading in readings:
            if reading.name == "contributions-overwritten":
                phrase = f"the correct one {reading.phrase}, and only the last filter"
                yield Suspect(reading.name, phrase, _read_last_filter(reading))
    else:
        yield Suspect(
            "padding-of-ones",
            "the correct one with the input padded with ones instead of zeros",
            _padded_with_ones,
        )
    yield Suspect(
        "axes-swapped",
        "the correct one with the windows of output (k, l) taken at (l, k): height and width are "
        "swapped",
        _read_across,
    )


def _positions(
    case: Case, reading: WindowReading, axes: tuple[str, ...]
) -> tuple[Positions, Positions]:
    rows, columns = (
        reading.positions(sizes) if axis in axes else right_positions(sizes)
        for axis, sizes in (("rows", case.rows), ("columns", case.columns))
    )
    return rows, columns


def _read(reading: WindowReading, axes: tuple[str, ...]) -> Callable[[Case], Produced]:
    return lambda case: from_positions(case, *_positions(case, reading, axes))


def _unwritten(reading: WindowReading, axes: tuple[str, ...]) -> Callable[[Case], Produced]:
    """Leave outputs at 0, without their bias, where no window is taken."""

    def produce(case: Case) -> Produced:
        rows, columns = _positions(case, reading, axes)
        y = from_positions(case, rows, columns)
        y[:, :, reading.skipped(rows)] = 0
        y[:, :, :, reading.skipped(columns)] = 0
        return y

    return produce


def _read_last_filter(reading: WindowReading) -> Callable[[Case], Produced]:
    def produce(case: Case) -> Produced:
        sent = case.sent_back(case.arrays["dout"][:, -1:], case.arrays["w"][-1:])
        rows, columns = _positions(case, reading, ON_BOTH)
        return case.input_gradient(rows, columns, contributions=sent)

    return produce


def _padded_with_ones(case: Case) -> Produced:
    P = case.sizes["P"]
    x = np.pad(case.arrays["x"], ((0, 0), (0, 0), (P, P), (P, P)), constant_values=1)
    rows, columns = (right_positions(a) + P for a in (case.rows, case.columns))
    if case.result == "y":
        return case.outputs(rows, columns, x=x) + bias_of(case)
    return case.filters_gradient(rows, columns, x=x)


def _read_across(case: Case) -> Produced:
    rows, columns = (
        grid(a, a.other_output, lambda k, p, a=a: k * a.S + p - a.P)
        for a in (case.rows, case.columns)
    )
    if case.result == "y":
        return case.outputs(rows, columns).swapaxes(2, 3) + bias_of(case)
    dout = case.arrays["dout"].swapaxes(2, 3)
    if case.result == "dL/dw":
        return case.filters_gradient(rows, columns, dout=dout)
    sent = case.sent_back(dout, case.arrays["w"])
    return case.input_gradient(rows, columns, contributions=sent)


def _output_sizes() -> Iterator[Suspect]:
    """Yield outputs with another number of positions, read with and without the padding."""
    for axes in EITHER:
        for shifted in (True, False):
            beside = "" if shifted else ", and without the shift by the padding"
            for size in OUTPUT_SIZES:
                phrase = f"the correct one {size.phrase}{beside}{_only_on(axes)}"
                yield Suspect(size.name, phrase, _sized(size, axes, shifted=shifted))


def _sized(size: OutputSize, axes: tuple[str, ...], *, shifted: bool) -> Callable[[Case], Produced]:
    def produce(case: Case) -> Produced:
        rows, columns = (
            right_positions(a, size.count(a)) + (0 if shifted else a.P)
            if axis in axes
            else right_positions(a)
            for axis, a in (("rows", case.rows), ("columns", case.columns))
        )
        return case.outputs(rows, columns) + bias_of(case)

    return produce


def _frames() -> Iterator[Suspect]:
    """Yield wrong crops of the input's gradient, also beside another formula for positions."""
    for axes in EITHER:
        for frame in FRAMES:
            phrase = f"the correct one {frame.phrase}{_only_on(axes)}"
            yield Suspect(frame.name, phrase, _framed(frame, axes, right_positions))
    stride, flipped = (
        next(one for one in READINGS if one.name == name)
        for name in ("stride-dropped", "kernel-flipped")
    )
    for part in (
        lambda a: slice(a.P, max(a.P, _undilated(a) - a.P)),
        lambda a: slice(a.P, max(a.P, min(a.P + a.input, _undilated(a)))),
        lambda a: slice(0, _undilated(a)),
    ):
        yield Suspect(
            stride.name,
            "the correct one with the stride left out of k*S: the upstream gradient is not dilated",
            _framed(Frame(stride.name, "", part), ON_BOTH, stride.positions),
        )
    for reading in (flipped, stride):
        for frame in FRAMES:
            phrase = f"the correct one {frame.phrase}, and {reading.phrase}"
            yield Suspect(frame.name, phrase, _framed(frame, ON_BOTH, reading.positions))


def _undilated(a: AxisSizes) -> int:
    """Return the extent of the full correlation with an upstream gradient left undilated."""
    return a.output - 1 + a.filter


def _framed(
    frame: Frame, axes: tuple[str, ...], positions: Callable[[AxisSizes], Positions]
) -> Callable[[Case], Produced]:
    def produce(case: Case) -> Produced:
        rows, columns = (
            frame_range(frame if axis in axes else RIGHT_FRAME, sizes)
            for axis, sizes in (("rows", case.rows), ("columns", case.columns))
        )
        return case.input_gradient(
            positions(case.rows), positions(case.columns), frame=(rows, columns)
        )

    return produce


def _input_sums() -> Iterator[Suspect]:
    """Yield gradients of the input in which an equation between indices is left out, or a mean."""
    for axes in (("rows",), ("columns",), ON_BOTH):
        where = " and ".join(AXIS_NAMES[axis] for axis in axes)
        yield Suspect(
            "delta-dropped",
            f"the correct one with the equation between indices left out on the {where}: every "
            "window reaches every position",
            _without_equation(axes),
        )
    yield Suspect(
        "divided-by-coverage",
        "the correct one divided by how many windows cover each position: a mean instead of a sum",
        lambda case: DividedArray(case.right, _coverage(case)),
    )


def _without_equation(axes: tuple[str, ...]) -> Callable[[Case], Produced]:
    def produce(case: Case) -> Produced:
        rows, columns = right_positions(case.rows), right_positions(case.columns)
        # Everything is sent to the first position, and copied from there to every other.
        if "rows" in axes:
            rows = np.zeros_like(rows)
        if "columns" in axes:
            columns = np.zeros_like(columns)
        dx = case.input_gradient(rows, columns)
        if "rows" in axes:
            dx = np.broadcast_to(dx[:, :, :1], dx.shape)
        if "columns" in axes:
            dx = np.broadcast_to(dx[:, :, :, :1], dx.shape)
        return dx

    return produce


def _coverage(case: Case) -> np.ndarray:
    rows, columns = right_positions(case.rows), right_positions(case.columns)
    ones = np.ones((1, 1, rows.size, columns.size), dtype=np.int64)
    return case.input_gradient(rows, columns, contributions=ones).astype(np.int64)


def _filter_sizes() -> Iterator[Suspect]:
    """Yield gradients of the filters over more positions than a filter has, or per image."""
    yield Suspect(
        "remainder-rows-kept",
        "the correct one with the rows that the stride leaves over kept: it is larger than a "
        "filter where the stride does not divide",
        _reaching(dilated=True),
    )
    yield Suspect(
        "stride-dropped",
        "the correct one with the stride left out of k*S: the upstream gradient is not dilated",
        _reaching(dilated=False),
    )
    yield Suspect(
        "sum-omitted",
        "the correct one without the sum over images: each has a gradient of its own",
        _per_image,
    )


def _reaching(*, dilated: bool) -> Callable[[Case], Produced]:
    """Let the filter's gradient reach to the end of the padded input."""

    def produce(case: Case) -> Produced:
        rows, columns = (
            np.arange(a.output)[:, None] * (a.S if dilated else 1)
            + np.arange(a.padded - (a.covered - a.filter if dilated else a.output - 1))
            - a.P
            for a in (case.rows, case.columns)
        )
        return case.filters_gradient(rows, columns)

    return produce


def _per_image(case: Case) -> Produced:
    rows, columns = right_positions(case.rows), right_positions(case.columns)
    x, dout = case.arrays["x"], case.arrays["dout"]
    own = (slice(n, n + 1) for n in range(len(x)))
    return np.stack([case.filters_gradient(rows, columns, x=x[n], dout=dout[n]) for n in own])
