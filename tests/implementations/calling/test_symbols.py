"""Symbols go through NumPy code of many styles and come out as the polynomials they should."""

import copy
import itertools
import pickle
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from symconv.errors import NotSupported
from symconv.implementations.calling.object_arrays import object_numpy
from symconv.implementations.calling.symbols import (
    Polynomial,
    Symbolic,
    polynomial,
    polynomials,
    symbols,
)

N, C, H, W, F, HH, WW, S, P = 2, 2, 5, 6, 3, 3, 2, 2, 1
Hh, Hw = 1 + (H + 2 * P - HH) // S, 1 + (W + 2 * P - WW) // S
SHAPES = {"x": (N, C, H, W), "w": (F, C, HH, WW), "b": (F,), "dout": (N, F, Hh, Hw)}


def numbered() -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    start = 0
    for name, shape in SHAPES.items():
        size = int(np.prod(shape))
        found[name] = np.arange(start, start + size).reshape(shape)
        start += size
    return found


NUMBERS = numbered()


def expected() -> dict[str, np.ndarray]:
    """The polynomials of the layer, monomial by monomial."""
    x, w, b, dout = (NUMBERS[name] for name in SHAPES)
    found: dict[str, np.ndarray] = {}
    for name, shape in (("y", dout.shape), ("dx", x.shape), ("dw", w.shape), ("db", b.shape)):
        found[name] = np.empty(shape, dtype=object)
        for position in np.ndindex(*shape):
            found[name][position] = {}
    for n, f, k, l in np.ndindex(*dout.shape):
        found["y"][n, f, k, l][(int(b[f]),)] = 1
        found["db"][f][(int(dout[n, f, k, l]),)] = 1
        for c, p, q in np.ndindex(C, HH, WW):
            i, j = p + k * S - P, q + l * S - P
            if 0 <= i < H and 0 <= j < W:
                entry, weight = int(x[n, c, i, j]), int(w[f, c, p, q])
                upstream = int(dout[n, f, k, l])
                found["y"][n, f, k, l][tuple(sorted((entry, weight)))] = 1
                found["dx"][n, c, i, j][tuple(sorted((upstream, weight)))] = 1
                found["dw"][f, c, p, q][tuple(sorted((upstream, entry)))] = 1
    return found


EXPECTED = expected()
Arrays = dict[str, Any]


def padded(x: Any) -> Any:
    return np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)), mode="constant")


def scalar_loops(a: Arrays) -> Arrays:
    y, x_pad = np.zeros((N, F, Hh, Hw)), np.zeros((N, C, H + 2 * P, W + 2 * P))
    x_pad[:, :, P:-P, P:-P] = a["x"]
    dx_pad, dw, db = np.zeros_like(x_pad), np.zeros_like(a["w"]), np.zeros(F)
    for n, f, k, l in itertools.product(range(N), range(F), range(Hh), range(Hw)):
        total = 0.0
        up = a["dout"][n, f, k, l]
        for c, p, q in itertools.product(range(C), range(HH), range(WW)):
            total += x_pad[n, c, k * S + p, l * S + q] * a["w"][f, c, p, q]
            dx_pad[n, c, k * S + p, l * S + q] += up * a["w"][f, c, p, q]
            dw[f, c, p, q] += up * x_pad[n, c, k * S + p, l * S + q]
        y[n, f, k, l] = total + a["b"][f]
        db[f] += up
    return {"y": y, "dx": dx_pad[:, :, P:-P, P:-P], "dw": dw, "db": db}


def slices(a: Arrays) -> Arrays:
    x_pad = padded(a["x"])
    y, dx_pad = np.empty((N, F, Hh, Hw), dtype=np.float64), np.zeros(x_pad.shape)
    dw = np.zeros(a["w"].shape, a["w"].dtype)
    for n, f, k, l in np.ndindex(N, F, Hh, Hw):
        window = (n, slice(None), slice(k * S, k * S + HH), slice(l * S, l * S + WW))
        y[n, f, k, l] = np.sum(x_pad[window] * a["w"][f]) + a["b"][f]
        dx_pad[window] += a["w"][f] * a["dout"][n, f, k, l]
        dw[f] += x_pad[window] * a["dout"][n, f, k, l]
    dx = np.empty_like(a["x"])
    dx[:] = dx_pad[:, :, P : P + H, P : P + W]
    return {"y": y, "dx": dx, "dw": dw, "db": a["dout"].sum(axis=(0, 2, 3))}


def over_offsets(a: Arrays) -> Arrays:
    x_pad = padded(a["x"])
    y = np.zeros((N, F, Hh, Hw)) + a["b"][None, :, None, None]
    dx_pad, dw = np.zeros_like(x_pad, dtype=float), np.zeros_like(a["w"])
    for p, q in np.ndindex(HH, WW):
        rows, columns = slice(p, p + Hh * S, S), slice(q, q + Hw * S, S)
        met = x_pad[:, :, rows, columns]
        y += np.einsum("nchw,fc->nfhw", met, a["w"][:, :, p, q])
        dw[:, :, p, q] = np.einsum("nfhw,nchw->fc", a["dout"], met)
        dx_pad[:, :, rows, columns] += np.einsum("nfhw,fc->nchw", a["dout"], a["w"][:, :, p, q])
    db = np.einsum("nfhw->f", a["dout"])
    return {"y": y, "dx": dx_pad[..., P : P + H, P : P + W], "dw": dw, "db": db}


def columns_of(x_pad: Any) -> Any:
    rows = np.repeat(np.arange(HH), WW)[:, None] + S * np.repeat(np.arange(Hh), Hw)[None]
    places = np.tile(np.arange(WW), HH)[:, None] + S * np.tile(np.arange(Hw), Hh)[None]
    return rows, places, x_pad[:, :, rows, places]


def im2col(a: Arrays) -> Arrays:
    rows, places, columns = columns_of(padded(a["x"]))
    columns = columns.reshape(N, C * HH * WW, Hh * Hw)
    flat, up = a["w"].reshape(F, -1), a["dout"].reshape(N, F, -1)
    y = (flat @ columns + a["b"].reshape(-1, 1)).reshape(N, F, Hh, Hw)
    dw = np.matmul(up, columns.transpose(0, 2, 1)).sum(axis=0).reshape(a["w"].shape)
    d_columns = np.matmul(flat.T, up).reshape(N, C, HH * WW, Hh * Hw)
    dx_pad = np.zeros((N, C, H + 2 * P, W + 2 * P), dtype=a["x"].dtype)
    np.add.at(dx_pad, (slice(None), slice(None), rows, places), d_columns)
    return {"y": y, "dx": dx_pad[:, :, P:-P, P:-P], "dw": dw, "db": np.sum(up, axis=(0, 2))}


def one_matrix_product(a: Arrays) -> Arrays:
    _, _, columns = columns_of(padded(a["x"]))
    columns = columns.transpose(1, 2, 3, 0).reshape(C * HH * WW, -1)
    y = a["w"].reshape(F, -1).dot(columns) + a["b"][:, np.newaxis]
    up = a["dout"].transpose(1, 2, 3, 0).reshape(F, -1)
    dw = np.dot(up, columns.T).reshape(a["w"].shape)
    return {"y": y.reshape(F, Hh, Hw, N).transpose(3, 0, 1, 2), "dw": dw, "db": up.sum(1)}


def strides(a: Arrays) -> Arrays:
    x_pad = np.ascontiguousarray(padded(a["x"]))
    sn, sc, sh, sw = x_pad.strides
    view = as_strided(x_pad, (N, C, Hh, Hw, HH, WW), (sn, sc, sh * S, sw * S, sh, sw))
    y = np.tensordot(view, a["w"], axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2)
    dw = np.tensordot(a["dout"], view, axes=([0, 2, 3], [0, 2, 3]))
    return {"y": y + a["b"].reshape(1, -1, 1, 1), "dw": dw}


def windows(a: Arrays) -> Arrays:
    view = sliding_window_view(padded(a["x"]), (HH, WW), axis=(2, 3))[:, :, ::S, ::S]
    y = np.einsum("nchwpq,fcpq->nfhw", view, a["w"], optimize=True)
    return {"y": y + a["b"][:, None, None], "dw": np.einsum("nfhw,nchwpq->fcpq", a["dout"], view)}


def transposed(a: Arrays) -> Arrays:
    """The input gradient as a full correlation of the spread gradient with turned filters."""
    spread = np.zeros((N, F, H + 2 * P + HH - 1, W + 2 * P + WW - 1))
    spread[:, :, HH - 1 : HH - 1 + Hh * S : S, WW - 1 : WW - 1 + Hw * S : S] = a["dout"]
    turned = np.rot90(a["w"], 2, axes=(2, 3)).swapaxes(0, 1)
    dx_pad = np.ones((N, C, H + 2 * P, W + 2 * P)) * 0
    for i, j in np.ndindex(H + 2 * P, W + 2 * P):
        window = spread[:, None, :, i : i + HH, j : j + WW]
        dx_pad[:, :, i, j] = (window * turned).sum(axis=(2, 3, 4))
    return {"dx": dx_pad[:, :, P:-P, P:-P]}


def flipped(a: Arrays) -> Arrays:
    turned = np.flip(a["w"], (2, 3))
    x_pad = padded(a["x"])
    y = np.full((N, F, Hh, Hw), 0.0)
    for n, f, k, l in np.ndindex(N, F, Hh, Hw):
        window = x_pad[n, :, k * S : k * S + HH, l * S : l * S + WW][:, ::-1, ::-1]
        y[n, f, k, l] = np.vdot(window, turned[f]) + a["b"][f]
    return {"y": y}


def rolled(a: Arrays) -> Arrays:
    x_pad = padded(a["x"])
    y = np.zeros((N, F, H + 2 * P, W + 2 * P))
    for p, q in np.ndindex(HH, WW):
        moved = np.roll(x_pad, (-p, -q), axis=(2, 3))
        y = y + np.tensordot(a["w"][:, :, p, q], moved, (1, 1)).transpose(1, 0, 2, 3)
    y = y[:, :, : Hh * S : S, : Hw * S : S] + np.expand_dims(a["b"], (1, 2))
    return {"y": y, "db": np.add.reduce(a["dout"], axis=(0, 2, 3))}


def accumulated(a: Arrays) -> Arrays:
    """Sums as the last of all partial sums."""
    _, _, columns = columns_of(padded(a["x"]))
    products = columns.reshape(N, 1, -1, Hh * Hw) * a["w"].reshape(1, F, -1, 1)
    y = np.cumsum(products, axis=2)[:, :, -1].reshape(N, F, Hh, Hw)
    db = np.add.accumulate(a["dout"].transpose(1, 0, 2, 3).reshape(F, -1), axis=1)[:, -1]
    return {"y": np.add(y, a["b"][:, None, None]), "db": db}


def by_image_and_matrix(a: Arrays) -> Arrays:
    """Each filter as a matrix that is applied to a flat image, and its transpose."""
    matrix = np.zeros((F, Hh, Hw, C, H + 2 * P, W + 2 * P))
    for k, l in np.ndindex(Hh, Hw):
        matrix[:, k, l, :, k * S : k * S + HH, l * S : l * S + WW] = a["w"]
    matrix = matrix[..., P : P + H, P : P + W].reshape(F * Hh * Hw, C * H * W)
    images = a["x"].reshape(N, -1)
    y = np.stack([matrix.dot(image) for image in images]).reshape(N, F, Hh, Hw)
    dx = np.concatenate([up[None] @ matrix for up in a["dout"].reshape(N, -1)])
    return {"y": y + a["b"][:, None, None], "dx": dx.reshape(a["x"].shape)}


def inner_products(a: Arrays) -> Arrays:
    x_pad = padded(a["x"])
    rows = [
        np.inner(
            x_pad[:, :, k * S : k * S + HH, l * S : l * S + WW].reshape(N, -1),
            a["w"].reshape(F, -1),
        )
        + a["b"]
        for k in range(Hh)
        for l in range(Hw)
    ]
    return {"y": np.array(rows).transpose(1, 2, 0).reshape(N, F, Hh, Hw)}


STYLES: tuple[Callable[[Arrays], Arrays], ...] = (
    scalar_loops, slices, over_offsets, im2col, one_matrix_product, strides, windows, transposed,
    flipped, rolled, accumulated, by_image_and_matrix, inner_products,
)  # fmt: skip


def traced(style: Callable[[Arrays], Arrays]) -> Arrays:
    arrays = {name: symbols(array) for name, array in NUMBERS.items()}
    with object_numpy():
        found = style(arrays)
    return {name: polynomials(name, array) for name, array in found.items()}


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)
def test_code_of_every_style_gives_its_polynomials(style: Callable[[Arrays], Arrays]) -> None:
    for name, array in traced(style).items():
        assert array.shape == EXPECTED[name].shape
        assert array.tolist() == EXPECTED[name].tolist()


def test_a_wrong_style_gives_other_polynomials() -> None:
    def overwritten(a: Arrays) -> Arrays:
        db = np.zeros(F)
        for n in range(N):
            db[:] = a["dout"][n].sum(axis=(1, 2))
        return {"db": db}

    assert traced(overwritten)["db"].tolist() != EXPECTED["db"].tolist()


@pytest.mark.parametrize(
    ("what", "use"),
    [
        ("comparing", lambda a: np.maximum(a["x"], 0)),
        ("comparing", lambda a: a["x"] == 0),
        ("zero", lambda a: np.where(a["b"], 1, 0)),
        ("number", lambda a: a["x"].astype(np.float64)),
        ("number", lambda a: np.asarray(a["x"], dtype=float)),
        ("number", lambda a: np.zeros(3, dtype=int) + a["b"].astype(int)),
        ("absolute", lambda a: np.abs(a["x"])),
        ("dividing by an entry", lambda a: 1 / a["x"]),
        ("dividing by an entry", lambda a: a["x"] / a["x"]),
        ("dividing by zero", lambda a: a["x"] / 0),
        ("power", lambda a: a["x"] ** 0.5),
        ("power", lambda a: a["x"] ** -1),
        ("power", lambda a: 2 ** a["x"]),
        ("nan", lambda a: a["x"] * float("nan")),
        ("inf", lambda a: a["x"] + np.float32("inf")),
        ("remainder", lambda a: a["x"] % 2),
        ("rounding", lambda a: a["x"] // 2),
        ("hashing", lambda a: {a["b"][0]: 1}),
        ("pickling", lambda a: pickle.dumps(a["b"][0])),
    ],
)
def test_what_needs_a_value_is_refused(what: str, use: Callable[[Arrays], Any]) -> None:
    arrays = {name: symbols(array) for name, array in NUMBERS.items()}
    with object_numpy(), pytest.raises(NotSupported, match=what):
        _ = use(arrays)


def test_an_integer_array_takes_no_symbols() -> None:
    with object_numpy():
        counts = np.zeros(2, dtype=np.int64)
        assert counts.dtype == np.int64
        with pytest.raises(NotSupported, match="number"):
            counts[0] = symbols(np.array([4]))[0]


def test_symbols_that_were_lost_are_not_accepted() -> None:
    with pytest.raises(NotSupported, match="y came back as float64"):
        _ = polynomials("y", np.zeros(3))


@pytest.mark.parametrize("entry", ["3", None, 1j, [1]])
def test_an_entry_that_is_no_number_is_not_accepted(entry: object) -> None:
    array = np.empty(1, dtype=object)
    array[0] = entry
    with pytest.raises(NotSupported, match="among the results"):
        _ = polynomials("y", array)


def entries(*numbers: int) -> list[Any]:
    return list(symbols(np.array(numbers)))


def test_numbers_stay_exact() -> None:
    a, b = entries(1, 2)
    third = (a + 2 * b) / 3
    assert polynomial(third * 3) == {(1,): 1, (2,): 2}
    assert polynomial(third) == {(1,): Fraction(1, 3), (2,): Fraction(2, 3)}
    assert polynomial(0.5 * a + np.float32(0.25)) == {(1,): Fraction(1, 2), (): Fraction(1, 4)}
    assert polynomial(np.float64(3) * a - np.int64(10) ** 3) == {(1,): 3, (): -1000}
    assert polynomial(2**100 * a * 2**100) == {(1,): 2**200}
    assert polynomial(True * a) == {(1,): 1}
    assert polynomial(np.True_ * a) == {(1,): 1}


def test_what_cancels_is_gone() -> None:
    a, b = entries(1, 2)
    assert polynomial(a - a) == {}
    assert polynomial((a + b) * (a - b)) == {(1, 1): 1, (2, 2): -1}
    assert polynomial((a + 1) ** 2 - a**2 - 2 * a) == {(): 1}
    assert polynomial(0 * a) == {}
    assert polynomial(3 - (+a)) == {(): 3, (1,): -1}
    assert polynomial(-(a + b)) == {(1,): -1, (2,): -1}
    assert polynomial(a**0) == {(): 1}


def test_a_sum_of_very_many_terms_is_read() -> None:
    (a,) = entries(1)
    total: Any = 0
    for _ in range(300_000):
        total = total + a
    assert polynomial(total) == {(1,): 300_000}


def test_a_sum_that_doubles_is_read() -> None:
    a, b = entries(1, 2)
    total: Any = a + b
    for _ in range(60):
        total = total + total
    assert polynomial(total) == {(1,): 2**60, (2,): 2**60}
    assert polynomial(total * a - total * a) == {}


def test_a_copy_is_the_same_symbol() -> None:
    (a,) = entries(1)
    assert copy.copy(a) is a
    assert copy.deepcopy([a])[0] is a


@st.composite
def expressions(draw: st.DrawFn, depth: int = 4) -> Callable[[list[Any]], Any]:
    kind = draw(st.sampled_from(["symbol", "number", "add", "sub", "mul", "neg", "div", "pow"]))
    if depth == 0 or kind in ("symbol", "number"):
        if kind == "number":
            number = draw(st.one_of(st.integers(-9, 9), st.sampled_from([0.5, -2.0, np.int64(3)])))
            return lambda _values: number
        index = draw(st.integers(0, 2))
        return lambda values: values[index]
    left = draw(expressions(depth=depth - 1))
    right = draw(expressions(depth=depth - 1))
    operations: dict[str, Callable[[list[Any]], Any]] = {
        "add": lambda v: left(v) + right(v),
        "sub": lambda v: left(v) - right(v),
        "mul": lambda v: left(v) * right(v),
        "neg": lambda v: -left(v),
        "div": lambda v: left(v) / 4,
        "pow": lambda v: left(v) ** 2,
    }
    return operations[kind]


@given(expressions(), st.lists(st.integers(-5, 5), min_size=3, max_size=3))
def test_a_polynomial_has_the_value_of_the_code(
    expression: Callable[[list[Any]], Any], values: list[int]
) -> None:
    found: Polynomial = polynomial(expression(entries(0, 1, 2)))
    total = Fraction(0)
    for key, coefficient in found.items():
        product = Fraction(coefficient)
        for number in key:
            product *= values[number]
        total += product
    assert total == expression([Fraction(value) for value in values])
    assert all(found.values())
    assert all(list(key) == sorted(key) for key in found)


def test_only_symbols_are_symbolic() -> None:
    assert isinstance(entries(3)[0], Symbolic)
    assert not isinstance(3, Symbolic)
