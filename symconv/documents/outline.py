"""A document read as statements: every formula with what was known where it stands.

Formulas are read in order, each once, in the context that the ones before it leave behind. Where
a formula further down announces what a name means that is used before it, those are read again
whose context that changes, as often as it still helps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from symconv.documents.announcements import Announced, without_names_of_later
from symconv.documents.code_names import code_declarations, with_code_line
from symconv.documents.contents import Document, Formula, Heading, Listing, Pragma, Trouble, Words
from symconv.documents.declarations import Declared, Settings, declare
from symconv.documents.hearing import heard, setting
from symconv.documents.passing import Passing
from symconv.documents.reading import ReadFormula, read
from symconv.documents.renewing import without_meanings
from symconv.documents.sections import Known, Sections, with_names
from symconv.documents.sentences import speech
from symconv.documents.source import SourceFile
from symconv.documents.spoken import Cue, Speech
from symconv.documents.surroundings import with_surroundings
from symconv.documents.unread import MOST_UNREAD, is_of_reading
from symconv.errors import UsageError
from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.meaning.definitions import unread_text
from symconv.layers.layer import Layer

MOST_READINGS = 6
"""How often is looked for what is explained further down."""


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
    layer_by_heading = _section_layers(document, known)
    known, troubles = (known, []) if layer_by_heading else _with_layer(document, known)
    spoken = with_surroundings(document, speech(document))
    announced = Announced()
    result = _pass(document, known, spoken, announced, {}, layer_by_heading)
    # What a section about one layer defines is no word about another one.
    for _ in range(0 if layer_by_heading else MOST_READINGS - 1):
        further = announced.with_those_of(result.parts)
        if further is announced:
            break
        announced = further
        before = {id(part.formula): part for part in result.parts if isinstance(part, ReadFormula)}
        result = _pass(document, known, spoken, announced, before)
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


def _section_layers(document: Document, known: Declared) -> dict[int, Declared]:
    """Return what holds in the sections that each name a layer of their own, by heading.

    It is empty where one layer is named in the whole document, or something is declared for all
    of it: a section takes no layer beside that.
    """
    found: dict[int, Declared] = {}
    heading: Heading | None = None
    for item in document.items:
        if isinstance(item, Heading):
            heading = item
        elif isinstance(item, Pragma):
            if heading is None:
                return {}
            if not item.source.text.lower().startswith("layer"):
                continue
            try:
                found[id(heading)] = declare(item.source.text, found.get(id(heading), known))
            except UsageError:
                return {}
    layers = {one.settings.layer for one in found.values()}
    return found if len(layers) > 1 else {}


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
    announced: Announced,
    before: dict[int, ReadFormula],
    layer_by_heading: Mapping[int, Declared] = MappingProxyType({}),
) -> Outline:
    """Read every formula; one whose context is as it was says what it said."""
    parts: list[ReadFormula | Listing | Trouble] = []
    sections, now = Sections(), Known(known)
    for item in document.items:
        match item:
            case Heading():
                sections, now = sections.at(item, now)
                declared = layer_by_heading.get(id(item))
                if declared is not None:
                    now = replace(now, declared=declared)
                names = announced.renewed.get(now.passing.section, frozenset())
                now = now.with_context(without_meanings(now.context, set(names)))
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
                later, names = announced.supplied.get(len(parts), (None, ()))
                context = now.context
                if later is not None:
                    context = with_names(context, later, names)
                part = before.get(id(item))
                if part is None or (part.known, part.passing) != (context, now.passing):
                    part = read(document.file, item, context, now.passing, spoken.of(item))
                part = announced.told(document.file, part)
                parts.append(part)
                # What a later formula defines is defined there, not here.
                kept = [name for name in names if not now.context.knows(name)]
                behind = now.with_context(without_names_of_later(part.behind, kept))
                passing = part.passing_behind
                now = replace(
                    behind, passing=_assuming(spoken.of(item).left, passing, now, item.start)
                )
            case Words():
                left = spoken.of(item).left
                now = replace(now, passing=_assuming(left, now.passing, now, item.start))
    # Of several layers none is that of the whole document.
    return Outline(document.file, tuple(parts), Context() if layer_by_heading else now.context)


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


def _place(part: ReadFormula | Listing | Trouble) -> int:
    return part.formula.start if isinstance(part, ReadFormula) else part.start
