r"""Sentences around formulas: which of their words restrict what stands in them.

``For $S = 1$ this becomes $$...$$`` restricts the formula behind it, ``$$...$$ unless $P = 0$``
the one before it, ``Assume $P = 0$.`` and a heading such as ``## Unit stride`` all that follows
in their section. What a formula between such words says is read elsewhere; here is found which
formulas belong together. Words that restrict and mean nothing that is known here are told, so
that what they govern is not judged as if they were not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from symconv.documents.contents import Document, Formula, Heading, Words
from symconv.documents.reservations import (
    RELATION,
    counted_words,
    general_places,
    is_denied,
    looks_back,
    outside_words,
    reserved,
    reserved_behind,
)
from symconv.documents.spoken import NOTHING, Cue, Kind, Speech, Spoken
from symconv.documents.wording import meant, possibly, remark, spoken_ranges, unread

_BESIDE = ("unclear", "outside", "from-one")
"""The kinds of words that say something else than a condition."""
_LASTING = ("assume", "let", *_BESIDE)
"""The kinds of words that reach beyond their sentence, up to the end of the section."""
_MARK = "\ue000"
"""Stands for a formula in a sentence, followed by its number and the same sign again."""
_FORMULA = re.compile(rf"{_MARK}(\d+){_MARK}")
_CLUTTER = re.compile(r"</?[A-Za-z][^<>]*>|\]\([^)\s]*\)|\\[A-Za-z]+\*?|[*_`{}\[\]]")
_QUOTED = re.compile(r"^[ \t>]+", re.MULTILINE)
_SENTENCE_END = re.compile(
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bresp)(?<!\bcf)(?<!\beqn)(?<!\beq)(?<!\bfig)(?<!\bsec)(?<!w\.r\.t)"
    r"[.!?](?=[\s)]|\Z)",
    re.IGNORECASE,
)
_PARAGRAPH = re.compile(r"\n[ \t>]*\n\s*")
_LIST_MARK = re.compile(r"\n[ \t>]*(?:[-*+]|\d{1,3}[.)])[ \t]+")
_STATEMENT = re.compile(
    r"\\(?:begin|end)\s*\{(?:theorem|lemma|proposition|corollary|claim|definition|remark|example"
    r"|proof|exercise|problem|solution|assumption|fact|thm|lem|prop|cor|defn?|rem|ex)\*?\}"
    r"|\[\^[^\]\s]{1,40}\]:"
)
"""What begins or ends a theorem, or begins a footnote, and so a sentence."""
_LAST_STOP = re.compile(r"\.\s*(?:\\(?:end\s*\{[^{}]*\}|quad|qquad|,|;)\s*)*\Z")
_ENDS_OPEN = re.compile(r"[,;:]\s*(?:\\end\s*\{[^{}]*\}\s*)*\Z")
_HARMLESS = re.compile(
    r"\b(?:with respect to|for (?:example|instance|short|now|brevity|clarity|convenience"
    r"|simplicity|completeness|later|this|that|these|it|us|the (?:sake|moment|rest))"
    r"|let (?:us|me)|let.s|as (?:if|when)|even (?:if|when|for)|what if|see if"
    r"|unless (?:otherwise|differently|stated|noted|specified|said|mentioned)\b[^,.;]*"
    r"|if (?:you|we|one|it helps|necessary|needed|desired)\b|when (?:you|we|one|it comes)\b)",
    re.IGNORECASE,
)
_CUE = re.compile(
    r"\b(?P<negated>unless|except(?:ing)?(?: for| when| where| if| at)?|but(?: not)? (?:for|at)"
    r"|not (?:for|at|when|where|if)|apart from|aside from|excluding|leaving out|other than)\b"
    r"|\b(?P<assume>assume|suppose)(?: that)?\b"
    r"|\b(?P<let>let|set|take|put|fix|define|denote|write|introduce"
    r"|setting(?! *\|)|putting|fixing)\b"
    r"|\b(?P<if>if|when(?:ever)?|assuming|supposing|provided|providing|given"
    r"|only (?:if|when|for|where)|once|(?:as|so) long as"
    r"|in (?:the |this )?(?:special |simplest? )?case)\b(?: that| of| where| if| when| for)?"
    r"|\b(?P<where>with|where)\b|\b(?P<for>for|under|at|without|no)\b",
    re.IGNORECASE,
)
_EQUIVALENT = re.compile(
    r"\b(?:iff|if and only if|exactly (?:when|if)|precisely (?:when|if))\b", re.IGNORECASE
)
_TELLS = re.compile(
    r"\b(?:becomes?|gets?|gives?|gave|obtains?|yields?|follows?|reads?|have|has|then|so|hence|thus"
    r"|therefore|simplif\w+|reduces?|holds?|vanish\w*|know|find|see|show\w*|comput\w+|called"
    r"|denotes?|means?|defined?|equals|equation|formula|sum|gradient|derivative|respect)\b"
    r"|[,:;]",
    re.IGNORECASE,
)
"""What cannot stand between a word that begins a condition and the condition."""
_JOINS = re.compile(
    r"(?:[\s,;()&]|\b(?:and|both|also|with|for|where|if|when|the|a|an|is|are|of|size|sizes|equal|to"
    r"|strides?|padding|pad|unit|no|zero|one|all|every|any|indices|index|that|i\.e\.)\b)*",
    re.IGNORECASE,
)
"""What stands between two conditions that hold together."""
_ALTERNATIVE = re.compile(r"\bor\b", re.IGNORECASE)
_PLAIN_VALUE = re.compile(r"(?<![\w\\])([A-Z]{1,2})\s*=\s*(\d{1,3}|[A-Z]{1,2})(?![\w])")
_VAGUE_TITLE = re.compile(
    r"\b(?:cases?|special|only|without|unless|except|assum\w+|unit|odd|even|square|larger"
    r"|dilated|grouped|transposed|(?:half|same|full|valid|causal) (?:zero )?(?:padding|conv\w+))\b",
    re.IGNORECASE,
)
LONGEST_SENTENCE = 10_000
"""Limit: what is longer is not heard, and said to be unclear."""
MOST_PENDING = 100
"""Limit: so many conditions are kept for the formula that follows."""


def speech(document: Document) -> Speech:
    """Find what the sentences of a document say of its formulas."""
    found: dict[int, Spoken] = {}
    headings: dict[int, Cue] = {}
    vague: dict[int, str] = {}
    mentioned: dict[int, Cue] = {}
    stretches = list(_stretches(document))
    # Behind the last formula there is nothing that words could restrict.
    while stretches and not any(isinstance(part, Formula) for part in stretches[-1][1]):
        _ = stretches.pop()
    for heading, parts in stretches:
        formulas = [part for part in parts if isinstance(part, Formula)]
        inside = [formula for formula in formulas if formula.in_heading]
        told = [part for part in parts if isinstance(part, Words) or not part.in_heading]
        pending: list[Cue] = []
        previous: list[Formula] = []
        for sentence in _sentences(told):
            _look_back(sentence, found, previous)
            pending = _hear(sentence, found, pending)
            claimed = (f for f in sentence.formulas if not found.get(id(f), NOTHING).introduced)
            previous = [f for f in claimed if _claims(f)]
        left = tuple(cue for cue in pending if cue.kind in _LASTING)
        if left:
            found[id(told[-1])] = replace(found.get(id(told[-1]), NOTHING), left=left)
        if heading is None:
            continue
        if maybe := possibly(heading.title):
            mentioned[id(heading)] = Cue("for", "", maybe, place=heading.start)
        cue = _titled(heading, inside)
        if cue.said:
            headings[id(heading)] = cue
            for formula in cue.said:
                if isinstance(formula, Formula):
                    found[id(formula)] = Spoken(introduced="if")
        elif _VAGUE_TITLE.search(heading.title):
            vague[id(heading)] = heading.title
    return Speech(found, headings, vague, mentioned)


def _stretches(document: Document) -> Iterator[tuple[Heading | None, list[Formula | Words]]]:
    """Yield each heading with the formulas and words up to the next one."""
    heading: Heading | None = None
    parts: list[Formula | Words] = []
    for item in document.items:
        if isinstance(item, Heading):
            yield heading, parts
            heading, parts = item, []
        elif isinstance(item, Formula | Words):
            parts.append(item)
    yield heading, parts


def _titled(heading: Heading, inside: list[Formula]) -> Cue:
    """Read a title: what it says in formulas, in plain letters, and in words."""
    title = _CLUTTER.sub(" ", re.sub(r"\$[^$]*\$|\\\(.*?\\\)", " ", heading.title))
    said: list[Formula | str] = [f for f in inside if RELATION.search(f.source.text)]
    said += [found.group() for found in _PLAIN_VALUE.finditer(title)]
    said += meant(title) if not said else []
    return Cue("if", title.strip(), tuple(said))


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence, with a mark for each of its formulas."""

    text: str
    formulas: tuple[Formula, ...]

    @property
    def texts(self) -> dict[int, str]:
        """The LaTeX of its formulas, by their numbers."""
        numbers = (int(found.group(1)) for found in _FORMULA.finditer(self.text))
        return dict(zip(numbers, (f.source.text for f in self.formulas), strict=True))


def _sentences(stretch: list[Formula | Words]) -> Iterator[_Sentence]:
    """Cut the words around formulas into sentences."""
    pieces: list[str] = []
    formulas: list[Formula] = []
    waiting, behind_display = "", False
    for part in stretch:
        if isinstance(part, Words):
            waiting += f"{part.text}\n\n"
            continue
        pieces.append(_words(waiting + part.before, behind_display, part.display))
        pieces.append(f" {_MARK}{len(formulas)}{_MARK} ")
        formulas.append(part)
        waiting, behind_display = "", part.display
        if part.display and _LAST_STOP.search(part.source.text.rstrip()):
            pieces.append("\n\n")
    pieces.append(_words(waiting, behind_display, False))
    for sentence in "".join(pieces).split("\n\n"):
        numbers = [int(found.group(1)) for found in _FORMULA.finditer(sentence)]
        if sentence.strip():
            yield _Sentence(" ".join(sentence.split()), tuple(formulas[n] for n in numbers))


def _words(text: str, after_display: bool, before_display: bool) -> str:
    r"""Return words with ``\n\n`` where a sentence ends, and nowhere else."""
    parts = _PARAGRAPH.split(_QUOTED.sub("", text))
    pieces = [parts[0]]
    last = parts[0].rstrip()
    blank = not last
    for number, part in enumerate(parts[1:], start=1):
        ends = number == len(parts) - 1 and not part.strip()
        goes_on = last.endswith((":", ",")) or (ends and before_display)
        if blank and after_display:
            goes_on = goes_on or part.lstrip()[:1].islower()
        pieces += [" " if goes_on else "\ue001", part]
        if part.strip():
            last, blank = part.rstrip(), False
        elif not goes_on:
            last, blank = "", False
    marked = _STATEMENT.sub("\ue001", _LIST_MARK.sub("\ue001", "".join(pieces)))
    plain = " ".join(_CLUTTER.sub(" ", marked).split())
    if after_display and plain[:1].isupper():
        # A display often ends its sentence without a full stop.
        plain = f"\ue001{plain}"
    plain = _SENTENCE_END.sub("\ue001", plain)
    return plain.replace("\ue001", "\n\n")


def _hear(sentence: _Sentence, found: dict[int, Spoken], pending: list[Cue]) -> list[Cue]:
    """Take one sentence into account; return what it assumes that no formula has heard yet."""
    if len(sentence.text) > LONGEST_SENTENCE:
        unheard = Cue("unclear", f"a sentence of more than {LONGEST_SENTENCE:,} characters", ())
        for formula in sentence.formulas:
            before = found.get(id(formula), NOTHING)
            found[id(formula)] = replace(before, assumed=(*pending, unheard))
        return [unheard]
    text = _HARMLESS.sub(lambda item: "~" * len(item.group()), sentence.text)
    numbers = [int(item.group(1)) for item in _FORMULA.finditer(text)]
    by_number = dict(zip(numbers, sentence.formulas, strict=True))
    places = {int(item.group(1)): item.start() for item in _FORMULA.finditer(text)}
    cues, texts = list(_cues(text, by_number)), sentence.texts
    general = general_places(text, texts)
    taken = {
        id(part)
        for _, _, cue in cues
        for part in cue.said
        if cue.kind != "let" and isinstance(part, Formula)
    }
    claims = {n: f for n, f in by_number.items() if id(f) not in taken}
    for _, _, cue in cues:
        for formula in cue.said:
            if isinstance(formula, Formula):
                found[id(formula)] = Spoken(introduced=cue.kind)
    told: dict[int, list[Cue]] = {n: [] for n in claims}
    begun: dict[int, list[int]] = {n: [] for n in claims}
    later: list[Cue] = []
    for start, end, cue in cues:
        if cue.kind in _LASTING:
            later.append(cue)
        others = {n: f for n, f in claims.items() if f not in cue.said}
        governed = _governed(text, start, end, others, places)
        governed = [n for n in governed if not _is_done(n, start, begun[n], places)]
        governed = [n for n in governed if not any(start < p < places[n] for p in general)]
        for number in governed:
            told[number].append(cue)
            begun[number].append(start)
        if not governed and cue.kind not in _LASTING:
            later.append(cue)
    rest = _without_cues(text, cues)
    stated, may_hold = _remarked(sentence.text, rest, [cue for _, _, cue in cues], bool(claims))
    if not claims:
        later = [cue for cue in later if cue.kind != "let" or not _in_words(cue)]
    for number in claims:
        told[number] += stated
    may_hold += _told_beside(sentence)
    may_hold += [Cue("for", "", said) for said in (possibly(sentence.text),) if said]
    later += [*(stated if not claims else ()), *may_hold]
    marks = {f"{_MARK}{n}{_MARK}": latex for n, latex in texts.items()}
    for given in spoken_ranges(text, marks):
        words = " ".join(_FORMULA.sub("...", text[given.start : given.end]).split())
        cue = Cue("assume", words, (given.said,))
        for number, place in places.items():
            if given.start <= place < given.end:
                found[id(by_number[number])] = Spoken(introduced="if")
        others = {n: f for n, f in claims.items() if not given.start <= places[n] < given.end}
        governed = _governed(text, given.start, given.end, others, places)
        for number in governed:
            told[number].append(replace(cue, kind="if"))
        later += [cue] * (not governed)
        if given.without_end:
            may_hold.append(Cue("for", words, (given.without_end,)))
            later.append(may_hold[-1])
    restricts, reservations = unread(rest), reserved(rest, texts) if claims else {}
    equivalent = _EQUIVALENT.search(text)
    for number, formula in claims.items():
        unclear = ""
        if restricts is not None and _reaches(restricts, places[number], claims, places):
            unclear = " ".join(_FORMULA.sub("...", restricts.group()).replace("~", " ").split())
        if (
            equivalent
            and places[number] < equivalent.start()
            and RELATION.search(formula.source.text)
        ):
            unclear = equivalent.group()
        before = found.get(id(formula), NOTHING)
        spoken = replace(
            before,
            cues=tuple(told[number]),
            unclear=unclear,
            reserved=reservations.get(number),
            general=any(place < places[number] for place in general),
        )
        if pending:
            section = tuple(cue for cue in pending if cue.kind in _LASTING)
            spoken = replace(spoken, assumed=section)
            spoken = replace(spoken, mentioned=tuple(c for c in pending if c not in section))
            pending = []
        beside = tuple(cue for cue in may_hold if cue.kind in _BESIDE)
        spoken = replace(
            spoken,
            assumed=(*spoken.assumed, *beside),
            mentioned=(*spoken.mentioned, *may_hold),
        )
        found[id(formula)] = spoken
    if equivalent:
        for number, formula in claims.items():
            if places[number] > equivalent.start() and not formula.display:
                found[id(formula)] = Spoken(introduced="if")
    return _few([*pending, *later])


def _look_back(sentence: _Sentence, found: dict[int, Spoken], previous: list[Formula]) -> None:
    """Let formulas know what the sentence behind theirs says of them."""
    if len(sentence.text) > LONGEST_SENTENCE or not previous:
        return
    texts = sentence.texts
    if not looks_back(sentence.text, texts) and not any(_told_beside(sentence)):
        return
    conditions = [formula for formula in sentence.formulas if _claims(formula)]
    said = (*conditions, *meant(_FORMULA.sub(" ", sentence.text)))
    cue = Cue("for", "", said, negated=is_denied(sentence.text))
    for formula in previous:
        spoken = found.get(id(formula), NOTHING)
        assumed = (*spoken.assumed, *_told_beside(sentence))
        spoken = replace(spoken, assumed=assumed)
        if looks_back(sentence.text, texts):
            behind = reserved_behind(sentence.text, texts)
            mentioned = (*spoken.mentioned, *((cue,) if said else ()))
            spoken = replace(spoken, mentioned=mentioned)
            if not said:
                spoken = replace(spoken, reserved=spoken.reserved or behind)
        found[id(formula)] = spoken


def _told_beside(sentence: _Sentence) -> list[Cue]:
    """Return what words say of entries outside an array, and of how positions count."""
    outside = outside_words(sentence.text)
    counted = counted_words(sentence.text, sentence.texts)
    return [
        *([Cue("outside", outside, ())] if outside else []),
        *([Cue("from-one", counted, ())] if counted else []),
    ]


def _few(cues: list[Cue]) -> list[Cue]:
    """Return what is pending without what was just said; too much of it is not understood."""
    cues = [cue for cue, before in zip(cues, [None, *cues], strict=False) if cue != before]
    if len(cues) <= MOST_PENDING:
        return cues
    return [Cue("unclear", f"more than {MOST_PENDING} conditions", ())]


def _in_words(cue: Cue) -> bool:
    return all(isinstance(part, str) for part in cue.said)


def _remarked(
    sentence: str, rest: str, cues: list[Cue], claims: bool
) -> tuple[list[Cue], list[Cue]]:
    """Return what a sentence states in words alone, and what it only may say of what follows.

    Args:
        sentence: its words.
        rest: the same without what was understood as a condition.
        cues: the conditions in it.
        claims: whether it holds formulas that claim something.
    """
    found = remark(_FORMULA.sub(" ", rest if claims else sentence))
    if found.unclear:
        return [], [Cue("unclear", found.unclear, ())]
    heard = {part for cue in cues if claims or cue.kind == "assume" for part in cue.said}
    said = tuple(part for part in found.said if part not in heard)
    if not said:
        return [], []
    if found.stated:
        return [Cue("if" if claims else "assume", "", said)], [Cue("for", "", said)] * claims
    return [], [Cue("for", "", said)]


def _cues(text: str, formulas: Mapping[int, Formula]) -> Iterator[tuple[int, int, Cue]]:
    """Yield what restricts in a sentence, with where it begins and ends."""
    position = 0
    while found := _CUE.search(text, position):
        position = found.end()
        kind: Kind = "if"
        match found.lastgroup:
            case "assume":
                kind = "assume"
            case "let":
                kind = "let"
            case "for":
                kind = "for"
            case "where":
                kind = "where"
            case _:
                kind = "if"
        said: list[Formula | str] = []
        end = position
        limit = _TELLS.search(text, position)
        last = limit.start() if limit else len(text)
        words = text[found.start() : last]
        for item in _FORMULA.finditer(text, position):
            between = text[end : item.start()]
            excepted = _CUE.search(between)
            if excepted and excepted["negated"]:
                break
            if said:
                joined = _JOINS.fullmatch(between) is not None
            else:
                gap = _FORMULA.sub("", between)
                joined = item.start() <= last and len(gap.split()) <= 8
                joined = joined or _JOINS.fullmatch(gap) is not None
            formula = formulas[int(item.group(1))]
            holds = RELATION.search(formula.source.text) and not formula.display
            if said and not joined:
                break
            if not said and item.start() > last and not joined:
                break
            if not holds:
                if said or formula.display:
                    break
                continue
            if said and _ALTERNATIVE.search(between):
                break
            said.append(formula)
            end = item.end()
        if not said:
            values = meant(words)
            if values:
                following = _FORMULA.search(text, position)
                said.extend(values)
                end = min(last, following.start() if following else last)
        if said:
            yield found.start(), end, Cue(kind, found.group(), tuple(said), bool(found["negated"]))
            position = max(end, position)


def _governed(
    text: str,
    start: int,
    end: int,
    claims: Mapping[int, Formula],
    places: Mapping[int, int],
) -> list[int]:
    """Return the formulas of a sentence that a condition in it restricts."""
    before = [n for n in claims if places[n] < start and _claims(claims[n])]
    after = [n for n in claims if places[n] >= end and _claims(claims[n])]
    if not before or not after:
        return before or after
    nearest = max(before, key=lambda n: places[n])
    mark = f"{_MARK}{nearest}{_MARK}"
    between = text[places[nearest] + len(mark) : start]
    adjacent = len(between.split()) <= 2 and not re.search(r"\band\b|\bbut\b|;", between)
    return [nearest] if adjacent else after


def _is_done(number: int, start: int, begun: list[int], places: Mapping[int, int]) -> bool:
    """Tell whether a formula has its own condition behind it, and another formula follows that."""
    behind = [place for place in begun if place > places[number]]
    return any(min(behind) < place < start for place in places.values()) if behind else False


def _claims(formula: Formula) -> bool:
    return RELATION.search(formula.source.text) is not None


def _reaches(
    words: re.Match[str], place: int, claims: Mapping[int, Formula], places: Mapping[int, int]
) -> bool:
    """Tell whether words that are not understood may restrict the formula at a place."""
    behind = [n for n in claims if places[n] > words.start() and _claims(claims[n])]
    return place > words.start() if behind else True


def _without_cues(text: str, cues: list[tuple[int, int, Cue]]) -> str:
    """Blank what was understood."""
    pieces: list[str] = []
    done = 0
    for start, end, _ in cues:
        pieces += [text[done:start], "~" * (end - start)]
        done = end
    return "".join([*pieces, text[done:]])
