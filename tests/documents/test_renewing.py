"""Names that are defined once more, and definitions on which verdicts rest."""

from __future__ import annotations

import io

import pytest

from symconv.documents.accounting import check_documents
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.reports.documents_view import documents_text
from symconv.verdicts import Report, Verdict

HEAD = "<!-- symconv: size M, K; array g (M); array h (M); array u () -->\n"
LETTER = "Let $r = M+1$.\n\n"
ARRAY = "Let $h_k = g_k$.\n\n"
ONE, TWO = "$$r - 1 = M$$\n\n", "$$r - 2 = M$$\n\n"
SINGLE, DOUBLE = "$$\\sum_k h_k = \\sum_k g_k$$\n\n", "$$\\sum_k h_k = 2\\sum_k g_k$$\n\n"
P, R, U = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED


def _check(text: str) -> Report:
    return check_documents([parse_text("a.md", HEAD + text)], declared_by(None))


def _verdicts(text: str) -> list[Verdict]:
    return [item.verdict for item in _check(text) if item.verdict is not None]


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        (f"{LETTER}{ONE}{TWO}", [P, R]),
        (f"{LETTER}{ONE}Now let $r = M+2$.\n\n{TWO}{ONE}", [P, P, R]),
        (f"{LETTER}{ONE}Set $r = M+2$.\n\n{TWO}", [P, P]),
        (f"{LETTER}{ONE}We define $r = M+2$.\n\n{TWO}", [P, P]),
        (f"{LETTER}$$r - 2 = M$$ where $r = M+2$.\n\n", [P, P]),
        # Nothing says that it is a definition: nobody knows what r is from there on.
        (f"{LETTER}{ONE}$$r = M+2$$\n\n{TWO}{ONE}", [P, U, U, U]),
        (f"{LETTER}$$r = M+2$$\n\nNow let $r = M+2$.\n\n{TWO}", [U, P]),
        (f"{LETTER}$$r = 1+M$$\n\n{ONE}{TWO}", [P, P, R]),
        # What does not use it is judged.
        (f"{LETTER}$$r = M+2$$\n\n$$2 g_k = g_k$$", [U, R]),
        (f"{LETTER}$$r = M+2$$\n\nLet $s = r+1$.\n\n$$s = M + 2$$", [U, U]),
        # Another heading is another setting, and ends with its section.
        (f"# A\n{LETTER}{ONE}", [U]),
        (f"## A\n{LETTER}## B\n$r = M+2$.\n\n{TWO}", [P]),
        (f"{LETTER}## B\nLet $r = M+2$.\n\n{TWO}## C\n{ONE}{TWO}", [P, P, R]),
        (f"{LETTER}## B\n$r = M+2$\n\n{TWO}### D\n{TWO}## C\n{ONE}", [P, P, P]),
    ],
)
def test_a_letter_defined_anew(text: str, verdicts: list[Verdict]) -> None:
    if text.startswith("# A"):
        text, verdicts = text.removeprefix("# A\n"), [P]
    assert _verdicts(text) == verdicts


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        (f"{ARRAY}{SINGLE}{DOUBLE}", [P, R]),
        (f"{ARRAY}{SINGLE}Now let $h_k = 2g_k$.\n\n{DOUBLE}{SINGLE}", [P, P, R]),
        # Without words it is a claim, as long as no heading stands between.
        (f"{ARRAY}$$h_k = 2g_k$$\n\n{DOUBLE}{SINGLE}", [R, R, P]),
        (f"{ARRAY}$$h_k = g_k + 0$$\n\n{DOUBLE}{SINGLE}", [P, R, P]),
        (f"{ARRAY}## B\nNow let $h_k = 2g_k$.\n\n{DOUBLE}## C\n{SINGLE}{DOUBLE}", [P, P, R]),
        (f"{ARRAY}## B\n$$h_k = 2g_k$$\n\n{DOUBLE}## C\n{SINGLE}", [U, U, P]),
        # What was said in terms of the old one stays as it was.
        (f"{ARRAY}Let $u = \\sum_k h_k$. Now let $h_k = 2g_k$.\n\n$$u = \\sum_k g_k$$", [P]),
        (f"{ARRAY}Let $u = \\sum_k h_k$. Now let $h_k = 2g_k$.\n\n$$u = 2\\sum_k g_k$$", [R]),
    ],
)
def test_an_array_defined_anew(text: str, verdicts: list[Verdict]) -> None:
    assert _verdicts(text) == verdicts


def test_a_redefinition_is_shown_with_what_the_name_meant() -> None:
    report = _check(f"{LETTER}Now let $r = M+2$.\n\n{TWO}")
    assert "read: up to this line r stood for M+1, from line 2 on" in documents_text(
        report, io.StringIO()
    )


def test_an_equality_taken_as_a_definition_is_listed_and_named_beside_what_rests_on_it() -> None:
    report = _check("The result is\n\n$$h_k = g_k$$\n\nso that\n\n$$\\sum_k h_k = \\sum_k g_k$$\n")
    taken, claim = report.results
    assert (taken.kind, taken.code) == ("definition", "taken-as-definition")
    assert "rests on the definition of h taken from line 4" in claim.notes
    shown = documents_text(report, io.StringIO())
    assert "h_k = g_k" in shown
    assert "read: this is taken as the definition of h" in shown
    assert "rests on the definition of h taken from line 4" in shown


def test_every_definition_of_a_chain_is_named_and_none_that_is_not_used() -> None:
    text = "$$h_k = g_k$$\n\n$$u = \\sum_k h_k$$\n\n$$u = \\sum_k g_k$$\n\n$$g_k = g_k$$\n"
    *_, claim, plain = _check(text).results
    note = "rests on the definition of h taken from line 2 and of u taken from line 4"
    assert note in claim.notes
    assert not any(note.startswith("rests") for note in plain.notes)


def test_a_name_that_only_the_text_knows_is_traced_on_request() -> None:
    report = _check(f"{LETTER}{ONE}")
    [claim] = (item for item in report if item.verdict is not None)
    assert "uses r from line 2" in claim.notes
    assert "uses r" not in documents_text(report, io.StringIO())
    assert "uses r from line 2" in documents_text(report, io.StringIO(), verbose=True)
