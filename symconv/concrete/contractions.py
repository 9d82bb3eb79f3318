"""The formulas of a layer on arrays of numbers: matrix products instead of one term at a time.

What is evaluated is the statement itself. Its right-hand side is multiplied out (`terms`),
the deltas and brackets of each product are solved at the given sizes (`boxes`), and what is
left is done by strided views and matrix products (`strided`). Arrays that a definition gives,
such as the padded input, are filled by their definitions first, in the same way.

Exact for every dtype in which no sum of the given numbers rounds or overflows; that is for
the caller to see to. Object arrays of Python integers are always exact.

The plan is the one that `monomial_tables` reads polynomials from; that both agree with
`evaluation` is a test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from symconv.algebra.evaluation import Exact, condition_value, integer_value
from symconv.algebra.expressions import Array, Entry, Expression, Statement
from symconv.algebra.indices import Range, as_integer
from symconv.algebra.scoping import dependencies, expand_where
from symconv.concrete.affine import Affine
from symconv.concrete.boxes import Axes, Box, Columns
from symconv.concrete.columns import ColumnFormula
from symconv.concrete.meanings import Meanings
from symconv.concrete.placements import Placement, Slices
from symconv.concrete.solutions import Boxes
from symconv.concrete.strided import (
    Contraction,
    Gather,
    KnownNumbers,
    Source,
    View,
    contracted,
    require_room,
    view,
)
from symconv.concrete.terms import Sides, has_derivative
from symconv.errors import IllFormed, NotSupported, SymconvError, TooLarge, UsageError
from symconv.layers.layer import Layer, Sizes

MOST_PRODUCTS = 64
"""A side with more products than this is refused: each is a matrix product of its own."""


@dataclass(frozen=True, slots=True)
class _Term:
    """A product that is added to a result.

    Attributes:
        source: what is multiplied and summed.
        scale: the number that it is multiplied by.
        order: the places of the source's axes, in the order in which the slices take them.
        slices: pairs of slices, of the result and of the source.
        whole: whether the source is the whole result, in memory of its own.
    """

    source: Source
    scale: Exact
    order: tuple[int, ...]
    slices: tuple[tuple[Slices, Slices], ...]
    whole: bool

    def added(self, result: Any, shape: tuple[int, ...], memory: _Run) -> Any:
        """Add to a result, or make it where there is none yet."""
        values = self.source.read(memory)
        if self.scale != 1:
            values = np.asarray(values * memory.number(self.scale), dtype=memory.dtype)
        values = values.transpose(self.order)
        if result is None:
            if self.whole:
                return values.reshape(shape)
            result = np.zeros(shape, dtype=memory.dtype)
        for there, here in self.slices:
            # With the ellipsis a result without axes is a view too, and not a number.
            place = result[*there, ...]
            place += values[here]
        return result


@dataclass(frozen=True, slots=True)
class _Program:
    """An expression at given sizes, over its free indices."""

    shape: tuple[int, ...]
    terms: tuple[_Term, ...]

    def run(self, memory: _Run) -> np.ndarray:
        """Evaluate it."""
        result = None
        for term in self.terms:
            result = term.added(result, self.shape, memory)
        return np.zeros(self.shape, dtype=memory.dtype) if result is None else result


class Contractions:
    """The formulas of a layer at given sizes, laid out once and run on arrays.

    Args:
        layer: whose statements and definitions are evaluated.
        sizes: what `Layer.sizes` returned.
    """

    def __init__(self, layer: Layer, sizes: Sizes) -> None:
        self._layer = layer
        self._sizes = sizes
        self._scope = sizes.by_symbol
        self._definitions = layer.definition_by_name
        _ = dependencies(self._definitions)  # A definition that depends on itself is refused.
        self._sides = Sides(self._definitions, kept=frozenset(self._definitions))
        self._boxes = Boxes(self._scope)
        self._meanings = Meanings(self._boxes)
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._defined: dict[str, _Program | SymconvError] = {}
        self._statements: dict[int, tuple[Statement, _Program | SymconvError]] = {}
        self._named: dict[str, Statement] = {}
        self.spare: dict[Any, list[np.ndarray]] = {}
        """Memory that no evaluation uses at present, by its shape and dtype."""

    def handles(self, statement: Statement) -> bool:
        """Tell whether a statement's right-hand side can be evaluated here.

        One that is ill-formed is handled: evaluating it says so.
        """
        return not isinstance(self._laid_out(statement), NotSupported)

    def values(self, name: str, arrays: Mapping[str, Any]) -> np.ndarray:
        """Evaluate a formula of the layer for an array or gradient, such as ``y`` or ``dL/dx``.

        Of the layer's statements that give all of it the contracted form is taken, else the
        last one that is handled; an array without statements is evaluated by its definition.

        Args:
            name: the array or gradient.
            arrays: the input arrays, of one dtype.

        Raises:
            IllFormed: when the formula reads an entry outside its array.
            NotSupported: when there is no formula that is handled.
        """
        return self.on(arrays).values(name)

    def statement_values(self, statement: Statement, arrays: Mapping[str, Any]) -> np.ndarray:
        """Evaluate a statement's right-hand side over its free indices.

        The statement's assumptions are not looked at.

        Raises:
            IllFormed: when it reads an entry outside its array.
            NotSupported: when it is not handled.
        """
        return self.on(arrays).statement_values(statement)

    def on(self, arrays: Mapping[str, Any]) -> Evaluation:
        """Bind arrays, so that several formulas share what they make of them.

        Args:
            arrays: the input arrays, of one dtype: floats, signed integers or objects. They
                must not be changed while the result is in use.

        Raises:
            UsageError: for a shape or a dtype that does not fit.
        """
        return Evaluation(self, arrays)

    def program(self, statement: Statement) -> _Program:
        """Return a statement laid out, or raise what it was refused with."""
        found = self._laid_out(statement)
        if isinstance(found, SymconvError):
            raise found
        return found

    def definition(self, name: str) -> _Program:
        """Return the definition of an array laid out, or raise what it was refused with.

        Raises:
            NotSupported: also where the definition is ill-formed at a position that perhaps
                nobody reads.
        """
        if name not in self._defined:
            definition = self._definitions[name]
            ranges = tuple(
                Range(index, as_integer(0), extent - 1)  # pyright: ignore[reportArgumentType] -- a Definition has plain indices
                for index, extent in zip(
                    definition.target.indices, definition.array.shape, strict=True
                )
            )
            self._defined[name] = self._attempt(definition.body, ranges)
        found = self._defined[name]
        if isinstance(found, IllFormed):
            raise NotSupported(f"the definition of {name} is ill-formed: {found.fact}")
        if isinstance(found, SymconvError):
            raise found
        return found

    def shape(self, array: Array) -> tuple[int, ...]:
        """Return an array's shape at these sizes."""
        if array.name not in self._shapes:
            extents = [integer_value(extent, self._scope) for extent in array.shape]
            if any(extent != int(extent) or extent < 0 for extent in extents):
                raise NotSupported(f"{array} has the shape ({', '.join(map(str, extents))})")
            self._shapes[array.name] = tuple(map(int, extents))
        return self._shapes[array.name]

    def statement(self, name: str) -> Statement | None:
        """Return the statement whose formula gives an array or gradient; None for a definition."""
        _ = self.named(name)
        return self._named.get(name)

    def named(self, name: str) -> _Program:
        """Return the formula for an array or gradient, laid out."""
        if name not in self._named:
            _, by = self._layer.named_arrays(name)
            candidates = [
                item
                for item in reversed(self._layer.statements)
                if item.name == name
                and self._layer.gives_all(item, name, self._sizes)
                and all(condition_value(part, self._scope) for part in item.assumptions)
            ]
            candidates.sort(key=lambda item: item.form != "contracted")
            chosen = next(filter(self.handles, candidates), None)
            if chosen is None:
                if by is None and name in self._definitions:
                    return self.definition(name)
                raise NotSupported(f"{self._layer.name} has no formula for {name} that is handled")
            self._named[name] = chosen
        return self.program(self._named[name])

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the input arrays by name."""
        return {array.name: self.shape(array) for array in self._layer.inputs}

    def _source(self, entry: Entry, box: Box) -> Source:
        shape = self.shape(entry.array)
        positions = [box.affine(part) for part in entry.indices]
        affine = [position for position in positions if position is not None]
        if len(affine) == len(positions):
            return view(entry.array.name, shape, affine, box.lengths)
        parts = [
            box.formula(part) if position is None else position
            for part, position in zip(entry.indices, positions, strict=True)
        ]
        axes = box.axes_of(*parts)
        require_room(prod(box.lengths[axis] for axis in axes))
        if 0 in shape:
            # There is nothing to read, and a mask takes every point away.
            return KnownNumbers(np.zeros([box.lengths[axis] for axis in axes], dtype=int), axes)
        # What is outside is not reached: a mask takes it away. Each position is cut on the axes
        # that it depends on, since fractions are slow.
        grid, points = box.grid(axes), [box.lengths[axis] for axis in axes]
        taken = [
            np.clip(_values(box, part, grid), 0, extent - 1).astype(np.int64)
            for part, extent in zip(parts, shape, strict=True)
        ]
        return Gather(entry.array.name, tuple(np.broadcast_to(one, points) for one in taken), axes)

    def _laid_out(self, statement: Statement) -> _Program | SymconvError:
        key = id(statement)
        if key not in self._statements:
            plain = expand_where(statement)
            # The statement is kept, so that its identity is not given to another.
            self._statements[key] = (statement, self._attempt(plain.rhs, plain.free))
        return self._statements[key][1]

    def _attempt(self, body: Expression, free: tuple[Range, ...]) -> _Program | SymconvError:
        try:
            return self._program(body, free)
        except (IllFormed, NotSupported) as error:
            return error.with_traceback(None)
        except TooLarge as error:
            return NotSupported(error.fact)

    def _program(self, body: Expression, free: tuple[Range, ...]) -> _Program:
        if has_derivative(body):
            raise NotSupported("a derivative has no values of its own")
        indices = tuple(item.index for item in free)
        outside = self._boxes.of(free)
        # A range that moves with another index leaves no limit, but an index that is made of it.
        if (
            outside.limits
            or outside.conditions
            or len(outside.spans) < len(free)
            or any(outside.at[index].steps.keys() - {index} for index in indices)
        ):
            raise NotSupported("a free index whose range depends on another")
        lowest = [outside.spans[index][0] for index in indices]
        highest = [outside.spans[index][1] for index in indices]
        shape = tuple(max(0, high - low + 1) for low, high in zip(lowest, highest, strict=True))
        require_room(prod(shape))
        side = self._sides.side(body, free)
        lost = self._meanings.lost(side)
        if lost is not None:
            raise lost
        if len(side.products) > MOST_PRODUCTS:
            raise NotSupported(f"more than {MOST_PRODUCTS} products")
        found: list[_Term] = []
        for product in side.products:
            for entry in product.entries:
                if entry.array.name in self._definitions:
                    _ = self.definition(entry.array.name)
            box = self._boxes.reading(product.steps, indices, product.entries)
            if not box.empty:
                places = [
                    box.at[i].plus(Affine(-low)) for i, low in zip(indices, lowest, strict=True)
                ]
                found.append(self._term(product.entries, box, places, shape))
        # What is the whole result goes first, so that the others are added to its memory.
        return _Program(shape, tuple(sorted(found, key=lambda term: not term.whole)))

    def _term(
        self, entries: Sequence[Entry], box: Box, places: Sequence[Affine], shape: tuple[int, ...]
    ) -> _Term:
        sources = [self._source(entry, box) for entry in entries]
        for asked in (*(limit for limit in box.limits if not limit.crop), *box.conditions):
            axes = box.axes_of(asked)
            sources.append(KnownNumbers(box.mask([asked], axes), axes))
        for factor in box.coefficients:
            axes = box.axes_of(factor)
            sources.append(KnownNumbers(_on_grid(box, factor, axes), axes))
        if not sources:
            sources.append(KnownNumbers(np.ones((), dtype=bool), ()))
        in_result = {index for place in places for index in place.steps}
        seen = in_result | {axis for source in sources for axis in source.axes}
        idle = prod(length for index, length in box.lengths.items() if index not in seen)
        laid_out = Placement(places, shape, box.lengths)
        source = contracted(sources, laid_out.kept, box.lengths)
        order, slices = laid_out.slices(source.axes)
        whole = laid_out.plain and set(source.axes) == set(laid_out.kept)
        whole &= not isinstance(source, View | KnownNumbers) or box.scale * idle != 1
        if isinstance(source, Contraction) and not whole:
            source = replace(source, fleeting=True)
        return _Term(source, box.scale * idle, order, slices, whole)


class Evaluation:
    """Formulas on given arrays; what they make of them is made once.

    Args:
        contractions: the formulas.
        arrays: the input arrays.
    """

    def __init__(self, contractions: Contractions, arrays: Mapping[str, Any]) -> None:
        self._contractions = contractions
        self._run = _Run(contractions, arrays)

    def values(self, name: str) -> np.ndarray:
        """Evaluate a formula for an array or gradient; see `Contractions.values`."""
        return self._contractions.named(name).run(self._run)

    def statement_values(self, statement: Statement) -> np.ndarray:
        """Evaluate a right-hand side; see `Contractions.statement_values`."""
        return self._contractions.program(statement).run(self._run)


class _Run:
    """The memory of an evaluation: arrays, defined ones included, and matrices made of them."""

    def __init__(self, contractions: Contractions, arrays: Mapping[str, Any]) -> None:
        self._contractions = contractions
        self._taken: list[np.ndarray] = []
        self.matrices: dict[Any, np.ndarray] = {}
        self._padded: dict[Any, np.ndarray] = {}
        shapes = contractions.inputs
        given = {name: np.asarray(arrays[name]) for name in shapes if name in arrays}
        dtypes = list(dict.fromkeys(array.dtype for array in given.values()))
        if len(dtypes) != 1 or dtypes[0].kind not in "fiO":
            raise UsageError(
                f"the arrays have the dtypes {', '.join(map(str, dtypes)) or 'of nothing'}",
                help="give arrays of one dtype: floats, signed integers, or objects",
            )
        self.dtype: np.dtype[Any] = dtypes[0]
        for name, array in given.items():
            if array.shape != shapes[name]:
                raise UsageError(f"{name} has shape {array.shape}, expected {shapes[name]}")
            self._padded[name, ()] = np.ascontiguousarray(array).reshape(array.shape)

    def __del__(self) -> None:
        # Memory that is given back to the system is slow to get again: every page of it is
        # cleared and mapped anew, which takes longer than the products that go there.
        for array in self._taken:
            self._contractions.spare.setdefault((array.shape, array.dtype), []).append(array)

    def scratch(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return memory with anything in it, which is used again after this evaluation."""
        try:
            array = self._contractions.spare[shape, self.dtype].pop()
        except (KeyError, IndexError):
            array = np.empty(shape, dtype=self.dtype)
        # Objects in spare memory would be kept alive.
        if self.dtype != object:
            self._taken.append(array)
        return array

    def padded(self, name: str, pads: tuple[tuple[int, int], ...]) -> np.ndarray:
        """Return a contiguous array by name, with zeros around it."""
        key = (name, pads)
        if key not in self._padded:
            if pads:
                inside = self.padded(name, ())
                around = np.zeros(
                    [
                        extent + before + after
                        for extent, (before, after) in zip(inside.shape, pads, strict=True)
                    ],
                    dtype=self.dtype,
                )
                around[
                    tuple(
                        slice(before, before + extent)
                        for extent, (before, _) in zip(inside.shape, pads, strict=True)
                    )
                ] = inside
                self._padded[key] = around
            elif name in self._contractions.inputs:
                raise UsageError(f"no array is given for {name}")
            else:
                values = self._contractions.definition(name).run(self)
                self._padded[key] = np.ascontiguousarray(values).reshape(values.shape)
        return self._padded[key]

    def number(self, value: Exact) -> Any:
        """Return a coefficient in the dtype of the run."""
        if self.dtype == object or value == int(value):
            return value if isinstance(value, int) else _plain(value)
        raise NotSupported(f"the coefficient {value} in arrays of {self.dtype}")


def _plain(value: Fraction) -> Exact:
    return int(value) if value.denominator == 1 else value


def _on_grid(box: Box, part: Affine | ColumnFormula, axes: Axes) -> np.ndarray:
    """Compute an integer or a factor at all points of some axes."""
    values = _values(box, part, box.grid(axes))
    return np.broadcast_to(values, [box.lengths[axis] for axis in axes])


def _values(box: Box, part: Affine | ColumnFormula, grid: Columns) -> np.ndarray:
    """Compute an integer or a factor on columns of loop indices, which broadcast."""
    if isinstance(part, Affine):
        return np.asarray(box.positions(part, grid))
    return np.asarray(box.values(part, grid, None))
