"""Standard input, output and error where the process that starts us has closed them."""

from __future__ import annotations

import os
import sys


def occupy_standard_streams() -> None:
    """Give every standard stream that is closed a file that refuses to be used.

    Otherwise the next file that is opened takes its number, and what is printed ends up in it.
    What is lost on standard error changes nothing; the others are told when they are needed.
    """
    for number in (0, 1, 2):
        try:
            _ = os.fstat(number)
        except OSError:
            # The lowest free number is given out: this one.
            _ = os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_WRONLY)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
