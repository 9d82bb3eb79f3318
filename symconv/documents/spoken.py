"""What words say of formulas: conditions, and all that is told of one formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from symconv.documents.contents import Formula, Words
from symconv.documents.reservations import Reservation

Kind: TypeAlias = Literal["if", "for", "where", "assume", "let", "unclear", "outside", "from-one"]
"""How words introduce: a plain condition, two that may explain, for the section, anew; the last
three say that words may restrict the section and are not understood, what entries outside an
array count as, and that positions count from 1."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that restrict formulas.

    Attributes:
        kind: how they introduce what they say.
        words: the word that begins them; none where no word does.
        said: the formulas among them, and LaTeX for what the others mean.
        negated: whether they say where a formula does not hold.
        place: the offset in the file of words that hold no formula, where it is known.
    """

    kind: Kind
    words: str
    said: tuple[Formula | str, ...]
    negated: bool = False
    place: int = -1

    @property
    def start(self) -> int:
        """The offset in the file of its first formula, or of its words, or -1."""
        inside = (part.start for part in self.said if isinstance(part, Formula))
        return min(inside, default=self.place)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the words around one formula say of it.

    Attributes:
        introduced: how the formula itself is introduced, where it is a condition or a definition.
        cues: what restricts it.
        assumed: what is assumed for the section from here on.
        left: what is assumed for the section behind it, where no formula follows in its stretch;
            words may leave something too.
        mentioned: conditions of sentences before it that restrict nothing in their own.
        unclear: words that restrict it and are not understood.
        reserved: why it may be right where it is false as it stands.
        general: whether what was supposed before it may not hold for it.
    """

    introduced: Kind | None = None
    cues: tuple[Cue, ...] = ()
    assumed: tuple[Cue, ...] = ()
    left: tuple[Cue, ...] = ()
    mentioned: tuple[Cue, ...] = ()
    unclear: str = ""
    reserved: Reservation | None = None
    general: bool = False


@dataclass(frozen=True, slots=True)
class Speech:
    """What the sentences of a document say.

    Attributes:
        formulas: by the identity of a formula, or of words without one.
        headings: what the title of a heading restricts its section to, by its identity.
        vague: titles that may restrict their section and are not understood, likewise.
        mentioned: what a title may restrict its section to, likewise.
    """

    formulas: Mapping[int, Spoken] = field(default_factory=dict)
    headings: Mapping[int, Cue] = field(default_factory=dict)
    vague: Mapping[int, str] = field(default_factory=dict)
    mentioned: Mapping[int, Cue] = field(default_factory=dict)

    def of(self, part: Formula | Words) -> Spoken:
        """Return what is said of a formula, or left by words."""
        return self.formulas.get(id(part), NOTHING)


NOTHING = Spoken()
"""What is said of a formula without any words."""
