"""Windows as NumPy slices, which are cut at the end of an array and may then be broadcast.

Code that takes windows outside of an array mostly raises, since what is left of a window does
not fit the filter. Where one row is left it does: NumPy repeats it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from symconv.implementations.diagnosing.cases import AxisSizes, Case
from symconv.implementations.diagnosing.output_sizes import OUTPUT_SIZES
from symconv.implementations.diagnosing.symptoms import Produced, Suspect

REPEATED = ", and windows cut at the end of the array and repeated to fit the filter"


def in_slices(result: str) -> Iterator[Suspect]:
    """Yield results of code that slices beyond the end of an array."""
    unpadded = "the correct one with the input used where the padded input is due"
    match result:
        case "y":
            for size in OUTPUT_SIZES:
                phrase = f"the correct one {size.phrase}{REPEATED}"
                yield Suspect(size.name, phrase, _outputs(size.count))
        case "dL/dw":
            yield Suspect("unpadded-array", f"{unpadded}{REPEATED}", _filters_gradient)


def _outputs(count: Callable[[AxisSizes], int]) -> Callable[[Case], Produced]:
    def produce(case: Case) -> Produced:
        x_pad = padded(case)
        w, b = case.arrays["w"], case.arrays["b"]
        shape = (count(case.rows), count(case.columns))
        y = np.zeros((len(x_pad), len(w), *shape), dtype=x_pad.dtype)
        for k, l in np.ndindex(shape):
            window = x_pad[_window(case, k, l)][:, None]
            y[:, :, k, l] = (window * w).sum((2, 3, 4)) + b
        return y

    return produce


def _filters_gradient(case: Case) -> Produced:
    x, dout = case.arrays["x"], case.arrays["dout"]
    dw = np.zeros_like(case.arrays["w"])
    for k, l in np.ndindex(dout.shape[2:]):
        dw += np.tensordot(dout[:, :, k, l], x[_window(case, k, l)], ((0,), (0,)))
    return dw


def padded(case: Case) -> np.ndarray:
    """Return the padded input of a case."""
    P = case.sizes["P"]
    N, C, H, W = case.arrays["x"].shape
    x_pad = np.zeros((N, C, H + 2 * P, W + 2 * P), dtype=case.arrays["x"].dtype)
    x_pad[:, :, P : P + H, P : P + W] = case.arrays["x"]
    return x_pad


def _window(case: Case, k: int, l: int) -> tuple[slice, ...]:
    S, HH, WW = (case.sizes[name] for name in ("S", "HH", "WW"))
    rows, columns = slice(k * S, k * S + HH), slice(l * S, l * S + WW)
    return (slice(None), slice(None), rows, columns)
