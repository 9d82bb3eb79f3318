"""A process that stands between ours and the one that runs people's code.

It is what that code sees as its parent, so that a signal sent there does not reach us. It ends
everything that the code has started when the code's own process ends, when our process asks for
it by SIGTERM, or when our process is gone. Then it removes the folder that the code worked in,
and ends in the way in which the code's process did. It imports nothing of ours and takes little
memory.

Limit: without fork there is no such process; and where the system is not Linux, what has left
the group of the code's process outlives it.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import NoReturn

MOST_LAST_WORDS = 4096
"""In bytes: how much of what the code's process wrote at its end is passed on."""
SECONDS_TO_END_ALL = 2.0
_SET_PARENT_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36
_AT_ONCE = 2**16
_MINDED = {signal.SIGCHLD, signal.SIGTERM} if hasattr(signal, "SIGCHLD") else set()


def go_on_guarded(watched: int, folder: str | None) -> None:
    """Go on in a new process, and stay behind in this one to guard it.

    Args:
        watched: the reading end of a pipe whose other end is ours; closed, we are gone.
        folder: a folder to make, to work in and to remove; None for the present one.
    """
    _keep_no_core()
    _tell_linux(_SET_CHILD_SUBREAPER, 1)
    if folder is not None:
        Path(folder).mkdir(0o700)
        os.chdir(folder)
    guard = os.getpid()
    errors_read, errors_write = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.setpgid(0, 0)
        _tell_linux(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(1)
        os.close(errors_read)
        _ = os.dup2(errors_write, 2)
        os.close(errors_write)
        return
    try:
        os.close(errors_write)
        status, words = _wait(worker, watched, errors_read)
        _end_all(worker)
        os.set_blocking(errors_read, False)
        with suppress(BlockingIOError):
            words = (words + os.read(errors_read, _AT_ONCE))[-MOST_LAST_WORDS:]
        if folder is not None:
            os.chdir("/")
            remove(folder)
        _ = os.write(2, words)
        _end_as(status)
    finally:
        os._exit(1)


def remove(folder: str) -> None:
    """Remove a folder with all that is in it, whatever its permissions are."""
    with suppress(OSError):
        Path(folder).chmod(0o700)
    for place, names, _ in os.walk(folder):
        for inner in (Path(place, name) for name in names):
            if not inner.is_symlink():
                with suppress(OSError):
                    inner.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _wait(worker: int, watched: int, errors: int) -> tuple[int | None, bytes]:
    """Wait for the end of the code's process or of ours.

    Returns:
        how the code's process ended, None where it is still there; and its last words.
    """
    wake_read, wake_write = os.pipe()
    for number in (wake_read, wake_write):
        os.set_blocking(number, False)
    for number in signal.valid_signals() - _MINDED:
        with suppress(OSError, ValueError):
            _ = signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        _ = signal.signal(number, lambda _signal, _frame: None)
    _ = signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    ready = select.poll()
    # Nothing is read from it here: it is for the code's process.
    ready.register(watched, 0)
    ready.register(wake_read, select.POLLIN)
    ready.register(errors, select.POLLIN)
    words = b""
    status = _reaped(worker)
    asked = False
    while status is None and not asked:
        for number, _event in ready.poll():
            if number == watched:
                asked = True
            elif number == wake_read:
                asked |= signal.SIGTERM in os.read(wake_read, _AT_ONCE)
            else:
                said = os.read(errors, _AT_ONCE)
                words = (words + said)[-MOST_LAST_WORDS:]
                if not said:
                    ready.unregister(errors)
        status = _reaped(worker)
    return status, words


def _reaped(worker: int) -> int | None:
    """Reap what has ended; return how the code's process ended, None where it did not."""
    status = None
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == worker:
                status = found[1]
    return status


def _end_all(worker: int) -> None:
    """End the group of the code's process, and on Linux every process that comes from it."""
    until = monotonic() + SECONDS_TO_END_ALL
    with suppress(OSError):
        os.killpg(worker, signal.SIGKILL)
    while monotonic() < until:
        for child in _children():
            with suppress(OSError):
                os.kill(child, signal.SIGKILL)
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not ended:
            sleep(0.001)


def _children() -> list[int]:
    """Return our child processes; what their parents leave behind becomes one."""
    me = os.getpid()
    with suppress(OSError):
        return [int(item) for item in Path(f"/proc/{me}/task/{me}/children").read_text().split()]
    return []


def _end_as(status: int | None) -> NoReturn:
    """End as the code's process did."""
    code = 0 if status is None else os.waitstatus_to_exitcode(status)
    if code < 0:
        with suppress(OSError, ValueError):
            _ = signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
        sleep(1.0)
    os._exit(abs(code))


def _keep_no_core() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _tell_linux(what: int, value: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            _ = ctypes.CDLL(None).prctl(what, value, 0, 0, 0)
