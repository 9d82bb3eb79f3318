"""Spoiled loops run, and every one is caught by exact integers at the default sizes."""

from __future__ import annotations

import ast
import random
from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest

from symconv.algebra.evaluation import Evaluator, Polynomial
from symconv.algebra.expressions import Derivative
from symconv.layers.convolution import loops as right_loops
from symconv.layers.convolution.forward import L, b, w, x, y
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Loop, Sizes
from symconv.mistakes.catalogue import CATALOGUE
from symconv.mistakes.spoiled_loops import SpoiledLoop, spoil_loop
from tests.runs import quick_rows

LAYER = conv2d()
SIZES = [LAYER.sizes(text) for text in LAYER.default_sizes]
LOOP_BY_NAME = {loop.name: loop for loop in LAYER.loops}
MISTAKE_BY_NAME = {mistake.name: mistake for mistake in CATALOGUE}
TARGETS = {"y": y, "dL/dw": w, "dL/db": b, "dL/dx": x}


@cache
def arrays(sizes: Sizes) -> dict[str, Any]:
    """Return arrays of Python integers too large and too random to agree by chance."""
    draw = random.Random(str(sizes))
    found: dict[str, Any] = {}
    for array in LAYER.inputs:
        values = np.empty(tuple(sizes[str(extent)] for extent in array.shape), dtype=object)
        for position in np.ndindex(values.shape):
            values[position] = draw.randrange(1, 2**64)
        found[array.name] = values
    return found


def run(loop: Loop, sizes: Sizes) -> Any:
    given = arrays(sizes)
    # Copies, so that a loop that writes into its arguments does not spoil the next one.
    names = loop.arguments
    return loop.function(*(given[n].copy() if n in given else sizes[n] for n in names))


@cache
def expected(name: str, sizes: Sizes) -> Any:
    return run(LOOP_BY_NAME[name], sizes)


def caught(spoiled: Loop, sizes: Sizes) -> str | None:
    """Say how a loop differs from the right one at some sizes; None where it does not."""
    wanted = expected(spoiled.name, sizes)
    try:
        got = run(spoiled, sizes)
    except Exception:
        return "raised"
    if np.shape(got) != wanted.shape:
        return "wrong-shape"
    return None if np.array_equal(got, wanted) else "wrong-value"


def first_caught(spoiled: SpoiledLoop) -> str | None:
    verdicts = (caught(spoiled.loop, sizes) for sizes in SIZES)
    return next((verdict for verdict in verdicts if verdict is not None), None)


def value(polynomial: Polynomial, sizes: Sizes) -> int:
    total = 0
    for monomial, coefficient in polynomial.items():
        product = int(coefficient)
        for name, position in monomial:
            product *= arrays(sizes)[name][position]
        total += product
    return total


@pytest.mark.parametrize("name", LOOP_BY_NAME)
def test_the_right_loops_compute_what_the_definitions_say(name):
    for sizes in (SIZES[3], SIZES[5]):
        evaluator = Evaluator(LAYER.definition_by_name, sizes.by_symbol)
        target = TARGETS[LOOP_BY_NAME[name].computes]
        got = expected(name, sizes)
        for position in np.ndindex(got.shape):
            entry = target[position]
            meaning = entry if target == y else Derivative(L[()], entry)
            assert got[position] == value(evaluator.polynomial(meaning), sizes)


@pytest.mark.parametrize("name", LOOP_BY_NAME)
def test_the_right_loops_are_not_caught(name):
    assert [caught(LOOP_BY_NAME[name], sizes) for sizes in SIZES] == [None] * len(SIZES)


@quick_rows(2, "each row is one more loop, and spoiled loops turn the whole run red")
@pytest.mark.parametrize("name", LOOP_BY_NAME)
def test_every_spoiled_loop_is_caught_at_the_default_sizes(name):
    spoiled = list(spoil_loop(LOOP_BY_NAME[name]))
    verdicts = [first_caught(item) for item in spoiled]
    missed = [
        (item.mistake.name, item.where, item.source)
        for item, verdict in zip(spoiled, verdicts, strict=True)
        if verdict is None
    ]
    assert missed == []
    assert {"wrong-value", "wrong-shape", "raised"} >= set(verdicts)
    assert Counter(verdicts)["wrong-value"] > 0


def test_loops_fail_in_all_three_ways():
    found = Counter(first_caught(item) for item in spoil_loop(LOOP_BY_NAME["loop/dx:scatter"]))
    assert set(found) == {"wrong-value", "wrong-shape", "raised"}


@pytest.mark.parametrize(
    ("mistake", "loop", "line"),
    [
        ("sum-ends-one-too-late", "loop/dx", "for p in range(HH + 1):"),
        ("sum-ends-one-too-late", "loop/forward", "k * S:k * S + HH + 1"),
        ("sum-ends-one-too-early", "loop/dx", "for k in range(Hh - 1):"),
        ("sum-starts-one-too-late", "loop/dw", "for i in range(1, HH):"),
        ("sum-counts-from-one", "loop/db", "for f in range(1, b.shape[0] + 1):"),
        ("sum-counts-from-one", "loop/dw", "for i in range(1, HH + 1):"),
        ("sum-over-a-free-index", "loop/db", "np.sum(dout[:, :])"),
        ("mean-instead-of-sum", "loop/db", "np.mean(dout[:, f])"),
        ("term-inside-the-sum", "loop/forward", "np.sum(patch * w[f] + b[f])"),
        ("padding-dropped", "loop/dx", "p + k * S == i and"),
        ("padding-doubled", "loop/forward", "pad(x, 2 * P)"),
        ("padding-counted-once", "loop/forward", "1 + (H + P - HH) // S"),
        ("padding-with-the-wrong-sign", "loop/dx", "p + k * S == i - P"),
        ("padding-on-the-wrong-side", "loop/dx", "p + k * S + P == i"),
        ("unpadded-array", "loop/forward", "x_pad = x\n"),
        ("crop-at-the-origin", "loop/dx:scatter", "return dx_pad[:, :, :H, :W]"),
        ("crop-at-the-origin", "loop/forward", "x_pad[:, :, :H, :W] = x"),
        ("crop-to-minus-padding", "loop/dx:scatter", "return dx_pad[:, :, P:-P, P:-P]"),
        ("crop-missing", "loop/dx:scatter", "return dx_pad\n"),
        ("stride-dropped", "loop/dw", "i:i + Hh * S, j:j + Hw * S:S"),
        ("stride-dropped", "loop/forward", "k * S:k + HH"),
        ("stride-applied-twice", "loop/dx", "p + k * S * S == i + P"),
        ("stride-added", "loop/dx", "p + (k + S) == i + P"),
        ("stride-on-the-wrong-index", "loop/dx", "p * S + k == i + P"),
        ("stride-on-both-indices", "loop/dx", "p * S + k * S == i + P"),
        ("window-moves-backwards", "loop/dx", "p - k * S == i + P"),
        ("window-offset-dropped", "loop/dx", "p == i + P"),
        ("stride-division-dropped", "loop/forward", "Hh = 1 + H + 2 * P - HH\n"),
        ("size-of-the-other-axis", "loop/dx", "for q in range(HH):"),
        ("input-size-for-output-size", "loop/dx", "for k in range(H):"),
        ("output-size-for-input-size", "loop/dx", "for i in range(Hh):"),
        ("input-size-for-filter-size", "loop/dx", "for p in range(H):"),
        ("filter-and-output-size-confused", "loop/dx", "for k in range(HH):"),
        ("division-rounded-up", "loop/forward", "Hh = 1 + -(-(H + 2 * P - HH) // S)"),
        ("division-not-rounded", "loop/forward", "Hh = 1 + (H + 2 * P - HH) / S"),
        ("plus-one-dropped", "loop/forward", "Hh = (H + 2 * P - HH) // S"),
        ("plus-one-divided", "loop/forward", "Hh = (H + 2 * P - HH + 1) // S"),
        ("filter-size-not-subtracted", "loop/forward", "Hh = 1 + (H + 2 * P) // S"),
        ("remainder-rows-dropped", "loop/dx:scatter", "(Hh - 1) * S + HH"),
        ("sizes-unpacked-in-the-wrong-order", "loop/dx", "N, C, W, H = x.shape"),
        ("axes-swapped", "loop/dx", "dout[n, f, l, k]"),
        ("axes-swapped", "loop/forward", "w[f].swapaxes(-2, -1)"),
        ("axes-swapped", "loop/dw", "x_pad[:, c, j:j + Hw * S:S, i:i + Hh * S:S]"),
        ("neighbouring-indices-swapped", "loop/db", "dout[f, :]"),
        ("index-of-the-other-axis", "loop/dx", "q + k * S == j + P"),
        ("channel-and-filter-confused", "loop/dx", "dout[n, c, k, l]"),
        ("index-off-by-one", "loop/dx", "w[f, c, p + 1, q]"),
        ("kernel-flipped-on-one-axis", "loop/dx", "w[f, c, HH - 1 - p, q]"),
        ("kernel-flipped", "loop/forward", "w[f][:, ::-1, ::-1]"),
        ("first-image-only", "loop/db", "dout[0, f]"),
        ("delta-dropped", "loop/dx", "if p + k * S == i + P:"),
        ("delta-off-by-one", "loop/dx", "p + k * S == i + P + 1"),
        ("or-instead-of-and", "loop/dx", "p + k * S == i + P or q + l * S == j + P"),
        ("upstream-gradient-dropped", "loop/dx", "+= w[f, c, p, q]"),
        ("factor-dropped", "loop/dx", "+= dout[n, f, k, l]\n"),
        ("term-dropped", "loop/forward", "= np.sum(patch * w[f])\n"),
        ("sign-flipped", "loop/dx", "dx[n, c, i, j] -= dout"),
        ("counted-twice", "loop/db", "db[f] = 2 * np.sum(dout[:, f])"),
        ("contributions-overwritten", "loop/dx", "dx[n, c, i, j] = dout"),
        ("addition-not-in-place", "loop/dx:scatter", "window = window + dout[n, f, k, l] * w[f]"),
        ("accumulation-from-ones", "loop/dx", "dx = np.ones_like(x)"),
        ("accumulation-from-ones", "loop/db", None),
        ("return-inside-the-loop", "loop/db", "        return db"),
        ("unpadded-array", "loop/dx", None),
        ("crop-missing", "loop/dx", None),
        ("kernel-flipped", "loop/dw", None),
        ("sum-starts-one-too-early", "loop/dx", None),
        ("padded-array", "loop/forward", None),
    ],
)
def test_a_mistake_is_made_in_code_as_people_make_it(mistake, loop, line):
    made = list(spoil_loop(LOOP_BY_NAME[loop], [MISTAKE_BY_NAME[mistake]]))
    sources = [f"{item.source}\n" for item in made]
    if line is None:
        assert made == []
    else:
        assert any(line in source for source in sources)
        assert all(item.mistake is MISTAKE_BY_NAME[mistake] for item in made)


def test_unpacking_in_the_wrong_order_is_no_mistake_where_both_names_are_bound_again():
    made = spoil_loop(
        LOOP_BY_NAME["loop/dx"], [MISTAKE_BY_NAME["sizes-unpacked-in-the-wrong-order"]]
    )
    sources = [item.source for item in made]
    assert not any("C, N, H, W = x.shape" in source for source in sources)
    assert any("C, F, HH, WW = w.shape" in source for source in sources)


@quick_rows(1, "each row is one more loop")
@pytest.mark.parametrize("name", LOOP_BY_NAME)
def test_spoiling_loops_gives_different_sources_in_the_same_order_every_time(name):
    first, second = (list(spoil_loop(LOOP_BY_NAME[name])) for _ in range(2))
    assert [(s.mistake, s.where, s.source) for s in first] == [
        (s.mistake, s.where, s.source) for s in second
    ]
    names = [mistake.name for mistake in CATALOGUE]
    places = [names.index(item.mistake.name) for item in first]
    assert places == sorted(places)
    assert max(Counter((item.mistake.name, item.source) for item in first).values()) == 1
    for item in first:
        assert item.loop.name == name
        assert item.loop.arguments == LOOP_BY_NAME[name].arguments
        assert item.loop.function is not LOOP_BY_NAME[name].function
        assert item.where.startswith("in `")
        assert ast.unparse(ast.parse(item.source)) == item.source


def test_spoiling_leaves_the_right_loops_and_their_module_alone():
    before = dict(vars(right_loops))
    made = list(spoil_loop(LOOP_BY_NAME["loop/forward"]))
    assert made
    assert dict(vars(right_loops)) == before
    assert caught(LOOP_BY_NAME["loop/forward"], SIZES[2]) is None


def test_a_helper_that_the_loops_call_is_spoiled_with_them():
    made = spoil_loop(LOOP_BY_NAME["loop/dw"], [MISTAKE_BY_NAME["padding-counted-once"]])
    (source,) = {item.source for item in made if "H + P, W + 2 * P" in item.source}
    assert source.startswith("def pad(")


def test_a_traceback_names_the_loop_and_the_mistake():
    (made, *_) = spoil_loop(LOOP_BY_NAME["loop/db"], [MISTAKE_BY_NAME["sum-ends-one-too-late"]])
    assert made.loop.function.__code__.co_filename == "<loop/db with sum-ends-one-too-late>"
    with pytest.raises(IndexError):
        run(made.loop, SIZES[0])
