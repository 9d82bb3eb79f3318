"""Arrays that remember which entries were multiplied and added: loops run on them unchanged.

A traced array does what a NumPy array does: NumPy itself indexes it, so views share memory,
assignment overwrites, shapes broadcast, and a bad index is NumPy's own error. Nothing of
convolution is known here. What is not handled raises `NotSupported` instead of guessing.

An entry's value is a polynomial, kept as `traced_memory` says. A product of monomials is a
sum of codes. The caller chooses the codes, one array of them per argument, so that a sum of
codes from different arguments tells which entries it was made of. A product in which one
argument may occur twice is therefore refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from symconv.concrete.refusals import refuse, require_basic_index
from symconv.concrete.traced_memory import (
    CODE_LIMIT,
    ONE,
    ZERO,
    Chunk,
    Part,
    Snapshot,
    Storage,
    vector,
)


class _Traced:
    """What traced arrays and scalars have in common, and what they refuse."""

    __slots__ = ()

    def __radd__(self, other: Any) -> Any:
        return _add(_traced(other), self)

    def __add__(self, other: Any) -> Any:
        return _add(self, _traced(other))

    def __sub__(self, other: Any) -> Any:
        return _add(self, _multiply(_traced(other), MINUS_ONE))

    def __rsub__(self, other: Any) -> Any:
        return _add(_traced(other), _multiply(self, MINUS_ONE))

    def __mul__(self, other: Any) -> Any:
        return _multiply(self, _traced(other))

    def __rmul__(self, other: Any) -> Any:
        return _multiply(_traced(other), self)

    def __neg__(self) -> Any:
        return _multiply(self, MINUS_ONE)

    def sum(self, *arguments: Any, **options: Any) -> Any:
        """Add up entries, as `np.sum` does."""
        return _sum(self, *arguments, **options)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        operation = _UFUNCS.get(ufunc)
        if operation is None or method != "__call__" or options:
            refuse(f"np.{ufunc.__name__} with {', '.join(options) or method}")
        return operation(*map(_traced, inputs))

    def __array_function__(
        self, function: Any, _types: Any, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        handler = _FUNCTIONS.get(function)
        if handler is None:
            refuse(f"np.{function.__name__}")
        return handler(*arguments, **options)

    def __getattr__(self, name: str) -> NoReturn:
        if hasattr(np.ndarray, name) and not name.startswith("__"):
            refuse(f"the attribute {name!r}")
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def _refused(self, *_: Any, **__: Any) -> NoReturn:
        refuse("comparing, dividing, taking powers, or turning into plain numbers")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refused  # pyright: ignore[reportAssignmentType] -- it never returns
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _refused
    __pow__ = __rpow__ = __matmul__ = __rmatmul__ = __abs__ = __pos__ = __invert__ = _refused
    __bool__ = __int__ = __float__ = __complex__ = __index__ = __array__ = _refused
    __hash__ = None  # pyright: ignore[reportAssignmentType] -- as NumPy's arrays have it


class TracedScalar(_Traced):
    """One value: a sum of parts, and of what an entry was when it was read."""

    __slots__ = ("_base", "_parts", "groups")

    def __init__(
        self, parts: tuple[Part, ...], groups: int = 0, base: Snapshot | None = None
    ) -> None:
        self._parts = parts
        self._base = base
        self.groups = groups

    shape = ()
    ndim = 0
    size = 1

    def parts(self) -> tuple[Part, ...]:
        """Return every part of the sum."""
        if self._base is not None:
            self._parts = (*self._base.parts(), *self._parts)
            self._base = None
        return self._parts

    def parts_beyond(self, storage: Storage, position: int) -> tuple[Part, ...] | None:
        """Return what was added to an entry since it was read; None if that does not apply."""
        if self._base is not None and self._base.is_current(storage, position):
            return self._parts
        return None

    def plus(self, other: TracedScalar) -> TracedScalar:
        """Add two values, which may be the same one."""
        added = other.parts()
        return TracedScalar((*self._parts, *added), self.groups | other.groups, self._base)

    def __getitem__(self, index: Any) -> NoReturn:
        refuse("indexing a scalar")


class TracedArray(_Traced):
    """An array of values; indexing gives views of the same memory.

    Args:
        codes: the monomial of every entry, negative for zero.
        groups: which arguments the codes are made of, one bit each.
    """

    __slots__ = ("_codes", "_index", "_parent", "_storage")

    def __init__(self, codes: np.ndarray, groups: int) -> None:
        self._storage = Storage(codes, groups)
        self._codes = codes
        self._parent: TracedArray | None = None
        self._index: Any = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, as NumPy has it."""
        return self._codes.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._codes.ndim

    @property
    def size(self) -> int:
        """The number of entries."""
        return self._codes.size

    @property
    def groups(self) -> int:
        """Which arguments may occur in any entry of the memory."""
        return self._storage.groups

    @property
    def positions(self) -> np.ndarray:
        """The flat positions in the shared memory, in the shape of this view."""
        if self._parent is None:
            return self._storage.positions
        return self._parent.positions[self._index]

    def __mul__(self, other: Any) -> Any:
        # The way that most products take; `_multiply` does the same and everything else.
        if type(other) is TracedArray:
            mine, theirs = self._storage, other._storage
            dense, groups = mine.log is None and theirs.log is None, mine.groups | theirs.groups
            if dense and mine.groups and theirs.groups and not mine.groups & theirs.groups:
                codes = self._codes + other._codes
                return TracedArray(codes, groups) if codes.ndim else _dense_result(codes, groups)
        return _multiply(self, _traced(other))

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[Any]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        require_basic_index(index)
        codes = self._codes[index]
        storage = self._storage
        if isinstance(codes, np.ndarray):
            view = TracedArray.__new__(TracedArray)
            view._storage = storage
            view._codes = codes
            view._parent = self
            view._index = index
            return view
        code = int(codes)
        if storage.log is not None:
            base = Snapshot(storage, storage.log, int(self.positions[index]), code)
            return TracedScalar((), storage.groups, base)
        return TracedScalar(((code, 1),) if code >= 0 else (), storage.groups)

    def __setitem__(self, index: Any, value: Any) -> None:
        require_basic_index(index)
        value = _traced(value)
        positions = self.positions[index]
        if type(value) is TracedArray:
            self._assign_array(index, positions, value)
        elif isinstance(positions, np.ndarray):
            self._assign_everywhere(index, positions, value)
        else:
            self._assign_one(index, int(positions), value)
        self._storage.groups |= value.groups

    def __iadd__(self, other: Any) -> TracedArray:
        return self._accumulate(_traced(other), 1)

    def __isub__(self, other: Any) -> TracedArray:
        return self._accumulate(_traced(other), -1)

    def __imul__(self, other: Any) -> NoReturn:
        refuse("*=")

    def chunks(self) -> list[Chunk]:
        """Return the values as positions in this view, codes and coefficients."""
        dense = self._codes.flatten()
        kept = np.flatnonzero(dense >= 0)
        found: list[Chunk] = [(kept, dense[kept], 1)] if len(kept) else []
        storage = self._storage
        if storage.log is not None:
            place = np.full(storage.codes.size, -1)
            place[self.positions.ravel()] = np.arange(self.size)
            for positions, codes, coefficient in storage.log.added():
                here = place[positions]
                found.append((here[here >= 0], codes[here >= 0], coefficient))
        return found

    def dense(self) -> np.ndarray | None:
        """Return the monomials, or None where sums may be among the entries."""
        return self._codes if self._storage.log is None else None

    def _assign_one(self, index: Any, position: int, value: TracedScalar) -> None:
        storage = self._storage
        parts = value.parts_beyond(storage, position)
        if parts is None:
            parts = self._assign_monomial(index, value.parts())
            storage.forget(position)
        for codes, coefficient in parts:
            storage.add(position, codes, coefficient)

    def _assign_monomial(self, index: Any, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """Assign a value that is one monomial, otherwise zero; return what is still to add."""
        if len(parts) == 1 and parts[0][1] == 1 and not isinstance(parts[0][0], np.ndarray):
            self._codes[index] = parts[0][0]
            return ()
        self._codes[index] = ZERO
        return parts

    def _assign_everywhere(self, index: Any, positions: np.ndarray, value: TracedScalar) -> None:
        parts = value.parts()
        left = self._assign_monomial(index, parts)
        self._storage.forget(positions)
        for codes, coefficient in left:
            listed = vector(codes)
            where = np.repeat(positions.ravel(), len(listed))
            self._storage.add(where, np.tile(listed, positions.size), coefficient)

    def _assign_array(self, index: Any, positions: Any, value: TracedArray) -> None:
        storage = self._storage
        if value._storage is storage and np.array_equal(value.positions, positions):
            # `a[1:2] += b` writes back what it has already added in place.
            return
        if value.dense() is not None:
            self._codes[index] = value._codes
            storage.forget(positions)
            return
        if value.shape != np.shape(positions):
            refuse(f"assigning sums of shape {value.shape} to shape {np.shape(positions)}")
        chunks = value.chunks()
        self._codes[index] = ZERO
        storage.forget(positions)
        where = np.ravel(positions)
        for local, codes, coefficient in chunks:
            storage.add(where[local], codes, coefficient)

    def _accumulate(self, other: TracedArray | TracedScalar, sign: int) -> TracedArray:
        if other.shape != self.shape:
            if np.broadcast_shapes(other.shape, self.shape) != self.shape:
                raise ValueError(
                    f"non-broadcastable output operand with shape {self.shape} "
                    f"doesn't match the broadcast shape of {other.shape}"
                )
            refuse(f"adding shape {other.shape} in place to shape {self.shape}")
        storage = self._storage
        where = self.positions.ravel()
        if isinstance(other, TracedScalar):
            for codes, coefficient in other.parts():
                storage.add(int(where[0]), codes, sign * coefficient)
        elif other.dense() is not None:
            storage.add(where, other._codes.flatten(), sign)
        else:
            for local, codes, coefficient in other.chunks():
                storage.add(where[local], codes, sign * coefficient)
        storage.groups |= other.groups
        return self


def traced_rows(result: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return flat positions, codes and coefficients (None for all 1) of a traced result.

    Raises:
        NotSupported: when the result is not traced.
    """
    if not isinstance(result, _Traced):
        refuse(f"a result of type {type(result).__name__}")
    chunks = _spread(result, result.shape)  # pyright: ignore[reportArgumentType] -- a traced array is one of its two kinds
    if not chunks:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, None
    positions = np.concatenate([where for where, _, _ in chunks])
    codes = np.concatenate([codes for _, codes, _ in chunks])
    kept = codes >= 0
    if all(coefficient == 1 for _, _, coefficient in chunks):
        return positions[kept], codes[kept], None
    largest = max(abs(coefficient) for _, _, coefficient in chunks)
    kind = np.int64 if largest < CODE_LIMIT else object
    coefficients = [np.full(len(where), factor, dtype=kind) for where, _, factor in chunks]
    return positions[kept], codes[kept], np.concatenate(coefficients)[kept]


def _traced(value: Any) -> Any:
    """Accept integers beside traced values."""
    if type(value) is TracedArray or type(value) is TracedScalar:
        return value
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        number = int(value) if value == value and abs(value) != float("inf") else None
        if number is not None and number == value and abs(number) < CODE_LIMIT:
            return TracedScalar(((ONE, number),) if number else ())
    return refuse(f"{type(value).__name__} beside entries")


def _multiply(left: Any, right: Any) -> Any:
    """Multiply two traced values as NumPy does.

    Raises:
        NotSupported: when an argument may occur twice in a product.
    """
    of_left, of_right = left.groups, right.groups
    if of_left & of_right:
        refuse("a product in which one array occurs twice")
    groups = of_left | of_right
    if type(left) is TracedScalar:
        if type(right) is TracedScalar:
            return TracedScalar(_products(left.parts(), right.parts()), groups)
        return _scaled(right, left, groups)
    if type(right) is TracedScalar:
        return _scaled(left, right, groups)
    first, second = left.dense(), right.dense()
    if first is not None and second is not None:
        codes = first + second
        if not of_left or not of_right:
            # Zeros that were never assigned to may be multiplied without end.
            codes = np.maximum(codes, ZERO)
        return _dense_result(codes, groups)
    shape = np.broadcast_shapes(left.shape, right.shape)
    sums, monomials = (left, second) if first is None else (right, first)
    if monomials is None:
        refuse("a product of two arrays of sums")
    if sums.shape != shape:
        refuse("broadcasting an array of sums")
    others = np.broadcast_to(monomials, shape).ravel()
    chunks: list[Chunk] = [
        (where, codes + others[where], coefficient) for where, codes, coefficient in sums.chunks()
    ]
    return _result(shape, groups, chunks)


def _scaled(array: TracedArray, scalar: TracedScalar, groups: int) -> Any:
    parts = scalar.parts()
    dense = array.dense()
    if dense is not None and len(parts) == 1:
        code, coefficient = parts[0]
        if coefficient == 1 and not isinstance(code, np.ndarray):
            return _dense_result(dense + code, groups)
    chunks: list[Chunk] = []
    for where, codes, coefficient in array.chunks():
        for other, factor in parts:
            listed = vector(other)
            products = np.add.outer(codes, listed).ravel()
            chunks.append((np.repeat(where, len(listed)), products, coefficient * factor))
    return _result(array.shape, groups, chunks)


def _products(left: tuple[Part, ...], right: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(
        (
            np.maximum(np.add.outer(one, other), ZERO).ravel()
            if isinstance(one, np.ndarray) or isinstance(other, np.ndarray)
            else one + other,
            factor * coefficient,
        )
        for one, factor in left
        for other, coefficient in right
    )


def _add(left: Any, right: Any) -> Any:
    """Add two traced values as NumPy does."""
    if isinstance(left, TracedScalar) and isinstance(right, TracedScalar):
        return left.plus(right)
    shape = np.broadcast_shapes(left.shape, right.shape)
    chunks = [*_spread(left, shape), *_spread(right, shape)]
    return _result(shape, left.groups | right.groups, chunks)


def _spread(value: TracedArray | TracedScalar, shape: tuple[int, ...]) -> list[Chunk]:
    """Broadcast a value to a shape, as chunks."""
    if isinstance(value, TracedArray):
        dense = value.dense()
        if dense is not None:
            codes = np.broadcast_to(dense, shape).flatten()
            return [(np.arange(codes.size), codes, 1)]
        if value.shape != shape:
            refuse("broadcasting an array of sums")
        return value.chunks()
    everywhere = np.arange(int(np.prod(shape)))
    chunks: list[Chunk] = []
    for codes, coefficient in value.parts():
        listed = vector(codes)
        where = np.repeat(everywhere, len(listed))
        chunks.append((where, np.tile(listed, len(everywhere)), coefficient))
    return chunks


def _sum(a: Any, axis: Any = None, *more: Any, **options: Any) -> Any:
    value = a
    if more or options:
        refuse(f"np.sum with {', '.join(options) or 'a dtype'}")
    if isinstance(value, TracedScalar):
        return value if axis is None else refuse("np.sum of a scalar along an axis")
    if not isinstance(value, TracedArray):
        refuse(f"np.sum of {type(value).__name__}")
    if axis is None:
        dense = value.dense()
        if dense is not None:
            return TracedScalar(((dense.flatten(), 1),), value.groups)
        parts = tuple((codes, coefficient) for _, codes, coefficient in value.chunks())
        return TracedScalar(parts, value.groups)
    # NumPy itself says which entry of the result each entry is added to.
    nothing = np.zeros(value.shape, dtype=np.int64)
    kept = np.sum(nothing, axis=axis, keepdims=True)
    shape = np.sum(nothing, axis=axis).shape
    target = np.broadcast_to(np.arange(kept.size).reshape(kept.shape), value.shape).ravel()
    chunks: list[Chunk] = [
        (target[where], codes, coefficient) for where, codes, coefficient in value.chunks()
    ]
    return _result(shape, value.groups, chunks)


def _zeros_like(a: Any, *more: Any, shape: Any = None, **options: Any) -> TracedArray:
    if more or options:
        refuse(f"np.zeros_like with {', '.join(options) or 'a dtype'}")
    return TracedArray(np.full(a.shape if shape is None else shape, ZERO), 0)


def _dense_result(codes: Any, groups: int) -> Any:
    if isinstance(codes, np.ndarray) and codes.ndim:
        return TracedArray(codes, groups)
    return TracedScalar(((int(codes), 1),) if codes >= 0 else (), groups)


def _result(shape: tuple[int, ...], groups: int, chunks: list[Chunk]) -> Any:
    if not shape:
        return TracedScalar(tuple((codes, factor) for _, codes, factor in chunks), groups)
    array = TracedArray(np.full(shape, ZERO), groups)
    for places, codes, coefficient in chunks:
        array._storage.add(places, codes, coefficient)
    return array


MINUS_ONE = TracedScalar(((ONE, -1),))
_UFUNCS: dict[Any, Callable[..., Any]] = {
    np.add: _add,
    np.multiply: _multiply,
    np.subtract: lambda left, right: _add(left, _multiply(right, MINUS_ONE)),
    np.negative: lambda value: _multiply(value, MINUS_ONE),
}
_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: _sum,
    np.zeros_like: _zeros_like,
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
}
