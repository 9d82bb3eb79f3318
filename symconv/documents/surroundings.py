"""What stands beside a formula in other places: the cells of its row, and its footnotes.

A row of a table says ``$S = 1$`` in one cell and what follows from it in another; a footnote says
for which layers a formula is meant. Nothing tells whether the formula rests on it, so that what
is false as it stands is judged with it as well.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from symconv.documents.contents import Document, Formula, Words
from symconv.documents.reservations import RELATION, Reservation
from symconv.documents.spoken import Cue, Speech, Spoken
from symconv.documents.wording import meant, remark, unread

_CELL = re.compile(r"\||(?<!\\)&|</?t[dh]\b", re.IGNORECASE)
_ROW_END = re.compile(r"\n[ \t>]*\||\|[ \t]*\n|\\\\|</?tr\b|\n[ \t]*\n", re.IGNORECASE)
_MARK = re.compile(r"\[\^([^\]\s]{1,40})\](?!:)")
_MARK_AT_ONCE = re.compile(r"[ \t]*[.,;:]?[ \t]*(?:\[\^[^\]\s]{1,40}\](?!:)[ \t]*)+")
_NOTE = re.compile(r"^[ \t]*\[\^([^\]\s]{1,40})\]:((?:[^\n]|\n(?=[^\S\n]*[^\s\[]))*)", re.MULTILINE)
MOST_BESIDE = 20
"""Limit: so many formulas of one row are looked at."""


def with_surroundings(document: Document, speech: Speech) -> Speech:
    """Add what other cells and footnotes say to what the sentences of a document say."""
    found = dict(speech.formulas)
    for row in _rows(document):
        for formula in row:
            others = tuple(other for other in row if other is not formula)
            found[id(formula)] = _mentioning(found.get(id(formula)), others)
    notes = dict(_notes(document))
    if notes:
        for formula, name in _marked(document):
            if name in notes:
                words, said, place = notes[name]
                spoken = _mentioning(found.get(id(formula)), said, place)
                if not said and (remark(words).unclear or unread(words)):
                    spoken = replace(spoken, reserved=Reservation(words, "restrict it"))
                found[id(formula)] = spoken
    return replace(speech, formulas=found)


def _mentioning(spoken: Spoken | None, said: tuple[Formula | str, ...], place: int = -1) -> Spoken:
    spoken = spoken or Spoken()
    if not said:
        return spoken
    return replace(spoken, mentioned=(*spoken.mentioned, Cue("for", "", said, place=place)))


def _rows(document: Document) -> Iterator[list[Formula]]:
    """Yield the relations of each row of a table that has several."""
    row: list[Formula] = []
    cells = False
    for item in document.items:
        joins = isinstance(item, Formula) and bool(row) and not _ROW_END.search(item.before)
        if not joins:
            if cells and 1 < len(row) <= MOST_BESIDE:
                yield row
            row, cells = [], False
        if isinstance(item, Formula) and not item.display:
            cells = cells or (joins and _CELL.search(item.before) is not None)
            row.append(item)
    if cells and 1 < len(row) <= MOST_BESIDE:
        yield row


def _notes(document: Document) -> Iterator[tuple[str, tuple[str, tuple[Formula | str, ...], int]]]:
    """Yield the footnotes of a text in Markdown: what they say, by their names."""
    if document.format != "markdown":
        return
    formulas = document.formulas
    starts = [formula.start for formula in formulas]
    for note in _NOTE.finditer(document.file.text):
        inside = formulas[bisect_left(starts, note.start()) : bisect_left(starts, note.end())]
        said = tuple(f for f in inside if RELATION.search(f.source.text))
        words = " ".join(note.group(2).split())
        values = meant(words) if not said else ()
        yield note.group(1), (words, (*said, *values), note.start(1))


def _marked(document: Document) -> Iterator[tuple[Formula, str]]:
    """Yield formulas with the footnotes of their sentence: before them, or at once behind."""
    last: Formula | None = None
    for item in document.items:
        if not isinstance(item, Formula | Words):
            continue
        words = item.before if isinstance(item, Formula) else item.text
        behind = _MARK_AT_ONCE.match(words)
        if behind and last is not None:
            yield from ((last, found.group(1)) for found in _MARK.finditer(behind.group()))
            words = words[behind.end() :]
        if isinstance(item, Formula):
            yield from ((item, found.group(1)) for found in _MARK.finditer(words))
            last = item
