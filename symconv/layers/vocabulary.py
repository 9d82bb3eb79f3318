"""What the symbols of a layer stand for, as far as a mistake must know it.

"The stride is dropped" needs to know which symbol is a stride, and "height and width are
swapped" which symbol is the other axis' counterpart. A `Vocabulary` says so once for all
edits; another layer, or the same layer in other letters, has a vocabulary of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from symconv.algebra.expressions import Array
from symconv.algebra.indices import Index, IntegerExpression, Size, Symbol, as_integer
from symconv.algebra.tree import symbols
from symconv.layers.axis import Axis


@dataclass(frozen=True)
class Vocabulary:
    """The roles of sizes, indices and arrays in a convolution.

    Attributes:
        axes: the spatial axes.
        letters: the letter of the index that runs over each size, ``k`` for ``Hh``; primes and
            subscripts may follow it.
        images: the number of images, over which a loss sums.
        arrays: every array that an edit may name.
        padded_name: the name of the padded array by the name of the unpadded one.
        filters: the array of the filters.
        output: the array that the loss is a function of.
        upstream: the upstream gradient, of the same shape.
        group_sizes: the channels and the filters of a group, where there are groups.
    """

    axes: tuple[Axis, ...]
    letters: Mapping[Size, str]
    images: Size
    arrays: tuple[Array, ...]
    padded_name: Mapping[str, str]
    filters: Array
    output: Array
    upstream: Array
    group_sizes: tuple[Size, ...] = ()

    @cached_property
    def leading(self) -> dict[Size, str]:
        """The sizes that are not spatial, with the letter of the index of each."""
        spatial = {size for axis in self.axes for size in axis.sizes}
        return {size: name for size, name in self.letters.items() if size not in spatial}

    @cached_property
    def strides(self) -> tuple[Symbol, ...]:
        """The strides, each once."""
        return tuple(dict.fromkeys(s for axis in self.axes for s in symbols(axis.stride)))

    @cached_property
    def paddings(self) -> tuple[Symbol, ...]:
        """The paddings before and after, each once."""
        sides = [side for axis in self.axes for side in (axis.padding_before, axis.padding_after)]
        return tuple(dict.fromkeys(symbol for side in sides for symbol in symbols(side)))

    @cached_property
    def dilations(self) -> tuple[Symbol, ...]:
        """The dilations, each once."""
        dilations = (as_integer(axis.dilation) for axis in self.axes)
        return tuple(dict.fromkeys(symbol for one in dilations for symbol in symbols(one)))

    @cached_property
    def size_by_name(self) -> dict[str, Size]:
        """Every size that an edit may meet, by its name."""
        extents = [size for axis in self.axes for size in axis.sizes]
        settings = (*self.strides, *self.paddings, *self.dilations, *self.group_sizes)
        shared = [size for size in settings if isinstance(size, Size)]
        return {size.name: size for size in (*self.leading, *extents, *shared)}

    @cached_property
    def index_letters(self) -> frozenset[str]:
        """The letters that name an index."""
        return frozenset(self.letters.values())

    @cached_property
    def array_by_name(self) -> dict[str, Array]:
        """Every array that an edit may name, by its name."""
        return {array.name: array for array in self.arrays}

    def axis_number(self, expression: IntegerExpression) -> int | None:
        """Return which axis an expression belongs to, or None where it names none or several."""
        found = {
            number
            for symbol in symbols(expression)
            for number, axis in enumerate(self.axes)
            if symbol in axis.sizes or self.letter(symbol) in self._along(axis)
        }
        return found.pop() if len(found) == 1 else None

    def spatial(self, array: Array) -> dict[int, int]:
        """Return the number of the spatial axis by the place of each spatial axis of an array."""
        numbers = {place: self.axis_number(extent) for place, extent in enumerate(array.shape)}
        return {place: number for place, number in numbers.items() if number is not None}

    def twins(self, symbol: Symbol) -> Iterator[Symbol]:
        """Yield the symbols that play the same role on the other axes."""
        for axis in self.axes:
            others = [other for other in self.axes if other != axis]
            letters = self._along(axis)
            if isinstance(symbol, Size) and symbol in axis.roles:
                role = axis.roles.index(symbol)
                twins = (other.roles[role] for other in others)
                yield from (one for one in twins if isinstance(one, Size) and one != symbol)
            elif isinstance(symbol, Index) and self.letter(symbol) in letters:
                role = letters.index(self.letter(symbol))
                yield from (Index(self._along(one)[role] + symbol.name[1:]) for one in others)

    @staticmethod
    def letter(symbol: Symbol) -> str:
        """Return an index's letter without primes and subscripts: ``i`` for ``i''`` and ``i_0``.

        Nothing for a size, and for an index whose name is a word.
        """
        rest = symbol.name[1:]
        plain = not rest.strip("'") or rest.startswith("_")
        return symbol.name[:1] if isinstance(symbol, Index) and plain else ""

    def _along(self, axis: Axis) -> tuple[str, ...]:
        return tuple(self.letters[size] for size in axis.sizes)
