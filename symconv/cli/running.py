"""A command that is run, and what becomes of its errors: a sentence and an exit code."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Sequence
from io import StringIO

import click

from symconv.cli.signals import CODES
from symconv.errors import InternalError, SymconvError, UsageError
from symconv.reports.console import discard_output, tell


def exit_code(arguments: Sequence[str] | None) -> int:
    """Run the command line and return its exit code."""
    from symconv.cli.commands import cli

    try:
        code = cli.main(
            args=None if arguments is None else list(arguments),
            prog_name="symconv",
            standalone_mode=False,
        )
    except click.ClickException as error:
        shown = StringIO()
        error.show(shown)
        tell(shown.getvalue().rstrip("\n"))
        return UsageError.exit_code
    except (click.Abort, KeyboardInterrupt):
        tell("interrupted")
        return CODES[signal.SIGINT]
    except SymconvError as error:
        tell(f"symconv: {error}")
        return error.exit_code
    except SystemExit:
        # This is how click leaves when the reader of a help text stops early.
        discard_output()
        return 0
    except (OSError, MemoryError) as error:
        discard_output()
        tell(f"symconv: {_refused(error)}")
        return UsageError.exit_code
    except Exception as error:
        tell(traceback.format_exc().rstrip("\n"))
        tell(
            f"symconv: internal error: {error}\n"
            "    help: this is a defect of symconv; please report it with the lines above"
        )
        return InternalError.exit_code
    return code if isinstance(code, int) else 0


def _refused(error: OSError | MemoryError) -> UsageError:
    """Say what the system refused."""
    if isinstance(error, MemoryError):
        return UsageError("there is not enough memory for this", code="out-of-memory")
    place = "" if error.filename is None else f"{error.filename}: "
    return UsageError(f"the system refused: {place}{error.strerror or error}", code="system")
