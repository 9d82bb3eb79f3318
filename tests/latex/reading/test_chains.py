"""What equations define, in all the ways in which people write definitions, and what not."""

from __future__ import annotations

import pytest

from symconv.algebra.indices import Constant, Size
from symconv.documents.accounting import check_document
from symconv.documents.declarations import Declared
from symconv.documents.loading import parse_text
from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Equality
from symconv.layers.convolution.post import conv2d

LAYER = context_of_layer(conv2d())
M, K = Size("M"), Size("K")
ARRAYS = (
    Context()
    .with_size("M")
    .with_size("K")
    .with_size("R")
    .with_array("x", (M,))
    .with_array("f", (K,))
    .with_array("g", (M,))
    .with_array("u", (M,))
    .with_array("v", (M,))
    .with_array("E", ())
)
SQUARE = (
    Context()
    .with_array("X", (Constant(3), Constant(3)))
    .with_array("W", (Constant(2), Constant(2)))
    .with_array("Y", (Constant(2), Constant(2)))
    .with_index_base(1)
)


def verdicts(context: Context, *formulas: str) -> list[str]:
    """Check formulas as a document; return the verdict of each, or what else it is."""
    text = "\n\n".join(f"$${latex}$$" for latex in formulas)
    results = check_document(parse_text("t.md", text), Declared(context))
    return [
        found.kind if found.verdict is None else found.verdict.value for found in results
    ]  # fmt: skip


@pytest.mark.parametrize(
    "definition",
    [
        "u_k := 2 g_k",
        "u_k : = 2 g_k",
        r"u_k \coloneqq 2 g_k",
        r"u_k \colon= 2 g_k",
        r"u_k \triangleq 2 g_k",
        r"u_k \equiv 2 g_k",
        r"u_k \stackrel{\text{def}}{=} 2 g_k",
        r"u_k \overset{\mathrm{def}}= 2 g_k",
        r"u_k \overset{\triangle}{=} 2 g_k",
        "2 g_k =: u_k",
        r"2 g_k \eqqcolon u_k",
        "u(k) = 2 g_k",
        "u[k] = 2 g[k]",
        "u_k = 2 g_k",
    ],
)
def test_a_definition_is_known_in_each_way_of_writing_it(definition: str) -> None:
    assert verdicts(ARRAYS, definition, "u_k = g_k + g_k") == ["definition", "proved"]
    assert verdicts(ARRAYS, definition, "u_k = 3 g_k") == ["definition", "refuted"]


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ("u_k = g_k = u_k", ["definition", "proved"]),
        ("u_k = 2 g_k = u_k / 2 + g_k", ["definition", "proved"]),
        ("u_k = 2 g_k = u_k / 2", ["definition", "refuted"]),
        (r"u_k = (x \star f)_k = 2 g_k", ["undecided", "definition"]),
        (r"u_k = (x \star f)_k = 2 g_k = g_k + g_k", ["undecided", "definition", "proved"]),
        (r"u_k = (x \star f)_k = 2 g_k = g_k", ["undecided", "definition", "refuted"]),
        (r"u_k = 2 g_k = (x \star f)_k", ["definition", "undecided"]),
        ("u_k = v_k = g_k", ["definition", "definition"]),
        ("r_0 = M + K = K + M", ["definition", "proved"]),
        ("r_0 = M + K = K + M + 1", ["definition", "refuted"]),
    ],
)
def test_the_first_member_that_is_read_defines_and_the_others_are_compared(
    chain: str, expected: list[str]
) -> None:
    assert verdicts(ARRAYS, chain) == expected


def test_a_mark_defines_anew_what_a_text_defined() -> None:
    assert verdicts(ARRAYS, "u_k := g_k", "u_k := 2 g_k", "u_k = 2 g_k", "u_k = g_k") == [
        *("definition", "definition", "proved", "refuted")
    ]
    assert verdicts(LAYER, "y_{n,f,k,l} := 2 b_f") == ["undecided"]
    assert verdicts(LAYER, "y_{n,f,k,l} := y_{n,f,k,l}") == ["proved"]


@pytest.mark.parametrize(
    "unread",
    [
        r"u_k = \clubsuit",
        r"u_k := \clubsuit",
        r"u_k = \sum_{s - t = k} x_s f_t",
        r"u(k) = (x \star f)(k)",
        r"u[k] = \mathrm{conv}(x, f)[k]",
        r"u^{(1)}_k = \clubsuit",
        r"u = x * f",
        r"u = \mathrm{conv}(x, f)",
        r"u_{2k} = g_k",
        r"u_0 = \clubsuit",
        r"u_k \leftarrow g_k",
        r"u_k \leftarrow u_k + g_k",
        r"u_k += g_k",
        r"u_k = g_k \text{ unless it rains}",
        r"u_k = \clubsuit = \spadesuit",
    ],
)
def test_what_needs_a_definition_that_was_not_read_is_undecided(unread: str) -> None:
    known = read_formula(r"E = \sum_k v_k u_k", ARRAYS).context
    gradient = r"\frac{\partial E}{\partial x_k} = 0"
    assert verdicts(known, gradient, "u_k = u_0") == ["undecided", "refuted"]
    found = verdicts(known, unread, gradient, "u_k = u_0", "E = E", "x_k = x_k")
    assert found[-4:] == ["undecided", "undecided", "undecided", "proved"]


def test_a_readable_definition_ends_what_was_unknown() -> None:
    unread = r"u_k = \clubsuit"
    found = verdicts(ARRAYS, unread, "u_k = g_k", "u_k = g_k", "u_k = 2 g_k")
    assert found == ["undecided", "definition", "proved", "refuted"]


@pytest.mark.parametrize(
    "claim",
    [r"x_k = x_0 \quad [\clubsuit]", r"x_k^T = x_k \clubsuit", r"2 u_k = \clubsuit"],
)
def test_a_claim_that_was_not_read_makes_nothing_unknown(claim: str) -> None:
    assert verdicts(ARRAYS, claim, "x_k = x_k", "u_k + 0 = u_k")[-2:] == ["proved", "proved"]


def test_what_the_layer_defines_stays_known() -> None:
    unread = r"y_{n,f,k,l} = (x \star w)_{n,f,k,l} + b_f"
    gradient = r"\frac{\partial L}{\partial b_f} = \sum_{n,k,l} dout_{n,f,k,l}"
    assert verdicts(LAYER, unread, gradient) == ["undecided", "proved"]


ELEMENTS = (
    "Y_{11} = X_{11} W_{11} + X_{12} W_{12} + X_{21} W_{21} + X_{22} W_{22}",
    "Y_{12} = X_{12} W_{11} + X_{13} W_{12} + X_{22} W_{21} + X_{23} W_{22}",
    "Y_{21} = X_{21} W_{11} + X_{22} W_{12} + X_{31} W_{21} + X_{32} W_{22}",
    "Y_{22} = X_{22} W_{11} + X_{23} W_{12} + X_{32} W_{21} + X_{33} W_{22}",
)


def test_an_array_is_defined_element_by_element() -> None:
    general = r"Y_{ij} = \sum_{p=1}^{2} \sum_{q=1}^{2} X_{i+p-1,j+q-1} W_{pq}"
    assert verdicts(SQUARE, *ELEMENTS, general) == [*["definition"] * 4, "proved"]
    wrong = general.replace("W_{pq}", "W_{qp}")
    assert verdicts(SQUARE, *ELEMENTS, wrong) == [*["definition"] * 4, "refuted"]
    right, slip = (
        rf"\frac{{\partial Y_{{12}}}}{{\partial W_{{12}}}} = X_{{{n}}}" for n in (13, 12)
    )
    assert verdicts(SQUARE, *ELEMENTS, right, slip)[-2:] == ["proved", "refuted"]


def test_elements_that_are_not_given_have_no_value() -> None:
    assert verdicts(SQUARE, *ELEMENTS[:2], "Y_{12} = Y_{12}", "Y_{22} = Y_{22}")[2:] == [
        *("proved", "undecided")
    ]
    total = r"\sum_{i,j} Y_{ij} = \sum_{i,j} Y_{ij}"
    assert verdicts(SQUARE, *ELEMENTS[:3], total)[-1] == "undecided"
    assert verdicts(SQUARE, *ELEMENTS, total)[-1] == "proved"


def test_a_loss_that_was_defined_before_the_elements_needs_all_of_them() -> None:
    loss = r"E = \sum_{i,j} Y_{ij} Y_{ij}"
    known = SQUARE.with_array("E", ())
    gradient = r"\frac{\partial E}{\partial W_{11}} = \sum_{i=1}^2 \sum_{j=1}^2 2 Y_{ij} X_{ij}"
    assert verdicts(known, loss, *ELEMENTS[:3], gradient)[-1] == "undecided"
    assert verdicts(known, loss, *ELEMENTS, gradient)[-1] == "proved"
    assert verdicts(known, loss, *ELEMENTS, gradient.replace(" 2 Y", " 3 Y"))[-1] == "refuted"


def test_a_definition_through_others_by_itself_is_not_called_false() -> None:
    assert verdicts(ARRAYS, "u_k = 2 v_k", "v_k = 3 u_k") == ["definition", "undecided"]
    assert verdicts(ARRAYS, "u_k = 2 v_k", "v_k = u_k / 2") == ["definition", "proved"]
    upstream = (r"E = \sum_k g_k u_k", r"g_k = \frac{\partial E}{\partial u_k}")
    assert verdicts(ARRAYS, *upstream) == ["definition", "proved"]
    wrong = (r"E = \sum_k g_k u_k", r"g_k = \frac{\partial E}{\partial u_0}")
    assert verdicts(ARRAYS, *wrong)[1] == "undecided"


def test_an_equality_knows_what_is_defined_before_it() -> None:
    *_, equality = read_formula(r"u_k = g_k, \quad u_k = g_k", ARRAYS).items
    assert isinstance(equality, Equality)
    assert equality.context.definition("u") is not None


@pytest.mark.parametrize(
    "latex",
    [
        r"\delta_{k,l} = \frac{\partial L}{\partial y_{0,0,k,l}}",
        r"\delta_{n,f,k,l} = \frac{\partial L}{\partial y_{n,f,k,l}}",
        r"\delta_{f} = b_f",
        r"\delta^{2}_{f} = b_f",
    ],
)
def test_a_delta_that_the_text_defines_is_no_kronecker_delta(latex: str) -> None:
    use = r"b_f = \sum_{g} \delta_{fg} b_g"
    assert verdicts(LAYER, use) == ["proved"]
    assert verdicts(LAYER, latex, use) == ["undecided", "undecided"]


def test_a_kronecker_delta_may_be_said_to_be_one() -> None:
    latex = r"\delta_{fg} = \frac{\partial b_f}{\partial b_g}"
    use = r"b_f = \sum_{g} \delta_{fg} b_g"
    assert verdicts(LAYER, latex, use) == ["proved", "proved"]
    assert verdicts(LAYER, r"\delta_{kl} = [k = l]", use) == ["proved", "proved"]


def test_a_declaration_that_was_not_read_leaves_its_name_unknown() -> None:
    known = "symconv: size M; array x (M); array u (M); array E ()"
    text = (
        f"<!-- {known} -->\n\n$$E = \\sum_k u_k$$\n\n<!-- symconv: define {{0}} -->\n\n"
        "$$u_k = u_k$$\n\n$$\\frac{{\\partial E}}{{\\partial x_k}} = 2$$"
    )

    def judged(definition: str) -> list[str]:
        document = parse_text("t.md", text.format(definition))
        results = check_document(document, Declared(Context()))
        return [found.verdict.value for found in results if found.verdict is not None]

    assert judged("u_k = 2 x_k") == ["proved", "proved"]
    assert judged("u_k = 3 x_k") == ["proved", "refuted"]
    assert judged("u_k = \\clubsuit") == ["undecided", "undecided", "undecided"]
    assert judged("u_k = \\clubsuit; assume M = 1") == ["undecided", "undecided", "undecided"]
