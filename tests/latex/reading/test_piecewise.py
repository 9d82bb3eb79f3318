"""Values by cases: what is read, what is refused and where, and what turns out to be wrong."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import Number
from symconv.algebra.indices import Constant, Index, Size
from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.formulas import read_formula, read_statement
from symconv.latex.reading.items import ArrayDefinition, Equality, Unreadable
from symconv.latex.reading.meaning.piecewise import guard, negation
from symconv.latex.writing.writer import statement_latex
from symconv.layers.convolution.post import conv2d
from symconv.proof.equality import prove
from symconv.verdicts import Verdict
from tests.runs import quick_rows

CONV = conv2d()
LAYER = context_of_layer(CONV)
PADDED = r"x^{pad}_{n,c,i,j} = "
INSIDE = r"P \le i < H+P \text{ and } P \le j < W+P"
SHIFTED = "x_{n,c,i-P,j-P}"
GRADIENT = r"\frac{dL}{dx_{n,c,i,j}} = \sum_{f,k,l} dout_{n,f,k,l} "
WINDOW = "w_{f,c,i+P-kS,j+P-lS}"


def cases(*rows: str, environment: str = "cases") -> str:
    return rf"\begin{{{environment}}} " + r" \\ ".join(rows) + rf" \end{{{environment}}}"


def only(latex: str, context: Context = LAYER):
    (item,) = read_formula(latex, context).items
    return item


@pytest.mark.parametrize(
    ("latex", "right", "why"),
    [
        (
            r"\begin{cases} b_f & \text{if } f = 0 \\ 1 & \text{otherwise} \end{cases}",
            "[f == 0]*b[f]+[f != 0]*1",
            "if and otherwise",
        ),
        (
            r"\begin{dcases} b_f, & f = 0, \\ 1, & \mbox{else.} \end{dcases}",
            "[f == 0]*b[f]+[f != 0]*1",
            "a bare condition, commas, and the full stop at the end",
        ),
        (
            r"\begin{cases} b_f \quad \text{for } f = 0; \\[2ex] 1 \text{ else} \\ \end{cases}",
            "[f == 0]*b[f]+[f != 0]*1",
            "no alignment, a gap between rows, and an empty row at the end",
        ),
        (
            r"\begin{cases} b_f, f = 0 \\ 1 & \mathrm{otherwise} \end{cases}",
            "[f == 0]*b[f]+[f != 0]*1",
            "a comma before the condition, an upright word",
        ),
        (
            r"\begin{cases} b_f & \text{if} & f = 0 \\ & 1 & \text{Otherwise} \end{cases}",
            "[f == 0]*b[f]+[f != 0]*1",
            "alignment anywhere means nothing",
        ),
        (
            r"\begin{cases*} b_f & \text{if $f \ge 0$} \end{cases*}",
            "[f >= 0]*b[f]",
            "mathematics inside of the words",
        ),
        (
            r"\begin{cases} b_f & \text{if $f > 0$ and $S = 1$,} \\ 0 & \text{else} \end{cases}",
            "[f > 0 and S == 1]*b[f]",
            "words and signs in turn, with the comma of the row among the words",
        ),
        (
            r"\begin{cases} b_f & \text{if } 0 < f < F,\ S = 1 \\ 0 & \text{else} \end{cases}",
            "[(0 < f < F) and S == 1]*b[f]",
            "a list of conditions, all of which hold; zero needs no piece",
        ),
        (
            r"\begin{cases} b_f & \text{if } f < 1 \lor f > 2 \\ 2 & \text{otherwise} \end{cases}",
            "[f < 1 or f > 2]*b[f]+[not (f < 1 or f > 2)]*2",
            "a disjunction",
        ),
        (
            r"\begin{cases} b_f & \text{if } f < 1 \text{ or } f > 2 \\ 0 & \mbox{else}\end{cases}",
            "[f < 1 or f > 2]*b[f]",
            "the word or",
        ),
        (
            r"\begin{cases} b_f & S \mid f \\ 1 & f \bmod S \ne 0 \end{cases}",
            "[S divides f]*b[f]+[not (S divides f) and (f mod S) != 0]*1",
            "divisibility, exhaustive by arithmetic",
        ),
        (
            r"\begin{cases} b_f & f \in \{0,\ldots,F-1\} \end{cases}",
            "[0 <= f <= F-1]*b[f]",
            "a set; one case is enough where it always holds",
        ),
        (
            r"\begin{cases} 1 & f < 2 \\ 2 & f < 3 \\ 3 & f \ge 3 \end{cases}",
            "[f < 2]*1+[f >= 2 and f < 3]*2+[f >= 2 and f >= 3]*3",
            "the first case that holds counts",
        ),
        (
            r"3 - 2 \begin{cases} 1 & f = 0 \\ 0 & \text{else} \end{cases} b_f + 1",
            "3+(-2)*[f == 0]*1*b[f]+1",
            "a factor inside of a term",
        ),
        (
            r"\sum_g \begin{cases} b_g & g = f \\ 0 & g \ne f \end{cases} + 1",
            "sum[g=0..F-1]([g == f]*b[g])+1",
            "behind a sum sign, which reaches to the next plus sign",
        ),
        (
            (
                r"\begin{cases} \begin{cases} b_f & f = 1 \\ 0 & f > 1 \end{cases} & f > 0 \\"
                r" 1 & f = 0 \end{cases}"
            ),
            "[f > 0]*[f == 1]*b[f]+[f <= 0 and f == 0]*1",
            "cases in a case, complete where they are read",
        ),
        (r"\begin{cases} 0 & f = 0 \\ 0 & \text{otherwise} \end{cases}", "0", "nothing but zeros"),
        (r"\begin{cases} b_f & \text{otherwise} \end{cases}", "b[f]", "nothing but otherwise"),
    ],
)
def test_values_by_cases_are_read(latex: str, right: str, why: str) -> None:
    item = only(f"b_f = {latex}")
    assert isinstance(item, Equality), (item, why)
    assert str(item.statement) == f"b[f] = {right}", why


@pytest.mark.parametrize(
    ("latex", "code", "token", "why"),
    [
        (
            r"\begin{cases} b_f & f = 0 \\ 0 & f > 1 \end{cases}",
            "missing-case",
            r"\begin{cases} b_f & f = 0 \\ 0 & f > 1 \end{cases}",
            "nothing is said of f = 1",
        ),
        (
            r"\begin{cases} b_f & f > 0 \end{cases}",
            "missing-case",
            r"\begin{cases} b_f & f > 0 \end{cases}",
            "nothing is silently zero",
        ),
        (
            r"\sum_g \begin{cases} b_g & g = f \\ 0 & g < f \end{cases}",
            "missing-case",
            r"\begin{cases} b_g & g = f \\ 0 & g < f \end{cases}",
            "nor under a sum sign",
        ),
        (
            (
                r"\begin{cases} \begin{cases} b_f & f = 1 \\ 0 & f > 2 \end{cases} & f > 0 \\"
                r" 1 & f = 0 \end{cases}"
            ),
            "missing-case",
            r"\begin{cases} b_f & f = 1 \\ 0 & f > 2 \end{cases}",
            "nor in a case",
        ),
        (
            r"\begin{cases} 1 & \text{otherwise} \\ b_f & f = 0 \end{cases}",
            "unsupported",
            "b_f & f = 0",
            "otherwise is not the last",
        ),
        (
            r"\begin{cases} b_f & \\ 1 & \text{otherwise} \end{cases}",
            "unsupported",
            "b_f",
            "a case without a condition",
        ),
        (
            r"\begin{cases} b_f \\ 1 \end{cases}",
            "unsupported",
            "b_f",
            "two values side by side, which may be a vector",
        ),
        (
            r"\begin{cases} b_f & \text{unless } f = 0 \\ 1 & \text{otherwise} \end{cases}",
            "unsupported",
            r"\text{unless }",
            "words that may change the meaning",
        ),
        (
            r"\begin{cases} b_f & \text{if } f = 0 \text{ if } f = 1 \end{cases}",
            "unsupported",
            r"\text{ if }",
            "two ifs in a case",
        ),
        (
            r"\begin{cases} b_f & f \\ 1 & \text{otherwise} \end{cases}",
            "unreadable",
            "f",
            "a number is no condition",
        ),
        (
            r"\begin{cases} b_f & b_f > 0 \\ 1 & \text{otherwise} \end{cases}",
            "unsupported",
            "b_f",
            "a condition on entries",
        ),
        (
            r"\begin{cases} b_f & f = 0 \\ & \text{otherwise} \end{cases}",
            "unreadable",
            r"\text{otherwise}",
            "a case without a value",
        ),
        (
            r"\begin{cases} b_f & T = 0 \\ 1 & \text{otherwise} \end{cases}",
            "undeclared-name",
            "T",
            "T is no size",
        ),
        (
            r"\begin{cases} b_g & f = 0 \\ 1 & \text{otherwise} \end{cases}",
            "free-index-mismatch",
            "g",
            "g is on the right alone",
        ),
        (
            r"\begin{cases} b_f & f = 0 \\ \begin{aligned} 1 \end{aligned} & f > 0 \end{cases}",
            "unreadable",
            r"\begin{aligned}",
            "another environment inside",
        ),
        (
            r"\begin{cases} b_f & f = 0",
            "unreadable",
            r"\begin{cases}",
            "the environment never ends",
        ),
        (r"b_f \end{cases}", "unreadable", r"\end{cases}", "the environment never began"),
        (r"\begin{cases} \end{cases}", "unreadable", r"\end{cases}", "no case at all"),
        (
            r"b_{\begin{cases} 0 & f = 0 \\ f & \text{otherwise} \end{cases}}",
            "unsupported",
            r"\begin{cases} 0 & f = 0 \\ f & \text{otherwise} \end{cases}",
            "an index by cases",
        ),
    ],
)
def test_cases_are_refused_at_their_place(latex: str, code: str, token: str, why: str) -> None:
    text = f"b_f = {latex}"
    item = read_formula(text, LAYER).items[0]
    assert isinstance(item, Unreadable), (item, why)
    assert (item.code, item.token) == (code, token), (item, why)
    assert text[slice(*item.place)] == token
    assert item.message
    assert not item.ill_formed or code == "free-index-mismatch"


def test_what_is_missing_is_named() -> None:
    item = only(PADDED + cases(rf"{SHIFTED} & \text{{if }} {INSIDE}", "0 & i < P", "0 & j < P"))
    assert isinstance(item, Unreadable)
    assert item.code == "missing-case"
    assert "no case is given for N=1, C=1" in item.message
    assert item.message.endswith("n=0, c=0, i=1, j=2")
    assert "otherwise" in item.help


TRUE = [
    (
        PADDED + cases(rf"{SHIFTED} & \text{{if }} {INSIDE}", r"0 & \text{otherwise}"),
        "the padded input",
    ),
    (
        PADDED
        + cases(
            r"0, & i < P,",
            r"0, & i \ge H+P",
            "0 & j < P",
            r"0 & j \ge W+P",
            SHIFTED + r" & \text{else}",
        ),
        "the border first: the entry is read where no case before holds",
    ),
    (
        PADDED
        + cases(
            r"0 & \text{if } i < P \lor i \ge H+P",
            r"0 & \text{if } j < P \text{ or } W+P \le j",
            rf"{SHIFTED} & \text{{if }} {INSIDE}",
        ),
        "every case named, which is proved",
    ),
    (
        GRADIENT
        + cases(
            rf"{WINDOW} & \text{{if }} 0 \le i+P-kS < HH,\ 0 \le j+P-lS < WW",
            r"0 & \text{otherwise}",
        ),
        "the gradient of the input",
    ),
    (
        r"\frac{\partial y_{n,f,k,l}}{\partial b_g} = "
        + cases(r"1 & \text{if } f = g", r"0 & \text{if } f \ne g"),
        "a derivative",
    ),
]
FALSE = [
    (
        PADDED
        + cases(
            rf"{SHIFTED} & \text{{if }} P \le i < H \text{{ and }} P \le j < W+P",
            r"0 & \text{otherwise}",
        ),
        Verdict.REFUTED,
        "the window ends at the size",
    ),
    (
        PADDED
        + cases(
            rf"{SHIFTED} & \text{{if }} P \le i \le H+P \text{{ and }} P \le j < W+P",
            r"0 & \text{otherwise}",
        ),
        Verdict.ILL_FORMED,
        "the window ends one too late, and the entry is read there",
    ),
    (
        PADDED + cases(rf"{SHIFTED} & \text{{if }} {INSIDE}", r"1 & \text{otherwise}"),
        Verdict.REFUTED,
        "the border is 1",
    ),
    (
        PADDED + cases("0 & i < P", rf"{SHIFTED} & \text{{otherwise}}"),
        Verdict.ILL_FORMED,
        "otherwise reaches over the other borders",
    ),
    (
        GRADIENT
        + cases(
            rf"{WINDOW} & \text{{if }} 0 \le i+P-kS < HH \text{{ or }} 0 \le j+P-lS < WW",
            r"0 & \text{otherwise}",
        ),
        Verdict.ILL_FORMED,
        "or instead of and",
    ),
    (
        GRADIENT
        + cases(
            rf"{WINDOW} & \text{{if }} 0 \le i+P-kS < HH-1,\ 0 \le j+P-lS < WW",
            r"0 & \text{otherwise}",
        ),
        Verdict.REFUTED,
        "the last row of the filter is left out",
    ),
    (
        r"\frac{\partial y_{n,f,k,l}}{\partial b_g} = "
        + cases(r"1 & \text{if } f \le g", r"0 & \text{otherwise}"),
        Verdict.REFUTED,
        "too many filters",
    ),
    (
        r"b_f = " + cases("b_f & f < 2", "2 b_f & f < 3", r"b_f & f \ge 3"),
        Verdict.REFUTED,
        "the second case counts at f = 2",
    ),
]


@pytest.mark.parametrize(("latex", "why"), TRUE)
def test_a_right_formula_by_cases_is_proved(latex: str, why: str) -> None:
    item = only(latex)
    assert isinstance(item, Equality), item
    assert prove(item.statement, CONV).verdict is Verdict.PROVED, why


@pytest.mark.parametrize(("latex", "verdict", "why"), FALSE)
def test_a_wrong_formula_by_cases_is_not(latex: str, verdict: Verdict, why: str) -> None:
    item = only(latex)
    assert isinstance(item, Equality), item
    assert prove(item.statement, CONV).verdict is verdict, why


@pytest.mark.parametrize(("latex", "why"), TRUE)
def test_what_was_read_by_cases_is_written_and_read_back(latex: str, why: str) -> None:
    item = only(latex)
    assert isinstance(item, Equality), why
    again = read_statement(statement_latex(item.statement), LAYER)
    assert prove(again, CONV).verdict is Verdict.PROVED


def test_an_array_is_defined_by_cases() -> None:
    latex = "u_f = " + cases("b_f & f > 0", "0 & f = 0") + r", \quad u_f = [f > 0] b_f"
    first, second = read_formula(latex, LAYER).items
    assert isinstance(first, ArrayDefinition)
    assert str(first.definition.body) == "[f > 0]*b[f]"
    assert isinstance(second, Equality)


def test_a_definition_by_cases_that_leaves_one_out_is_refused() -> None:
    context = LAYER.with_index_base(1)
    item = only("u_f = " + cases("b_f & f > 1", "0 & f = 0"), context)
    assert isinstance(item, Unreadable)
    assert item.code == "missing-case"
    assert "f=1" in item.message
    # Counted from 1, the same list of cases with f = 1 is complete.
    assert isinstance(only("u_f = " + cases("b_f & f > 1", "0 & f = 1"), context), ArrayDefinition)


def test_the_assumptions_of_an_equation_complete_its_cases() -> None:
    latex = r"\delta_{f,f} = " + cases("1 & S = 1")
    assert isinstance(only(latex), Unreadable)
    assert isinstance(only(latex + r", \quad \text{if } S = 1"), Equality)


def test_an_unreadable_case_leaves_the_other_lines_alone() -> None:
    latex = r"b_f &= " + cases("b_f ) & f = 0", r"1 & \text{otherwise}") + r" \\ b_g &= b_g + 1"
    items = read_formula(latex, LAYER).items
    assert isinstance(items[0], Unreadable)
    assert items[0].token == ")"
    assert isinstance(items[-1], Equality)
    assert str(items[-1].statement) == "b[g] = b[g]+1"


def test_spans_point_at_the_line_of_a_chain() -> None:
    latex = "b_f &= " + cases("b_f & f = 0", r"b_f & \text{else}") + "\n \\\\ &= b_f"
    items = read_formula(latex, LAYER).items
    assert [type(item) for item in items] == [Equality, Equality]
    assert latex[slice(*items[1].span)] == "= b_f"


@quick_rows(0, "long lists and deep ones are refused by the limits of every formula")
def test_a_long_list_and_a_deep_one_end() -> None:
    rows = [f"{value} & f = {value}" for value in range(300)]
    assert isinstance(only("b_f = " + cases(*rows, r"0 & \text{else}")), Equality)
    deep = "b_f"
    for _ in range(80):
        deep = cases(f"{deep} & f = 0", r"0 & \text{else}")
    item = only(f"b_f = {deep}")
    assert isinstance(item, Unreadable)
    assert "deeper" in item.message


def test_a_condition_that_divides_is_looked_at_only_where_none_before_holds() -> None:
    size = Size("S")
    first = Index("i") < 1
    divided = (size / (Index("i") - 1)) > 0
    assert str(guard(divided, [first])) == "i >= 1 and S/(i-1) > 0"


def test_negation_turns_comparisons_and_undoes_itself() -> None:
    i = Index("i")
    for condition in (i < 1, i <= 1, i > 1, i >= 1, (i < 1) | (i > 2), ~((i < 1) & (i > 0))):
        assert negation(negation(condition)) == condition
    assert str(negation(i < 1)) == "i >= 1"


def test_only_zero_is_left_out() -> None:
    item = only("b_f = " + cases("0 b_f & f = 0", r"b_f & \text{else}"))
    assert isinstance(item, Equality)
    assert str(item.statement) == "b[f] = [f == 0]*0*b[f]+[f != 0]*b[f]"
    assert Number(Constant(0)) != item.statement.rhs
