"""A document read as statements: every formula with what was known where it stands.

Formulas are read in order, each in the context that the ones before it leave behind. A name
that is used before a later formula says what it is (``where p_0 = Sk``) is looked for there:
the document is read again with the name known, as often as that still helps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from symconv.documents.code_names import code_declarations, with_code_line
from symconv.documents.contents import Document, Formula, Heading, Listing, Pragma, Trouble, Words
from symconv.documents.declarations import Declared, Settings, declare
from symconv.documents.hearing import heard, setting
from symconv.documents.passing import Passing
from symconv.documents.reading import RENEWED, ReadFormula, read, restated, stood_for
from symconv.documents.renewing import without_meanings
from symconv.documents.sections import Known, Sections, with_names
from symconv.documents.sentences import speech
from symconv.documents.source import SourceFile
from symconv.documents.spoken import Cue, Speech
from symconv.documents.surroundings import with_surroundings
from symconv.documents.unread import MOST_UNREAD, is_of_reading
from symconv.errors import UsageError
from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.items import Abbreviation, FormulaReading, Unreadable
from symconv.latex.reading.meaning.definitions import unread_text
from symconv.layers.layer import Layer

Supply: TypeAlias = tuple[Context, tuple[str, ...]]
"""A context that knows names, and which of its names are meant."""
Renewed: TypeAlias = dict[int, set[str]]
"""Which names have another meaning from a section on."""
MOST_READINGS = 6
"""How often a document is read over for names that are explained further down."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A document as it was understood.

    Attributes:
        file: its text and name.
        parts: formulas as read, listings, and what could not be read, in order.
        context: what is known at its end.
    """

    file: SourceFile
    parts: tuple[ReadFormula | Listing | Trouble, ...]
    context: Context


def outline(document: Document, known: Declared) -> Outline:
    """Read every formula of a document.

    Args:
        document: what stands in it.
        known: what was declared beside it.
    """
    known, troubles = _with_layer(document, known)
    supplied: dict[int, Supply] = {}
    renewed: Renewed = {}
    spoken = with_surroundings(document, speech(document))
    result = _pass(document, known, spoken, supplied, renewed, {})
    for _ in range(MOST_READINGS - 1):
        found = _supplies(result.parts)
        if not _renew(result.parts, renewed) and not found:
            break
        for number, (context, names) in found.items():
            _, earlier = supplied.get(number, (context, ()))
            supplied[number] = (context, (*earlier, *names))
        before = {id(part.formula): part for part in result.parts if isinstance(part, ReadFormula)}
        result = _pass(document, known, spoken, supplied, renewed, before)
    parts = sorted([*troubles, *result.parts], key=_place)
    return Outline(document.file, tuple(parts), result.context)


def declared_by(layer: Layer | None, lines: str = "", name: str = "") -> Declared:
    """Return what a layer and the lines of a context file declare.

    Raises:
        UsageError: for a line that cannot be read, with its place.
    """
    known = Declared(Context())
    if layer is not None:
        known = Declared(context_of_layer(layer), Settings(layer=layer.name))
    for number, line in enumerate(lines.splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            known = declare(text.removeprefix("symconv:").strip(), known)
        except UsageError as error:
            column = len(line) - len(line.lstrip()) + 1
            error.location = f"{name}:{number}:{column}"
            raise
    return known


def _with_layer(document: Document, known: Declared) -> tuple[Declared, list[Trouble]]:
    """Name the layer first, wherever in the document it is named."""
    troubles: list[Trouble] = []
    for item in document.items:
        if isinstance(item, Pragma) and item.source.text.lower().startswith("layer"):
            known = _declared(item, known, troubles, [])
    return known, troubles


def _pass(
    document: Document,
    known: Declared,
    spoken: Speech,
    supplied: dict[int, Supply],
    renewed: Renewed,
    before: dict[int, ReadFormula],
) -> Outline:
    """Read every formula; one whose context is as it was says what it said."""
    parts: list[ReadFormula | Listing | Trouble] = []
    sections, now = Sections(), Known(known)
    for item in document.items:
        match item:
            case Heading():
                sections, now = sections.at(item, now)
                names = renewed.get(now.passing.section, set())
                now = now.with_context(without_meanings(now.context, names))
                now = replace(now, passing=_titled(item, spoken, now))
            case Pragma():
                troubles: list[Trouble] = []
                if not item.source.text.lower().startswith("layer"):
                    now = _with_pragma(item, now, troubles)
                parts.extend(troubles)
            case Listing():
                context, found = _with_code(item, now.context)
                now = now.with_context(context)
                parts.extend(found)
                parts.append(item)
            case Trouble():
                parts.append(item)
            case Formula():
                now = replace(now, passing=_spoken_before(item, spoken, now))
                later, names = supplied.get(len(parts), (None, ()))
                context = now.context
                if later is not None:
                    context = with_names(context, later, names)
                part = before.get(id(item))
                if part is None or (part.known, part.passing) != (context, now.passing):
                    part = read(document.file, item, context, now.passing, spoken.of(item))
                part = _told(document.file, part, renewed)
                parts.append(part)
                # What a later formula defines is defined there, not here.
                kept = [name for name in names if not now.context.knows(name)]
                behind = now.with_context(_without(part.behind, kept))
                passing = part.passing_behind
                now = replace(
                    behind, passing=_assuming(spoken.of(item).left, passing, now, item.start)
                )
            case Words():
                left = spoken.of(item).left
                now = replace(now, passing=_assuming(left, now.passing, now, item.start))
    return Outline(document.file, tuple(parts), now.context)


def _titled(heading: Heading, spoken: Speech, now: Known) -> Passing:
    """Return what is said in passing behind a heading, whose title may restrict its section."""
    passing = replace(now.passing, lingering=())
    maybe = spoken.mentioned.get(id(heading))
    if maybe is not None:
        passing = passing.mentioning(heard(maybe, now.context), heading.start)
    cue = spoken.headings.get(id(heading))
    if cue is not None:
        said = heard(cue, now.context)
        passing = passing.assuming(replace(said, unclear=""))
        return replace(passing, vague=f"the title {heading.title!r}") if said.unclear else passing
    vague = spoken.vague.get(id(heading))
    return passing if vague is None else replace(passing, vague=f"the title {vague!r}")


def _spoken_before(formula: Formula, spoken: Speech, now: Known) -> Passing:
    """Return what is said in passing, with what sentences before a formula say."""
    passing = _assuming(spoken.of(formula).assumed, now.passing, now, formula.start)
    for cue in spoken.of(formula).mentioned:
        said = heard(cue, now.context) if cue.words else setting(cue, now.context)
        passing = passing.mentioning(said, max(cue.start, 0) or formula.start)
    return passing


def _assuming(cues: Iterable[Cue], passing: Passing, now: Known, start: int) -> Passing:
    """Assume what words say for the rest of their section."""
    for cue in cues:
        if cue.kind == "unclear":
            passing = replace(passing, vague=f"the text says {cue.words!r}, which")
        elif cue.kind == "outside":
            passing = replace(passing, outside=cue.words)
        elif cue.kind == "from-one":
            passing = replace(passing, from_one=cue.words)
        else:
            said = heard(cue, now.context)
            passing = passing.assuming(said)
            if all(isinstance(part, str) for part in cue.said):
                # No formula of its own gives the range.
                ranges = {item.index.name: (item, start) for item in said.ranges}
                passing = replace(passing, ranges={**passing.ranges, **ranges})
    return passing


def _with_pragma(item: Pragma, now: Known, troubles: list[Trouble]) -> Known:
    """Take a declaration into account; a range takes the place of one said in passing."""
    failed: list[str] = []
    declared = _declared(item, now.declared, troubles, failed)
    passing = now.passing
    if any(part.lower().startswith("assume") for part in failed):
        # What it would have assumed is not known: what is false without it may be meant with it.
        passing = replace(passing, vague="a declaration before it could not be read, which")
    unread = [part for part in failed if is_of_reading(part)]
    if unread and len(passing.unread) <= MOST_UNREAD:
        passing = replace(passing, unread=tuple(dict.fromkeys((*passing.unread, *unread))))
    if declared.context.ranges is not now.context.ranges:
        for said in set(declared.context.ranges) - set(now.context.ranges):
            passing = passing.without(said.index.name)
    return Known(declared, passing)


def _renew(parts: tuple[ReadFormula | Listing | Trouble, ...], renewed: Renewed) -> bool:
    """Record which sections give names another meaning; tell whether there are new ones.

    The first that a section says of a name decides.
    """
    first: dict[tuple[int, str], bool] = {}
    for part in parts:
        if isinstance(part, ReadFormula):
            for name, otherwise in restated(part):
                _ = first.setdefault((part.passing.section, name), otherwise)
    changed = False
    for (section, name), otherwise in first.items():
        names = renewed.setdefault(section, set())
        if otherwise and name not in names:
            names.add(name)
            changed = True
    return changed


def _told(file: SourceFile, part: ReadFormula, renewed: Renewed) -> ReadFormula:
    """Say of a definition that its name meant something else in an earlier section."""
    anew = renewed.get(part.passing.section, set())
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


def _declared(
    item: Pragma, known: Declared, troubles: list[Trouble], failed: list[str]
) -> Declared:
    """Take each declaration of a pragma into account; one that fails costs none of the others."""
    for part in item.source.text.split(";"):
        try:
            known = declare(part, known)
        except UsageError as error:
            troubles.append(Trouble(item.start, error.code, error.fact, error.help))
            failed.append(part.strip())
            # What it would have defined is not known: nothing may count as independent instead.
            word, _, rest = part.strip().partition(" ")
            if word.lower() == "define":
                known = replace(known, context=unread_text(rest, known.context))
    return known


def _with_code(listing: Listing, context: Context) -> tuple[Context, list[Trouble]]:
    troubles: list[Trouble] = []
    for line in code_declarations(listing):
        try:
            context = with_code_line(line, context)
        except UsageError as error:
            start = listing.source.offset(line.position)
            troubles.append(Trouble(start, error.code, error.fact, error.help))
    return context, troubles


def _supplies(
    parts: tuple[ReadFormula | Listing | Trouble, ...],
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


def _without(context: Context, names: list[str]) -> Context:
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


def _place(part: ReadFormula | Listing | Trouble) -> int:
    return part.formula.start if isinstance(part, ReadFormula) else part.start
