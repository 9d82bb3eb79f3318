"""Formulas read with what the text says in passing, and what each owes to it.

A letter that stands for something may still be an index where an equation has it on the left.
Whatever a formula owes to a range, a meaning or a sentence before it is told with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from symconv.algebra.expressions import Number
from symconv.algebra.indices import Index, Range
from symconv.algebra.ratios import same_polynomial
from symconv.documents.contents import Formula
from symconv.documents.hearing import all_heard, is_condition, joined, supposed, without_entries
from symconv.documents.passing import Doubt, Meaning, Passing
from symconv.documents.renewing import (
    named_on_the_left,
    redefined,
    used_arrays,
    uses,
    without_meanings,
    without_names,
)
from symconv.documents.reservations import Reservation
from symconv.documents.source import SourceFile
from symconv.documents.spoken import Spoken
from symconv.explanations.tidying import tidied_integer
from symconv.latex.reading.context import Context, Said
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import (
    Abbreviation,
    ArrayDefinition,
    Equality,
    ExampleSize,
    FormulaReading,
    Item,
    NoStatement,
    Unreadable,
)
from symconv.latex.reading.meaning.clauses import read_said
from symconv.latex.reading.meaning.scope import expanded, is_plain
from symconv.verdicts import Note

Notes: TypeAlias = tuple[tuple[Note, ...], ...]
"""What is to be said of each item of a formula."""
CONDITION = "a condition of what stands near it"
RANGE_ELSEWHERE = "a range that the section gives may be about other formulas"
RENEWED = "renewed"
"""The code of a definition whose name meant something else before."""
RANGE_SAID = "passing-range"
"""The code of a definition that rests on a range said in passing."""
TAKEN = "taken-as-definition"
"""The code of a definition of an array that is declared, and so may be an input."""
SUPPOSED_BEFORE = "what the text supposes before it may hold here as well"


@dataclass(frozen=True, slots=True)
class ReadFormula:
    """A formula, what was known where it stands, and what it says.

    Attributes:
        formula: the formula.
        context: what it was read in.
        reading: what it says.
        notes: what each of its items owes to what the text says in passing.
        codes: a stable word for each definition that its reader may not expect.
        bounds: ranges said in passing that each of its items rests on, as ``0 <= k <= 2``.
        known: what is known throughout, where it stands.
        passing: what holds for a while, where it stands.
        said: what its own sentence says of it.
        doubts: what each of its items rests on that may be meant otherwise.
        otherwise: contexts in which it may be meant as well, each with the reason.
        reserved: why it may be right where it is false as it stands.
    """

    formula: Formula
    context: Context
    reading: FormulaReading
    notes: Notes
    known: Context
    passing: Passing
    said: Said = field(default_factory=Said)
    doubts: tuple[tuple[Doubt, ...], ...] = ()
    otherwise: tuple[tuple[str, Context], ...] = ()
    bounds: tuple[tuple[str, ...], ...] = ()
    codes: tuple[str | None, ...] = ()
    reserved: Reservation | None = None

    @property
    def behind(self) -> Context:
        """What is known throughout behind the formula."""
        found, known = self.reading.context, self.known
        definitions, abbreviations = known.definitions, known.abbreviations
        if found.definitions is not self.context.definitions:
            # What words set to 0 for this formula alone stays what it was before.
            old = set(self.context.definitions)
            new = tuple(item for item in found.definitions if item not in old)
            renewed = {item.array for item in new}
            definitions = (*(item for item in definitions if item.array not in renewed), *new)
        if not found.abbreviations is self.context.abbreviations is abbreviations:
            values = dict(found.abbreviations)
            named = {index for index, _ in self.context.abbreviations} | values.keys()
            kept = [
                (index, value)
                for index, value in abbreviations
                if index not in named or values.get(index) == value
            ]
            old_ones = {index for index, _ in kept}
            added = (item for item in found.abbreviations if item[0] not in old_ones)
            abbreviations = (*kept, *added)
        return replace(
            found,
            layer=known.layer,
            definitions=definitions,
            said=known.said,
            ranges=known.ranges,
            indices=known.indices,
            abbreviations=abbreviations,
        )

    def named_again(self, item: Equality) -> str | None:
        """Return the name to which an equation may give another meaning, or None.

        An equation for an array is a claim as long as no heading stands between.
        """
        name = named_on_the_left(item.statement, item.context)
        meaning = self.passing.meanings.get(name or "")
        if meaning is None or (meaning.value is None and meaning.section == self.passing.section):
            return None
        return name

    @property
    def ranges(self) -> dict[str, tuple[Range, int]]:
        """The ranges that the formula itself gives."""
        new = set(self.reading.context.indices) - set(self.context.indices)
        return {
            item.index.name: (item, self.formula.start)
            for item in self.reading.context.ranges
            if item.index in new
        }

    @property
    def passing_behind(self) -> Passing:
        """What holds for a while behind the formula."""
        start = self.formula.start
        section = self.passing.section
        meanings: dict[str, Meaning] = {}
        behind = self.behind
        doubts, asked = dict(self.passing.doubts), dict(self.passing.asked)
        for item, doubtful in zip(self.reading.items, self.doubts, strict=True):
            if isinstance(item, Abbreviation):
                name, value = item.index.name, item.value
                meanings[name] = Meaning(section, start, value)
            elif isinstance(item, ArrayDefinition):
                name = item.definition.array.name
                declared = self.known.array(name) is not None
                meanings[name] = Meaning(section, start, declared=declared)
            elif isinstance(item, Equality):
                again = self.named_again(item)
                if again is not None:
                    doubt = Doubt(start, self.formula.source.text, item)
                    doubts[again] = (*doubts.get(again, ()), doubt)
                if self.reserved is not None and self.reserved.way == "ask for it":
                    asked |= dict.fromkeys(used_arrays(item, item.context), start)
                continue
            else:
                continue
            # What is defined by something doubtful is as doubtful.
            doubts[name] = doubtful
        return replace(
            self.passing.mentioning(self.said, start),
            ranges={**self.passing.ranges, **self.ranges},
            meanings={**self.passing.meanings, **meanings},
            first={
                **{name: (meaning, behind) for name, meaning in meanings.items()},
                **self.passing.first,
            }
            if meanings
            else self.passing.first,
            doubts={name: found for name, found in doubts.items() if found},
            asked=asked,
        )


def read(
    file: SourceFile, formula: Formula, known: Context, passing: Passing, spoken: Spoken
) -> ReadFormula:
    """Read a formula with what the text says in passing.

    Args:
        file: the file that it stands in.
        formula: the formula.
        known: what is known throughout.
        passing: what holds for a while.
        spoken: what the words around it say.
    """
    text = formula.source.text
    known, again = _renewed(file, formula, known, passing, spoken)
    own = all_heard(spoken, known)
    before = replace(passing, assumed=Said(), ranges={}) if spoken.general else passing
    said = supposed(before.assumed, own)
    bare = without_entries(replace(known, said=replace(said, ranges=())), said.zero)
    plain = ReadFormula(formula, bare, read_formula(text, bare), (), known, passing, own)
    plain = replace(plain, reserved=spoken.reserved)
    if is_condition(formula, spoken, known):
        return _as_condition(plain)
    if all(isinstance(item, Unreadable) for item in plain.reading.items):
        # Tuples such as (S, P) = (1, 0) are settings, though no equation that is judged.
        setting = read_said(text, known)
        plain = plain if setting is None else replace(plain, said=joined(own, setting))
    found = plain
    # What words alone say stands where the formula does.
    first = min((formula.start if c.start < 0 else c.start for c in spoken.cues), default=0)
    ranges = {
        item.index.name: (item, formula.start)
        for item in said.ranges
        if passing.start_of(item.index.name) < first
    }
    ranges |= {n: r for n, r in passing.ranges.items() if spoken.cues and r[1] >= first}
    scope = replace(before, ranges={**before.ranges, **ranges})
    if scope.ranges and not plain.ranges:
        # What gives a range itself is read without the others: it takes their place.
        context = scope.known_in(bare)
        found = replace(plain, context=context, reading=read_formula(text, context))
    otherwise = [*_otherwise(file, found, bare, ranges)]
    if spoken.general:
        assumed = replace(bare, said=replace(supposed(passing.assumed, own), ranges=()))
        otherwise.append((SUPPOSED_BEFORE, passing.known_in(assumed)))
    found = replace(found, otherwise=tuple(otherwise))
    notes, bounds = _range_notes(file, found, plain, scope)
    found, letters = _with_indices(file, found)
    numbers = range(len(found.reading.items))
    items = found.reading.items
    together = tuple(
        (
            *_taken(items[n], known),
            *again.get(_defined_name(items[n]), ()),
            *notes.get(n, ()),
            *letters.get(n, ()),
        )
        for n in numbers
    )
    doubts = tuple(tuple(_doubts(item, found)) for item in items)
    rests = tuple(bounds.get(n, ()) for n in numbers)
    codes = tuple(_code(items[n], known, again, rests[n]) for n in numbers)
    return _with_ended(replace(found, notes=together, bounds=rests, doubts=doubts, codes=codes))


def _as_condition(part: ReadFormula) -> ReadFormula:
    """Take a formula for a condition alone, whatever it would say by itself."""
    claimless = (ExampleSize, NoStatement)
    items = tuple(
        item if isinstance(item, claimless) else NoStatement(item.span, CONDITION)
        for item in part.reading.items
    )
    plain = all(isinstance(item, claimless) for item in part.reading.items)
    context = part.reading.context if plain else part.context
    reading = FormulaReading(items, context)
    none = tuple(() for _ in items)
    codes = tuple(None for _ in items)
    return replace(
        part, reading=reading, said=Said(), notes=none, bounds=none, doubts=none, codes=codes
    )


def _renewed(
    file: SourceFile, formula: Formula, known: Context, passing: Passing, spoken: Spoken
) -> tuple[Context, dict[str, tuple[Note, ...]]]:
    """Forget the names that words define anew at a formula, and say what they meant."""
    notes: dict[str, tuple[Note, ...]] = {}
    if not passing.meanings:
        return known, notes
    here = {name for name, it in passing.meanings.items() if it.section == passing.section}
    # A name may have a value under the assumptions of its section alone.
    assuming = replace(known, said=replace(passing.assumed, ranges=()))
    names: set[str] = set()
    if spoken.introduced == "let":
        names = redefined(formula.source.text, assuming, set(passing.meanings))
    elif spoken.introduced == "where":
        names = redefined(formula.source.text, assuming, here)
    for name in sorted(names):
        meaning = passing.meanings[name]
        notes[name] = (stood_for(file, name, meaning, "line"),)
    known = without_names(known, names)
    for cue in spoken.cues if known.abbreviations else ():
        for part in cue.said if cue.kind == "where" else ():
            if isinstance(part, Formula) and part.start > formula.start:
                anew = redefined(part.source.text, known, here)
                if anew:
                    known = read_formula(part.source.text, without_names(known, anew)).context
    return known, notes


def stood_for(file: SourceFile, name: str, meaning: Meaning, until: str) -> Note:
    """Say what a name stood for, up to the line or section in which it gets another meaning."""
    value = "something else" if meaning.value is None else str(meaning.value)
    line = file.position(meaning.start).line
    said = f"read: up to this {until} {name} stood for {value}, from line {line} on"
    return Note("reading", said)


def _code(
    item: Item, known: Context, again: Mapping[str, tuple[Note, ...]], bounds: tuple[str, ...]
) -> str | None:
    """Return the code of a definition that its reader may not expect, or None."""
    if isinstance(item, Abbreviation):
        return RENEWED if item.index.name in again else None
    if isinstance(item, ArrayDefinition) and bounds:
        return RANGE_SAID
    return TAKEN if _taken(item, known) else None


def _taken(item: Item, known: Context) -> tuple[Note, ...]:
    """Say of a declared array that an equality defines it, which may have been a claim."""
    name = _defined_name(item) if isinstance(item, ArrayDefinition) else ""
    if known.array(name) is None:
        return ()
    said = f"read: this is taken as the definition of {name}, which is declared and not defined"
    return (Note("reading", f"{said} before"),)


def _defined_name(item: Item) -> str:
    match item:
        case Abbreviation(index=index):
            return index.name
        case ArrayDefinition(definition=definition):
            return definition.array.name
        case _:
            return ""


def _doubts(item: Item, part: ReadFormula) -> Iterator[Doubt]:
    """Yield the equations that may have given another meaning to a name that an item uses."""
    doubts = part.passing.doubts
    if not doubts or not isinstance(item, Equality | ArrayDefinition | Abbreviation):
        return
    needed = set(used_arrays(item, part.context))
    for name, found in doubts.items():
        if name in needed or (
            part.context.abbreviation(name) is not None
            and uses(item, part.formula.source.text, part.context, name)
        ):
            yield from found


def _otherwise(
    file: SourceFile, found: ReadFormula, bare: Context, own: Mapping[str, tuple[Range, int]]
) -> Iterator[tuple[str, Context]]:
    """Yield the contexts in which a formula may be meant beside its own.

    What an earlier sentence said may still hold. A range that stands by itself may be about
    other formulas.
    """
    together = Said()
    for number, (said, start) in enumerate(reversed(found.passing.lingering)):
        said = replace(said, unclear="")
        if said in (Said(), found.said):
            continue
        line = file.position(start).line
        yield _meant_too(f"what line {line} says", found, said, start)
        earlier = joined(said, together)
        if number and earlier != said:
            yield _meant_too(f"what the text says from line {line} on", found, earlier, start)
        together = earlier
    if found.passing.ranges.keys() - own.keys():
        yield (
            RANGE_ELSEWHERE,
            Passing(own).known_in(bare),
        )
    words = found.passing.from_one
    if words and found.context.index_base == 0:
        yield f"the text says {words!r}", replace(found.context, index_base=1, index_bases=())


def _meant_too(words: str, found: ReadFormula, said: Said, start: int) -> tuple[str, Context]:
    context = replace(found.context, said=supposed(found.context.said, said))
    for item in said.ranges:
        context = Passing({item.index.name: (item, start)}).known_in(context)
    return f"{words} may hold here as well", without_entries(context, said.zero)


def _with_ended(part: ReadFormula) -> ReadFormula:
    """Say of a name that is not known that a section declared it which has ended."""
    ended = part.passing.ended
    if not ended:
        return part
    items = tuple(
        replace(item, help=f"{item.missing[0]} is known in the section {ended[item.missing[0]]!r} "
        "alone: declare before the first heading what is to hold everywhere")
        if isinstance(item, Unreadable) and item.missing and item.missing[0] in ended
        else item
        for item in part.reading.items
    )  # fmt: skip
    return replace(part, reading=replace(part.reading, items=items))


def restated(part: ReadFormula) -> Iterator[tuple[str, bool]]:
    """Yield the names of earlier sections that a formula defines, and whether otherwise."""
    old = {
        name
        for name, meaning in part.passing.meanings.items()
        if meaning.section < part.passing.section and part.context.abbreviation(name) is not None
    }
    again = {
        item.statement.lhs.value.name
        for item in part.reading.items
        if isinstance(item, Equality)
        and isinstance(item.statement.lhs, Number)
        and isinstance(item.statement.lhs.value, Index)
    } & old
    if not again:
        return
    trial = without_meanings(part.context, again)
    for item in read_formula(part.formula.source.text, trial).items:
        if isinstance(item, Abbreviation) and item.index.name in again:
            value = expanded(item.index, part.context)
            yield item.index.name, not same_polynomial(expanded(item.value, trial), value)


def _range_notes(
    file: SourceFile, found: ReadFormula, plain: ReadFormula, scope: Passing
) -> tuple[dict[int, tuple[Note, ...]], dict[int, tuple[str, ...]]]:
    """Say which items would read otherwise, or not at all, without a range said in passing."""
    notes: dict[int, tuple[Note, ...]] = {}
    rests: dict[int, tuple[str, ...]] = {}
    if not _different(found.reading.items, plain.reading.items):
        return notes, rests
    for name, (item, start) in scope.ranges.items():
        context = scope.without(name).known_in(plain.context)
        others = read_formula(found.formula.source.text, context).items
        line = file.position(start).line
        bounds = f"{tidied_integer(item.lower)} <= {name} <= {tidied_integer(item.upper)}"
        said = f"read: the range {bounds} is what line {line} says, up to the end of its section"
        for number in _different(found.reading.items, others):
            notes[number] = (*notes.get(number, ()), Note("scope", said))
            rests[number] = (*rests.get(number, ()), bounds)
    return notes, rests


def _with_indices(
    file: SourceFile, found: ReadFormula
) -> tuple[ReadFormula, dict[int, tuple[Note, ...]]]:
    """Read letters that stand for something as indices, where the formula has no other sense."""
    letters = {i.name for i, _ in found.context.abbreviations if is_plain(i.name)}
    letters &= found.passing.meanings.keys()
    notes: dict[int, tuple[Note, ...]] = {}
    for name in sorted(letters if _unreadable(found.reading) else ()):
        context = without_meanings(found.context, {name})
        reading = read_formula(found.formula.source.text, context)
        if _unreadable(reading) >= _unreadable(found.reading):
            continue
        line = file.position(found.passing.meanings[name].start).line
        value = found.context.abbreviation(name)
        said = f"read: {name} is an index here, and not {value} as in line {line}"
        for number in _different(reading.items, found.reading.items):
            notes[number] = (*notes.get(number, ()), Note("reading", said))
        found = replace(found, context=context, reading=reading)
    return found, notes


def _unreadable(reading: FormulaReading) -> int:
    return sum(isinstance(item, Unreadable) for item in reading.items)


def _different(items: tuple[Item, ...], others: tuple[Item, ...]) -> list[int]:
    """Return the places of the items that other ones do not have in the same place."""
    return [
        number
        for number, item in enumerate(items)
        if len(items) != len(others) or _bare(item) != _bare(others[number])
    ]


def _bare(item: Item) -> Item:
    """Return an item without how it was read."""
    return replace(item, readings=()) if isinstance(item, Equality | ArrayDefinition) else item
