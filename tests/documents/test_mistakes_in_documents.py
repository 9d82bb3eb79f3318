"""The mistakes catalogue as LaTeX in documents: read back as what was made, and caught in full.

Every spoiled statement is read, and one of every mistake goes the whole way of a document; with
SYMCONV_LONG=1 every third spoiled statement does, with SYMCONV_LONG=2 all of them do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import pytest

from symconv.algebra.expressions import (
    Add,
    Delta,
    Derivative,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import Index
from symconv.algebra.scoping import all_symbols
from symconv.documents.accounting import check_documents
from symconv.documents.contents import Document
from symconv.documents.loading import parse_text
from symconv.documents.outline import ReadFormula, declared_by, outline
from symconv.explanations.validity import Validity
from symconv.latex.reading.items import Abbreviation, Equality, Item, Unreadable
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.layout import statement_display
from symconv.latex.writing.writer import statement_latex
from symconv.layers.convolution.post import conv2d
from symconv.layers.registry import layer_by_name
from symconv.mistakes.catalogue import CATALOGUE, FAMILY
from symconv.mistakes.spoiling import same_statement, spoil
from symconv.verdicts import Result, Verdict
from tests.runs import LONG, quick_rows, share

LAYER = conv2d()
KNOWN = declared_by(layer_by_name("conv2d"))
OPTIONS = LatexOptions().for_layer(LAYER)
KEYS = [statement.key for statement in LAYER.statements]
# The post's layer has no dilation and no groups to be mistaken about.
NAMES = [one.name for one in CATALOGUE if one.edit is not None and one not in FAMILY]

# The statement, the mistake, the site, what stood there, and what stands there now.
STILL_TRUE = {
    ("dL/dw:chain", "prime-added", "in dL/dy[n,f,k,l]", "f", "f'"),
    ("dL/db:chain", "prime-added", "in dL/dy[n,f,k,l]", "f", "f'"),
    ("dL/db:chain", "first-image-only", "in dy[n,f,k,l]/db[f']", "n", "0"),
    ("dL/dx:chain", "prime-added", "in dL/dy[n,f,k,l]", "n", "n'"),
    ("dy/dx:chain", "padding-counted-once", "in the range i''=0..H+2*P-1", "H+2*P-1", "H+P-1"),
    ("dy/dx:chain", "padding-counted-once", "in the range j''=0..W+2*P-1", "W+2*P-1", "W+P-1"),
    ("dy/dx:chain", "prime-dropped", "in dy[n,f,k,l]/dx_pad[n'',c'',i'',j'']", "n''", "n'"),
    ("dy/dx:chain", "prime-dropped", "in dy[n,f,k,l]/dx_pad[n'',c'',i'',j'']", "c''", "c'"),
    ("dy/dx:chain", "prime-dropped", "in dx_pad[n'',c'',i'',j'']/dx[n',c',i,j]", "n''", "n"),
}
"""Edits that change nothing; tests/mistakes evaluates them, and gives the reason of each."""


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A statement with a mistake in it, and whether it is true all the same."""

    mistake: str
    statement: Statement
    still_true: bool


@cache
def spoiled(key: str) -> tuple[Spoiled, ...]:
    return tuple(
        Spoiled(
            edited.mistake.name,
            edited.statement,
            (key, edited.mistake.name, edited.where, str(edited.before), str(edited.after))
            in STILL_TRUE,
        )
        for edited in spoil(LAYER.statement(key))
    )


def document(statement: Statement) -> Document:
    """Put the LaTeX of a statement into a document of its own, between words."""
    text = f"Written by hand:\n$$\n{statement_latex(statement, OPTIONS)}\n$$\nand so on.\n"
    return parse_text("spoiled.md", text)


def items_read(statement: Statement) -> tuple[Item, ...]:
    [formula] = outline(document(statement), KNOWN).parts
    assert isinstance(formula, ReadFormula)
    return formula.reading.items


def comparable(statement: Statement) -> Statement:
    """Write what LaTeX cannot tell apart in one way, and leave out names and forms."""
    sides = [flat(statement.lhs), flat(statement.rhs)]
    where: list[tuple[Index, object]] = []
    used = {symbol for side in sides for symbol in all_symbols(side)}
    where = [pair for pair in statement.where if pair[0] in used]
    return Statement(*sides, statement.free, statement.assumptions, tuple(where))


def flat(expression: Expression) -> Expression:
    """Join sums of sums and products of products; write dL/dy by the array that holds it."""
    match expression:
        case Derivative(body=Entry(array=body), by=Entry(array=by, indices=indices)) if (
            body == LAYER.loss and by == LAYER.output
        ):
            assert LAYER.upstream is not None
            return LAYER.upstream[indices]
        case Number() | Entry() | Delta() | Iverson() | Derivative():
            return expression
        case Sum(body=body, ranges=ranges):
            inner = flat(body)
            if isinstance(inner, Sum):
                return Sum(inner.body, *ranges, *inner.ranges)
            return Sum(inner, *ranges)
        case Add(terms=terms):
            return Add(tuple(part for term in map(flat, terms) for part in terms_of(term)))
        case Mul(factors=factors):
            return Mul(tuple(part for item in map(flat, factors) for part in factors_of(item)))
    raise TypeError(f"not an expression: {expression!r}")


def terms_of(expression: Expression) -> tuple[Expression, ...]:
    return expression.terms if isinstance(expression, Add) else (expression,)


def factors_of(expression: Expression) -> tuple[Expression, ...]:
    return expression.factors if isinstance(expression, Mul) else (expression,)


def reads_as(items: tuple[Item, ...], statement: Statement) -> bool:
    """Tell whether a formula was read as one equality, and which says what was written."""
    head, *rest = items
    if not all(isinstance(item, Abbreviation) for item in rest):
        return False
    if not isinstance(head, Equality):
        return False
    read, written = comparable(head.statement), comparable(statement)
    same_scope = (read.free, read.assumptions) == (written.free, written.assumptions)
    return same_scope and same_statement(read, written)


REFUSED = {
    ("free-index-mismatch", "channel-and-filter-confused"),
    ("free-index-mismatch", "prime-dropped"),
    ("free-index-mismatch", "sum-omitted"),
    ("index-free-and-bound", "sum-over-a-free-index"),
    ("out-of-range-number", "index-off-by-one"),
    ("unclear-sum-scope", "channel-and-filter-confused"),
    ("summation-convention", "sum-omitted"),
}
"""Why a spoiled statement may be refused before anything is proved, and by which mistake.

Without any sum sign an index that stands twice may be summed by convention, and so all be right.
"""


@quick_rows(2, "what writer and reader do is the same for each statement")
@pytest.mark.parametrize("key", KEYS)
def test_every_spoiled_statement_is_read_back_or_refused(key: str) -> None:
    original = LAYER.statement(key)
    assert reads_as(items_read(original), original)
    assert spoiled(key)
    for edited in spoiled(key):
        items = items_read(edited.statement)
        if isinstance(items[0], Unreadable):
            assert items[0].ill_formed or summed_by_convention(items[0].code, edited)
            assert (items[0].code, edited.mistake) in REFUSED, edited
            assert not edited.still_true
        else:
            assert reads_as(items, edited.statement), (edited, items)
            # What was written is wrong, so the original would be read back wrongly.
            assert not reads_as(items, original), edited


def test_the_catalogue_makes_as_many_wrong_statements_as_it_should() -> None:
    every = [edited for key in KEYS for edited in spoiled(key)]
    assert len(every) > 2_000
    assert sum(edited.still_true for edited in every) == len(STILL_TRUE)
    assert {edited.mistake for edited in every} == set(NAMES)


def judged(chosen: list[Spoiled]) -> list[Result]:
    """Check each statement in a document of its own; return what each equality got."""
    report = check_documents([document(edited.statement) for edited in chosen], KNOWN)
    claims = [result for result in report.results if result.kind != "definition"]
    assert len(claims) == len(chosen)
    return claims


def summed_by_convention(code: str | None, edited: Spoiled) -> bool:
    """Tell whether an omitted sum is left open, as it may be meant by convention."""
    return code == "summation-convention" and edited.mistake == "sum-omitted"


def assert_caught(chosen: list[Spoiled]) -> None:
    for edited, result in zip(chosen, judged(chosen), strict=True):
        assert result.kind == "claim", edited
        assert result.verdict is not None, edited
        if edited.still_true:
            assert result.verdict is Verdict.PROVED, edited
        else:
            open_ = summed_by_convention(result.code, edited)
            assert result.verdict.is_false or open_, (edited, result)
            assert result.detail, edited


def of_mistake(name: str) -> list[Spoiled]:
    return [edited for key in KEYS for edited in spoiled(key) if edited.mistake == name]


@quick_rows(20, "each mistake is caught by evaluation in the quick run, and documents go one way")
@pytest.mark.parametrize("name", NAMES)
def test_every_mistake_is_caught_in_a_document(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Corrections are tested elsewhere, and cost more than the verdicts.
    monkeypatch.setattr("symconv.documents.judging.MOST_SEARCHES", 0)
    wrong = [edited for edited in of_mistake(name) if not edited.still_true]
    # Another statement for each mistake, lest all of them be those of the output.
    assert_caught([wrong[NAMES.index(name) * 7 % len(wrong)]])


@pytest.mark.parametrize("name", share(NAMES, quick=20))
def test_every_spoiled_statement_is_caught_in_a_document(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The verdicts alone: what may have been meant, and where it is true, is left out.
    monkeypatch.setattr("symconv.documents.judging.MOST_SEARCHES", 0)
    monkeypatch.setattr("symconv.documents.judging.conventions", lambda *_: ())
    monkeypatch.setattr("symconv.documents.judging.validity_region", lambda *_: Validity((), None))
    found = of_mistake(name)
    assert_caught(share(found, quick=1, long=3) if LONG else found[:3])


def test_an_edit_that_changes_nothing_is_proved_in_a_document() -> None:
    found = [edited for key in KEYS for edited in spoiled(key) if edited.still_true]
    assert_caught(share(found, quick=4))


@pytest.mark.parametrize("key", KEYS)
def test_a_long_display_of_several_lines_is_read_as_its_formula(key: str) -> None:
    options = replace(OPTIONS, line_width=30.0)
    for edited in share(spoiled(key), quick=12):
        text = f"Broken into lines:\n{statement_display(edited.statement, options)}\n"
        [formula] = outline(parse_text("spoiled.tex", text), KNOWN).parts
        assert isinstance(formula, ReadFormula)
        items = formula.reading.items
        refused = isinstance(items[0], Unreadable) and (
            items[0].ill_formed or summed_by_convention(items[0].code, edited)
        )
        assert refused or reads_as(items, edited.statement), (edited, items)
