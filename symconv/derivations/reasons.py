"""The words of a derivation: why each line follows from the one before.

Formulas in a reason state nothing by themselves: no equals sign stands outside the lines,
so that whoever reads a derivation back finds the same statements in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symconv.algebra.expressions import Array, Entry
from symconv.algebra.indices import And, Condition, Divides
from symconv.derivations.derivation import Fragment, Prose
from symconv.derivations.rewriting import Narrowed, Solved


def inserted_definition(body: Iterable[Array]) -> Prose:
    """Say that definitions are inserted."""
    return ("Insert the definition of ", *_listed(body), ".")


def differentiated(by: Entry, expanded: Sequence[Array]) -> Prose:
    """Say how a definition is differentiated.

    Args:
        by: what it is differentiated by.
        expanded: other arrays that depend on it, which are written out first.
    """
    constant: Prose = ("what does not hold ", by.array, " is constant.")
    if expanded:
        verb = "depends" if len(expanded) == 1 else "depend"
        also = (f" {verb} on ", by.array, " too, and is written out first.")
        constant = (*constant, " ", *_listed(expanded), *also)
    if not by.indices:
        return ("Differentiate term by term; ", *constant)
    agree = "its index agrees" if len(by.indices) == 1 else "all indices agree"
    return (
        *("Differentiate term by term: an entry of ", by.array, " by ", by),
        *(f" is 1 where {agree} and 0 elsewhere, as the deltas say; ", *constant),
    )


def chain_rule(body: Array, through: Array, by: Array) -> Prose:
    """Say why the chain rule goes through one array only."""
    return ("Chain rule: ", body, " depends on ", by, " only through ", through, ".")


def inserted_lines(numbers: Sequence[int], upstream: Entry | None) -> Prose:
    """Say which lines are inserted, and what is given."""
    reason: list[Fragment] = [f"Insert {' and '.join(f'({number})' for number in numbers)}"]
    if upstream is not None:
        reason += ["; ", upstream, " is the upstream gradient, which is given"]
    return (*reason, ".")


def solved(steps: Sequence[Solved], padded: Array | None = None) -> Prose:
    """Say which deltas were solved for which indices.

    Args:
        steps: what was solved.
        padded: a padded array whose positions the deltas shift.
    """
    reason: list[Fragment] = []
    said = dict.fromkeys(
        (step.delta, step.index, step.value, bool(step.conditions)) for step in steps
    )
    for delta, index, value, bracketed in said:
        reason.append("; " if reason else "")
        if bracketed:
            reason += [delta, " is solved for ", index, ", which becomes ", value]
        else:
            reason += [delta, " leaves only the term at ", value, " of the sum over ", index]
    if not any(step.conditions for step in steps):
        if padded is not None:
            return (*reason, ". The shift is that of the padding of ", padded, ".")
        return (*reason, ".")
    division = " and the division must be exact" if any(s.divides for s in steps) else ""
    count = sum(1 for _, _, _, bracketed in said if bracketed)
    ranges = "its range stays as a bracket" if count == 1 else "their ranges stay as brackets"
    return (*reason, f"; {ranges}{division}.")


def conditions_of(steps: Sequence[Solved]) -> tuple[Condition, ...]:
    """Return where what the solved deltas leave is not 0, an interval as one condition."""
    found: list[Condition] = []
    for step in steps:
        found += [part for part in step.conditions if isinstance(part, Divides)]
        interval = tuple(part for part in step.conditions if not isinstance(part, Divides))
        if interval:
            found.append(interval[0] if len(interval) == 1 else And(interval))
    return tuple(dict.fromkeys(found))


def idle_brackets(dropped: Iterable[Condition]) -> Prose:
    """Say why brackets can be left out."""
    return (
        "The deltas and the ranges of the indices imply ",
        *_listed(dropped),
        ", so that the brackets can be left out.",
    )


def ranges_of_sums(notes: Sequence[Narrowed], body: Array, by: Array, *, window: bool) -> Prose:
    """Say how brackets became ranges.

    Args:
        notes: the brackets.
        body: what is differentiated.
        by: what it is differentiated by.
        window: whether the brackets come from positions of a window, so that an empty range
            is a position that no window reaches.
    """
    reason: list[Fragment] = [
        *("The brackets ", *_listed(dict.fromkeys(note.condition for note in notes))),
        *(" become ranges of ", *_listed(dict.fromkeys(note.index for note in notes))),
        *(". An empty range sums to 0: ", body, " does not depend on such an entry of ", by, "."),
    ]
    if window and any(note.steps for note in notes):
        reason.append(
            " So a position that no window reaches gets 0; so does the remainder of rows or "
            "columns, where there is one."
        )
    return tuple(reason)


def _listed(items: Iterable[Fragment]) -> Prose:
    """Put commas and a last ``and`` between fragments."""
    parts = list(items)
    reason: list[Fragment] = []
    for place, part in enumerate(parts):
        if place:
            reason.append(" and " if place == len(parts) - 1 else ", ")
        reason.append(part)
    return tuple(reason)
