"""Where long formulas break."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import Array, Iverson, Statement, Sum
from symconv.algebra.indices import Index, Range, Size, as_integer, between, equal, indices, sizes
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.layout import aligned, broken_lines, statement_display
from symconv.latex.writing.widths import estimated_width
from symconv.latex.writing.writer import expression_latex, statement_latex, written_expression
from symconv.layers.convolution.post import conv2d

N, H, S = sizes("N H S")
i, j, k = indices("i j k")
x = Array("x", (N, H))
w = Array("w", (H,))
OPTIONS = LatexOptions()


def lines_of(expression, room: float) -> list[str]:
    return broken_lines(written_expression(expression, OPTIONS).pieces(), room)


def test_a_short_statement_is_one_display() -> None:
    statement = Statement(w[i], x[j, i])
    assert statement_display(statement) == "\\[\n  w_{i} = x_{j,i}\n\\]"


def test_what_fits_on_one_line_is_the_formula_itself() -> None:
    for statement in conv2d().statements:
        expression = statement.rhs
        assert lines_of(expression, 1000) == [expression_latex(expression)]


def test_lines_break_before_signs_first() -> None:
    expression = w[0] * x[0, 1] + w[1] * x[0, 1] - w[2] * x[0, 2]
    assert lines_of(expression, 10) == [
        "w_{0} x_{0,1} + w_{1} x_{0,1}",
        "- w_{2} x_{0,2}",
    ]


def test_a_product_that_is_too_long_breaks_between_factors() -> None:
    inside = Iverson(between(0, i, H - 1)) * Iverson(between(0, j, H - 1)) * w[k]
    expression = Sum(x[i, k] * inside, (k, 0, H - 1)) + w[j]
    assert lines_of(expression, 17) == [
        r"\sum_{k=0}^{H-1} x_{i,k} \, \mathbb{1}(0 \le i \le H-1)",
        r"\cdot \mathbb{1}(0 \le j \le H-1) \, w_{k} + w_{j}",
    ]


def test_lines_are_about_equally_wide() -> None:
    expression = w[0] + sum((w[number] for number in range(1, 12)), start=w[0])
    first, second = lines_of(expression, 30)
    assert abs(estimated_width(first) - estimated_width(second)) < 6


def test_a_piece_that_fits_nowhere_stands_alone() -> None:
    assert lines_of(w[0] + x[0, 1], 0.5) == ["w_{0}", "+ x_{0,1}"]


@pytest.mark.parametrize("statement", conv2d().statements, ids=lambda item: item.key)
def test_no_line_is_wider_than_asked_for(statement: Statement) -> None:
    options = LatexOptions(ranges=True, line_width=36)
    display = statement_display(statement, options)
    left = estimated_width(statement_latex(statement).split(" = ")[0])
    for line in display.splitlines()[1:-1]:
        text = line.removesuffix(" \\\\").replace("&", "")
        indent = 0 if "&=" in line or len(display.splitlines()) == 3 else left + 1.9
        assert indent + estimated_width(text) <= 36.5


def test_clauses_stand_below_where_they_do_not_fit_behind() -> None:
    statement = Statement(
        w[i],
        x[j, i],
        free=(Range(i, as_integer(0), H - 1), Range(j, as_integer(0), N - 1)),
        assumptions=(equal(S, 1), equal(N, 2)),
        where=((Index("p_0"), S * k),),
    )
    assert statement_display(statement, LatexOptions(ranges=True, line_width=25)) == (
        r"""\begin{align*}
  w_{i} &= x_{j,i}, \quad \text{where } p_{0} = Sk, \quad \text{if } S = 1,\ N = 2, \\
    &\text{for } 0 \le i \le H-1,\ 0 \le j \le N-1
\end{align*}"""
    )
    assert statement_display(statement, LatexOptions(ranges=True, line_width=11.5)) == (
        r"""\begin{align*}
  w_{i} &= x_{j,i}, \\
    &\text{where } p_{0} = Sk, \\
    &\text{if } S = 1,\ N = 2, \\
    &\text{for } 0 \le i \le H-1, \\
    &\quad 0 \le j \le N-1
\end{align*}"""
    )


def test_names_on_both_sides_are_known_to_both() -> None:
    P, PQ, Q = sizes("P PQ Q")
    statement = Statement(x[i, PQ], w[P * Q])
    assert r"w_{P\,Q}" in statement_display(statement)
    assert Size("P") == P


def test_equations_of_several_lines_stand_apart() -> None:
    assert aligned([("a", ["b", "+ c"]), ("d", ["e"])]) == (
        "\\begin{align*}\n  a &= b \\\\\n    &\\quad + c \\\\[1ex]\n  d &= e\n\\end{align*}"
    )
    assert aligned([("a", ["b"]), ("d", ["e"])], "why") == (
        "\\begin{align*}\n  % why\n  a &= b \\\\\n  d &= e\n\\end{align*}"
    )
