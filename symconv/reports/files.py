"""Writing a file whole or not at all; and to a device or a pipe, which is never replaced."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
from pathlib import Path

from symconv.errors import UsageError

_OPEN_FILES = ("/proc/self/fd", "/dev/fd")
"""Folders whose entries are the files that this process has open: /dev/stdout leads there."""
_MOST_LINKS = 40


def write_whole(path: Path, text: str) -> None:
    """Write a text to a file whole or not at all; a symbolic link stays, its target changes.

    A plain file is written beside its place and then put there. A device, a pipe or a file
    that is open already, such as /dev/stdout, takes the text where it stands.

    Raises:
        UsageError: when it cannot be written; a plain file is then as it was.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        opened = _opened_already(path)
        if opened is not None:
            _write(os.dup(opened), data)
        elif _takes_text_in_place(path):
            _write(os.open(path, os.O_WRONLY), data)
        else:
            _replace(Path(os.path.realpath(path)), data)
    except BrokenPipeError:
        return  # a reader that stops early, such as `head`
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror or error}",
            code="unwritable",
            help="give a file in a folder that exists and that you may write to",
        ) from error


def _opened_already(path: Path) -> int | None:
    """Return the number of an open file to which a path leads, such as 1 for /dev/stdout."""
    folders = {os.path.realpath(folder) for folder in _OPEN_FILES}
    for _ in range(_MOST_LINKS):
        if path.name.isdigit() and os.path.realpath(path.parent) in folders:
            return int(path.name)
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


def _takes_text_in_place(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode)


def _write(handle: int, data: bytes) -> None:
    with os.fdopen(handle, "wb") as file:
        _ = file.write(data)


def _replace(path: Path, data: bytes) -> None:
    """Write a temporary file beside the target, then put it in the target's place."""
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(0, "the file may not be written to")
    temporary: str | None = None
    held = _hold_signals()
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".symconv.")
        _write(handle, data)
        _keep_mode(Path(temporary), path)
        _ = Path(temporary).replace(path)
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        _restore_signals(held)


def require_own(path: Path, mark: str) -> None:
    """Make sure that writing a file loses nothing but an earlier version of it.

    Args:
        path: the file that will be written.
        mark: words at its beginning by which an earlier version is known.

    Raises:
        UsageError: when it is there, and is not ours.
    """
    try:
        if _opened_already(path) is not None or not path.exists() or _takes_text_in_place(path):
            return
        with path.open("rb") as file:
            known = mark.encode() in file.read(4096)
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
        temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        return
    mask = os.umask(0)
    _ = os.umask(mask)
    temporary.chmod(0o666 & ~mask)


def _hold_signals() -> set[signal.Signals | int] | None:
    """Keep Ctrl-C and SIGTERM waiting until the file is there and the temporary one is gone."""
    if not hasattr(signal, "pthread_sigmask"):
        return None
    return signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})


def _restore_signals(held: set[signal.Signals | int] | None) -> None:
    if held is not None:
        _ = signal.pthread_sigmask(signal.SIG_SETMASK, held)
