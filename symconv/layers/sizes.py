"""The sizes of a layer: positive integers by name, which satisfy its constraints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from symconv.algebra.evaluation import condition_value, integer_value
from symconv.algebra.indices import Condition, IntegerExpression, Size, Symbol
from symconv.algebra.tree import symbols
from symconv.errors import IllFormed, SizesError

Node = TypeVar("Node")
Value = TypeVar("Value")
LONGEST_SIZE = 200
"""Limit: a size has so many bits, 60 digits; no count of terms gets too long to be written."""


@dataclass(frozen=True, slots=True)
class DerivedSize:
    """A size that follows from the others.

    Attributes:
        size: the derived size.
        value: how it is computed from the given sizes.
        conditions: what defines it without division, for proofs.
    """

    size: Size
    value: IntegerExpression
    conditions: tuple[Condition, ...]


class Sizes(Mapping[str, int]):
    """Positive integers for every size of a layer, derived sizes included; immutable.

    Reads like a dictionary by name: ``sizes["Hh"]``. Made by `Layer.sizes`, which checks
    the layer's constraints.
    """

    __slots__ = ("_given", "_values")

    def __init__(self, given: Mapping[Symbol, int], derived: Mapping[Symbol, int]) -> None:
        self._given = tuple(given.items())
        self._values: dict[Symbol, int] = {**given, **derived}

    @property
    def given(self) -> dict[str, int]:
        """The sizes that were given, in the layer's order, without the derived ones."""
        return {size.name: value for size, value in self._given}

    @property
    def by_symbol(self) -> dict[Symbol, int]:
        """The values by size symbol, derived sizes included."""
        return dict(self._values)

    def order(self) -> tuple[int, ...]:
        """Return the key that sorts sizes: least sum of the given ones, then lexicographic."""
        values = tuple(value for _, value in self._given)
        return (sum(values), *values)

    def __getitem__(self, name: str) -> int:
        return self._values[Size(name)]

    def __iter__(self) -> Iterator[str]:
        return (size.name for size in self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sizes) and self._values == other._values

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __str__(self) -> str:
        return ",".join(f"{size.name}={value}" for size, value in self._given)

    def __repr__(self) -> str:
        return f"Sizes({self})"


@dataclass(frozen=True, slots=True)
class SizeRules:
    """What sizes are admissible, and which follow from others; the fields are those of a layer."""

    name: str
    given: tuple[Size, ...]
    minimum: Mapping[Size, int]
    derived: tuple[DerivedSize, ...]
    constraints: tuple[Condition, ...]

    def sizes(self, named: Mapping[str, int]) -> Sizes:
        """Check sizes and add the derived ones; see `Layer.sizes`."""
        given: dict[Symbol, int] = {}
        names = ", ".join(size.name for size in self.given)
        for derived in self.derived:
            if derived.size.name in named:
                raise SizesError(
                    f"{derived.size.name} is derived: {derived.size.name} = {derived.value}",
                    help=f"leave it out and give {names}",
                )
        unknown = [name for name in named if Size(name) not in self.given]
        if unknown:
            raise SizesError(
                f"unknown size {', '.join(unknown)}", help=f"the sizes of {self.name} are {names}"
            )
        missing = [size.name for size in self.given if size.name not in named]
        if missing:
            raise SizesError(
                f"no value for {', '.join(missing)}", help=f"give every one of {names}"
            )
        for size in self.given:
            given[size] = self._checked(size, named[size.name])
        return Sizes(given, self._derived_values(given))

    def _derived_values(self, given: Mapping[Symbol, int]) -> dict[Symbol, int]:
        """Check the constraints and compute the derived sizes."""
        named = ",".join(f"{size}={value}" for size, value in given.items())
        derived_sizes = {derived.size for derived in self.derived}
        # A constraint on given sizes may be what gives a derived size a value, so it goes first.
        late = tuple(c for c in self.constraints if not derived_sizes.isdisjoint(_mentioned(c)))
        for condition in self.constraints:
            if condition not in late and not _defined(
                condition_value, condition, given, named, condition
            ):
                raise SizesError(f"{named} leaves no output position", help=f"make {condition}")
        values: dict[Symbol, int] = {}
        for derived in self.derived:
            text = f"{derived.size} = {derived.value}"
            value = _defined(integer_value, derived.value, {**given, **values}, named, text)
            least = self.minimum.get(derived.size, 1)
            if value != int(value) or value < least:
                raise SizesError(
                    f"{named} makes {derived.size} = {value}",
                    help=f"{text} must be an integer, at least {least}",
                )
            values[derived.size] = int(value)
        for condition in late:
            if not _defined(condition_value, condition, {**given, **values}, named, condition):
                made = ",".join(f"{size}={values[size]}" for size in values)
                raise SizesError(f"{named} makes {made}", help=f"make {condition}")
        return values

    def _checked(self, size: Size, value: int) -> int:
        least = self.minimum.get(size, 1)
        if isinstance(value, bool) or not isinstance(value, int):
            raise SizesError(f"{size} must be an integer, got {value!r}")
        if value.bit_length() > LONGEST_SIZE:
            raise _too_long(size.name, value.bit_length() * 3 // 10)
        if value < least:
            raise SizesError(f"{size} must be at least {least}, got {value}")
        return value


def _mentioned(condition: Condition) -> set[Symbol]:
    return set(symbols(condition))


def _defined(
    compute: Callable[[Node, Mapping[Symbol, int]], Value],
    node: Node,
    values: Mapping[Symbol, int],
    named: str,
    text: object,
) -> Value:
    """Compute a constraint or a derived size; sizes at which it divides by 0 are refused."""
    try:
        return compute(node, values)
    except IllFormed as error:
        if error.code != "division-by-zero":
            # A symbol without a value is a mistake in the layer, at whatever sizes.
            raise
        raise SizesError(f"{named} gives {text} no value: {error.fact}") from error


def _too_long(name: str, digits: int) -> SizesError:
    most = LONGEST_SIZE * 3 // 10
    return SizesError(
        f"{name} has about {digits:,} digits, more than {most}", help=f"write {name}=2"
    )


def parsed(text: str) -> dict[str, int]:
    """Read sizes by name: ``N=2,C=3``."""
    values: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, separator, value = (piece.strip() for piece in part.partition("="))
        if not separator or not name:
            raise SizesError(
                f"cannot read {part!r} as a size", help="write sizes by name: N=2,C=3,H=8,..."
            )
        if name in values:
            raise SizesError(f"{name} is given twice")
        if len(value) > LONGEST_SIZE * 3 // 10:
            # Python reads no number of more than 4,300 digits.
            raise _too_long(name, len(value))
        if not value.removeprefix("-").removeprefix("+").isascii() or not (
            value.removeprefix("-").removeprefix("+").isdigit()
        ):
            raise SizesError(f"{name} must be an integer, got {value!r}", help=f"write {name}=2")
        values[name] = int(value)
    return values
