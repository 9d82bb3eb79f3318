"""What NumPy itself does, on polynomials: object arrays to hold traced loops against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from symconv.algebra.evaluation import Polynomial, add_into, multiply


class Value:
    """An immutable polynomial for object arrays, with the operators that loops use."""

    def __init__(self, polynomial: Polynomial) -> None:
        self.polynomial = polynomial

    def __add__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        total = dict(self.polynomial)
        add_into(total, plain(other))
        return Value(total)

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        return Value(multiply(self.polynomial, plain(other)))

    def __neg__(self) -> Any:
        return self * -1

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        return self + Value(plain(other)) * -1

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    __radd__, __rmul__ = __add__, __mul__


def plain(value: Any) -> Polynomial:
    """Read a value or an integer as a polynomial."""
    if isinstance(value, Value):
        return value.polynomial
    return {(): int(value)} if value else {}


@pytest.fixture(scope="session")
def object_array() -> Callable[[str, tuple[int, ...]], np.ndarray]:
    """Return a function that makes an object array of independent entries."""

    def make(name: str, shape: tuple[int, ...]) -> np.ndarray:
        array = np.empty(shape, dtype=object)
        for position in np.ndindex(*shape):
            array[position] = Value({((name, position),): 1})
        return array

    return make


@pytest.fixture(scope="session")
def polynomials() -> Callable[[Any], dict[tuple[int, ...], Polynomial]]:
    """Return a function that reads an object array, entry by entry, without the zeros."""

    def read(array: Any) -> dict[tuple[int, ...], Polynomial]:
        full = np.asarray(array, dtype=object)
        return {
            position: plain(full[position])
            for position in np.ndindex(*full.shape)
            if plain(full[position])
        }

    return read
