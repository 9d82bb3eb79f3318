r"""Atoms as tokens for the grammar; the declared names decide where a name ends.

At every place the longest declared spelling counts, so ``HH`` is one size and ``kS`` is k
times S. A letter that begins no declared spelling is a name of its own, with its primes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from symconv.latex.reading.atoms import NUMBER_COMMA, Atom, atoms
from symconv.latex.reading.cue_words import role_of
from symconv.latex.reading.syntax import Stopped
from symconv.latex.spellings import (
    AND,
    CEILING,
    DIFFERENCE,
    DIFFERENTIAL,
    DIVIDES,
    DOES_NOT_DIVIDE,
    FALSE,
    FLOOR,
    GREEK_NAMES,
    INDICATOR,
    KRONECKER_DELTA,
    MAXIMUM,
    MINIMUM,
    NOT,
    OR,
    OTHERWISE,
    PRODUCT_SIGN,
    RELATIONS,
    REMAINDER,
    SUM_SIGN,
    TRUE,
    UNDER,
    difference_name,
)

if TYPE_CHECKING:
    from lark import Token

Meaning: TypeAlias = tuple[str, str]
"""The type of a token and its value."""

_SIGNS: Final[dict[str, Meaning]] = {
    **{
        spelling: ("RELATION", relation)
        for relation, all_ in RELATIONS.items()
        for spelling in all_
    },
    r"\leqslant": ("RELATION", "<="),
    r"\geqslant": ("RELATION", ">="),
    **dict.fromkeys(DIVIDES, ("DIVIDES", "|")),
    **dict.fromkeys(DOES_NOT_DIVIDE, ("DIVIDES", "!|")),
    "|": ("DIVIDES", "|"),
    r"\in": ("IN", "in"),
    **dict.fromkeys(AND, ("_AND", "and")),
    **dict.fromkeys(OR, ("_OR", "or")),
    **dict.fromkeys(NOT, ("NOT", "not")),
    **dict.fromkeys(TRUE, ("TRUTH", "true")),
    **dict.fromkeys(FALSE, ("TRUTH", "false")),
    **dict.fromkeys(SUM_SIGN, ("SUM", "sum")),
    **dict.fromkeys(REMAINDER, ("OPERATOR", "mod")),
    r"\mod": ("OPERATOR", "mod"),
    **dict.fromkeys(MINIMUM, ("EXTREMUM", "min")),
    **dict.fromkeys(MAXIMUM, ("EXTREMUM", "max")),
    **dict.fromkeys(PRODUCT_SIGN, ("OPERATOR", "*")),
    r"\odot": ("OPERATOR", "*"),
    r"\ast": ("OPERATOR", "*"),
    "*": ("OPERATOR", "*"),
    "/": ("OPERATOR", "/"),
    r"\div": ("OPERATOR", "/"),
    "+": ("SIGN", "+"),
    "-": ("SIGN", "-"),
    ",": ("_COMMA", ","),
    ";": ("_COMMA", ","),
    ":": ("_COMMA", ","),
    "(": ("LPAR", "("),
    ")": ("RPAR", ")"),
    "[": ("LBRACKET", "["),
    "]": ("RBRACKET", "]"),
    r"\{": ("LSET", "{"),
    r"\}": ("RSET", "}"),
    FLOOR[0]: ("LFLOOR", "floor"),
    FLOOR[1]: ("RFLOOR", "floor"),
    CEILING[0]: ("LCEILING", "ceiling"),
    CEILING[1]: ("RCEILING", "ceiling"),
    r"\frac": ("FRACTION", "frac"),
    DIFFERENTIAL["partial"]: ("DIFFERENTIAL", "d"),
    **dict.fromkeys(KRONECKER_DELTA, ("DELTA", "delta")),
    "...": ("DOTS", "..."),
}
_INDICATORS: Final = (*INDICATOR, r"\mathds{1}", r"\boldsymbol{1}", r"\mathbb{I}")
_WORDS: Final[dict[str, Meaning]] = {
    "min": ("EXTREMUM", "min"),
    "max": ("EXTREMUM", "max"),
    "mod": ("OPERATOR", "mod"),
    "and": ("_AND", "and"),
    "or": ("_OR", "or"),
}
_GREEK: Final = GREEK_NAMES | {"delta", "Delta", "varepsilon", "vartheta", "varphi", "ell"}


@dataclass(slots=True)
class _Trie:
    """Spellings by their atoms, one atom per level."""

    below: dict[str, _Trie] = field(default_factory=dict)
    meaning: Meaning | None = None

    def add(self, path: Sequence[str], meaning: Meaning) -> None:
        """Let a sequence of atoms have a meaning."""
        place = self
        for text in path:
            place = place.below.setdefault(text, _Trie())
        place.meaning = meaning

    def longest(self, found: Sequence[Atom], start: int) -> tuple[int, Meaning] | None:
        """Return the end of the longest spelling that begins at a place, and its meaning."""
        place, best = self, None
        for end in range(start, len(found)):
            atom = found[end]
            if end > start and _is_apart(found[end - 1], atom):
                break
            following = place.below.get(atom.text) if atom.kind in _VISIBLE else None
            if following is None:
                break
            place = following
            if place.meaning is not None:
                best = (end + 1, place.meaning)
        return best


_VISIBLE: Final = frozenset(["sign", "open", "close"])


def tokens(found: Sequence[Atom], spellings: tuple[tuple[str, str], ...]) -> list[Token]:
    """Turn the atoms of one member of a formula into tokens.

    Args:
        found: the atoms.
        spellings: source spelling and canonical name of every declared name.

    Raises:
        Stopped: at a sign that means nothing here, and where braces do not match.
    """
    return _Lexer(found, _trie(spellings)).run()


def names(found: Sequence[Atom], spellings: tuple[tuple[str, str], ...]) -> list[str]:
    """Return the names that stand in atoms, in order, also where they cannot be read."""
    return list(_names(tuple(found), spellings))


@lru_cache(maxsize=1024)
def _names(found: tuple[Atom, ...], spellings: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    lexer = _Lexer(found, _trie(spellings))
    while lexer.place < len(lexer.atoms):
        place = lexer.place
        try:
            lexer.step()
        except Stopped as stopped:
            # Behind all that stopped it: a long number is not read again from each digit on.
            lexer.place = place + 1
            while lexer.place < len(found) and found[lexer.place].start < stopped.span[1]:
                lexer.place += 1
    return tuple(str(token) for token in lexer.out if token.type == "NAME")


@lru_cache(maxsize=64)
def _trie(spellings: tuple[tuple[str, str], ...]) -> _Trie:
    root = _Trie()
    for spelling in _INDICATORS:
        root.add([atom.text for atom in atoms(spelling)], ("INDICATOR", "indicator"))
    # The first spelling is the latest, and counts.
    for spelling, name in reversed(spellings):
        path = _path(spelling)
        if path:
            root.add(path, ("NAME", name))
    return root


@lru_cache(maxsize=4096)
def _path(spelling: str) -> tuple[str, ...]:
    return tuple(atom.text for atom in atoms(spelling) if atom.kind in _VISIBLE)


class _Lexer:
    def __init__(self, found: Sequence[Atom], trie: _Trie) -> None:
        self.atoms = found
        self.trie = trie
        self.closing = _closing(found)
        self.differentials: set[int] = set()
        self.out: list[Token] = []
        self.place = 0
        # Per list of cases around this place, whether its row has come to the condition.
        self.conditions: list[bool] = []

    def run(self) -> list[Token]:
        """Return the tokens."""
        while self.place < len(self.atoms):
            self.step()
        return self.out

    def step(self) -> None:
        """Turn what stands at the place into a token, if it is one, and go on."""
        place = self.place
        atom = self.atoms[place]
        if place in self.differentials:
            end = self.closing.get(place, place) + 1
            self._emit("DIFFERENTIAL", "d", place, end)
            return
        match atom.kind:
            case "space" | "wide" | "align":
                self.place += 1
            case "text":
                self._word(atom.text, place, place + 1)
            case "literal":
                self._emit("LITERAL", atom.text, place, place + 1)
            case "bad" | "unclosed":
                raise Stopped(atom.span, "unreadable", atom.text)
            case "then" | "case" if self.conditions:
                self._between_cases(atom.kind, place)
            case "close" if atom.text == "cases" and self.conditions:
                _ = self.conditions.pop()
                self._emit("ENDCASES", "cases", place, place + 1)
            case "close":
                self._emit("CLOSE", atom.text, place, place + 1)
            case "open" if atom.text == "cases":
                self.conditions.append(False)
                self._emit("BEGINCASES", "cases", place, place + 1)
            case "open" if atom.text in _OPENINGS:
                self._emit(_OPENINGS[atom.text], atom.text, place, place + 1)
            case _:
                self._sign(atom, place)

    def _sign(self, atom: Atom, place: int) -> None:
        if self._declared(place):
            return
        if atom.text in _STOPS and self.conditions and self._at_a_boundary(place):
            self.place += 1
        elif atom.kind == "open":
            self._wrapped(place)
        elif atom.text.isdecimal() and atom.text.isascii():
            self._number(place)
        elif atom.text in _SIGNS:
            if atom.text == r"\frac":
                self._find_differentials(place)
            self._emit(*_SIGNS[atom.text], place, place + 1)
        elif atom.text == DIFFERENCE and self._is_letter(place + 1):
            following = self.atoms[place + 1].text
            self._name(difference_name(following), place, place + 2)
        elif self._is_letter(place):
            self._name(atom.text, place, place + 1)
        elif atom.text.startswith("\\") and atom.text[1:] in _GREEK:
            self._name(atom.text[1:], place, place + 1)
        else:
            raise Stopped(
                atom.span,
                "unsupported" if atom.text.startswith("\\") else "unreadable",
                f"{atom.text} is not something that can be read here",
            )

    def _between_cases(self, kind: str, place: int) -> None:
        """Emit what separates cases, or a case from its condition; once each."""
        following = self._visible(place + 1)
        begins = not self.out or self.out[-1].type in ("BEGINCASES", "NEXTCASE")
        ends = following is None or _ends_case(following)
        if kind == "then" and not (begins or ends or self.conditions[-1]):
            self.conditions[-1] = True
            self._emit("UNDER", "if", place, place + 1)
        elif kind == "case" and not ends:
            self.conditions[-1] = False
            self._emit("NEXTCASE", "case", place, place + 1)
        else:
            self.place += 1

    def _at_a_boundary(self, place: int) -> bool:
        """Tell whether a comma or full stop ends a case, or what stands before its condition."""
        following = self._visible(place + 1)
        if following is None:
            return False
        word = following.kind == "text" and _plain(following.text) in UNDER | OTHERWISE
        return word or following.kind == "then" or _ends_case(following)

    def _visible(self, place: int) -> Atom | None:
        while place < len(self.atoms) and self.atoms[place].kind in ("space", "wide", "align"):
            place += 1
        return self.atoms[place] if place < len(self.atoms) else None

    def _case_word(self, word: str, place: int, end: int) -> bool:
        """Emit if or otherwise, in a list of cases; a sign of alignment may stand before it."""
        aligned = bool(self.out) and self.out[-1].type == "UNDER"
        if not self.conditions or (self.conditions[-1] and not aligned):
            return False
        if word in OTHERWISE:
            if aligned:
                _ = self.out.pop()
            self._emit("OTHERWISE", "otherwise", place, end)
        elif word not in UNDER:
            return False
        elif aligned:
            self.place = end
        else:
            self._emit("UNDER", "if", place, end)
        self.conditions[-1] = True
        return True

    def _declared(self, place: int) -> bool:
        """Emit the declared name that begins here, if there is one."""
        found = self.trie.longest(self.atoms, place)
        swapped = self._swapped(place, found[0] if found else place)
        if swapped is not None:
            return True
        if found is None:
            return False
        end, (kind, value) = found
        if kind == "NAME":
            self._name(value, place, end)
        else:
            self._emit(kind, value, place, end)
        return True

    def _swapped(self, place: int, reached: int) -> bool | None:
        """Emit a name whose superscript stands behind its subscripts: x_{n,c}^{pad}."""
        below = place + 1
        if below >= len(self.atoms) or self.atoms[below].text != "_{" or below not in self.closing:
            return None
        above = self.closing[below] + 1
        if above >= len(self.atoms) or self.atoms[above].text != "^{" or above not in self.closing:
            return None
        end = self.closing[above] + 1
        joined = [self.atoms[place], *self.atoms[above:end]]
        found = self.trie.longest(joined, 0)
        if found is None or found[0] < len(joined) or reached > below:
            return None
        self._emit("NAME", found[1][1], place, below)
        stop, self.atoms = end, list(self.atoms)
        # The superscript is used up; what stands in the subscripts follows as usual.
        for used in range(above, stop):
            atom = self.atoms[used]
            self.atoms[used] = Atom("space", "", atom.start, atom.end)
        return True

    def _name(self, name: str, place: int, end: int) -> None:
        primes = 0
        while end < len(self.atoms) and self.atoms[end].text == "'":
            end += 1
            primes += 1
        self._emit("NAME", name + "'" * primes, place, end)

    def _wrapped(self, place: int) -> None:
        r"""Read a styled name that no spelling declares, such as \mathrm{HH} or \mathbf{x}."""
        last = self.closing.get(place)
        if last is None:
            raise Stopped(self.atoms[place].span, "unreadable", "this is never closed")
        command = self.atoms[place].text
        inside = self.atoms[place + 1 : last]
        word = "".join(atom.text for atom in inside if atom.kind == "sign")
        plain = command in (r"\mathrm{", r"\mathit{", r"\operatorname{", r"\mathsf{")
        if plain and (word in _WORDS or (self.conditions and word in UNDER | OTHERWISE)):
            self._word(word, place, last + 1)
            return
        found = self.trie.longest(inside, 0) if plain else None
        if found is not None and found[0] == len(inside) and found[1][0] == "NAME":
            self._name(found[1][1], place, last + 1)
        else:
            self._name(word if plain else f"{command}{word}}}", place, last + 1)

    def _word(self, word: str, place: int, end: int) -> None:
        meaning = _WORDS.get(word.strip())
        if meaning is None and self._case_word(_plain(word), place, end):
            return
        if meaning is None and role_of(word) == "operand":
            # A name set in text, such as \text{rows}: declared, or named as undeclared.
            path = [Atom("sign", letter, at, at + 1) for at, letter in enumerate(word)]
            found = self.trie.longest(path, 0)
            known = found is not None and found[0] == len(path) and found[1][0] == "NAME"
            self._name(found[1][1] if found is not None and known else word, place, end)
            return
        if meaning is None:
            raise Stopped(
                self.atoms[place].span,
                "unsupported",
                f"the words {word!r} stand in the middle of a formula",
                "put words before or behind it",
            )
        self._emit(*meaning, place, end)

    def _number(self, place: int) -> None:
        end = place
        text = ""
        while end < len(self.atoms) and self._is_digit(end):
            text += self.atoms[end].text
            end += 1
            comma = end + 1 < len(self.atoms) and self.atoms[end].text == NUMBER_COMMA
            if comma and self._is_digit(end + 1):
                text += ","
                end += 1
        point = end < len(self.atoms) and self.atoms[end].text == "."
        if point and end + 1 < len(self.atoms) and self._is_digit(end + 1):
            text += "."
            end += 1
            while end < len(self.atoms) and self._is_digit(end):
                text += self.atoms[end].text
                end += 1
        if len(text) > _LONGEST_NUMBER:
            raise Stopped(
                (self.atoms[place].start, self.atoms[end - 1].end),
                "unsupported",
                f"a number of more than {_LONGEST_NUMBER} digits",
            )
        if len(text) == 3 and self.out and self.out[-1].type == "NUMBER":
            raise Stopped(
                (self.atoms[place].start, self.atoms[end - 1].end),
                "unsupported",
                "two numbers side by side may be one, such as 10 000, or a product",
                "write one number without a space, or put a sign between two",
            )
        self._emit("NUMBER", text, place, end)

    def _find_differentials(self, place: int) -> None:
        """Mark the d above and the d below a fraction as differentials, where both are there."""
        above = place + 1
        below = self.closing.get(above, len(self.atoms)) + 1
        if below not in self.closing:
            return
        found = {above + 1, below + 1}
        if all(self._is_differential(index) for index in found):
            self.differentials |= found

    def _is_differential(self, place: int) -> bool:
        atom = self.atoms[place]
        if atom.text in DIFFERENTIAL.values():
            return True
        return (
            atom.text == r"\mathrm{"
            and self.closing.get(place) == place + 2
            and self.atoms[place + 1].text == "d"
        )

    def _is_letter(self, place: int) -> bool:
        if place >= len(self.atoms) or self.atoms[place].kind != "sign":
            return False
        text = self.atoms[place].text
        return len(text) == 1 and text.isascii() and text.isalpha()

    def _is_digit(self, place: int) -> bool:
        text = self.atoms[place].text
        return self.atoms[place].kind == "sign" and text.isascii() and text.isdecimal()

    def _emit(self, kind: str, value: str, place: int, end: int) -> None:
        from lark import Token

        span = (self.atoms[place].start, self.atoms[end - 1].end)
        self.out.append(Token(kind, value, start_pos=span[0], end_pos=span[1]))
        self.place = end


_STOPS: Final = frozenset([",", ";", "."])
_OPENINGS: Final = {"_{": "SUB", "^{": "SUPER", "{": "OPEN"}
_LONGEST_NUMBER: Final = 30


def _plain(text: str) -> str:
    return text.strip(" .,:;").lower()


def _is_apart(before: Atom, atom: Atom) -> bool:
    """Tell whether a space stands between two letters, which then are no single name."""
    letters = before.kind == atom.kind == "sign" and before.text.isalnum() and atom.text.isalnum()
    return letters and before.end != atom.start


def _ends_case(atom: Atom) -> bool:
    return atom.kind == "case" or (atom.kind == "close" and atom.text == "cases")


def _closing(found: Sequence[Atom]) -> dict[int, int]:
    """Return, by the place where an argument begins, the place where it ends."""
    matches: dict[int, int] = {}
    begun: list[int] = []
    for place, atom in enumerate(found):
        if atom.kind == "open":
            begun.append(place)
        elif atom.kind == "close" and begun:
            matches[begun.pop()] = place
    return matches
