"""Conditions beside formulas: behind them, before them, below sum signs, in rows of their own."""

from __future__ import annotations

import pytest

from symconv.algebra.indices import Size
from symconv.documents.accounting import check_document
from symconv.documents.declarations import Declared
from symconv.documents.loading import parse_text
from symconv.latex.reading.context import Context, context_of_layer
from symconv.layers.convolution.post import conv2d
from symconv.verdicts import Result

LAYER = context_of_layer(conv2d())
M = Size("M")
ARRAYS = (
    Context()
    .with_size("M")
    .with_size("S")
    .with_array("g", (M,))
    .with_array("h", (M,))
    .with_array("d", (M, M))
    .with_array("u", (M,))
)


def results(latex: str, context: Context = ARRAYS) -> list[Result]:
    document = parse_text("t.md", f"$$\n{latex}\n$$")
    return [
        found
        for found in check_document(document, Declared(context))
        if found.verdict is not None
    ]  # fmt: skip


def verdicts(latex: str, context: Context = ARRAYS) -> list[str]:
    return [found.verdict.value for found in results(latex, context) if found.verdict is not None]


@pytest.mark.parametrize(
    "latex",
    [
        r"M g_k = g_k, \quad M = 1",
        r"M g_k = g_k, M = 1",
        r"M g_k = g_k \qquad M = 1",
        r"M g_k = g_k \; (M = 1)",
        r"M g_k = g_k & (M = 1)",
        r"M g_k = g_k \quad \text{if } M = 1",
        r"M = 1, \quad M g_k = g_k",
        r"M = 1: \quad M g_k = g_k",
        r"M = 1 \Rightarrow M g_k = g_k",
        r"\text{If } M = 1, \text{ then } M g_k = g_k",
        r"\text{For } M = 1 \text{ we have } M g_k = g_k",
        r"\text{For } M = 1: \\ M g_k = g_k",
        r"M = 1, \quad S = 2 \\ M g_k = g_k",
    ],
)
def test_a_condition_on_sizes_is_heard_wherever_it_stands(latex: str) -> None:
    (found,) = results(latex)
    assert found.verdict is not None
    assert found.verdict.value == "proved"
    assert "M = 1" in found.assumptions
    (wrong,) = results(latex.replace("M g_k", "2 M g_k"))
    assert wrong.verdict is not None
    assert wrong.verdict.value == "refuted"
    assert wrong.counterexample is not None
    assert wrong.counterexample.sizes["M"] == 1


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"g_k = g_0, \quad k = 0", "proved"),
        (r"g_k = g_0 \quad (k = 0)", "proved"),
        (r"g_k = g_0 \text{ for } k = 0", "proved"),
        (r"g_k = g_{M-1}, \quad k = 0", "refuted"),
        (r"g_k + g_k = 2 g_k, \quad k > 0", "proved"),
        (r"g_k [k > 0] = g_k, \quad k \ge 1", "proved"),
        (r"g_k [k > 1] = g_k, \quad k > 0", "refuted"),
        (r"[k \ne 0] g_k = g_k \quad \forall k \ne 0", "proved"),
        (r"[k \ne 0] g_k = g_k \quad \forall k", "refuted"),
        (r"d_{ij} = d_{ji}, \quad i = j", "proved"),
        (r"d_{ij} = d_{ji} \text{ if } i \ne j", "refuted"),
        (r"g_{k-1} = g_{k-1}, \quad k > 0", "undecided"),
        (r"g_k = g_0 \text{ if } 2 \mid r", "undecided"),
        (r"\text{If the size is one:} \quad M g_k = g_k", "undecided"),
        (r"M g_k = g_k \Big|_{M=1}", "undecided"),
        (r"2 g_k = g_k + h_k, \quad g_k = h_k", "undecided"),
    ],
)
def test_a_condition_on_indices_is_used_or_makes_the_formula_undecided(
    latex: str, expected: str
) -> None:
    assert verdicts(latex)[0] == ("undecided" if latex.startswith(r"\text") else expected)
    assert verdicts(latex)[-1] == expected


def test_a_condition_on_an_index_is_named() -> None:
    (found,) = results(r"g_k [k > 0] = g_k, \quad k > 0")
    assert "read: it is claimed only where k > 0" in [str(note) for note in found.notes]


def test_a_definition_under_a_condition_has_no_value_elsewhere() -> None:
    text = r"u_k = g_{k-1}, \quad k > 0 \\ {0}"
    assert verdicts(text.replace("{0}", "u_{k} = g_{k-1}, \\quad k \\ge 1")) != ["refuted"]
    assert verdicts(text.replace("{0}", "u_0 = g_0")) == ["undecided"]


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"x^{pad}_{n,c,i,j} = x_{n,c,i,j}, \quad P = 0", ["proved"]),
        (r"x^{pad}_{n,c,i,j} = x_{n,c,i,j}, \quad P = 1", ["ill-formed"]),
        (r"x^{pad}_{n,c,i,j} = 0, \quad i < P", ["proved"]),
        (r"x^{pad}_{n,c,i,j} = 0, \quad i \le P", ["refuted"]),
        (r"Hh = H, \quad HH = 3, \quad S = P = 1", ["proved"]),
        (r"Hh = H, \quad HH = 5, \quad S = P = 1", ["refuted"]),
        (r"\text{Let } P = 0. \quad x^{pad}_{n,c,i,j} = x_{n,c,i,j}", ["proved"]),
    ],
)
def test_conditions_of_the_layer_are_heard(latex: str, expected: list[str]) -> None:
    assert verdicts(latex, LAYER) == expected


def test_words_in_a_row_of_their_own_are_passed_over_unless_they_may_restrict() -> None:
    rows = (
        r"\text{The upper ones come first:} \\ g_k = g_k \\ \text{Next, the others:} \\ h_k = h_k"
    )
    assert verdicts(rf"\begin{{aligned}} {rows} \end{{aligned}}") == ["proved", "proved"]
    restricted = rows.replace("The upper ones come first", "With one entry and no bias")
    assert "undecided" in verdicts(rf"\begin{{aligned}} {restricted} \end{{aligned}}")


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"2 \sum_{i<j} g_i g_j = \sum_{i \ne j} g_i g_j", "proved"),
        (r"\sum_{i<j} g_i g_j = \sum_{i \ne j} g_i g_j", "refuted"),
        (r"\sum_{i \neq j} d_{ij} + \sum_i d_{ii} = \sum_{i,j} d_{ij}", "proved"),
        (r"\sum_{i \le j} d_{ij} = \sum_{j} \sum_{i=0}^{j} d_{ij}", "proved"),
        (r"\sum_{i \le j} d_{ij} = \sum_{j} \sum_{i=0}^{j-1} d_{ij}", "refuted"),
        (r"\sum_{i > j} g_i h_j = \sum_{j} \sum_{i=j+1}^{M-1} g_i h_j", "proved"),
        (r"\sum_{0 \le i < j \le M-1} g_i h_j = \sum_{i<j} g_i h_j", "proved"),
        (r"\sum_{0 \le i < j \le M-1} g_i h_j = \sum_{i \le j} g_i h_j", "refuted"),
        (r"\sum_{j \ne i} g_j = \sum_j g_j - g_i", "proved"),
        (r"u_j = \sum_{i < j} d_{ij}", None),
        (r"\sum_{i<j} g_i = j g_0", "undecided"),
        (r"\sum_{i+j=k} g_i h_j = g_0 h_k", "undecided"),
        (r"\sum_{p \mid k} g_p = g_0", "undecided"),
        (r"\sum_{i \in I} g_i = g_0", "undecided"),
    ],
)
def test_a_sum_over_a_comparison_is_over_pairs_unless_one_letter_stands_elsewhere(
    latex: str, expected: str | None
) -> None:
    assert verdicts(latex) == ([] if expected is None else [expected])


def test_two_equations_side_by_side_are_two() -> None:
    right, wrong = "Hh &= H + 2P - HH + 1", "Hw &= W + 2P - WW + 2"
    stride = r", \quad S = 1"
    for gap in (" & ", " && ", r" & \quad ", r" \quad ", r" \qquad ", " ~~ ", r"\;\;\;", "; "):
        latex = rf"\begin{{align}} {right}{gap}{wrong}{stride} \end{{align}}"
        assert verdicts(latex, LAYER) == ["proved", "refuted"], gap
    assert verdicts(
        rf"\begin{{eqnarray}} Hh &=& H + 2P - HH + 1{stride} \end{{eqnarray}}", LAYER
    ) == ["proved"]


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"200 \times 100 \times 3 = 60,000", "proved"),
        (r"200 \times 100 \times 3 = 60{,}000", "proved"),
        (r"56 \times 56 \times 256 = 802,815", "undecided"),
        ("1/2 = 0,5", "proved"),
        (r"0,5 \cdot 4 = 2", "proved"),
        ("1/3 = 0,33", "undecided"),
        (r"3 \times 3 \times 64 = 576", "proved"),
        (r"3 \times 3 \times 64 = 575", "refuted"),
        ("1/3 = 0.33", "undecided"),
        ("(32 - 5)/2 + 1 = 14", "undecided"),
        (r"Hh = \lfloor (H-HH+2P)/S \rfloor + 1 = 7", "undecided"),
        (r"\lfloor k/2 \rfloor = n", "undecided"),
        ("y_{0,0} = 12", "undecided"),
        ("b_f = 0", "undecided"),
        (r"1\,000 \cdot 2 = 2\,000", "undecided"),
        ("1~000 = 10^3", "undecided"),
        (r"HH = 3, S = 1 \\ Hh = H", "refuted"),
        ("L = L_1 + L_2", "undecided"),
        ("y_{n,f,k,l} = b", "undecided"),
        (r"\frac{\partial L}{\partial b} = \sum_{n,k,l} dout_{n,f,k,l}", "undecided"),
        ("w_{ij} = w_{ji}", "undecided"),
        ("n_f = 64", "undecided"),
        ("HH w_{f,c,0,0} = w_{f,c,0,0}", "refuted"),
    ],
)
def test_numbers_of_a_text_are_not_called_false_unless_they_plainly_are(
    latex: str, expected: str
) -> None:
    assert verdicts(latex, LAYER)[-1] == expected


@pytest.mark.parametrize(
    "latex", ["L = l + 1", "l + 1 = L", "b = 2", "x = 3", "k = 0,1,2", "w = 0.5", "f = c = 1"]
)
def test_a_value_of_a_letter_claims_nothing(latex: str) -> None:
    assert verdicts(latex, LAYER) == []


def test_a_bias_that_is_left_out_is_not_known() -> None:
    plain = r"y_{n,f,k,l} = \sum_{c,p,q} x^{pad}_{n,c,kS+p,lS+q} w_{f,c,p,q}"
    for said in (r"b = 0, \quad ", r"b_f = 0, \quad "):
        assert verdicts(said + plain, LAYER)[-1] == "undecided"
    assert verdicts(plain, LAYER) == ["refuted"]


@pytest.mark.parametrize(
    "latex",
    [
        r"b_f = \sigma(b_f)",
        r"b_f = f(x_{n,c,i,j})",
        r"L(y_{n,f,k,l}) = y_{n,f,k,l}",
        r"\frac{\partial L}{\partial w_1} = \frac{\partial L}{\partial w_2}",
        r"\frac{\partial L}{\partial w_l} = 0",
        r"\sum_{w=0}^{W-1} b_f = W b_f + 1",
        r"b_f^1 = b_f^2",
        r"x_{12} = x_{11} + x_{21}",
        r"y_{n,f,k,l} = w_{f,c,p,q} x^{pad}_{n,c,kS+p,lS+q} + b_f",
        r"b_f \overset{!}{=} 2 b_f",
        r"b_f \equiv 2 b_f",
        r"t_0 = t_0 + 1",
    ],
)
def test_what_may_mean_something_else_is_not_called_false(latex: str) -> None:
    assert verdicts(latex, LAYER) == ["undecided"]
