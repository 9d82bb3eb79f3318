"""What objects show of themselves through modules above them.

An expression shows itself as LaTeX and a layer its closed forms, to notebooks, editors and
users who ask the object. What makes these views imports the object, never the other way
round: the object asks here, and `symconv/__init__` says where each view is made.
"""

from __future__ import annotations

# Importing `typing` for this would take longer than all the rest here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HOMES: dict[str, str] = {}
"""The module that makes each view, by the name that makes it there."""


def view(name: str) -> Any:
    """Return what makes a view; its module is imported when it is first asked for."""
    from importlib import import_module

    return getattr(import_module(HOMES[name]), name)
