"""Sections: what ends with one, and what outlives it."""

from __future__ import annotations

import json

import pytest

from symconv.documents.accounting import check_document
from symconv.documents.contents import Heading
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.verdicts import Result, Verdict

PROVED, REFUTED, UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED
LATEX = (
    "\\part{A}\\chapter*{B}\\section{C}\\subsection*{D}"
    "\\subsubsection[s]{E}\\paragraph{F}\\subparagraph{G}"
)
HEAD = "<!-- symconv: size M, S; array g (M); array h (M) -->\n"


def _results(text: str, name: str = "a.md") -> tuple[Result, ...]:
    return check_document(parse_text(name, text), declared_by(None))


def _verdicts(text: str, name: str = "a.md") -> list[Verdict]:
    return [item.verdict for item in _results(text, name) if item.verdict is not None]


@pytest.mark.parametrize(
    ("name", "text", "levels"),
    [
        ("a.md", "# A\n### B ###\nC\n===\nD\n---\n<h4>E</h4>\n", [1, 3, 1, 2, 4]),
        (
            "a.tex",
            LATEX,
            [0, 1, 2, 3, 4, 5, 6],
        ),
        (
            "a.ipynb",
            json.dumps(
                {
                    "cells": [
                        {"cell_type": "markdown", "source": ["# A\n", "text\n", "## B"]},
                        {"cell_type": "markdown", "source": "Title\n=====\n"},
                    ]
                }
            ),
            [1, 2, 1],
        ),
    ],
)
def test_headings_know_their_level(name: str, text: str, levels: list[int]) -> None:
    headings = [item for item in parse_text(name, text).items if isinstance(item, Heading)]
    assert [item.level for item in headings] == levels


@pytest.mark.parametrize(
    ("between", "verdict"),
    [
        ("", PROVED),
        ("### Deeper\n", PROVED),
        ("## Next\n", REFUTED),
        ("# Above\n", REFUTED),
        ("### Deeper\n## Next\n", REFUTED),
    ],
)
def test_an_assumption_ends_with_its_section(between: str, verdict: Verdict) -> None:
    text = f"{HEAD}## One\n<!-- symconv: assume S = 1 -->\n{between}$S g_k = g_k$"
    assert _verdicts(text) == [verdict]


def test_what_a_deeper_section_assumes_ends_before_the_section_around_it() -> None:
    text = f"{HEAD}# A\n## B\n<!-- symconv: assume S = 1 -->\n$S g_k = g_k$\n## C\n$S g_k = g_k$"
    assert _verdicts(text) == [PROVED, REFUTED]


def test_declarations_end_with_their_section_and_the_message_says_where_they_stood() -> None:
    text = "# One\n<!-- symconv: size M; array g (M) -->\n$g_k = g_k$\n# Two\n$g_k = g_k$\n"
    first, second = _results(text)
    assert (first.verdict, second.verdict) == (PROVED, UNDECIDED)
    assert second.code == "undeclared-name"
    assert "g is known in the section 'One' alone" in second.notes[0]


@pytest.mark.parametrize("title", ["", "# Sole title\n", "Sole title\n===\n"])
def test_declarations_before_the_first_heading_or_under_a_sole_title_hold(title: str) -> None:
    text = f"{title}{HEAD}## One\n$g_k = g_k$\n## Two\n$g_k = g_k$\n"
    assert _verdicts(text) == [PROVED, PROVED]


def test_sections_may_declare_the_same_name_differently() -> None:
    one = "<!-- symconv: size M; array g (M); index-base 1; spelling G = g -->\n$G_1 = G_1$\n"
    two = "<!-- symconv: size M; array g (M, M); index-base 0 -->\n$g_{0,k} = g_{0,k}$\n"
    results = _results(f"# One\n{one}# Two\n{two}")
    assert [item.verdict for item in results] == [PROVED, PROVED]
    again = _results(f"# One\n{one}{two}")
    assert "overloaded-name" in [item.code for item in again]


def test_a_definition_of_the_text_outlives_its_section() -> None:
    right, wrong = "$$\\sum_k h_k = \\sum_k g_k$$\n", "$$\\sum_k h_k = 2\\sum_k g_k$$\n"
    text = f"{HEAD}# One\n$$h_k = g_k$$\n# Two\n{right}{wrong}"
    assert _verdicts(text) == [PROVED, REFUTED]


def test_a_definition_that_rests_on_an_ended_declaration_ends_with_it() -> None:
    text = f"{HEAD}# One\n<!-- symconv: array f (M) -->\n$$h_k = f_k$$\n# Two\n$$h_k = f_k$$\n"
    assert _verdicts(text) == [UNDECIDED]


def test_what_could_not_be_read_stays_unknown_in_later_sections() -> None:
    text = f"{HEAD}# One\n$$h_k = \\sum g_k$$\n# Two\n$$\\sum_k h_k = \\sum_k g_k$$\n"
    assert _verdicts(text) == [UNDECIDED, UNDECIDED]


def test_the_sizes_of_an_example_hold_in_the_sections_below_it() -> None:
    text = f"{HEAD}# Example\n$M = 3$\n## Values\n$g_2 = g_{{M-1}}$\n# Next\n$g_2 = g_{{M-1}}$"
    results = [item for item in _results(text) if item.verdict is not None]
    assert [item.verdict for item in results] == [PROVED, Verdict.ILL_FORMED]


def test_latex_sections_scope_as_headings_do() -> None:
    text = (
        "% symconv: size S; size M; array g (M)\n\\section*{A}\n% symconv: assume S = 1\n"
        "\\subsection{B}\n\\(S g_k = g_k\\)\n\\paragraph{C} \\(S g_k = g_k\\)\n"
        "\\section{D}\n\\(S g_k = g_k\\)\n"
    )
    assert _verdicts(text, "a.tex") == [PROVED, PROVED, REFUTED]
