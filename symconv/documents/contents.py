"""What stands in a document: formulas, words, listings, declarations, headings, and troubles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from symconv.documents.source import SourceFile, SourceText

Format: TypeAlias = Literal["markdown", "tex", "notebook"]
FORMATS: tuple[Format, ...] = ("markdown", "tex", "notebook")

DECLARATIONS = (
    *("layer", "size", "array", "index", "index-base", "upper-bounds", "spelling", "define"),
    "assume",
)
"""The words with which declarations begin."""

PYTHON = frozenset(["python", "python3", "py", "py3", "ipython", "ipython3", "pycon"])
"""How documents name the language Python."""


@dataclass(frozen=True, slots=True)
class Formula:
    """Mathematics, without the signs around it.

    Attributes:
        source: the text; a display environment that stands bare is part of it.
        display: whether it stands on lines of its own.
        before: the words between what stands before it and itself, code and comments blanked.
        in_heading: whether it stands in the title of a section.
    """

    source: SourceText
    display: bool
    before: str = field(default="", compare=False, repr=False)
    in_heading: bool = field(default=False, compare=False, repr=False)

    @property
    def start(self) -> int:
        """The offset in the file of the first character that is not a space."""
        text = self.source.text
        return self.source.offset(len(text) - len(text.lstrip()))


@dataclass(frozen=True, slots=True)
class Words:
    """Words behind which no formula stands before the next heading, or the end of the text.

    Attributes:
        text: the words, code and comments blanked.
        start: the offset in the file of their last sign: declarations among them come before.
    """

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A listing of code.

    Attributes:
        language: the language as the document names it, in lower case, or an empty string.
        source: the code.
        cell: whether it is a code cell of a notebook.
    """

    language: str
    source: SourceText
    cell: bool = False

    @property
    def start(self) -> int:
        """The offset in the file of the first character."""
        return self.source.start

    @property
    def is_python(self) -> bool:
        """Whether the document says that this is Python."""
        return self.language in PYTHON


@dataclass(frozen=True, slots=True)
class Pragma:
    """A declaration for symconv: what stands behind ``symconv:``, one line of it."""

    source: SourceText

    @property
    def start(self) -> int:
        """The offset in the file of the first character."""
        return self.source.start


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, which opens a section.

    Attributes:
        title: its text.
        start: the offset in the file of its text.
        level: how deep it stands; a section ends at the next heading of its level or a lower
            number.
    """

    title: str
    start: int
    level: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that could not be read, with its place.

    Attributes:
        start: the offset in the file.
        code: a stable, specific word.
        fact: what is wrong, in one clause.
        help: what would be right.
    """

    start: int
    code: str
    fact: str
    help: str = ""


Item: TypeAlias = Formula | Words | Listing | Pragma | Heading | Trouble


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read.

    Attributes:
        file: its text and name.
        format: how it is written.
        items: what stands in it, in the order of the file.
    """

    file: SourceFile
    format: Format
    items: tuple[Item, ...]

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """The formulas, in order."""
        return tuple(item for item in self.items if isinstance(item, Formula))

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The listings, in order."""
        return tuple(item for item in self.items if isinstance(item, Listing))

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What could not be read, in order."""
        return tuple(item for item in self.items if isinstance(item, Trouble))
