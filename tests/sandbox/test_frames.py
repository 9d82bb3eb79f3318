"""Frames in a pipe that others write to as well."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from symconv.sandbox.frames import MOST_NOISE, TOKEN_BYTES, Reader, Writer
from symconv.sandbox.plain import Garbled

TOKEN = bytes(range(TOKEN_BYTES))
BODIES = [b"first", b"", b"x" * 40_000]


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    numbers = os.pipe()
    yield numbers
    for number in numbers:
        try:
            os.close(number)
        except OSError:
            continue


def read(pipe: tuple[int, int], limit: int = 2**20) -> list[bytes]:
    os.close(pipe[1])
    return list(Reader(pipe[0], TOKEN, limit).bodies())


def frame(body: bytes, tmp_path: Any) -> bytes:
    place = tmp_path / "frame"
    with place.open("wb") as file:
        Writer(file.fileno(), TOKEN).send(body)
    return place.read_bytes()


def test_frames_come_back_in_order(pipe: tuple[int, int]) -> None:
    writer = Writer(pipe[1], TOKEN)
    for body in BODIES:
        writer.send(body)
    assert read(pipe) == BODIES


NOISE = [b"hello\n", TOKEN[:5], b"\x00" * 5_000, bytes(reversed(TOKEN)), TOKEN[:-1]]


@pytest.mark.parametrize("noise", NOISE)
def test_what_others_write_between_frames_is_skipped(pipe: tuple[int, int], noise: bytes) -> None:
    writer = Writer(pipe[1], TOKEN)
    for body in BODIES[:2]:
        _ = os.write(pipe[1], noise)
        writer.send(body)
    assert read(pipe) == BODIES[:2]


def test_noise_in_front_of_a_frame_that_comes_in_pieces_is_skipped(tmp_path: Any) -> None:
    whole = b"noise" + frame(b"body", tmp_path)
    for cut in range(len(whole)):
        reading, writing = os.pipe()
        reader = Reader(reading, TOKEN, 100)
        bodies = reader.bodies()
        reader._buffer += whole[:cut]
        assert reader._next() in (None, b"body")
        _ = os.write(writing, whole[cut:])
        os.close(writing)
        assert list(bodies) == [b"body"]
        os.close(reading)


HEAD = TOKEN_BYTES
GARBLED = {
    "an end in the middle of a body": lambda whole: whole[:-1],
    "an end in the middle of a head": lambda whole: whole[: HEAD + 3],
    "a byte changed on the way": lambda whole: whole[:-1] + b"?",
    "bytes written into a body": lambda whole: whole[:-4] + b"noise" + whole[-4:],
    "a length out of all bounds": lambda whole: whole[:HEAD] + b"\xff" * 8 + whole[HEAD + 8 :],
}


@pytest.mark.parametrize("what", GARBLED)
def test_a_frame_that_was_cut_or_written_into_is_garbled(
    pipe: tuple[int, int], tmp_path: Any, what: str
) -> None:
    _ = os.write(pipe[1], GARBLED[what](frame(b"some body", tmp_path)))
    with pytest.raises(Garbled):
        _ = read(pipe)


def test_a_body_over_the_limit_is_garbled(pipe: tuple[int, int]) -> None:
    Writer(pipe[1], TOKEN).send(b"x" * 101)
    with pytest.raises(Garbled, match="101 bytes, more than the 100"):
        _ = read(pipe, limit=100)


def test_a_flood_of_noise_is_garbled() -> None:
    reading, writing = os.pipe()
    reader = Reader(reading, TOKEN, 100)
    reader._buffer += b"x" * (MOST_NOISE + 100)
    with pytest.raises(Garbled, match="wrote into the pipe"):
        _ = next(reader.bodies())
    os.close(reading)
    os.close(writing)


def test_nothing_is_sent_to_a_descriptor_that_is_another_file_by_now(
    pipe: tuple[int, int], tmp_path: Any
) -> None:
    writer = Writer(pipe[1], TOKEN)
    witness = tmp_path / "witness"
    with witness.open("wb") as file:
        _ = os.dup2(file.fileno(), pipe[1])
        with pytest.raises(OSError, match="another file"):
            writer.send(b"body")
    assert witness.read_bytes() == b""
