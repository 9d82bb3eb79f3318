"""Run an implementation in a process of its own, with a time limit for every pass.

Whatever the code does there, ending its process, never returning, printing, reading its input,
changing its folder or replacing parts of NumPy, costs one request and not the report.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import partial
from io import StringIO
from types import TracebackType
from typing import Literal, Self, TypeAlias

from symconv.errors import SymconvError, UsageError
from symconv.implementations.calling.requests import (
    STAGES,
    Stage,
    Step,
    after,
    answer,
    assembled,
    on_objects,
    unfollowed,
)
from symconv.implementations.calling.service import loaded, served
from symconv.implementations.model import (
    BACKWARD_RESULTS,
    Description,
    Implementation,
    Pass,
    Request,
    RunAnswer,
    RunTrouble,
)
from symconv.sandbox.plain import Garbled, unpacked
from symconv.sandbox.serving import Limits, Refusal, Service, rebuilt
from symconv.sandbox.workers import Message, Worker, forked, spawned

Isolation: TypeAlias = Literal["spawn", "fork", "none"]

SECONDS_PER_RUN = 5.0
SECONDS_TO_LOAD = 60.0
MOST_BYTES = 8 * 2**30
MOST_ANSWERED = 2**28
"""In bytes: how much one call may send back."""
MOST_TIMEOUTS = 3
"""After so many runs that did not end, others get less time, and what does not end in it is not
judged: the code may be slow there."""
MOST_LOST = 12
"""After so many runs in which a pass did not end, or ended the process, it is not run again."""
SECONDS_WHEN_HURRIED = 0.5
_ON_OBJECTS = "on objects"
"""Symbols and Python integers, by which nothing is said of how the code treats floats."""


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
        self._limits = Limits(bytes_limit, MOST_ANSWERED)
        self._pickled = _pickled(partial(served, load))
        self.isolation: Isolation = _isolation(self._pickled) if isolate else "none"
        self._worker: Worker | None = None
        self._implementation: Implementation | None = None
        self._description: Description | None = None
        self._timeouts = 0
        self._lost: Counter[str] = Counter()
        if self.isolated:
            self._worker = self._started()

    @property
    def isolated(self) -> bool:
        """Whether the code runs in a process of its own."""
        return self.isolation != "none"

    @property
    def is_loading(self) -> bool:
        """Whether a process is still busy loading the code."""
        worker = self._worker
        return worker is not None and not worker.loaded and not worker.has_message

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
                    self._implementation = loaded(self._load)
                self._description = self._implementation.description
        assert self._description is not None, "loading gave a description or raised"
        return self._description

    def run(self, request: Request, meanwhile: Callable[[], object] | None = None) -> RunAnswer:
        """Run the implementation once.

        Args:
            request: what it is run on.
            meanwhile: what this process does while the other one runs the code, whose time
                begins when it is done; it may be left out, where nothing is run.

        Raises:
            UsageError: when it cannot be loaded, as loading raised it.
        """
        description = self.describe()
        if self._implementation is not None:
            if meanwhile is not None:
                # Nothing that the code does to this process comes before it.
                _ = meanwhile()
            with _no_streams():
                return answer(self._implementation, request)
        if self._timeouts >= MOST_TIMEOUTS and on_objects(request):
            return _ended([], RunTrouble("not-run", self._hurry), description)
        lost = RunTrouble("not-run", f"{MOST_LOST} earlier runs gave no answer")
        kind = _ON_OBJECTS if on_objects(request) else "forward"
        if self._lost[kind] >= MOST_LOST:
            return _ended([], lost, description)
        if request.backward and self._lost["backward"] >= MOST_LOST:
            # What the forward pass gives is judged all the same.
            found = self._attempt(replace(request, backward=False), description, meanwhile)
            late = found.backward.trouble or lost
            return replace(found, backward=Pass(trouble=late))
        return self._attempt(request, description, meanwhile)

    def _attempt(
        self,
        request: Request,
        description: Description,
        meanwhile: Callable[[], object] | None,
    ) -> RunAnswer:
        try:
            worker = self._ready()
        except UsageError as error:
            fact = f"it could not be loaded a second time: {error.fact}"
            return _ended([], RunTrouble("not-run", fact), description)
        assert worker is not None, "what ran in a process runs in one again"
        try:
            return self._asked(worker, request, description, meanwhile)
        except BaseException:
            self.close()
            raise

    @property
    def _hurry(self) -> str:
        return f"{MOST_TIMEOUTS} earlier runs did not end within {self._seconds:g} s"

    def _asked(
        self,
        worker: Worker,
        request: Request,
        description: Description,
        meanwhile: Callable[[], object] | None,
    ) -> RunAnswer:
        found: list[Step] = []
        was_new = worker.is_new
        worker.ask(request)
        if meanwhile is not None:
            _ = meanwhile()
        while True:
            patience = self._seconds
            if worker.is_new and description.framework != "numpy":
                patience = max(patience, SECONDS_TO_LOAD)
            hurried = self._timeouts >= MOST_TIMEOUTS
            patience = min(patience, SECONDS_WHEN_HURRIED) if hurried else patience
            message = worker.message(patience)
            if message.kind == "answer":
                try:
                    found.append(unpacked(Step, message.content))
                    continue
                except Garbled as error:
                    message = Message("garbled", how=str(error))
            if message.kind == "done":
                worker.is_new = False
                return assembled(found)
            self.close()
            if message.kind == "garbled" and not was_new:
                # What an earlier request left running may have done it.
                return self.run(request)
            ending = RunTrouble("garbled", message.how)
            if message.kind == "timeout":
                # Objects take their time, which is no fault of the code.
                self._timeouts += not on_objects(request)
                ending = RunTrouble("timeout", f"still running after {patience:g} s")
                if hurried:
                    fact = f"stopped after {patience:g} s, since {self._hurry}"
                    ending = RunTrouble("not-run", fact)
            elif message.kind == "ended":
                ending = RunTrouble("crashed", message.how)
                if description.framework != "numpy" and message.by_signal:
                    # Python code ends no process so; compiled code of the framework does.
                    fact = (
                        f"{description.framework} ended the process, not a formula: {message.how}"
                    )
                    ending = RunTrouble("environment", fact)
            elif message.kind == "too-large":
                ending = RunTrouble("garbled", "what it gives is too large to be told")
            if ending.code == "crashed" and not was_new and not on_objects(request):
                alone = self.run(request)
                if alone.forward.trouble or alone.backward.trouble:
                    return alone
                # What an earlier call left behind did it; which one is not known.
                fact = f"{message.how} after earlier calls, and not where this call is the first"
                ending = RunTrouble("garbled", fact)
            self._lost[_ON_OBJECTS if on_objects(request) else _stage(found).partition(" ")[0]] += 1
            if request.traced:
                ending = unfollowed(ending.fact)
            return _ended(found, ending, description)

    def _ready(self) -> Worker | None:
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
            message = worker.message(SECONDS_TO_LOAD)
            if message.kind == "first":
                self._description = unpacked(Description, message.content)
                worker.loaded = True
                return worker
        except Garbled as error:
            message = Message("garbled", how=str(error))
        except BaseException:
            self.close()
            raise
        self.close()
        if message.kind == "unreadable":
            # A live function whose module cannot be imported again, as pytest's may be.
            self._pickled = None
            self.isolation = _isolation(None)
            return self._ready() if self.isolated else None
        raise _refused(message)

    def _started(self) -> Worker:
        if self._pickled is not None and self.isolation == "spawn":
            return spawned(self._pickled, self._limits)
        return forked(partial(served, self._load), self._limits)


def _refused(message: Message) -> SymconvError:
    """Return why the code could not be loaded."""
    how = message.how
    if message.kind == "refused":
        try:
            return rebuilt(unpacked(Refusal, message.content))
        except Garbled as error:
            how = str(error)
    if message.kind == "timeout":
        return UsageError(f"loading it did not end within {SECONDS_TO_LOAD:g} s", code="load")
    return UsageError(f"{how or 'its process told too much'} while it was loaded", code="load")


def _stage(found: Sequence[Step]) -> Stage:
    """Return the call that was under way after those that gave an answer."""
    return STAGES[min(len(found), len(STAGES) - 1)]


def _ended(found: list[Step], ending: RunTrouble, description: Description) -> RunAnswer:
    """Return what is known when the process ended before it answered in full."""
    stage = _stage(found)
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


def _pickled(load: Callable[[], Service]) -> bytes | None:
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
