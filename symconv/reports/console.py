"""What the command line writes to: standard output and error, and a bar for what takes long."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EBADF
from typing import TYPE_CHECKING, TextIO

from symconv.errors import UsageError

if TYPE_CHECKING:
    from symconv.verification import Progress

SECONDS_BEFORE_PROGRESS = 1.0

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def print_text(text: str) -> None:
    """Print a text; a reader that stops early, such as `head`, does not change the exit code.

    What standard output has no characters for is escaped.

    Raises:
        UsageError: when standard output cannot be written to.
    """
    try:
        _ = sys.stdout.write(_escaped(text, sys.stdout))
        _ = sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        discard_output()
        reason = "it is closed" if error.errno == EBADF else error.strerror or str(error)
        fact = f"cannot write to standard output: {reason}"
        raise UsageError(fact, code="unwritable") from error


def print_json(text: str) -> None:
    """Print a JSON text; what standard output has no characters for is escaped as JSON does.

    Raises:
        UsageError: when standard output cannot be written to.
    """
    if _escaped(text, sys.stdout) != text:
        from json import dumps

        text = _NOT_ASCII.sub(lambda found: dumps(found.group())[1:-1], text)
    print_text(text)


def tell(text: str) -> None:
    """Write lines to standard error; where that is not possible, they are lost."""
    try:
        _ = sys.stderr.write(_escaped(f"{text}\n", sys.stderr))
        _ = sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)


def discard_output() -> None:
    """Let what is still to be printed go nowhere, so that nothing complains at the end."""
    _discard(sys.stdout)


def _discard(stream: TextIO) -> None:
    try:
        number = stream.fileno()
    except OSError:
        return  # it is kept in memory, where a test looks at it
    nowhere = os.open(os.devnull, os.O_WRONLY)
    _ = os.dup2(nowhere, number)
    os.close(nowhere)


def _escaped(text: str, stream: TextIO) -> str:
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """Show a bar on a terminal once the work has taken a second; none when piped."""
    if not sys.stderr.isatty():
        yield None
        return
    from time import monotonic

    from rich.console import Console
    from rich.progress import Progress as Bar

    start = monotonic()
    with Bar(console=Console(stderr=True), transient=True, disable=False) as bar:
        task = bar.add_task("", total=None, visible=False)

        def show(done: int, total: int, what: str) -> None:
            visible = monotonic() - start > SECONDS_BEFORE_PROGRESS
            bar.update(task, completed=done, total=total, description=what, visible=visible)

        yield show
