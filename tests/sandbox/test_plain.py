"""Values as plain bytes: what goes through, and what is refused."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from symconv.algebra.indices import Condition, Size, equal
from symconv.implementations.model import Description, Pass, Request, RunTrouble
from symconv.sandbox.plain import MOST_LONG_TEXT, Garbled, ValueTooLarge, packed, unpacked

SIZES = {"N": 2, "C": 3}


def again(kind: Any, value: Any) -> Any:
    return unpacked(kind, packed(value))


VALUES = [
    (int, 2**200),
    (float, -0.0),
    (float, float("inf")),
    (str, "Å \udcff"),
    (bytes, b"\x00\xff"),
    (tuple[str | None, ...], ("a", None)),
    (tuple[int, str], (1, "a")),
    (frozenset[str], frozenset({"a", "b"})),
    (Mapping[str, int], SIZES),
    (Path | None, Path("a/b")),
    (Literal["one", "two"], "two"),
    (RunTrouble | None, None),
    (RunTrouble, RunTrouble("raised", "ValueError", "a.py:3")),
    (Condition, equal(Size("H"), Size("W"))),
    (Description, Description("n", "c", restrictions=((equal(Size("N"), 1), "one"),))),
]


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=range(len(VALUES)))
def test_a_value_comes_back_as_it_was(kind: Any, value: Any) -> None:
    found = again(kind, value)
    assert found == value
    assert type(found) is type(value)
    # A set has no order, so neither has what is written of it.
    assert isinstance(value, frozenset) or repr(found) == repr(value)


DTYPES = ["bool", "int8", "uint64", "float16", "float32", ">f8", "longdouble", "complex64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_array_comes_back_bit_by_bit(dtype: str) -> None:
    array = np.arange(12).reshape(3, 4).astype(dtype)[:, ::2]
    found = again(np.ndarray, array)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()
    assert found.flags.writeable


ENTRIES: list[list[Any]] = [
    [0, -1, 255],
    [2**63, -(2**64), 0],
    [1, 1.5, True, 2 + 3j, Fraction(1, 3)],
    [{}, {(): 4}, {(1, 2): -3, (5,): 2**90}],
    [{(1,): Fraction(1, 4)}],
    [],
]


@pytest.mark.parametrize("entries", ENTRIES, ids=str)
def test_an_array_of_objects_comes_back_with_plain_entries(entries: list[Any]) -> None:
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    found = again(np.ndarray, array.reshape(1, -1))
    assert found.shape == (1, len(entries))
    assert found.ravel().tolist() == entries
    assert [type(entry) for entry in found.flat] == [type(entry) for entry in entries]


def test_an_array_without_axes_and_one_without_entries_come_back() -> None:
    for array in (np.array(3.5), np.zeros((2, 0, 3)), np.array(7, dtype=object)):
        found = again(np.ndarray, array)
        assert (found.shape, found.tolist()) == (array.shape, array.tolist())


def test_a_pass_comes_back_with_all_its_parts() -> None:
    given = Pass(
        results={"y": np.ones(3)},
        trouble=RunTrouble("raised", "a"),
        troubles={"dL/dx": RunTrouble("raised", "b", "code.py:3")},
        missing={"dL/dw": "None"},
        misshapen={"dL/db": "(1, 4)"},
        modified=("x",),
        unstable=("y",),
        seconds=0.5,
    )
    found = again(Pass, given)
    assert found.results["y"].tolist() == [1, 1, 1]
    assert replace(found, results={}) == replace(given, results={})


class Seven(int):
    def __repr__(self) -> str:
        return "8"


@dataclass(frozen=True, slots=True)
class Foreign:
    fact: str


@pytest.mark.parametrize(
    "value",
    [Seven(7), Foreign, object(), {1: Seven(7)}, {1, 2}],
    ids=["a subclass of int", "a class", "an object", "a mapping with a subclass", "a set"],
)
def test_what_is_not_plain_is_not_sent(value: Any) -> None:
    with pytest.raises((TypeError, AttributeError)):
        _ = packed(value)


def test_too_much_text_is_not_sent() -> None:
    with pytest.raises(ValueTooLarge):
        _ = packed(("x" * 9_999,) * 1_000)


def made(plain: Any, buffers: bytes = b"") -> bytes:
    text = json.dumps(plain).encode()
    return struct.pack("!Q", len(text)) + text + buffers


ROW = b"\x00" * 8
GARBLED: list[tuple[str, Any, bytes]] = [
    ("nothing", int, b""),
    ("a length without text", int, struct.pack("!Q", 2**62) + b"1"),
    ("no JSON", int, struct.pack("!Q", 3) + b"{1,"),
    ("text that is not ASCII", str, struct.pack("!Q", 3) + b'"\xff"'),
    ("another type", int, made("1")),
    ("a truth value for a number", int, made(True)),
    ("a number of too many digits", int, struct.pack("!Q", 9_000) + b"9" * 9_000),
    ("a text without end", str, made("x" * (MOST_LONG_TEXT + 1))),
    ("bytes behind the end", int, made(1, b"more")),
    ("another word", Literal["one"], made("two")),
    ("a class that is not possible", RunTrouble, made(["Foreign", "a"])),
    ("a class of ours that is not possible", RunTrouble, made(["Request", {}, {}, False, False])),
    ("a class of Python", RunTrouble, made(["Popen", "ls"])),
    ("a field too few", RunTrouble, made(["Trouble", "raised", "a"])),
    ("a field of another type", RunTrouble, made(["Trouble", "raised", 3, None])),
    ("a name for a class that is no text", RunTrouble, made([[], "raised", "a", None])),
    ("a mapping with a list as key", Mapping[str, int], made([[[], 1]])),
    ("a pair of three", Mapping[str, int], made([["a", 1, 2]])),
    ("nesting without end", tuple[int, ...], made(0)[:8] + b"[" * 100_000),
    ("a shape that is negative", np.ndarray, made(["native", [-1], "<f8"])),
    ("a shape that overflows", np.ndarray, made(["native", [2**40, 2**40], "<f8"])),
    ("more entries than there are bytes", np.ndarray, made(["native", [2], "<f8"], ROW)),
    ("objects as raw bytes", np.ndarray, made(["native", [1], "|O8"], ROW)),
    ("texts", np.ndarray, made(["native", [1], "<U2"], ROW)),
    ("records", np.ndarray, made(["native", [1], "f8,i4"], ROW)),
    ("a float of no size", np.ndarray, made(["native", [1], "<f99"], ROW)),
    ("too many axes", np.ndarray, made(["native", [1] * 99, "<f8"], ROW)),
    ("no form", np.ndarray, made(["pickled", [1], "<f8"], ROW)),
    ("integers of no width", np.ndarray, made(["numbers", [1], -8], ROW)),
    ("too few mixed numbers", np.ndarray, made(["numbers", [2], 0, [1.5]])),
    ("a text among numbers", np.ndarray, made(["numbers", [1], 0, ["x"]])),
    ("a divisor of 0", np.ndarray, made(["numbers", [1], 0, [["fraction", 1, 0]]])),
    ("terms that do not add up", np.ndarray, made(["polynomials", [1], 1, 0, 8], ROW * 3)),
    ("a negative count of terms", np.ndarray,
     made(["polynomials", [2], 1, 0, 8], struct.pack("<4q", -1, 2, 0, 5))),
    ("terms without end", np.ndarray, made(["polynomials", [1], 2**60, 0, 8], ROW)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "data"), [row[1:] for row in GARBLED], ids=[r[0] for r in GARBLED]
)
def test_what_does_not_fit_is_garbled(kind: Any, data: bytes) -> None:
    with pytest.raises(Garbled):
        _ = unpacked(kind, data)


def test_any_change_of_a_byte_gives_a_value_of_the_type_or_is_garbled() -> None:
    arrays = {"x": np.arange(4.0), "w": np.array([2**80, 1], dtype=object)}
    data = bytearray(packed(Request(SIZES, arrays)))
    for place in range(len(data)):
        for change in (1, 32, 255):
            changed = bytearray(data)
            changed[place] ^= change
            try:
                found = unpacked(Request, bytes(changed))
            except Garbled:
                continue
            assert type(found) is Request
