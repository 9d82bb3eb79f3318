"""Files as they come: encodings, binaries, large ones, and which format they have."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from symconv.documents.contents import Format
from symconv.documents.loading import detect_format, load, parse_bytes, read_lines
from symconv.errors import UsageError
from tests.runs import quick_rows


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    document = parse_bytes("a.md", "\ufeff$x$".encode())
    assert document.file.location(document.formulas[0].start) == "a.md:1:2"


def test_utf_16_with_its_mark_is_read() -> None:
    assert parse_bytes("a.md", "é $x$".encode("utf-16")).formulas[0].source.text == "x"


def test_broken_bytes_are_located_once_and_the_rest_is_read() -> None:
    document = parse_bytes("a.md", b"one\nt\xe9xt and \xff more $x$")
    [trouble] = document.troubles
    assert trouble.code == "broken-encoding"
    assert "1 more" in trouble.fact
    assert document.file.location(trouble.start) == "a.md:2:2"
    assert [item.source.text for item in document.formulas] == ["x"]


def test_a_replacement_character_that_the_text_holds_is_no_trouble() -> None:
    assert parse_bytes("a.md", "a \ufffd $x$".encode()).troubles == ()


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\x00\x00", bytes(range(128, 256)) * 4])
def test_a_binary_file_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        _ = parse_bytes("a.md", data)
    assert (caught.value.code, caught.value.location) == ("binary", "a.md")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unreadable"):
        _ = load(tmp_path / "none.md")
    with pytest.raises(UsageError, match="unreadable"):
        _ = load(tmp_path)


def test_a_context_file_has_to_be_text(tmp_path: Path) -> None:
    path = tmp_path / "context"
    path.write_bytes(b"\xff\x00")
    with pytest.raises(UsageError, match="binary"):
        _ = read_lines(path)


def test_a_file_beyond_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("symconv.documents.loading.MOST_BYTES", 10)
    path = tmp_path / "a.md"
    path.write_text("0123456789")
    assert load(path).formulas == ()
    path.write_text("01234567890")
    with pytest.raises(UsageError, match="more than 10 bytes"):
        _ = load(path)


def test_standard_input_is_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(b"$x$")

    monkeypatch.setattr("sys.stdin", Input)
    document = load("-")
    assert document.file.name == "<stdin>"
    assert len(document.formulas) == 1


@pytest.mark.parametrize(
    ("name", "text", "format"),
    [
        ("a.md", "\\documentclass{a}", "markdown"),
        ("a.TEX", "# Heading", "tex"),
        ("a.ipynb", "# Heading", "notebook"),
        ("a.txt", "---\ntitle: a\n---\n", "markdown"),
        ("a.txt", "# Heading\n\\section{a}", "markdown"),
        ("a.txt", "% a comment\n\\section{a} $x$", "tex"),
        ("a.txt", "\\documentclass{a}\n", "tex"),
        ("a", '{"nbformat": 4, "cells": []}', "notebook"),
        ("a", "plain words", "markdown"),
        ("<stdin>", "\\begin{equation}x\\end{equation}", "markdown"),
        ("<stdin>", "", "markdown"),
    ],
)
def test_the_ending_tells_the_format_and_else_the_text(name: str, text: str, format: str) -> None:
    assert detect_format(name, text) == format


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("{", "a.ipynb:1:2"),
        ('{\n "cells": [}', "a.ipynb:2:12"),
        ("[]", "a.ipynb"),
        ('{"cells": 3}', "a.ipynb"),
        ("[" * 100_000, "a.ipynb"),
    ],
)
def test_a_notebook_that_is_none_is_refused(text: str, location: str) -> None:
    with pytest.raises(UsageError) as caught:
        _ = parse_bytes("a.ipynb", text.encode())
    assert (caught.value.code, caught.value.location) == ("unreadable", location)


def test_a_cell_of_an_unknown_kind_is_located() -> None:
    text = '{"cells": [{"cell_type": "odd", "source": "$x$"}]}'
    [trouble] = parse_bytes("a.ipynb", text.encode()).troubles
    assert trouble.code == "unknown-cell"


def test_escapes_in_a_notebook_keep_their_places() -> None:
    text = r'{"cells": [{"source": ["\u00e9\ud835\udd38 $x$"], "cell_type": "markdown"}]}'
    [formula] = parse_bytes("a.ipynb", text.encode()).formulas
    assert text[formula.start] == "x"


def test_outputs_and_metadata_of_cells_are_not_searched() -> None:
    text = (
        '{"cells": [{"cell_type": "code", "metadata": {"source": "$a$"}, "source": [],'
        ' "outputs": [{"source": ["$b$"], "text": ["$c$"]}]},'
        ' {"cell_type": "markdown", "attachments": {"source": "$d$"}, "source": "$e$"}],'
        ' "metadata": {"source": "$f$"}}'
    )
    document = parse_bytes("a.ipynb", text.encode())
    assert [item.source.text for item in document.formulas] == ["e"]


@quick_rows(2, "each opening of each format takes the same way through one scanner")
@pytest.mark.parametrize("unit", ["$x", "$$", "\\[", "`", "```\n", "<!--", "\\begin{align}", "$ "])
@pytest.mark.parametrize("format", ["markdown", "tex"])
def test_a_large_document_of_nothing_but_openings_is_read(unit: str, format: Format) -> None:
    # Quadratic time would be hours here.
    text = unit * (400_000 // len(unit))
    assert parse_bytes("a", text.encode(), format).file.text == text
