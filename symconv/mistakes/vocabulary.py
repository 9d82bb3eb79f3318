"""What the symbols of a layer stand for, as far as a mistake must know it.

"The stride is dropped" needs to know which symbol is a stride, and "height and width are
swapped" which symbol is the other axis' counterpart. A `Vocabulary` says so once for all
edits; another layer, or the same layer in other letters, gets a vocabulary of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from symconv.algebra.expressions import Array
from symconv.algebra.indices import Index, IntegerExpression, Size, Symbol, symbols
from symconv.layers.axis import Axis
from symconv.layers.convolution import forward


@dataclass(frozen=True, slots=True)
class AxisWords:
    """The sizes of one axis, and the letters of the indices that run along it.

    Attributes:
        axis: the sizes, the stride and the padding.
        output: the letter of an output position, ``k``; primes and subscripts may follow it.
        window: the letter of a position in the filter, ``p``.
        position: the letter of a position in the input or in a gradient, ``i``.
    """

    axis: Axis
    output: str
    window: str
    position: str

    @property
    def sizes(self) -> tuple[Size, Size, Size]:
        """The extents of the input, the filter and the output."""
        return (self.axis.input, self.axis.filter, self.axis.output)

    @property
    def letters(self) -> tuple[str, str, str]:
        """The letters of an output position, a filter position and an input position."""
        return (self.output, self.window, self.position)


@dataclass(frozen=True)
class Vocabulary:
    """The roles of sizes, indices and arrays in a convolution.

    Attributes:
        axes: the spatial axes with their letters.
        images: the number of images, over which a loss sums.
        leading: the sizes that are not spatial, with the letter of the index of each.
        arrays: every array that an edit may name.
        padded_name: the name of the padded array by the name of the unpadded one.
        filters: the array of the filters.
        output: the array that the loss is a function of.
        upstream: the upstream gradient, of the same shape.
    """

    axes: tuple[AxisWords, ...]
    images: Size
    leading: Mapping[Size, str]
    arrays: tuple[Array, ...]
    padded_name: Mapping[str, str]
    filters: Array
    output: Array
    upstream: Array

    @cached_property
    def strides(self) -> tuple[Symbol, ...]:
        """The strides, each once."""
        return tuple(dict.fromkeys(s for words in self.axes for s in symbols(words.axis.stride)))

    @cached_property
    def paddings(self) -> tuple[Symbol, ...]:
        """The paddings before and after, each once."""
        sides = [
            side
            for words in self.axes
            for side in (words.axis.padding_before, words.axis.padding_after)
        ]
        return tuple(dict.fromkeys(symbol for side in sides for symbol in symbols(side)))

    @cached_property
    def size_by_name(self) -> dict[str, Size]:
        """Every size that an edit may meet, by its name."""
        extents = [size for words in self.axes for size in words.sizes]
        shared = [size for size in (*self.strides, *self.paddings) if isinstance(size, Size)]
        return {size.name: size for size in (*self.leading, *extents, *shared)}

    @cached_property
    def index_letters(self) -> tuple[str, ...]:
        """The letters that name an index."""
        spatial = [letter for words in self.axes for letter in words.letters]
        return (*self.leading.values(), *spatial)

    @cached_property
    def array_by_name(self) -> dict[str, Array]:
        """Every array that an edit may name, by its name."""
        return {array.name: array for array in self.arrays}

    def axis_number(self, expression: IntegerExpression) -> int | None:
        """Return which axis an expression belongs to, or None where it names none or several."""
        found = {
            number
            for symbol in symbols(expression)
            for number, words in enumerate(self.axes)
            if symbol in words.sizes or letter(symbol) in words.letters
        }
        return found.pop() if len(found) == 1 else None

    def spatial(self, array: Array) -> dict[int, int]:
        """Return the number of the spatial axis by the place of each spatial axis of an array."""
        numbers = {place: self.axis_number(extent) for place, extent in enumerate(array.shape)}
        return {place: number for place, number in numbers.items() if number is not None}

    def twins(self, symbol: Symbol) -> Iterator[Symbol]:
        """Yield the symbols that play the same role on the other axes."""
        for words in self.axes:
            others = [other for other in self.axes if other != words]
            if isinstance(symbol, Size) and symbol in words.sizes:
                role = words.sizes.index(symbol)
                yield from (other.sizes[role] for other in others)
            elif isinstance(symbol, Index) and letter(symbol) in words.letters:
                role = words.letters.index(letter(symbol))
                yield from (Index(other.letters[role] + symbol.name[1:]) for other in others)


def letter(symbol: Symbol) -> str:
    """Return the letter of an index without primes and subscripts: ``i`` for ``i''`` and ``i_0``.

    Nothing for a size, and for an index whose name is a word.
    """
    rest = symbol.name[1:]
    plain = not rest.strip("'") or rest.startswith("_")
    return symbol.name[:1] if isinstance(symbol, Index) and plain else ""


CONV2D = Vocabulary(
    axes=(
        AxisWords(forward.HEIGHT, output="k", window="p", position="i"),
        AxisWords(forward.WIDTH, output="l", window="q", position="j"),
    ),
    images=forward.N,
    leading={forward.N: "n", forward.C: "c", forward.F: "f"},
    arrays=(forward.x, forward.w, forward.b, forward.dout, forward.x_pad, forward.y),
    padded_name={"x": "x_pad"},
    filters=forward.w,
    output=forward.y,
    upstream=forward.dout,
)
"""The vocabulary of the 2-D convolution of the post."""
