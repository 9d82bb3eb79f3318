"""Polynomials as sorted tables: one int64 per row for the free indices and the monomial.

A row's code is a number in mixed radix. Its digits are the values of the free indices and
the positions of the entries, one digit per axis. They add up over independent blocks of
indices, so a product of blocks is an outer sum; and where every block owns a run of
neighbouring digits, the outer sum comes out sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, prod
from typing import Any, TypeAlias

import numpy as np

from symconv.algebra.evaluation import Exact
from symconv.errors import NotSupported

Slot: TypeAlias = "tuple[str, int]"
"""A digit: (array, axis), ("", number of a free index), or (array, PRESENCE)."""
FREE = ""
PRESENCE = -1
"""The digit that says whether an array occurs at all, where rows of several kinds are mixed."""

MOST_ROWS = 20_000_000
"""The most rows that are built at a time: with what sorting needs, below a gigabyte."""
WITHIN_INT64 = 2**62
"""Numbers below this can be added once more without leaving int64."""

Coefficients: TypeAlias = Any
"""One exact number for all rows, or an array with one per row."""


@dataclass(frozen=True, slots=True)
class Block:
    """Independent indices as digits: a column of values per slot, a coefficient per row.

    Attributes:
        slots: the digits.
        columns: the values of each.
        coefficients: what each row is multiplied by; None for 1.
        count: the number of rows.
        ordered: whether every column is known to increase from row to row.
    """

    slots: Sequence[Slot]
    columns: Sequence[np.ndarray]
    coefficients: np.ndarray | None
    count: int
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Factored:
    """A term as a product of blocks that is not multiplied out.

    Attributes:
        arrays: the arrays whose entries are multiplied, by name, with their numbers of axes.
        scalar: what every row is multiplied by.
        constants: slots with one value.
        blocks: everything else.
    """

    arrays: tuple[tuple[str, int], ...]
    scalar: Exact
    constants: tuple[tuple[Slot, int], ...]
    blocks: tuple[Block, ...]

    @property
    def count(self) -> int:
        """The number of rows of the product."""
        return prod(block.count for block in self.blocks)

    def slots(self) -> list[Slot]:
        """Return the slots, those of one block side by side, the longest block last.

        The last block is the inner loop of the outer sum that multiplies the product out.
        """
        blocks = sorted(self.blocks, key=lambda block: block.count)
        constants = [slot for slot, _ in self.constants]
        return [*constants, *(slot for block in blocks for slot in block.slots)]


class Layout:
    """What each digit of a code stands for.

    Args:
        order: the slots, the most significant one first.
        bounds: the least and the greatest value of each slot.

    Raises:
        NotSupported: when the codes would not fit into int64.
    """

    __slots__ = ("bounds", "order", "total", "weights")

    def __init__(
        self,
        order: Iterable[Slot],
        bounds: Mapping[Slot, tuple[int, int]],
        limit: int = WITHIN_INT64,
    ) -> None:
        self.order = tuple(order)
        self.bounds = bounds
        self.weights: dict[Slot, int] = {}
        self.total = 1
        for slot in reversed(self.order):
            least, greatest = bounds[slot]
            self.weights[slot] = self.total
            self.total *= max(1, greatest - least + 1)
        if self.total >= limit:
            raise NotSupported(f"{self.total:,} different rows are too many for codes in int64")

    def code(self, slot: Slot, values: Any) -> Any:
        """Return what values of a slot contribute to codes."""
        least = self.bounds[slot][0]
        return (values - least if least else values) * self.weights[slot]

    def grid(self, slots: Iterable[Slot]) -> np.ndarray:
        """Return the codes of every combination of values, one axis per slot."""
        codes = np.zeros((), dtype=np.int64)
        for slot in slots:
            least, greatest = self.bounds[slot]
            values = np.arange(least, greatest + 1, dtype=np.int64)
            codes = np.add.outer(codes, self.code(slot, values))
        return codes

    def decode(self, codes: np.ndarray, slots: Iterable[Slot]) -> list[np.ndarray]:
        """Return the values of some slots, row by row."""
        columns: list[np.ndarray] = []
        for slot in slots:
            least, greatest = self.bounds[slot]
            columns.append(codes // self.weights[slot] % max(1, greatest - least + 1) + least)
        return columns


@dataclass(frozen=True, slots=True)
class Rows:
    """A polynomial: strictly increasing codes with coefficients that are not zero."""

    codes: np.ndarray
    coefficients: Coefficients = 1

    def same(self, other: Rows) -> bool:
        """Tell whether two polynomials in the same layout are equal."""
        if not np.array_equal(self.codes, other.codes):
            return False
        return not len(self.codes) or bool(np.all(self.coefficients == other.coefficients))

    def at(self, codes: np.ndarray) -> np.ndarray:
        """Return the coefficients at codes that include those of all rows; 0 elsewhere."""
        found = np.zeros(len(codes), dtype=object)
        found[np.searchsorted(codes, self.codes)] = self.coefficients
        return found


def expand(term: Factored, layout: Layout) -> Rows:
    """Multiply a term out."""
    scalar, offset = term.scalar, 0
    for slot, value in term.constants:
        offset += layout.code(slot, value)
    for name, _ in term.arrays:
        offset += layout.weights.get((name, PRESENCE), 0)
    parts: list[tuple[int, Rows]] = []
    for block in term.blocks:
        if block.slots:
            codes = layout.code(block.slots[0], block.columns[0])
            for slot, column in zip(block.slots[1:], block.columns[1:], strict=True):
                codes = codes + layout.code(slot, column)
            coefficients = 1 if block.coefficients is None else block.coefficients
            rows = Rows(codes, coefficients)
            if not block.ordered:
                rows = collect(codes, coefficients)
            parts.append((max(layout.weights[slot] for slot in block.slots), rows))
        elif block.coefficients is None:
            scalar = scalar * block.count
        else:
            scalar = scalar * sum(block.coefficients.tolist())
    if scalar == 0:
        return NOTHING
    # The outer sum grows from the least significant block, so that its inner loop is long.
    parts.sort(key=lambda part: part[0])
    codes = np.array([offset], dtype=np.int64)
    coefficients: Coefficients = scalar
    for _, rows in parts:
        coefficients = _outer(rows, coefficients, len(codes))
        codes = (rows.codes[:, None] + codes).reshape(-1)
    return collect(codes, coefficients)


def collect(codes: np.ndarray, coefficients: Coefficients) -> Rows:
    """Sort rows, add up those with the same code, and drop what cancels."""
    if len(codes) < 2 or bool((codes[1:] > codes[:-1]).all()):
        return Rows(codes, coefficients)
    if isinstance(coefficients, np.ndarray):
        order = np.argsort(codes, kind="stable")
        codes, coefficients = codes[order], coefficients[order]
    else:
        codes = np.sort(codes)
        if bool((codes[1:] > codes[:-1]).all()):
            return Rows(codes, coefficients)
        coefficients = np.full(len(codes), coefficients, dtype=_dtype(coefficients))
    begins = np.flatnonzero(np.concatenate(([True], codes[1:] != codes[:-1])))
    sums = exact_sums(coefficients, begins)
    kept = sums != 0
    return Rows(codes[begins][kept], sums[kept])


def merge(parts: list[Rows]) -> Rows:
    """Add polynomials in the same layout."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return NOTHING
    # Parts that do not interleave come out sorted.
    parts = sorted(parts, key=lambda part: int(part.codes[0]) if len(part.codes) else -1)
    codes = np.concatenate([part.codes for part in parts])
    first = parts[0].coefficients
    if not isinstance(first, np.ndarray) and all(
        not isinstance(part.coefficients, np.ndarray) and part.coefficients == first
        for part in parts
    ):
        return collect(codes, first)
    return collect(codes, np.concatenate([spread(part) for part in parts]))


def spread(rows: Rows) -> np.ndarray:
    """Return one coefficient per row."""
    if isinstance(rows.coefficients, np.ndarray):
        return rows.coefficients
    return np.full(len(rows.codes), rows.coefficients, dtype=_dtype(rows.coefficients))


def differing(left: Rows, right: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the codes at which two polynomials differ, with both coefficients."""
    codes = np.union1d(left.codes, right.codes)
    on_left, on_right = left.at(codes), right.at(codes)
    differ = np.asarray(on_left != on_right, dtype=bool)
    return codes[differ], on_left[differ], on_right[differ]


def exact_product(left: Coefficients, right: Coefficients) -> Coefficients:
    """Multiply numbers or columns of them exactly, in Python integers where int64 is too small."""
    if not isinstance(left, np.ndarray) and not isinstance(right, np.ndarray):
        return left * right
    if _magnitude(left) * _magnitude(right) >= WITHIN_INT64:
        left = left.astype(object) if isinstance(left, np.ndarray) else left
        right = right.astype(object) if isinstance(right, np.ndarray) else right
    return left * right


def exact_sums(values: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """Add up runs of a column exactly; each run begins where the next one ends."""
    if values.dtype != object and _magnitude(values) * len(values) >= WITHIN_INT64:
        values = values.astype(object)
    return np.add.reduceat(values, begins)


def _magnitude(value: Coefficients) -> int:
    """Bound the magnitude of numbers; 1 for those that are exact in any size."""
    if not isinstance(value, np.ndarray):
        return ceil(abs(value))
    if value.dtype == object or not value.size:
        return 1
    return max(int(value.max()), -int(value.min()))


def _outer(rows: Rows, coefficients: Coefficients, count: int) -> Coefficients:
    """Multiply every coefficient with every other, in the order of an outer sum of codes."""
    if not isinstance(coefficients, np.ndarray):
        if not isinstance(rows.coefficients, np.ndarray):
            return rows.coefficients * coefficients
        return np.repeat(exact_product(rows.coefficients, coefficients), count)
    if not isinstance(rows.coefficients, np.ndarray):
        return np.tile(exact_product(rows.coefficients, coefficients), len(rows.codes))
    return exact_product(rows.coefficients[:, None], coefficients).reshape(-1)


def _dtype(value: Exact) -> Any:
    return np.int64 if isinstance(value, int) and abs(value) < WITHIN_INT64 else object


NOTHING = Rows(np.zeros(0, dtype=np.int64))
"""The polynomial without rows."""
