"""Views, matrices and products of arrays: what they read, copy and share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symconv import indices
from symconv.concrete.affine import Affine
from symconv.concrete.strided import Contraction, KnownNumbers, Outer, Total, View, contracted, view
from symconv.errors import NotSupported

n, f, c, k, p, a, b = indices("n f c k p a b")


class Memory:
    """Arrays by name, with copies counted."""

    def __init__(self, **arrays: np.ndarray) -> None:
        self.arrays = arrays
        self.dtype = next(iter(arrays.values())).dtype
        self.matrices: dict[Any, np.ndarray] = {}
        self.copies = 0

    def padded(self, name: str, pads: tuple[tuple[int, int], ...]) -> np.ndarray:
        array = self.arrays[name]
        return np.pad(array, pads) if pads else array

    def scratch(self, shape: tuple[int, ...]) -> np.ndarray:
        self.copies += 1
        return np.full(shape, -77, dtype=self.dtype)


def numbers(*shape: int) -> np.ndarray:
    return np.arange(1, 1 + int(np.prod(shape)), dtype=np.int64).reshape(shape)


def at(start: int = 0, **steps: int) -> Affine:
    names = {str(index): index for index in (n, f, c, k, p, a, b)}
    return Affine(start, {names[name]: step for name, step in steps.items()})


def windows(memory: Memory, lengths: Any) -> View:
    return view("x", memory.arrays["x"].shape, [at(n=1), at(c=1), at(p=1, k=2)], lengths)


def test_windows_are_a_view_and_copy_nothing() -> None:
    memory = Memory(x=numbers(2, 3, 7))
    lengths = {n: 2, c: 3, p: 3, k: 3}
    source = windows(memory, lengths)
    assert source.axes == (n, c, p, k)
    got = source.read(memory)
    assert np.shares_memory(got, memory.arrays["x"])
    expected = [[memory.arrays["x"][:, :, 2 * kk + pp] for kk in range(3)] for pp in range(3)]
    assert np.array_equal(got, np.array(expected).transpose(2, 3, 0, 1))


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (at(2, k=-1), [3, 2, 1]),
        (at(0, k=3), [1, 4, 7]),
        (at(-1, k=1), [0, 1, 2]),
        (at(5, k=1), [6, 7, 0]),
        (at(8, k=-1), [0, 0, 7]),
    ],
)
def test_positions_outside_read_zeros_that_limits_leave_out(position, expected) -> None:
    memory = Memory(x=numbers(7))
    assert view("x", (7,), [position], {k: 3}).read(memory).tolist() == expected


def test_a_diagonal_is_one_axis() -> None:
    memory = Memory(x=numbers(3, 3))
    assert view("x", (3, 3), [at(k=1), at(k=1)], {k: 3}).read(memory).tolist() == [1, 5, 9]


def test_numpy_refuses_a_view_that_leaves_its_array() -> None:
    memory = Memory(x=numbers(7))
    for wrong in (
        View("x", (), 0, (k,), (8,), (1,)),
        View("x", (), 5, (k,), (3,), (1,)),
        View("x", (), 1, (k,), (3,), (-1,)),
    ):
        with pytest.raises(ValueError, match="incompatible"):
            _ = wrong.read(memory)


CASES = {
    "a matrix product": ("ac,cb->ab", "ab"),
    "the other way round": ("ac,cb->ba", "ba"),
    "a stack": ("nac,ncb->nab", "nab"),
    "a stack of one side": ("nac,cb->nab", "nab"),
    "a stack that is summed": ("nac,ncb->ab", "ab"),
    "no sum": ("a,b->ab", "ab"),
    "entry by entry": ("ab,ab->ab", "ab"),
    "a number": ("ac,ac->", ""),
    "sums on one side": ("anc,cb->ab", "ab"),
    "three": ("ac,cb,bk->ak", "ak"),
    "three at one index": ("ac,c,cb->ab", "ab"),
    "one that is summed": ("acb->b", "b"),
    "one that is not": ("ab->ab", "ab"),
    "kept in the middle": ("nkc,kca->nka", "nka"),
}
LENGTHS = {n: 4, a: 2, b: 3, c: 5, k: 2}


@pytest.mark.parametrize("dtype", ["int64", "int16", "float64", "object"])
@pytest.mark.parametrize("name", CASES)
def test_products_are_those_of_einsum(name, dtype) -> None:
    text, kept = CASES[name]
    letters = {str(index): index for index in LENGTHS}
    parts = text.partition("->")[0].split(",")
    arrays, sources = {}, []
    for number, part in enumerate(parts):
        shape = tuple(LENGTHS[letters[letter]] for letter in part)
        arrays[f"x{number}"] = (numbers(*shape) + number).astype(dtype)
        positions = [Affine(0, {letters[letter]: 1}) for letter in part]
        sources.append(view(f"x{number}", shape, positions, LENGTHS))
    memory = Memory(**arrays)
    result = contracted(sources, tuple(letters[letter] for letter in kept), LENGTHS)
    got = result.read(memory)
    assert got.dtype == np.dtype(dtype)
    assert set(result.axes) == {letters[letter] for letter in kept}
    expected = np.einsum(text, *(array.astype(np.int64) for array in arrays.values()))
    order = [result.axes.index(letters[letter]) for letter in kept]
    assert np.array_equal(got.transpose(order), expected)


def test_forward_and_weights_share_one_copy_of_the_windows() -> None:
    memory = Memory(x=numbers(2, 3, 19), w=numbers(4, 3, 3), d=numbers(2, 4, 9))
    lengths = {n: 2, c: 3, p: 3, k: 9, f: 4}
    x = windows(memory, lengths)
    w = view("w", (4, 3, 3), [at(f=1), at(c=1), at(p=1)], lengths)
    d = view("d", (2, 4, 9), [at(n=1), at(f=1), at(k=1)], lengths)
    forward = contracted([w, x], (n, f, k), lengths)
    assert isinstance(forward, Contraction)
    assert forward.axes == (n, f, k)
    y = forward.read(memory)
    assert memory.copies == 1
    by_weights = contracted([d, x], (f, c, p), lengths)
    assert isinstance(by_weights, Contraction)
    dw = by_weights.read(memory)
    assert memory.copies == 2  # for the products of the images that are added up, not for windows
    both = x.read(memory)
    assert np.array_equal(y, np.einsum("fcp,ncpk->nfk", memory.arrays["w"], both))
    assert np.array_equal(dw, np.einsum("nfk,ncpk->fcp", memory.arrays["d"], both))


def test_other_windows_are_another_matrix() -> None:
    memory = Memory(x=numbers(20), z=numbers(20) * 3, w=numbers(3))
    lengths = {p: 3, k: 4}
    w = view("w", (3,), [at(p=1)], lengths)
    for name, position in (
        ("x", at(p=1, k=3)),
        ("x", at(1, p=1, k=3)),
        ("x", at(p=2, k=3)),
        ("x", at(p=1, k=4)),
        ("x", at(-1, p=1, k=3)),
        ("z", at(p=1, k=3)),
    ):
        windows = view(name, (20,), [position], lengths)
        got = contracted([w, windows], (k,), lengths).read(memory)
        assert np.array_equal(got, memory.arrays["w"] @ windows.read(memory))
    assert len({id(matrix) for matrix in memory.matrices.values()}) == 7


def test_a_mask_takes_the_dtype_of_the_run() -> None:
    held = np.array([True, False])
    for dtype in ("float32", "int64", "object"):
        got = KnownNumbers(held, (a,)).read(Memory(x=numbers(2).astype(dtype)))
        assert got.tolist() == [1, 0]
        assert got.dtype == np.dtype(dtype)
        assert type(got.tolist()[0]) is not bool


def test_sources_say_what_they_are() -> None:
    lengths = {a: 2, b: 3}
    x = view("x", (2, 3), [at(a=1), at(b=1)], lengths)
    assert isinstance(contracted([x], (a,), lengths), Total)
    assert isinstance(contracted([x, x], (a, b), lengths), Outer)
    assert contracted([x], (a, b), lengths) is x


def test_arrays_that_are_too_large_are_refused() -> None:
    lengths = {a: 20_000, b: 20_000}
    left, right = (view("x", (20_000,), [Affine(0, {i: 1})], lengths) for i in (a, b))
    with pytest.raises(NotSupported, match="400,000,000 elements"):
        _ = contracted([left, right], (a, b), lengths)
    with pytest.raises(NotSupported, match="elements"):
        _ = view("x", (5,), [at(10**9)], {})
