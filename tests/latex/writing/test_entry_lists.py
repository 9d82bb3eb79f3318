"""Closed forms at given sizes, read back and compared with evaluation and with the loops."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

from symconv.algebra.evaluation import Evaluator, Polynomial
from symconv.algebra.expressions import Array, Definition, Derivative, Entry, Sum
from symconv.algebra.indices import indices, sizes
from symconv.errors import TooLarge, UnknownStatement
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.entry_lists import MOST_TERMS, closed_entries, entries_latex
from symconv.latex.writing.matrices import matrix_shape
from symconv.layers.convolution import loops
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Layer
from tests.runs import quick_rows

LAYER = conv2d()
TINY = "N=1,C=1,H=2,W=2,F=1,HH=2,WW=1,S=1,P=0"
PADDED = "N=1,C=1,H=3,W=2,F=1,HH=2,WW=2,S=2,P=1"
SEVERAL = "N=2,C=2,H=1,W=2,F=2,HH=1,WW=2,S=2,P=1"
NAMES = ["y", "x_pad", "L", "dL/dw", "dL/db", "dL/dx", "dL/dx_pad", "dy/dw", "dy/db", "dy/dx"]


def equations(latex: str) -> list[str]:
    """The equations of the list, one text each, without line ends and alignment."""
    [body] = re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", latex, flags=re.DOTALL)
    body = re.sub(r"^\s*%.*\n", "", body)
    return [part.strip() for part in re.split(r"\\\\(?:\[1ex\])?\n(?=  \S.*&=)", body)]


def cells(latex: str) -> list[list[str]]:
    """The cells of the matrix, row by row, each without alignment."""
    [body] = re.findall(r"\\begin\{pmatrix\}\n(.*?)\n  \\end\{pmatrix\}", latex, flags=re.DOTALL)
    inner = re.compile(r"\\begin\{aligned\}(.*?)\\end\{aligned\}")
    body = inner.sub(lambda found: re.sub(r"&|\\\\", " ", found[1]), body)
    return [row.split("&") for row in re.split(r"\\\\\[[\d.]+em\]\n", body)]


def by_entry(reader, latex: str, evaluator: Evaluator) -> dict[str, Polynomial]:
    """What the list says of each entry: the entry as plain text, and its polynomial."""
    found: dict[str, Polynomial] = {}
    for text in equations(latex):
        statement = reader.statement(text)
        assert isinstance(statement.lhs, Entry | Derivative)
        assert str(statement.lhs) not in found
        found[str(statement.lhs)] = evaluator.polynomial(statement.rhs)
    return found


@quick_rows(4, "each row is one more list, written and read in the same way")
@pytest.mark.parametrize("style", ["partial", "d"])
@pytest.mark.parametrize("text", [TINY, PADDED, SEVERAL])
@pytest.mark.parametrize("name", NAMES)
def test_closed_forms_are_read_back_as_what_they_are(
    conv2d_reader, unbalanced, name: str, text: str, style
) -> None:
    given = LAYER.sizes(text)
    evaluator = Evaluator(LAYER.definition_by_name, given.by_symbol)
    latex = entries_latex(LAYER, name, given, LatexOptions(derivative=style))
    closed = closed_entries(LAYER, name, given)
    expected = {
        str(entry.expression): evaluator.polynomial(entry.expression) for entry in closed.entries
    }
    assert len(expected) == np.prod(closed.shape, dtype=int)
    assert by_entry(conv2d_reader, latex, evaluator) == expected
    assert unbalanced(latex) == []
    shape = matrix_shape(closed.shape)
    if shape is None or len(expected) == 1:
        assert "pmatrix" not in latex
        return
    read = [
        [evaluator.polynomial(conv2d_reader.expression(cell)) for cell in row]
        for row in cells(latex)
    ]
    assert (len(read), *{len(row) for row in read}) == shape
    assert [cell for row in read for cell in row] == list(expected.values())


def test_a_dropped_term_is_seen_by_the_reading(conv2d_reader) -> None:
    given = LAYER.sizes(TINY)
    evaluator = Evaluator(LAYER.definition_by_name, given.by_symbol)
    latex = entries_latex(LAYER, "y", given)
    spoiled = latex.replace("x_{0,0,0,0} w_{0,0,0,0} + ", "", 1)
    assert spoiled != latex
    wrong = by_entry(conv2d_reader, spoiled, evaluator)
    right = by_entry(conv2d_reader, latex, evaluator)
    assert [entry for entry in right if wrong[entry] != right[entry]] == ["y[0,0,0,0]"]


@pytest.mark.parametrize("text", [PADDED, SEVERAL])
@pytest.mark.parametrize("name", ["y", "dL/dw", "dL/db", "dL/dx"])
def test_closed_forms_have_the_values_that_the_loops_compute(conv2d_reader, name, text) -> None:
    given = LAYER.sizes(text)
    evaluator = Evaluator(LAYER.definition_by_name, given.by_symbol)
    draw = random.Random(7)
    arrays = {
        array.name: np.array(
            [
                draw.randint(-9, 9)
                for _ in range(
                    np.prod([evaluator.integer(extent) for extent in array.shape], dtype=int)
                )
            ],
            dtype=object,
        ).reshape([int(evaluator.integer(extent)) for extent in array.shape])
        for array in LAYER.inputs
    }
    x, w, b, dout = (arrays[key] for key in ("x", "w", "b", "dout"))
    S, P = given["S"], given["P"]
    computed = {
        "y": lambda: loops.forward(x, w, b, S, P),
        "dL/dw": lambda: loops.weights_gradient(dout, x, w, S, P),
        "dL/db": lambda: loops.bias_gradient(dout, b),
        "dL/dx": lambda: loops.input_gradient(dout, x, w, S, P),
    }[name]()
    latex = entries_latex(LAYER, name, given)
    written = by_entry(conv2d_reader, latex, evaluator)
    values = []
    for polynomial in written.values():
        total = 0
        for monomial, coefficient in polynomial.items():
            term = coefficient
            for array, position in monomial:
                term *= arrays[array][position]
            total += term
        values.append(total)
    assert values == computed.ravel().tolist()


def test_the_output_is_written_as_people_write_it() -> None:
    assert entries_latex(LAYER, "y", LAYER.sizes(TINY)) == (
        r"""\begin{align*}
  y_{0,0,0,0} &= x_{0,0,0,0} w_{0,0,0,0} + x_{0,0,1,0} w_{0,0,1,0} + b_{0} \\
  y_{0,0,0,1} &= x_{0,0,0,1} w_{0,0,0,0} + x_{0,0,1,1} w_{0,0,1,0} + b_{0}
\end{align*}

\[
  y = \begin{pmatrix}
    """
        r"\begin{aligned} &x_{0,0,0,0} w_{0,0,0,0} + x_{0,0,1,0} w_{0,0,1,0}"
        r" \\ &+ b_{0} \end{aligned} & "
        r"\begin{aligned} &x_{0,0,0,1} w_{0,0,0,0} + x_{0,0,1,1} w_{0,0,1,0}"
        r""" \\ &+ b_{0} \end{aligned}
  \end{pmatrix}
\]"""
    )


def test_gradients_begin_with_the_upstream_gradient() -> None:
    text = "N=1,C=1,H=1,W=2,F=1,HH=1,WW=1,S=1,P=0"
    assert entries_latex(LAYER, "dL/dw", LAYER.sizes(text), LatexOptions(derivative="d")) == (
        r"""\begin{align*}
  \frac{d\mathcal{L}}{dw_{0,0,0,0}} &= \frac{d\mathcal{L}}{dy_{0,0,0,0}} \, x_{0,0,0,0}"""
        r""" + \frac{d\mathcal{L}}{dy_{0,0,0,1}} \, x_{0,0,0,1}
\end{align*}"""
    )


def test_terms_and_factors_stand_in_the_order_of_arrays_and_positions() -> None:
    latex = entries_latex(LAYER, "L", LAYER.sizes("N=1,C=1,H=1,W=2,F=1,HH=1,WW=1,S=1,P=0"))
    assert latex == (
        r"""\begin{align*}
  L &= \frac{\partial L}{\partial y_{0,0,0,0}} \, x_{0,0,0,0} w_{0,0,0,0}"""
        r""" + \frac{\partial L}{\partial y_{0,0,0,0}} \, b_{0}"""
        r""" + \frac{\partial L}{\partial y_{0,0,0,1}} \, x_{0,0,0,1} w_{0,0,0,0} \\
    &\quad + \frac{\partial L}{\partial y_{0,0,0,1}} \, b_{0}
\end{align*}"""
    )


def test_output_does_not_depend_on_what_was_written_before() -> None:
    given = LAYER.sizes(SEVERAL)
    first = entries_latex(LAYER, "dL/dx", given)
    _ = entries_latex(LAYER, "y", given)
    assert entries_latex(LAYER, "dL/dx", given) == first


def test_long_entries_continue_on_indented_lines(conv2d_reader) -> None:
    given = LAYER.sizes("N=1,C=2,H=3,W=3,F=1,HH=3,WW=3,S=1,P=0")
    latex = entries_latex(LAYER, "y", given, LatexOptions(line_width=30))
    first, *others = latex.splitlines()[1:-1]
    assert "&=" in first
    assert len(others) >= 4
    assert all(line.startswith(r"    &\quad + ") for line in others)


(n,) = sizes("n")
i, j = indices("i j")
u = Array("u", (n,))
s = Array("s")
half = Array("half", (n,))


def small_layer() -> Layer:
    """s = -3 - 2 * (sum of u_i u_j), half = u / 2: numbers, signs, squares and fractions."""
    squares = Sum(u[i] * u[j], (i, 0, n - 1), (j, 0, n - 1))
    return Layer(
        name="small",
        given=(n,),
        inputs=(u,),
        definitions=(
            Definition(s[()], -2 * squares - 3),
            Definition(half[i], (1 / (n + 1)) * u[i] - u[i] * (1 / (n + 1)) * (n + 1)),
        ),
    )


def test_numbers_signs_and_repeated_entries_are_written() -> None:
    layer = small_layer()
    given = layer.sizes(n=2)
    assert entries_latex(layer, "s", given) == (
        "\\begin{align*}\n  s &= -3 - 2 u_{0} u_{0} - 4 u_{0} u_{1} - 2 u_{1} u_{1}\n\\end{align*}"
    )
    assert r"\mathit{half}" not in entries_latex(layer, "half", given)
    assert entries_latex(layer, "half", given) == (
        "\\begin{align*}\n"
        "  half_{0} &= -\\frac{2}{3} u_{0} \\\\\n"
        "  half_{1} &= -\\frac{2}{3} u_{1}\n"
        "\\end{align*}"
    )


@pytest.mark.parametrize(
    ("name", "message", "help"),
    [
        ("dL/dq", "conv2d has no array q", "x, w, b, dout, x_pad, y, L"),
        ("dq/dr", "conv2d has no array q and no array r", "x, w, b"),
        ("z", "neither an array of conv2d nor a gradient", "such as dL/dx"),
        ("x_pat", "neither an array of conv2d nor a gradient", "did you mean x_pad"),
        ("output-size", "neither an array of conv2d nor a gradient", "such as dL/dx"),
        ("dL/dx:contracted", "conv2d has no array x:contracted", "x, w, b"),
        ("x", "x is an input of conv2d", "x_pad, y, L"),
        ("dout", "dout is an input of conv2d", "x_pad, y, L"),
        ("dL/dy", "dL/dy is the upstream gradient", "dL/dx"),
        ("", "neither an array", "such as dL/dx"),
    ],
)
def test_names_without_closed_forms_are_refused(name: str, message: str, help: str) -> None:
    with pytest.raises(UnknownStatement) as caught:
        _ = entries_latex(LAYER, name, LAYER.sizes(TINY))
    assert message in caught.value.fact
    assert help in caught.value.help


@pytest.mark.parametrize("name", ["y", "L", "dL/dx", "dy/dx", "dx_pad/dx", "x_pad"])
def test_too_many_terms_are_refused_before_they_are_built(name: str, monkeypatch) -> None:
    monkeypatch.setattr(
        "symconv.latex.writing.entry_lists.Evaluator.polynomial",
        lambda *_: pytest.fail("terms were built"),
    )
    given = LAYER.sizes("N=8,C=16,H=64,W=64,F=32,HH=3,WW=3,S=1,P=1")
    with pytest.raises(TooLarge, match="has up to") as caught:
        _ = entries_latex(LAYER, name, given)
    assert caught.value.terms > MOST_TERMS


@pytest.mark.parametrize("text", [TINY, PADDED, SEVERAL])
@pytest.mark.parametrize("name", NAMES)
def test_the_estimate_is_no_less_than_what_is_written(monkeypatch, name: str, text: str) -> None:
    given = LAYER.sizes(text)
    closed = closed_entries(LAYER, name, given)
    terms = sum(max(1, len(entry.polynomial)) for entry in closed.entries)
    monkeypatch.setattr("symconv.latex.writing.entry_lists.MOST_TERMS", terms - 1)
    with pytest.raises(TooLarge):
        _ = closed_entries(LAYER, name, given)
