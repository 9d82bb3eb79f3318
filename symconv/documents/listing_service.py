"""What runs the listings of a document, in a process of its own: a service of the sandbox.

Listings run one after the other in one namespace per choice of sizes, as the cells of a notebook
do. What they leave is told as plain numbers; whether it is right is not known here.
"""

from __future__ import annotations

import signal
import traceback
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from symconv.sandbox.entries import plain_array
from symconv.sandbox.excerpts import first_line, named
from symconv.sandbox.serving import Service, running

_errstate = np.errstate
_NUMBERS = "biuf"
_MOST_ITEM_BYTES = 8


@dataclass(frozen=True, slots=True)
class ListingSizes:
    """What listings are given at one choice of sizes.

    Attributes:
        number: which choice it is; another number starts a new namespace.
        integers: sizes by the names that the document gives them.
        parameters: what ``conv_param`` holds.
        arrays: the inputs by name, whole numbers.
        shapes: the shapes of the results that are looked for, by name; the values of a result of
            another shape are not told.
    """

    number: int
    integers: Mapping[str, int]
    parameters: Mapping[str, int]
    arrays: Mapping[str, np.ndarray]
    shapes: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class ListingRequest:
    """Run one listing.

    Attributes:
        code: its text.
        name: what its frames are called.
        site: what it is given.
        seconds: how long it may run.
    """

    code: str
    name: str
    site: ListingSizes
    seconds: float


@dataclass(frozen=True, slots=True)
class LeftArray:
    """An array that a listing left.

    Attributes:
        shape: its shape.
        values: its entries, where it has the shape that was looked for.
    """

    shape: tuple[int, ...]
    values: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class ListingAnswer:
    """What a listing left, or why it left nothing.

    Attributes:
        error: a code, such as ``raised`` or ``timeout``; None where it came to its end.
        fact: what happened, in a clause.
        line: the line of the listing in which it happened.
        arrays: the results by name.
        others: what is no array of real numbers, by name, in a clause.
        leaves_running: whether threads or processes of it go on.
    """

    error: str | None = None
    fact: str = ""
    line: int | None = None
    arrays: Mapping[str, LeftArray] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    leaves_running: bool = False


def listings_served() -> Service:
    """Make the service; there is nothing to load."""
    return Service(None, ListingRequest, _Runs().answers)


class _Runs:
    """The namespace of one choice of sizes at a time."""

    def __init__(self) -> None:
        self._site = -1
        self._namespace: dict[str, Any] = {}

    def answers(self, request: ListingRequest) -> Iterator[ListingAnswer]:
        """Run a listing and say what it left."""
        site = request.site
        if site.number != self._site:
            self._site, self._namespace = site.number, {"__name__": "listing"}
        _prepare(self._namespace, site)
        before = running()
        with warnings.catch_warnings(), _errstate():
            answer = _run(request, self._namespace)
        if answer.error is None:
            answer = _collected(self._namespace, site.shapes)
        yield replace(answer, leaves_running=running() > before)


def _prepare(namespace: dict[str, Any], site: ListingSizes) -> None:
    """Give the names that the document declares their values, and forget earlier results."""
    for name in site.shapes:
        _ = namespace.pop(name, None)
    namespace["np"] = namespace["numpy"] = np
    namespace.update(site.integers)
    namespace["conv_param"] = dict(site.parameters)
    for name, array in site.arrays.items():
        namespace[name] = array.astype("float64")


def _run(request: ListingRequest, namespace: dict[str, Any]) -> ListingAnswer:
    def ring(_signal: int, _frame: object) -> None:
        raise _TimeIsUp

    try:
        previous = signal.signal(signal.SIGALRM, ring)
        _ = signal.setitimer(signal.ITIMER_REAL, request.seconds)
        try:
            code = compile(request.code, request.name, "exec", dont_inherit=True)
            # This process has the sandbox's limits and nothing of ours to lose.
            exec(code, namespace)  # noqa: S102 -- to run the listing is what --run-code asks for
        finally:
            _ = signal.setitimer(signal.ITIMER_REAL, 0)
            _ = signal.signal(signal.SIGALRM, previous)
    except _TimeIsUp:
        return ListingAnswer("timeout", f"still running after {request.seconds:g} s")
    except BaseException as error:
        lines = [
            item.lineno
            for item in traceback.extract_tb(error.__traceback__)
            if item.filename == request.name
        ]
        return _raised(error, lines[-1] if lines else None)
    return ListingAnswer()


def _raised(error: BaseException, line: int | None = None) -> ListingAnswer:
    return ListingAnswer("raised", named(error, first_line(error)), line)


def _collected(
    namespace: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]
) -> ListingAnswer:
    """Return the results.

    What is no array of real numbers is no result, and is only named; None is a placeholder.
    """
    answer = ListingAnswer()
    for name, shape in shapes.items():
        value: Any = namespace.get(name)
        if value is None:
            continue
        try:
            answer = _with_result(answer, name, value, shape)
        except BaseException as error:
            return _raised(error)
    return answer


def _with_result(
    answer: ListingAnswer, name: str, value: Any, shape: tuple[int, ...]
) -> ListingAnswer:
    if not issubclass(type(value), np.ndarray):
        what = f"of type {type(value).__name__[:80]}"
        return replace(answer, others={**answer.others, name: what})
    array = np.asarray(value)
    left = LeftArray(array.shape)
    if array.shape == shape:
        if not _holds_reals(array):
            what = f"an array of {str(array.dtype)[:80]}"
            return replace(answer, others={**answer.others, name: what})
        left = LeftArray(array.shape, plain_array(array))
    return replace(answer, arrays={**answer.arrays, name: left})


def _holds_reals(array: np.ndarray) -> bool:
    if array.dtype == object:
        return all(issubclass(type(entry), int | float | np.number) for entry in array.flat)
    return array.dtype.kind in _NUMBERS and array.dtype.itemsize <= _MOST_ITEM_BYTES


class _TimeIsUp(BaseException):
    """Raised in a listing that runs too long; no `except Exception` catches it."""
