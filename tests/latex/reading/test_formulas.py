"""Formulas that are read, formulas that are refused, and why."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import Array, Definition
from symconv.algebra.indices import Index, Size
from symconv.errors import UsageError
from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.formulas import (
    read_condition,
    read_formula,
    read_integer,
    read_statement,
)
from symconv.latex.reading.items import (
    Abbreviation,
    ArrayDefinition,
    Equality,
    ExampleSize,
    NoStatement,
    Unreadable,
)
from symconv.layers.convolution.post import conv2d

LAYER = context_of_layer(conv2d())
n, m = Size("n"), Size("m")
PLAIN = (
    Context()
    .with_size("n")
    .with_size("m")
    .with_array("x", (n,))
    .with_array("z", (m,))
    .with_array("A", (m, n))
)
CLAIMS = PLAIN.with_definition(
    Definition(Array("y", (m,))[Index("i")], Array("z", (m,))[Index("i")])
)
FORWARD = "sum[c=0..C-1, p=0..HH-1, q=0..WW-1](x_pad[n,c,p+k*S,q+l*S]*w[f,c,p,q])"


def only(latex: str, context: Context = LAYER):
    (item,) = read_formula(latex, context).items
    return item


@pytest.mark.parametrize(
    ("latex", "statement", "why"),
    [
        (
            r"y_{n,f,k,l} = \sum_{c=0}^{C-1}\sum_{p,q} x^{pad}_{n,c,p+kS,q+lS} w_{f,c,p,q} + b_f",
            f"y[n,f,k,l] = {FORWARD}+b[f]",
            "what follows a plus sign is outside of the sum",
        ),
        (
            r"y_{nfkl} = \sum_{cpq} x^{\text{pad}}_{n,c,p+kS,q+lS} w_{fcpq}",
            f"y[n,f,k,l] = {FORWARD}",
            "indices side by side, below a sum sign too",
        ),
        (
            (
                r"y_{n,f,k,l} = \sum\limits_c \sum_{0\le p<HH} \sum_{q\in\{0,\ldots,WW-1\}}"
                r" x_{n,c,p+kS,q+lS}^{pad} \cdot w_{f,c,p,q}"
            ),
            f"y[n,f,k,l] = {FORWARD}",
            "conditions and sets below the sign, the superscript behind the subscripts",
        ),
        (
            r"\frac{\partial L}{\partial b_f} = \sum_{\substack{n\\k,l}} dout_{n,f,k,l}",
            "dL/db[f] = sum[n=0..N-1, k=0..Hh-1, l=0..Hw-1](dout[n,f,k,l])",
            "rows below a sum sign",
        ),
        (
            r"db_f = \sum_{n,k,l} dy_{n,f,k,l}",
            "dL/db[f] = sum[n=0..N-1, k=0..Hh-1, l=0..Hw-1](dL/dy[n,f,k,l])",
            "db is the name of a gradient",
        ),
        (
            r"\partial L/\partial b_f = \dfrac{\mathrm{d}\mathcal L}{\mathrm{d}b_f}",
            "dL/db[f] = dL/db[f]",
            "slashes, upright differentials, and both spellings of the loss",
        ),
        (
            r"\frac{d}{db_g}\left(b_f + 1\right) = \delta_{fg}",
            "d(b[f]+1)/db[g] = delta(f, g)",
            "a derivative in front of parentheses",
        ),
        (
            (
                r"\frac{dL}{dx_{n,c,i,j}} = \sum_{f,k,l}\sum_{\substack{p,q\\p+kS=i+P\\q+lS=j+P}}"
                r" dout_{n,f,k,l} w_{f,c,p,q}"
            ),
            (
                "dL/dx[n,c,i,j] = sum[f=0..F-1, k=0..Hh-1, l=0..Hw-1, p=0..HH-1, q=0..WW-1]"
                "([p+k*S == i+P and q+l*S == j+P]*dout[n,f,k,l]*w[f,c,p,q])"
            ),
            "conditions on summed indices are brackets",
        ),
        (r"b_f = \sum_{i,j=0}^{2} 1", "b[f] = sum[i=0..2, j=0..2](1)", "shared bounds"),
        (
            r"x^{pad}_{n,c,i,j} = [P \le i < H+P] \mathbf{1}_{\{P\le j<W+P\}} x_{n,c,i-P,j-P}",
            "x_pad[n,c,i,j] = [P <= i < H+P]*[P <= j < W+P]*x[n,c,i-P,j-P]",
            "brackets and indicators",
        ),
        (r"y_{kl} = b", "y[0,0,k,l] = b[0]", "leading axes stand for size 1"),
        (r"y_{f,k,l} = b_f", "y[0,f,k,l] = b[f]", "a text about one image"),
        (r"y(n,f,k,l) = b[f]", "y[n,f,k,l] = b[f]", "functional indexing"),
        (r"Hh = \lfloor (H+2P-HH)/S + 1 \rfloor", "Hh = floor((H+2*P-HH+S*1)/S)", "one division"),
        (
            r"Hh = \left\lceil \tfrac{H}{S} \right\rceil \bmod 2",
            "Hh = (ceil(H/S) mod 2)",
            "ceilings and remainders",
        ),
        (r"b_f \times 2 = b_f \odot 2", "b[f]*2 = b[f]*2", "signs of products"),
        (r'b_{f"} = b_{f^{\prime\prime}}', "b[f''] = b[f'']", "double primes"),
        (r"\mathrm{Hh} = {HH}", "Hh = HH", "braces and upright letters mean nothing"),
        (r"b_f^2 = b_f b_f", "b[f]*b[f] = b[f]*b[f]", "powers"),
        (r"b_f = 0.5 b_f", "b[f] = 5/10*b[f]", "decimals are exact"),
        ("b_f = % b_g\n b_f", "b[f] = b[f]", "comments"),
        (r"b_f = b_f \tag{3} \label{x}.", "b[f] = b[f]", "tags, labels, and the full stop"),
        (r"b_f \, \text{(by definition)} = b_f", "b[f] = b[f]", "remarks"),
    ],
)
def test_an_equality_is_read(latex: str, statement: str, why: str) -> None:
    item = only(latex)
    assert isinstance(item, Equality), (item, why)
    assert str(item.statement) == statement, why


@pytest.mark.parametrize(
    ("latex", "code", "token", "why"),
    [
        (r"y_{n,f} = b_f", "unclear-rank", "n", "n runs over images, not over filters"),
        (r"w_{f,c,p} = 1", "unclear-rank", "f", "an index is missing, none is left out"),
        (r"y_{n,f,k,l,i} = 1", "wrong-rank", "y_{n,f,k,l,i}", "five indices on four axes"),
        (r"y_{n,f,k,l} = b", "unclear-rank", "b", "filters are written and left out"),
        (r"\delta_{i,j,k} = 1", "unsupported", r"\delta_{i,j,k}", "no Kronecker delta"),
        (r"y_{n,f,k,l} = b_g", "free-index-mismatch", "g", "g is on the right alone"),
        (r"b_f = \sum_n dout_{n,f,k,l}", "free-index-mismatch", "k", "k and l are not summed"),
        (r"y_{n,f,k,l} = b_{p_0}", "free-index-mismatch", "p_0", "p_0 is not defined here"),
        (r"b_f = \sum_f b_f", "index-free-and-bound", "f", "f is both"),
        (
            r"\frac{dL}{db_f} = \sum_{n,f,k,l} dout_{n,f,k,l}",
            "index-free-and-bound",
            "f",
            "the sum hides the index of the left-hand side",
        ),
        (
            r"b_f = \sum_{g} b_g + b_g",
            "unclear-sum-scope",
            "g",
            "the second g stands behind the sum",
        ),
        (r"b_{-1} = 1", "out-of-range-number", "-1", "positions count from 0"),
        (r"S = 0", "out-of-range-number", "0", "a stride is at least 1"),
        (r"\sum_C b_C = 1", "overloaded-name", "C", "C is a size"),
        (r"b_x = 1", "overloaded-name", "x", "x is an array"),
        (r"\sum_{g,g} b_g = 1", "index-bound-twice", "g", "one index twice"),
        (r"\delta_{ij} = \delta_{ji}", "unclear-range", "i", "i runs over nothing known"),
        (r"\sum_{i} \delta_{i,P} = 1", "unclear-range", "i", "nor does this one"),
        (
            r"\sum_i x_{0,0,i,0} x^{pad}_{0,0,i,0} = 1",
            "unclear-range",
            "i",
            "two axes of different extents",
        ),
        (r"\sum_{f,g}^{F} b_f b_g = 1", "unclear-range", "F", "whose upper bound is it"),
        (r"\sum_{f=0}^{g=F} b_f = 1", "unclear-range", "g", "another index above the sign"),
        (r"b_f = b_f + q_f", "undeclared-name", "q_f", "q is no array"),
        (r"b_f = \alpha b_f", "undeclared-name", r"\alpha", "alpha is no size"),
        (r"b_f = T", "undeclared-name", "T", "T is no size"),
        (r"b_f^{new} = 1", "undeclared-name", "^{new}", "no such superscript is declared"),
        (r"\hat{b}_f = b_f", "undeclared-name", r"\hat{b}_f", "a hat makes another name"),
        (r"W_f = 1", "undeclared-name", "W_f", "W is a size here"),
        (r"b_f = b_0 + ... + b_f", "unsupported", "...", "dots are not guessed"),
        (r"y = w * x + b", "unsupported", "y", "whole arrays"),
        (r"b_f = \int b_f", "unsupported", r"\int", "no integrals"),
        (r"b_f \approx 1", "unsupported", r"\approx", "the sign of a relation that is not known"),
        (r"b(f) = 1", "unsupported", "b(f)", "an entry or a product"),
        (r"b_f = 1 / b_f", "unsupported", "b_f", "division by entries"),
        (
            r"b_f = \begin{cases} 1 & f = 0 \\ 0 & f > 1 \end{cases}",
            "missing-case",
            r"\begin{cases} 1 & f = 0 \\ 0 & f > 1 \end{cases}",
            "nothing is silently zero",
        ),
        (r"b_f = 0 \text{ unless } f = 0", "unsupported", r"\text{ unless }", "words may matter"),
        (r"b_f = 0 \text{ otherwise}", "unsupported", r"\text{ otherwise}", "at the end as well"),
        (r"b_0 = 0, \quad f < F - 1", "unsupported", "b_0", "it is about no index of these"),
        (r"\text{if } b_f = 0", "unsupported", "b_f = 0", "a condition is no claim"),
        (r"\text{If } S = 1, b_f = 0", "unsupported", "S = 1", "nor with more"),
        (r"b_f = 1 / 2 S", "unreadable", "S", "over 2 S, or times S"),
        (r"b_f = i + P \bmod S", "unreadable", r"P \bmod S", "how far mod reaches"),
        (r"\frac{d}{db_f} b_f b_g = b_g", "unreadable", "b_f", "how far d reaches"),
        (r"b_f = \frac{d}{db_f}", "unreadable", r"\frac{d}{db_f}", "nothing is differentiated"),
        (r"\frac{b_f}{db_f} = 1", "unsupported", "db_f", "a d below alone"),
        (r"\partial b_f = 1", "unreadable", r"\partial", "a differential alone"),
        (r"b_f =", "unreadable", "=", "no right side"),
        (r"= b_f", "unreadable", "=", "no left side"),
        (r"b_f = (1", "unreadable", "1", "a parenthesis stays open"),
        (r"b_f = 1)", "unreadable", ")", "a parenthesis closes nothing"),
        (r"b_f = }1", "unreadable", "}", "a brace closes nothing"),
        (r"b_f = \frac{1}", "unreadable", "}", "a fraction with one half"),
        (r"\sum b_f = 1", "unreadable", r"\sum", "a sum over nothing"),
        (r"\sum_{i + 1 = 0} b_f = 1", "unreadable", r"\sum", "a condition without an index"),
        (r"b_f = ++1", "unreadable", "+", "two signs"),
        (r"b_f = é", "unreadable", "é", "a letter of no formula"),
        (r"b_f = b_f^{10}", "unsupported", "b_f^{10}", "a large power"),
    ],
)
def test_a_formula_is_refused_at_its_place(latex: str, code: str, token: str, why: str) -> None:
    items = read_formula(latex, LAYER).items
    item = items[0]
    assert isinstance(item, Unreadable), (items, why)
    assert (item.code, item.token) == (code, token), (item, why)
    assert latex[slice(*item.place)] == token
    assert item.message


@pytest.mark.parametrize(
    ("latex", "reason"),
    [
        ("x", "a lone symbol"),
        (r"\frac{d\mathcal{L}}{dw}", "an expression without an equals sign"),
        ("(n,f,k,l)", "a list, such as a shape or a position"),
        ("n, f", "a list"),
        (r"S \ge 1", "a condition, which claims nothing by itself"),
        ("0 \\le i < H", "the range of an index"),
        (r"i = 0, 1, \ldots, H-1", "the range of an index"),
        ("H = W", "a condition on the given sizes"),
        ("k = 0", "a value of an index"),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", "a literal matrix"),
        ("", "an empty formula"),
        (r"\begin{align}\end{align}", "an empty formula"),
    ],
)
def test_what_claims_nothing_is_counted_as_such(latex: str, reason: str) -> None:
    item = only(latex)
    assert isinstance(item, NoStatement)
    assert item.reason == reason


def test_a_derived_size_is_claimed_and_a_given_one_is_not() -> None:
    assert isinstance(only("Hh = H"), Equality)
    assert isinstance(only("HH = H"), NoStatement)


def test_chains_are_consecutive_equalities_with_the_lines_of_their_own() -> None:
    latex = "\\begin{align}\n b_f &= 1 b_f \\\\\n &= b_f 2 \\\\\n &= b_f + 3\n\\end{align}"
    items = read_formula(latex, LAYER).items
    assert [str(item.statement) for item in items if isinstance(item, Equality)] == [
        "b[f] = 1*b[f]",
        "1*b[f] = b[f]*2",
        "b[f]*2 = b[f]+3",
    ]
    assert [latex[: item.span[0]].count("\n") for item in items] == [1, 2, 3]


def test_an_unreadable_line_leaves_the_others_alone() -> None:
    latex = r"b_f &= ) \\ &= b_f \\ b_g &= {b_g \\ b_h &= b_h + 1"
    items = read_formula(latex, LAYER).items
    assert [type(item) for item in items] == [Unreadable, Equality, Unreadable, Equality]
    second = items[1]
    assert isinstance(second, Equality)
    assert str(second.statement) == "b[f] = b[f]"
    assert any("could be read" in reading for reading in second.readings)


def test_a_line_that_begins_with_a_sign_continues_the_one_before() -> None:
    item = only(r"\begin{split} b_f &= b_f \\ &\quad + 1 \\ &\qquad \cdot 2 \end{split}")
    assert isinstance(item, Equality)
    assert str(item.statement) == "b[f] = b[f]+1*2"


def test_definitions_are_used_by_later_lines() -> None:
    reading = read_formula(r"p_0 &= Sk \\ \Delta p &= HH \\ b_{p_0} &= b_{\Delta p}", LAYER)
    first, second, third = reading.items
    assert isinstance(first, Abbreviation)
    assert isinstance(second, Abbreviation)
    assert isinstance(third, Equality)
    assert str(third.statement) == "b[p_0] = b[Delta_p] where p_0 = S*k, Delta_p = HH"
    assert reading.context.abbreviation("p_0") is not None


def test_a_second_definition_is_compared_with_the_first() -> None:
    item = read_formula(r"p_0 = Sk, \quad p_0 = Sl", LAYER).items[1]
    assert isinstance(item, Equality)
    assert str(item.statement) == "p_0 = S*l where p_0 = S*k"


def test_an_abbreviation_of_a_summed_index_is_written_out() -> None:
    context = read_formula("p_0 = Sk", LAYER).context
    item = only(r"b_f = \sum_k x_{0,0,p_0,0} dout_{0,0,k,0}", context)
    assert isinstance(item, Equality)
    assert str(item.statement) == "b[f] = sum[k=0..Hh-1](x[0,0,S*k,0]*dout[0,0,k,0])"


def test_a_letter_defined_before_is_not_taken_for_an_index_on_the_left() -> None:
    context = read_formula("i = kS + p", LAYER).context
    item = only(r"x_{n,c,i,j} = 1", context)
    assert isinstance(item, Unreadable)
    assert item.code == "unsupported"


def test_a_letter_explained_behind_where_means_it_there_alone() -> None:
    reading = read_formula(r"b_f = b_u, \quad \text{where } u = f", LAYER)
    assert [type(item) for item in reading.items] == [Equality, Abbreviation]
    assert reading.context.abbreviation("u") is None


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"y_i = \sum_j A_{ij} x_j", "y[i] sum[j=0..n-1](A[i,j]*x[j])"),
        (r"\mu = \frac1n \sum_i x_i", "mu 1/n*sum[i=0..n-1](x[i])"),
        (r"z_i = 2 A_{i0}", "z[i] 2*A[i,0]"),
    ],
)
def test_an_array_that_is_not_defined_yet_is_defined(latex: str, expected: str) -> None:
    item = only(latex, PLAIN)
    assert isinstance(item, ArrayDefinition)
    assert f"{item.definition.target} {item.definition.body}" == expected


@pytest.mark.parametrize(
    ("latex", "code"),
    [
        (r"s_i = x_{i+1}", "undeclared-name"),  # the shape of s does not follow
        (r"s_i = x_i z_k", "free-index-mismatch"),
        (r"s_i = x_i + z_k + 2 z_k", "free-index-mismatch"),  # once in each term
        (r"s_i = A_{i,j} x_j", "summation-convention"),
        (r"s_i = x_j + A_{i,j} x_j", "summation-convention"),
        (r"s_i = \sum_i x_i", "undeclared-name"),
        (r"r_0 = r_1 + r_0", "cyclic-definition"),
        (r"z_i = A_i", "wrong-rank"),
        (r"z_{i,j} = A_{ij}", "wrong-rank"),
    ],
)
def test_a_definition_is_refused(latex: str, code: str) -> None:
    item = only(latex, PLAIN)
    assert isinstance(item, Unreadable), item
    assert item.code == code


def test_what_a_definition_is_made_of_is_not_defined_by_it() -> None:
    reading = read_formula(r"u_i = v_i, \quad v_i = u_i", PLAIN.with_array("v", (n,)))
    first, second = reading.items
    assert isinstance(first, ArrayDefinition)
    assert isinstance(second, Equality)
    assert [item.array.name for item in reading.context.definitions] == ["u"]


def test_positions_of_an_array_may_count_from_one() -> None:
    item = only(r"y_i = \sum_j A_{ij} x_j", CLAIMS.with_index_base(1))
    assert isinstance(item, Equality)
    assert str(item.statement) == "y[i-1] = sum[j=1..n](A[i-1,j-1]*x[j-1])"
    assert [str(free) for free in item.statement.free] == ["i=1..m"]
    refused = only("x_0 = 1", PLAIN.with_index_base(1))
    assert isinstance(refused, Unreadable)
    assert refused.code == "out-of-range-number"


def test_upper_bounds_may_be_exclusive() -> None:
    latex = r"y_i = \sum_{j=0}^{n} x_j + \sum_{0 \le j \le n-1} x_j"
    item = only(latex, CLAIMS.with_upper_bounds("exclusive"))
    assert isinstance(item, Equality)
    assert str(item.statement) == "y[i] = sum[j=0..n-1](x[j])+sum[j=0..n-1](x[j])"
    inclusive = only(latex, CLAIMS)
    assert isinstance(inclusive, Equality)
    assert "sum[j=0..n](x[j])" in str(inclusive.statement)


def test_an_example_binds_element_equations_alone() -> None:
    reading = read_formula(r"H = W = 5, \quad HH = WW = 3, \quad S = 2, \quad P = 0", LAYER)
    assert all(isinstance(item, ExampleSize) for item in reading.items)
    element = only(r"y_{11} = x_{22} w_{00} + b", reading.context)
    general = only(r"y_{kl} = b", reading.context)
    assert isinstance(element, Equality)
    assert isinstance(general, Equality)
    assert "H == 5" in map(str, element.statement.assumptions)
    assert "H == 5" not in map(str, general.statement.assumptions)
    outside = only(r"y_{11} = w_{44}", reading.context)
    assert isinstance(outside, Unreadable)
    assert (outside.code, outside.token) == ("out-of-range-number", "4")


def test_leading_axes_left_out_are_an_assumption_and_a_reading() -> None:
    item = only("y_{kl} = b")
    assert isinstance(item, Equality)
    assert [str(part) for part in item.statement.assumptions] == ["N == 1", "F == 1"]
    assert item.readings == ("leading axes that are left out stand for size 1: N = F = 1",)


@pytest.mark.parametrize(
    ("latex", "free"),
    [
        (r"b_f = 1, \quad \text{for } 0 \le f \le 2", "f=0..2"),
        (r"b_f = 1 \quad \forall f \in \{1, \ldots, F-1\}", "f=1..F-1"),
        (r"b_f = 1, \quad f = 1, \ldots, F-2", "f=1..F-2"),
        (r"b_f = 1 \quad (0 \le f < F-1)", "f=0..F-1-1"),
        (r"b_f = 1 \text{ for all } f", "f=0..F-1"),
    ],
)
def test_ranges_behind_an_equation_bind_its_indices(latex: str, free: str) -> None:
    item = only(latex)
    assert isinstance(item, Equality)
    assert [str(part) for part in item.statement.free] == [free]


def test_a_range_that_the_text_declares_settles_what_the_arrays_leave_open() -> None:
    context = read_formula(r"i = 0, \ldots, H-1", LAYER).context
    item = only(r"\sum_i \delta_{i,P} = 1", context)
    assert isinstance(item, Equality)
    assert str(item.statement) == "sum[i=0..H-1](delta(i, P)) = 1"


def test_conditions_on_sizes_behind_an_equation_are_assumptions() -> None:
    item = only(r"Hh = \frac{H+2P-HH}{S} + 1, \quad \text{if } S \mid H+2P-HH, \ N = C = 1")
    assert isinstance(item, Equality)
    assert [str(part) for part in item.statement.assumptions] == [
        "S divides H+2*P-HH",
        "N == 1",
        "C == 1",
    ]


def test_deep_nesting_is_refused_and_not_followed() -> None:
    item = only("b_f = " + "(" * 2000 + "1" + ")" * 2000)
    assert isinstance(item, Unreadable)
    assert item.code == "unsupported"


def test_integers_and_conditions_of_pragmas_are_read() -> None:
    assert str(read_integer("H + 2P", LAYER)) == "H+2*P"
    assert str(read_condition("HH <= H", LAYER)) == "HH <= H"
    with pytest.raises(UsageError, match="is not an integer expression"):
        _ = read_integer("[H < 2]", LAYER)
    with pytest.raises(UsageError, match="a condition has to stand here"):
        _ = read_condition("H", LAYER)
    with pytest.raises(UsageError, match="not one equality"):
        _ = read_statement("H", LAYER)
