"""Values as plain bytes and back: what crosses between our process and one that runs code.

What comes back may have been made by anybody. So the receiver says what it expects, by a type:
a dataclass, a union of them, numbers, texts, mappings and tuples of these, arrays. The data never
choose what is built beyond the members of that type, nothing of them is executed, and whatever
does not fit is refused as `Garbled`.

The form is a length, JSON, and the bytes of the arrays in the order in which the JSON names them.
An array is its dtype and shape with its bytes; an object array holds integers of any size,
polynomials ``{(number, ...): coefficient}``, or a few numbers of mixed kinds.
"""

from __future__ import annotations

import importlib
import struct
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import cache
from json import JSONDecoder, JSONEncoder
from math import prod
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

MOST_TEXT = 4 * 2**20
"""In bytes: how much of a value may be anything but the bytes of arrays."""
MOST_LONG_TEXT = 10_000
"""In characters, of one text in it."""
MOST_INTEGER_BYTES = 1025
"""Of an integer in an array; Python prints integers of up to 4,300 digits."""
MOST_TERMS = 2**22
"""Of the polynomials of one array."""

_HEAD = struct.Struct("!Q")
_PACKAGE = __name__.partition(".")[0]
# Kept from before the code under test can put something else in their place.
_encode = JSONEncoder(check_circular=False).encode
_decode = JSONDecoder().decode
_array = np.array
_asarray = np.asarray
_concatenate = np.concatenate
_ascontiguousarray = np.ascontiguousarray
_tobytes = np.ndarray.tobytes
_import = importlib.import_module
_ndarray = np.ndarray
_object = np.dtype(object)
_float64 = np.dtype(np.float64)
_int64 = np.dtype("<i8")
_fields = fields
_is_dataclass = is_dataclass
_is_mapping = Mapping
_Path = Path


class Garbled(ValueError):
    """Bytes that are not the value that was expected."""


class ValueTooLarge(ValueError):
    """A value that is too large to be sent."""


def packed(value: Any) -> bytes:
    """Return a value as bytes.

    Raises:
        TooLarge: when there is too much in it besides the entries of arrays.
    """
    buffers: list[bytes] = []
    text = _encode(_plain(value, buffers)).encode("ascii")
    if len(text) > MOST_TEXT:
        raise ValueTooLarge(f"{len(text):,} bytes of text")
    return b"".join((_HEAD.pack(len(text)), text, *buffers))


def unpacked(kind: Any, data: bytes) -> Any:
    """Return the value that bytes stand for.

    Args:
        kind: its type; for a dataclass, any class of this package that extends it will do too.
        data: where it comes from does not matter.

    Raises:
        Garbled: when it is no value of this type.
    """
    try:
        (length,) = _HEAD.unpack_from(data)
        if length > min(MOST_TEXT, len(data) - _HEAD.size):
            raise Garbled("the text is longer than the data")
        start = _HEAD.size + length
        read = _Reading(memoryview(data)[start:])
        found = read.value(kind, _decode(str(data[_HEAD.size : start], "ascii")))
    except Garbled:
        raise
    except Exception as error:
        # Whatever else a constructor or NumPy objects to; the data are to blame.
        raise Garbled(f"{type(error).__name__} while it was read") from error
    if read.left:
        raise Garbled(f"{read.left} bytes too many")
    return found


def _plain(value: Any, buffers: list[bytes]) -> Any:
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if isinstance(value, _Path):
        return str(value)
    if kind is bytes:
        buffers.append(value)
        return len(value)
    if kind is _ndarray:
        return _plain_array(value, buffers)
    if kind in (tuple, list, frozenset):
        return [_plain(item, buffers) for item in value]
    if _is_dataclass(value):
        return [
            kind.__name__,
            *(_plain(getattr(value, item.name), buffers) for item in _fields(kind)),
        ]
    if isinstance(value, _is_mapping):
        return [[_plain(key, buffers), _plain(item, buffers)] for key, item in value.items()]
    raise TypeError(f"a value of type {kind.__name__} has no plain form")


def _plain_array(array: np.ndarray, buffers: list[bytes]) -> list[Any]:
    shape = list(array.shape)
    if array.dtype == _object:
        form, *content = _plain_objects(array.ravel().tolist(), buffers)
        return [form, shape, *content]
    if array.dtype.kind == "V":
        buffers.append(_tobytes(array.astype(_float64)))
        return ["narrow", shape, array.dtype.name]
    buffers.append(_tobytes(array))
    return ["native", shape, array.dtype.str]


def _plain_objects(entries: list[Any], buffers: list[bytes]) -> tuple[Any, ...]:
    kinds = set(map(type, entries))
    if kinds == {dict}:
        keys: list[Any] = []
        coefficients: list[Any] = []
        for entry in entries:
            keys.extend(entry)
            coefficients.extend(entry.values())
            if len(keys) > MOST_TERMS:
                raise ValueTooLarge(f"more than {MOST_TERMS:,} terms")
        numbers: list[int] = []
        for key in keys:
            numbers.extend(key)
        for integers in (map(len, entries), map(len, keys), numbers):
            _buffer_of(list(integers), buffers)
        return "polynomials", len(keys), len(numbers), *_plain_numbers(coefficients, buffers)
    return "numbers", *_plain_numbers(entries, buffers)


def _plain_numbers(entries: list[Any], buffers: list[bytes]) -> tuple[Any, ...]:
    """Write integers as bytes of one width; a mixture of numbers in the text."""
    if set(map(type, entries)) <= {int}:
        width = max((entry.bit_length() for entry in entries), default=0) // 8 + 1
        if width <= _int64.itemsize:
            _buffer_of(entries, buffers)
            return (_int64.itemsize,)
        if width > MOST_INTEGER_BYTES:
            raise ValueTooLarge(f"an integer of {width:,} bytes")
        buffers.append(b"".join(entry.to_bytes(width, "little", signed=True) for entry in entries))
        return (width,)
    return 0, [_mixed(entry) for entry in entries]


def _mixed(entry: Any) -> Any:
    if type(entry) in (bool, int, float):
        return entry
    if type(entry) is complex:
        return ["complex", entry.real, entry.imag]
    if type(entry) is Fraction:
        return ["fraction", entry.numerator, entry.denominator]
    raise TypeError(f"an entry of type {type(entry).__name__} has no plain form")


def _buffer_of(integers: list[int], buffers: list[bytes]) -> None:
    buffers.append(_tobytes(_array(integers, dtype=_int64)))


class _Reading:
    """The rest of the bytes of arrays, taken in order."""

    def __init__(self, buffers: memoryview) -> None:
        self._buffers = buffers

    @property
    def left(self) -> int:
        """How many bytes nothing has asked for."""
        return len(self._buffers)

    def value(self, kind: Any, plain: Any) -> Any:
        """Return the value of a type."""
        if kind in _SIMPLE:
            return _simple(kind, plain)
        if kind is _Path:
            return _Path(_simple(str, plain))
        if kind is bytes:
            return bytes(self._taken(_count(plain)))
        if kind is _ndarray:
            return self._array(plain)
        if isinstance(kind, type) and not get_args(kind):
            return self._dataclass(kind, plain)
        origin, members = get_origin(kind), get_args(kind)
        match origin:
            case None:
                raise AssertionError(f"values of {kind} are not sent")
            case _ if origin is Literal:
                if type(plain) is str and plain in members:
                    return plain
                raise Garbled("none of the words that are possible")
            case _ if origin in (types.UnionType, Union):
                return self._member(members, plain)
            case _ if origin is tuple and members[-1] is not Ellipsis:
                return self._parts(members, plain)
            case _ if issubclass(origin, _is_mapping):
                return dict(self._parts(members, pair) for pair in _list(plain))
        make = frozenset if origin is frozenset else tuple
        return make(self.value(members[0], item) for item in _list(plain))

    def _parts(self, members: tuple[Any, ...], plain: Any) -> tuple[Any, ...]:
        items = _list(plain)
        if len(items) != len(members):
            raise Garbled("another number of parts")
        return tuple(self.value(*pair) for pair in zip(members, items, strict=True))

    def _member(self, members: tuple[Any, ...], plain: Any) -> Any:
        """Return the value of a union, whose members are told apart by their plain form."""
        if plain is None and types.NoneType in members:
            return None
        possible = [member for member in members if member is not types.NoneType]
        for member in possible:
            simple = member in (*_SIMPLE, _Path) or get_origin(member) is Literal
            if len(possible) == 1 or simple == (type(plain) is not list):
                return self.value(member, plain)
        raise Garbled("no member of the union")

    def _dataclass(self, kind: type, plain: Any) -> Any:
        name, *values = _list(plain)
        found = _class(kind, name) if type(name) is str else None
        if found is None:
            raise Garbled("none of the classes that are possible")
        hints = _hints(found)
        if len(values) != len(hints):
            raise Garbled("another number of fields")
        pairs = zip(hints.items(), values, strict=True)
        return found(**{field: self.value(hint, item) for (field, hint), item in pairs})

    def _array(self, plain: Any) -> np.ndarray:
        form, shape_plain, *content = _list(plain)
        shape = tuple(_count(extent) for extent in _list(shape_plain))
        if len(shape) > 32:
            raise Garbled("too many axes")
        # Counted with Python's integers, which do not overflow.
        size = prod(shape)
        match form, content:
            case "native", [str(name)] if name[1:2] in "biufc" and name[2:].isdigit():
                return self._native(np.dtype(name), size).reshape(shape)
            case "narrow", [str(name)]:
                wide = self._native(_float64, size).reshape(shape)
                return wide.astype(_narrow(name))
            case "numbers", [int(width), *rest]:
                entries = self._numbers(size, width, rest)
            case "polynomials", [keys, numbers, int(width), *rest]:
                entries = self._polynomials(size, _count(keys), _count(numbers), width, rest)
            case _:
                raise Garbled("no form of an array")
        found = np.empty(size, dtype=object)
        for position, entry in enumerate(entries):
            found[position] = entry
        return found.reshape(shape)

    def _native(self, dtype: np.dtype, size: int) -> np.ndarray:
        return np.frombuffer(self._taken(size * dtype.itemsize), dtype=dtype).copy()

    def _numbers(self, size: int, width: int, rest: list[Any]) -> list[Any]:
        if width == 0 and len(rest) == 1:
            entries = [_unmixed(entry) for entry in _list(rest[0])]
            if len(entries) != size:
                raise Garbled("another number of entries")
            return entries
        if rest or not 0 < width <= MOST_INTEGER_BYTES:
            raise Garbled("no form of numbers")
        if width == _int64.itemsize:
            return self._native(_int64, size).tolist()
        taken = bytes(self._taken(size * width))
        return [
            int.from_bytes(taken[start : start + width], "little", signed=True)
            for start in range(0, size * width, width)
        ]

    def _polynomials(
        self, size: int, keys: int, numbers: int, width: int, rest: list[Any]
    ) -> Iterator[dict[tuple[int, ...], Any]]:
        if keys > MOST_TERMS:
            raise Garbled("more terms than are sent")
        terms = self._native(_int64, size).tolist()
        degrees = self._native(_int64, keys).tolist()
        flat = self._native(_int64, numbers).tolist()
        coefficients = self._numbers(keys, width, rest)
        lowest = min(min(terms, default=0), min(degrees, default=0))
        if sum(terms) != keys or sum(degrees) != numbers or lowest < 0:
            raise Garbled("terms that do not add up")
        monomials = _cut(degrees, flat, tuple)
        pairs = list(zip(monomials, coefficients, strict=True))
        return _cut(terms, pairs, dict)

    def _taken(self, length: int) -> memoryview:
        if length > len(self._buffers):
            raise Garbled("the data end too early")
        taken, self._buffers = self._buffers[:length], self._buffers[length:]
        return taken


def _cut(lengths: list[int], items: list[Any], make: Callable[[Any], Any]) -> Iterator[Any]:
    start = 0
    for length in lengths:
        yield make(items[start : start + length])
        start += length


_SIMPLE = (bool, int, float, str, types.NoneType)


def _simple(kind: Any, plain: Any) -> Any:
    if kind is float and type(plain) is int:
        return float(plain)
    if type(plain) is not kind:
        raise Garbled(f"no {kind.__name__}")
    if kind is str and len(plain) > MOST_LONG_TEXT:
        raise Garbled("a text that is too long")
    return plain


def _unmixed(entry: Any) -> Any:
    match entry:
        case ["complex", float(real), float(imaginary)]:
            return complex(real, imaginary)
        case ["fraction", int(numerator), int(denominator)]:
            return Fraction(numerator, denominator)
        case bool() | int() | float():
            return entry
    raise Garbled("no form of a number")


def _list(plain: Any) -> list[Any]:
    if type(plain) is not list:
        raise Garbled("no list")
    return plain


def _count(plain: Any) -> int:
    if type(plain) is not int or plain < 0:
        raise Garbled("no count")
    return plain


def _narrow(name: str) -> Any:
    """Return a float dtype that NumPy does not have itself, or a wider one that holds as much."""
    if name != "bfloat16":
        return _float64
    try:
        return _import("ml_dtypes").bfloat16
    except ImportError:
        return np.float32


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {item.name: hints[item.name] for item in fields(kind)}


def _class(kind: type, name: str) -> type | None:
    """Return the dataclass of this package that is of a kind and has a name."""
    if name == kind.__name__ and is_dataclass(kind):
        return kind
    return _classes(kind).get(name)


def _classes(kind: type) -> dict[str, type]:
    """Return the dataclasses of this package that are of a kind, by name."""
    found: dict[str, type] = {}
    waiting = [kind]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if is_dataclass(one) and one.__module__.partition(".")[0] == _PACKAGE:
            # Where a dataclass has slots, the class that they were made from is still around.
            found[one.__name__] = getattr(importlib.import_module(one.__module__), one.__name__)
    return found
