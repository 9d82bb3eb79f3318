r"""Words beside formulas: which of them begin a condition, and which only explain.

``\text{provided that } P = 0`` restricts the formula before it, ``\text{(by the chain
rule)}`` does not. Words of which neither is certain are not guessed: the formula beside them
may say less than what stands there, so it is not judged without them.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from symconv.latex.spellings import FOR, IF, WHERE

Keyword: TypeAlias = Literal["", "where", "if", "for", "unclear"]
"""What a clause begins with; ``unclear`` for words or brackets that may restrict a formula."""

Role: TypeAlias = Keyword | Literal["remark", "operand"]
"""What words are; an operand is a name set in text, such as ``\\text{rows}``."""

_KEYWORDS: Final[dict[str, Keyword]] = {
    **dict.fromkeys([WHERE, "with", "since", "as", "because", "because of"], "where"),
    **dict.fromkeys([IF, "when", "whenever", "as long as", "so long as", "under"], "if"),
    **dict.fromkeys(
        [
            f"{word}{that}"
            for word in ("assuming", "assume", "provided", "providing", "given", "supposing")
            for that in ("", " that")
        ],
        "if",
    ),
    **dict.fromkeys(["suppose", "suppose that", "in case", "in the case", "in case of"], "if"),
    **dict.fromkeys(["in the case of", "in the case that", "in the case where"], "if"),
    **dict.fromkeys([FOR, "for all", "for any", "for every", "for each", "forall"], "for"),
}
_BEFORE = re.compile(r"(?:(?:and|but|only|valid|true|holds|hold|that|which|this|is|it|here) )*")
"""Words before one that begins a condition."""
_HARMLESS: Final = frozenset(
    [
        *("and", "so", "hence", "then", "thus", "therefore", "finally", "now", "let", "we"),
        *("by", "since", "because", "as", "from", "using", "that", "i", "here", "define"),
    ]
)
"""First words of remarks that change nothing about the formula beside them."""
_PHRASES: Final = (
    *("with respect to", "for example", "for instance", "for short", "for now", "for clarity"),
    *("for simplicity", "for convenience", "for brevity", "for later", "see"),
)
"""First words of remarks that begin as a condition does."""
_EXPLAINING: Final = frozenset(
    [
        *("is the", "are the", "is a", "is an", "denotes", "denotes the", "denote", "denote the"),
        *("means", "stands for", "refers to", "represents", "is our", "is some", "are our"),
    ]
)
"""First words behind a name that tell what it is."""
_RESTRICTING: Final = frozenset(
    [
        *("if", "iff", "when", "whenever", "where", "unless", "except", "only", "provided"),
        *("providing", "assuming", "assume", "assumed", "suppose", "supposing", "otherwise"),
        *("odd", "even", "zero", "divides", "divisible", "equals", "without"),
    ]
)
"""Words that may restrict a formula wherever they stand in a remark."""
_SOURCES: Final = frozenset(["by", "using", "from", "hence", "thus", "therefore", "finally", "we"])
"""First words of remarks in which some more words restrict nothing."""
_SOMETIMES: Final = frozenset(
    [
        *("for", "with", "one", "unit", "given", "case", "cases", "equal", "positive"),
        *("negative", "square", "single"),
    ]
)
_DEFINING: Final = frozenset(
    ["let", "set", "stride", "padding", "no", "not", "but", "or", "same", "valid", "none"]
)
"""Further words that may say under which conditions the rows below them hold."""
WORDS: Final = frozenset(
    [
        *("prev", "previous", "next", "new", "old", "in", "out", "input", "output", "hidden"),
        *("left", "right", "top", "bottom", "before", "after", "first", "last", "pad", "padded"),
        *("max", "min", "avg", "mean", "total", "sum", "best", "opt", "init", "cur", "curr", "tmp"),
        *("pred", "true", "target", "train", "test", "val", "data", "reg", "loss", "err", "error"),
        *("pos", "neg", "low", "high", "rot", "flip", "full", "same", "valid", "conv", "pool"),
        *("up", "down", "eff", "raw", "norm", "bias", "grad", "row", "col", "res", "act"),
    ]
)
"""What a subscript spells that names an array, and is no row of indices."""
_MATHEMATICS = re.compile(r"[=<>≤≥≠≡∈$\\|_^]")


def role_of(text: str) -> Role:
    """Tell what words beside a formula do to it."""
    inner = " ".join(text.lower().split()).strip("()[] .,;:~")
    if not inner:
        return "remark"
    if _MATHEMATICS.search(inner):
        return "unclear"
    keyword = _KEYWORDS.get(_BEFORE.sub("", inner, count=1))
    if keyword is not None:
        return keyword
    words = re.findall(r"[a-z]+", inner)
    if not words or inner.startswith(_PHRASES):
        return "remark"
    restricting = _RESTRICTING if words[0] in _SOURCES else _RESTRICTING | _SOMETIMES
    if words[0] in _HARMLESS and restricting.isdisjoint(words[1:]):
        return "remark"
    named = re.fullmatch(r"[A-Za-z]\w+", text.strip()) and inner not in _RESTRICTING
    return "operand" if named else "unclear"


def passes_over(text: str) -> bool:
    """Tell whether words that fill a row of their own leave the rows around them alone."""
    words = re.findall(r"[a-z]+", text.lower())
    return (
        len(words) > 1
        and not _MATHEMATICS.search(text)
        and role_of(text) in ("unclear", "remark")
        and (_RESTRICTING | _SOMETIMES | _DEFINING).isdisjoint(words)
    )


def begins_a_claim(text: str) -> bool:
    """Tell whether words behind a condition begin what holds under it: then, we have."""
    return text.lower().split()[:1] in (["then"], ["we"], ["it"], ["this"])


def is_keyword(text: str) -> bool:
    """Tell whether words begin a condition or an explanation of names."""
    return role_of(text) in ("where", "if", "for")


def explains_a_name(text: str) -> bool:
    r"""Tell whether words behind a name say what it is: ``where $S$ is the stride``."""
    words = re.findall(r"[a-z]+", text.lower())
    known = " ".join(words[:1]) in _EXPLAINING or " ".join(words[:2]) in _EXPLAINING
    return known and not _MATHEMATICS.search(text) and _RESTRICTING.isdisjoint(words)
