"""What is written is read back the same, by a reader that shares nothing with the writer."""

from __future__ import annotations

import re
from itertools import islice

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_formulas import SIZE_SYMBOLS, A, RandomFormulas, U, V

from symconv.algebra.evaluation import (
    Evaluator,
    condition_value,
    integer_value,
    side_polynomials,
)
from symconv.algebra.expressions import (
    Add,
    Expression,
    Mul,
    Number,
    Statement,
)
from symconv.algebra.indices import (
    Condition,
    Index,
    IntegerExpression,
    Plus,
    Times,
)
from symconv.errors import IllFormed
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.layout import statement_display
from symconv.latex.writing.writer import (
    condition_latex,
    expression_latex,
    integer_latex,
    statement_latex,
)
from symconv.layers.convolution.post import conv2d
from tests.runs import by_run, quick_rows

STATEMENTS = pytest.mark.parametrize("statement", conv2d().statements, ids=lambda item: item.key)
STYLES = pytest.mark.parametrize("style", ["partial", "d"])
SIZES = (
    "N=1,C=1,H=5,W=5,F=1,HH=3,WW=3,S=2,P=0",
    "N=2,C=1,H=3,W=2,F=2,HH=2,WW=1,S=1,P=1",
    "N=1,C=2,H=3,W=2,F=1,HH=2,WW=2,S=3,P=1",
)


def same(left: Statement, right: Statement) -> bool:
    """Whether two statements have the same sides at small sizes, at their first free indices."""
    layer = conv2d()
    assert left.free == right.free
    for text in SIZES:
        evaluator = Evaluator(layer.definition_by_name, layer.sizes(text).by_symbol)
        truths = [
            [evaluator.truth(condition) for condition in side.assumptions] for side in (left, right)
        ]
        if all(truths[0]) != all(truths[1]):
            return False
        if not all(truths[0]):
            continue
        pairs = zip(
            side_polynomials(left, evaluator), side_polynomials(right, evaluator), strict=True
        )
        if any(one != other for one, other in islice(pairs, 60)):
            return False
    return True


@quick_rows(16, "each row is a statement more, written and read in the same way")
@STYLES
@STATEMENTS
def test_shipped_statements_are_read_back(conv2d_reader, statement: Statement, style) -> None:
    written = statement_latex(statement, LatexOptions(derivative=style, ranges=True))
    assert same(conv2d_reader.statement(written), statement)


@quick_rows(7, "each row is a statement more, written and read in the same way")
@STATEMENTS
def test_shipped_displays_are_read_back_across_their_lines(conv2d_reader, statement) -> None:
    for width in (24.0, 46.0):
        options = LatexOptions(ranges=True, line_width=width)
        display = statement_display(statement, options)
        inside = re.sub(r"^\\(\[|begin\{align\*\})|\\(\]|end\{align\*\})$", "", display)
        assert same(conv2d_reader.statement(inside), statement)


@STATEMENTS
def test_a_changed_formula_is_read_as_another_statement(conv2d_reader, statement) -> None:
    written = statement_latex(statement, LatexOptions(ranges=True))
    sides, comma, clauses = written.partition(", \\quad ")
    left, equals, right = sides.partition(" = ")
    changed = conv2d_reader.statement(f"{left}{equals}{right} + 1{comma}{clauses}")
    assert not same(changed, statement)


@STYLES
@STATEMENTS
def test_shipped_statements_are_balanced(unbalanced, statement: Statement, style) -> None:
    options = LatexOptions(derivative=style, ranges=True)
    assert unbalanced(statement_latex(statement, options)) == []
    assert unbalanced(statement_display(statement, options)) == []


@pytest.mark.parametrize(
    "spoiled",
    ["x_{0", "x_0}", r"\left( x", r"\frac{}{x}", "()", r"\begin{align*} x", "}{", "x_{ }"],
)
def test_the_check_of_brackets_sees_what_is_wrong(unbalanced, spoiled: str) -> None:
    assert unbalanced(spoiled)


SYMBOLS = [*SIZE_SYMBOLS, *map(Index, ("h", "k", "n'", "p_0", "d", "i"))]
VALUES = {symbol: 2 + place for place, symbol in enumerate(SYMBOLS)}
FORMULAS = RandomFormulas(SYMBOLS, (Index("k"), Index("i")), leaves=8)
INTEGERS, CONDITIONS = FORMULAS.integers, FORMULAS.conditions
EXPRESSIONS = FORMULAS.expressions


def value(function, item):
    """The value, or the code of what makes it ill-formed."""
    try:
        return function(item, VALUES)
    except IllFormed as error:
        return error.code


@settings(max_examples=by_run(60, 300, 1_000), deadline=None)
@given(expression=INTEGERS)
def test_random_integers_are_read_back(reader_of, unbalanced, expression) -> None:
    written = integer_latex(expression)
    again = reader_of(SYMBOLS, []).expression(written)
    assert isinstance(whole := _as_number(again), Number)
    assert value(integer_value, whole.value) == value(integer_value, expression), written
    assert unbalanced(written) == []


@settings(max_examples=by_run(40, 200, 700), deadline=None)
@given(condition=CONDITIONS)
def test_random_conditions_are_read_back(reader_of, unbalanced, condition: Condition) -> None:
    written = condition_latex(condition)
    again = reader_of(SYMBOLS, []).condition(written)
    expected = value(condition_value, condition)
    assume(isinstance(expected, bool))
    assert value(condition_value, again) == expected, written
    assert unbalanced(written) == []


@settings(max_examples=by_run(60, 300, 1_000), deadline=None)
@given(expression=EXPRESSIONS, style=st.sampled_from(["partial", "d"]))
def test_random_expressions_are_read_back(reader_of, unbalanced, expression, style) -> None:
    written = expression_latex(expression, LatexOptions(derivative=style))
    again = reader_of(SYMBOLS, [U, V, A]).expression(written)
    evaluator = Evaluator({}, {})
    expected = value(evaluator.polynomial, expression)
    assume(isinstance(expected, dict))
    assert value(evaluator.polynomial, again) == expected, written
    assert unbalanced(written) == []


def _as_number(expression: Expression) -> Expression:
    match expression:
        case Add(terms=terms):
            return Number(Plus(tuple(_value(term) for term in terms)))
        case Mul(factors=factors):
            return Number(Times(tuple(_value(factor) for factor in factors)))
    return expression


def _value(expression: Expression) -> IntegerExpression:
    number = _as_number(expression)
    assert isinstance(number, Number)
    return number.value
