"""What a text says in passing: how long it holds, and what is told of it."""

from __future__ import annotations

import io

import pytest

from symconv.documents.accounting import check_documents
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.layers.registry import layer_by_name
from symconv.reports.documents_view import documents_text
from symconv.verdicts import Report, Result, Verdict

RANGE = "read: the range "


def _check(text: str, layer: str | None = "conv2d") -> Report:
    known = declared_by(None if layer is None else layer_by_name(layer))
    return check_documents([parse_text("a.md", text)], known)


def _claims(text: str, layer: str | None = "conv2d") -> list[Result]:
    return [item for item in _check(text, layer).results if item.verdict is not None]


def _said(result: Result, start: str) -> list[str]:
    return [note for note in result.notes if note.startswith(start)]


def test_a_range_in_a_sentence_ends_at_the_next_heading() -> None:
    text = "# One\nFor $0 \\le k < 3$ look here.\n# Two\n$\\sum_k 1 = 3$\n\n$\\sum_k 1 = Hh$\n"
    wrong, right = _claims(text)
    assert (wrong.verdict, right.verdict) == (Verdict.REFUTED, Verdict.PROVED)
    assert not _said(wrong, RANGE)
    assert not _said(right, RANGE)


def test_a_verdict_that_rests_on_a_range_in_a_sentence_says_so_unasked() -> None:
    report = _check("For $0 \\le k < 3$ we have $\\sum_k 1 = 3$ and $\\sum_l 1 = Hw$.")
    first, second = (item for item in report.results if item.verdict is not None)
    note = f"{RANGE}0 <= k <= 2 is what line 1 says, up to the end of its section"
    assert (first.verdict, _said(first, RANGE)) == (Verdict.PROVED, [note])
    assert (second.verdict, _said(second, RANGE)) == (Verdict.PROVED, [])
    shown = documents_text(report, io.StringIO())
    assert note in shown
    assert "1 of them on a range that the text says in passing" in shown


def test_a_range_in_the_sentence_of_a_formula_is_what_is_judged() -> None:
    text = "For $0 \\le n < 3$: $\\sum_n dout_{n,f,k,l} = \\frac{\\partial L}{\\partial b_f}$"
    [result] = _claims(text)
    assert (result.verdict, result.code) == (Verdict.ILL_FORMED, "out-of-range")
    assert _said(result, RANGE)
    text = text.replace("0 \\le n < 3", "0 \\le n < N")
    [result] = _claims(text)
    assert result.verdict is Verdict.REFUTED
    assert not _said(result, RANGE)
    assert "in passing" not in documents_text(_check(text), io.StringIO())


def test_the_usual_range_said_again_is_no_news_and_takes_an_earlier_ones_place() -> None:
    text = "For $0 \\le k < 3$ and then $0 \\le k < Hh$: $\\sum_k 1 = Hh$, $\\sum_k 1 = 3$"
    right, wrong = _claims(text)
    assert (right.verdict, wrong.verdict) == (Verdict.PROVED, Verdict.REFUTED)
    assert not _said(right, RANGE)


def test_a_declared_range_holds_to_the_end_and_takes_an_earlier_ones_place() -> None:
    pragma = "<!-- symconv: index k 0 .. 1 -->\n"
    text = f"For $0 \\le k < 3$.\n{pragma}$\\sum_k 1 = 2$\n# Next\n$\\sum_k 1 = 2$, $\\sum_k 1 = 3$"
    assert [item.verdict for item in _claims(text)] == [
        Verdict.PROVED,
        Verdict.PROVED,
        Verdict.REFUTED,
    ]


def test_an_array_whose_shape_rests_on_such_a_range_is_shown() -> None:
    report = _check("For $0 \\le u < 3$ let $z_u = u$.")
    [definition] = [item for item in report.results if item.kind == "definition"]
    assert definition.code == "passing-range"
    assert "z_u = u" in documents_text(report, io.StringIO())
    plain = _check("Let $z_k = k$.")
    assert "z_k = k" not in documents_text(plain, io.StringIO())


def test_another_section_gives_a_name_another_meaning_and_says_so() -> None:
    forward = "b_f + \\sum_{c,p,q} w_{f,c,p,q} x^{pad}_{n,c,p+p_0,q+lS}$$\n"
    backward = "b_f + \\sum_{c,p,q} w_{f,c,p,q} x^{pad}_{n,c,p+kS,q+p_0}$$\n"
    text = (
        f"# Forward\nLet $p_0 = kS$.\n\n$$y_{{n,f,k,l}} = {forward}"
        f"# Backward\nNow let $p_0 = lS$.\n\n$$y_{{n,f,k,l}} = {backward}"
    )
    report = _check(text)
    first, right, again, also = report.results
    assert (right.verdict, also.verdict) == (Verdict.PROVED, Verdict.PROVED)
    assert (first.kind, first.code) == ("definition", None)
    assert (again.kind, again.code) == ("definition", "renewed")
    assert again.notes == ("read: up to this line p_0 stood for k*S, from line 2 on",)
    assert "p_0 = lS" in documents_text(report, io.StringIO())


def test_what_stands_before_the_other_meaning_in_its_section_has_it_too() -> None:
    claim = "$$p_0 + 1 = {} + 1$$\n"
    text = f"Let $p_0 = kS$.\n# B\n{claim.format('lS')}{claim.format('kS')}where $p_0 = lS$.\n"
    right, wrong = _claims(text)
    assert (right.verdict, wrong.verdict) == (Verdict.PROVED, Verdict.REFUTED)


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        ("$p_0 = kS$ and $p_0 = lS$", [Verdict.UNDECIDED]),
        ("Let $p_0 = kS$. Now let $p_0 = lS$. $p_0 = lS$.", [Verdict.PROVED]),
        ("$p_0 = kS$\n# B\n$p_0 = kS$", [Verdict.PROVED]),
        ("$p_0 = kS$\n# B\n$p_0 = kS$, $p_0 = lS$", [Verdict.PROVED, Verdict.UNDECIDED]),
        ("<!-- symconv: define p_0 = kS -->\n# B\n$p_0 = lS$", [Verdict.REFUTED]),
        ("$p_0 = kS$\n# B\n$p_0 + 0 = lS$", [Verdict.REFUTED]),
    ],
)
def test_a_second_meaning_is_compared_with_the_first(text: str, verdicts: list[Verdict]) -> None:
    assert [item.verdict for item in _claims(text)] == verdicts


def test_another_meaning_ends_with_its_section() -> None:
    texts = ("kS", "lS", "kS", "lS + 0", "lS")
    report = _check("".join(f"# S\n$p_0 = {value}$\n" for value in texts))
    said = [(item.kind, item.code or item.verdict) for item in report.results]
    assert said == [
        ("definition", None),
        ("definition", "renewed"),
        ("claim", Verdict.PROVED),
        ("definition", "renewed"),
        ("definition", "renewed"),
    ]


def test_a_letter_that_stands_for_something_is_an_index_where_an_equation_has_it_left() -> None:
    text = "With $i = p+kS$:\n\n$$x_{n,c,i,j} = x_{n,c,i,j}$$\n$$x_{n,c,i,j} = 2x_{n,c,i,j}$$"
    right, wrong = _claims(text)
    assert (right.verdict, wrong.verdict) == (Verdict.PROVED, Verdict.REFUTED)
    for result in (right, wrong):
        assert _said(result, "read: i is an index here, and not p+k*S as in line 1")


def test_such_a_letter_means_what_was_said_everywhere_else() -> None:
    sums = "b_f + \\sum_{c,p,q} w_{f,c,p,q} x^{pad}_{n,c,i,q+lS}$$"
    text = "With $i = p+kS$:\n\n$$x_{n,c,i,j} = x_{n,c,i,j}$$\n$$y_{n,f,k,l} = "
    _, right = _claims(text + sums)
    assert right.verdict is Verdict.PROVED
    assert not _said(right, "read: i")
