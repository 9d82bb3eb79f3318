"""Literal matrices: an equation per entry, or a reason why there is none."""

from __future__ import annotations

import pytest

from symconv.algebra.indices import Constant, Size
from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Equality, NoStatement, Unreadable
from symconv.layers.convolution.post import conv2d
from symconv.proof.equality import prove
from symconv.verdicts import Verdict

CONV = conv2d()
SIZES = {"H": 3, "W": 3, "HH": 2, "WW": 2, "S": 1, "P": 0}
EXAMPLE = context_of_layer(CONV)
for name, value in SIZES.items():
    EXAMPLE = EXAMPLE.with_example(Size(name), value)
PLAIN = (
    Context()
    .with_size("N")
    .with_array("x", (Size("N"),))
    .with_array("A", (Constant(2), Constant(3)))
)


def window(i: int, j: int) -> str:
    """Write one output element of the example."""
    terms = [f"x_{{{i + p}{j + q}}} w_{{{p}{q}}}" for p in (0, 1) for q in (0, 1)]
    return " + ".join([*terms, "b"])


def matrix(*rows: str, kind: str = "pmatrix") -> str:
    """Write a matrix."""
    return rf"\begin{{{kind}}} " + r" \\ ".join(rows) + rf" \end{{{kind}}}"


def verdicts(latex: str, context: Context) -> list[Verdict]:
    """Prove every equation of a formula."""
    items = read_formula(latex, context).items
    assert all(isinstance(item, Equality) for item in items), items
    layer = context.as_layer()
    return [prove(item.statement, layer).verdict for item in items if isinstance(item, Equality)]


def test_every_entry_is_an_equation() -> None:
    right = matrix(f"{window(0, 0)} & {window(0, 1)}", f"{window(1, 0)} & {window(1, 1)}")
    assert verdicts(f"y = {right}", EXAMPLE) == [Verdict.PROVED] * 4
    assert verdicts(f"{right} = y", EXAMPLE) == [Verdict.PROVED] * 4
    wrong = matrix(f"{window(0, 0)} & {window(0, 1)}", f"{window(1, 1)} & {window(1, 1)}")
    found = verdicts(f"y = {wrong}", EXAMPLE)
    assert [verdict is Verdict.PROVED for verdict in found] == [True, True, False, True]


def test_the_place_is_that_of_the_entry() -> None:
    latex = f"y = {matrix('b & b', f'b & {window(1, 1)}', kind='bmatrix')}"
    item = read_formula(latex, EXAMPLE).items[-1]
    assert latex[slice(*item.span)] == window(1, 1)


def test_the_length_of_an_axis_is_an_assumption_where_no_example_says_it() -> None:
    context = read_formula("z_i = x_i", PLAIN).context
    items = read_formula(rf"z = {matrix('x_0', 'x_1')}", context).items
    assert [str(i.statement.assumptions[0]) for i in items if isinstance(i, Equality)] == [
        "N == 2",
        "N == 2",
    ]
    assert verdicts(rf"z = {matrix('x_0 & x_1')}", context) == [Verdict.PROVED] * 2
    assert verdicts(rf"z = {matrix('x_0 & x_0')}", context) == [Verdict.PROVED, Verdict.REFUTED]


@pytest.mark.parametrize(
    ("latex", "context", "code"),
    [
        (f"A = {matrix('1 & 2 & 3', '4 & 5 & 6')}", PLAIN, "unsupported"),
        (f"x = {matrix('1', '2')}", PLAIN, "unsupported"),
        (f"x = {matrix('1 & 2', '3 & 4')}", PLAIN, "wrong-rank"),
        (f"A = {matrix('1 & 2', '3 & 4')}", PLAIN, "wrong-rank"),
        (f"x = {matrix('b', 'b')}", EXAMPLE, "wrong-rank"),
        (f"A = {matrix('1 & 2 & 3', '4 & 5')}", PLAIN, "unreadable"),
        (f"x_0 = {matrix('1')}", PLAIN, "unsupported"),
        (f"{matrix('1')} = {matrix('1')}", PLAIN, "unsupported"),
        (f"b = b \\cdot {matrix('1')}", EXAMPLE, "unsupported"),
        (rf"A = {matrix('1 & 2 & 3', '4 & 5 & 6')} \text{{ unless }} N = 1", PLAIN, "unsupported"),
    ],
)
def test_a_matrix_is_refused(latex: str, context: Context, code: str) -> None:
    (item,) = read_formula(latex, context).items
    assert isinstance(item, Unreadable), item
    assert item.code == code


def test_a_matrix_that_names_the_entries_of_an_array_claims_nothing() -> None:
    names = matrix("A_{00} & A_{01} & A_{02}", "A_{10} & A_{11} & A_{12}")
    (item,) = read_formula(f"A = {names}", PLAIN).items
    assert isinstance(item, NoStatement)
    swapped = names.replace("A_{00}", "A_{11}")
    assert Verdict.REFUTED in verdicts(f"A = {swapped}", PLAIN)
