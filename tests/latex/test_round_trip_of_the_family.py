"""The statements of every layer are written, and read back as what they say."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import Expression, Statement
from symconv.algebra.indices import Index, sizes
from symconv.algebra.scoping import expand_where
from symconv.errors import NotSupported, UsageError
from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.formulas import read_formula, read_integer
from symconv.latex.reading.items import Equality
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.writer import expression_latex, statement_latex
from symconv.layers.layer import Layer
from symconv.layers.registry import FAMILY, layer_by_name
from tests.runs import quick_rows

STATEMENTS = [
    (name, statement.key) for name in FAMILY for statement in layer_by_name(name).statements
]
FULL = layer_by_name("conv3d strides sides dilation groups")


def read(text: str, layer: Layer) -> Statement:
    item = read_formula(text, context_of_layer(layer)).items[0]
    assert isinstance(item, Equality), item
    return item.statement


def same(left: Statement, right: Statement) -> bool:
    """Whether two statements say the same: sums may nest, and dout is dL/dy."""
    sides = [_flat(side) for one in map(expand_where, (left, right)) for side in (one.lhs, one.rhs)]
    return sides[:2] == sides[2:] and (left.free, left.assumptions) == (
        right.free,
        right.assumptions,
    )


def _flat(expression: Expression) -> str:
    text = str(expression).replace("dL/dy", "dout")
    return text.replace("](sum[", ", ").replace("(", "").replace(")", "")


@quick_rows(24, "every statement of the family is read back in a minute")
@pytest.mark.parametrize(("name", "key"), STATEMENTS)
def test_every_statement_is_read_back(name: str, key: str) -> None:
    layer = layer_by_name(name)
    statement = layer.statement(key)
    written = statement_latex(statement, LatexOptions(ranges=True).for_layer(layer))
    assert r"\mathit" not in written
    assert same(read(written, layer), statement)
    sides, comma, clauses = written.partition(", \\quad ")
    changed = read(f"{sides} + 1{comma}{clauses}", layer)
    assert not same(changed, statement)


@pytest.mark.parametrize(
    ("latex", "name"),
    [
        ("P_{w0}", "Pw0"),
        (r"\mathit{Pw0}", "Pw0"),
        ("D_h", "Dh"),
        ("D_{h}", "Dh"),
        ("Dh", "Dh"),
        ("S_z", "Sz"),
        ("C_g", "Cg"),
        ("Hz", "Hz"),
        ("ZZ", "ZZ"),
    ],
)
def test_sizes_of_an_axis_are_read_as_they_are_written_and_as_they_are_typed(
    latex: str, name: str
) -> None:
    assert str(read_integer(latex, context_of_layer(FULL))) == name


def test_a_size_with_an_underscore_keeps_the_spelling_that_it_shares() -> None:
    for names in (("D_h", "Dh"), ("Dh", "D_h")):
        context = Context()
        for name in names:
            context = context.with_size(name)
        assert str(read_integer("Dh", context)) == "Dh"
    assert str(read_integer("D_{h}", Context().with_size("D_h").with_size("Dh"))) == "D_h"


def test_an_array_keeps_its_entries_from_a_size_that_looks_like_one() -> None:
    length, entry_like = sizes("K Dh")
    known = Context().with_size("K").with_index("h", None)
    for context in (
        known.with_size("Dh").with_array("D", (length,)),
        known.with_array("D", (length,)).with_size("Dh"),
    ):
        with pytest.raises(UsageError, match="an entry of D"):
            _ = read_integer("D_{h}", context)
        assert read_integer("Dh", context) == entry_like


def test_two_sizes_that_look_the_same_are_refused_in_one_formula() -> None:
    Dh, D_h = sizes("Dh D_h")
    statement = FULL.statement("dL/db")
    with pytest.raises(NotSupported, match="Dh and D_h look the same"):
        _ = expression_latex(statement.rhs * (Dh + D_h))
    assert expression_latex(statement.rhs * (Dh + Index("d_h")))
