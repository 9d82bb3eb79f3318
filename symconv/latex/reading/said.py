"""Conditions that a text says around its formulas, read as what they put on them."""

from __future__ import annotations

from symconv.algebra.indices import (
    Index,
    Range,
    condition_integers,
    symbols,
)
from symconv.errors import UsageError
from symconv.latex.reading.claims import Clause, claims
from symconv.latex.reading.clauses import restrictions
from symconv.latex.reading.context import Context, Said
from symconv.latex.reading.intervals import atoms_with_sets
from symconv.latex.reading.scope import without_abbreviations
from symconv.latex.reading.syntax import Stopped


def read_said(text: str, context: Context, *, sizes_alone: bool = False) -> Said | None:
    r"""Read conditions and ranges such as ``S = 1, 0 \le k < M``.

    Args:
        text: the LaTeX.
        context: what is known where it stands.
        sizes_alone: whether conditions on anything but declared sizes are left out, as those
            that words mean have to be.

    Returns:
        What they say; None where they are not understood, such as an equation of arrays.
    """
    clauses: list[Clause] = []
    for claim in claims(atoms_with_sets(text), text):
        if claim.kind not in ("claim", "condition", "listing"):
            return None
        clauses.append(Clause("if", tuple(claim.members), listing=claim.kind == "listing"))
        if any(clause.keyword == "unclear" for clause in claim.clauses):
            return None
        clauses += claim.clauses
    try:
        found = restrictions(clauses, context)
    except (Stopped, UsageError):
        return None
    if found.coverage:
        return None
    conditions = tuple(
        without_abbreviations(condition, context)
        for condition in (*found.assumptions, *found.guards)
    )
    if sizes_alone:
        known = set(context.sizes)
        conditions = tuple(
            condition
            for condition in conditions
            if all(s in known for part in condition_integers(condition) for s in symbols(part))
        )
    ranges = tuple(Range(Index(name), *ends) for name, ends in found.ranges.items())
    return Said(conditions, ranges)
