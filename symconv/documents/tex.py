r"""LaTeX: comments, verbatim listings, sections, and the mathematics between.

The preamble and definitions of macros are not searched for mathematics.
"""

from __future__ import annotations

import re

from symconv.documents.blanking import Blanks
from symconv.documents.contents import Heading, Item, Listing, Trouble
from symconv.documents.markdown import pragmas
from symconv.documents.mathematics import MathScanner, with_words
from symconv.documents.source import SourceText

_LEVELS = {
    "part": 0, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4,
    "paragraph": 5, "subparagraph": 6,
}  # fmt: skip
"""How deep each command for a heading stands."""
_CONSTRUCT = re.compile(
    r"(?P<escape>\\[\\%$&#_{}])"
    r"|(?P<comment>%[^\n]*)"
    r"|\\begin\s*\{(?P<verbatim>(?:verbatim|Verbatim|lstlisting|minted|comment)\*?)\}"
    r"(?P<options>(?:\[[^\]\n]{0,300}\])?(?:\{(?P<language>[^}\n]{0,300})\})?)"
    r"|\\verb\*?(?P<quote>[^\w\s*])"
    r"|(?P<macro>\\(?:newcommand|renewcommand|providecommand|DeclareMathOperator"
    r"|def|newenvironment)\*?(?![A-Za-z]))"
    rf"|\\(?P<level>{'|'.join(_LEVELS)})\*?\s*(?:\[[^\]\n]{{0,300}}\])?\{{(?P<title>[^\n]{{0,300}})"
    r"|(?P<document>\\begin\s*\{document\})"
    r"|(?P<end>\\end\s*\{document\})"
)
_LANGUAGE_OPTION = re.compile(r"language\s*=\s*\{?(\w+)")
_BRACES = re.compile(r"\\.|[{}]|\n[ \t]*\n", re.DOTALL)


def tex_items(source: SourceText) -> list[Item]:
    """Return everything that stands in a LaTeX text, in the order of the file."""
    scanner = _Scanner(source)
    scanner.run()
    blanked = scanner.blanks.apply(source.text)
    mathematics = MathScanner(source, blanked, markdown=False)
    items = sorted([*scanner.items, *mathematics.items()], key=lambda item: item.start)
    return with_words(items, mathematics.spans, scanner.titles, source, blanked)


class _Scanner:
    """Find what is not prose, from left to right."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._text = source.text
        self._missing: set[str] = set()
        self.blanks = Blanks()
        self.items: list[Item] = []
        self.titles: list[tuple[int, int]] = []

    def run(self) -> None:
        position = 0
        preamble: int | None = None
        while found := _CONSTRUCT.search(self._text, position):
            position = found.end()
            if found.group("comment"):
                # Percent signs stay: the line is not a blank one.
                self.items.extend(pragmas(self._source, found.start() + 1, found.end()))
                self.blanks.add(found.start(), found.end(), "%")
            elif found.group("verbatim"):
                position = self._verbatim(found)
            elif found.group("quote"):
                position = self._inline(found)
            elif found.group("macro"):
                position = self._macro(found)
            elif found.group("title"):
                title = _braced(found.group("title"))
                start = self._source.offset(found.start("title"))
                self.items.append(Heading(title, start, _LEVELS[found.group("level")]))
                end = found.start("title") + len(title) + 1
                self.titles.append((found.start(), end))
                position = found.start("title")
            elif found.group("document") and preamble is None:
                preamble = found.end()
                self._forget_before(preamble)
            elif found.group("end"):
                self.blanks.add(found.start(), len(self._text))
                return

    def _forget_before(self, end: int) -> None:
        """Blank the preamble; declarations in it stay."""
        self.blanks = Blanks()
        self.blanks.add(0, end)

    def _verbatim(self, found: re.Match[str]) -> int:
        name = found.group("verbatim")
        end = self._find(f"\\end{{{name}}}", found.end())
        if end < 0:
            sign = f"\\begin{{{name}}}"
            place = self._source.offset(found.start())
            help_line = f"put \\end{{{name}}} where it ends"
            self.items.append(Trouble(place, "unclosed-block", f"{sign} is not closed", help_line))
            return found.end()
        if name != "comment":
            option = _LANGUAGE_OPTION.search(found.group("options"))
            language = option.group(1) if option else (found.group("language") or "")
            start = found.end() + self._text.startswith("\n", found.end())
            listing = Listing(language.lower(), self._source.part(start, max(start, end)))
            self.items.append(listing)
        self.blanks.add(found.start(), end)
        return end

    def _inline(self, found: re.Match[str]) -> int:
        end = self._find(found.group("quote"), found.end())
        if end < 0 or self._text.find("\n", found.end(), end) >= 0:
            return found.end()
        self.blanks.add(found.start(), end + 1)
        return end + 1

    def _macro(self, found: re.Match[str]) -> int:
        """Pass over the definition of a macro: up to where its last brace closes."""
        depth = 0
        end = found.end()
        for sign in _BRACES.finditer(self._text, found.end()):
            if sign.group().startswith("\n"):
                break
            depth += {"{": 1, "}": -1}.get(sign.group(), 0)
            end = sign.end()
            following = self._text[end : end + 1]
            if sign.group() == "}" and depth <= 0 and following not in ("{", "["):
                break
        self.blanks.add(found.start(), end)
        return end

    def _find(self, sign: str, position: int) -> int:
        if sign in self._missing:
            return -1
        end = self._text.find(sign, position)
        if end < 0:
            self._missing.add(sign)
        return end


def _braced(text: str) -> str:
    """Return a text up to the brace that closes it."""
    depth = 0
    for sign in re.finditer(r"\\.|[{}]", text):
        depth += {"{": 1, "}": -1}.get(sign.group(), 0)
        if depth < 0:
            return text[: sign.start()].strip()
    return text.strip()
