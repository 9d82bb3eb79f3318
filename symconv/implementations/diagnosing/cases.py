"""What was given and what came back at one shape, ready for candidates to be compared with.

A `Case` computes outputs and gradients from *positions*: an array of shape (outputs, window)
per axis that says which input position an output position meets at a filter position. The
right positions are ``k*S + p - P``; a wrong line of thought is mostly one other formula for
them, and the output and both gradients follow from the same formula. A position outside the
input counts as 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from symconv.layers.layer import Sizes

OUTSIDE = -(10**6)
"""A position that no array has: what is read there counts as 0, what is added there is lost."""


@dataclass(frozen=True, slots=True)
class CodeRun:
    """One run of an implementation.

    Attributes:
        sizes: at which sizes.
        arrays: x, w, b and dout, whole numbers, axes in the layer's order; without a bias, b
            may be left out.
        expected: the right results by name (``y``, ``dL/dx``, ``dL/dw``, ``dL/db``), exact.
        got: what came back, by name; a result may be missing, and of any shape and dtype.
    """

    sizes: Sizes
    arrays: Mapping[str, np.ndarray]
    expected: Mapping[str, np.ndarray]
    got: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class AxisSizes:
    """The sizes of one spatial axis, and those of the other one for whoever confuses them.

    Units: the stride S and the padding P count input positions.
    """

    input: int
    filter: int
    output: int
    S: int
    P: int
    other_input: int
    other_filter: int
    other_output: int

    @property
    def padded(self) -> int:
        """The extent of the padded input."""
        return self.input + 2 * self.P

    @property
    def covered(self) -> int:
        """The extent of the padded input that the windows cover: without remainder rows."""
        return (self.output - 1) * self.S + self.filter


class Case:
    """A sample of the 2-D convolution, its arrays exact.

    Args:
        sample: what was run.
        result: which result is looked at.

    Attributes:
        sizes: the sizes by name.
        result: which result is looked at.
        arrays: x, w, b and dout as int64, or as Python integers where int64 might overflow.
        expected: the right results in the same dtype.
        got: what came back for the result.
    """

    def __init__(self, sample: CodeRun, result: str) -> None:
        self.sizes = sample.sizes
        self.result = result
        self.got = np.asarray(sample.got[result])
        dtype = _exact_dtype(sample)
        self.arrays = {name: exact(array, dtype) for name, array in sample.arrays.items()}
        if "b" not in self.arrays and "F" in sample.sizes:
            self.arrays["b"] = np.zeros(sample.sizes["F"], dtype=dtype)
        self.expected = {name: exact(array, dtype) for name, array in sample.expected.items()}

    @cached_property
    def rows(self) -> AxisSizes:
        """The sizes of the height axis of the usual layer."""
        H, W, HH, WW, Hh, Hw, S, P = self._of_two_axes
        return AxisSizes(H, HH, Hh, S, P, W, WW, Hw)

    @cached_property
    def columns(self) -> AxisSizes:
        """The sizes of the width axis of the usual layer."""
        H, W, HH, WW, Hh, Hw, S, P = self._of_two_axes
        return AxisSizes(W, WW, Hw, S, P, H, HH, Hh)

    @property
    def _of_two_axes(self) -> tuple[int, ...]:
        return tuple(self.sizes[name] for name in ("H", "W", "HH", "WW", "Hh", "Hw", "S", "P"))

    @property
    def right(self) -> np.ndarray:
        """The right value of the result that is looked at."""
        return self.expected[self.result]

    @cached_property
    def largest(self) -> int:
        """The largest magnitude among the inputs and the right results."""
        arrays = (*self.arrays.values(), *self.expected.values())
        return max(max(abs(int(one.min())), abs(int(one.max()))) for one in arrays if one.size)

    @property
    def steps(self) -> int:
        """How many steps nested loops would take: the measure of how small a case is."""
        names = ("N", "C", "Z", "H", "W", "F", "Hz", "Hh", "Hw", "ZZ", "HH", "WW")
        return prod(self.sizes.get(name, 1) for name in names)

    @property
    def fits(self) -> bool:
        """Whether what came back has the right shape."""
        return self.got.shape == self.right.shape

    @property
    def fails(self) -> bool:
        """Whether what came back is wrong, in shape or in value."""
        return not same(self.right, self.got)

    @cached_property
    def contributions(self) -> np.ndarray:
        """What each output position sends back through each filter position.

        Shape: (N, C, Hh*HH, Hw*WW).
        """
        return self.sent_back(self.arrays["dout"], self.arrays["w"])

    def sent_back(self, dout: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Multiply the upstream gradient and the filters, and sum over filters.

        Shapes: dout (N, F, K, L), w (F, C, HH, WW); the result is (N, C, K*HH, L*WW).
        """
        sent = np.tensordot(dout, w, ((1,), (0,)))  # n, k, l, c, p, q
        N, K, L, C, HH, WW = sent.shape
        return sent.transpose(0, 3, 1, 4, 2, 5).reshape(N, C, K * HH, L * WW)

    def met(self, rows: np.ndarray, columns: np.ndarray, x: np.ndarray | None = None) -> np.ndarray:
        """Return the input that each output position meets at each filter position.

        Shapes: rows (K, HH), columns (L, WW); the result is (N, C, K, HH, L, WW).
        """
        x = self.arrays["x"] if x is None else x
        H, W = x.shape[2:]
        picked = self._chooser(rows, H) @ x @ self._chooser(columns, W).T
        return picked.reshape(*x.shape[:2], *rows.shape, *columns.shape)

    def outputs(
        self,
        rows: np.ndarray,
        columns: np.ndarray,
        *,
        x: np.ndarray | None = None,
        w: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return the output without its bias, at the given positions.

        Shape: (N, F, K, L) for rows of shape (K, HH) and columns of shape (L, WW).
        """
        w = self.arrays["w"] if w is None else w
        summed = np.tensordot(self.met(rows, columns, x), w, ((1, 3, 5), (1, 2, 3)))
        return summed.transpose(0, 3, 1, 2)

    def filters_gradient(
        self,
        rows: np.ndarray,
        columns: np.ndarray,
        *,
        x: np.ndarray | None = None,
        dout: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return dL/dw at the given positions, whose window may be larger than the filter."""
        dout = self.arrays["dout"] if dout is None else dout
        return np.tensordot(dout, self.met(rows, columns, x), ((0, 2, 3), (0, 2, 4)))

    def input_gradient(
        self,
        rows: np.ndarray,
        columns: np.ndarray,
        *,
        contributions: np.ndarray | None = None,
        frame: tuple[range, range] | None = None,
    ) -> np.ndarray:
        """Return dL/dx: the contributions added at the given positions.

        Args:
            rows: the input row of each output row and filter row.
            columns: the same for columns.
            contributions: what is added; the right ones when left out.
            frame: which rows and columns are returned; those of the input when left out.
        """
        sent = self.contributions if contributions is None else contributions
        if frame is None:
            frame = (range(self.rows.input), range(self.columns.input))
        tall, wide = (
            self._chooser(positions - span.start, len(span))
            for positions, span in zip((rows, columns), frame, strict=True)
        )
        return tall.T @ sent @ wide

    def _chooser(self, positions: np.ndarray, extent: int) -> np.ndarray:
        """Return the matrix that picks positions out of an axis: (outputs * window, extent)."""
        flat = positions.reshape(-1)
        matrix = np.zeros((len(flat), extent), dtype=self.arrays["x"].dtype)
        (inside,) = np.nonzero((flat >= 0) & (flat < extent))
        matrix[inside, flat[inside]] = 1
        return matrix


def exact(array: Any, dtype: Any) -> np.ndarray:
    """Return whole numbers as int64 or Python integers."""
    given = np.asarray(array)
    if dtype is np.int64:
        return given.astype(np.int64)
    whole = np.array([int(value) for value in given.reshape(-1)], dtype=object)
    return whole.reshape(given.shape)


def same(left: np.ndarray, right: np.ndarray) -> bool:
    """Tell whether two arrays have the same shape and equal entries; NaN equals NaN."""
    if left.shape != right.shape:
        return False
    with np.errstate(all="ignore"):
        equal = np.asarray(left == right, dtype=bool)
        return bool(equal.all()) or bool((equal | (_is_nan(left) & _is_nan(right))).all())


def _is_nan(array: np.ndarray) -> np.ndarray:
    if np.issubdtype(array.dtype, np.inexact):
        return np.isnan(array)
    return np.zeros(array.shape, dtype=bool)


def _exact_dtype(sample: CodeRun) -> Any:
    """Choose int64 where no sum of products of two inputs can overflow it."""
    largest = 1
    for array in sample.arrays.values():
        flat = np.asarray(array).reshape(-1)
        if len(flat):
            largest = max(largest, abs(int(flat.max())), abs(int(flat.min())))
    # At worst every product lands in the same entry.
    x, w, dout = (np.shape(sample.arrays.get(name, 0)) for name in ("x", "w", "dout"))
    window, outputs = prod(w[2:]), prod(dout[2:])
    products = max(1, *w[:2], *x[:1]) * window * (outputs + max((1, *w[:2])))
    return np.int64 if largest**2 * products < 2**62 else object
