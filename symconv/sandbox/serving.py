"""The process in which people's code runs: it loads the code and answers requests.

Messages are frames of plain bytes, each a letter that says what it is and a value. Nothing that
is replaced in this process, in NumPy or elsewhere, decides anything in ours: here code is run and
what it gives is told; there it is compared. The limits keep a mistake from taking the machine
along; they are no protection against malice.
"""

from __future__ import annotations

import builtins
import faulthandler
import json
import math
import os
import pickle
import secrets
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from operator import is_
from pathlib import Path
from typing import Any

import numpy as np

from symconv.errors import SymconvError
from symconv.sandbox.frames import TOKEN_BYTES, Reader, Writer
from symconv.sandbox.plain import Garbled, ValueTooLarge, packed, unpacked

FIRST, ANSWER, DONE, REFUSED, UNREADABLE, TOO_LARGE = (bytes([letter]) for letter in b"fadrul")
"""What a message is: what is said of the loaded code, a part of an answer, the end of an answer,
an error of this package while the code was loaded, code that is not to be had here, and an answer
that is too large to be told."""
LOST = 87
"""The exit code of a process that cannot answer, because its pipes were closed or read."""
MOST_REQUEST = 2**40
_SECONDS_BETWEEN_LOOKS = 1.0
_LOWEST_NUMBER = 40
_GUARDED_MODULES = (builtins, json, math, os, time, np, np.linalg)

# Kept from before the code under test can put something else in their place.
_exit = os._exit
_getpid = os.getpid
_chdir = os.chdir
_settrace, _setprofile = sys.settrace, sys.setprofile
_setrecursionlimit = sys.setrecursionlimit
_all, _map, _is, _vars = all, map, is_, vars


@dataclass(frozen=True, slots=True)
class Limits:
    """What the code may take.

    Attributes:
        memory: the bytes of memory of its process, None for no limit; torch and jax, which
            reserve far more addresses than they use, are not limited.
        message: how many bytes one message may have that comes back.
        writes: whether it may write into files.
    """

    memory: int | None
    message: int
    writes: bool = True


@dataclass(frozen=True, slots=True)
class Service:
    """Loaded code, ready to answer.

    Attributes:
        first: what is said of it.
        asked: the type of a request.
        answers: give the parts of the answer to a request.
    """

    first: Any
    asked: Any
    answers: Callable[[Any], Iterator[Any]]


@dataclass(frozen=True, slots=True)
class Start:
    """The first request to a new interpreter.

    Attributes:
        load: a pickle, which our process made, of what makes a `Service`.
        limits: what the code may take.
    """

    load: bytes
    limits: Limits


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error of this package that was raised while the code was loaded."""

    kind: str
    fact: str
    code: str
    help: str
    location: str


def main() -> None:
    """Serve requests that come through standard input, in a new interpreter."""
    number, answers = _hidden(0), _hidden(1)
    token = os.read(number, TOKEN_BYTES)
    reader = Reader(number, token, MOST_REQUEST)
    start: Start = unpacked(Start, next(reader.bodies()))
    serve(start.load, reader, Writer(answers, token), start.limits)


def serve(
    load: bytes | Callable[[], Service], reader: Reader, writer: Writer, limits: Limits
) -> None:
    """Load code, say what it is, and answer requests until they end.

    Args:
        load: makes the service, or a pickle of what does.
        reader: where requests come from.
        writer: where answers go.
        limits: what the code may take.
    """
    try:
        _settle(keep_errors=isinstance(load, bytes))
        send = _sender(writer, limits)
        service = _loaded(load, send)
        if service is not None:
            send(FIRST, service.first)
            _limit(limits)
            for request in _requests(service.asked, reader):
                _answer(service, request, send)
    except BaseException:
        _exit(1)
    # Threads that the code has left behind would keep an ordinary exit waiting.
    _exit(0)


def _requests(asked: Any, reader: Reader) -> Iterator[Any]:
    try:
        for body in reader.bodies():
            yield unpacked(asked, body)
    except (OSError, Garbled):
        _exit(LOST)


def _sender(writer: Writer, limits: Limits) -> Callable[[bytes, Any], None]:
    process = _getpid()

    def send(letter: bytes, value: Any) -> None:
        if _getpid() != process:
            # The code forked, and its child came back through here.
            _exit(0)
        try:
            body = letter + packed(value)
        except ValueTooLarge:
            body = TOO_LARGE + packed(None)
        try:
            writer.send(body if len(body) <= limits.message else TOO_LARGE + packed(None))
        except OSError:
            _exit(LOST)

    return send


def _answer(service: Service, request: Any, send: Callable[[bytes, Any], None]) -> None:
    kept = _Kept()
    for part in service.answers(request):
        kept.restore()
        send(ANSWER, part)
    kept.restore()
    send(DONE, None)


def running() -> int:
    """Return how many threads and processes of this one there are, where the system tells it."""
    count = threading.active_count()
    with suppress(OSError):
        tasks = list(Path("/proc/self/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text().split()]
        count = max(count, len(tasks)) + len(children)
    return count


class _Kept:
    """The functions of NumPy and Python, and the folder, as they were before a call.

    Code that puts something else in their place disturbs itself, and not what runs next. What it
    adds, such as `np.int` for older code, stays.
    """

    def __init__(self) -> None:
        self._attributes = [(_vars(module), dict(_vars(module))) for module in _GUARDED_MODULES]
        self._depth = sys.getrecursionlimit()
        self._folder = None
        with suppress(OSError):
            self._folder = Path.cwd()

    def restore(self) -> None:
        """Put back what was replaced."""
        for now, before in self._attributes:
            # What is added stands at the end; what was taken out and put back does as well.
            if len(now) < len(before) or not _all(_map(_is, now.values(), before.values())):
                now.update(before)
        with suppress(OSError):
            if self._folder is not None:
                _chdir(self._folder)
        _settrace(None)
        _setprofile(None)
        _setrecursionlimit(self._depth)


def rebuilt(refusal: Refusal) -> SymconvError:
    """Make an error that came through a pipe again."""
    kinds = [kind for kind in _subclasses(SymconvError) if kind.__name__ == refusal.kind]
    kind = kinds[0] if kinds else SymconvError
    error = kind.__new__(kind)
    SymconvError.__init__(
        error, refusal.fact, code=refusal.code, help=refusal.help, location=refusal.location
    )
    return error


def _subclasses(kind: type[SymconvError]) -> Iterator[type[SymconvError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _subclasses(one)


def _loaded(
    load: bytes | Callable[[], Service], send: Callable[[bytes, Any], None]
) -> Service | None:
    try:
        # It is read before any code of the user is loaded; what comes back is plain data.
        make = pickle.loads(load) if isinstance(load, bytes) else load  # noqa: S301 -- our own process wrote it
    except BaseException:
        send(UNREADABLE, None)
        return None
    try:
        return make()
    except SymconvError as error:
        facts = (error.fact, error.code, error.help, error.location)
        send(REFUSED, Refusal(type(error).__name__, *facts))
        return None


def _hidden(number: int) -> int:
    """Move a descriptor to a number that nobody guesses, and that a new program does not get."""
    lowest = _LOWEST_NUMBER + secrets.randbelow(160)
    try:
        import fcntl

        found = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, lowest)
    except (ImportError, OSError):
        found = os.dup(number)
    null = os.open(os.devnull, os.O_RDWR)
    _ = os.dup2(null, number)
    os.close(null)
    return found


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
    _exit(1)


def _limit(limits: Limits) -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        kinds = [] if limits.writes else [(resource.RLIMIT_FSIZE, 0)]
        if limits.memory is not None and not {"torch", "jax"} & set(sys.modules):
            kinds.append((resource.RLIMIT_AS, limits.memory))
        for kind, most in kinds:
            _, hard = resource.getrlimit(kind)
            allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (allowed, hard))
