"""A process that serves requests to run an implementation, and the way to talk to it."""

from __future__ import annotations

import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from tempfile import TemporaryFile
from time import monotonic, sleep
from typing import IO, Any, Protocol

from symconv.implementations.model import Implementation, Request
from symconv.implementations.serving import receive, send, serve

MOST_LAST_WORDS = 4096
"""In bytes: how much of what a process wrote at its end is read."""
_SECONDS_BETWEEN_LOOKS = 0.2
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from symconv.implementations.serving import main; main()"
)


class Process(Protocol):
    """What a spawned and a forked process have in common."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        ...

    def kill(self) -> None:
        """End it."""
        ...


class Worker:
    """A process that serves requests, and the thread that talks to it.

    The thread does all reading and writing, so that nothing the process leaves unread or
    unwritten can keep the caller waiting past its time.
    """

    def __init__(
        self, parts: tuple[Process, IO[bytes], IO[bytes]], errors: IO[bytes] | None = None
    ) -> None:
        self._process, self._writing, self._reading = parts
        self._errors = errors
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.loaded = False
        self.is_new = True
        self._threads = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._write, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, request: Request) -> None:
        """Hand over a request; its answer comes as messages."""
        self._requests.put(request)

    def message(self, patience: float) -> tuple[Any, ...]:
        """Wait for a message, so many seconds at most.

        Returns:
            what the process sent, ``("timeout", None)``, or ``("ended", how)``.
        """
        until = monotonic() + patience
        while True:
            left = until - monotonic()
            try:
                found = self._messages.get(timeout=max(0.0, min(left, _SECONDS_BETWEEN_LOOKS)))
            except queue.Empty:
                # What the process started may keep its pipes open after it ended.
                if self._process.poll() is None:
                    if left <= 0:
                        return ("timeout", None)
                    continue
                with suppress(queue.Empty):
                    found = self._messages.get(timeout=_SECONDS_BETWEEN_LOOKS)
                    if found is not None:
                        return found
                return ("ended", self._how())
            return found if found is not None else ("ended", self._how())

    def kill(self) -> None:
        """Stop the process and everything that it started."""
        _kill(self._process)
        self._requests.put(None)
        for thread in self._threads:
            thread.join(timeout=1.0)
        if self._errors is not None:
            self._errors.close()

    def _how(self) -> str:
        until = monotonic() + 5.0
        while (code := self._process.poll()) is None and monotonic() < until:
            sleep(0.005)
        if code is None:
            return "its process stopped answering"
        if code >= 0:
            return f"its process ended with exit code {code}"
        names = {item.value: item.name for item in signal.Signals}
        return f"its process was ended by {names.get(-code, f'signal {-code}')}{self._last_words()}"

    def _last_words(self) -> str:
        """Return the last line that compiled code wrote before it ended the process."""
        if self._errors is None:
            return ""
        with suppress(OSError, ValueError):
            size = self._errors.seek(0, os.SEEK_END)
            _ = self._errors.seek(max(0, size - MOST_LAST_WORDS))
            lines = self._errors.read().decode("utf-8", "replace").splitlines()
            for line in lines:
                # The first line says why; below it stand the addresses of the stack.
                if line.strip() and not line.startswith(("***", "    @")):
                    return f": {line.strip()[:300]}"
        return ""

    def _read(self) -> None:
        with suppress(OSError, ValueError, EOFError, pickle.UnpicklingError):
            while (found := receive(self._reading)) is not None:
                self._messages.put(found)
        self._messages.put(None)
        # Closed here and nowhere else: another thread would wait for this one to stop reading.
        with suppress(OSError):
            self._reading.close()

    def _write(self) -> None:
        with suppress(OSError, ValueError):
            while (request := self._requests.get()) is not None:
                send(self._writing, request)
        with suppress(OSError):
            self._writing.close()


def _kill(process: Process) -> None:
    """End a process with what it started."""
    with suppress(OSError):
        if process.poll() is None and hasattr(os, "killpg"):
            # It leads a session of its own.
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(OSError):
        process.kill()
    until = monotonic() + 1.0
    while process.poll() is None and monotonic() < until:
        sleep(0.002)


def spawned(load: bytes, limit: int | None) -> Worker:
    """Start a new interpreter that loads an implementation and serves requests."""
    errors = TemporaryFile()  # noqa: SIM115, closed with the worker that reads it
    path = json.dumps([item for item in sys.path if isinstance(item, str)])
    threads = {name: os.environ.get(name, "1") for name in _THREADS}
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _PROGRAM, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**os.environ, **threads},
        start_new_session=True,
    )
    assert process.stdin is not None, "it was asked for"
    assert process.stdout is not None, "it was asked for"
    with suppress(OSError):
        send(process.stdin, (limit, load))
    return Worker((process, process.stdin, process.stdout), errors)


def forked(load: Callable[[], Implementation], limit: int | None) -> Worker:
    """Fork this process; the child loads an implementation and serves requests."""
    request_read, request_write = os.pipe()
    answer_read, answer_write = os.pipe()
    with warnings.catch_warnings():
        # Newer Pythons warn of threads; ours only wait at their pipes.
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.close(request_write)
            os.close(answer_read)
            reading, writing = os.fdopen(request_read, "rb"), os.fdopen(answer_write, "wb")
            serve(load, reading, writing, limit)
        finally:
            os._exit(1)
    os.close(request_read)
    os.close(answer_write)
    return Worker((_Fork(pid), os.fdopen(request_write, "wb"), os.fdopen(answer_read, "rb")))


class _Fork:
    """A forked process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        if self._code is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self._code = 0
            else:
                if pid:
                    self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def kill(self) -> None:
        """End it."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
