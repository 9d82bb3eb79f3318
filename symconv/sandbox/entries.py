"""Plain numbers out of whatever people's arrays hold.

An entry of an object array may be of a class of theirs, whose ``==`` says what it likes. This
runs in the process of the code and calls nothing of such a class: the methods are those of the
built-in type that it extends.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MOST_BITS = 8192
"""Of an integer that is told; right ones are far below, and Python prints no longer ones."""

_array = np.array
_asarray = np.asarray
_empty = np.empty
_generic = np.generic
_item = np.generic.item
_void = np.void
_object = np.dtype(object)


class NoNumber(ValueError):
    """An array holds something that is no plain number; the text says what."""


def plain_array(value: Any) -> np.ndarray:
    """Return a copy of an array that holds plain numbers and nothing of the code's own.

    Shapes: as the given array.

    Raises:
        NoNumber: when an entry is no number, or an integer too large to be told.
    """
    array = _asarray(value)
    if array.dtype != _object:
        if array.dtype.kind in "biufc" or _is_narrow_float(array.dtype):
            return _array(array, copy=True, subok=False)
        raise NoNumber(f"an array of dtype {str(array.dtype)[:80]} was returned")
    found = _empty(array.size, dtype=_object)
    found[:] = [_plain_number(entry) for entry in array.ravel().tolist()]
    return found.reshape(array.shape)


def _is_narrow_float(dtype: np.dtype) -> bool:
    """Tell floats of other packages, such as bfloat16, which are of kind V, from records."""
    return dtype.kind == "V" and dtype.type is not _void


def _plain_number(entry: Any) -> Any:
    kind = type(entry)
    number = entry
    if issubclass(kind, _generic):
        number = _item(entry)
        kind = type(number)
    if issubclass(kind, int):
        plain = number if kind is bool else int.__index__(number)
        if int.bit_length(plain) > MOST_BITS:
            raise NoNumber(f"an entry has {int.bit_length(plain):,} bits, too many to be told")
        return plain
    if issubclass(kind, float):
        return float.__float__(number)
    if issubclass(kind, complex):
        return complex.__add__(number, 0)
    raise NoNumber(f"an array of {type(entry).__name__[:80]} objects was returned")
