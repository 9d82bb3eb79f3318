"""Documents checked: every formula accounted for, every equality judged where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import TypeAlias

from symconv.algebra.expressions import Iverson, Mul, Number, Statement, claim, product_factors
from symconv.algebra.indices import as_integer, condition_text, equal
from symconv.documents.contents import Document, Listing, Trouble
from symconv.documents.declarations import Declared
from symconv.documents.judging import STATES_NOTHING, Judge, suppositions
from symconv.documents.listings import not_run
from symconv.documents.other_conventions import OUT_OF_RANGE, zero_extended
from symconv.documents.outline import Outline, outline
from symconv.documents.reading import (
    CONDITION,
    RANGE_ELSEWHERE,
    ReadFormula,
)
from symconv.documents.renewing import named_on_the_left, used_arrays
from symconv.documents.source import SourceFile, SourceText
from symconv.documents.standing_conditions import condition_found, size_relations
from symconv.documents.unread import MOST_UNREAD, hangs_on
from symconv.latex.reading.context import Context
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import (
    Abbreviation,
    ArrayDefinition,
    Equality,
    ExampleSize,
    Item,
    NoStatement,
    Unreadable,
)
from symconv.proof.smt import solver_name
from symconv.verdicts import Judgement, Kind, Note, Report, Result, Verdict, where_text
from symconv.verification import Progress, run

RunListings: TypeAlias = Callable[[Outline, Listing], Result]

DEFINE_ANEW = "write 'now let' before an equation that gives a name another meaning"
SAY_CONDITION = "say the condition beside the equation, such as: \\text{if } P = 0"
BASE = "declare it: symconv: index-base 1"
GUARD = "put a bracket before the entry, such as: [0 \\le i < H]"
PLAINLY = "where it is claimed, say so in other words"
LONGEST_STATEMENT = 400
LONGEST_LINE = 80
"""How much is shown of a line in which something was left open."""

_CLUTTER = re.compile(
    r"\\(?:begin|end)\s*\{(?:equation|align|alignat|flalign|eqnarray|gather|multline|split"
    r"|aligned|gathered|displaymath|math|dmath)\*?\}"
    r"|\\(?:label|tag\*?)\s*\{[^{}]*\}|\\(?:nonumber|notag)\b|(?<!\\)&|\\\\(?:\[[^\]]*\])?"
)


def check_documents(
    documents: Iterable[Document],
    known: Declared,
    *,
    progress: Progress | None = None,
    run_listings: bool = False,
) -> Report:
    """Give every formula of some documents its verdict, in one report.

    Args:
        documents: the documents, in the order in which they are reported.
        known: what was declared beside them.
        progress: called before each formula.
        run_listings: whether Python listings are run in a process of their own, and what
            they compute is compared with the layer.

    Returns:
        The report. Each result has its place, `Result.location`.
    """
    outlines = [outline(document, known) for document in documents]
    judge = Judge()
    work = [
        task
        for read in outlines
        for task in tasks(read, judge.for_another_document(), run_listings=run_listings)
    ]
    layers = dict.fromkeys(
        item.context.layer.name for item in outlines if item.context.layer is not None
    )
    report = run(work, progress, layer=", ".join(layers) or None, solver=solver_name())
    passing = sum(
        task.in_passing and result.verdict is not None
        for task, result in zip(work, report.results, strict=True)
    )
    if passing:
        said = f"{passing} of them on a range that the text says in passing: see there"
        report.notes = (Note("scope", said),)
    return report


def check_document(
    document: Document, known: Declared, *, run_listings: bool = False
) -> tuple[Result, ...]:
    """Give every formula of one document its verdict."""
    return check_documents([document], known, run_listings=run_listings).results


@dataclass(frozen=True, slots=True)
class DocumentTask:
    """One thing in a document that gets a result.

    Attributes:
        statement: what stands there, on one line.
        location: ``file:line:column``.
        claims: whether it is judged, or could not be read; the rest is accounted for.
        assumptions: what its verdict supposes beyond the layer's constraints.
        judge: how to get the result.
        in_passing: whether it rests on a range that the text says in passing.
    """

    statement: str
    location: str
    claims: bool
    judge: Callable[[], Result]
    assumptions: tuple[str, ...] = ()
    in_passing: bool = False

    @property
    def name(self) -> str:
        """Where it stands."""
        return self.location

    def run(self) -> tuple[Result]:
        """Get the result, with the time that it took."""
        start = perf_counter()
        result = self.judge()
        if result.method == "proof":
            result = replace(result, seconds=perf_counter() - start)
        return (result,)


def tasks(read: Outline, judge: Judge, *, run_listings: bool = False) -> Iterator[DocumentTask]:
    """Yield everything in a document that gets a result, in order; nothing is judged yet."""
    runs = _runner(read, run_listings)
    for part in read.parts:
        match part:
            case Trouble():
                yield _settled(_trouble(read.file, part))
            case Listing():
                plain = not_run(read, part)
                claims = run_listings or plain.code == "not-python"
                yield DocumentTask(
                    plain.statement, plain.location or "", claims, partial(runs, read, part)
                )
            case ReadFormula():
                for number, item in enumerate(part.reading.items):
                    related = list(_related(part, item, judge))
                    for equality in related or [item]:
                        yield _task(read.file, part, number, equality, judge)


def _related(part: ReadFormula, item: Item, judge: Judge) -> Iterator[Equality]:
    """Yield equations between given sizes where what is assumed of them settles one at least.

    What neither follows from the assumptions nor contradicts them is one more assumption.
    """
    if not isinstance(item, NoStatement) or item.reason == CONDITION or not part.formula.display:
        return
    text = part.formula.source.text
    start, end = item.span
    found = list(size_relations(text[start:end], item.reason, part.context))
    settled = False
    for span, statement in found:
        settled = settled or _is_settled(text, span, part.context, statement, judge)
    for span, statement in found if settled else ():
        place = (start + span[0], start + span[1])
        yield Equality(place, statement, context=part.context)


def _is_settled(
    text: str, span: tuple[int, int], context: Context, statement: Statement, judge: Judge
) -> bool:
    """Tell whether an equation of sizes follows from what is assumed, or contradicts it."""
    if not isinstance(statement.lhs, Number) or not isinstance(statement.rhs, Number):
        return False
    never = claim(Iverson(equal(statement.lhs.value, statement.rhs.value)), 0)
    return any(
        judge.judge(text, span, context, tried).verdict is Verdict.PROVED
        for tried in (statement, never)
    )


def _settled(result: Result, *, in_passing: bool = False) -> DocumentTask:
    judged = result.verdict is not None
    return DocumentTask(
        result.statement, result.location or "", judged, lambda: result, in_passing=in_passing
    )


def _task(
    file: SourceFile, part: ReadFormula, number: int, item: Item, judge: Judge
) -> DocumentTask:
    source, notes, in_passing = part.formula.source, part.notes[number], bool(part.bounds[number])
    if not isinstance(item, Equality):
        found = _accounted(file, source, item, part.context, notes, part.codes[number])
        return _settled(found, in_passing=in_passing)

    assumed = (*suppositions(item.context, item.statement), *part.bounds[number])

    def check() -> Result:
        judgement = judge.judge(source.text, item.span, item.context, item.statement)
        found = _judged(file, source, item, judgement)
        found = _without_contradiction(found, part, item, judge)
        found = _reconsidered(file, found, part, item, judge)
        found = _doubted(file, found, part, number, item, judge)
        found = _unread(found, part, item)
        rests = tuple(_rests(file, part, item))
        return replace(found, notes=(*notes, *found.notes, *rests), assumptions=assumed)

    name = statement_text(source.text[slice(*item.span)])
    return DocumentTask(name, _location(file, source, item.span), True, check, assumed, in_passing)


def _without_contradiction(
    found: Result, part: ReadFormula, item: Equality, judge: Judge
) -> Result:
    """Leave undecided what is true only because its conditions on indices hold nowhere."""
    statement = item.statement
    right = product_factors(statement.rhs)
    guards = [g for g in product_factors(statement.lhs) if isinstance(g, Iverson) and g in right]
    if found.verdict is not Verdict.PROVED or not guards:
        return found
    never = statement.with_sides(Mul(tuple(guards)), Number(as_integer(0)))
    text = part.formula.source.text
    if judge.judge(text, item.span, item.context, never).verdict is Verdict.PROVED:
        said = " and ".join(condition_text(guard.condition) for guard in guards)
        reason = f"it is claimed where {said} alone, which holds nowhere"
        return _undecided(found, "unclear-condition", reason)
    return found


def _rests(file: SourceFile, part: ReadFormula, item: Equality) -> Iterator[Note]:
    """Say on which definitions of the text a verdict rests, and where they stand."""
    meanings = part.passing.meanings
    used = [name for name in used_arrays(item, item.context) if name in meanings]
    used += [index.name for index, _ in item.statement.where if index.name in meanings]
    lines = {name: file.position(meanings[name].start).line for name in used}
    declared = sorted((lines[n], n) for n in lines if meanings[n].declared)
    others = sorted((lines[n], n) for n in lines if not meanings[n].declared)
    if declared:
        said = " and ".join(f"of {name} taken from line {line}" for line, name in declared)
        yield Note("scope", f"rests on the definition {said}")
    if others:
        # Everybody sees where the text itself defines a name.
        said = ", ".join(f"{name} from line {line}" for line, name in others)
        yield Note("convention", f"uses {said}")


def _reconsidered(
    file: SourceFile, found: Result, part: ReadFormula, item: Equality, judge: Judge
) -> Result:
    """Leave undecided what is false as it stands, where it may be meant otherwise."""
    if found.verdict is None or not found.verdict.is_false:
        return found
    supposed = item.context.said.conditions
    if found.code == STATES_NOTHING and supposed:
        said = " and ".join(map(condition_text, supposed))
        return _undecided(found, "unclear-condition", f"the text says {said}: no size has both")
    text, plain = part.formula.source.text, found.verdict.value
    for why, context in part.otherwise:
        again = next(
            (
                other
                for other in read_formula(text, context).items
                if isinstance(other, Equality) and other.span == item.span
            ),
            None,
        )
        if again is None:
            continue
        judged = judge.judge(text, again.span, again.context, again.statement)
        verdict = judged.verdict
        assert verdict is not None, "an equality is judged"
        if verdict.is_false and why is RANGE_ELSEWHERE:
            found = _judged(file, part.formula.source, again, judged)
        elif not verdict.is_false:
            where = where_text(suppositions(again.context, again.statement))
            reason = f"{plain} as it stands, {verdict.value} {where}".rstrip()
            advice = SAY_CONDITION if again.context.index_base == item.context.index_base else BASE
            return _undecided(found, "several-readings", f"{reason}: {why}", advice)
    if part.passing.outside and found.code in OUT_OF_RANGE:
        zero = zero_extended(item.statement)
        verdict = judge.judge(text, item.span, item.context, zero).verdict
        assert verdict is not None, "an equality is judged"
        if not verdict.is_false:
            said = f"{verdict.value} where entries outside an array are zero"
            reason = f"{plain} as it stands, {said}: the text says {part.passing.outside!r}"
            return _undecided(found, "several-readings", reason, GUARD)
    if part.passing.vague:
        reason = f"{plain} as it stands, but {part.passing.vague}"
        return _undecided(found, "unclear-condition", f"{reason} may restrict it")
    return _reserved(file, found, part, item)


def _reserved(file: SourceFile, found: Result, part: ReadFormula, item: Equality) -> Result:
    """Leave undecided what is false as it stands, and perhaps not claimed as it stands."""
    plain = "" if found.verdict is None else found.verdict.value
    if part.reserved is not None:
        advice = SAY_CONDITION if part.reserved.way == "restrict it" else PLAINLY
        reason = f"{plain} as it stands, but {part.reserved}"
        return _undecided(found, "unclear-condition", reason, advice)
    text = part.formula.source.text
    for other in part.reading.items:
        words = " ".join(text[slice(*other.span)].split())
        # An environment that is never closed restricts nothing.
        layout = words.startswith(("\\begin", "\\end"))
        if isinstance(other, Unreadable) and not (layout or "=" in words or other.ill_formed):
            reason = f"{plain} as it stands, but {words!r} beside it is not understood"
            return _undecided(found, "unclear-condition", reason)
    asked = part.passing.asked
    name = next((n for n in used_arrays(item, item.context) if n in asked), None) if asked else None
    if name is not None:
        line = file.position(asked[name]).line
        reason = f"{plain} as it stands, but line {line} may put a condition on {name}"
        return _undecided(found, "unclear-condition", reason)
    return found


def _doubted(
    file: SourceFile, found: Result, part: ReadFormula, number: int, item: Equality, judge: Judge
) -> Result:
    """Leave undecided what rests on a name to which an equation gives two meanings, or may."""

    def proved(text: str, equality: Equality) -> bool:
        judged = judge.judge(text, equality.span, equality.context, equality.statement)
        return judged.verdict is Verdict.PROVED

    for doubt in part.doubts[number]:
        if not proved(doubt.text, doubt.item):
            name = named_on_the_left(doubt.item.statement, doubt.item.context)
            line = file.position(doubt.start).line
            said = f"line {line} says otherwise of {name} than the text before it"
            return _undecided(found, "unclear-definition", said, DEFINE_ANEW)
    again = part.named_again(item)
    if again is not None and found.verdict is not None and found.verdict.is_false:
        line = file.position(part.passing.meanings[again].start).line
        said = f"{again} is defined otherwise in line {line}: {found.detail}"
        return _undecided(found, "unclear-definition", said, DEFINE_ANEW)
    return found


def _unread(found: Result, part: ReadFormula, item: Equality) -> Result:
    """Leave undecided what hangs on a declaration that could not be read."""
    text, meanings = part.formula.source.text, part.passing.meanings
    many = len(part.passing.unread) > MOST_UNREAD
    for declaration in part.passing.unread:
        if many or hangs_on(declaration, text, item, part.context, meanings):
            said = f"it may say something else by {declaration!r}, which could not be read"
            return _undecided(found, "unclear-declaration", said, "correct the declaration")
    return found


def _undecided(found: Result, code: str, reason: str, advice: str = SAY_CONDITION) -> Result:
    return replace(
        found,
        verdict=Verdict.UNDECIDED,
        code=code,
        detail=reason,
        counterexample=None,
        evidence=None,
        notes=(Note("reading", advice),),
    )


def _trouble(file: SourceFile, trouble: Trouble) -> Result:
    return Result(
        statement=_line(file, trouble.start),
        verdict=Verdict.UNDECIDED,
        code=trouble.code,
        detail=trouble.fact,
        notes=(Note("reading", trouble.help),) if trouble.help else (),
        location=file.location(trouble.start),
    )


def _accounted(
    file: SourceFile,
    source: SourceText,
    item: Item,
    context: Context,
    said: tuple[Note, ...],
    code: str | None,
) -> Result:
    """Account for what claims nothing, or could not be read."""
    kind: Kind = "definition"
    verdict = None
    notes: tuple[Note, ...] = ()
    match item:
        case Abbreviation(index=index, value=value):
            detail = f"{index} stands for {value}"
        case ArrayDefinition(definition=definition, readings=readings):
            detail = f"defines {definition.array}"
            notes = _as_read(readings)
        case ExampleSize(size=size, value=value):
            code = "example"
            detail = f"{size} = {value} in element equations, up to the end of its section"
        case NoStatement(span=span, reason=reason):
            kind = "no-statement"
            found = condition_found(source.text[slice(*span)], reason, context)
            code, detail, notes = found.code, found.detail, found.notes
            if found.claims:
                kind, verdict = "claim", Verdict.UNDECIDED
        case Unreadable():
            found = _unreadable(file, source, item)
            return replace(found, notes=(*said, *found.notes))
        case _:
            raise TypeError(f"not an item of a formula that claims nothing: {item!r}")
    return Result(
        statement=statement_text(source.text[slice(*item.span)]),
        kind=kind,
        verdict=verdict,
        code=code,
        detail=detail,
        notes=(*said, *notes),
        location=_location(file, source, item.span),
    )


def _judged(file: SourceFile, source: SourceText, item: Equality, judgement: Judgement) -> Result:
    verdict, readings = judgement.verdict, _as_read(item.readings)
    assert verdict is not None, "an equality is judged"
    if verdict.is_false and item.doubts and judgement.code != STATES_NOTHING:
        # Corrections are for what is understood, and this may be meant otherwise.
        other = "; or ".join(item.doubts)
        meant = f"it is not true as it was read ({judgement.detail}), but {other}"
        judgement = Judgement(Verdict.UNDECIDED, "several-readings", meant)
    return replace(judgement, notes=(*readings, *judgement.notes)).result(
        statement_text(source.text[slice(*item.span)]),
        method="proof",
        route="smt",
        location=_location(file, source, item.span),
    )


def _unreadable(file: SourceFile, source: SourceText, item: Unreadable) -> Result:
    statement = statement_text(source.text[slice(*item.span)]) or statement_text(source.text)
    token = item.token or ""
    if len(token) > LONGEST_LINE:
        token = f"{token[:LONGEST_LINE]}…"
    stopped = f" (at {token!r})" if token and token not in item.message else ""
    return Result(
        statement=statement,
        verdict=Verdict.ILL_FORMED if item.ill_formed else Verdict.UNDECIDED,
        code=item.code,
        detail=item.message + stopped,
        notes=(Note("reading", item.help),) if item.help else (),
        location=_location(file, source, item.place),
    )


def _location(file: SourceFile, source: SourceText, span: tuple[int, int]) -> str:
    """Return the place of the first character of a span that is not clutter."""
    start, end = span
    inside = _CLUTTER.sub(lambda found: " " * len(found.group()), source.text[start:end])
    return file.location(source.offset(start + len(inside) - len(inside.lstrip())))


def statement_text(latex: str) -> str:
    """Return the LaTeX of a statement on one line, without alignment and numbering."""
    text = " ".join(_CLUTTER.sub(" ", latex).split()).rstrip(" .,;")
    return text if len(text) <= LONGEST_STATEMENT else text[: LONGEST_STATEMENT - 1] + "…"


def _as_read(readings: tuple[Note, ...]) -> tuple[Note, ...]:
    return tuple(Note(reading.kind, f"read: {reading}") for reading in readings)


def _line(file: SourceFile, offset: int) -> str:
    line = file.text[offset : offset + LONGEST_LINE + 1].partition("\n")[0].partition("-->")[0]
    told = statement_text(line)
    return told if len(line) <= LONGEST_LINE else f"{told}…"


def _runner(read: Outline, run_listings: bool) -> RunListings:
    if not run_listings:
        return not_run
    from symconv.documents.running_listings import ListingRuns

    return ListingRuns(read).run
