"""The memory of traced arrays: monomials that were assigned, and a log of what was added.

As long as an entry is one monomial, it is an int64 code in a dense array; a negative code is
zero. What is added is appended to a log of (positions, codes, coefficient), which is sorted
once at the end. An assignment marks what the log holds at its positions as overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

ZERO = -(1 << 60)
"""The least code. A negative code is zero, and stays negative when a product adds to it."""
CODE_LIMIT = 1 << 60
"""Products of entries have codes below this."""
ONE = 0
"""The code of the empty product."""

MOST_ARGUMENTS = 7
"""With more factors than this, the codes of zeros could add up to less than int64 holds."""

Codes: TypeAlias = "int | np.ndarray"
"""Monomials that are added up: one, or a vector of them."""
Places: TypeAlias = "int | np.ndarray"
"""Where codes are added: one flat position for all of them, or one per code."""
Part: TypeAlias = "tuple[Codes, int]"
"""Codes with their common coefficient."""
Chunk: TypeAlias = "tuple[np.ndarray, np.ndarray, int]"
"""Flat positions, a code for each, and their common coefficient."""


class Log:
    """What was added to a storage, in order.

    Three lists instead of one of tuples: nothing here is work for the garbage collector.

    Attributes:
        places: where.
        codes: what.
        coefficients: how often.
        overwritten: by flat position, how long the log was at the last assignment; None where
            nothing was assigned since the first addition.
    """

    __slots__ = ("codes", "coefficients", "overwritten", "places")

    def __init__(self) -> None:
        self.places: list[Places] = []
        self.codes: list[Codes] = []
        self.coefficients: list[int] = []
        self.overwritten: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.places)

    def added(self) -> Iterator[Chunk]:
        """Yield what was added and not overwritten."""
        for places, codes, numbers, coefficient in self.joined(0, len(self)):
            if self.overwritten is None:
                yield places, codes, coefficient
            else:
                kept = numbers >= self.overwritten[places]
                yield places[kept], codes[kept], coefficient

    def joined(
        self, first: int, last: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, int]]:
        """Yield part of the log in groups: positions, codes, numbers in the log, coefficient."""
        coefficients = self.coefficients[first:last]
        for coefficient in dict.fromkeys(coefficients):
            numbers = [
                number
                for number, other in enumerate(coefficients, start=first)
                if other == coefficient
            ]
            vectors = [n for n in numbers if isinstance(self.codes[n], np.ndarray)]
            if vectors:
                yield (*self._joined_vectors(vectors), coefficient)
            if len(vectors) < len(numbers):
                single = [n for n in numbers if not isinstance(self.codes[n], np.ndarray)]
                places = np.array([self.places[n] for n in single], dtype=np.int64)
                codes = np.array([self.codes[n] for n in single], dtype=np.int64)
                yield places, codes, np.array(single), coefficient

    def _joined_vectors(self, numbers: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        parts: list[Any] = [self.codes[number] for number in numbers]
        places: list[Any] = [self.places[number] for number in numbers]
        lengths = [len(part) for part in parts]
        codes = np.concatenate(parts)
        if any(isinstance(place, np.ndarray) for place in places):
            where = np.concatenate(
                [
                    place if isinstance(place, np.ndarray) else np.full(length, place)
                    for place, length in zip(places, lengths, strict=True)
                ]
            )
        else:
            where = np.repeat(places, lengths)
        kept = codes >= 0
        return where[kept], codes[kept], np.repeat(numbers, lengths)[kept]


class Storage:
    """The memory that views share.

    Attributes:
        codes: the monomials that were assigned; zero where nothing or a sum was.
        groups: which arguments may occur, one bit each.
        log: what was added, or None where nothing was.
        version: counts the changes.
    """

    __slots__ = ("_positions", "codes", "groups", "log", "version")

    def __init__(self, codes: np.ndarray, groups: int) -> None:
        self.codes = codes
        self.groups = groups
        self.log: Log | None = None
        self.version = 0
        self._positions: np.ndarray | None = None

    @property
    def positions(self) -> np.ndarray:
        """The flat position of every entry, in the shape of the array."""
        if self._positions is None:
            self._positions = np.arange(self.codes.size).reshape(self.codes.shape)
        return self._positions

    def forget(self, positions: Any) -> None:
        """Mark what was added at some positions so far as overwritten."""
        self.version += 1
        if self.log is not None:
            if self.log.overwritten is None:
                self.log.overwritten = np.zeros(self.codes.size, dtype=np.int64)
            self.log.overwritten[positions] = len(self.log)

    def add(self, places: Places, codes: Codes, coefficient: int) -> None:
        """Add codes at flat positions."""
        self.version += 1
        log = self.log
        if log is None:
            log = self.log = Log()
        log.places.append(places)
        log.codes.append(codes)
        log.coefficients.append(coefficient)


class Snapshot:
    """What an entry of a storage was when it was read; looked up in the log when needed.

    A loop that reads an entry, adds to it and writes it back never looks it up.
    """

    __slots__ = ("code", "first", "last", "log", "position", "storage", "version")

    def __init__(self, storage: Storage, log: Log, position: int, code: int) -> None:
        self.storage = storage
        self.log = log
        self.position = position
        self.code = code
        self.version = storage.version
        self.first = 0 if log.overwritten is None else int(log.overwritten[position])
        self.last = len(log)

    def is_current(self, storage: Storage, position: int) -> bool:
        """Tell whether it is still what that entry of that storage is."""
        return (
            self.storage is storage
            and self.position == position
            and self.version == storage.version
        )

    def parts(self) -> tuple[Part, ...]:
        """Return the sum that it is."""
        added = tuple(
            (codes[positions == self.position], coefficient)
            for positions, codes, _, coefficient in self.log.joined(self.first, self.last)
        )
        return ((self.code, 1), *added) if self.code >= 0 else added


def vector(codes: Codes) -> np.ndarray:
    """Return codes as a vector."""
    return codes if isinstance(codes, np.ndarray) else np.array([codes], dtype=np.int64)
