"""Our end: a process that runs people's code, and the way to talk to it.

What it sends is read as bytes and told apart here; a value is made of it only by `unpacked`, at a
type that the caller names.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any, Literal, Protocol, TypeAlias

from symconv.sandbox.excerpts import LONGEST, printable
from symconv.sandbox.frames import TOKEN_BYTES, Reader, Writer
from symconv.sandbox.guarding import MOST_LAST_WORDS, go_on_guarded, remove
from symconv.sandbox.plain import Garbled, packed
from symconv.sandbox.serving import (
    ANSWER,
    DONE,
    FIRST,
    LOST,
    MOST_REQUEST,
    REFUSED,
    TOO_LARGE,
    UNREADABLE,
    Limits,
    Service,
    Start,
    serve,
)

Kind: TypeAlias = Literal[
    "first", "answer", "done", "refused", "unreadable", "too-large", "timeout", "ended", "garbled"
]

_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_TO_STOP = 1.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[-1]); "
    "from symconv.sandbox.program import main; main()"
)
_KINDS: Mapping[bytes, Kind] = {
    FIRST: "first",
    ANSWER: "answer",
    DONE: "done",
    REFUSED: "refused",
    UNREADABLE: "unreadable",
    TOO_LARGE: "too-large",
}
_LOST_ITS_WAY = "the pipes through which it answers were closed or read by the code"


@dataclass(frozen=True, slots=True)
class Message:
    """What a process sent, or what became of it.

    Attributes:
        kind: what it is: ``first``, ``answer``, ``done``, ``refused``, ``unreadable`` and
            ``too-large`` were sent; ``timeout``, ``ended`` and ``garbled`` say why nothing was.
        content: the value that was sent, as bytes.
        how: how the process ended, or what is wrong with what it sent, in a clause.
        by_signal: whether it was a signal that ended the process.
    """

    kind: Kind
    content: bytes = b""
    how: str = ""
    by_signal: bool = False


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
    """A process that serves requests, and the threads that talk to it.

    The threads do all reading and writing, so that nothing the process leaves unread or
    unwritten can keep the caller waiting past its time.
    """

    def __init__(
        self,
        process: Process,
        pipes: tuple[int, int],
        token: bytes,
        limit: int,
        errors: IO[bytes] | None = None,
        belongings: ExitStack | None = None,
    ) -> None:
        self._process = process
        self._requests_end, self._answers_end = pipes
        self._reader = Reader(self._answers_end, token, limit)
        self._writer = Writer(self._requests_end, token)
        self._errors = errors
        self._belongings = belongings or ExitStack()
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.loaded = False
        self.is_new = True
        _OPEN.update(pipes)
        self._threads = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._write, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def begin(self, token: bytes, start: Start) -> None:
        """Tell a new interpreter what to load."""
        with suppress(OSError):
            _ = os.write(self._requests_end, token)
        self.ask(start)

    def ask(self, request: Any) -> None:
        """Hand over a request; its answer comes as messages."""
        self._requests.put(packed(request))

    @property
    def has_message(self) -> bool:
        """Whether a message is there, so that nobody has to wait for one."""
        return not self._messages.empty()

    def message(self, patience: float) -> Message:
        """Wait for a message, so many seconds at most."""
        until = monotonic() + patience
        while True:
            left = until - monotonic()
            try:
                found = self._messages.get(timeout=max(0.0, min(left, _SECONDS_BETWEEN_LOOKS)))
            except queue.Empty:
                # What the process started may keep its pipes open after it ended.
                if self._process.poll() is None:
                    if left <= 0:
                        return Message("timeout")
                    continue
                try:
                    found = self._messages.get(timeout=_SECONDS_BETWEEN_LOOKS)
                except queue.Empty:
                    found = _END
            return self._ending() if found is _END else found

    def kill(self) -> None:
        """Stop the process and everything that it started."""
        _stop(self._process)
        self._requests.put(None)
        for thread in self._threads:
            thread.join(timeout=1.0)
        self._belongings.close()

    def _ending(self) -> Message:
        until = monotonic() + 5.0
        while (code := self._process.poll()) is None and monotonic() < until:
            sleep(0.005)
        if code is None:
            return Message("garbled", how="its process stopped answering")
        if code == LOST:
            return Message("garbled", how=_LOST_ITS_WAY)
        if code >= 0:
            return Message("ended", how=f"its process ended with exit code {code}")
        names = {item.value: item.name for item in signal.Signals}
        name = names.get(-code, f"signal {-code}")
        how = f"its process was ended by {name}{self._last_words()}"
        return Message("ended", how=how, by_signal=True)

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
                    return f": {printable(line.strip()[:LONGEST])}"
        return ""

    def _read(self) -> None:
        try:
            for body in self._reader.bodies():
                kind = _KINDS.get(body[:1])
                if kind is None:
                    raise Garbled("it sent a message of no kind")
                self._messages.put(Message(kind, body[1:]))
        except Garbled as error:
            self._messages.put(Message("garbled", how=str(error)))
        except (OSError, ValueError, MemoryError):
            # The pipe is gone; the end that follows says so.
            pass
        self._messages.put(_END)
        # Closed here and nowhere else: another thread would wait for this one to stop reading.
        _close(self._answers_end)

    def _write(self) -> None:
        with suppress(OSError):
            while (request := self._requests.get()) is not None:
                self._writer.send(request)
        _close(self._requests_end)


_END = Message("ended")
_OPEN: set[int] = set()
"""Our ends of all pipes; a fork must not keep those of others open."""


def _close(number: int) -> None:
    _OPEN.discard(number)
    with suppress(OSError):
        os.close(number)


def _stop(process: Process) -> None:
    """Have a process end with what it started; its guard sees to that, where there is one."""
    with suppress(OSError):
        if process.poll() is None and hasattr(os, "killpg"):
            os.kill(process.pid, signal.SIGTERM)
            os.kill(process.pid, signal.SIGCONT)
            if not _ended(process, _SECONDS_TO_STOP):
                os.killpg(process.pid, signal.SIGKILL)
    with suppress(OSError):
        process.kill()
    _ = _ended(process, _SECONDS_TO_STOP)


def _ended(process: Process, seconds: float) -> bool:
    until = monotonic() + seconds
    while process.poll() is None:
        if monotonic() > until:
            return False
        sleep(0.001)
    return True


def spawned(
    load: bytes,
    limits: Limits,
    *,
    surroundings: Mapping[str, str] | None = None,
    folder: bool = False,
) -> Worker:
    """Start a new interpreter that loads code and serves requests.

    Args:
        load: a pickle of what makes the service.
        limits: what the code may take.
        surroundings: its environment variables; None for ours.
        folder: whether it works in a new folder, which is removed at the end.
    """
    path = json.dumps([item for item in sys.path if isinstance(item, str)])
    place = str(Path(tempfile.gettempdir(), f"symconv-{secrets.token_hex(8)}")) if folder else None
    environment = os.environ if surroundings is None else surroundings
    threads = {name: environment.get(name, "1") for name in _THREADS}
    token = secrets.token_bytes(TOKEN_BYTES)
    with ExitStack() as belongings:
        # Compiled code says there why it ends the process; the guard passes on little of it.
        errors = belongings.enter_context(tempfile.TemporaryFile())
        if place is not None:
            _ = belongings.callback(remove, place)
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, json.dumps(place), path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
            env={**environment, **threads},
            start_new_session=True,
        )
        assert process.stdin is not None, "it was asked for"
        assert process.stdout is not None, "it was asked for"
        requests, answers = os.dup(process.stdin.fileno()), os.dup(process.stdout.fileno())
        process.stdin.close()
        process.stdout.close()
        pipes, most = (requests, answers), limits.message
        worker = Worker(process, pipes, token, most, errors, belongings.pop_all())
    worker.begin(token, Start(load, limits))
    return worker


def forked(load: Callable[[], Service], limits: Limits) -> Worker:
    """Fork this process; the child loads code and serves requests."""
    request_read, request_write = os.pipe()
    answer_read, answer_write = os.pipe()
    token = secrets.token_bytes(TOKEN_BYTES)
    with warnings.catch_warnings():
        # Newer Pythons warn of threads; ours only wait at their pipes.
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            for number in (request_write, answer_read, *_OPEN):
                os.close(number)
            go_on_guarded(request_read, None)
            reader = Reader(request_read, token, MOST_REQUEST)
            serve(load, reader, Writer(answer_write, token), limits)
        finally:
            os._exit(1)
    os.close(request_read)
    os.close(answer_write)
    return Worker(_Fork(pid), (request_write, answer_read), token, limits.message)


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
