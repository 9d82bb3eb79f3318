"""What the command line writes to: standard output, and a bar while something takes long."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from symconv.errors import UsageError

if TYPE_CHECKING:
    from symconv.verification import Progress

SECONDS_BEFORE_PROGRESS = 1.0


def print_text(text: str) -> None:
    """Print a text; a reader that stops early, such as `head`, does not change the exit code.

    Raises:
        UsageError: when standard output cannot be written to.
    """
    try:
        _ = sys.stdout.write(text)
        _ = sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
    except OSError as error:
        _discard_output()
        fact = f"cannot write to standard output: {error.strerror or error}"
        raise UsageError(fact, code="unwritable") from error


def _discard_output() -> None:
    """Let what is still buffered go nowhere, so that nothing complains at the end."""
    _ = os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
