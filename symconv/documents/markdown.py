"""Markdown: fences, Jekyll's highlight blocks, HTML, headings, and the mathematics between.

Code, comments and inline code are blanked first; what is left is searched for mathematics.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from symconv.documents.blanking import Blanks
from symconv.documents.contents import (
    DECLARATIONS,
    Formula,
    Heading,
    Item,
    Listing,
    Pragma,
    Trouble,
)
from symconv.documents.mathematics import FormulaSpan, MathScanner, Next, with_words
from symconv.documents.source import SourceText

MATH_LANGUAGES = frozenset(["math", "latex-math"])

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_CONSTRUCT = re.compile(
    r"^[ \t>]*(?:[-*+][ \t]+)?(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})(?P<info>[^\n]*)$"
    r"|(?P<highlight>\{%-?[ \t]*highlight[ \t]+(?P<lexer>[^\s%]+)[^%\n]*%\})"
    r"|(?P<liquid>\{%-?[ \t]*comment[ \t]*-?%\})"
    r"|(?P<comment><!--)"
    r"|(?P<html><(?P<tag>pre|code|script|style)\b[^>]{0,1000}>)"
    r"|(?P<ticks>\$?`+)"
    r"|(?P<escape>\\[`<])"
    r"|^(?P<indented>(?: {4}|\t)[^\n]*\S)"
    r"|^[ ]{0,3}(?P<signs>#{1,6})[ \t]+(?P<title>[^\n]+)"
    r"|^(?P<underlined>[^\s`~|>#\-=$<\\{][^\n]*)\n(?P<line>=+|-{2,})[ \t]*$"
    r"|<h(?P<level>[1-6])\b[^>\n]*>(?P<tagged>[^\n]+?)</h[1-6]\s*>",
    re.MULTILINE,
)
_END_HIGHLIGHT = re.compile(r"\{%-?[ \t]*endhighlight[ \t]*-?%\}")
_END_LIQUID = re.compile(r"\{%-?[ \t]*endcomment[ \t]*-?%\}")
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]")
_PRAGMA = re.compile(r"\s*symconv\s*:\s*", re.IGNORECASE)
_WITHOUT_COLON = re.compile(r"\s*(symconv)\s+([a-z-]+)", re.IGNORECASE)
_MOST_LINES_BACK = 200
_TICKS = re.compile("`+")
_CLOSING_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[ \t]*$", re.MULTILINE)


def markdown_items(source: SourceText) -> list[Item]:
    """Return everything that stands in a Markdown text, in the order of the file."""
    scanner = _Scanner(source)
    scanner.run()
    mathematics = MathScanner(source, scanner.blanks.apply(source.text), markdown=True)
    items = sorted([*scanner.items, *mathematics.items()], key=lambda item: item.start)
    spans = (*scanner.spans, *mathematics.spans)
    return with_words(items, spans, scanner.titles, source, scanner.words.apply(source.text))


class _Scanner:
    """Find what is not prose, from left to right."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._text = source.text
        self._missing: set[str] = set()
        self._last_indented = (-1, False)
        self._paragraph_ends = Next(r"\n[ \t]*\n", source.text)
        # Where runs of so many backticks begin.
        self._ticks: dict[int, list[int]] = {}
        for run in _TICKS.finditer(source.text):
            self._ticks.setdefault(len(run.group()), []).append(run.start())
        self._fences = list(_CLOSING_FENCE.finditer(source.text))
        self._fence_starts = [found.start() for found in self._fences]
        # The longest fence of each kind from a place on: whether searching on is of any use.
        longest = {"`": 0, "~": 0}
        self._longest: list[dict[str, int]] = [longest]
        for closing in reversed(self._fences):
            sign, length = closing.group(1)[0], len(closing.group(1))
            if length > longest[sign]:
                longest = {**longest, sign: length}
            self._longest.append(longest)
        self._longest.reverse()
        self.blanks = Blanks()
        self.words = Blanks()
        self.items: list[Item] = []
        self.spans: list[FormulaSpan] = []
        self.titles: list[tuple[int, int]] = []

    def run(self) -> None:
        position = 0
        front = _FRONT_MATTER.match(self._text)
        if front:
            position = front.end()
            self._blank(0, position)
        while found := _CONSTRUCT.search(self._text, position):
            position = self._construct(found)

    def _construct(self, found: re.Match[str]) -> int:
        if found.group("fence"):
            return self._fence(found)
        if found.group("highlight"):
            language = found.group("lexer").lower()
            return self._until(found, _END_HIGHLIGHT, "{% endhighlight %}", language)
        if found.group("liquid"):
            return self._until(found, _END_LIQUID, "{% endcomment %}", None)
        if found.group("comment"):
            return self._comment(found)
        if found.group("html"):
            return self._html(found)
        if found.group("ticks"):
            return self._code_span(found)
        if found.group("indented"):
            return self._indented(found)
        if found.group("title"):
            return self._heading(found, "title", len(found.group("signs")))
        if found.group("underlined"):
            return self._heading(found, "underlined", 2 - found.group("line").startswith("="))
        if found.group("tagged"):
            return self._heading(found, "tagged", int(found.group("level")))
        return found.end()

    def _heading(self, found: re.Match[str], kind: str, level: int) -> int:
        title = found.group(kind).strip().rstrip("#").strip()
        self.items.append(Heading(title, self._source.offset(found.start(kind)), level))
        self.titles.append(found.span())
        # Mathematics and code stand in headings too.
        return found.start(kind) + (kind == "underlined")

    def _add_formula(self, formula: Formula, start: int, end: int) -> None:
        self.items.append(formula)
        self.spans.append((formula, start, end))

    def _blank(self, start: int, end: int) -> None:
        """Blank what is neither mathematics nor words."""
        self.blanks.add(start, end)
        self.words.add(start, end)

    def _fence(self, found: re.Match[str]) -> int:
        fence = found.group("fence")
        start = min(found.end() + 1, len(self._text))
        end = self._closing_fence(fence, start)
        language = re.match(r"\s*\{?\.?([^\s,{}]*)", found.group("info"))
        name = language.group(1).lower() if language else ""
        if end is None:
            self._trouble(found.start("fence"), "unclosed-fence", f"{fence} is not closed", fence)
            self._blank(found.start(), found.end())
            return found.end()
        depth = found.group()[: found.start("fence") - found.start()].count(">")
        if name in MATH_LANGUAGES:
            source = self._quoted(start, end.start(), depth)
            self._add_formula(Formula(source, display=True), found.start(), end.end())
        else:
            source = self._quoted(start, max(end.start() - 1, start), depth)
            self.items.append(Listing(name, source))
        self._blank(found.start(), end.end())
        return end.end()

    def _closing_fence(self, fence: str, start: int) -> re.Match[str] | None:
        place = bisect_left(self._fence_starts, start)
        if self._longest[place][fence[0]] < len(fence):
            return None
        while not self._fences[place].group(1).startswith(fence):
            place += 1
        return self._fences[place]

    def _quoted(self, start: int, end: int, depth: int) -> SourceText:
        """Cut out lines, and leave out what marks them as a quotation."""
        if depth == 0 or start == 0:
            return self._source.part(start, end)
        # The first line has its marks too: they follow the line end before it.
        inside = self._source.part(start - 1, max(end, start)).unquoted(depth)
        return inside.part(1, len(inside.text))

    def _until(
        self, found: re.Match[str], closing: re.Pattern[str], sign: str, language: str | None
    ) -> int:
        """Read a block of Liquid; a listing when it has a language, else a comment."""
        end = self._search(closing, found.end())
        if end is None:
            fact = f"{found.group().strip()} is not closed"
            self._trouble(found.start(), "unclosed-block", fact, sign)
            self._blank(found.start(), found.end())
            return found.end()
        if language is not None:
            start = found.end() + self._text.startswith("\n", found.end())
            self.items.append(Listing(language, self._source.part(start, max(start, end.start()))))
        self._blank(found.start(), end.end())
        return end.end()

    def _comment(self, found: re.Match[str]) -> int:
        end = self._text.find("-->", found.end()) if "-->" not in self._missing else -1
        if end < 0:
            self._missing.add("-->")
            self._trouble(found.start(), "unclosed-comment", "<!-- is not closed", "-->")
            return found.end()
        self.items.extend(pragmas(self._source, found.end(), end))
        self._blank(found.start(), end + 3)
        return end + 3

    def _html(self, found: re.Match[str]) -> int:
        tag = found.group("tag")
        end = self._search(re.compile(rf"</{tag}\s*>"), found.end())
        if end is None:
            return found.end()
        if tag == "pre":
            inside = self._source.part(found.end(), end.start())
            self.items.append(Listing("", inside))
        self._blank(found.start(), end.end())
        return end.end()

    def _code_span(self, found: re.Match[str]) -> int:
        ticks = found.group("ticks")
        dollar = ticks.startswith("$")
        run = ticks.lstrip("$")
        same = self._ticks.get(len(run), [])
        place = bisect_left(same, found.end())
        blank = self._paragraph_ends.behind(found.end())
        if place == len(same) or (blank is not None and blank.start() < same[place]):
            return found.end()
        end = same[place] + len(run)
        if dollar and self._text.startswith("$", end):
            inside = self._source.part(found.end(), same[place])
            self._add_formula(Formula(inside, display=False), found.start(), end + 1)
            self.blanks.add(found.start(), end + 1)
            return end + 1
        self.blanks.add(found.start("ticks") + dollar, end)
        return end

    def _indented(self, found: re.Match[str]) -> int:
        """Read an indented block: code behind a blank line, unless a list is open."""
        if not self._is_indented_code(found.start()):
            # What stands on the line is still looked at.
            indent = len(found.group()) - len(found.group().lstrip())
            return found.start() + indent
        lines = re.compile(r"(?:(?: {4}|\t)[^\n]*(?:\n|\Z)|[ \t]*\n(?=(?: {4}|\t)[^\n]*\S))+")
        block = lines.match(self._text, found.start())
        end = block.end() if block else found.end()
        self.items.append(Listing("", self._source.part(found.start(), end)))
        self._blank(found.start(), end)
        return end

    def _is_indented_code(self, start: int) -> bool:
        before = self._line_before(start)
        if before is not None and self._text[before[0] : before[1]].strip():
            return False
        last, was_code = self._last_indented
        is_code = False
        for _ in range(_MOST_LINES_BACK):
            line = "" if before is None else self._text[before[0] : before[1]]
            if _LIST_ITEM.match(line):
                break
            if before is None or (line.strip() and not line.startswith((" ", "\t"))):
                is_code = True
                break
            if before[0] <= last:
                is_code = was_code  # from there on the lines are the same
                break
            before = self._line_before(before[0])
        self._last_indented = (start, is_code)
        return is_code

    def _line_before(self, start: int) -> tuple[int, int] | None:
        if start == 0:
            return None
        return self._text.rfind("\n", 0, start - 1) + 1, start - 1

    def _search(self, pattern: re.Pattern[str], position: int) -> re.Match[str] | None:
        """Search on from a position; what is once not found is not searched for again."""
        if pattern.pattern in self._missing:
            return None
        found = pattern.search(self._text, position)
        if found is None:
            self._missing.add(pattern.pattern)
        return found

    def _trouble(self, start: int, code: str, fact: str, closing: str) -> None:
        place = self._source.offset(start)
        self.items.append(Trouble(place, code, fact, f"put {closing} where it ends"))


def pragmas(source: SourceText, start: int, end: int) -> Iterator[Pragma | Trouble]:
    """Yield the declarations in a comment that begins with ``symconv:``, one per line.

    A comment that only lacks the colon is a trouble.
    """
    found = _PRAGMA.match(source.text, start, end)
    if found is None:
        near = _WITHOUT_COLON.match(source.text, start, end)
        if near is not None and near.group(2).lower() in DECLARATIONS:
            yield Trouble(
                source.offset(near.start(1)),
                "unreadable-declaration",
                "a declaration without a colon behind symconv",
                f"write: symconv: {near.group(2).lower()} ...",
            )
        return
    position = found.end()
    for line in source.text[position:end].split("\n"):
        stripped = line.strip()
        if stripped:
            first = position + len(line) - len(line.lstrip())
            yield Pragma(source.part(first, first + len(stripped)))
        position += len(line) + 1
