"""Exact runs on integers: loops against formulas, compared with `==` and no tolerance.

Inputs are integers so small that no sum can round in the dtype under test. A sum of T
products of two integers of size at most m stays below T*m*m in every order of summation,
so it is exact as long as T*m*m <= 2^53 for float64 and 2^24 for float32. Object arrays
hold Python integers of 128 bits and never round.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import isqrt
from typing import Any, TypeAlias

import numpy as np

from symconv.algebra.evaluation import Exact, Monomial, integer_value
from symconv.algebra.expressions import Array, Statement
from symconv.concrete.monomial_tables import Tables
from symconv.errors import LoopRaised, NotSupported, WrongShape
from symconv.layers.layer import Layer, Loop, Sizes

Arrays: TypeAlias = Mapping[str, Any]

SEED = 20160202
EXACT_UP_TO = {"float64": 2**53, "float32": 2**24}
"""The largest integer up to which every integer is a number of the dtype."""
BIG_BITS = 128


@dataclass(frozen=True, slots=True)
class NumberMismatch:
    """The first entry, in order, at which two exact runs differ.

    Attributes:
        indices: the entry's indices by name.
        left: the value that the definition or the loops give.
        right: the value that the loop or the formula under test gives.
        dtype: in which dtype.
    """

    indices: dict[str, int]
    left: str
    right: str
    dtype: str


class ExactRuns:
    """Run loops on integers and compare them with what they compute.

    Args:
        layer: whose loops and definitions are run.
        sizes: what `Layer.sizes` returned.
        tables: the layer's polynomials at these sizes, evaluated at the integers.
    """

    def __init__(self, layer: Layer, sizes: Sizes, tables: Tables) -> None:
        self._layer = layer
        self._sizes = sizes
        self._tables = tables
        self._results: dict[str, Any] = {}
        self.dtypes_run: tuple[str, ...] = ()
        """The dtypes of the last loop that was compared."""

    def applies(self, item: Statement | Loop) -> bool:
        """Tell whether there are loops for what a statement or loop computes.

        A statement qualifies when its formula gives the whole array that a loop computes,
        and gives it without derivatives, which have no numbers to be evaluated at.
        """
        if isinstance(item, Loop):
            return True
        return self._reference_loop(item) is not None and self._tables.is_explicit(item)

    def compare_loop(
        self, loop: Loop, dtypes: Iterable[str] = (*EXACT_UP_TO, "object")
    ) -> NumberMismatch | None:
        """Run a loop in every dtype and compare it with the definition or its derivative.

        What runs on floats but not on object arrays of Python integers is judged by floats.

        Raises:
            LoopRaised: when the loop raises.
            WrongShape: when the result does not have the shape of what the loop computes.
        """
        self.dtypes_run = ()
        for dtype in dtypes:
            arrays = self.inputs(dtype)
            if arrays is None:
                continue
            expected = self._tables.values(loop.computes, self._exact(arrays))
            try:
                got = self.run(loop, arrays)
            except LoopRaised:
                if dtype == "object":
                    continue
                raise
            got = np.asarray(got)
            if dtype == "object" and got.dtype != object:
                continue  # It went through floats on the way, which round such integers.
            self.dtypes_run += (dtype,)
            if np.shape(got) != np.shape(expected):
                raise WrongShape(np.shape(got), np.shape(expected))
            names = self._layer.index_names(loop.computes)
            mismatch = _first(names, expected, got, dtype)
            if mismatch is not None:
                return mismatch
        return None

    def compare_statement(self, statement: Statement) -> NumberMismatch | None:
        """Evaluate a formula on integers and compare it with the loops that were run."""
        loop = self._reference_loop(statement)
        if loop is None:
            raise NotSupported(f"no loops compute {statement.lhs}")
        arrays = self.inputs("float64")
        if arrays is None:
            raise NotSupported("the sums are too long to be exact in float64")
        if loop.name not in self._results:
            self._results[loop.name] = self.run(loop, arrays)
        left = self._results[loop.name]
        right = self._tables.statement_values(statement, self._exact(arrays))
        names = tuple(item.index.name for item in statement.free)
        return _first(names, left, right, "float64")

    def run(self, loop: Loop, arrays: Arrays) -> Any:
        """Run a loop on copies of the given arrays."""
        copies = {name: array.copy() for name, array in arrays.items()}
        return self._layer.run_loop(loop, copies, self._sizes)

    def coefficient(self, loop: Loop, position: tuple[int, ...], monomial: Monomial) -> Exact:
        """Return the coefficient of a monomial in one entry of what a loop computes.

        The loop runs on zeros, with ones at every subset of the monomial's entries; what it
        returns there, with alternating signs, adds up to the coefficient. Exact for every
        polynomial in which the monomial's entries occur to the first power.
        """
        total: Exact = 0
        for count in range(len(monomial) + 1):
            for chosen in combinations(monomial, count):
                arrays = {array.name: self._zeros(array) for array in self._layer.inputs}
                for name, where in chosen:
                    arrays[name][where] = 1
                sign = -1 if (len(monomial) - count) % 2 else 1
                total += sign * self.run(loop, arrays)[position]
        return total

    def inputs(self, dtype: str) -> dict[str, Any] | None:
        """Draw input arrays of a dtype; None when no integers are small enough for it.

        The same seed gives the same integers on every machine.
        """
        source = random.Random(f"{SEED} {self._sizes} {dtype}")
        if dtype == "object":
            return {
                array.name: self._draw(array, lambda: source.getrandbits(BIG_BITS) - 2**127, object)
                for array in self._layer.inputs
            }
        # What a layer divides comes out even.
        multiple = self._layer.multiple(self._sizes)
        most = self._largest_entry(EXACT_UP_TO[dtype]) // multiple
        if most < 1:
            return None
        return {
            array.name: self._draw(array, lambda: multiple * source.randint(-most, most), dtype)
            for array in self._layer.inputs
        }

    def _largest_entry(self, limit: int) -> int:
        """Return the largest power of two that inputs may have so that no sum can round."""
        computed = dict.fromkeys(loop.computes for loop in self._layer.loops)
        products = max((self._tables.magnitude(name, 1) for name in computed), default=1)
        # A first guess for sums of products of two entries; what is true is looked at below.
        most = 2 ** (isqrt(max(1, limit // max(1, products))).bit_length() - 1)
        while most and any(self._tables.magnitude(name, most) > limit for name in computed):
            most //= 2
        return most

    def _reference_loop(self, statement: Statement) -> Loop | None:
        """Return loops that compute the whole array on a statement's left, if there are any."""
        gives_all = self._layer.gives_all
        loops = self._layer.loops
        return next(
            (loop for loop in loops if gives_all(statement, loop.computes, self._sizes)), None
        )

    def _shape(self, array: Array) -> tuple[int, ...]:
        scope = self._sizes.by_symbol
        return tuple(int(integer_value(extent, scope)) for extent in array.shape)

    def _zeros(self, array: Array) -> Any:
        return np.zeros(self._shape(array), dtype=object)

    def _draw(self, array: Array, draw: Any, dtype: Any) -> Any:
        drawn = self._zeros(array)
        for position in np.ndindex(*drawn.shape):
            drawn[position] = draw()
        return drawn.astype(dtype)

    def _exact(self, arrays: Arrays) -> dict[str, Any]:
        """Return the same integers as Python integers."""
        return {
            name: array if array.dtype == object else array.astype(np.int64).astype(object)
            for name, array in arrays.items()
        }


def _first(names: tuple[str, ...], left: Any, right: Any, dtype: str) -> NumberMismatch | None:
    different = np.argwhere(np.asarray(left != right, dtype=bool))
    if not len(different):
        return None
    position = tuple(int(value) for value in different[0])
    return NumberMismatch(
        dict(zip(names, position, strict=True)),
        _number_text(left[position]),
        _number_text(right[position]),
        dtype,
    )


def _number_text(value: Any) -> str:
    plain = value.item() if isinstance(value, np.generic) else value
    try:
        return str(Fraction(plain))
    except (TypeError, ValueError, OverflowError):
        return str(plain)
