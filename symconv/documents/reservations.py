r"""Reservations: words beside which a formula that is false as it stands may be right as meant.

A text restricts in words that are not read as a condition (``for every positive $j$``), asks for
an equation instead of claiming it (``we require $\sum_i p_i = 1$``), or denies it (``it is not
true that``). It says so before the formula, behind it, or in the sentence after it. None of this
makes anything true; it is a reason to leave open what would be called false.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Way: TypeAlias = Literal["restrict it", "ask for it", "deny it"]
"""What words may do to a formula, instead of claiming it for every size and entry."""
_MARKED = re.compile(r"\ue000(\d+)\ue000")
RELATION = re.compile(r"[=<>≤≥≠∈]|\\(?:leq?|geq?|neq?|lt|gt|in|mid|nmid|leqslant|geqslant)\b")
"""What makes a formula relate two things."""
_PLAIN_RELATION = re.compile(
    r"\s*[A-Za-z]{1,2}'*\s*(?:[=<>]|\\(?:leq?|geq?|neq?|lt|gt)\b)\s*\w{1,4}\s*"
)
_LONE = "\ue002"
"""Stands for a formula that relates nothing, such as a letter."""
_QUALITY = (
    r"(?:positive|negative|non-?zero|non-?negative|odd|even|interior|inner|distinct|different"
    r"|unequal|other|remaining)"
)
_NUMBER = r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten)"
_COUNTED = r"(?:lengths?|sizes?|widths?|orders?|taps?|entries|elements|weights|samples|points)"
_RESTRICTS = re.compile(
    rf"\b(?:for|if|when(?:ever)?|where|with|at)\b[^.;:]{{0,40}}\b{_QUALITY}\b[^.;:]{{0,30}}{_LONE}"
    rf"|{_LONE}(?:\s*,?\s*(?:which|that))?\s*(?:is|are|be|being)?\s*(?:not\b|{_QUALITY}\b|larger\b"
    r"|greater\b|smaller\b|less\b|at (?:least|most)\b|above\b|below\b|between\b|inside\b|within\b"
    r"|the (?:first|last)\b)"
    r"|\b(?:other than|except\w*|but not|leaving out|exclud\w+|apart from|aside from"
    r"|all others?|(?<!said )(?<!defined )(?<!written )otherwise|elsewhere|interior"
    r"|inner (?:pixels?|positions?|entries|part)"
    r"|(?:far (?:away )?from|away from|near|close to|at|ignoring) the (?:borders?|boundar\w+"
    r"|edges?))\b",
    re.IGNORECASE,
)
_RESTRICTS_NUMBERS = re.compile(
    rf"\b{_COUNTED}\b(?:\s*(?:of|is|are|equals?|=))?\s*\b{_NUMBER}\b|\b{_NUMBER}[- ]{_COUNTED}\b",
    re.IGNORECASE,
)
"""What gives a number without naming a size, beside a formula that has numbers for indices."""
_NUMBERED = re.compile(r"_\s*(?:\d|\{[^{}]*\d)")
_DENIES = re.compile(
    r"\bnot (?:true|correct|right|hold|the case|valid|always)\b|\bn.t (?:true|hold|work)\b"
    r"|\b(?:is|are|was|were|be) (?:\w+ )?(?:false|wrong|incorrect|untrue|invalid)\b|\bfails?\b"
    r"|^\W*(?:is|are|does|do) (?:it|this|that|the)\b|\bwhether\b|\bcounter-?example"
    r"|\b(?:might|may|could) (?:think|expect|guess|believe|be tempted)\b"
    r"|\b(?:common|frequent|typical|classic|usual|easy|popular) (?:mistake|error|slip|bug|pitfall)"
    r"|\b(?:wrongly|mistakenly|erroneously|naively|incorrectly)\b"
    r"|\b(?:wrong|false|incorrect|buggy|faulty|naive) (?:formula|gradient|derivative|version"
    r"|equation|result|claim|statement|answer|attempt|identity)\b",
    re.IGNORECASE,
)
_EXCEPT = re.compile(r"\b(?:except\w*|unless|but not|not for|not at)\b", re.IGNORECASE)
_ASKS = re.compile(
    r"\b(?:requir\w+|demand\w*|want\w*|wish\w*|impos\w+|enforc\w+|constrain\w*|normali[sz]\w*"
    r"|cent(?:re|er|ring)\w*|subject to|solv(?:e|ing)|distributions?|probabilit\w+"
    r"|stationary|optim\w+|minim\w+|maxim\w+|set|keep\w*|choose|chosen|ensur\w+)\b",
    re.IGNORECASE,
)
_ENDS_IN_NUMBER = re.compile(r"=\s*-?\d+(?:\.\d+)?\s*[.,;]?\s*\Z")
_ENTRIES = re.compile(r"_|\\partial|\\sum|\\frac\s*\{d")
_ANEW = re.compile(
    r"\b(?:(?<!said )(?<!defined )(?<!written )otherwise|elsewhere|in general|generally"
    r"|in (?:the |all )?(?:general|other) cases?"
    r"|(?:all|every|any) other)\b|\b(?:general|arbitrary) \ue000(?P<letter>\d+)\ue000",
    re.IGNORECASE,
)
"""Words that leave behind what was supposed in passing."""
_LOOKS_BACK = re.compile(
    r"^\W*(?:(?:but|and|note|of course|however|again|for simplicity|clearly)\W+(?:that )?)*"
    r"(?:here|above|this|that|it|these|they|both|both of (?:these|them)|in (?:this|these|both)"
    r"|(?:the|our) (?:(?:first|last|second|above|previous|former|latter) )?(?:equations?|formulas?"
    r"|results?|expressions?|identit(?:y|ies)|gradients?|derivatives?|one)"
    r"|we (?:have |had )?(?:assumed|supposed|used|ignored|neglected|omitted|dropped|took|left))\b",
    re.IGNORECASE,
)
_SUPPOSES_BACK = re.compile(
    r"\b(?:only (?:if|when|for|where|in|at|with|without|valid|true|holds?|correct)"
    r"|(?:is|are|holds?|works?) only|assum\w+|suppos\w+|presuppos\w+|ignor(?:es?|ed)"
    r"|neglect(?:s|ed)|omit(?:s|ted)|drop(?:s|ped)|left out|except\w*|unless|restrict\w*"
    r"|not (?:true|hold|valid|correct|right|at|for)|fails?|wrong|false|incorrect)\b",
    re.IGNORECASE,
)
_MISSING = (
    r"(?:outside|out[- ]of[- ](?:range|bounds?)|beyond|not (?:in|inside|between|within)|invalid"
    r"|undefined|(?:do(?:es)? not|don.t|doesn.t) exist)"
)
_NOTHING = (
    r"(?:zeros?|0|ignor\w+|vanish\w*|skipp?\w*|dropp?\w*|omit\w*|left out|nothing|not count\w*"
    r"|disappear\w*|no contribution)"
)
_OUTSIDE = re.compile(
    rf"\b{_MISSING}\b.{{0,80}}\b{_NOTHING}\b|\b{_NOTHING}\b.{{0,60}}\b{_MISSING}\b"
    r"|\b(?:all|only|those|which|whenever|as long as|where|over|valid)\b[^.;:]{0,60}\b(?:valid|in"
    r" range|in bounds|within (?:the )?(?:bounds|range)|defined|exists?)\b"
    r"|\b(?:zero[- ]extended|(?:extended|continued) (?:by|with) zeros?)\b",
    re.IGNORECASE,
)
_FROM_ONE = re.compile(
    r"\b(?:count\w*|start\w*|begin\w*|index\w*|indices|number\w*)\b[^.;:]{0,40}\b(?:from|at|with)"
    r" (?:1|one)\b(?!\s*(?:to|through|up))|\b(?:1|one)[- ](?:based|indexed)\b",
    re.IGNORECASE,
)
_TAG = re.compile(r"\\tag\*?\s*\{([^{}]*[=<>][^{}]*)\}")
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Reservation:
    """What words may mean for a formula that is false as it stands.

    Attributes:
        words: the words.
        way: what they may do to it.
    """

    words: str
    way: Way

    def __str__(self) -> str:
        """Return the reason as a clause."""
        return f"the text says {self.words!r}, which may {self.way}"


def reserved(sentence: str, text_by_number: Mapping[int, str]) -> dict[int, Reservation]:
    """Return what a sentence says of its formulas beside claiming them, by their numbers.

    Args:
        sentence: the words, with a mark for each formula.
        text_by_number: the LaTeX of its formulas.
    """
    words = _with_letters(sentence, text_by_number)
    marks = list(_MARKED.finditer(words))
    found: dict[int, Reservation] = {}
    last: Reservation | None = None
    for place, mark in enumerate(marks):
        # What stands between two formulas is about the second one, and mostly introduces it.
        start = marks[place - 1].end() if place else 0
        end = len(words) if mark is marks[-1] else mark.start()
        formula = text_by_number[int(mark.group(1))]
        own = _reservation(words[start:end], formula)
        if own is None and len(words[start : mark.start()].split()) <= 2:
            own = last
        last = own
        if own is not None:
            found[int(mark.group(1))] = own
    return found


def _reservation(words: str, formula: str) -> Reservation | None:
    tag, asks = _TAG.search(formula), _ASKS.search(words)
    if found := _DENIES.search(words):
        return Reservation(_shown(found.group(), words), "deny it")
    if found := _RESTRICTS.search(words):
        return Reservation(_shown(found.group(), words), "restrict it")
    if (found := _RESTRICTS_NUMBERS.search(words)) and _NUMBERED.search(formula):
        return Reservation(_shown(found.group(), words), "restrict it")
    if tag:
        return Reservation(tag.group(1), "restrict it")
    if asks and (_ENDS_IN_NUMBER.search(formula) or not _ENTRIES.search(formula)):
        return Reservation(_shown(asks.group(), words), "ask for it")
    return None


def looks_back(sentence: str, text_by_number: Mapping[int, str]) -> bool:
    """Tell whether a sentence that claims nothing is about the formula before it."""
    claims = (t for t in text_by_number.values() if RELATION.search(t))
    words = _with_letters(sentence, text_by_number)
    return _LOOKS_BACK.search(words) is not None and all(map(_PLAIN_RELATION.fullmatch, claims))


def reserved_behind(sentence: str, text_by_number: Mapping[int, str]) -> Reservation | None:
    """Return what a sentence that looks back supposes of the formula before it."""
    words = _with_letters(sentence, text_by_number)
    found = _SUPPOSES_BACK.search(words)
    return Reservation(_plain(words), "restrict it") if found else None


def is_denied(sentence: str) -> bool:
    """Tell whether a sentence says where something does not hold."""
    return _DENIES.search(sentence) is not None or _EXCEPT.search(sentence) is not None


def general_places(sentence: str, text_by_number: Mapping[int, str]) -> list[int]:
    """Return where a sentence leaves behind what was supposed before."""
    found = _ANEW.finditer(sentence)
    return [
        item.start()
        for item in found
        if not (item["letter"] and RELATION.search(text_by_number[int(item["letter"])]))
    ]


def outside_words(sentence: str) -> str:
    """Return the words that say what entries outside an array count as, or nothing."""
    found = _OUTSIDE.search(_MARKED.sub("_", sentence))
    return " ".join(found.group().split())[:_SHOWN] if found else ""


def counted_words(sentence: str, text_by_number: Mapping[int, str]) -> str:
    """Return the words that say that positions count from 1, or nothing."""
    found = _FROM_ONE.search(_with_letters(sentence, text_by_number))
    return " ".join(found.group().split())[:_SHOWN] if found else ""


def _with_letters(sentence: str, text_by_number: Mapping[int, str]) -> str:
    """Put in numbers, and a sign for each formula that relates nothing."""

    def shown(found: re.Match[str]) -> str:
        text = text_by_number.get(int(found.group(1)), "").strip()
        if text.isdecimal():
            return text
        return found.group() if RELATION.search(text) else _LONE

    return _MARKED.sub(shown, sentence)


def _shown(found: str, words: str) -> str:
    """Return words as they are told: those that were found, or the sentence where it is short."""
    plain = _plain(words)
    return plain if len(plain) <= _SHOWN else _plain(found)


def _plain(words: str) -> str:
    told = _MARKED.sub("...", words).replace(_LONE, "...").replace("~", " ")
    told = " ".join(told.split()).strip(" .")
    return told if len(told) <= _SHOWN else f"{told[: _SHOWN - 1]}…"
