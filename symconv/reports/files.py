"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

from symconv.errors import UsageError


def write_whole(path: Path, text: str) -> None:
    """Write a text to a temporary file beside the target, then put it in the target's place.

    Raises:
        UsageError: when the file cannot be written; nothing is then half-written.
    """
    temporary: str | None = None
    blocked = _block_interrupts()
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            _ = file.write(text)
        _keep_mode(Path(temporary), path)
        _ = Path(temporary).replace(path)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror or error}",
            code="unwritable",
            help="give a file in a folder that exists and that you may write to",
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        _restore_interrupts(blocked)


def require_own(path: Path, mark: str) -> None:
    """Make sure that writing a file loses nothing but an earlier version of it.

    Args:
        path: the file that will be written.
        mark: words at its beginning by which an earlier version is known.

    Raises:
        UsageError: when it is there, and is not ours.
    """
    try:
        with path.open("rb") as file:
            known = mark.encode() in file.read(4096)
    except FileNotFoundError:
        return
    except OSError as error:
        fact = f"cannot read {path}: {error.strerror or error}"
        raise UsageError(fact, code="unwritable") from error
    if not known:
        raise UsageError(
            f"{path} is there already, and was not written by `{mark}`",
            code="unwritable",
            help="give another name, or remove it first",
        )


def _keep_mode(temporary: Path, path: Path) -> None:
    """Give the new file the mode of the one it replaces, or the usual one for a new file."""
    if path.exists():
        temporary.chmod(path.stat().st_mode & 0o777)
        return
    mask = os.umask(0)
    _ = os.umask(mask)
    temporary.chmod(0o666 & ~mask)


def _block_interrupts() -> set[signal.Signals | int] | None:
    """Keep Ctrl-C waiting until the file is there and the temporary one is gone."""
    if not hasattr(signal, "pthread_sigmask"):
        return None
    return signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _restore_interrupts(blocked: set[signal.Signals | int] | None) -> None:
    if blocked is not None:
        _ = signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
