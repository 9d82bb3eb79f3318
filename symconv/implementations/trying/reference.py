"""What an implementation should compute, at given sizes.

The truth is the layer's polynomials, by definition and automatic derivative (`Tables`). At
sizes with many products it is the layer's formulas evaluated on arrays (`Contractions`), which
are proved for every size; at sizes with few, both are computed and have to agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import product
from math import lcm, prod
from typing import Any, TypeAlias

import numpy as np

from symconv.algebra.counting import term_count
from symconv.algebra.evaluation import integer_value
from symconv.algebra.expressions import Array
from symconv.code.names import has_own_names
from symconv.concrete.contractions import Contractions
from symconv.concrete.monomial_tables import Tables
from symconv.concrete.spot_checks import SpotChecks
from symconv.errors import InternalError, NotSupported, SymconvError, UsageError
from symconv.layers.layer import Layer, Sizes

Polynomial: TypeAlias = dict[tuple[int, ...], Any]
"""Coefficients by monomial: a sorted tuple of the numbers of its entries."""

FEW_PRODUCTS = 10_000
"""Up to this many products of the layer both ways are computed, and code runs on symbols."""
EXACT_IN_FLOATS = 2**53
PLACES_KEPT = 64
WEIGHTS = {"x": 1, "w": 1, "dout": 1, "b": 2, "y": 2, "dL/dx": 2, "dL/dw": 2, "dL/db": 1}
"""How often what a convolution is given is divided, and then what it gives."""
MOST_FACTORS = 2
"""Of so many entries of inputs a term of a result may be the product."""


@lru_cache(PLACES_KEPT)
def reference_at(layer: Layer, sizes: Sizes) -> Reference:
    """Return what a layer computes at given sizes; kept for the next check."""
    return Reference(layer, sizes)


def weights_at(layer: Layer, sizes: Sizes) -> Mapping[str, int]:
    """Return how often inputs and results are divided, where that is known."""
    return reference_at(layer, sizes).weights or {}


class Reference:
    """The output and the gradients of a layer at given sizes, exactly.

    Args:
        layer: the layer.
        sizes: what `Layer.sizes` returned.
    """

    def __init__(self, layer: Layer, sizes: Sizes) -> None:
        self._layer = layer
        self.sizes = sizes
        self._contractions = Contractions(layer, sizes)
        self._looked_at = False

    @cached_property
    def products(self) -> int:
        """How many products the loss adds up: the unit of work."""
        assert self._layer.loss is not None, "code is checked against a layer with a loss"
        definitions = self._layer.definition_by_name
        return term_count(self._layer.loss[()], definitions, self.sizes.by_symbol)

    @property
    def is_small(self) -> bool:
        """Whether there are so few products that everything can be looked at."""
        return self.products <= FEW_PRODUCTS

    @cached_property
    def longest_sum(self) -> int:
        """The largest number of products that one entry of a result adds up.

        Every coefficient of a convolution is 1, so its values at ones count products.
        """
        if self._is_by_terms:
            return max(self._length(name) for name in self._layer.results)
        if self.is_small:
            return max(self._tables.magnitude(name, 1) for name in self._layer.results)
        ones = {name: np.ones(shape) for name, shape in self._shapes.items()}
        return max(
            int(self._contractions.values(name, ones).max(initial=0))
            for name in self._layer.results
        )

    def preparations(self) -> Iterator[None]:
        """Find out, part by part, what does not depend on the numbers that code is run on."""
        _ = self.longest_sum
        yield
        for name in () if self._is_by_terms else self._layer.results:
            # Where there is no formula, that is said when its numbers are wanted.
            with suppress(SymconvError):
                _ = self._contractions.named(name)
            yield

    @cached_property
    def degree(self) -> int:
        """So many entries of inputs a term of a result has at most."""
        if not self._is_by_terms:
            return MOST_FACTORS
        products = (one for name in self._layer.results for one in self._tables.products(name))
        return max((len(positions) for *_, positions in products), default=1)

    def values(
        self, arrays: Mapping[str, np.ndarray], largest: int, *, twice: bool = True
    ) -> dict[str, np.ndarray]:
        """Evaluate every result at integers.

        Args:
            arrays: the inputs, integers.
            largest: no entry of them passes this magnitude.
            twice: whether both ways are taken where there are few products.

        Returns:
            Integers by result, as int64 or as Python integers.

        Raises:
            InternalError: when the two ways disagree.
        """
        exact_in_floats = self.longest_sum * largest**2 <= EXACT_IN_FLOATS
        if self._is_by_terms:
            exact_in_floats = False
        found: dict[str, np.ndarray] = {}
        if exact_in_floats:
            floats = {name: array.astype(np.float64) for name, array in arrays.items()}
            found = {
                name: self._contractions.values(name, floats).astype(np.int64)
                for name in self._layer.results
            }
            self._look_at(found, arrays)
        if exact_in_floats and not (twice and self.is_small):
            return found
        objects = {name: array.astype(object) for name, array in arrays.items()}
        truth = {name: self._tables.values(name, objects) for name in self._layer.results}
        for name, value in found.items():
            if not np.array_equal(value, truth[name]):
                raise InternalError(
                    f"{name} at {self.sizes}: the layer's formulas and its polynomials differ"
                )
        if self._is_by_terms:
            self._look_at(truth, objects)
            return {name: self._whole(name, value) for name, value in truth.items()}
        return found or truth

    @property
    def _is_by_terms(self) -> bool:
        """Whether nothing but polynomials say what the layer computes: it divides, or is new."""
        return self._layer.weights is None or has_own_names(self._layer)

    @cached_property
    def step(self) -> int:
        """A number by whose multiples the layer gives integers, whatever it divides by."""
        found = self._layer.multiple(self.sizes)
        for name in self._layer.results if has_own_names(self._layer) else ():
            for _, coefficients, _ in self._tables.products(name):
                parts = (Fraction(one).denominator for one in {*coefficients.tolist()})
                found = lcm(found, *parts)
        return found

    @cached_property
    def weights(self) -> Mapping[str, int] | None:
        """How often each result is divided by a number where each input is, so many times.

        None where there is no way in which all terms of a result are divided as often.
        """
        if not self._is_by_terms:
            return WEIGHTS
        kinds = {
            name: [{*positions} for _, _, positions in self._tables.products(name)]
            for name in self._layer.results
        }
        inputs = [array.name for array in self._layer.inputs]
        for chosen in product((1, 2), repeat=len(inputs)):
            weights = dict(zip(inputs, chosen, strict=True))
            found = {
                name: {sum(weights[one] for one in kind) for kind in of_result}
                for name, of_result in kinds.items()
            }
            if all(len(one) <= 1 for one in found.values()):
                return weights | {name: min(one, default=1) for name, one in found.items()}
        return None

    def _whole(self, name: str, values: np.ndarray) -> np.ndarray:
        """Return exact values as integers.

        Raises:
            UsageError: when one of them is none: a constant is divided.
        """
        if any(Fraction(one).denominator != 1 for one in values.flat):
            raise UsageError(
                f"code for {self._layer.name} cannot be compared: {name} is no integer where its "
                "inputs are",
                code="unsupported-layer",
                help="multiply what the layer adds by what it is divided by",
            )
        found = np.empty(values.shape, dtype=object)
        found[...] = np.vectorize(int, otypes=[object])(values) if values.size else 0
        return found

    def _length(self, name: str) -> int:
        """Bound what the terms of an entry add up to where every input is 1.

        Raises:
            UsageError: when a term has more than two entries of inputs, or two of one array.
        """
        try:
            products = [*self._tables.products(name)]
        except NotSupported as error:
            raise UsageError(
                f"code for {self._layer.name} cannot be compared: {error.fact}",
                code="unsupported-layer",
            ) from error
        length = np.zeros(prod(self.shape(name)), dtype=object)
        for places, coefficients, positions in products:
            if len(positions) > MOST_FACTORS:
                raise UsageError(
                    f"code for {self._layer.name} cannot be compared: {name} has terms of "
                    f"{len(positions)} entries, {' and '.join(positions)}",
                    code="unsupported-layer",
                    help=f"terms of {MOST_FACTORS} entries are the most that is compared exactly",
                )
            # What is divided is multiplied and added up before.
            whole = [abs(Fraction(one).numerator) for one in coefficients.tolist()]
            np.add.at(length, places, whole)
        return max(length, default=0)

    def _look_at(self, found: dict[str, np.ndarray], arrays: Mapping[str, np.ndarray]) -> None:
        """Compare a few of the first numbers with their meaning."""
        if not self._looked_at:
            spot_checks = SpotChecks(self._layer, self.sizes)
            for name, values in found.items():
                if has_own_names(self._layer):
                    spot_checks.results(self._layer, name, arrays, values)
                else:
                    spot_checks.numbers(self._contractions, name, arrays, values)
            self._looked_at = True

    def numbering(self) -> dict[str, np.ndarray]:
        """Number the entries of the inputs, one after the other, for a run on symbols."""
        found: dict[str, np.ndarray] = {}
        start = 0
        for name, shape in self._shapes.items():
            size = int(np.prod(shape))
            found[name] = np.arange(start, start + size).reshape(shape)
            start += size
        return found

    def polynomials(self, name: str) -> np.ndarray:
        """Return a result's entries as polynomials in the numbered entries of the inputs."""
        numbers = self.numbering()
        entries = [Polynomial() for _ in range(int(np.prod(self.shape(name))))]
        for places, coefficients, positions in self._tables.products(name):
            # In the order of their numbers: each monomial is sorted, with one entry of an array.
            columns = [
                each[positions[array]].tolist()
                for array, each in numbers.items()
                if array in positions
            ]
            monomials = zip(*columns, strict=True) if columns else [()] * len(places)
            for place, coefficient, monomial in zip(
                places.tolist(), coefficients.tolist(), monomials, strict=True
            ):
                if coefficient:
                    entries[place][monomial] = coefficient
        found = np.empty(len(entries), dtype=object)
        found[:] = entries
        return found.reshape(self.shape(name))

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a result."""
        body, by = self._layer.named_arrays(name)
        return self._shape_of(by or body)

    @cached_property
    def _tables(self) -> Tables:
        return Tables(self._layer, self.sizes)

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        return {array.name: self._shape_of(array) for array in self._layer.inputs}

    def _shape_of(self, array: Array) -> tuple[int, ...]:
        scope = self.sizes.by_symbol
        return tuple(int(integer_value(extent, scope)) for extent in array.shape)
