"""Run an implementation in a process of its own, with a time limit for every pass.

Whatever the code does there, ending its process, never returning, printing, reading its input,
changing its folder or replacing parts of NumPy, costs one request and not the report.
"""

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import replace
from io import StringIO
from time import monotonic, sleep
from types import TracebackType
from typing import IO, Any, Literal, Protocol, Self, TypeAlias

from symconv.errors import SymconvError, UsageError
from symconv.implementations.calling import (
    STAGES,
    Step,
    after,
    answer,
    assembled,
    on_objects,
    trouble,
    unfollowed,
)
from symconv.implementations.model import (
    BACKWARD_RESULTS,
    Answer,
    Description,
    Implementation,
    Pass,
    Request,
    Trouble,
)
from symconv.implementations.serving import rebuilt, receive, send, serve

Isolation: TypeAlias = Literal["spawn", "fork", "none"]

SECONDS_PER_RUN = 5.0
SECONDS_TO_LOAD = 60.0
MOST_BYTES = 8 * 2**30
MOST_TIMEOUTS = 3
"""After so many runs that did not end, others get less time, and what does not end in it is not
judged: the code may be slow there."""
MOST_STOPPED = 12
"""After so many runs that did not end nothing more is run."""
SECONDS_WHEN_HURRIED = 0.5
_SECONDS_BETWEEN_LOOKS = 0.2
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from symconv.implementations.serving import main; main()"
)


class Runner:
    """Run an implementation, whatever it does, and say what it gave.

    A process is started at once, so that it loads the code while its parent does other things;
    one that ended or was stopped is replaced when it is next needed.

    Args:
        load: makes the implementation, in the process that runs it. What can be pickled runs in
            a new interpreter; live callables run in a fork of this process where that is safe.
        seconds_per_run: how long one pass may take, in seconds. Loading, and the first pass of
            code that uses torch or jax, have a minute.
        bytes_limit: how much memory the process may take, None for no limit; torch and jax are
            not limited.
        isolate: whether to keep the code in a process of its own where that is possible.

    Attributes:
        isolation: how the code is kept apart: in a new interpreter, in a fork, or not at all.
    """

    def __init__(
        self,
        load: Callable[[], Implementation],
        *,
        seconds_per_run: float = SECONDS_PER_RUN,
        bytes_limit: int | None = MOST_BYTES,
        isolate: bool = True,
    ) -> None:
        self._load = load
        self._seconds = seconds_per_run
        self._limit = bytes_limit
        self._pickled = _pickled(load)
        self.isolation: Isolation = _isolation(self._pickled) if isolate else "none"
        self._worker: _Worker | None = None
        self._implementation: Implementation | None = None
        self._description: Description | None = None
        self._timeouts = 0
        if self.isolated:
            self._worker = self._started()

    @property
    def isolated(self) -> bool:
        """Whether the code runs in a process of its own."""
        return self.isolation != "none"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the process; the next request would start another."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def describe(self) -> Description:
        """Return what can be said of the implementation without running it.

        Raises:
            UsageError: when it cannot be loaded, as loading raised it.
        """
        if self._description is None:
            if self.isolated:
                _ = self._ready()
            if not self.isolated:
                with _no_streams():
                    self._implementation = _loaded(self._load)
                self._description = self._implementation.description
        assert self._description is not None, "loading gave a description or raised"
        return self._description

    def run(self, request: Request) -> Answer:
        """Run the implementation once.

        Raises:
            UsageError: when it cannot be loaded, as loading raised it.
        """
        description = self.describe()
        if self._implementation is not None:
            with _no_streams():
                return answer(self._implementation, request)
        hurried = self._timeouts >= MOST_TIMEOUTS
        if self._timeouts >= MOST_STOPPED or (hurried and on_objects(request)):
            fact = f"{MOST_TIMEOUTS} earlier runs did not end within {self._seconds:g} s"
            return _ended([], Trouble("not-run", fact), description)
        try:
            worker = self._ready()
        except UsageError as error:
            fact = f"it could not be loaded a second time: {error.fact}"
            return _ended([], Trouble("not-run", fact), description)
        assert worker is not None, "what ran in a process runs in one again"
        try:
            return self._asked(worker, request, description)
        except BaseException:
            self.close()
            raise

    def _asked(self, worker: _Worker, request: Request, description: Description) -> Answer:
        found: list[Step] = []
        worker.ask(request)
        while True:
            patience = self._seconds
            if worker.is_new and description.framework != "numpy":
                patience = max(patience, SECONDS_TO_LOAD)
            hurried = self._timeouts >= MOST_TIMEOUTS
            patience = min(patience, SECONDS_WHEN_HURRIED) if hurried else patience
            kind, content = worker.message(patience)
            if kind == "step":
                found.append(content)
                continue
            if kind == "done":
                worker.is_new = False
                return assembled(found)
            self.close()
            if kind == "timeout":
                # Objects take their time, which is no fault of the code.
                self._timeouts += not on_objects(request)
                ending = Trouble("timeout", f"still running after {patience:g} s")
                if hurried:
                    fact = f"{MOST_TIMEOUTS} earlier runs did not end within {self._seconds:g} s"
                    ending = Trouble("not-run", f"stopped after {patience:g} s, since {fact}")
            else:
                assert kind == "ended", f"no other message comes from a process: {kind}"
                ending = Trouble("crashed", content)
            if request.traced:
                ending = unfollowed(ending.fact)
            return _ended(found, ending, description)

    def _ready(self) -> _Worker | None:
        """Return a process that has loaded the code; None where it is to run in this one.

        Raises:
            UsageError: when the code cannot be loaded.
        """
        if self._worker is None:
            self._worker = self._started()
        worker = self._worker
        if worker.loaded:
            return worker
        try:
            kind, *content = worker.message(SECONDS_TO_LOAD)
        except BaseException:
            self.close()
            raise
        if kind == "description":
            worker.loaded = True
            self._description = content[0]
            return worker
        self.close()
        if kind == "unreadable":
            # A live function whose module cannot be imported again, as pytest's may be.
            self._pickled = None
            self.isolation = _isolation(None)
            return self._ready() if self.isolated else None
        if kind == "refused":
            raise rebuilt(*content)
        if kind == "failed":
            raise _not_loadable(*content)
        if kind == "timeout":
            fact = f"loading it did not end within {SECONDS_TO_LOAD:g} s"
            raise UsageError(fact, code="load")
        raise UsageError(f"{content[0]} while it was loaded", code="load")

    def _started(self) -> _Worker:
        if self._pickled is not None and self.isolation == "spawn":
            return _Worker(_spawned(self._pickled, self._limit))
        return _Worker(_forked(self._load, self._limit))


def _loaded(load: Callable[[], Implementation]) -> Implementation:
    """Load an implementation in this process.

    Raises:
        UsageError: when it cannot be loaded.
    """
    try:
        return load()
    except SymconvError:
        raise
    except BaseException as error:
        found = trouble(error, [])
        raise _not_loadable(found.fact, found.location) from error


def _not_loadable(fact: str, location: str | None) -> UsageError:
    return UsageError(f"it cannot be loaded: {fact}", code="load", location=location or "")


def _ended(found: list[Step], ending: Trouble, description: Description) -> Answer:
    """Return what is known when the process ended before it answered in full."""
    stage = STAGES[len(found)] if len(found) < len(STAGES) else STAGES[-1]
    if stage.endswith("again"):
        ending = replace(ending, fact=f"{ending.fact}, when it was run a second time")
    steps = [*found, Step(stage, Pass(trouble=ending))]
    provides = [name for name in BACKWARD_RESULTS if name in description.provides]
    if stage == "forward" and provides:
        late = Pass(trouble=ending) if ending.code == "not-run" else after(ending)
        steps.append(Step("backward", late))
    return assembled(steps)


@contextmanager
def _no_streams() -> Iterator[None]:
    """Give code in this process nothing to read and nowhere to print."""
    kept = sys.stdin
    sys.stdin = StringIO()
    try:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            yield
    finally:
        sys.stdin = kept


class _Process(Protocol):
    """What a spawned and a forked process have in common."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        ...

    def kill(self) -> None:
        """End it."""
        ...


class _Worker:
    """A process that serves requests, and the thread that talks to it.

    The thread does all reading and writing, so that nothing the process leaves unread or
    unwritten can keep the caller waiting past its time.
    """

    def __init__(self, parts: tuple[_Process, IO[bytes], IO[bytes]]) -> None:
        self._process, self._writing, self._reading = parts
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

    def _how(self) -> str:
        until = monotonic() + 5.0
        while (code := self._process.poll()) is None and monotonic() < until:
            sleep(0.005)
        if code is None:
            return "its process stopped answering"
        if code >= 0:
            return f"its process ended with exit code {code}"
        names = {item.value: item.name for item in signal.Signals}
        return f"its process was ended by {names.get(-code, f'signal {-code}')}"

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


def _kill(process: _Process) -> None:
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


def _pickled(load: Callable[[], Implementation]) -> bytes | None:
    """Return a pickle that another process can read, None where there is none."""
    try:
        data = pickle.dumps(load)
    except Exception:
        return None
    # What the user's own script or notebook defines is not there in a new interpreter.
    return None if b"__main__" in data else data


def _isolation(pickled: bytes | None) -> Isolation:
    if pickled is not None and sys.executable:
        return "spawn"
    # jax has threads that do not survive a fork.
    if hasattr(os, "fork") and "jax" not in sys.modules:
        return "fork"
    return "none"


def _spawned(load: bytes, limit: int | None) -> tuple[_Process, IO[bytes], IO[bytes]]:
    path = json.dumps([item for item in sys.path if isinstance(item, str)])
    threads = {name: os.environ.get(name, "1") for name in _THREADS}
    process = subprocess.Popen(  # noqa: S603, the program is ours
        [sys.executable, "-P", "-c", _PROGRAM, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **threads},
        start_new_session=True,
    )
    assert process.stdin is not None, "it was asked for"
    assert process.stdout is not None, "it was asked for"
    with suppress(OSError):
        send(process.stdin, (limit, load))
    return process, process.stdin, process.stdout


def _forked(
    load: Callable[[], Implementation], limit: int | None
) -> tuple[_Process, IO[bytes], IO[bytes]]:
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
    return _Fork(pid), os.fdopen(request_write, "wb"), os.fdopen(answer_read, "rb")


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
