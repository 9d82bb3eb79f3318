"""Words beside which a formula that is false as it stands may be right as the text means it."""

from __future__ import annotations

import pytest

from symconv.documents.accounting import check_documents
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.documents.reservations import (
    counted_words,
    general_places,
    looks_back,
    outside_words,
    reserved,
)
from symconv.verdicts import Result, Verdict

PROVED, REFUTED, ILL_FORMED = Verdict.PROVED, Verdict.REFUTED, Verdict.ILL_FORMED
UNDECIDED = Verdict.UNDECIDED
HEAD = "<!-- symconv: size N; input a (N); input p (N) -->\n\n"
BUT_FOR_ONE = r"$$\sum_{i=1}^{N-1} \delta_{ij} a_i = a_j$$"
"""Right for every j but 0."""
NOWHERE = r"$$\sum_{i=1}^{N-1} \delta_{ij} a_i = 2 a_j$$"
"""Wrong for every j but 0 too."""


def _claims(text: str, head: str = HEAD) -> list[Result]:
    results = check_documents([parse_text("a.md", head + text)], declared_by(None)).results
    return [item for item in results if item.verdict is not None]


def _texts(*latex: str) -> dict[int, str]:
    return dict(enumerate(latex))


@pytest.mark.parametrize(
    "text",
    [
        "{}\nfor all $j$ except $j = 0$.",
        "{}\n(but not for $j = 0$).",
        "Leaving out $j = 0$,\n{}",
        "For every $j$ other than $j = 0$,\n{}",
    ],
)
def test_an_exception_says_where_a_formula_does_not_hold(text: str) -> None:
    [result] = _claims(text.format(BUT_FOR_ONE))
    assert (result.verdict, result.assumptions) == (PROVED, ("not (j = 0)",))
    assert "read: it is claimed only where not (j = 0)" in result.notes
    assert [item.verdict for item in _claims(text.format(NOWHERE))] == [REFUTED]


@pytest.mark.parametrize(
    "text",
    [
        "For every $j$ different from $0$,\n{}",
        "For positive $j$,\n{}",
        "{}\nfor nonzero $j$.",
        "If $j$ is at least one, then\n{}",
        "{}\nwhenever $j$ is not the first index.",
        "The case $j = 0$ is special. For all other $j$,\n{}",
        "For $j = 0$ nothing is left. Otherwise\n{}",
        "{}\nThis does not hold for $j = 0$.",
        "{}\nIt fails at $j = 0$.",
    ],
)
def test_a_restriction_of_indices_in_words_makes_nothing_false(text: str) -> None:
    results = _claims(text.format(BUT_FOR_ONE))
    assert [item.verdict for item in results] == [UNDECIDED]
    assert results[0].detail.startswith("refuted as it stands, ")
    right = BUT_FOR_ONE.replace("i=1", "i=0")
    assert _claims(text.format(right))[0].verdict is PROVED


@pytest.mark.parametrize(
    "text",
    [
        "For every $j$ we have\n{}",
        "The sum runs over the entries.\n{}",
        "{}\nThis holds because the delta leaves one term.",
        "{}\nNote that this is a sum over $i$.",
        "We want to know what is left of the sum:\n{}",
    ],
)
def test_words_that_restrict_nothing_save_no_formula(text: str) -> None:
    assert [item.verdict for item in _claims(text.format(BUT_FOR_ONE))] == [REFUTED]


def test_words_between_a_formula_and_its_condition_are_not_understood_beside_it() -> None:
    inside = r"$$\sum_{i=1}^{N-1} \delta_{ij} a_i = a_j, \qquad j \text{ not zero}$$"
    assert {item.verdict for item in _claims(inside)} == {UNDECIDED}


@pytest.mark.parametrize(
    "text",
    [
        r"We demand that $\sum_i p_i = 1$.",
        r"Let $p$ be a distribution, that is $\sum_i p_i = 1$.",
        r"The weights are normalised so that $\sum_i p_i = 1$.",
        r"Solve $\sum_i a_i p_i = 3$ for $p$.",
    ],
)
def test_what_a_text_asks_for_is_no_claim_and_may_hold_behind_it(text: str) -> None:
    asked, behind = _claims(f"{text} Then\n$$\\sum_i 2 p_i a_i = 2 a_0.$$\n")
    assert (asked.verdict, asked.code) == (UNDECIDED, "unclear-condition")
    assert behind.verdict is UNDECIDED
    assert "may put a condition on" in behind.detail
    assert _claims(r"The result is $\sum_i p_i = 1$.")[0].verdict is REFUTED


@pytest.mark.parametrize(
    "text",
    [
        r"It is not true that $\sum_i a_i = \sum_i p_i$.",
        r"Is it true that $\sum_i a_i = \sum_i p_i$?",
        r"One might think that $\sum_i a_i = \sum_i p_i$.",
        r"A common mistake is $\sum_i a_i = \sum_i p_i$.",
    ],
)
def test_what_a_text_denies_or_asks_is_not_called_false(text: str) -> None:
    assert [item.verdict for item in _claims(text)] == [UNDECIDED]
    assert [item.verdict for item in _claims(text.replace("p_i", "a_i"))] == [PROVED]


def test_a_general_formula_does_not_rest_on_the_special_case_before_it() -> None:
    special, general = _claims(
        "For $k < 1$:\n\n$$p_k a_k = p_0 a_k$$\n\nand for general $k$\n\n$$p_k a_k = p_0 a_k$$"
    )
    assert (special.verdict, general.verdict) == (PROVED, UNDECIDED)
    assert "may hold here as well" in general.detail
    text = "For $k < 1$:\n\n$$p_k a_k = p_0 a_k$$\n\nIn general\n\n$$p_k a_k = a_k p_k$$"
    assert [(r.verdict, r.assumptions) for r in _claims(text)][1] == (PROVED, ())


def test_each_of_two_formulas_has_the_condition_behind_it() -> None:
    at_zero = r"$$\sum_i \delta_{ij} a_i = a_0 + a_j - a_j$$"
    text = f"{BUT_FOR_ONE}\nif $j \\ge 1$ and\n{at_zero}\nif $j = 0$."
    first, second = _claims(text)
    assert (first.verdict, second.verdict) == (PROVED, PROVED)
    assert not any("j = 0" in note for note in first.notes)


@pytest.mark.parametrize("said", ["k < 0", "k > N", "k = 0, k > 0"])
def test_what_is_claimed_nowhere_is_not_proved(said: str) -> None:
    [result] = _claims(f"$$a_k p_k = 2 a_k p_k \\quad \\text{{for }} {said}$$")
    assert result.verdict is not PROVED
    [met] = _claims("$$a_k p_k = a_0 p_0 \\quad \\text{for } k = 0$$")
    assert met.verdict is PROVED


@pytest.mark.parametrize(
    "words",
    [
        "with $a$ being zero outside of its range.",
        "where terms that do not exist are left out.",
        "where the sum is over those $i$ for which the index of $a$ is valid.",
    ],
)
def test_entries_outside_an_array_may_be_zero_in_words(words: str) -> None:
    shifted = "$$\\sum_{i=0}^{N-1} (a_{i+1} - a_i) = -a_0$$\n"
    assert [item.verdict for item in _claims(shifted)] == [ILL_FORMED]
    [result] = _claims(shifted + words)
    assert (result.verdict, result.code) == (UNDECIDED, "several-readings")
    # What is wrong with zeros too is wrong.
    [wrong] = _claims(shifted.replace("-a_0", "a_0") + words)
    assert wrong.verdict is ILL_FORMED


def test_positions_may_count_from_one_in_words() -> None:
    text = "{}$$\\sum_{{i=1}}^{{N}} a_i = \\sum_i a_i$$"
    assert _claims(text.format(""))[0].verdict is ILL_FORMED
    [result] = _claims(text.format("All indices count from one.\n\n"))
    assert (result.verdict, result.notes) == (
        UNDECIDED,
        ("declare it: symconv: index-base 1",),
    )
    assert _claims(text.format("All indices count from zero.\n\n"))[0].verdict is ILL_FORMED


def test_an_example_of_numbers_in_words_makes_nothing_false() -> None:
    head = "<!-- symconv: size M, K; input u (M); input f (K); array y (M-K+1); assume M >= K -->\n"
    text = (
        "$$y_r = \\sum_{k=0}^{K-1} f_k u_{r+k}$$\n\nWith a filter of length two this reads\n\n"
        "$$y_r = f_0 u_r + f_1 u_{r+1}.$$\n\n$$y_r = f_0 u_r + f_1 u_{r+1}$$"
    )
    assert [item.verdict for item in _claims(text, head)] == [UNDECIDED, ILL_FORMED]


def test_words_are_told_apart() -> None:
    one, claim = "\ue0000\ue000", "\ue0001\ue000"
    texts = _texts("j", "a_j = 0")
    assert reserved(f"for odd {one} we have {claim}", texts)[1].way == "restrict it"
    assert reserved(f"we set {claim}", texts)[1].way == "ask for it"
    assert reserved(f"the wrong formula {claim}", texts)[1].way == "deny it"
    assert reserved(f"for every {one} we have {claim}", texts) == {}
    assert general_places(f"for arbitrary {one}", texts) == [4]
    assert general_places(f"for arbitrary {claim}", texts) == []
    assert looks_back("Here we assumed unit stride", {})
    assert not looks_back(f"Here {one} is {claim}", _texts("j", "a_j = b_j"))
    assert outside_words("entries outside of the image are zero")
    assert not outside_words("the padding is zero")
    assert counted_words("positions start at 1", {})
    assert not counted_words("they run from 1 to 3", {})


def test_words_between_two_formulas_are_about_the_second_one() -> None:
    first, second = "\ue0000\ue000", "\ue0001\ue000"
    texts = _texts("a = 1", "b = 1")
    assert list(reserved(f"the result {first} : we set {second}", texts)) == [1]
    assert list(reserved(f"we set {first} and {second}", texts)) == [0, 1]
    assert list(reserved(f"the results {first} and {second} are wrong", texts)) == [1]
