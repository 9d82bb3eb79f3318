"""No more of a document is read than ends within a minute; the rest is named, never dropped."""

from __future__ import annotations

import pytest

from symconv.documents import judging, limits
from symconv.documents.accounting import check_document, check_documents
from symconv.documents.contents import Formula, Heading, Trouble
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.layers.convolution.post import conv2d
from symconv.verdicts import Verdict
from tests.runs import quick_rows

RIGHT = r"\frac{\partial L}{\partial b_f} &= \sum_{n,k,l} \frac{\partial L}{\partial y_{nfkl}}"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_FORMULAS", 5)
    monkeypatch.setattr(limits, "MOST_CHARACTERS", 2_000)
    monkeypatch.setattr(limits, "LONGEST_ROW", 200)


def read(text: str, name: str = "a.md") -> tuple[int, list[Trouble]]:
    document = parse_text(name, text)
    return len(document.formulas), list(document.troubles)


@pytest.mark.parametrize("name", ["a.md", "a.tex"])
def test_what_is_beyond_the_limit_is_one_thing_with_its_place_and_count(few, name) -> None:
    assert read("a $k$ b\n\n" * 5, name) == (5, [])
    read_, troubles = read("a $k$ b\n\n" * 12, name)
    assert read_ == 5
    (trouble,) = troubles
    assert trouble.code == "too-large"
    assert "7 rows of formulas" in trouble.fact
    assert trouble.start == len("a $k$ b\n\n") * 5 + 3


def test_everything_that_costs_is_counted(few) -> None:
    for part in (
        "# heading\n\n",
        "```python\nx = 1\n```\n",
        "<!-- symconv: size K -->\n",
        "$a\n\n",
    ):
        document = parse_text("a.md", part * 9 + "$k$\n")
        assert len(document.items) == 6
        assert document.troubles[-1].code == "too-large"
        assert "1 row of formulas" in document.troubles[-1].fact
        assert not any(isinstance(item, Formula) for item in document.items)


def test_headings_alone_are_no_loss(few) -> None:
    document = parse_text("a.md", "$k$\n\n" + "# a\n" * 4)
    assert [type(item) for item in document.items] == [Formula, *[Heading] * 4]


def test_rows_of_one_formula_are_counted_and_the_first_ones_judged(few) -> None:
    rows = " \\\\\n".join([RIGHT] * 9)
    document = parse_text("a.tex", f"\\begin{{align}}\n{rows}\n\\end{{align}}\n")
    results = check_document(document, declared_by(conv2d()))
    assert [result.verdict for result in results] == [Verdict.PROVED] * 5 + [Verdict.UNDECIDED]
    assert results[-1].code == "too-large"
    assert "4 rows of formulas" in results[-1].detail
    assert results[-1].location == "a.tex:7:1"


@pytest.mark.parametrize(
    "rows",
    [
        # The row behind the limit belongs to the one before it.
        ["a_k &= b_k"] * 4 + ["a_k &= b_k", r"&\quad + c_k", "a_k &= b_k"],
        ["a_k &= b_k"] * 4 + ["a_k &= b_k", r"&\text{if } S = 1", "a_k &= b_k"],
        ["a_k &= b_k"] * 4 + ["a_k &= b_k +", "d_k &= b_k", "a_k &= b_k"],
    ],
)
def test_no_row_loses_what_the_next_one_says_of_it(few, rows) -> None:
    document = parse_text("a.tex", "\\begin{align}" + "\\\\\n".join(rows) + "\\end{align}")
    (formula,) = document.formulas
    assert formula.source.text.count("a_k") == 4
    assert formula.source.text.endswith("\\end{align}")


def test_what_cannot_be_parted_is_left_out_whole(few) -> None:
    for begin, end in (("\\begin{cases}", "\\end{cases}"), ("{", "}"), ("\\begin{matrix}", "")):
        formula = f"$$a_k = {begin}" + "\\\\".join(["a_k = b_k"] * 9) + f"{end}$$\n"
        found, (trouble,) = read("$k$\n\n" + formula)
        assert found == 1
        assert "9 rows of formulas" in trouble.fact


def test_long_rows_and_much_text_are_too_large(few) -> None:
    for formula in ("$$" + "k + " * 60 + "k$$\n", ("$$" + "k + " * 40 + "k$$\n") * 20):
        found, (trouble,) = read(formula)
        assert trouble.code == "too-large"
        assert found < 20


def test_a_row_of_very_many_equations_is_too_large() -> None:
    document = parse_text("a.md", "$$ N = N" + ", N = N" * 200 + "$$\n")
    (result,) = check_document(document, declared_by(conv2d()))
    assert (result.verdict, result.code) == (Verdict.UNDECIDED, "too-large")
    assert "row of more than 100" in result.detail


EQUALITIES = (
    f"$${RIGHT.replace('&', '')}$$",
    "$b_f + b_f = 2 b_f$",
    "$b_f = 2 b_f$",
    "$b_f + 1 = b_f + 1$",
)


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "MOST_WORK", 0)


def verdicts(*texts: str) -> list[tuple[str, str | None]]:
    documents = [parse_text(f"{number}.md", text) for number, text in enumerate(texts)]
    report = check_documents(documents, declared_by(conv2d()))
    return [(item.verdict.value, item.code) for item in report.results if item.verdict is not None]


TOO_LARGE = ("undecided", "too-large")


def test_what_one_document_may_cost_is_counted_and_the_rest_is_named(little) -> None:
    assert verdicts("\n\n".join(EQUALITIES)) == [("proved", None), *[TOO_LARGE] * 3]


def test_what_was_judged_before_costs_nothing(little) -> None:
    first, second = EQUALITIES[1], EQUALITIES[3]
    told = verdicts("\n\n".join([first, second, first]))
    assert told == [("proved", None), TOO_LARGE, ("proved", None)]


def test_each_document_may_cost_as_much(little) -> None:
    assert verdicts(EQUALITIES[1], EQUALITIES[3]) == [("proved", None)] * 2


def test_what_is_false_beyond_the_limit_is_false_and_not_explained(little) -> None:
    document = parse_text("a.md", EQUALITIES[2])
    (result,) = check_document(document, declared_by(conv2d()))
    assert result.verdict is Verdict.REFUTED
    assert judging.UNEXPLAINED in result.notes


def test_a_page_as_people_write_them_is_within_the_limit() -> None:
    told = verdicts("\n\n".join(f"$b_f + {n} = b_f + {n}$" for n in range(40)))
    assert told == [("proved", None)] * 40


LONG = "we look at the stride and at the padding and " * 300


@quick_rows(1, "the rows are one length in three places")
@pytest.mark.parametrize(
    "words",
    [
        f"{LONG} see that $%s$.",
        f"{LONG}.\n\nSo $%s$.",
        "".join(f"Assume that $S = {n}$. " for n in range(1, 150)) + "Then $%s$.",
    ],
)
def test_what_is_too_long_to_be_heard_may_restrict_what_follows(words) -> None:
    assert verdicts(words % EQUALITIES[2].strip("$")) == [("undecided", "unclear-condition")]
    assert verdicts(f"{EQUALITIES[2]}\n\n# Next\n\n{LONG[:9_000]}. So $k$.") == [
        ("refuted", "different")
    ]


def test_what_is_too_long_to_be_heard_takes_nothing_from_what_is_always_true() -> None:
    assert verdicts(f"{LONG} see that {EQUALITIES[1]}.") == [("proved", None)]


def test_a_number_of_many_digits_is_told_by_its_first_ones() -> None:
    document = parse_text("a.md", f"$b_f + {'7' * 6_000} = b_f$")
    (result,) = check_document(document, declared_by(conv2d()))
    assert "digits" in result.detail
    assert len(result.detail) < 200
