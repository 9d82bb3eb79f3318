"""What a theorem is, and how one is stated.

Every theorem takes a layer, applies another one to its arrays, and claims that both compute
the same. What the applied layer asks of its sizes is claimed as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from symconv.algebra.expressions import Array, Definition, Expression, Iverson, Statement, claim
from symconv.algebra.indices import And, Index, IntegerLike, Size
from symconv.layers.application import Application
from symconv.layers.layer import Layer
from symconv.layers.regions import Region

GENERAL = "conv2d strides sides dilation"
"""Two axes in all generality: what holds here says what it says for one and for three."""


@dataclass(frozen=True, slots=True)
class Theorem:
    """An identity between layers.

    Attributes:
        name: its name, such as ``input-gradient``.
        says: what it says, as a sentence.
        layer: the layer in whose letters it is said, with the arrays of the other one.
        claims: the equalities that it consists of.
        conditions: the sizes at which it holds; without any one of them it is false.
    """

    name: str
    says: str
    layer: Layer
    claims: tuple[Statement, ...]
    conditions: tuple[Region, ...] = ()

    @property
    def key(self) -> str:
        """The stable name: ``theorem/adjoint``."""
        return f"theorem/{self.name}"

    def statements(self, *, without: Region | None = None) -> tuple[Statement, ...]:
        """Return the claims under the conditions, or under all but one of them."""
        assumed = tuple(one.condition for one in self.conditions if one is not without)
        return tuple(
            replace(item, assumptions=(*item.assumptions, *assumed)) for item in self.claims
        )


def stated(
    name: str,
    says: str,
    host: Layer,
    other: Application,
    *equalities: tuple[Expression, Expression],
    inputs: tuple[Array, ...] = (),
    definitions: tuple[Definition, ...] = (),
    conditions: tuple[Region, ...] = (),
    ranges: Mapping[Index, tuple[IntegerLike, IntegerLike]] | None = None,
) -> Theorem:
    """State that both sides are equal, and that the applied layer takes the sizes it gets."""
    layer = replace(
        host,
        inputs=(*host.inputs, *inputs),
        definitions=(*host.definitions, *definitions, *other.definitions),
    )
    key = f"theorem/{name}"
    claims = [
        claim(left, right, name=f"{key}:{number}" if len(equalities) > 1 else key, ranges=ranges)
        for number, (left, right) in enumerate(equalities, start=1)
    ]
    fits = claim(Iverson(And(other.conditions)), 1, name=f"{key}:sizes")
    return Theorem(name, says, layer, (*claims, fits), conditions)


def same(names: str) -> dict[str, IntegerLike]:
    """Give the applied layer sizes of the same names."""
    return {name: Size(name) for name in names.split()}


def sized(**names: str) -> dict[str, IntegerLike]:
    """Give the applied layer sizes of other names."""
    return {name: Size(other) for name, other in names.items()}


def some_arrays(host: Layer, names: str) -> list[Array]:
    """Return some arrays of a layer."""
    return [host.array_by_name[name] for name in names.split()]


def over(array: Array, *at: Index) -> list[tuple[Index, IntegerLike, IntegerLike]]:
    """Return the ranges of a sum over an array's entries."""
    return [(index, 0, extent - 1) for index, extent in zip(at, array.shape, strict=True)]
