"""Formulas as LaTeX: goldens for every shipped statement, and why parentheses stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from symconv.algebra.expressions import (
    Add,
    Array,
    Delta,
    Derivative,
    Expression,
    Iverson,
    Mul,
    Number,
    Statement,
    Sum,
    as_expression,
)
from symconv.algebra.indices import (
    TRUE,
    And,
    Comparison,
    Constant,
    Index,
    IntegerExpression,
    Maximum,
    Minimum,
    Not,
    Or,
    Plus,
    Range,
    Size,
    Times,
    as_integer,
    between,
    ceiling,
    divides,
    equal,
    floor,
    indices,
    sizes,
)
from symconv.errors import NotSupported
from symconv.latex.writing.choices import LatexOptions, Upstream
from symconv.latex.writing.writer import (
    condition_latex,
    expression_latex,
    integer_latex,
    statement_latex,
)
from symconv.layers.convolution.post import conv2d

GOLDENS = Path(__file__).with_name("statements.txt")

N, H, W, HH, Hh, S, P = sizes("N H W HH Hh S P")
i, j, k, l, p, q, f, h = indices("i j k l p q f h")
p0, n1, alpha, d = indices("p_0 n' alpha d")
x = Array("x", (N, H))
w = Array("w", (H,))
x_pad = Array("x_pad", (H,))
b = Array("b")
L = Array("L")
y = Array("y", (N,))
dout = Array("dout", (N,))


def goldens() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    key = ""
    for line in GOLDENS.read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            style, latex = line.split(maxsplit=1)
            for name in ("partial", "d") if style == "both" else (style,):
                found[key, name] = latex
        elif line and not line.startswith("#"):
            key = line
    return found


@pytest.mark.parametrize("style", ["partial", "d"])
@pytest.mark.parametrize("statement", conv2d().statements, ids=lambda item: item.key)
def test_every_shipped_statement_is_written_as_in_the_goldens(
    statement: Statement, style: str
) -> None:
    options = LatexOptions(derivative=style)
    assert statement_latex(statement, options) == goldens()[statement.key, style]


def test_the_goldens_hold_every_statement_and_nothing_else() -> None:
    keys = {statement.key for statement in conv2d().statements}
    assert {key for key, _ in goldens()} == keys
    assert len(goldens()) == 2 * len(keys)


INTEGERS: list[tuple[IntegerExpression, str, str]] = [
    (Constant(0), "0", "a number"),
    (Constant(-3), "-3", "a negative number"),
    (Plus(()), "0", "a sum of nothing"),
    (Times(()), "1", "a product of nothing"),
    (Times((Plus((i, j)),)), "i+j", "one factor alone needs no parentheses"),
    (p + k * S, "p+kS", "a product binds more than a sum"),
    (S * (Hh - 1), "S(Hh-1)", "a sum in a product"),
    ((Hh - 1) * S, "(Hh-1)S", "a sum before a factor"),
    (H + 2 * P - HH, "H+2P-HH", "a number before a name"),
    (i - (j - k), "i-j+k", "the operators take nested signs apart"),
    (Plus((i, Plus((j, k)))), "i+j+k", "a sum in a sum needs nothing"),
    (Plus((i, Plus((Times((Constant(-1), j)), k)))), "i-j+k", "nor with a sign in front"),
    (Plus((i, Times((Constant(-1), Plus((j, k)))))), "i-(j+k)", "a sum behind a minus"),
    (Plus((i, Constant(-2))), "i-2", "a negative number as a term"),
    (Plus((i, Times((Constant(-2), j)))), "i-2j", "a negative number as the first factor"),
    (Plus((Constant(-1), i)), "-1+i", "a negative first term"),
    (Times((i, Constant(-2))), "i(-2)", "a negative number as a later factor"),
    (Times((Constant(-1), Constant(-2))), "-(-2)", "two signs"),
    (Times((Constant(-1), Times((Constant(-1), i)))), "-(-i)", "two signs before a name"),
    (Times((Constant(-1),)), "-1", "a sign alone"),
    (Times((Constant(2), Constant(3))), r"2 \cdot 3", "two numbers"),
    (Times((i, Constant(3))), r"i \cdot 3", "a number behind a name"),
    (Times((p0, Constant(3))), r"p_{0} \cdot 3", "a number behind a subscript"),
    (Times((Constant(2), S / k)), r"2 \cdot \frac{S}{k}", "no mixed number"),
    (Times((S, i / j)), r"S\frac{i}{j}", "a fraction behind a name"),
    (S * k, "Sk", "single letters side by side"),
    (S * Hh, r"S\,Hh", "a name of several letters behind a name"),
    (Hh * S, r"Hh\,S", "and before one"),
    (H * H, r"H\,H", "HH is another size"),
    (H * h, r"H\,h", "Hh is another size"),
    (W * W, r"W\,W", "WW is another size"),
    (H * i, "Hi", "Hi is no size"),
    (2 * HH, "2HH", "a number is no name"),
    (n1 * S, "n'S", "a prime ends a name"),
    (p0 * S, "p_{0}S", "a subscript ends a name"),
    (alpha * k, r"\alpha k", "a command needs a space before a letter"),
    (k * alpha, r"k\alpha", "but not behind one"),
    (Times((d, k)), r"\mathit{d}k", "no differential"),
    (d / k, r"\frac{\mathit{d}}{k}", "no derivative"),
    ((i + P - p) / S, r"\frac{i+P-p}{S}", "a fraction needs no parentheses inside"),
    (floor(i / S), r"\left\lfloor \frac{i}{S} \right\rfloor", "a floor"),
    (ceiling((i - 1) / S), r"\left\lceil \frac{i-1}{S} \right\rceil", "a ceiling"),
    (floor(i / S) * k, r"\left\lfloor \frac{i}{S} \right\rfloor k", "closed by its fence"),
    (i % S, r"i \bmod S", "a remainder"),
    ((i + P) % S, r"(i+P) \bmod S", "of a sum"),
    (k * S % P, r"kS \bmod P", "of a product"),
    (i % (S * k), r"i \bmod (Sk)", "by a product"),
    (i % S + 1, r"(i \bmod S)+1", "a remainder as a term"),
    (2 * (i % S), r"2(i \bmod S)", "a remainder as a factor"),
    ((i % S) % P, r"(i \bmod S) \bmod P", "a remainder of a remainder"),
    (Minimum((i, j + 1)), r"\min(i, j+1)", "the least"),
    (Maximum((i / 2, j)), r"\max\left( \frac{i}{2}, j \right)", "tall parentheses"),
    (Maximum((i, j)) * S, r"\max(i, j)S", "closed by its parentheses"),
    ((i / 2 + 1) * j, r"\left( \frac{i}{2}+1 \right)j", "tall parentheses around a fraction"),
]


@pytest.mark.parametrize(("expression", "latex", "why"), INTEGERS, ids=lambda item: str(item))
def test_integers_have_parentheses_where_they_are_needed(
    expression: IntegerExpression, latex: str, why: str
) -> None:
    assert integer_latex(expression) == latex, why


CONDITIONS = [
    (equal(i, 0), "i = 0", "equal"),
    (Comparison(i, "!=", as_integer(0)), r"i \ne 0", "not equal"),
    (i < N, "i < N", "less"),
    (i <= N - 1, r"i \le N-1", "at most"),
    (i > 0, "i > 0", "more"),
    (i >= 0, r"i \ge 0", "at least"),
    (between(0, i, H - 1), r"0 \le i \le H-1", "a chain"),
    ((as_integer(0) <= i) & (i < j) & (j < N), r"0 \le i < j < N", "a longer chain"),
    ((i >= 0) & (as_integer(0) >= j), r"i \ge 0 \ge j", "a chain downwards"),
    ((i <= j) & (k <= l), r"i \le j \land k \le l", "not the same in the middle"),
    ((i <= j) & (j >= k), r"i \le j \land j \ge k", "up and down is no chain"),
    (
        Comparison(i, "!=", j) & Comparison(j, "!=", k),
        r"i \ne j \land j \ne k",
        "unequal is no chain: i and k may be equal",
    ),
    (divides(S, H + 2 * P), r"S \mid H+2P", "divides"),
    (divides(S + 1, H), r"(S+1) \mid H", "by a sum"),
    (divides(S, i % P), r"S \mid (i \bmod P)", "a remainder"),
    (Not(divides(S, H)), r"S \nmid H", "does not divide"),
    (equal(i % S, 0), r"i \bmod S = 0", "a remainder beside a relation"),
    (Not(equal(i, j)), r"\lnot (i = j)", "not"),
    (Not((i < j) & (k < l)), r"\lnot (i < j \land k < l)", "not of and"),
    ((i < j) | (k < l), r"i < j \lor k < l", "or"),
    (((i < j) | (k < l)) & (p < q), r"(i < j \lor k < l) \land p < q", "or in and"),
    (Or(((i < j) & (k < l), p < q)), r"(i < j \land k < l) \lor p < q", "and in or"),
    (Or((between(0, i, j), p < q)), r"0 \le i \le j \lor p < q", "a chain in or"),
    (And(((i < j) | (k < l),)), r"i < j \lor k < l", "and of one thing"),
    (Or((i < j,)), "i < j", "or of one thing"),
    (And((And((i < j, p < q)), k < l)), r"i < j \land p < q \land k < l", "and in and"),
    (TRUE, r"\top", "always"),
    (Or(()), r"\bot", "never"),
]


@pytest.mark.parametrize(("condition", "latex", "why"), CONDITIONS)
def test_conditions_have_parentheses_where_they_are_needed(condition, latex, why) -> None:
    assert condition_latex(condition) == latex, why


SUM_OF_B = Sum(b[()], (i, 0, N - 1))
EXPRESSIONS: list[tuple[Expression, str, str]] = [
    (Add(()), "0", "a sum of nothing"),
    (Mul(()), "1", "a product of nothing"),
    (x[i, j + 1] * w[p - k * S], "x_{i,j+1} w_{p-kS}", "entries side by side"),
    (x_pad[i], "x^{pad}_{i}", "a suffix above, indices below"),
    (x[(i + P) % S, j], r"x_{(i+P) \bmod S,j}", "any integer as an index"),
    (b[()] * x[i, j], "b x_{i,j}", "a scalar is its name"),
    (as_expression(S) * b[()], "S b", "a size and a scalar"),
    (as_expression(Hh) * b[()], r"Hh\,b", "a name of several letters"),
    (2 * x[i, j], "2 x_{i,j}", "a number first"),
    (Mul((x[i, j], as_expression(2))), r"x_{i,j} \cdot 2", "a number behind"),
    (as_expression(S + 1) * w[i], "(S+1) w_{i}", "an integer that is a sum"),
    (as_expression(i % S) + b[()], r"(i \bmod S) + b", "a remainder as a term"),
    (w[i] - w[j], "w_{i} - w_{j}", "a difference"),
    (w[i] - (w[j] - b[()]), "w_{i} - (w_{j} - b)", "a difference behind a minus"),
    (-(w[i] + w[j]), "-(w_{i} + w_{j})", "a sum behind a minus"),
    (Add((b[()], Add((w[i], w[j])))), "b + w_{i} + w_{j}", "a sum in a sum"),
    (Add((b[()], as_expression(-2))), "b - 2", "a negative number as a term"),
    (as_expression(-2) * w[i], "-2 w_{i}", "a negative number as the first factor"),
    (Mul((w[i], -w[j])), "w_{i} (-w_{j})", "a sign inside a product"),
    ((w[i] + b[()]) * w[j], "(w_{i} + b) w_{j}", "a sum in a product"),
    (Sum(w[i], (i, 0, N - 1)), r"\sum_{i=0}^{N-1} w_{i}", "a sum sign"),
    (
        Sum(x[i, j], (i, 0, N - 1), (j, i, H - 1)),
        r"\sum_{i=0}^{N-1} \sum_{j=i}^{H-1} x_{i,j}",
        "one sign per range, the outermost first",
    ),
    (
        Sum(Sum(x[i, j], (j, 0, H - 1)), (i, 0, N - 1)),
        r"\sum_{i=0}^{N-1} \sum_{j=0}^{H-1} x_{i,j}",
        "a sum of a sum",
    ),
    (SUM_OF_B + w[j], r"\sum_{i=0}^{N-1} b + w_{j}", "a sum sign ends at a plus"),
    (w[j] * SUM_OF_B, r"w_{j} \sum_{i=0}^{N-1} b", "and reaches to the end of a product"),
    (
        SUM_OF_B * w[j],
        r"\left( \sum_{i=0}^{N-1} b \right) w_{j}",
        "so it is put in parentheses before a factor",
    ),
    (
        Mul((Mul((w[i], SUM_OF_B)), w[j])),
        r"\left( w_{i} \sum_{i=0}^{N-1} b \right) w_{j}",
        "at the end of a product before a factor too",
    ),
    (
        Sum(w[i] + b[()], (i, 0, N - 1)),
        r"\sum_{i=0}^{N-1} (w_{i} + b)",
        "the sum of a sum",
    ),
    (Sum(-w[i], (i, 0, N - 1)), r"\sum_{i=0}^{N-1} (-w_{i})", "the sum of a negative"),
    (-SUM_OF_B, r"-\sum_{i=0}^{N-1} b", "a negative sum"),
    (Delta(p + k * S, i), r"\delta_{p+kS,i}", "a delta"),
    (Delta(Minimum((i, j)), 0), r"\delta_{\min(i, j),0}", "a comma inside a delta"),
    (Iverson(between(0, i, H - 1)), r"\mathbb{1}(0 \le i \le H-1)", "a bracket"),
    (
        Iverson(i / 2 <= j) * w[i],
        r"\mathbb{1}\left( \frac{i}{2} \le j \right) \, w_{i}",
        "a tall bracket, with space behind it",
    ),
    (w[i] * Iverson(i <= j), r"w_{i} \, \mathbb{1}(i \le j)", "and before it"),
    (Derivative(L[()], w[i]), r"\frac{\partial L}{\partial w_{i}}", "a derivative of the loss"),
    (
        2 * Derivative(L[()], w[i]),
        r"2 \, \frac{\partial L}{\partial w_{i}}",
        "a number before a derivative is no mixed number",
    ),
    (
        Derivative(x_pad[i], x[j, k]),
        r"\frac{\partial x^{pad}_{i}}{\partial x_{j,k}}",
        "a derivative of an entry",
    ),
    (
        Derivative(Sum(w[i], (i, 0, N - 1)), w[j]) * b[()],
        r"\frac{\partial}{\partial w_{j}}\left( \sum_{i=0}^{N-1} w_{i} \right) \, b",
        "a derivative of anything else",
    ),
    (
        Derivative(w[i] * w[j], w[k]),
        r"\frac{\partial}{\partial w_{k}}\left( w_{i} w_{j} \right)",
        "a derivative of a product",
    ),
    (
        Derivative(Derivative(L[()], w[i]), w[j]),
        r"\frac{\partial}{\partial w_{j}}\left( \frac{\partial L}{\partial w_{i}} \right)",
        "a second derivative",
    ),
    (dout[n1], r"\frac{\partial L}{\partial y_{n'}}", "the upstream gradient"),
    (
        Derivative(dout[i], x[j, k]),
        r"\frac{\partial}{\partial x_{j,k}}\left( \frac{\partial L}{\partial y_{i}} \right)",
        "a derivative of the upstream gradient",
    ),
    (
        Derivative(L[()], dout[i]),
        r"\frac{\partial L}{\partial \left( \frac{\partial L}{\partial y_{i}} \right)}",
        "a derivative by the upstream gradient",
    ),
]


@pytest.mark.parametrize(("expression", "latex", "why"), EXPRESSIONS)
def test_expressions_have_parentheses_where_they_are_needed(expression, latex, why) -> None:
    assert expression_latex(expression) == latex, why


@pytest.mark.parametrize(
    ("expression", "latex"),
    [
        (Derivative(L[()], w[i]), r"\frac{d\mathcal{L}}{dw_{i}}"),
        (dout[i], r"\frac{d\mathcal{L}}{dy_{i}}"),
        (Derivative(x_pad[i], x[j, k]), r"\frac{dx^{pad}_{i}}{dx_{j,k}}"),
        (Derivative(w[i] * w[j], w[k]), r"\frac{d}{dw_{k}}\left( w_{i} w_{j} \right)"),
        (L[()] * w[i], r"\mathcal{L} w_{i}"),
    ],
)
def test_the_other_style_writes_a_d_and_a_curly_loss(expression, latex) -> None:
    assert expression_latex(expression, LatexOptions(derivative="d")) == latex


def test_an_upstream_gradient_may_have_any_name_or_none() -> None:
    top = Array("top", (N,))
    options = LatexOptions(upstream=(Upstream("top", "E", "z"),))
    assert expression_latex(top[i], options) == r"\frac{\partial E}{\partial z_{i}}"
    assert expression_latex(dout[i], options) == r"\mathit{dout}_{i}"
    assert expression_latex(dout[i], LatexOptions(upstream=())) == r"\mathit{dout}_{i}"


def test_options_for_a_layer_take_its_sizes_and_its_upstream_gradient() -> None:
    options = LatexOptions(derivative="d").for_layer(conv2d())
    assert options.upstream == (Upstream("dout", "L", "y"),)
    assert {"HH", "WW", "Hh", "Hw"} <= set(options.long_names)
    assert options.derivative == "d"


def test_long_names_of_the_same_formula_are_kept_apart_from_products() -> None:
    PQ, Q = sizes("PQ Q")
    assert integer_latex(P * Q) == "PQ"
    assert integer_latex(PQ + P * Q) == r"PQ+P\,Q"
    statement = Statement(as_expression(PQ), as_expression(P * Q))
    assert statement_latex(statement) == r"PQ = P\,Q"


STATEMENT = Statement(
    w[i],
    as_expression(p0),
    free=(Range(i, as_integer(0), H - 1),),
    assumptions=(equal(N, 1), equal(W, 1), equal(S, 2), S <= H, equal(P, 2)),
    where=((p0, S * k), (q, S * l)),
)


def test_a_statement_ends_with_its_abbreviations_and_its_assumptions() -> None:
    assert statement_latex(STATEMENT) == (
        r"w_{i} = p_{0}, \quad \text{where } p_{0} = Sk,\ q = Sl, "
        r"\quad \text{if } N = W = 1,\ S = 2,\ S \le H,\ P = 2"
    )


def test_ranges_of_free_indices_are_written_on_request() -> None:
    assert r"\text{for }" not in statement_latex(STATEMENT)
    written = statement_latex(STATEMENT, LatexOptions(ranges=True))
    assert written.endswith(r", \quad \text{for } 0 \le i \le H-1")
    without = Statement(w[0], b[()])
    assert statement_latex(without, LatexOptions(ranges=True)) == "w_{0} = b"


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        (Array("p", (N,))[0] * as_expression(p0), "p_0"),
        (L[()] * as_expression(Size("L")), "L"),
        (dout[i] * as_expression(Size("L")), "L"),
        (dout[i] * as_expression(Index("y_0")), "y_0"),
    ],
)
def test_an_index_that_looks_like_an_entry_is_refused(expression: Expression, name: str) -> None:
    with pytest.raises(NotSupported, match=f"{name} and the array .* look the same"):
        _ = expression_latex(expression)


@pytest.mark.parametrize(
    "expression", [Array("b", (N,))[0] * as_expression(Index("b")), b[()] * as_expression(p0)]
)
def test_names_that_subscripts_tell_apart_are_accepted(expression: Expression) -> None:
    assert expression_latex(expression)


def test_unknown_nodes_are_refused() -> None:
    for write in (integer_latex, condition_latex, expression_latex):
        with pytest.raises(TypeError):
            _ = write("x_{i}")
    with pytest.raises(TypeError, match="not a node"):
        _ = expression_latex(Mul((Number(Constant(1)), "x")))


def test_notebooks_show_expressions_and_statements_as_mathematics() -> None:
    assert (w[i] * b[()])._repr_latex_() == r"$\displaystyle w_{i} b$"
    assert STATEMENT._repr_latex_() == f"$\\displaystyle {statement_latex(STATEMENT)}$"
