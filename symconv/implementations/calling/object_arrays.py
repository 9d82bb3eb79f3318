"""NumPy that makes arrays of objects where it would make arrays of floats.

Code that runs on symbols or on Python integers of any size stores what it computes in arrays
that it makes itself, and `np.zeros(shape)` makes floats. While `object_numpy` is active, such
calls make arrays of objects. Arrays of integers and booleans stay what they are, and what
`np.empty` leaves cannot be used before it is written.
"""

from __future__ import annotations

import dis
import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from types import CodeType
from typing import Any

import numpy as np

from symconv.errors import NotSupported
from symconv.implementations.calling.symbols import UNINITIALISED

MOST_OBJECTS = 2**24
"""In one new array; no layer that is run on objects needs as many."""

_full = np.full
_asarray = np.asarray
_dtype = np.dtype
_KINDS_OF_NUMBERS = "fcO"


@contextmanager
def object_numpy() -> Iterator[None]:
    """Let NumPy make arrays of objects where it would make arrays of floats.

    `np.zeros`, `ones`, `empty`, `full` and their `_like` forms are replaced as attributes of the
    module, and put back at the end; so is `np.pad`, which pads arrays of objects with NumPy's
    own integers, and these overflow beside Python's.

    Limit: only a call that names the function makes objects, `np.zeros(shape)`. Compiled code
    that calls it, such as `np.random` does, writes floats into the memory and must have them.
    Code that took a function out of the module earlier (`from numpy import zeros`) makes floats
    as well. Symbols then refuse to be stored.
    """
    makers: dict[str, Callable[..., Any]] = {
        "zeros": _maker(np.zeros, 1, 0),
        "ones": _maker(np.ones, 1, 1),
        "empty": _maker(np.empty, 1, UNINITIALISED),
        "full": _filled,
        "zeros_like": _maker(np.zeros_like, 1, 0),
        "ones_like": _maker(np.ones_like, 1, 1),
        "empty_like": _maker(np.empty_like, 1, UNINITIALISED),
        "full_like": _maker(np.full_like, 2, None),
        "pad": _padded(np.pad),
    }
    originals = {name: getattr(np, name) for name in makers}
    try:
        for name, maker in makers.items():
            setattr(np, name, maker)
        yield
    finally:
        for name, original in originals.items():
            setattr(np, name, original)


def _maker(original: Any, place: int, entry: Any) -> Callable[..., Any]:
    """Return a function that makes object arrays where the original would make floats.

    Args:
        original: NumPy's function.
        place: where the dtype stands among its positional arguments.
        entry: what the array is filled with; None when the caller gives it.
    """
    name = original.__name__

    @functools.wraps(original)
    def make(*arguments: Any, **options: Any) -> Any:
        positional = len(arguments) > place
        given = arguments[place] if positional else options.get("dtype")
        if given is None and name.endswith("_like"):
            model = arguments[0] if arguments else options.get("a", options.get("prototype"))
            given = getattr(model, "dtype", None) or _asarray(model).dtype
        if not _holds_numbers(given) or not _is_named(name):
            return original(*arguments, **options)
        _check_size(arguments[0] if arguments else options.get("shape", 0))
        if positional:
            arguments = (*arguments[:place], object, *arguments[place + 1 :])
        else:
            options["dtype"] = object
        made = original(*arguments, **options)
        if entry is not None:
            made[...] = entry
        return made

    return make


def _check_size(shape: Any) -> None:
    """Refuse what would take very long to fill with objects.

    Raises:
        NotSupported: when there are too many entries.
    """
    extents = getattr(shape, "shape", shape)
    size = prod(extents) if isinstance(extents, tuple | list) else extents
    if isinstance(size, int) and size > MOST_OBJECTS:
        raise NotSupported(f"an array of {size:,} entries is too large for objects")


def _filled(shape: Any, fill_value: Any, dtype: Any = None, *more: Any, **options: Any) -> Any:
    if dtype is None:
        dtype = _asarray(fill_value).dtype
    if _holds_numbers(dtype) and _is_named("full"):
        dtype = object
    return _full(shape, fill_value, dtype, *more, **options)


def _padded(original: Any) -> Callable[..., Any]:
    @functools.wraps(original)
    def pad(*arguments: Any, **options: Any) -> Any:
        made = original(*arguments, **options)
        if made.dtype == object:
            for position, entry in enumerate(made.flat):
                if isinstance(entry, np.generic):
                    made.flat[position] = entry.item()
        return made

    return pad


def _holds_numbers(dtype: Any) -> bool:
    return dtype is None or _dtype(dtype).kind in _KINDS_OF_NUMBERS


def _is_named(name: str) -> bool:
    """Tell whether the call two frames up names a function, and not another that calls it."""
    caller = sys._getframe(2)
    return _names(caller.f_code, caller.f_lasti, name)


@functools.lru_cache(maxsize=4096)
def _names(code: CodeType, instruction: int, name: str) -> bool:
    """Tell whether the call at an instruction is written with a name: `np.zeros(...)`.

    The name and its call begin at one place of the source. The frame may stand anywhere
    between the call's instruction and the next one, which is where its inline caches are.
    """
    call: tuple[int | None, int | None] | None = None
    named: set[tuple[int | None, int | None]] = set()
    for item in dis.get_instructions(code):
        start = None
        if item.positions is not None and item.positions.col_offset is not None:
            start = (item.positions.lineno, item.positions.col_offset)
            if item.argval == name:
                named.add(start)
        if item.offset <= instruction:
            call = start
    return call is not None and call in named
