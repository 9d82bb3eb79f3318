"""What the solver is asked: formulas over integers, and obligations to refute them.

A formula is a condition of the algebra, a weighted sum of brackets that is not 0, or a
choice between conjunctions. An obligation says that its formulas never hold together; an
obligation is discharged when the solver finds that they are unsatisfiable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from symconv.algebra.indices import Condition, IntegerExpression, Symbol
from symconv.algebra.tree import symbols


@dataclass(frozen=True, slots=True)
class Coordinate(Symbol):
    """One coordinate of one entry of a monomial: an integer that stands for every position."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """A coefficient where conditions hold, else 0."""

    coefficient: IntegerExpression
    conditions: tuple[Condition, ...]

    def __str__(self) -> str:
        guard = " and ".join(str(part) for part in self.conditions)
        return f"({self.coefficient})*[{guard or 'true'}]"


@dataclass(frozen=True, slots=True)
class Nonzero:
    """The formula that a sum of weighted brackets is not 0."""

    terms: tuple[Weighted, ...]

    def __str__(self) -> str:
        return f"{' + '.join(map(str, self.terms)) or '0'} != 0"


@dataclass(frozen=True, slots=True)
class Either:
    """The formula that at least one of several conjunctions holds."""

    alternatives: tuple[tuple[Formula, ...], ...]

    def __str__(self) -> str:
        return " or ".join(
            f"({' and '.join(map(str, parts)) or 'true'})" for parts in self.alternatives
        )


Formula: TypeAlias = Condition | Nonzero | Either


@dataclass(frozen=True, slots=True)
class Obligation:
    """Formulas that must never hold together, with what that says in words.

    Attributes:
        kind: what sort of step it is, such as ``in-range`` or ``equal-coefficients``.
        claim: a sentence that is true when the obligation is discharged.
        formulas: the hypotheses and the negated goal.
    """

    kind: str
    claim: str
    formulas: tuple[Formula, ...]


def formula_symbols(formula: Formula) -> Iterator[Symbol]:
    """Yield every symbol of a formula, left to right, repeats included."""
    match formula:
        case Condition():
            yield from symbols(formula)
        case Nonzero(terms=terms):
            for term in terms:
                yield from symbols(term.coefficient)
                for condition in term.conditions:
                    yield from symbols(condition)
        case Either(alternatives=alternatives):
            for parts in alternatives:
                for part in parts:
                    yield from formula_symbols(part)
        case _:
            raise TypeError(f"not a formula: {formula!r}")
