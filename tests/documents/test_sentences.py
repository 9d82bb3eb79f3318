"""Words around formulas: conditions that are heard, that linger, and that are not understood."""

from __future__ import annotations

import io

import pytest

from symconv.documents.accounting import check_documents
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.layers.registry import layer_by_name
from symconv.reports.documents_view import documents_text
from symconv.verdicts import Report, Result, Verdict

PROVED, REFUTED, ILL_FORMED = Verdict.PROVED, Verdict.REFUTED, Verdict.ILL_FORMED
UNDECIDED = Verdict.UNDECIDED
HEAD = "<!-- symconv: size M, S; size P >= 0; array g (M); array h (M); array v (M, M) -->\n"
SCALED = "$$S g_k = g_k$$"
PADDED = "$$x^{pad}_{n,c,i,j} = x_{n,c,i,j}$$"


def _check(text: str, layer: str | None = None, name: str = "a.md") -> Report:
    known = declared_by(None if layer is None else layer_by_name(layer))
    return check_documents([parse_text(name, text)], known)


def _claims(text: str, layer: str | None = None) -> list[Result]:
    return [item for item in _check(text, layer).results if item.verdict is not None]


@pytest.mark.parametrize(
    "sentence",
    [
        "For $S = 1$ this becomes\n\n{}",
        "If the stride is $S = 1$, then\n\n{}",
        "When $S=1$ we get {}",
        "Provided that $S = 1$, we have {}",
        "In the special case $S = 1$\n\n{}",
        "Under $S = 1$ it reads\n{}",
        "With stride $S = 1$ and padding $P = 0$:\n\n{}",
        "{}\n\nwhenever $S = 1$.",
        "We have {} for $S=1$.",
        "Assume $S = 1$. Then\n\n{}",
        "Suppose that $S = 1$.\n\nNow here it is:\n\n{}",
        "Let $S = 1$. Then {}",
        "For stride 1, this is {}",
        "With unit stride and no padding the result is\n\n{}",
        "If the stride is one, then {}",
        "## Stride one\n\n{}",
        "## The case $S = 1$\n\n{}",
        "Special case: S = 1, P = 0\n---\n\n{}",
        "> For $S = 1$ this becomes\n>\n> {}",
    ],
)
def test_a_condition_in_words_is_used_and_named(sentence: str) -> None:
    report = _check(HEAD + sentence.format(SCALED))
    [result] = (item for item in report.results if item.verdict is not None)
    assert result.verdict is PROVED
    assert "S = 1" in result.assumptions
    assert "proved where S = 1" in documents_text(report, io.StringIO())
    [wrong] = _claims(HEAD + sentence.format(SCALED.replace("S g", "2 S g")))
    assert (wrong.verdict, wrong.code) == (REFUTED, "different")
    [other] = _claims(HEAD + sentence.replace("= 1", "= 2").replace("1", "2").format(SCALED))
    if "unit" not in sentence and "one" not in sentence.lower():
        assert other.verdict is REFUTED


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        # The sentence has ended: the condition may still be meant, and nobody knows.
        ("For $S = 1$ this is simple. It becomes\n\n{}", UNDECIDED),
        ("For $S = 1$ we have $g_k = g_k$. And so\n\n{}", UNDECIDED),
        ("For $S = 1$ we have $g_k = g_k$.\n\n# Next\n\n{}", REFUTED),
        ("## One\n\nAssume $S = 1$.\n\n## Next\n\n{}", REFUTED),
        ("## One\n\nAssume $S = 1$.\n\n### Below\n\n{}", PROVED),
        ("Assume $S = 1$.\n\n# Next\n\n{}", PROVED),
        ("## Stride one\nWords.\n## Next\n{}", REFUTED),
        ("## Stride one\nWords.\n### Below\n{}", PROVED),
        ("# Stride one\n\n## Below\n\n{}", PROVED),
        ("## Strides\n\n{}", REFUTED),
        ("A stride of 1 is common.\n\n{}", REFUTED),
        ("Let us look at the sum.\n\n{}", REFUTED),
        ("Unless otherwise noted, indices count from 0.\n\n{}", REFUTED),
        ("For simplicity and with respect to $g$:\n\n{}", REFUTED),
    ],
)
def test_a_condition_reaches_as_far_as_its_sentence_or_section(
    sentence: str, verdict: Verdict
) -> None:
    assert _claims(HEAD + sentence.format(SCALED))[-1].verdict is verdict


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        ("$$S g_k = g_k$$\nWe now let $S = 1$:\n$$S g_k = g_k$$", [REFUTED, PROVED]),
        ("$$S g_k = g_k$$\nAssume $S = 1$. Then\n$$S g_k = g_k$$", [REFUTED, PROVED]),
        ("$$S g_k = g_k$$\nfor $S = 1$.\n$$2 S g_k = g_k$$", [PROVED, REFUTED]),
    ],
)
def test_a_word_with_a_capital_behind_a_display_begins_a_sentence(
    text: str, verdicts: list[Verdict]
) -> None:
    assert [item.verdict for item in _claims(HEAD + text)] == verdicts


def test_what_may_still_hold_is_listed_with_both_readings() -> None:
    [result] = _claims(f"{HEAD}For $S = 1$ this is simple. It becomes\n\n{SCALED}")
    assert (result.verdict, result.code) == (UNDECIDED, "several-readings")
    assert result.counterexample is None
    assert "refuted as it stands, proved where S = 1" in result.detail
    assert "line 2" in result.detail
    [true] = _claims(f"{HEAD}For $S = 1$ this is simple. It becomes\n\n$$g_k = g_k$$")
    assert (true.verdict, true.assumptions) == (PROVED, ())
    [false] = _claims(f"{HEAD}For $S = 1$ this is simple. It becomes\n\n$$2 S g_k = g_k$$")
    assert false.verdict is REFUTED


@pytest.mark.parametrize(
    "sentence",
    [
        "{}\n\nunless the stride is large.",
        "Except at the border,\n\n{}",
        "In the interior we have {}",
        "Only when the filter fits:\n\n{}",
        "If the stride divides the input size, then\n\n{}",
        "For odd kernels,\n\n{}",
        "If $g_k = h_k$, then {}",
        "Suppose $g_k = h_k$. Then {}",
        "{} up to a constant factor.",
        "{} if and only if $S = 1$.",
    ],
)
@pytest.mark.parametrize("formula", ["$$S g_k = g_k$$", "$$g_k = g_k$$"])
def test_a_condition_that_is_not_understood_leaves_undecided_what_it_governs(
    sentence: str, formula: str
) -> None:
    result = _claims(HEAD + sentence.format(formula))[-1]
    assert (result.verdict, result.code) == (UNDECIDED, "unclear-condition")
    assert result.counterexample is None


def test_a_title_that_may_restrict_softens_what_is_false_and_nothing_else() -> None:
    wrong, right = _claims(f"{HEAD}## Special case\n\n{SCALED}\n\n$$g_k = g_k$$\n")
    assert (wrong.verdict, wrong.code) == (UNDECIDED, "unclear-condition")
    assert "'Special case' may restrict it" in wrong.detail
    assert right.verdict is PROVED


@pytest.mark.parametrize(
    ("sentence", "verdict", "assumption"),
    [
        ("For $k = 0$ we get $$g_k = g_0$$", PROVED, "k = 0"),
        ("For $k = 0$ we get $$g_k = g_0 + 1$$", REFUTED, "k = 0"),
        ("For $k > 0$: $$g_k = g_0$$", REFUTED, "k > 0"),
        ("For $M \\ge 2$ and $k = 1$: $$g_k = g_1$$", PROVED, "k = 1"),
        ("$$v_{i,j} = v_{j,i}$$ for $i = j$.", PROVED, "i = j"),
        ("$$\\frac{\\partial g_i}{\\partial g_j} = 0$$ except for $i = j$.", PROVED, "not (i = j)"),
        ("$$\\frac{\\partial g_i}{\\partial g_j} = 0$$ unless $i = j$.", PROVED, "not (i = j)"),
        ("$$\\frac{\\partial g_i}{\\partial g_j} = 1$$ unless $i = j$.", REFUTED, "not (i = j)"),
        (
            "$$\\frac{\\partial v_{i,j}}{\\partial v_{p,q}} = 0$$ but for $(i,j) = (p,q)$.",
            PROVED,
            "not (i = p and j = q)",
        ),
        ("where $0 \\le k \\le M - 2$\n\n$$g_k = g_k$$", PROVED, None),
        ("where $0 \\le k \\le M - 2$\n\n$$g_{k+1} = g_{k+1}$$", PROVED, "0 <= k <= M-2"),
        # The range that the text says is what is judged.
        ("where $0 \\le k \\le M$\n\n$$g_k = g_k$$", ILL_FORMED, "0 <= k <= M"),
        ("$$g_k = g_k$$ where $0 \\le k \\le M$.", ILL_FORMED, "0 <= k <= M"),
        ("For $0 \\le k \\le M$ we have $\\sum_k g_k = \\sum_k g_k$.", ILL_FORMED, "0 <= k <= M"),
        # An end that is open everywhere is not guessed.
        ("For $k \\ge 1$, $$g_{k-1} = g_{k-1}$$", UNDECIDED, None),
    ],
)
def test_what_is_said_of_indices_is_what_is_judged(
    sentence: str, verdict: Verdict, assumption: str | None
) -> None:
    result = _claims(HEAD + sentence)[-1]
    assert result.verdict is verdict
    if assumption is not None:
        assert assumption in result.assumptions


def test_a_range_that_stands_by_itself_leaves_undecided_what_it_alone_spoils() -> None:
    text = f"{HEAD}The index runs over $0 \\le k \\le M$. It is known.\n\n$$g_k = g_k$$"
    [result] = _claims(text)
    assert (result.verdict, result.code) == (UNDECIDED, "several-readings")


def test_an_open_end_is_that_of_the_array_and_said_to_be() -> None:
    [below, above] = _claims(
        f"For $i < P$: {PADDED.replace('x_{n,c,i,j}', '0')}\n\n# Next\n\nFor $i \\ge P$: "
        f"{PADDED.replace('x_{n,c,i,j}', '0')}",
        "conv2d",
    )
    assert (below.verdict, above.verdict) == (PROVED, REFUTED)
    assert below.assumptions == ("i < P",)
    assert "read: the end that i < P leaves open is that of the arrays" in below.notes


def test_a_relation_behind_iff_is_no_definition() -> None:
    text = f"{HEAD}$g_t$ matters iff $t = r + s$\n\n$$\\sum_t g_t = \\sum_t g_t$$\n"
    assert [item.verdict for item in _claims(text)] == [PROVED]


def test_a_bias_left_out_in_words_is_left_out() -> None:
    sentence = "Without a bias, the output is\n\n$$y_{n,f,k,l} = \\sum_{c,p,q} w_{f,c,p,q}"
    text = sentence + " x^{pad}_{n,c,kS+p,lS+q}"
    right, wrong = text + "$$", text + " + b_f$$"
    assert _claims(right, "conv2d")[0].assumptions == ("b = 0",)
    assert _claims(right, "conv2d")[0].verdict is PROVED
    assert _claims(wrong, "conv2d")[0].verdict is not PROVED
    assert _claims(right.removeprefix("Without a bias, "), "conv2d")[0].verdict is REFUTED


def test_a_later_value_takes_the_place_of_an_earlier_one() -> None:
    text = f"{HEAD}Assume $S = 1$. Then\n\n{SCALED}\n\nNow assume $S = 2$. Then\n\n{SCALED}"
    first, second = _claims(text)
    assert (first.verdict, second.verdict) == (PROVED, REFUTED)
    assert second.assumptions == ("S = 2",)


def test_conditions_that_no_size_meets_are_no_reason_to_call_a_formula_ill_formed() -> None:
    [result] = _claims(f"{HEAD}For $S > 2$ and $S < 2$: {SCALED}")
    assert (result.verdict, result.code) == (UNDECIDED, "unclear-condition")


def test_a_definition_under_a_condition_in_words_holds_there_alone() -> None:
    text = f"{HEAD}For $S = 1$ let\n\n$$h_k = g_k$$\n# Next\n\n$$\\sum_k h_k = \\sum_k g_k$$\n"
    [result] = _claims(text)
    assert (result.verdict, result.code) == (UNDECIDED, "outside-definition")


def test_words_work_in_latex_and_around_its_environments() -> None:
    text = (
        "% symconv: size M, S; array g (M)\n\\section{A}\nFor \\emph{any} $S = 1$ this becomes\n"
        "\\begin{equation}\nS g_k = g_k.\n\\end{equation}\n\nIn general,\n"
        "\\begin{equation}\nS g_k = S g_k.\n\\end{equation}\n"
    )
    first, second = (
        item for item in _check(text, name="a.tex").results if item.verdict is not None
    )
    assert (first.verdict, first.assumptions) == (PROVED, ("S = 1",))
    assert (second.verdict, second.assumptions) == (PROVED, ())
