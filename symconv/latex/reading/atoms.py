r"""LaTeX text as a flat list of atoms: braces, spaces and layout made uniform.

What people see is kept, what only places it is dropped: ``\left``, alignment, styles,
labels, comments, braces that enclose no argument. The argument of a subscript or a
superscript always stands in braces afterwards, so that ``p_0`` and ``p_{0}`` are the same.
Every atom knows where it stands in the text. One pass over the text, without recursion.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from symconv.latex.reading.items import Span

_RAW = re.compile(
    r"""\\(?:begin|end)\s*\{[^{}\\]{0,40}\}     # an environment begins or ends
      | \\\\\*?(?:\[\s*-?[\d.]+\s*[a-z]{2}\s*\])?  # a new row, with its gap
      | \\(?:[A-Za-z]+|.)                      # a command
      | %[^\n]*                                # a comment
      | \s+
      | \.\.\.
      | .
    """,
    re.VERBOSE | re.DOTALL,
)
_LAYOUT: Final = frozenset(
    [
        *(r"\left", r"\right", r"\middle", r"\big", r"\Big", r"\bigg", r"\Bigg"),
        *(r"\bigl", r"\bigr", r"\Bigl", r"\Bigr", r"\biggl", r"\biggr", r"\Biggl"),
        *(r"\Biggr", r"\bigm", r"\displaystyle", r"\textstyle", r"\scriptstyle"),
        *(r"\limits", r"\nolimits", r"\nonumber", r"\notag", r"\hline"),
        *(r"\allowbreak", r"\break", r"\nobreak", r"\noindent", r"\rm", r"\bf", r"\it"),
        *(r"\sf", r"\tt", r"\cal", r"\centering", r"\strut", r"\relax", r"\mathstrut"),
        *(r"\,", r"\;", r"\:", r"\!", r"\>", r"\-", r"\/", r"\boxed"),
    ]
)
_FENCES: Final = frozenset([r"\left", r"\right", r"\middle"])
_THIN: Final = frozenset([r"\,", r"\;", r"\:", r"\!", r"\>", r"\ ", "~", r"\thinspace"])
_WIDE: Final = frozenset([r"\quad", r"\qquad", r"\enspace", r"\hspace", r"\hfill", r"\hskip"])
_WITH_ARGUMENT: Final = frozenset(
    [r"\label", r"\tag", r"\ref", r"\eqref", r"\hspace", r"\vspace", r"\phantom", r"\color"]
)
_STACKED: Final = frozenset([r"\stackrel", r"\overset"])
_MARK = re.compile(
    r"\s*(?:\\(?:text|mathrm|textrm|mbox)\s*\{)?\s*"
    r"(?:(?P<asked>[!?])|(?P<defines>def\.?|\\triangle|\\Delta)"
    r"|\*|\(?\d+\)?|\(?[ivx]{1,4}\)|\([a-z]\))\s*\}?\s*"
)
"""What may stand above an equals sign: what changes its meaning, or a mark such as a number."""
DEFINES: Final = r"\coloneqq"
"""The sign of a definition, however it is written."""
ASKED: Final = r"\overset{!}{=}"
"""An equals sign below an exclamation or question mark: asked for, and not claimed."""
NUMBER_COMMA: Final = "{,}"
"""A comma inside of a number, as in 60{,}000."""
_UPRIGHT: Final = frozenset([r"\text", r"\mathrm", r"\textrm", r"\textnormal", r"\mbox"])
_TEXT: Final = frozenset(
    [r"\text", r"\textrm", r"\textnormal", r"\textit", r"\mbox", r"\intertext"]
)
WRAPPERS: Final = frozenset(
    [
        *(r"\mathrm", r"\mathit", r"\mathbf", r"\mathsf", r"\mathtt", r"\mathcal"),
        *(r"\mathscr", r"\mathfrak", r"\mathbb", r"\mathds", r"\boldsymbol", r"\bm"),
        *(r"\operatorname", r"\tilde", r"\widetilde", r"\hat", r"\widehat", r"\bar"),
        *(r"\overline", r"\underline", r"\vec", r"\dot", r"\ddot"),
    ]
)
"""Commands whose argument is part of a name."""
_FRACTIONS: Final = frozenset([r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"])
_MULTILINE: Final = frozenset([r"\substack", r"\shortstack"])
_TRANSPARENT: Final = frozenset(
    [
        *("equation", "eqnarray", "align", "alignat", "flalign", "gather", "multline"),
        *("displaymath", "math", "subequations"),
    ]
)
_INNER: Final = frozenset(["split", "aligned", "gathered", "alignedat", "multlined"])
_LITERAL: Final = frozenset(
    [
        *("matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix"),
        *("array",),
    ]
)
_CASES: Final = frozenset(["cases", "dcases"])
_SYNONYMS: Final = {
    "\u2212": "-",
    "\u2013": "-",
    "·": r"\cdot",
    "\u00d7": r"\times",
    "∂": r"\partial",
    "∑": r"\sum",
    "δ": r"\delta",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "⌊": r"\lfloor",
    "⌋": r"\rfloor",
    "⌈": r"\lceil",
    "⌉": r"\rceil",
    "∈": r"\in",
    "…": "...",
    "\u2032": "'",
    "″": '"',
    r"\lbrace": r"\{",
    r"\rbrace": r"\}",
    r"\lbrack": "[",
    r"\rbrack": "]",
    r"\lparen": "(",
    r"\rparen": ")",
    r"\prime": "'",
    r"\ldots": "...",
    r"\cdots": "...",
    r"\dots": "...",
    r"\dotsb": "...",
    r"\dotsc": "...",
    r"\vdots": "...",
    r"\ddots": "...",
    r"\dfrac": r"\frac",
    r"\tfrac": r"\frac",
    r"\cfrac": r"\frac",
    r"\tabularnewline": r"\\",
    r"\cr": r"\\",
    r"\newline": r"\\",
    r"\widetilde": r"\tilde",
    r"\widehat": r"\hat",
    r"\bm": r"\boldsymbol",
    r"\colon": ":",
    r"\vcentcolon": ":",
    "\u2254": DEFINES,
    r"\triangleq": DEFINES,
    r"\coloneq": DEFINES,
    r"\longleftarrow": r"\leftarrow",
    r"\gets": r"\leftarrow",
    "\u2190": r"\leftarrow",
    "\u2261": r"\equiv",
}


@dataclass(frozen=True, slots=True)
class Atom:
    r"""One visible sign, or a mark.

    Attributes:
        kind: ``sign`` (a letter, digit, command or other character), ``open`` and ``close``
            (of an argument, or of a list of cases), ``space``, ``wide``, ``align``, ``row``,
            ``case`` (a new row of cases), ``then`` (an alignment in one), ``text``,
            ``literal``, ``bad``, ``unclosed`` (an environment).
        text: the sign; for ``open`` also what it is the argument of (``_{``, ``\mathbf{``,
            ``{`` for a fraction, ``cases``); for ``text`` its content; for ``bad`` and
            ``unclosed`` what is wrong.
        start: offset of its first character.
        end: offset behind its last character.
    """

    kind: str
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        """Where it stands."""
        return (self.start, self.end)


@dataclass(slots=True)
class _Frame:
    """An argument that is being read.

    Attributes:
        until: the raw token that closes it; -1 where it is one sign without braces.
        marked: whether its end is an atom.
        rows: whether a new row in it separates entries of a list.
        cases: whether it is a list of cases.
        another: what opens the argument behind it, or an empty text.
    """

    until: int
    marked: bool = True
    rows: bool = False
    cases: bool = False
    another: str = ""


def atoms(text: str) -> list[Atom]:
    """Split LaTeX into atoms; what is wrong with braces or environments is an atom, too."""
    return _Normalizer(text).run()


class _Normalizer:
    """Walk over the raw tokens once, with the open arguments on a stack."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.raw = [
            (_SYNONYMS.get(found[0], found[0]), found.start(), found.end())
            for found in _RAW.finditer(text)
            if not found[0].isspace() and found[0][0] != "%"
        ]
        self.closing = self._matches()
        self.closers = set(self.closing.values())
        self.out: list[Atom] = []
        self.frames: list[_Frame] = []
        self.cases = 0
        self.environments: list[tuple[str, int]] = []
        self.place = 0

    def run(self) -> list[Atom]:
        """Return the atoms."""
        while self.place < len(self.raw):
            self._step()
        self._end_frames(len(self.raw) - 1)
        while self.frames:
            _ = self.frames.pop()
            self._emit("bad", "a list of cases does not end before this", len(self.raw) - 1)
            self._end_frames(len(self.raw) - 1)
        for name, place in self.environments:
            self._emit("unclosed", f"the environment {name} is never closed", place)
        return self.out

    def _step(self) -> None:
        place = self.place
        self.place += 1
        piece = self.raw[place][0]
        if piece == "}":
            if self.frames and self.frames[-1].until == place:
                self._close(place)
            elif place not in self.closers:
                self._emit("bad", "this brace closes nothing", place)
        elif piece == "{":
            if place not in self.closing:
                self._emit("bad", "this brace is never closed", place)
        elif piece in ("_", "^"):
            self._script(piece, place)
        elif piece.startswith("\\\\"):
            self._row(place)
        elif _is_environment(piece):
            self._environment(piece, place)
        elif piece in _TEXT and self._group_at(self.place):
            self._words(place)
        elif piece in _FRACTIONS:
            self._emit("sign", piece, place)
            self._argument("{", place, another="{")
        elif piece in WRAPPERS:
            self._argument(f"{piece}{{", place)
        elif piece in _MULTILINE and self._group_at(self.place):
            self.frames.append(_Frame(self.closing[self.place], marked=False, rows=True))
            self.place += 1
        else:
            self._plain(piece, place)

    def _words(self, place: int) -> None:
        r"""Emit the argument of \text; what stands between $ in it as mathematics."""
        first, last = self.place, self.closing[self.place]
        signs = [i for i in range(first + 1, last) if self.raw[i][0] == "$"]
        cuts = [first, *(signs if len(signs) % 2 == 0 else ()), last]
        for number, (before, after) in enumerate(pairwise(cuts)):
            start, end = self.raw[before][2], self.raw[after][1]
            content = self.text[start:end]
            if number % 2:
                inner = atoms(content)
                self.out += [replace(a, start=a.start + start, end=a.end + start) for a in inner]
            elif len(cuts) == 2:
                self.out.append(
                    Atom("text", content.strip(), self.raw[place][1], self.raw[last][2])
                )
            elif content.strip(" .,;:\n\t"):
                self.out.append(Atom("text", content.strip(), start, end))
        self.place = last + 1
        self._unit_done(place)

    def _plain(self, piece: str, place: int) -> None:
        """Handle a sign without arguments, or layout."""
        if piece in _STACKED and self._group_at(self.place) and self._marked_equals(place):
            return
        if piece in _WITH_ARGUMENT:
            if self._group_at(self.place):
                self.place = self.closing[self.place] + 1
        elif piece in _WIDE:
            self._emit("wide", piece, place)
        elif piece in _THIN:
            self._emit("space", piece, place)
        elif piece == "&":
            cases = bool(self.frames) and self.frames[-1].cases
            self._emit("then" if cases else "align", piece, place)
        elif piece in _LAYOUT:
            if piece in _FENCES and self.place < len(self.raw) and self.raw[self.place][0] == ".":
                self.place += 1
        elif piece == "," and self._is_braced(place):
            self._emit("sign", NUMBER_COMMA, place)
        elif piece == '"':
            self._emit("sign", "'", place)
            self._emit("sign", "'", place)
        else:
            self._emit("sign", piece, place)
            self._unit_done(place)

    def _is_braced(self, place: int) -> bool:
        """Tell whether a sign stands alone in braces of its own."""
        before = place > 0 and self.raw[place - 1][0] == "{"
        return before and self.closing.get(place - 1) == place + 1 and not self.frames

    def _marked_equals(self, place: int) -> bool:
        """Emit an equals sign with a mark above it as one sign; tell whether it is one."""
        last = self.closing[self.place]
        mark = _MARK.fullmatch(self.text[self.raw[self.place][2] : self.raw[last][1]])
        first = last + 1 + self._group_at(last + 1)
        if mark is None or first >= len(self.raw) or self.raw[first][0] not in ("=", r"\equiv"):
            return False
        behind = first + 1
        if first > last + 1:
            if self.closing[last + 1] != behind:
                return False
            behind += 1
        sign = ASKED if mark["asked"] else DEFINES if mark["defines"] else self.raw[first][0]
        self.out.append(Atom("sign", sign, self.raw[place][1], self.raw[behind - 1][2]))
        self.place = behind
        return True

    def _script(self, piece: str, place: int) -> None:
        """Begin a subscript or superscript; a superscript of primes becomes primes."""
        following = self.place
        if piece == "^" and following < len(self.raw):
            inside = range(following, following + 1)
            if self._group_at(following):
                inside = range(following + 1, self.closing[following])
            if len(inside) in (1, 2, 3) and all(self.raw[i][0] == "'" for i in inside):
                for i in inside:
                    self._emit("sign", "'", i)
                self.place = inside.stop + (1 if inside.start > following else 0)
                return
        if self._group_at(following):
            # x^{\text{pad}} is x^{pad}: the style of a whole script is layout.
            first, last = following + 1, self.closing[following]
            if (
                self.raw[first][0] in _UPRIGHT
                and self._group_at(first + 1)
                and self.closing[first + 1] == last - 1
            ):
                self.frames.append(_Frame(last))
                self._emit("open", f"{piece}{{", place)
                self.place = first + 2
                return
        self._argument(f"{piece}{{", place)

    def _argument(self, opening: str, place: int, another: str = "") -> None:
        """Begin an argument at the next raw token."""
        following = self.place
        if self._group_at(following):
            self.frames.append(_Frame(self.closing[following], another=another))
            self._emit("open", opening, place)
            self.place += 1
            return
        if following >= len(self.raw) or self.raw[following][0] in ("}", "{", "&", "_", "^"):
            self._emit("bad", "the argument is missing here", place)
            return
        self.frames.append(_Frame(-1, another=another))
        self._emit("open", opening, place)

    def _close(self, place: int) -> None:
        """End the innermost argument; begin the one behind it, if there is one."""
        frame = self.frames.pop()
        if frame.marked:
            self._emit("close", "}", place)
        if frame.another:
            self._argument(frame.another, place)
        elif frame.marked:
            self._unit_done(place)

    def _unit_done(self, place: int) -> None:
        """End an argument without braces behind its one sign."""
        if self.frames and self.frames[-1].until == -1:
            self._close(place)

    def _row(self, place: int) -> None:
        if self.frames and self.frames[-1].rows:
            self._emit("sign", ",", place)
            return
        self._end_frames(place)
        self._emit("case" if self.frames else "row", "\\\\", place)

    def _end_frames(self, place: int) -> None:
        """End what is still open where a row ends, up to the list of cases that holds it."""
        while self.frames and not self.frames[-1].cases:
            frame = self.frames.pop()
            if frame.marked:
                self._emit("bad", "an argument is missing before this", place)

    def _environment(self, piece: str, place: int) -> None:
        name = _environment_name(piece)
        if name in _CASES:
            self._cases(name, piece, place)
        elif name in _LITERAL or name not in _TRANSPARENT | _INNER:
            last = self.closing.get(place)
            if last is None:
                self._emit("bad", f"the environment {name} is not closed here", place)
                return
            kind = "literal" if name in _LITERAL else "bad"
            text = name if name in _LITERAL else f"the environment {name} is not known"
            self.out.append(Atom(kind, text, self.raw[place][1], self.raw[last][2]))
            self.place = last + 1
            self._unit_done(place)
        elif self.cases:
            self._emit("bad", f"the environment {name} stands inside of cases", place)
        elif piece.startswith("\\begin"):
            self.environments.append((name, place))
            if name.startswith("align") and self._group_at(self.place):
                self.place = self.closing[self.place] + 1
            if name in _TRANSPARENT:
                self._row(place)
        elif self.environments and self.environments[-1][0] == name:
            _ = self.environments.pop()
            if name in _TRANSPARENT:
                self._row(place)
        else:
            self._emit("unclosed", f"the environment {name} ends without a beginning", place)

    def _cases(self, name: str, piece: str, place: int) -> None:
        """Begin or end a list of cases."""
        if piece.startswith("\\begin") and place in self.closing:
            self.frames.append(_Frame(self.closing[place], cases=True))
            self.cases += 1
            self._emit("open", "cases", place)
            return
        self._end_frames(place)
        if self.frames and self.frames[-1].until == place:
            _ = self.frames.pop()
            self.cases -= 1
            self._emit("close", "cases", place)
            self._unit_done(place)
        else:
            self._emit("bad", f"the environment {name} is not closed here", place)

    def _matches(self) -> dict[int, int]:
        """Match braces and literal environments; no brace reaches over a new row."""
        found: dict[int, int] = {}
        braces: list[int] = []
        begun: list[tuple[str, int]] = []
        for place, (piece, _, _) in enumerate(self.raw):
            if piece == "{":
                braces.append(place)
            elif piece == "}" and braces:
                found[braces.pop()] = place
            elif piece.startswith("\\\\") and not begun:
                while braces and self.raw[braces[-1] - 1][0] not in _MULTILINE:
                    _ = braces.pop()
            elif _is_environment(piece):
                name = _environment_name(piece)
                if name in _TRANSPARENT | _INNER:
                    continue
                if piece.startswith("\\begin"):
                    begun.append((name, place))
                elif begun and begun[-1][0] == name:
                    found[begun.pop()[1]] = place
        return found

    def _group_at(self, place: int) -> bool:
        return place < len(self.raw) and self.raw[place][0] == "{" and place in self.closing

    def _emit(self, kind: str, text: str, place: int) -> None:
        _, start, end = self.raw[place] if self.raw else ("", 0, 0)
        self.out.append(Atom(kind, text, start, end))


def _is_environment(piece: str) -> bool:
    return piece.startswith("\\") and len(piece) > 2 and piece.endswith("}")


def _environment_name(piece: str) -> str:
    return piece[piece.index("{") + 1 : -1].strip().removesuffix("*")
