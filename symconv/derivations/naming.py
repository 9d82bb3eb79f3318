"""The entries that a derivation speaks of: ``w[f', c', i, j]``, ``x_pad[n'', c'', i'', j'']``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from symconv.algebra.expressions import Array, Derivative, Entry
from symconv.algebra.indices import Index
from symconv.algebra.scoping import all_symbols, entries
from symconv.layers.layer import Layer

LETTERS = ("i", "j", "h")
"""Names of positions where a layer names none; further ones are primed."""


class Names:
    """One entry with plain indices per array, all of them different from each other.

    Where the layer's own statements differentiate the array, or by it, their indices are
    taken; otherwise those of its definition, or those with which definitions read it. Primes
    keep them apart from the ones named before.

    Args:
        layer: the layer.
    """

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._entries: dict[str, Entry] = {}
        self._used: set[str] = {size.name for size in layer.given}
        self._used |= {derived.size.name for derived in layer.derived}
        self._bound: set[str] = set()
        for definition in layer.definitions:
            own = set(definition.target.indices)
            self._bound |= {s.name for s in all_symbols(definition.body) if s not in own}

    def of(self, array: Array, *, as_wanted: bool = False) -> Entry:
        """Return the entry of an array, named once; later calls return the same.

        Args:
            array: the array.
            as_wanted: whether the indices need not avoid those that definitions sum over,
                as with an array whose own definition is what is differentiated.
        """
        if array.name not in self._entries:
            avoided = self._used if as_wanted else self._used | self._bound
            names: list[Index] = []
            for name in self._wanted(array):
                while name in avoided or Index(name) in names:
                    name += "'"
                names.append(Index(name))
            self._used |= {index.name for index in names}
            self._entries[array.name] = Entry(array, tuple(names))
        return self._entries[array.name]

    def _wanted(self, array: Array) -> tuple[str, ...]:
        for entry in self._as_differentiated():
            if entry.array == array and all(isinstance(part, Index) for part in entry.indices):
                return tuple(str(index) for index in entry.indices)
        definition = self._layer.definition_by_name.get(array.name)
        if definition is not None:
            return tuple(str(index) for index in definition.target.indices)
        letters = (letter + "'" * primes for primes in count() for letter in LETTERS)
        for other in self._layer.definitions:
            for entry in entries(other.body):
                if entry.array == array:
                    return tuple(
                        str(part) if isinstance(part, Index) else next(letters)
                        for part in entry.indices
                    )
        return tuple(next(letters) for _ in array.shape)

    def _as_differentiated(self) -> Iterator[Entry]:
        """Yield the entries in the derivatives that the layer's statements are about."""
        for statement in self._layer.statements:
            if isinstance(statement.lhs, Derivative):
                yield statement.lhs.by
                if isinstance(statement.lhs.body, Entry):
                    yield statement.lhs.body
