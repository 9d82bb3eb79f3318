r"""Words and brackets beside formulas: conditions are understood, or stop the reader."""

from __future__ import annotations

import pytest

from symconv.latex.reading.context import context_of_layer
from symconv.latex.reading.cue_words import explains_a_name, role_of
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Equality, ExampleSize, NoStatement, Unreadable
from symconv.layers.convolution.post import conv2d
from symconv.proof.equality import prove
from symconv.verdicts import Verdict
from tests.runs import quick_rows

CONV = conv2d()
LAYER = context_of_layer(CONV)
PADDED = r"x^{pad}_{n,c,i,j} = x_{n,c,i,j}"
"""True where P = 0, and without a meaning elsewhere."""


@quick_rows(30, "each row is one more wording")
@pytest.mark.parametrize(
    "condition",
    [
        r"\text{ with } P = 0",
        r"\text{ where } P = 0",
        r", \text{ provided that } P = 0",
        r"\text{ as } P = 0",
        r"\text{ since } P = 0",
        r"\text{ because } P = 0",
        r"\text{ assuming that } P = 0",
        r"\text{ given } P = 0",
        r"\text{ only when } P = 0",
        r"\text{ but only if } P = 0",
        r"\text{ in the case } P = 0",
        r"\text{ (only when } P = 0)",
        r"\text{ (only when } P = 0\text{)}",
        r"\text{ if $P = 0$}",
        r"\quad (P = 0)",
        r"\quad (P = 0, S = 1)",
        r"\; (P = 0)",
        r"\quad (\text{if } P = 0)",
        r"\text{ with } 2P = 0",
        r"\because P = 0",
    ],
)
def test_a_condition_is_understood(condition: str) -> None:
    (item,) = read_formula(f"{PADDED} {condition}", LAYER).items
    assert isinstance(item, Equality), item
    assert prove(item.statement, CONV).verdict is Verdict.PROVED
    # The same words with another condition help nothing.
    (item,) = read_formula(f"{PADDED} {condition.replace('= 0', '> 0')}", LAYER).items
    assert not isinstance(item, Equality) or prove(item.statement, CONV).verdict.is_false


@pytest.mark.parametrize(
    "condition",
    [
        r"P = 0 \Rightarrow",
        r"P = 0 \implies",
        r"P = 0:",
        r"\text{if } P = 0:",
        r"(P = 0) \Rightarrow",
        r"P < 1 \Rightarrow",
    ],
)
def test_what_stands_before_an_arrow_is_the_condition_of_what_stands_behind_it(
    condition: str,
) -> None:
    first, second = read_formula(f"{condition} {PADDED}", LAYER).items
    assert isinstance(first, NoStatement)
    assert isinstance(second, Equality)
    assert prove(second.statement, CONV).verdict is Verdict.PROVED
    wrong = condition.replace("P = 0", "P = 1").replace("P < 1", "P > 1")
    second = read_formula(f"{wrong} {PADDED}", LAYER).items[-1]
    assert isinstance(second, Equality)
    assert prove(second.statement, CONV).verdict.is_false


@pytest.mark.parametrize(
    ("beside", "place"),
    [
        (r"\quad [P = 0]", "[P = 0]"),
        (r"\text{ (if P = 0)}", r"\text{ (if P = 0)}"),
        (r"\text{ unless } P > 0", r"\text{ unless }"),
        (r"\text{ for odd } HH", r"\text{ for odd }"),
        (r"\text{ without padding}", r"\text{ without padding}"),
        (r"\text{ (no padding: $P = 0$)}", "(no padding:"),
        (r"\text{ since P is zero}", r"\text{ since P is zero}"),
        (r"\text{ where $P$ is even}", "is even"),
        (r"\text{ with } P \text{ zero}", r"\text{ zero}"),
    ],
)
def test_what_may_restrict_a_formula_is_never_dropped(beside: str, place: str) -> None:
    item = read_formula(f"{PADDED} {beside}", LAYER).items[0]
    assert isinstance(item, Unreadable)
    assert not item.ill_formed
    assert item.token.strip() == place.strip()


def test_an_equivalence_is_not_taken_for_two_claims() -> None:
    items = read_formula(rf"P = 0 \iff {PADDED}", LAYER).items
    assert not any(isinstance(item, Equality) for item in items)
    assert any(isinstance(item, Unreadable) for item in items)


@pytest.mark.parametrize(
    "remark",
    [
        r"\text{ (by the chain rule)}",
        r"\text{ by (3)}",
        r"\text{ as before}",
        r"\text{ since the sum is finite}",
        r"\text{ using the formula for the output}",
        r"\text{, where $F$ is the number of filters and $N$ denotes the batch size}",
        r"\text{ with respect to the bias}",
        r"\quad (2.3)",
    ],
)
def test_a_remark_changes_nothing(remark: str) -> None:
    items = read_formula(rf"b_f = b_f {remark}", LAYER).items
    assert isinstance(items[0], Equality)
    assert items[0].statement.assumptions == ()
    assert not any(isinstance(item, Unreadable | ExampleSize) for item in items)


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("if", "if"),
        ("(only if", "if"),
        ("valid for all", "for"),
        ("as", "where"),
        ("as before", "remark"),
        ("", "remark"),
        (")", "remark"),
        ("rows", "operand"),
        ("unless", "unclear"),
        ("for odd", "unclear"),
        ("if S=1", "unclear"),
        ("for the last time", "unclear"),
    ],
)
def test_words_have_a_role(text: str, role: str) -> None:
    assert role_of(text) == role


def test_words_behind_a_name_explain_it() -> None:
    assert explains_a_name("is the stride")
    assert explains_a_name("denotes the padding and")
    assert not explains_a_name("is even")
    assert not explains_a_name("is the odd one")


def test_a_range_in_parentheses_is_a_range() -> None:
    latex = r"b_{f} - b_{f-1} = -(b_{f-1} - b_f) \quad"
    (item,) = read_formula(rf"{latex} (f = 1, \ldots, F-1)", LAYER).items
    assert isinstance(item, Equality)
    assert prove(item.statement, CONV).verdict is Verdict.PROVED
    (item,) = read_formula(rf"{latex} (f = 0, \ldots, F-1)", LAYER).items
    assert isinstance(item, Equality)
    assert prove(item.statement, CONV).verdict is Verdict.ILL_FORMED


def test_an_element_equation_brings_its_sizes_with_it() -> None:
    reading = read_formula(r"y_{00} = y_{00} \text{ with } H = W = 5", LAYER)
    assert [type(item) for item in reading.items] == [Equality, ExampleSize, ExampleSize]
    reading = read_formula(r"b_f = b_f \text{ with } H = W = 5", LAYER)
    assert [type(item) for item in reading.items] == [Equality]
    assert reading.context.examples == ()


def test_a_row_goes_on_with_the_aligned_equation_of_the_row_before() -> None:
    before, behind = r"\sum_f b_f &= \sum_f b_f, \quad p_0 = Sk", r"\\ &= \sum_{f=0}^{F-1} b_f"
    items = read_formula(before + behind, LAYER).items
    claims = [item for item in items if isinstance(item, Equality)]
    assert len(claims) == 2
    assert all(prove(item.statement, CONV).verdict is Verdict.PROVED for item in claims)
    unclear = read_formula(before.replace("&", "") + behind, LAYER).items
    assert [type(item) for item in unclear if isinstance(item, Unreadable)] == [Unreadable]
