"""Reading pieces of code as algebra, and writing them back."""

from __future__ import annotations

import ast

import pytest

from symconv.algebra.expressions import Delta, Number
from symconv.algebra.indices import (
    CeilingDivision,
    Constant,
    Index,
    Maximum,
    Minimum,
    Quotient,
    Range,
    sizes,
)
from symconv.layers.registry import default_vocabulary
from symconv.mistakes.pieces import array_of, read, write

WORDS = default_vocabulary()
H, P, S = sizes("H P S")


def code(text: str) -> ast.AST:
    """Parse a statement, an expression, or what stands between brackets in `[a:b]`."""
    if text.startswith("["):
        parsed = ast.parse(f"_{text}", mode="eval").body
        assert isinstance(parsed, ast.Subscript)
        return parsed.slice
    (parsed,) = ast.parse(text).body
    return parsed.value if isinstance(parsed, ast.Expr) else parsed


def text_of(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(node))


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("p + k * S", "p+k*S"),
        ("i - P", "i-P"),
        ("-P", "-P"),
        ("H", "H"),
        ("1 + (H + 2 * P - HH) // S", "1+floor((H+2*P-HH)/S)"),
        ("(H - 1) / S", "(H-1)/S"),
        ("for k in range(Hh): pass", "k=0..Hh-1"),
        ("for k in range(2 * S + 1): pass", "k=0..2*S"),
        ("for f in range(b.shape[0]): pass", "f=0..b.shape[0]-1"),
        ("[k * S:k * S + HH]", "_=k*S..k*S+HH-1"),
        ("[i:i + Hh * S:S]", "_=i..i+Hh*S-1"),
        ("dout[n, f, k, l]", "dout[n,f,k,l]"),
        ("dx[n, c, i, j]", "dx[n,c,i,j]"),
        ("b[f]", "b[f]"),
        ("p + k * S == i + P", "delta(p+k*S, i+P)"),
    ],
)
def test_a_piece_of_code_is_read_and_written_back(text, node):
    piece = read(code(text), WORDS)
    assert str(piece) == node
    assert piece is not None
    written = write(code(text), piece)
    assert written is not None
    assert text_of(written) == text_of(code(text))


@pytest.mark.parametrize(
    "text",
    [
        "x_pad",
        "radius + 1",
        "k ** 2",
        "not k",
        "~k",
        "True",
        "dout[n, f]",
        "dout[:, f]",
        "dout[n, f, k, name]",
        "z[n]",
        "np.sum(x)",
        "x.shape[0]",
        "p < k",
        "p == k == i",
        "p == name",
        "for k in range(1, Hh): pass",
        "for k in Hh: pass",
        "for k, l in range(Hh): pass",
        "[:]",
        "[:k]",
        "[k:name]",
        "f(k)",
        "x = k",
    ],
)
def test_a_piece_of_code_that_is_not_algebra_is_not_read(text):
    assert read(code(text), WORDS) is None


@pytest.mark.parametrize(
    ("text", "node", "written"),
    [
        ("k", Number(CeilingDivision(H - 1, S)), "-(-(H - 1) // S)"),
        ("k", Number(Quotient(H, S)), "H / S"),
        ("k", Number(Constant(-2)), "-2"),
        ("k", Number(H - 2), "H - 2"),
        ("k", Number(H - 2 * P), "H - 2 * P"),
        ("k", Number(-(H * P)), "-(H * P)"),
        ("k", Number(S * (H - 1)), "S * (H - 1)"),
        ("for k in range(H): pass", Range(Index("k"), Constant(0), H), "range(H + 1)"),
        ("for k in range(H): pass", Range(Index("k"), Constant(1), H - 1), "range(1, H)"),
        ("[P:P + H]", Range(Index("_"), Constant(0), P + H - 1), "0:P + H"),
    ],
)
def test_an_edited_node_is_written_as_people_write_it(text, node, written):
    made = write(code(text), node)
    assert made is not None
    assert written in text_of(made)


def test_a_node_that_code_has_no_place_for_is_not_written():
    assert write(code("k == l"), Number(H)) is None
    assert write(code("dout[n, f, k, l]"), Number(H)) is None
    assert write(code("for k in range(H): pass"), Delta(H, P)) is None


@pytest.mark.parametrize("value", [Minimum((H, P)), Maximum((H, P)), H % 2], ids=str)
def test_an_integer_that_no_edit_makes_is_refused(value):
    with pytest.raises(TypeError, match="not an integer expression that code can say"):
        _ = write(code("k"), Number(value))


def test_a_variable_is_an_array_of_the_layer_or_a_gradient_by_one():
    assert array_of("dw", WORDS) is not None
    assert str(array_of("dw", WORDS)) == "dw"
    assert array_of("dw", WORDS) != array_of("w", WORDS)
    assert getattr(array_of("dw", WORDS), "shape", None) == WORDS.filters.shape
    assert array_of("patch", WORDS) is None
    assert array_of("d", WORDS) is None
