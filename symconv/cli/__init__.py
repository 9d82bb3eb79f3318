"""The command line: its process, and the exit codes that `symconv --help` lists.

Nothing is imported here but what Python has loaded already: `main` minds Ctrl-C before
anything that takes time.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_INTERRUPTED = 130
"""As in `signals`, which may not be there yet."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line as a process of its own, and exit with the documented codes."""
    try:
        from symconv.cli.streams import occupy_standard_streams

        occupy_standard_streams()
        from symconv.cli.signals import end_on_signals

        end_on_signals()
    except KeyboardInterrupt:
        os._exit(_INTERRUPTED)
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    from symconv.cli.running import exit_code

    return exit_code(arguments)
