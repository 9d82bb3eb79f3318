"""Where two sides differ at given sizes."""

from __future__ import annotations

from dataclasses import dataclass

from symconv.algebra.evaluation import Exact, Monomial, Polynomial


@dataclass(frozen=True, slots=True)
class Difference:
    """The smallest difference between two sides: free indices first, then the monomial.

    Attributes:
        indices: the free indices by name.
        monomial: the entries whose coefficients differ.
        left: the coefficient on the left.
        right: the coefficient on the right.
    """

    indices: dict[str, int]
    monomial: Monomial
    left: Exact
    right: Exact


def smallest_difference(
    indices: dict[str, int], left: Polynomial, right: Polynomial
) -> Difference | None:
    """Return the first monomial, in order, whose coefficients differ; None when none does."""
    if left == right:
        return None
    monomials = [
        monomial
        for monomial in left.keys() | right.keys()
        if left.get(monomial, 0) != right.get(monomial, 0)
    ]
    first = min(monomials)
    return Difference(indices, first, left.get(first, 0), right.get(first, 0))
