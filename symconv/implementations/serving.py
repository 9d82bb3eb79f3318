"""The other end of a `Runner`: a process that loads an implementation and runs requests.

Messages go through two pipes, each a length and a pickle. The process talks to its parent
through copies of these pipes and gives the code under test an empty standard input and nowhere
to print to. Its limits keep a mistake from taking the machine along; they are no protection
against malice.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import struct
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from symconv.errors import SymconvError
from symconv.implementations.calling import steps, trouble
from symconv.implementations.model import Implementation, Request

_LENGTH = struct.Struct("!Q")
_SECONDS_BETWEEN_LOOKS = 1.0


def main() -> None:
    """Serve requests that come through standard input, in a new interpreter."""
    reading = os.fdopen(os.dup(0), "rb")
    writing = os.fdopen(os.dup(1), "wb")
    limit, load = receive(reading)
    serve(load, reading, writing, limit)


def serve(
    load: bytes | Callable[[], Implementation],
    reading: IO[bytes],
    writing: IO[bytes],
    limit: int | None,
) -> None:
    """Load an implementation, say what it is, and answer requests until they end.

    The first message is ``("description", description)``; or ``("refused", ...)`` with an error
    of this package, ``("failed", fact, location)`` for any other exception, ``("unreadable",)``
    where what was pickled is not to be had here. After a request comes one ``("step", step)``
    per call, and ``("done", None)``.

    Args:
        load: makes the implementation, or a pickle of what does.
        reading: where requests come from.
        writing: where answers go.
        limit: the bytes of memory that the process may take, None for no limit.
    """
    _settle(keep_errors=isinstance(load, bytes))
    with suppress(BrokenPipeError):
        implementation = _loaded(load, writing)
        if implementation is not None:
            _limit_memory(limit)
            while (request := receive(reading)) is not None:
                _answer(implementation, request, writing)
    # Threads that the code has left behind would keep an ordinary exit waiting.
    os._exit(0)


def send(writing: IO[bytes], message: Any) -> None:
    """Write one message."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    _ = writing.write(_LENGTH.pack(len(data)))
    _ = writing.write(data)
    writing.flush()


def receive(reading: IO[bytes]) -> Any:
    """Read one message; None at the end."""
    head = reading.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = reading.read(length)
    # Both ends of the pipe are this package's. Code that runs at the other end could forge a
    # message, and gain nothing: it has the same rights already, and its user asked to run it.
    return pickle.loads(data) if len(data) == length else None  # noqa: S301, as said above


def rebuilt(kind: type[SymconvError], arguments: tuple[Any, ...], facts: Any) -> SymconvError:
    """Make an error that came through a pipe again, with all its facts."""
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(facts)
    return error


def _loaded(
    load: bytes | Callable[[], Implementation], writing: IO[bytes]
) -> Implementation | None:
    try:
        make = pickle.loads(load) if isinstance(load, bytes) else load  # noqa: S301, the parent made it
    except BaseException:
        send(writing, ("unreadable",))
        return None
    process = os.getpid()
    try:
        implementation = make()
        if os.getpid() != process:
            # The code forked while it was loaded, and its child came back through here.
            os._exit(0)
    except SymconvError as error:
        send(writing, ("refused", type(error), error.args, dict(error.__dict__)))
        return None
    except BaseException as error:
        found = trouble(error, [])
        send(writing, ("failed", found.fact, found.location))
        return None
    torch = sys.modules.get("torch")
    if torch is not None:
        # Its pool of threads does not survive a fork, and small arrays have no use for it.
        torch.set_num_threads(1)
    send(writing, ("description", implementation.description))
    return implementation


def _answer(implementation: Implementation, request: Request, writing: IO[bytes]) -> None:
    process = os.getpid()
    for step in steps(implementation, request):
        if os.getpid() != process:
            # The code forked, and its child came back through here.
            os._exit(0)
        send(writing, ("step", step))
    send(writing, ("done", None))


def _settle(*, keep_errors: bool) -> None:
    """Part with the terminal, the parent's handlers and its streams."""
    faulthandler.disable()
    warnings.simplefilter("ignore")
    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        with suppress(ValueError, OSError):
            _ = signal.signal(number, handler)
    null = os.open(os.devnull, os.O_RDWR)
    # Where a new interpreter has its errors kept, compiled code may say why it ends the process.
    for stream in (0, 1) if keep_errors else (0, 1, 2):
        _ = os.dup2(null, stream)
    sys.stdin = sys.__stdin__ = _stream(0, "r")
    sys.stdout = sys.__stdout__ = _stream(1, "w")
    sys.stderr = sys.__stderr__ = _stream(null, "w")
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _stream(number: int, mode: str) -> Any:
    return open(number, mode, encoding="utf-8", errors="replace", closefd=False)


def _watch(parent: int) -> None:
    """End with the parent, even out of a loop that never ends.

    Limit: where the system keeps naming a parent that is gone, only the end of the requests
    ends this process.
    """
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)


def _limit_memory(limit: int | None) -> None:
    # Limit: torch and jax reserve far more addresses than they use memory.
    if limit is None or "torch" in sys.modules or "jax" in sys.modules:
        return
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
