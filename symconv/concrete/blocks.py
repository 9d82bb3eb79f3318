"""A product at given sizes as independent blocks of digits, which are not multiplied out."""

from __future__ import annotations

from typing import Any

import numpy as np

from symconv.algebra.indices import Range
from symconv.concrete.affine import Affine
from symconv.concrete.columns import ColumnFormula
from symconv.concrete.points import groups, rows
from symconv.concrete.rows import FREE, Block, Factored, Slot
from symconv.concrete.solutions import Boxes
from symconv.concrete.terms import SummedProduct
from symconv.errors import NotSupported


def factored(product: SummedProduct, free: tuple[Range, ...], boxes: Boxes) -> Factored | None:
    """Split a product into independent blocks; None where it has no rows.

    Raises:
        NotSupported: when it has rows, and an array occurs in it twice.
    """
    box = boxes.of(product.steps)
    if box.empty:
        return None
    digits: list[tuple[Slot, Affine | ColumnFormula]] = [
        ((FREE, number), box.at[item.index]) for number, item in enumerate(free)
    ]
    entries = sorted(product.entries, key=lambda entry: entry.array.name)
    for entry in entries:
        for axis, part in enumerate(entry.indices):
            digits.append(((entry.array.name, axis), box.affine(part) or box.formula(part)))
    axes_of = {slot: box.axes_of(digit) for slot, digit in digits}
    linked = groups(box, *(axes for axes in axes_of.values() if len(axes) > 1))
    if any(group.is_empty for group in linked):
        return None
    if product.repeated:
        raise NotSupported(f"{product.repeated} occurs twice in a product")
    scalar, constants = box.scale, list[tuple[Slot, int]]()
    for slot, digit in digits:
        if not axes_of[slot]:
            value = digit.start if isinstance(digit, Affine) else box.values(digit, {}, None)
            constants.append((slot, int(value)))
    number_by_axis = {axis: number for number, group in enumerate(linked) for axis in group.axes}
    own = [list[tuple[Slot, Affine | ColumnFormula]]() for _ in linked]
    for slot, digit in digits:
        if axes_of[slot]:
            own[number_by_axis[axes_of[slot][0]]].append((slot, digit))
    blocks: list[Block] = []
    for group, read in zip(linked, own, strict=True):
        columns_of = rows(box, group)
        slots, columns = list[Slot](), list[Any]()
        ordered = group.held is None and len(group.axes) == 1
        for slot, digit in read:
            slots.append(slot)
            if isinstance(digit, Affine):
                columns.append(box.positions(digit, columns_of))
                ordered &= all(step > 0 for step in digit.steps.values())
            else:
                columns.append(box.values(digit, columns_of, None).astype(np.int64))
                ordered = False
        coefficients = group.coefficients
        if coefficients is not None and group.held is not None:
            coefficients = coefficients[group.held]
        count = len(columns_of[group.axes[0]])
        blocks.append(Block(slots, columns, coefficients, count, ordered))
    arrays = tuple((entry.array.name, len(entry.indices)) for entry in entries)
    return Factored(arrays, scalar, tuple(constants), tuple(blocks))
