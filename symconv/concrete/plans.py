"""A side of a statement as a plan without sizes: what is read where, and which terms it has.

A side is a tree of *contexts*. A context extends its parent by steps in the order in which
`evaluation` reaches them: indices that a sum binds, factors without entries (conditions,
equalities, coefficients), and entries that are read and must be in range. Terms hang at the
contexts where products end.

Siblings do not see each other: in `x[i] * Sum([p == i]*w[p], p)` the entry of x is read
wherever the product is reached, also where the sum is empty. A term that multiplies siblings
takes the steps of both.

Every step has a `trail`: the values and ordinals that say when evaluation reaches it. The
first failure in that order is the one that evaluation raises.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from symconv.algebra.expressions import Entry
from symconv.algebra.indices import Range
from symconv.concrete.columns import Formula, Growth
from symconv.concrete.rows import Slot

BEFORE = float("-inf")
"""The ordinal of a range's ends: they are computed before the index has its first value."""
Trail: TypeAlias = "tuple[str | float, ...]"
"""Names of indices, which stand for their values, and ordinals."""


@dataclass(frozen=True, slots=True)
class Bind:
    """An index takes every value of a range."""

    item: Range
    lower: Formula
    upper: Formula
    trail: Trail


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition must hold."""

    condition: Formula
    trail: Trail


@dataclass(frozen=True, slots=True)
class Equality:
    """Two integer expressions must be equal; `condition` says so as one formula."""

    left: Formula
    right: Formula
    condition: Formula
    trail: Trail


@dataclass(frozen=True, slots=True)
class Factor:
    """A coefficient multiplies, and must not be zero."""

    coefficient: Formula
    trail: Trail


@dataclass(frozen=True, slots=True)
class Read:
    """An entry is read: its indices must be integers inside its array's shape."""

    entry: Entry
    axes: tuple[Formula, ...]
    shape: tuple[Formula, ...]
    trail: Trail


@dataclass(frozen=True, slots=True)
class Expand:
    """A definition is read that depends on no index: its contexts stand by themselves."""

    contexts: tuple[Context, ...]
    trail: Trail


Step: TypeAlias = "Bind | Filter | Equality | Factor | Read | Expand"


@dataclass(eq=False, slots=True)
class Context:
    """Steps that extend a parent's; compared by identity, so that results can be kept by it."""

    parent: Context | None = None
    steps: list[Step] = field(default_factory=list)

    def line(self) -> list[Context]:
        """Return the contexts from the outermost one to this one."""
        above = self.parent.line() if self.parent else []
        return [*above, self]


@dataclass(frozen=True, slots=True)
class Position:
    """An entry in a term: the array's name, its indices, and the array's shape."""

    array: str
    axes: tuple[Formula, ...]
    shape: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A product of entries, summed over everything that its context and steps bind.

    Attributes:
        context: where the term starts; what it reads is checked there, not here.
        steps: what siblings and derivatives add to that.
        arrays: the arrays whose entries are multiplied, by name, with their numbers of axes.
        digits: the free indices and the indices of every entry.
        shapes: the shape of each of the arrays.
        repeated: an array that occurs more than once, or an empty text.
    """

    context: Context
    steps: tuple[Step, ...]
    arrays: tuple[tuple[str, int], ...]
    digits: tuple[tuple[Slot, Formula], ...]
    shapes: tuple[tuple[Formula, ...], ...]
    repeated: str


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One side of a statement; compared by identity, so that results can be kept by it.

    Attributes:
        free: the free indices' names, in the statement's order.
        root: the context that binds them.
        contexts: every context, parents first.
        terms: the products that are added up.
        growth: a bound on every number met while computing any step.
    """

    free: tuple[str, ...]
    root: Context
    contexts: tuple[Context, ...]
    terms: tuple[Term, ...]
    growth: Growth
