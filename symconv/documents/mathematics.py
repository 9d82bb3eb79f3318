r"""Mathematics in a text from which code and comments were blanked.

Delimiters are ``$..$``, ``$$..$$``, ``\(..\)``, ``\[..\]`` and display environments written
bare. One pass from left to right; a delimiter that nothing closes before the paragraph ends is
a trouble with its place, and reading goes on behind it.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from symconv.documents.contents import Formula, Item, Trouble, Words
from symconv.documents.source import SourceText

FormulaSpan: TypeAlias = tuple[Formula, int, int]
"""A formula, with where it begins and ends in its text, signs included."""
DISPLAY_ENVIRONMENTS = (
    *("equation", "align", "alignat", "flalign", "eqnarray", "gather", "multline", "dmath"),
    *("displaymath", "math"),
)
_ENVIRONMENT = "|".join(DISPLAY_ENVIRONMENTS)
_OPENING = re.compile(
    r"\\\\[(\[]|\\[(\[]|\$\$|\$"
    rf"|\\begin\s*\{{(?P<environment>(?:{_ENVIRONMENT})\*?)\}}"
    r"|\\."
)
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")
_BEGIN = re.compile(r"\\begin\b")
_END = re.compile(r"\\end\b")
_LOOKS_LIKE_MATHEMATICS = re.compile(r"[=\\_^]")
_ENTITY = re.compile(r"&(?:lt|gt|le|ge|leq|geq|ne|amp|quot|apos|nbsp|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_RELATIONS = {"≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "\xa0": "~"}
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)(%[^\n]*)")
_LINE_END = re.compile(r"[ \t.,;:]*(?:\n|\Z)")
_CLOSING_DOLLAR = re.compile(r"\$\$?|\\.|\n[ \t]*\n")
_CLOSING_QUOTED = re.compile(r"\$\$?|\\.|\n[ \t>]*\n")
_QUOTED = re.compile(r"^[ \t]*((?:>[ \t]?)+)[^\n]*", re.MULTILINE)
_PARAGRAPH_END_QUOTED = re.compile(r"\n[ \t>]*\n")


class Next:
    """Find the next match of a pattern, remembering the last one: linear over a whole text."""

    def __init__(self, pattern: str, text: str) -> None:
        self._pattern = re.compile(pattern)
        self._text = text
        self._found: re.Match[str] | None = None
        self._from = -1

    def behind(self, position: int) -> re.Match[str] | None:
        """Return the first match that begins at a position or later."""
        found = self._found
        stale = self._from < 0 or position < self._from
        if stale or (found is not None and found.start() < position):
            self._from = position
            self._found = self._pattern.search(self._text, position)
        return self._found


def with_words(
    items: Iterable[Item],
    spans: Iterable[FormulaSpan],
    titles: Sequence[tuple[int, int]],
    source: SourceText,
    text: str,
) -> list[Item]:
    """Let formulas know the words before them, and add those behind which no formula stands.

    Args:
        items: everything that stands in a text.
        spans: its formulas, and where each begins and ends with its signs.
        titles: where titles begin and end, in order.
        source: the text as it stands in the file.
        text: the same, with code and comments blanked.
    """
    known: dict[int, Formula] = {}
    words: list[Words] = []
    ends = [*(start for start, _ in titles), len(text)]
    done = number = 0

    def close(end: int) -> None:
        """Add the words up to each title before an offset."""
        nonlocal done, number
        while number < len(ends) and ends[number] < end:
            said = text[done : ends[number]].rstrip()
            # A blanked comment of LaTeX is its percent signs.
            if said.strip("%\n\t "):
                words.append(Words(said, source.offset(done + len(said) - 1)))
            done = max(done, titles[number][1]) if number < len(titles) else len(text)
            number += 1

    for formula, start, end in sorted(spans, key=lambda span: span[1]):
        close(start)
        inside = number > 0 and start < titles[number - 1][1]
        first = titles[number - 1][0] if inside else done
        known[id(formula)] = replace(formula, before=text[first:start], in_heading=inside)
        done = max(done, end)
    close(len(text) + 1)
    found = [known.get(id(item), item) for item in items]
    return sorted([*found, *words], key=lambda item: item.start)


class MathScanner:
    """Find the formulas of a text.

    Args:
        source: the text as it stands in the file.
        blanked: the same text, of the same length, with code and comments blanked.
        markdown: whether entities and doubled backslashes mean what they mean in Markdown,
            and a dollar sign may be an amount of money.
    """

    def __init__(self, source: SourceText, blanked: str, *, markdown: bool) -> None:
        self._source = source
        self._text = blanked
        self._markdown = markdown
        self._next: dict[str, Next] = {}
        self.spans: list[FormulaSpan] = []
        quoted = _QUOTED.finditer(blanked) if markdown else ()
        self._quotes = [(found.start(), found.end(), found.group(1).count(">")) for found in quoted]
        self._begins = [found.start() for found in _BEGIN.finditer(blanked)]
        self._ends = [found.start() for found in _END.finditer(blanked)]

    def items(self) -> Iterator[Formula | Trouble]:
        """Yield formulas and what was left open, in order."""
        position = 0
        while found := _OPENING.search(self._text, position):
            sign = found.group()
            position = found.end()
            item: Formula | Trouble | None = None
            if found.group("environment"):
                item, position = self._environment(found)
            elif sign == "$$":
                item, position = self._between(found, r"(?<!\\)\$\$", "$$", display=True)
            elif sign == "$":
                item, position = self._dollar(found)
            elif sign in (r"\(", r"\[") or (self._markdown and sign in (r"\\(", r"\\[")):
                item, position = self._bracketed(found, sign)
            elif sign.startswith(r"\\"):
                position = found.start() + 2
            if item is not None:
                if isinstance(item, Formula):
                    self.spans.append((item, found.start(), position))
                yield item

    def _bracketed(self, found: re.Match[str], sign: str) -> tuple[Formula | Trouble | None, int]:
        closing = sign[:-1] + (")" if sign.endswith("(") else "]")
        item, position = self._between(
            found, re.escape(closing), sign, display=sign.endswith("["), closed_by=closing
        )
        # In Markdown a doubled backslash may as well be a line break before a bracket.
        if isinstance(item, Trouble) and len(sign) == 3:
            return None, found.end()
        return item, position

    def _between(
        self,
        found: re.Match[str],
        pattern: str,
        sign: str,
        *,
        display: bool,
        closed_by: str | None = None,
    ) -> tuple[Formula | Trouble, int]:
        start = found.end()
        closing = self._finder(pattern).behind(start)
        end = self._paragraph_end(start)
        if (
            closing is not None
            and closing.start() > end
            and not self._spans(start, end, closing.start())
        ):
            closing = None
        if closing is None:
            resume = end if sign == "$$" else start
            return self._unclosed(found.start(), sign, closed_by or sign), resume
        alone = display and (sign != "$$" or self._alone(found.start(), closing.end()))
        return self._formula(start, closing.start(), display=alone), closing.end()

    def _spans(self, start: int, end: int, closing: int) -> bool:
        """Tell whether an environment is open across the end of a paragraph, and then closed.

        Anything else that a blank line interrupts is taken for a forgotten sign.
        """

        def open_between(first: int, last: int) -> int:
            counts = (
                bisect_left(places, last) - bisect_left(places, first)
                for places in (self._begins, self._ends)
            )
            return next(counts) - next(counts)

        return open_between(start, end) > 0 and open_between(start, closing) == 0

    def _dollar(self, found: re.Match[str]) -> tuple[Formula | Trouble | None, int]:
        start = position = found.end()
        pattern = _CLOSING_QUOTED if self._depth(start) else _CLOSING_DOLLAR
        closing = pattern.search(self._text, position)
        while closing and closing.group().startswith("\\"):
            closing = pattern.search(self._text, closing.end())
        end = closing.start() if closing else len(self._text)
        content = self._text[start:end]
        if closing and closing.group() == "$" and self._is_formula(content, closing.end()):
            return self._formula(start, end, display=False), closing.end()
        # An amount of money, or a dollar sign by itself.
        if self._markdown and (not content or content[0].isdigit() or content[0].isspace()):
            return None, start
        return self._unclosed(found.start(), "$", "$"), end

    def _is_formula(self, content: str, end: int) -> bool:
        """Tell whether dollar signs around a text make it a formula; in Markdown as Pandoc.

        In Markdown a formula with spaces at both ends must also look like one.
        """
        if not content.strip():
            return False
        if not self._markdown:
            return True
        spaces = content[0].isspace() + content[-1].isspace()
        if spaces == 0:
            return not self._text[end : end + 1].isdigit()
        return spaces == 2 and bool(_LOOKS_LIKE_MATHEMATICS.search(content))

    def _environment(self, found: re.Match[str]) -> tuple[Formula | Trouble, int]:
        name = re.escape(found.group("environment"))
        closing = self._finder(rf"\\end\s*\{{{name}\}}").behind(found.end())
        again = self._finder(rf"\\begin\s*\{{{name}\}}").behind(found.end())
        if closing is None or (again is not None and again.start() < closing.start()):
            name = found.group("environment")
            sign = f"\\begin{{{name}}}"
            return self._unclosed(found.start(), sign, f"\\end{{{name}}}"), found.end()
        return self._formula(found.start(), closing.end(), display=True), closing.end()

    def _formula(self, start: int, end: int, *, display: bool) -> Formula:
        source = self._source.part(start, end)
        if source.text != self._text[start:end]:
            # A comment of the document stands inside: keep its length, lose its text.
            source = SourceText(self._text[start:end], source.starts, source.offsets)
        source = source.unquoted(self._depth(start))
        source = source.replace(_COMMENT, lambda item: item.group(1) + " " * len(item.group(2)))
        if self._markdown:
            source = source.replace(_ENTITY, lambda item: _entity(item.group()))
        return Formula(source, display)

    def _unclosed(self, position: int, sign: str, closing: str) -> Trouble:
        return Trouble(
            self._source.offset(position),
            "unclosed-math",
            f"{sign} is not closed before the paragraph ends"
            if "begin" not in sign
            else f"{sign} is not closed",
            f"put {closing} where the formula ends",
        )

    def _alone(self, start: int, end: int) -> bool:
        before = start
        while before > 0 and self._text[before - 1] in " \t>":
            before -= 1
        begins = before == 0 or self._text[before - 1] == "\n"
        return begins and _LINE_END.match(self._text, end) is not None

    def _paragraph_end(self, position: int) -> int:
        pattern = _PARAGRAPH_END_QUOTED if self._depth(position) else _PARAGRAPH_END
        found = self._finder(pattern.pattern).behind(position)
        return found.start() if found else len(self._text)

    def _depth(self, position: int) -> int:
        """Return how deep in quotations the line of a position stands, in Markdown."""
        before = bisect_right(self._quotes, position, key=lambda line: line[0]) - 1
        if before < 0:
            return 0
        _, end, depth = self._quotes[before]
        return depth if position <= end else 0

    def _finder(self, pattern: str) -> Next:
        if pattern not in self._next:
            self._next[pattern] = Next(pattern, self._text)
        return self._next[pattern]


def _entity(entity: str) -> str:
    character = html.unescape(entity)
    return _RELATIONS.get(character, character)
