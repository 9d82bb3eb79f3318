"""One request, run in this process: forward, backward, and what they did to their inputs.

Nothing that the code under test does ends this process short of a crash: an exception, an exit
or an interrupt that it raises itself becomes a `RunTrouble`, with the place in the user's own code
that it came from. Warnings stay silent and never become exceptions.

On Python integers and on symbols, `np.zeros` and its like make arrays of objects: an array of
floats could not hold what the code computes.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from operator import is_
from time import perf_counter
from typing import Any, Literal, TypeAlias

import numpy as np

from symconv.errors import NotSupported, SymconvError
from symconv.implementations.calling.environment import environment_fault
from symconv.implementations.calling.object_arrays import object_numpy
from symconv.implementations.calling.rejections import Origin, origin
from symconv.implementations.calling.results import Raised
from symconv.implementations.calling.symbols import Uninitialised, polynomials, symbols
from symconv.implementations.model import (
    BACKWARD_RESULTS,
    FORWARD_RESULTS,
    SAME_AXES,
    Implementation,
    Pass,
    Request,
    RunAnswer,
    RunTrouble,
    TroubleCode,
    WrongAxes,
)
from symconv.sandbox.entries import NoNumber, plain_array
from symconv.sandbox.excerpts import first_line, named

Stage: TypeAlias = Literal["forward", "backward", "forward again", "backward again"]

STAGES: tuple[Stage, ...] = ("forward", "backward", "forward again", "backward again")
_MOST_WRONG = 2**16
"""In entries: results of another shape that are larger are told by their shape alone."""

_THEIRS = (Exception, SystemExit, GeneratorExit)
"""What an object of theirs may raise where it is turned into an array or compared."""

# Kept from before the code under test can put something else in their place.
_array = np.array
_array_equal = np.array_equal
_asarray = np.asarray
_errstate = np.errstate
_perf_counter = perf_counter
_all, _map, _is = all, map, is_


@dataclass(frozen=True, slots=True)
class Step:
    """What is known after one call of the forward or the backward pass.

    Attributes:
        stage: which call it was; ``again`` says that it is the second.
        outcome: what it gave; a second call gives only what it found to be `unstable`, or the
            trouble that ended it.
    """

    stage: Stage
    outcome: Pass


def answer(implementation: Implementation, request: Request) -> RunAnswer:
    """Run an implementation once in this process.

    Shapes: the results have whatever shape the code gives them, axes in the layer's order.
    """
    return assembled(list(steps(implementation, request)))


def assembled(found: list[Step]) -> RunAnswer:
    """Put together what the calls of one request gave; a call that is not there gave nothing."""
    by_stage = {step.stage: step.outcome for step in found}
    return RunAnswer(
        *(
            _merged(by_stage.get(first, Pass()), by_stage.get(again))
            for first, again in (("forward", "forward again"), ("backward", "backward again"))
        )
    )


def steps(implementation: Implementation, request: Request) -> Iterator[Step]:
    """Yield what each call of a request gave, as soon as it is known.

    Whoever runs the code in another process thereby keeps what a forward pass gave when the
    backward pass never ends.
    """
    call = _Call(implementation, request)
    provides = implementation.description.provides
    provided_backward = tuple(name for name in BACKWARD_RESULTS if name in provides)
    forward = call.forward()
    yield Step("forward", forward)
    if not provided_backward:
        backward = Pass()
    elif forward.trouble is not None:
        backward = after(forward.trouble)
    elif not request.backward:
        provided_backward, backward = (), Pass()
    else:
        backward = call.backward()
    yield Step("backward", backward)
    if not request.repeat or forward.trouble is not None:
        return
    # A pass that keeps state is called as training calls it: forward, backward, in turn.
    second = _Call(implementation, request)
    forward_again = second.forward()
    yield Step("forward again", _differences(forward, forward_again))
    if provided_backward and backward.trouble is None:
        backward_again = after(None) if forward_again.trouble else second.backward()
        yield Step("backward again", _differences(backward, backward_again))


def on_objects(request: Request) -> bool:
    """Tell whether a request runs the code on symbols or on Python integers."""
    return request.traced or any(array.dtype == object for array in request.arrays.values())


def after(forward: RunTrouble | None) -> Pass:
    """Return the backward pass that cannot run because of what happened in the forward pass."""
    if forward is None:
        return Pass(trouble=RunTrouble("not-run", "the forward pass gave no results"))
    if forward.code == "rejected":
        return Pass(trouble=forward)
    words = {"timeout": "did not end", "crashed": "crashed", "not-run": "was not run"}
    words |= {"garbled": "gave no answer", "environment": "cannot run here"}
    happened = words.get(forward.code, "raised")
    fact = f"the forward pass {happened}: {forward.fact}"
    return Pass(trouble=RunTrouble("not-run", fact, forward.location))


class _Call:
    """One forward and one backward call on fresh copies of the arrays of a request."""

    def __init__(self, implementation: Implementation, request: Request) -> None:
        self._implementation = implementation
        self._request = request
        self._left: Any = None
        self._forward_inputs: dict[str, Any] = {}
        self._returned: dict[str, Any] = {}
        self._keeps = _Keeps(implementation, request)

    def forward(self) -> Pass:
        """Call the forward pass; where there is none, nothing is called and nothing is wrong."""
        description = self._implementation.description
        provided = tuple(name for name in FORWARD_RESULTS if name in description.provides)
        if description.forward is None and not provided:
            return Pass()

        def run(own: Mapping[str, Any]) -> dict[str, Any]:
            results, self._left = self._implementation.run_forward(own, dict(self._request.sizes))
            return results

        # The upstream gradient is nothing that a forward pass could read.
        names = [name for name in self._request.arrays if name != "dout"]
        return self._call(run, provided, names)

    def backward(self) -> Pass:
        """Call the backward pass on what the forward pass left and on new copies."""
        provides = self._implementation.description.provides
        provided = tuple(name for name in BACKWARD_RESULTS if name in provides)

        def run(own: Mapping[str, Any]) -> dict[str, Any]:
            sizes = dict(self._request.sizes)
            return self._implementation.run_backward(own, sizes, self._left)

        return self._call(run, provided, list(self._request.arrays))

    def _call(
        self,
        run: Callable[[Mapping[str, Any]], dict[str, Any]],
        provided: tuple[str, ...],
        names: list[str],
    ) -> Pass:
        if self._request.traced:
            with uncollected():
                return self._called(run, provided, names)
        return self._called(run, provided, names)

    def _called(
        self,
        run: Callable[[Mapping[str, Any]], dict[str, Any]],
        provided: tuple[str, ...],
        names: list[str],
    ) -> Pass:
        keeps = self._keeps
        earlier = self._forward_inputs
        returned = self._returned
        traced = self._request.traced
        seconds = 0.0
        own: dict[str, Any] = {}
        try:
            with _silence():
                own = {name: keeps.own(name, self._request.arrays[name]) for name in names}
                before = keeps.seen(own)
                # A cache may hold what the forward pass was given.
                earlier_before = keeps.seen(earlier)
                # Whoever called the forward pass still uses what it returned.
                returned_before = keeps.seen(returned)
            start = _perf_counter()
            try:
                # Of its own, so that what the code asks of warnings ends with it.
                with _silence(), object_numpy() if on_objects(self._request) else nullcontext():
                    found = run(own)
            finally:
                seconds = _perf_counter() - start
            with _silence():
                inputs = [*own.values(), *earlier.values()]
                given = keeps.results(found, provided, inputs)
                changed = {
                    *keeps.changed(before, own),
                    *keeps.changed(earlier_before, earlier),
                    *keeps.changed(returned_before, returned),
                }
        except BaseException as error:
            inputs = [*own.values(), *earlier.values()]
            return Pass(trouble=trouble(error, inputs, traced=traced), seconds=seconds)
        self._forward_inputs = own
        self._returned = {name: found[name] for name in given.results if name in FORWARD_RESULTS}
        modified = tuple(name for name in (*self._request.arrays, *FORWARD_RESULTS)
                         if name in changed)  # fmt: skip
        return replace(given, modified=modified, seconds=seconds)


class _Keeps:
    """Convert and compare the arrays of an implementation, whatever they are made of."""

    def __init__(self, implementation: Implementation, request: Request) -> None:
        self._implementation = implementation
        self._traced = request.traced
        self._shapes = {name: array.shape for name, array in request.arrays.items()}

    def own(self, name: str, array: np.ndarray) -> Any:
        """Return a fresh array of the code's own kind."""
        return self._implementation.to_own(name, symbols(array) if self._traced else array)

    def seen(self, own: Mapping[str, Any]) -> dict[str, np.ndarray | None]:
        """Return copies of own arrays; None where one cannot be read back."""
        return {name: self._read(SAME_AXES.get(name, name), value) for name, value in own.items()}

    def changed(
        self, before: Mapping[str, np.ndarray | None], own: Mapping[str, Any]
    ) -> Iterator[str]:
        """Yield the names of the arrays that are not what they were."""
        for name, kept in before.items():
            if kept is None:
                continue
            now = self._read(SAME_AXES.get(name, name), own[name])
            if now is None or not same(kept, now):
                yield name

    def results(self, found: Any, provided: tuple[str, ...], inputs: list[Any]) -> Pass:
        """Return the results as arrays of the layer, and why some of them are none."""
        results: dict[str, np.ndarray] = {}
        troubles: dict[str, RunTrouble] = {}
        missing: dict[str, str] = {}
        misshapen: dict[str, str] = {}
        for name in provided:
            value = found.get(name)
            if value is None:
                missing[name] = "None was returned"
                continue
            if isinstance(value, Raised):
                troubles[name] = trouble(value.error, inputs)
                continue
            try:
                array = _asarray(self._implementation.from_own(name, value))
                wrong = self._too_large(name, array)
                if wrong:
                    misshapen[name] = wrong
                elif self._traced:
                    results[name] = polynomials(name, array)
                else:
                    results[name] = _numbers(array)
            except WrongAxes as error:
                misshapen[name] = str(error)
            except NotSupported:
                raise
            except _THEIRS as error:
                text = first_line(error)
                missing[name] = text if isinstance(error, ValueError) else named(error, text)
        return Pass(results, troubles=troubles, missing=missing, misshapen=misshapen)

    def _too_large(self, name: str, array: np.ndarray) -> str:
        """Say that a large result has another shape than it should, before it is copied."""
        given = next(key for key, result in SAME_AXES.items() if result == name)
        wanted = self._shapes.get(given)
        if array.size <= _MOST_WRONG or wanted in (None, array.shape):
            return ""
        return f"its shape is {array.shape}, and should be {wanted}"

    def _read(self, name: str, value: Any) -> np.ndarray | None:
        try:
            return _array(self._implementation.from_own(name, value), copy=True, subok=False)
        except _THEIRS:
            return None


def same(left: np.ndarray, right: np.ndarray) -> bool:
    """Tell whether two arrays are equal in shape, dtype and every entry; NaN equals NaN."""
    if left.shape != right.shape or left.dtype != right.dtype:
        return False
    if left.dtype == object:
        entries = left.ravel().tolist(), right.ravel().tolist()
        if _all(_map(_is, *entries)):
            return True
        pairs = zip(*entries, strict=True)
        return all(_same_entry(one, other) for one, other in pairs)
    if left.dtype.kind in "biu":
        return bool(_array_equal(left, right))
    return bool(((left == right) | ((left != left) & (right != right))).all())


def _same_entry(one: Any, other: Any) -> bool:
    if one is other:
        return True
    try:
        return bool(one == other) or bool(one != one and other != other)
    except _THEIRS:
        # Symbols refuse to be compared; another object stands for another value.
        return False


def _numbers(array: np.ndarray) -> np.ndarray:
    """Return a copy of a result, which the code may go on to change.

    Raises:
        NoNumber: when it has no entries to compare.
    """
    if array.dtype == object and any(type(entry) is Uninitialised for entry in array.flat):
        raise NoNumber("an entry of np.empty was never written")
    return plain_array(array)


def trouble(error: BaseException, inputs: list[Any], *, traced: bool = False) -> RunTrouble:
    """Say what ended a pass: by accident, on purpose, or because symbols do not go through.

    Args:
        error: what was raised; an interrupt from the keyboard is raised again.
        inputs: the arrays that the code was given, as it was given them.
        traced: whether the code ran on symbols, where an exception says nothing of the code.
    """
    found = origin(error, inputs)
    if isinstance(error, KeyboardInterrupt) and not found.raised_here:
        raise error
    fact = _fact(error, found)
    code: TroubleCode
    if traced:
        return unfollowed(fact, found.location)
    fault = "" if found.raised_here else environment_fault(error)
    if fault:
        return RunTrouble("environment", fault, found.location)
    if isinstance(error, SymconvError) and not found.raised_here:
        code = "not-run"
    else:
        code = "rejected" if found.on_purpose else "raised"
    return RunTrouble(code, fact, found.location)


def unfollowed(fact: str, location: str | None = None) -> RunTrouble:
    """Return the trouble of a run on symbols, which says nothing of the code."""
    return RunTrouble("not-run", f"symbols do not go through it: {fact}", location)


def _fact(error: BaseException, found: Origin) -> str:
    if isinstance(error, SymconvError):
        return error.fact
    text = first_line(error)
    if not text and isinstance(error, AssertionError) and found.condition:
        text = f"assert {found.condition}"
    return named(error, text)


def _differences(first: Pass, again: Pass) -> Pass:
    """Return the results that a second call did not give, or gave differently."""
    unstable = tuple(
        name
        for name, array in first.results.items()
        if name not in again.results or not same(array, again.results[name])
    )
    return Pass(unstable=unstable, seconds=again.seconds)


def _merged(first: Pass, again: Pass | None) -> Pass:
    if again is None:
        return first
    if again.trouble is not None:
        return Pass(trouble=again.trouble, seconds=first.seconds)
    return replace(first, unstable=again.unstable)


@contextmanager
def _silence() -> Iterator[None]:
    """Ignore warnings and floating-point flags, whatever the code under test asks for."""
    with warnings.catch_warnings(), _errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from looking through polynomials, which form no cycles."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
