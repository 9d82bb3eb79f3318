"""What tracing refuses, by name: `NotSupported` instead of a guess."""

from __future__ import annotations

from collections.abc import Callable
from types import EllipsisType
from typing import Any, NoReturn

import numpy as np

from symconv.errors import NotSupported

_PLAIN = frozenset({int, slice, EllipsisType, type(None), np.int64})


def refuse(what: str) -> NoReturn:
    """Refuse what cannot be traced, instead of guessing.

    Raises:
        NotSupported: always.
    """
    raise NotSupported(f"loops are traced without {what}")


def require_basic_index(index: Any) -> None:
    """Refuse what NumPy would answer with a copy or a mask; anything else NumPy judges.

    Raises:
        NotSupported: for lists, arrays and truth values.
    """
    for part in index if type(index) is tuple else (index,):
        if type(part) not in _PLAIN and isinstance(
            part, bool | np.bool_ | list | tuple | np.ndarray
        ):
            refuse(f"indexing with {type(part).__name__}")


def run_traced(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call what works on traced arrays; what it raises goes through.

    Raises:
        NotSupported: when the function does what is not handled, also where NumPy has wrapped
            that into an error of its own.
    """
    try:
        return function(*arguments)
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, NotSupported):
            cause = cause.__cause__
        if cause is None:
            raise
        raise cause from None
