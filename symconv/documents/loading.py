"""Reading a file into a document: its encoding, its format, what stands in it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

from symconv.documents.contents import Document, Format, Item, Trouble
from symconv.documents.limits import within_limits
from symconv.documents.markdown import markdown_items
from symconv.documents.notebook import notebook_items
from symconv.documents.source import SourceFile
from symconv.documents.tex import tex_items
from symconv.errors import UsageError

STANDARD_INPUT = "-"
FORMAT_BY_ENDING: dict[str, Format] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdown": "markdown",
    ".mkd": "markdown",
    ".qmd": "markdown",
    ".rmd": "markdown",
    ".tex": "tex",
    ".ltx": "tex",
    ".latex": "tex",
    ".ipynb": "notebook",
}
MOST_BYTES = 64 * 2**20

_NOTEBOOK = re.compile(r'\s*\{(?=[\s\S]*"cells"\s*:)')
_TEX = re.compile(
    r"^[ \t]*\\(?:documentclass|begin\s*\{document\}|(?:sub)*section\*?\s*\{|chapter\*?\s*\{"
    r"|usepackage|maketitle)|^[ \t]*%",
    re.MULTILINE,
)
_MARKDOWN = re.compile(r"^(?:---[ \t]*$|#{1,6}[ \t]|```|~~~|\{%|<!--)|\$\$|\]\(", re.MULTILINE)


def load(path: str | Path, format: Format | None = None) -> Document:
    """Read a document from a file, or from standard input for ``-``.

    Raises:
        UsageError: for a file that cannot be read, is not text, or is not of its format.
    """
    name = str(path)
    if name == STANDARD_INPUT:
        return parse_bytes(
            "<stdin>", _bytes("<stdin>", lambda: nullcontext(sys.stdin.buffer)), format
        )
    return parse_bytes(name, _bytes(name, lambda: Path(path).open("rb")), format)


def read_lines(path: Path) -> str:
    """Read a context file.

    Raises:
        UsageError: for a file that cannot be read or is not text.
    """
    try:
        return _bytes(str(path), lambda: path.open("rb")).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _binary(str(path)) from error


def _bytes(name: str, opened: Callable[[], AbstractContextManager[IO[bytes]]]) -> bytes:
    """Read a file, a pipe or a device up to the limit; nothing says beforehand where it ends."""
    try:
        with opened() as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise UsageError(
            f"cannot read {name}: {reason or error}",
            code="unreadable",
            help="give a file that exists and that you may read",
        ) from error
    if len(data) > MOST_BYTES:
        raise UsageError(
            f"this has more than {MOST_BYTES:,} bytes",
            code="too-large",
            location=name,
            help=f"documents of up to {MOST_BYTES:,} bytes are read; split this one",
        )
    return data


def parse_bytes(name: str, data: bytes, format: Format | None = None) -> Document:
    """Read a document from the bytes of a file.

    Bytes that are not UTF-8 are a trouble with its place; the rest is read.

    Raises:
        UsageError: when the bytes are not text at all.
    """
    encoding = "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\x00" in data:
        raise _binary(name)
    text = data.decode(encoding, errors="replace")
    broken = text.count("\ufffd") if "\ufffd".encode() not in data else 0
    if broken > 16 and broken * 10 > len(text):
        raise _binary(name)
    document = parse_text(name, text, format)
    if not broken:
        return document
    first = document.file.text.index("\ufffd")
    many = f" and {broken - 1} more of them" if broken > 1 else ""
    trouble = Trouble(
        first,
        "broken-encoding",
        f"a byte is not UTF-8{many}",
        "save the file as UTF-8",
    )
    items = sorted([*document.items, trouble], key=lambda item: item.start)
    return Document(document.file, document.format, tuple(items))


def parse_text(name: str, text: str, format: Format | None = None) -> Document:
    """Read a document from its text.

    Args:
        name: the name by which messages call it; its ending tells the format.
        text: the text.
        format: the format; told by the ending, else by the text, when left out.

    Raises:
        UsageError: when a notebook is not one.
    """
    file = SourceFile(name, text.replace("\r\n", "\n").replace("\r", "\n"))
    chosen = format or detect_format(name, file.text)
    items: list[Item]
    match chosen:
        case "markdown":
            items = markdown_items(file.whole())
        case "tex":
            items = tex_items(file.whole())
        case "notebook":
            items = notebook_items(file.whole(), name)
    return Document(file, chosen, within_limits(items))


def detect_format(name: str, text: str) -> Format:
    """Tell how a document is written: by the ending of its name, else by its text."""
    ending = Path(name).suffix.lower()
    if ending in FORMAT_BY_ENDING:
        return FORMAT_BY_ENDING[ending]
    if _NOTEBOOK.match(text):
        return "notebook"
    tex, markdown = _TEX.search(text), _MARKDOWN.search(text)
    if tex and (markdown is None or tex.start() < markdown.start()):
        return "tex"
    return "markdown"


def _binary(name: str) -> UsageError:
    return UsageError(
        "this is a binary file, not a text",
        code="binary",
        location=name,
        help="give a Markdown or LaTeX file or a notebook",
    )
