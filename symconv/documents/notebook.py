"""Jupyter notebooks: Markdown and code cells, with places in the notebook's own file.

`json` says whether the file is valid; where a cell's text stands in it, and what each escape
in it stands for, is found by walking the same text once more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from symconv.documents.contents import Item, Listing, Trouble
from symconv.documents.markdown import markdown_items
from symconv.documents.source import SourceText
from symconv.errors import UsageError

_TOKEN = re.compile(r'\s*(?:(?P<sign>[\[\]{},:])|(?P<string>")|(?P<other>[^\s\[\]{},:"]+))')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\.")
_LINE_MAGIC = re.compile(r"^[ \t]*[%!?].*$", re.MULTILINE)


_DEEPEST_SOURCE = 6
"""How deep a line of a cell stands: {, cells, [, {, source, [."""


@dataclass(slots=True)
class _Cell:
    """What is known of a cell while the file is walked."""

    kind: str = ""
    sources: list[SourceText] = field(default_factory=list)


def notebook_items(source: SourceText, name: str) -> list[Item]:
    """Return everything that stands in a notebook, in the order of the file.

    Raises:
        UsageError: when the file is not a notebook.
    """
    try:
        data = json.loads(source.text)
    except (ValueError, RecursionError) as error:
        place = ""
        if isinstance(error, json.JSONDecodeError):
            place = f"{name}:{error.lineno}:{error.colno}"
        fact = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
        raise UsageError(
            f"this is not a notebook: {fact}",
            code="unreadable",
            location=place or name,
            help="give a file that Jupyter opens",
        ) from error
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        raise UsageError(
            "this is not a notebook: it has no list of cells",
            code="unreadable",
            location=name,
            help="notebooks of format 4 have one; open and save older ones in Jupyter",
        )
    language = _language(data)
    items: list[Item] = []
    for cell in _cells(source):
        text = _joined(cell.sources)
        if text is None:
            continue
        if cell.kind == "markdown":
            items.extend(markdown_items(text))
        elif cell.kind == "code":
            # Lines for the notebook itself are not part of the program.
            plain = text.replace(_LINE_MAGIC, lambda found: "#" + found.group()[1:])
            items.append(Listing(language, plain, cell=True))
        elif cell.kind != "raw":
            items.append(_unknown(cell, text))
    return items


def _unknown(cell: _Cell, text: SourceText) -> Trouble:
    fact = f"a cell of the unknown kind {cell.kind!r} is not read"
    return Trouble(text.start, "unknown-cell", fact, "make it a Markdown or a code cell")


def _language(data: dict[str, object]) -> str:
    metadata = data.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    language = kernel.get("language") if isinstance(kernel, dict) else None
    return language.lower() if isinstance(language, str) else "python"


def _joined(sources: list[SourceText]) -> SourceText | None:
    """Put the lines of a cell together."""
    if not sources:
        return None
    starts: list[int] = []
    offsets: list[int] = []
    length = 0
    for part in sources:
        starts.extend(length + start for start in part.starts)
        offsets.extend(part.offsets)
        length += len(part.text)
    # Empty parts begin where the next one does; the last one counts.
    return SourceText("".join(part.text for part in sources), tuple(starts), tuple(offsets))


def _cells(source: SourceText) -> Iterator[_Cell]:
    """Walk the JSON text, which is valid, and yield the cells with their texts."""
    path: list[str | None] = []
    text = source.text
    position = 0
    key: str | None = None
    cell = _Cell()
    while found := _TOKEN.match(text, position):
        position = found.end()
        if found.group("string"):
            whole = _STRING.match(text, found.start("string"))
            assert whole is not None, "the text is valid JSON"
            position = whole.end()
            if path and path[-1] == "{" and key is None:
                key = json.loads(whole.group())
                continue
            near = path if len(path) <= _DEEPEST_SOURCE else []
            keys = tuple(part for part in near if part not in ("{", "["))
            inside = keys[:1] == ("cells",)
            if inside and (*keys[1:], key) == ("cell_type",):
                cell.kind = json.loads(whole.group())
            elif inside and tuple(part for part in (*keys[1:], key) if part) == ("source",):
                inner = source.part(whole.start() + 1, whole.end() - 1)
                cell.sources.append(inner.replace(_ESCAPES, lambda it: _unescaped(it.group())))
            key = None if path and path[-1] == "{" else key
            continue
        sign = found.group("sign")
        if sign in ("{", "["):
            path.extend([key, sign] if key is not None else [sign])
            key = None
        elif sign in ("}", "]"):
            _ = path.pop()
            if path and path[-1] not in ("{", "["):
                _ = path.pop()
            if sign == "}" and path == ["{", "cells", "["]:
                yield cell
                cell = _Cell()
            key = None
        elif sign == "," or found.group("other"):
            key = None


def _unescaped(escape: str) -> str:
    return json.loads(f'"{escape}"')
