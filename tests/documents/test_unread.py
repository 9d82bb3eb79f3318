"""Declarations that could not be read, and what hangs on them."""

from __future__ import annotations

import pytest

from symconv.documents.accounting import check_documents
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.layers.registry import layer_by_name
from symconv.verdicts import Result, Verdict

PROVED, REFUTED, UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED
HEAD = "<!-- symconv: size M, S; array g (M) -->\n"


def _claims(text: str, layer: str = "") -> list[Result]:
    known = declared_by(layer_by_name(layer) if layer else None)
    results = check_documents([parse_text("a.md", text)], known).results
    return [item for item in results if item.verdict is not None]


@pytest.mark.parametrize(
    ("declaration", "formula", "verdict"),
    [
        ("index-base one", r"\sum_{k=1}^M g_k = \sum_k g_k", UNDECIDED),
        ("index-base one", r"\sum_{k=0}^{M-1} g_k = \sum_k g_k", UNDECIDED),
        ("index-base 2", "g_0 = 2 g_0", UNDECIDED),
        ("index-base 2", "M + 1 = 1 + M", PROVED),
        ("index-base 1 of e", "S g_k = g_k", UNDECIDED),
        ("upper-bounds exklusive", r"\sum_{k=0}^M g_k = \sum_k g_k", UNDECIDED),
        ("upper-bounds exklusive", r"\sum_{k=0}^{M-1} g_k = \sum_k g_k", UNDECIDED),
        ("upper-bounds exklusive", "g_k = g_k", PROVED),
        ("upper-bounds exklusive", "2 g_k = g_k", REFUTED),
        ("index k from 1 to M", "g_k = g_k", UNDECIDED),
        ("index k from 1 to M", "g_j = 2 g_j", REFUTED),
    ],
)
def test_what_hangs_on_an_unread_declaration_is_undecided(
    declaration: str, formula: str, verdict: Verdict
) -> None:
    text = f"{HEAD}<!-- symconv: {declaration} -->\n\n$${formula}$$"
    trouble, result = _claims(text)
    assert trouble.verdict is UNDECIDED
    assert result.verdict is verdict
    assert (result.code == "unclear-declaration") == (verdict is UNDECIDED)


def test_it_ends_with_its_section_and_is_not_replaced_by_a_title() -> None:
    bad = "<!-- symconv: upper-bounds some -->"
    formula = r"$$\sum_{k=0}^M g_k = \sum_k g_k$$"
    text = f"{HEAD}# T\n\n## A\n\n{bad}\n\n### Special case\n\n{formula}\n\n## B\n\n{formula}"
    assert [item.verdict for item in _claims(text)][1:] == [UNDECIDED, Verdict.ILL_FORMED]


DEFINED = (
    "<!-- symconv: size M, S; array x (S M); array w (M); array y (M); array g (M); array L ();"
    r" define L = \sum_k g_k y_k -->" + "\n"
)
GRADIENT = r"$$\frac{\partial L}{\partial w_k} = g_k x_k$$"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Assume $S = 1$. Then\n\n$$y_k = w_k x_k$$\n\n{}", PROVED),
        ("For $S = 1$ we have\n\n$$y_k = w_k x_k$$\n\nand, again for $S = 1$,\n\n{}", PROVED),
        ("## A\n\nAssume $S = 1$. Then\n\n$$y_k = w_k x_k$$\n\n## B\n\n{}", UNDECIDED),
    ],
)
def test_a_definition_under_an_assumption_is_used_where_it_holds(
    text: str, verdict: Verdict
) -> None:
    result = _claims(DEFINED + text.format(GRADIENT))[-1]
    assert result.verdict is verdict
    assert result.assumptions == (("S = 1",) if verdict is PROVED else ())
    wrong = _claims(DEFINED + text.format(GRADIENT.replace("g_k x_k", "2 g_k x_k")))[-1]
    assert wrong.verdict is (REFUTED if verdict is PROVED else UNDECIDED)


RELATED = "<!-- symconv: size A, B, D, E, f; assume A = B + f - 1; assume D = E + f - 1 -->\n"


@pytest.mark.parametrize(
    ("formulas", "verdicts"),
    [
        (r"$$B = A - f + 1$$", [PROVED]),
        (r"$$B = A - f$$", [REFUTED]),
        (r"$$B = A - f + 1 \\ E = D - f + 7$$", [PROVED, REFUTED]),
        (r"\begin{align} B &= A - f + 1 \\ E &= D - f + 1 \end{align}", [PROVED, PROVED]),
        # One more assumption, which may hold.
        (r"$$A = D$$", []),
        (r"If $B = A - f$, this is empty.", []),
    ],
)
def test_relations_of_sizes_that_are_settled_are_judged(
    formulas: str, verdicts: list[Verdict]
) -> None:
    assert [item.verdict for item in _claims(RELATED + formulas)] == verdicts


def test_words_are_not_read_into_a_size_that_cannot_have_the_value() -> None:
    own = "<!-- symconv: size P; array g (P) -->\n# No padding\n\n$$2 g_k = g_k$$"
    assert [item.verdict for item in _claims(own)] == [REFUTED]
    small = "<!-- symconv: size s; array g (s) -->\nAssume unit stride.\n\n$$s g_k = g_k$$"
    [result] = _claims(small)
    assert (result.verdict, result.assumptions) == (PROVED, ("s = 1",))
