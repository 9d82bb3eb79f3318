"""A file's text, and where in the file each character of a part of it stands.

One function computes positions: `SourceFile.position`. Everything that is cut out of a file
(a formula, a notebook cell) is a `SourceText`, which knows the offset in the file of each of
its characters, also where entities or escapes were replaced.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file; lines and columns count from 1, columns in characters."""

    line: int
    column: int


class SourceFile:
    """The text of one file under the name by which messages call it."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._line_starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def position(self, offset: int) -> Place:
        """Return the line and column of an offset into the text."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._line_starts, offset)
        return Place(line, offset - self._line_starts[line - 1] + 1)

    def location(self, offset: int) -> str:
        """Return ``file:line:column`` of an offset into the text."""
        position = self.position(offset)
        return f"{self.name}:{position.line}:{position.column}"

    def whole(self) -> SourceText:
        """Return the whole text as a part of the file."""
        return SourceText(self.text)


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text made of pieces of a file.

    Attributes:
        text: the text itself.
        starts: where in the text each piece begins, in order, the first at 0.
        offsets: where in the file each piece begins.
    """

    text: str
    starts: tuple[int, ...] = field(default=(0,), repr=False)
    offsets: tuple[int, ...] = field(default=(0,), repr=False)

    def offset(self, position: int) -> int:
        """Return the offset in the file of a character of the text, or of its end."""
        piece = bisect_right(self.starts, max(position, 0)) - 1
        return self.offsets[piece] + position - self.starts[piece]

    @property
    def start(self) -> int:
        """The offset in the file of the first character."""
        return self.offsets[0]

    def part(self, start: int, end: int) -> SourceText:
        """Cut out text[start:end]."""
        first = bisect_right(self.starts, start) - 1
        last = max(bisect_right(self.starts, max(end - 1, start)) - 1, first)
        starts = (0, *(self.starts[piece] - start for piece in range(first + 1, last + 1)))
        offsets = (self.offset(start), *self.offsets[first + 1 : last + 1])
        return SourceText(self.text[start:end], starts, offsets)

    def unquoted(self, depth: int) -> SourceText:
        """Leave out what marks the lines behind the first as a quotation, so many signs deep."""
        if depth == 0:
            return self
        marks = re.compile(rf"\n[ \t]*(?:>[ \t]?){{1,{depth}}}")
        return self.replace(marks, lambda _: "\n")

    def replace(self, pattern: re.Pattern[str], new: Callable[[re.Match[str]], str]) -> SourceText:
        """Replace every match; a replacement stands where what it replaces stood."""
        parts: list[str] = []
        starts: list[int] = []
        offsets: list[int] = []
        length = done = 0

        def keep(until: int) -> None:
            nonlocal length
            if until > done:
                kept = self.part(done, until)
                starts.extend(length + start for start in kept.starts)
                offsets.extend(kept.offsets)
                parts.append(kept.text)
                length += until - done

        for found in pattern.finditer(self.text):
            text = new(found)
            if text == found.group():
                continue
            keep(found.start())
            done = found.end()
            if text:
                starts.append(length)
                offsets.append(self.offset(found.start()))
                parts.append(text)
                length += len(text)
        if not parts and not done:
            return self
        keep(len(self.text))
        if not starts:
            return SourceText("", (0,), (self.start,))
        return SourceText("".join(parts), tuple(starts), tuple(offsets))
