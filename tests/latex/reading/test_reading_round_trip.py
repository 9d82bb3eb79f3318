"""The shipped reader reads back what the writer writes, for statements and random formulas."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_formulas import SIZE_SYMBOLS, A, RandomFormulas, U, V

from symconv.algebra.evaluation import Evaluator, side_polynomials
from symconv.algebra.expressions import (
    Array,
    Expression,
    Number,
    Statement,
)
from symconv.algebra.indices import (
    Constant,
    Index,
    Size,
)
from symconv.errors import IllFormed
from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.formulas import read_formula, read_statement
from symconv.latex.reading.items import ArrayDefinition
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.layout import statement_display
from symconv.latex.writing.writer import expression_latex, statement_latex
from symconv.layers.convolution.post import conv2d
from tests.runs import quick_rows

STATEMENTS = pytest.mark.parametrize("statement", conv2d().statements, ids=lambda item: item.key)
STYLES = pytest.mark.parametrize("style", ["partial", "d"])
SIZES = (
    "N=1,C=1,H=5,W=5,F=1,HH=3,WW=3,S=2,P=0",
    "N=2,C=1,H=3,W=2,F=2,HH=2,WW=1,S=1,P=1",
    "N=1,C=2,H=3,W=2,F=1,HH=2,WW=2,S=3,P=1",
)


def same(left: Statement, right: Statement) -> bool:
    """Whether both say the same: free indices, assumptions, and sides at small sizes."""
    layer = conv2d()
    if [str(item) for item in left.free] != [str(item) for item in right.free]:
        return False
    if left.assumptions != right.assumptions or left.where != right.where:
        return False
    for text in SIZES:
        evaluator = Evaluator(layer.definition_by_name, layer.sizes(text).by_symbol)
        if all(evaluator.truth(condition) for condition in left.assumptions):
            pairs = zip(
                side_polynomials(left, evaluator), side_polynomials(right, evaluator), strict=True
            )
            if any(one != other for one, other in islice(pairs, 60)):
                return False
    return True


@quick_rows(8, "each row is a statement more, written and read in the same way")
@STYLES
@STATEMENTS
def test_shipped_statements_are_read_back(statement: Statement, style) -> None:
    context = context_of_layer(conv2d())
    for ranges in (False, True):
        written = statement_latex(statement, LatexOptions(derivative=style, ranges=ranges))
        assert same(read_statement(written, context), statement), written


@quick_rows(5, "each row is a statement more, written and read in the same way")
@STATEMENTS
def test_shipped_displays_are_read_back_across_their_lines(statement: Statement) -> None:
    context = context_of_layer(conv2d())
    for width in (24.0, 46.0):
        display = statement_display(statement, LatexOptions(ranges=True, line_width=width))
        inside = display.removeprefix("\\[").removesuffix("\\]")
        assert same(read_statement(inside, context), statement), inside


@STATEMENTS
def test_a_changed_formula_is_read_as_another_statement(statement: Statement) -> None:
    written = statement_latex(statement)
    sides, comma, clauses = written.partition(", \\quad ")
    changed = read_statement(f"{sides} + 1{comma}{clauses}", context_of_layer(conv2d()))
    assert not same(changed, statement)


INDICES = [Index(name) for name in ("h", "k", "n'", "p_0", "d")]
SYMBOLS = [*SIZE_SYMBOLS, *INDICES]
VALUES = {symbol: 2 + place for place, symbol in enumerate(SYMBOLS)}
NINE = Constant(9)
TARGET = Array("t", (NINE,) * len(INDICES))


def known() -> Context:
    context = Context()
    for symbol in SYMBOLS:
        declare = context.with_size if isinstance(symbol, Size) else context.with_index
        context = declare(symbol.name)
    for array in (U, V, A, TARGET):
        context = context.with_array(array.name, array.shape)
    return context


KNOWN = known()


FORMULAS = RandomFormulas(SYMBOLS, (Index("g"), Index("j")), leaves=7)
INTEGERS, CONDITIONS = FORMULAS.integers, FORMULAS.conditions
EXPRESSIONS = FORMULAS.expressions


def value(expression: Expression):
    """The polynomial, or the code of what makes it ill-formed."""
    try:
        return Evaluator({}, {}).polynomial(expression, VALUES)
    except IllFormed as error:
        return error.code


def read_back(latex: str) -> Expression:
    """Read an expression as the right side of the definition of t."""
    subscripts = "h,k,n',p_0,\\mathit{d}"
    (item,) = read_formula(f"t_{{{subscripts}}} = {latex}", KNOWN).items
    assert isinstance(item, ArrayDefinition), (latex, item)
    return item.definition.body


@settings(max_examples=150, deadline=None)
@given(
    expression=st.one_of(INTEGERS.map(Number), EXPRESSIONS), style=st.sampled_from(["partial", "d"])
)
def test_random_expressions_are_read_back(expression: Expression, style) -> None:
    written = expression_latex(expression, LatexOptions(derivative=style, upstream=()))
    again = read_back(written)
    expected = value(expression)
    assume(isinstance(expected, dict))
    assert value(again) == expected, written


@pytest.mark.parametrize(
    ("latex", "other"),
    [
        ("h - k - 2", "h - (k - 2)"),
        ("Hh", "H\\,h"),
        ("HHh", "H\\,Hh"),
        ("\\frac{h+k}{2}", "h + \\frac{k}{2}"),
        ("(h+k) \\bmod S", "h + (k \\bmod S)"),
        ("\\sum_{i=0}^{2} i + 1", "\\sum_{i=0}^{2} (i + 1)"),
        ("\\sum_{i=0}^{2} i \\, k", "\\left( \\sum_{i=0}^{2} i \\right) k + 1"),
        ("-h^2", "(-h)^2"),
    ],
)
def test_formulas_that_look_alike_are_told_apart(latex: str, other: str) -> None:
    assert value(read_back(latex)) != value(read_back(other))


@pytest.mark.parametrize(
    "latex",
    [
        r"b_{\Delta p} = b_{\Delta p}, \quad \text{where } \Delta p = HH",
        r"b_{\Delta p_{0}+k\Delta q} = 1, \quad \text{where } \Delta p_{0} = HH,\ \Delta q = S",
        r"x_{n,c,\Delta p'S,0} = 1, \quad \text{where } \Delta p' = H",
    ],
)
def test_differences_are_written_as_they_were_read(latex: str) -> None:
    statement = read_statement(latex, context_of_layer(conv2d()))
    written = statement_latex(statement)
    assert written == latex
    assert read_statement(written, context_of_layer(conv2d())) == statement


def test_an_array_that_is_a_difference_is_read_back() -> None:
    size = Size("K")
    array = Array("Delta_u", (size,))
    context = Context().with_size("K").with_array("Delta_u", (size,))
    entry = array[Index("i")]
    written = statement_latex(Statement(entry, 2 * entry))
    assert written == r"\Delta u_{i} = 2 \Delta u_{i}"
    found = read_statement(written, context)
    assert (found.lhs, found.rhs) == (entry, 2 * entry)
