"""Which arrays are matrices, and what a page holds."""

from __future__ import annotations

import pytest

from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.entry_lists import entries_latex
from symconv.latex.writing.matrices import Cell, matrix_latex, matrix_shape
from symconv.layers.convolution.post import conv2d

LAYER = conv2d()


@pytest.mark.parametrize(
    ("shape", "expected", "why"),
    [
        ((1, 1, 3, 4), (3, 4), "the last two axes"),
        ((2, 1, 1, 4), (2, 4), "any two axes"),
        ((5, 1, 1, 1), (5, 1), "a column"),
        ((1, 1, 1, 5), (1, 5), "a row"),
        ((1, 1), (1, 1), "a single entry"),
        ((3, 4), (3, 4), "two axes there are"),
        ((2, 3, 4), None, "three long axes"),
        ((2, 1, 3, 1, 4), None, "three long axes among short ones"),
        ((3,), None, "one axis"),
        ((), None, "a scalar"),
    ],
)
def test_two_long_axes_make_a_matrix(shape, expected, why: str) -> None:
    assert matrix_shape(shape) == expected, why


def cells(count: int, *terms: str) -> list[Cell]:
    return [Cell(f"y_{{{number}}}", terms) for number in range(count)]


def test_short_cells_stand_on_one_line() -> None:
    assert matrix_latex("y", cells(4, "a", "+ b"), (2, 2), LatexOptions()) == (
        "\\[\n  y = \\begin{pmatrix}\n"
        "    a + b & a + b \\\\[0.6em]\n"
        "    a + b & a + b\n"
        "  \\end{pmatrix}\n\\]"
    )


def test_long_cells_are_broken_into_the_fewest_lines_that_fit() -> None:
    terms = ("a", "+ b", "- c", "+ d")
    wide = matrix_latex("y", cells(2, *terms), (1, 2), LatexOptions(line_width=30))
    assert wide is not None
    assert r"a + b - c + d & a + b - c + d" in wide
    narrow = matrix_latex("y", cells(2, *terms), (1, 2), LatexOptions(line_width=15))
    assert narrow is not None
    assert r"\begin{aligned} &a + b \\ &- c + d \end{aligned} & \begin{aligned}" in narrow


@pytest.mark.parametrize("options", [LatexOptions(line_width=16), LatexOptions(page_height=5)])
def test_cells_that_do_not_fit_are_named(options: LatexOptions) -> None:
    terms = tuple("+ x_{0,0,0,0} w_{0,0,0,0}" for _ in range(9))
    assert matrix_latex("y", cells(4, *terms), (2, 2), options) == (
        "\\[\n  y = \\begin{pmatrix}\n"
        "    y_{0} & y_{1} \\\\[0.6em]\n    y_{2} & y_{3}\n"
        "  \\end{pmatrix}\n\\]"
    )


def test_a_matrix_that_no_page_holds_is_left_out_and_that_is_said() -> None:
    assert matrix_latex("y", cells(40, "a"), (1, 40), LatexOptions()) is None
    assert matrix_latex("y", cells(90, "a"), (90, 1), LatexOptions()) is None
    given = LAYER.sizes("N=1,C=1,H=1,W=40,F=1,HH=1,WW=1,S=1,P=0")
    latex = entries_latex(LAYER, "y", given)
    assert latex.startswith(
        "\\begin{align*}\n  % no page holds a matrix of 1 by 40 entries\n  y_{0,0,0,0} &="
    )
    assert "matrix}" not in latex


def test_more_than_ten_columns_need_no_setting_in_the_document() -> None:
    latex = matrix_latex("y", cells(24, "0"), (2, 12), LatexOptions())
    assert latex is not None
    assert "pmatrix" not in latex
    assert r"\left(\begin{array}{cccccccccccc}" in latex
    assert r"\end{array}\right)" in latex
    ten = matrix_latex("y", cells(10, "0"), (1, 10), LatexOptions())
    assert ten is not None
    assert "pmatrix" in ten


def test_fractions_in_cells_are_written_in_full_size() -> None:
    latex = matrix_latex("y", cells(2, r"\frac{a}{b}"), (1, 2), LatexOptions())
    assert latex is not None
    assert latex.count(r"\displaystyle \frac{a}{b}") == 2
