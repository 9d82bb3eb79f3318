"""What words without a formula mean: values of sizes, restrictions, and what is only mentioned.

``The stride is one.`` says of all that follows what ``Assume $S = 1$.`` would. Words that only
mention a value (``a stride of 1 is common``) may restrict what follows, or not: it is then judged
both ways. Words that restrict and mean nothing that is known here are told as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

NO_BIAS = "b = 0"
"""What a bias left out in words means: all its entries are 0."""
_NUMBERS = {"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "none": "0"}
_NUMBER = (
    rf"(?P<n>\d{{1,3}}|{'|'.join(_NUMBERS)})\b"
    r"(?!\s*(?:of\b|or\b|to\b|[-/.,]\d|(?:x|\xd7)\s*\d"
    r"|and (?:\d|one|two|three|zero)\b(?![- ]*pad)))"
)
_IS = (
    r"(?:\s+(?:of|is|are|be|equals?|stays?|remains?|equal|fixed|set|kept|taken|chosen|always|now"
    r"|both|all|simply|just|again|to|at|size|only)){0,6}(?:\s*[=:|]\s*|\s+)"
)
_FREE = r"(?:arbitrary|any|general|variable|unrestricted)"
_UNIT_STRIDE = (
    r"\bunit[- ]strides?\b|\bnon-strided\b|\bunstrided\b"
    r"|\b(?:steps?|hops?) of (?:one|1|a single) (?:pixel|position|entry|cell)s?\b"
    r"|\b(?:moves?|slides?|shift\w*|steps?)\b[^.,;:]{0,40}\bby (?:one|1|a single)"
    r" (?:pixel|position|step|entry|cell)\b"
)
_NO_PADDING = (
    r"\b(?:no|without(?: any)?|not \w+(?: any)?|(?:ignor\w+|omit\w*|drop\w*|neglect\w*)(?: the)?)"
    r"(?: zero)?[- ]?pad(?:ding)?\b|\b(?:unpadded|(?:not|never) padded|padded by zero\b(?!s))\b"
    r"|\b(?:do|does|did) not (?:\w+ )?pad\b|\bdon.t pad\b|\bnever pads?\b|\bpad nothing\b"
    r"|\bnothing is padded\b"
    r"|\bpadding is (?:not used|ignored|omitted|dropped|neglected|left out|absent)\b"
    r"|\bvalid (?:padding|convolutions?|cross-?correlations?)\b"
)
_WITHOUT_BIAS = (
    r"\b(?:no|without(?: any| an?)?|ignor\w+|omit\w*|drop\w*|neglect\w*|leav\w+ out)"
    r"(?: the)? bias(?:es)?\b|\bbias is (?:ignored|omitted|dropped|left out|zero|0)\b"
)
_MEANINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), latex)
    for pattern, latex in (
        (_UNIT_STRIDE, "S = 1"),
        (rf"\bstrides?{_IS}{_NUMBER}", "S = {n}"),
        (
            rf"\b{_FREE} strides?\b|\bstrides? (?:is|are|be) (?:now |again |of )?{_FREE}\b",
            "S = S",
        ),
        (_NO_PADDING, "P = 0"),
        (rf"\bpad(?:ding)?{_IS}{_NUMBER}", "P = {n}"),
        (
            rf"\b{_FREE} padding\b|\bpadding (?:is|be) (?:now |again |of )?{_FREE}\b",
            "P = P",
        ),
        (r"\bsquare (?:inputs?|images?)\b|\b(?:inputs?|images?) (?:is|are) square\b", "H = W"),
        (
            r"\bsquare (?:filters?|kernels?)\b|\b(?:filters?|kernels?) (?:is|are) square\b",
            "HH = WW",
        ),
        (r"\b(?:one|(?:a )?single) image\b|\bbatch(?: size)?(?: of)? (?:1|one)\b", "N = 1"),
        (r"\b(?:one|(?:a )?single) (?:filter|kernel)\b", "F = 1"),
        (r"\b(?:one|(?:a )?single)[- ](?:input )?channel\b", "C = 1"),
        (r"\b1\s?(?:x|\xd7)\s?1 (?:filters?|kernels?|convolutions?)\b", "HH = WW = 1"),
        (_WITHOUT_BIAS, NO_BIAS),
    )
)
"""What words mean without a formula, in the sizes of the usual layers; ``S = S`` sets free."""
_ZERO_PADDING = re.compile(r"\bzero[- ]padding\b", re.IGNORECASE)
"""Padding with zeros, or none of it."""
_ABOUT = re.compile(
    r"strid|pad|kernel|filter|input|image|output|size|batch|bias|window|remainder|height|width"
    r"|channel|ind(?:ex|ices)|position|dilat|border|boundar|edge|mov|slid|shift|step|conv|corr",
    re.IGNORECASE,
)
"""Stems without one of which a sentence says nothing of a layer."""
_NOUN = (
    r"(?:strides?|padding|kernels?|filters?|inputs?|images?|outputs?|sizes?|batch|bias|windows?"
    r"|remainders?|heights?|widths?|channels?|ind(?:ex|ices)|positions?|dilation)"
)
_SUBJECT = "".join(
    rf"(?<!\b{place} {article})"
    for place in ("of", "in", "into", "inside", "outside", "beyond", "around")
    for article in ("", "the ", "an ", "a ")
)
"""Not behind words after which a noun says where, and is not what a sentence is about."""
_UNREAD = (
    re.compile(
        r"\b(?:unless|except(?:ing| for| when| where| if| at)?\b|but for|apart from|excluding"
        r"|only (?:if|when|for|where|in)|in the interior|(?:away from|ignoring|neglecting) the"
        r" (?:borders?|boundar\w+|edges?|padding)|without (?:a |the |any )?bias|no bias"
        r"|up to an? (?:\w+ )?(?:constant|factor))\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:if|when(?:ever)?|provided|assuming|assume|suppose|as long as)\b[^,:;]*\b{_NOUN}\b"
        r"[^,:;]*\b(?:is|are|equals?|divides?|larger|smaller|greater|less|exceeds?|odd|even"
        r"|least|most|square|fits?)\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:for|with)\b[^,:;]*\b(?:odd|even|divisible|non-?overlapping|symmetric|larger?"
        rf"|smaller?|greater|wide|dilated)\b[^,:;]*\b{_NOUN}\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:if|when|where|provided|assuming)\b[^,:;]*\b(?:divid\w+|divisible)\b", re.IGNORECASE
    ),
)
"""Words that restrict, where nothing tells to what."""
_RESTRICTS = (
    re.compile(
        r"\b(?:assum\w+|suppos\w+|restrict\w*|requir\w+|insist\w*|confine\w*|limit (?:ourselves"
        r"|myself|attention)|only consider|consider only|provided|as long as)\b"
        rf"[^:;]{{0,100}}\b(?:{_NOUN}|borders?|boundar\w+|edges?)\b[^:;.]{{0,60}}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_SUBJECT}\b{_NOUN}\b[^,:;]{{0,40}}\b(?:is|are|must|has to|have to|will be|equals?"
        r"|stays?)\b"
        r"[^,:;]{0,40}\b(?:odd|even|square|symmetric|divisible|constant|non-?overlapping|disjoint"
        rf"|multiple|periodic|circular|{_NUMBER.replace('?P<n>', '?:')})",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b{_NOUN}\b[^,:;]{{0,40}}\b(?:divides?|(?:do(?:es)? not|don.t|doesn.t|never) overlap"
        r"|fits?|exceeds?)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:ignor\w+|neglect\w*|omit\w*|leav\w+ out|leave aside|drop|drops|disregard\w*|forget"
        rf" about|do not (?:use|treat)|don.t (?:use|treat))\b[^,:;]{{0,40}}\b(?:{_NOUN}|borders?"
        r"|boundar\w+|edges?)\b",
        re.IGNORECASE,
    ),
)
"""Words of a sentence of its own that restrict what follows, where nothing tells to what."""
_STATES = (
    re.compile(
        r"\b(?:we|i|let us|let.s|there)\b[^.;:]{0,60}\b(?:use|take|assume|suppose|consider"
        r"|restrict|keep|fix|set|choose|pick|work|treat|handle|look|deal|ignore|omit|drop|neglect|leave|have|is|are|apply|add|move|slide"
        r"|shift|limit|stay|do not|don.t)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"^\W*(?:\w+,? )?(?:assume|suppose|assuming|let|take|set|fix|use|ignore|ignoring|keep"
        r"|consider|choose|pick)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:from (?:now|here) on(?:wards?)?|throughout|in (?:all )?(?:what|that) follows"
        r"|in the following|hereafter|henceforth|for (?:simplicity|now|brevity|the rest|ease)"
        r"|in this (?:section|post|chapter|paper|note|part|article)|here|now|again|always)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"^\W*(?:(?:the|our|its|all|both|every|each) (?:\w+ ){0,2})?(?:strides?|padding|inputs?"
        r"|images?|filters?|kernels?|bias)\b[^.,;:]{0,20}\b(?:is|are|equals?|stays?|remains?)\b",
        re.IGNORECASE,
    ),
)
"""How a sentence states something for what follows, instead of mentioning it."""
_GENERAL = re.compile(
    r"\b(?:usual\w*|often|typical\w*|sometimes|mostly|default\w*|common\w*|popular|was|were|had"
    r"|previous\w*|(?:last|next|other|another) (?:\w+ )?(?:section|time|post|part|chapter|example"
    r"|one|paragraph))\b",
    re.IGNORECASE,
)
"""Words that tell of other things than of what follows."""
_HEDGES = re.compile(
    r"\?|\b(?:no longer|never|would|could|may|might|can|cannot|e\.g|such as|like|earlier|later"
    r"|(?:for|an?|this|our) (?:example|instance)|before|above|so far|many|some|whether|unless|until"
    r"|if|when\w*|used to|should|instead|or|but|except|however|exercise\w*|see|seen|saw|shows?"
    r"|shown|knows?|known|notice|recall\w*|remember|happens?|means?|explain\w*|discuss\w*|compar\w+"
    r"|leads?|shrinks?|called|why|how|what|which|because|since|readers?|you|familiar)\b",
    re.IGNORECASE,
)
"""Words beside which a value is only mentioned, as far as can be told."""
_NOT_AT_ALL = re.compile(r"\b(?:readers?|familiar|know\w*|recall|remember)\b", re.IGNORECASE)
_FRAMES = re.compile(r"\b(?:in|for) what follows\b|\bfor (?:example|instance),?", re.IGNORECASE)


_END = r"(?P<{}>\ue000\d+\ue000|\d{{1,3}}\b|zero\b|one\b)"
_RUNS = (
    r"(?:\s+(?:is|lies|runs?|running|ranges?|ranging|goes|going|varies|taken|takes|all|values))*"
)
_IN_SET = re.compile(
    rf"(?P<index>\ue000\d+\ue000){_RUNS}\s+(?:in|over|through|from)\s+"
    r"(?:the (?:set|range|interval)\s+)?(?P<set>\ue000\d+\ue000)(?!\s+(?:up )?to\b)",
    re.IGNORECASE,
)
_FROM_TO = re.compile(
    rf"(?P<index>\ue000\d+\ue000){_RUNS}\s+(?:from|between)\s+{_END.format('lower')}\s+"
    rf"(?:(?:up )?to|and|through)(?P<both>(?: and)? including)?\s+{_END.format('upper')}"
    r"(?P<inclusive>,?\s*\(?inclusive)?",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"\s*[A-Za-z]'*(?:\s*,\s*[A-Za-z]'*)*\s*")
_SET = re.compile(r"\s*(?:\\left)?\s*(?:\\\{|[\[(]).*(?:\\\}|[\])\[])\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SpokenRange:
    """A range that words give to indices, between formulas.

    Attributes:
        start: where its words begin.
        end: where they end.
        said: the range as LaTeX, with its upper end.
        without_end: the same without it, where words leave open whether it belongs to it.
    """

    start: int
    end: int
    said: str
    without_end: str = ""


def spoken_ranges(sentence: str, text_by_mark: Mapping[str, str]) -> list[SpokenRange]:
    """Find ranges such as ``$k$ runs from $0$ to $M$`` and ``$k$ in $[0, M)$``.

    Args:
        sentence: the words, with a mark for each formula.
        text_by_mark: the LaTeX of the formulas.
    """
    found: list[SpokenRange] = []
    for item in _IN_SET.finditer(sentence):
        index, values = text_by_mark[item["index"]], text_by_mark[item["set"]]
        if _LETTERS.fullmatch(index) and _SET.fullmatch(values) and "," in values:
            found.append(SpokenRange(*item.span(), f"{index} \\in {values}"))
    for item in _FROM_TO.finditer(sentence):
        index = text_by_mark[item["index"]]
        lower, upper = (
            text_by_mark.get(item[end], _NUMBERS.get(item[end].lower(), item[end]))
            for end in ("lower", "upper")
        )
        if _LETTERS.fullmatch(index) and not re.search(r"[=<>,]|\\(?:le|in)", lower + upper):
            both = item["both"] or item["inclusive"]
            open_end = "" if both else f"{lower} \\le {index} < {upper}"
            found.append(SpokenRange(*item.span(), f"{lower} \\le {index} \\le {upper}", open_end))
    return found


@dataclass(frozen=True, slots=True)
class Remark:
    """What a sentence says in words alone.

    Attributes:
        said: LaTeX for what its words mean.
        stated: whether it states this for what follows; else it may.
        unclear: words that may restrict what follows and are not understood.
    """

    said: tuple[str, ...] = ()
    stated: bool = False
    unclear: str = ""


def remark(sentence: str) -> Remark:
    """Tell what the words of one sentence may put on all that follows."""
    if not _ABOUT.search(sentence):
        return Remark()
    said = tuple(meant(sentence))
    plain = _FRAMES.sub(" ", sentence)
    if _GENERAL.search(plain):
        return Remark()
    hedged = _HEDGES.search(plain) is not None
    if said:
        states = any(pattern.search(sentence) for pattern in _STATES)
        return Remark(said, stated=states and not hedged)
    if hedged and (not _ASSUMES.search(plain) or _NOT_AT_ALL.search(plain)):
        return Remark()
    found = first_of(_RESTRICTS, sentence)
    return Remark(unclear=" ".join(found.group().split()) if found else "")


_ASSUMES = re.compile(r"\b(?:assum\w+|suppos\w+|restrict\w*|requir\w+)\b", re.IGNORECASE)


def unread(words: str) -> re.Match[str] | None:
    """Find words that restrict a formula of their sentence, where nothing tells to what."""
    return first_of(_UNREAD, words)


def first_of(patterns: tuple[re.Pattern[str], ...], text: str) -> re.Match[str] | None:
    """Return what the first pattern finds that finds anything."""
    return next((found for pattern in patterns if (found := pattern.search(text))), None)


def meant(words: str) -> list[str]:
    """Return what words mean without a formula, as LaTeX."""
    found: list[str] = []
    for pattern, latex in _MEANINGS:
        item = pattern.search(words)
        if item is not None:
            number = item.groupdict().get("n")
            value = _NUMBERS.get(number.lower(), number) if number else ""
            found.append(latex.format(n=value))
    return list(dict.fromkeys(found))


def possibly(words: str) -> tuple[str, ...]:
    """Return what words may mean without a formula, as LaTeX, where they have two senses."""
    return ("P = 0",) if _ZERO_PADDING.search(words) else ()
