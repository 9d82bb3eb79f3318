"""The code of a Jupyter notebook as one program; lines for the notebook itself are left out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from symconv.errors import UsageError

_MAGIC = re.compile(r"^[ \t]*[%!?].*$", re.MULTILINE)
_STILL_PYTHON = frozenset(["%%time", "%%timeit", "%%capture", "%%prun"])
"""What may stand above a cell that is Python all the same."""


def notebook_code(path: Path, place: str) -> str:
    """Return the Python code of a notebook, cell after cell.

    Args:
        path: the file.
        place: how the user calls it.

    Raises:
        UsageError: when it is no notebook of Python.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(place, f"it cannot be read: {error}") from error
    cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(cells, list):
        raise _unreadable(place, "it has no list of cells")
    code = [_source(cell) for cell in cells if _is_code(cell)]
    return "\n\n".join(_plain(text) for text in code) + "\n"


def _is_code(cell: Any) -> bool:
    return isinstance(cell, dict) and cell.get("cell_type") == "code"


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))


def _plain(text: str) -> str:
    """Return a cell without what only a notebook knows; its lines stay where they are."""
    first = text.lstrip().split(maxsplit=1)[:1]
    if first and first[0].startswith("%%") and first[0] not in _STILL_PYTHON:
        return "\n" * text.count("\n")
    return _MAGIC.sub("", text)


def _unreadable(place: str, fact: str) -> UsageError:
    return UsageError(
        f"{place} is not a notebook: {fact}",
        code="no-file",
        help="give a notebook of format 4, as Jupyter saves it, or a Python file",
    )
