"""Where an exception came from, and whether the code rejects the sizes on purpose.

On purpose is an `assert`, or a `raise` under an `if`, in the user's own code, whose condition
depends on the sizes and parameters alone: the shapes of the arguments, the stride, the padding,
and arithmetic on them. By accident is everything else: an operation that failed, or a check of
what was computed, `assert out.shape == expected` or `assert not np.isnan(out).any()`. What a
condition depends on is read off the source of the function (`dependence`). Where there is no
source to read, or a construct is unknown, the exception counts as an accident.
"""

from __future__ import annotations

import ast
import dis
import linecache
import os
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

from symconv.code.influences import Flow, Level, bound_arguments

_PACKAGE = Path(__file__).resolve().parent.parent
_LIBRARY = tuple({Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")})
_INSTALLED = ("site-packages", "dist-packages")
_FRAMEWORKS = ("numpy", "scipy", "torch", "jax", "jaxlib", "numba")
_START = Path.cwd()
_RAISE = dis.opmap["RAISE_VARARGS"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an exception came from.

    Attributes:
        location: ``file:line`` in the user's own code, or None.
        raised_here: whether an `assert` or `raise` in the user's own code raised it.
        on_purpose: whether that statement rejects sizes or parameters.
        condition: what the `assert` requires, as source text.
    """

    location: str | None = None
    raised_here: bool = False
    on_purpose: bool = False
    condition: str = ""


def origin(error: BaseException, inputs: Sequence[Any] = ()) -> Origin:
    """Find out where an exception came from and whether it is a rejection on purpose.

    Args:
        error: an exception with its traceback.
        inputs: the arrays that the code was given, as it was given them; an array of a cache
            counts as an input when it is one of them.
    """
    frames = _frames(error.__traceback__)
    own = [number for number, (frame, _, _) in enumerate(frames) if _is_own(frame.f_code)]
    if not own:
        own = [
            number
            for number, (frame, _, _) in enumerate(frames)
            if _is_own(frame.f_code, installed=True)
        ]
    if not own:
        return Origin()
    last = own[-1]
    frame, instruction, line = frames[last]
    location = f"{_shown(frame.f_code.co_filename)}:{line}"
    raised_here = last == len(frames) - 1 and frame.f_code.co_code[instruction] == _RAISE
    if not raised_here:
        return Origin(location)
    function = _function(frame)
    statement = None if function is None else _statement(function, line)
    if function is None or statement is None:
        return Origin(location, raised_here)
    condition = ast.unparse(statement.test) if isinstance(statement, ast.Assert) else ""
    levels = _parameter_levels(frames[: last + 1], inputs)
    flow = Flow(function, frame, inputs, levels)
    return Origin(location, raised_here, flow.restricts(statement), condition)


def _frames(trace: TracebackType | None) -> list[tuple[FrameType, int, int]]:
    """Return every frame with the instruction and line it was at, outermost first."""
    found: list[tuple[FrameType, int, int]] = []
    while trace is not None:
        found.append((trace.tb_frame, trace.tb_lasti, trace.tb_lineno))
        trace = trace.tb_next
    return found


def _parameter_levels(
    frames: list[tuple[FrameType, int, int]], inputs: Sequence[Any]
) -> dict[str, Level]:
    """Return what the parameters of the last frame depend on, from the calls that led there.

    A helper that raises, `require(np.allclose(a, b), "...")`, restricts what its caller passes.
    """
    levels: dict[str, Level] = {}
    for (caller, _, line), (callee, _, _) in pairwise(frames):
        calling = _function(caller) if _is_own(caller.f_code, installed=True) else None
        called = _function(callee) if calling is not None else None
        if calling is None or called is None:
            levels = {}
            continue
        flow = Flow(calling, caller, inputs, levels)
        levels = bound_arguments(flow, calling, called, line)
    return levels


def _is_own(code: CodeType, installed: bool = False) -> bool:
    """Tell whether code is the user's, and not a library's or ours."""
    name = code.co_filename
    if name.startswith("<frozen"):
        return False
    return _is_own_file(name, installed)


@lru_cache(maxsize=1024)
def _is_own_file(name: str, installed: bool) -> bool:
    path = (_START / name).resolve()
    if path.is_relative_to(_PACKAGE):
        return False
    parts = path.parts
    for folder in _INSTALLED:
        if folder in parts:
            inside = parts[parts.index(folder) + 1 :]
            return installed and (not inside or inside[0] not in _FRAMEWORKS)
    return not any(path.is_relative_to(folder) for folder in _LIBRARY)


def _shown(name: str) -> str:
    """Write a file's name as a person in the starting folder would."""
    if name.startswith("<"):
        return name
    path = Path(os.path.normpath(_START / name))
    return str(path.relative_to(_START)) if path.is_relative_to(_START) else str(path)


def _function(frame: FrameType) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """Find the definition of the function that a frame runs, in its source."""
    code = frame.f_code
    linecache.checkcache(code.co_filename)
    source = "".join(linecache.getlines(code.co_filename, frame.f_globals))
    for node in _definitions(source):
        first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
        if node.name == code.co_name and first == code.co_firstlineno:
            return node
    return None


@lru_cache(maxsize=64)
def _definitions(source: str) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _statement(
    function: ast.FunctionDef | ast.AsyncFunctionDef, line: int
) -> ast.Assert | ast.Raise | None:
    """Find the `assert` or `raise` at a line, the innermost where one is inside another."""
    found = None
    for node in ast.walk(function):
        if isinstance(node, ast.Assert | ast.Raise):
            last = node.end_lineno or node.lineno
            if node.lineno <= line <= last:
                found = node
    return found
