"""What symbols stand for."""

from __future__ import annotations

import pytest

from symconv.algebra.indices import Constant, Index, Size, indices, sizes
from symconv.layers.convolution.forward import (
    HEIGHT,
    HH,
    WW,
    C,
    F,
    H,
    Hh,
    Hw,
    N,
    P,
    S,
    W,
    b,
    w,
    x,
    x_pad,
)
from symconv.layers.registry import default_vocabulary

WORDS = default_vocabulary()


@pytest.mark.parametrize(
    ("symbol", "twin"),
    [
        (H, W),
        (WW, HH),
        (Hh, Hw),
        (Index("k"), Index("l")),
        (Index("q"), Index("p")),
        (Index("i''"), Index("j''")),
        (Index("p_0"), Index("q_0")),
    ],
    ids=str,
)
def test_the_twin_of_a_symbol_plays_its_role_on_the_other_axis(symbol, twin):
    assert list(WORDS.twins(symbol)) == [twin]
    assert list(WORDS.twins(twin)) == [symbol]


@pytest.mark.parametrize("symbol", [S, P, *sizes("N C F k"), *indices("n f c H")], ids=repr)
def test_a_symbol_that_belongs_to_no_axis_has_no_twin(symbol):
    assert list(WORDS.twins(symbol)) == []


@pytest.mark.parametrize(
    ("expression", "number"),
    [
        (H + 2 * P, 0),
        (Index("p") + S * Index("k"), 0),
        (WW - 1 - Index("q"), 1),
        (Index("i") + Index("j"), None),
        (H * WW, None),
        (S * P, None),
        (Constant(3), None),
        (Index("n"), None),
        (Index("position"), None),
    ],
    ids=str,
)
def test_an_expression_belongs_to_the_one_axis_that_it_names(expression, number):
    assert WORDS.axis_number(expression) == number


def test_the_spatial_axes_of_an_array_are_found_by_its_shape():
    assert WORDS.spatial(x) == {2: 0, 3: 1}
    assert WORDS.spatial(x_pad) == {2: 0, 3: 1}
    assert WORDS.spatial(w) == {2: 0, 3: 1}
    assert WORDS.spatial(b) == {}


def test_strides_paddings_and_sizes_are_those_of_the_axes_each_once():
    assert WORDS.strides == (S,)
    assert WORDS.paddings == (P,)
    assert list(WORDS.size_by_name) == [
        "N", "C", "F", "H", "HH", "Hh", "W", "WW", "Hw", "S", "P",
    ]  # fmt: skip
    assert WORDS.size_by_name["H"] == HEIGHT.input
    assert WORDS.index_letters == frozenset("ncfkpilqj")
    assert list(WORDS.leading) == [N, C, F]


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        (Index("k"), "k"),
        (Index("i''"), "i"),
        (Index("p_0"), "p"),
        (Index("kernel"), ""),
        (Index("k2"), ""),
        (Size("k"), ""),
    ],
    ids=lambda value: repr(value),
)
def test_the_letter_of_an_index_is_what_stands_before_primes_and_subscripts(symbol, expected):
    assert WORDS.letter(symbol) == expected
