"""Blanking parts of a text so that nothing in them is taken for something else."""

from __future__ import annotations

import re

_NOT_NEWLINE = re.compile(r"[^\n]")


class Blanks:
    """Spans of a text that are to be blanked, in order; lengths and lines stay the same."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int, str]] = []

    def add(self, start: int, end: int, filler: str = " ") -> None:
        """Blank text[start:end]."""
        self._spans.append((start, end, filler))

    def apply(self, text: str) -> str:
        """Return the text with the spans filled."""
        parts: list[str] = []
        done = 0
        for start, end, filler in self._spans:
            parts.append(text[done:start])
            parts.append(_NOT_NEWLINE.sub(filler, text[max(start, done) : end]))
            done = max(end, done)
        parts.append(text[done:])
        return "".join(parts)
