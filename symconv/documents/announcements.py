"""What formulas further down announce: meanings of names that are used before, or renewed.

A text explains names behind the formula that uses them (``where p_0 = Sk``), and a section
gives a name another meaning that its first formulas use already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from symconv.documents.contents import Listing, Trouble
from symconv.documents.reading import RENEWED, ReadFormula, restated, stood_for
from symconv.documents.sections import with_names
from symconv.documents.source import SourceFile
from symconv.latex.reading.context import Context
from symconv.latex.reading.items import Abbreviation, FormulaReading, Unreadable

Supply: TypeAlias = tuple[Context, tuple[str, ...]]
"""A context that knows names, and which of its names are meant."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What is known at a place because of what stands further down.

    Attributes:
        supplied: names by the number of the part that uses them.
        renewed: names by the section from which on they have another meaning.
    """

    supplied: Mapping[int, Supply] = field(default_factory=dict)
    renewed: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def with_those_of(self, parts: Sequence[ReadFormula | Listing | Trouble]) -> Announced:
        """Add what parts announce that were read with this; the same where that is nothing."""
        supplied = dict(self.supplied)
        for number, (context, names) in _supplies(parts).items():
            _, earlier = supplied.get(number, (context, ()))
            supplied[number] = (context, (*earlier, *names))
        renewed = dict(self.renewed)
        for (section, name), otherwise in _restatements(parts).items():
            known = renewed.get(section, frozenset())
            if otherwise and name not in known:
                renewed[section] = known | {name}
        if (supplied, renewed) == (self.supplied, self.renewed):
            return self
        return Announced(supplied, renewed)

    def told(self, file: SourceFile, part: ReadFormula) -> ReadFormula:
        """Say of a definition that its name meant something else in an earlier section."""
        anew = self.renewed.get(part.passing.section)
        if not anew:
            return part
        notes, codes = list(part.notes), list(part.codes)
        for number, item in enumerate(part.reading.items):
            if not isinstance(item, Abbreviation):
                continue
            name = item.index.name
            earlier = part.passing.meanings.get(name)
            if earlier is None or name not in anew:
                continue
            if earlier.section < part.passing.section and earlier.value != item.value:
                notes[number] = (stood_for(file, name, earlier, "section"),)
                codes[number] = RENEWED
        return replace(part, notes=tuple(notes), codes=tuple(codes))


def _restatements(
    parts: Sequence[ReadFormula | Listing | Trouble],
) -> dict[tuple[int, str], bool]:
    """Tell of each name that a section says again whether the first time is otherwise."""
    first: dict[tuple[int, str], bool] = {}
    for part in parts:
        if isinstance(part, ReadFormula):
            for name, otherwise in restated(part):
                _ = first.setdefault((part.passing.section, name), otherwise)
    return first


def _supplies(
    parts: Sequence[ReadFormula | Listing | Trouble],
) -> dict[int, Supply]:
    """Find, for formulas with names that nothing says, the next formula behind that says them.

    What else that formula says is supplied too: one display often explains several names.
    """
    found: dict[int, Supply] = {}
    behind: dict[str, ReadFormula] = {}
    for number in reversed(range(len(parts))):
        part = parts[number]
        if not isinstance(part, ReadFormula):
            continue
        for name in _said(part):
            behind[name] = part
        merged = part.context
        names: dict[str, None] = {}
        for name in dict.fromkeys(_missing(part.reading)):
            if name in behind and behind[name] is not part:
                said = tuple(_said(behind[name]))
                merged = with_names(merged, behind[name].reading.context, said)
                names |= dict.fromkeys(said)
        if names:
            found[number] = (merged, tuple(names))
    return found


def _missing(reading: FormulaReading) -> Iterator[str]:
    for item in reading.items:
        if isinstance(item, Unreadable):
            yield from item.missing


def _said(part: ReadFormula) -> Iterator[str]:
    """Yield the names that a formula says something about."""
    before, behind = part.context, part.reading.context
    if behind.abbreviations is not before.abbreviations:
        known = {index.name: value for index, value in reversed(before.abbreviations)}
        yield from (i.name for i, value in behind.abbreviations if known.get(i.name) != value)
    if behind.arrays is not before.arrays:
        names = {array.name for array in before.arrays}
        yield from (array.name for array in behind.arrays if array.name not in names)


def without_names_of_later(context: Context, names: list[str]) -> Context:
    """Forget names that a formula knew before the later one that defines them."""
    if not names:
        return context
    return replace(
        context,
        abbreviations=tuple(item for item in context.abbreviations if item[0].name not in names),
        arrays=tuple(item for item in context.arrays if item.name not in names),
        definitions=tuple(item for item in context.definitions if item.array.name not in names),
        spellings=tuple(item for item in context.spellings if item[1] not in names),
        domains=tuple(item for item in context.domains if item.name not in names),
    )
