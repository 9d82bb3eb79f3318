"""A few entries of what is computed fast, compared with evaluation, which is the meaning.

Polynomials and numbers are read from one plan of a side. A fault of that plan would make both
wrong alike; at places drawn by a fixed seed, evaluation looks at it at every size.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from symconv.algebra.counting import term_count
from symconv.algebra.evaluation import Evaluator, Polynomial
from symconv.algebra.expressions import Expression, Statement
from symconv.algebra.indices import Range, Symbol
from symconv.algebra.scoping import expand_where
from symconv.concrete.contractions import Contractions
from symconv.concrete.monomial_tables import Tables
from symconv.errors import IllFormed, InternalError
from symconv.layers.layer import Layer, Sizes

SEED = 20261130
PLACES = 2
MOST_TERMS = 1_000
"""Limit: a place whose side has more terms is left out; evaluating it takes a second and more."""


class SpotChecks:
    """Compare a layer's polynomials and numbers with their meaning at a few places.

    Args:
        layer: whose definitions are expanded.
        sizes: what `Layer.sizes` returned.
    """

    def __init__(self, layer: Layer, sizes: Sizes) -> None:
        self._definitions = layer.definition_by_name
        self._sizes = sizes
        self._evaluator = Evaluator(self._definitions, sizes.by_symbol)

    def polynomials(self, tables: Tables, statement: Statement) -> None:
        """Compare both sides of a statement that has a meaning.

        Raises:
            InternalError: when a polynomial is not what evaluation says.
        """
        plain = expand_where(statement)
        for place in self._places(plain.free):
            indices = {symbol.name: value for symbol, value in place.items()}
            found = None
            for number, side in enumerate((plain.lhs, plain.rhs)):
                if self._is_short(side, place):
                    found = found or tables.sides_at(statement, indices)
                    if found[number] != self._evaluator.polynomial(side, place):
                        self._stop(f"the polynomials of {side}", indices)

    def numbers(
        self, contractions: Contractions, name: str, arrays: Mapping[str, Any], values: np.ndarray
    ) -> None:
        """Compare what a formula of the layer gives on arrays of integers.

        Raises:
            InternalError: when a number is not what evaluation says.
        """
        statement = contractions.statement(name)
        if statement is None:
            return
        plain = expand_where(statement)
        for place in self._places(plain.free):
            if self._is_short(plain.rhs, place):
                total = _value(self._evaluator.polynomial(plain.rhs, place), arrays)
                # An array's axes count from 0, and so do the indices of a whole array.
                if values[tuple(place.values())] != total:
                    indices = {symbol.name: value for symbol, value in place.items()}
                    self._stop(f"the numbers of {name}", indices)

    def results(
        self, layer: Layer, name: str, arrays: Mapping[str, Any], values: np.ndarray
    ) -> None:
        """Compare an array or gradient of the layer, as it is defined, at integers.

        Raises:
            InternalError: when a number is not what evaluation says.
        """
        source = random.Random(f"{SEED} {self._sizes} {name}")
        for _ in range(PLACES if values.size else 0):
            position = np.unravel_index(source.randrange(values.size), values.shape)
            at = tuple(map(int, position))
            side = layer.named_entry(name, at)
            if self._is_short(side, {}):
                total = _value(self._evaluator.polynomial(side, {}), arrays)
                if values[at] != total:
                    self._stop(f"the numbers of {name}", {f"axis {n}": k for n, k in enumerate(at)})

    def _places(self, free: tuple[Range, ...]) -> Iterator[dict[Symbol, int]]:
        """Draw values for free indices; the same ones on every machine."""
        source = random.Random(f"{SEED} {self._sizes}")
        for _ in range(PLACES):
            place: dict[Symbol, int] = {}
            for item in free:
                lower, upper = (
                    self._evaluator.integer(end, place) for end in (item.lower, item.upper)
                )
                if upper < lower:
                    break
                place[item.index] = source.randint(int(lower), int(upper))
            else:
                yield place

    def _is_short(self, side: Expression, place: Mapping[Symbol, int]) -> bool:
        try:
            count = term_count(side, self._definitions, {**self._sizes.by_symbol, **place})
        except IllFormed:
            return False
        return count <= MOST_TERMS

    def _stop(self, what: str, indices: Mapping[str, int]) -> None:
        raise InternalError(
            f"{what} at {self._sizes} and {dict(indices)} are not what evaluation says"
        )


def _value(polynomial: Polynomial, arrays: Mapping[str, Any]) -> Any:
    """Evaluate a polynomial at integers, exactly."""
    total: Any = 0
    for monomial, coefficient in polynomial.items():
        product: Any = coefficient
        for name, position in monomial:
            product = product * int(arrays[name][position])
        total += product
    return total
