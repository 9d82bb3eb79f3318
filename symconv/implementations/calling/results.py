"""What a forward or a backward pass returns, by the names of the layer's results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symconv.code.names import RESULT_BY_INPUT, gradient_of, role_of
from symconv.implementations.model import BACKWARD_RESULTS


@dataclass(frozen=True, slots=True)
class NoArray:
    """What stands for a result that cannot be had from what a function returned.

    Attributes:
        reason: why, in one clause.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Raised:
    """What stands for a result whose computation raised, while others were computed.

    Attributes:
        error: what was raised.
    """

    error: Exception


def output_and_cache(returned: Any) -> tuple[Any, Any]:
    """Split what a forward pass returned into y, and what the backward pass needs of it.

    ``y`` alone, ``(y, cache)``, ``(y, several, things)`` and a dictionary with a ``y`` are read.
    """
    if isinstance(returned, Mapping):
        for key, value in returned.items():
            if isinstance(key, str) and role_of(key, "backward") == "y":
                return value, returned
        return NoArray(f"the dictionary has no y, only {_keys(returned)}"), returned
    if isinstance(returned, tuple):
        match returned:
            case ():
                return NoArray("an empty tuple was returned"), None
            case (y,):
                return y, None
            case (y, cache):
                return y, cache
            case (y, *cache):
                return y, tuple(cache)
    return returned, None


def gradients(returned: Any) -> dict[str, Any]:
    """Return the gradients by name: from a tuple in the order dx, dw, db, or by their names.

    A tuple is never put into another order than it has: one in the wrong order is a mistake.
    """
    if returned is None:
        return dict.fromkeys(BACKWARD_RESULTS)
    if isinstance(returned, Mapping):
        return _by_name(returned, "the dictionary")
    if isinstance(returned, (tuple, list)) and not _is_nested_list(returned):
        fields = getattr(returned, "_fields", ())
        if fields and all(gradient_of(field) for field in fields):
            return _by_name(dict(zip(fields, returned, strict=True)), "the tuple")
        match returned:
            case (dx, [dw, db]) if not any(isinstance(one, int | float | list) for one in (dw, db)):
                # Parameters are often returned together.
                returned = dx, dw, db
            case (dx, Mapping() as others):
                return {**_by_name(others, "the dictionary"), BACKWARD_RESULTS[0]: dx}
            case _:
                pass
        if len(returned) not in (1, 2, 3):
            return _absent(f"{len(returned)} values were returned, not dx, dw and db")
        number = "one value was" if len(returned) == 1 else f"{len(returned)} values were"
        return {
            **_absent(f"{number} returned, taken for {_SHORT[len(returned)]}"),
            **dict(zip(BACKWARD_RESULTS, returned, strict=False)),
        }
    attributes = {
        name: getattr(returned, name)
        for name in (*getattr(type(returned), "__slots__", ()), *getattr(returned, "__dict__", ()))
        if gradient_of(name) is not None
    }
    if attributes:
        return _by_name(attributes, "the object")
    return {**_absent("one array was returned, taken for dx"), BACKWARD_RESULTS[0]: returned}


_SHORT = {1: "dx", 2: "dx and dw", 3: "dx, dw and db"}


def _absent(reason: str) -> dict[str, Any]:
    return dict.fromkeys(BACKWARD_RESULTS, NoArray(reason))


def no_gradients(reason: str) -> dict[str, Any]:
    """Return a reason in the place of every gradient."""
    return _absent(reason)


def _by_name(values: Mapping[Any, Any], what: str) -> dict[str, Any]:
    found: dict[str, Any] = dict.fromkeys(BACKWARD_RESULTS)
    hit = False
    for key, value in values.items():
        result = gradient_of(key) or RESULT_BY_INPUT.get(role_of(key, "forward") or "")
        if result is not None:
            found[result], hit = value, True
    if not hit:
        return no_gradients(f"{what} has no dx, dw or db, only {_keys(values)}")
    return found


def _keys(values: Mapping[Any, Any]) -> str:
    return ", ".join(str(key) for key in values) or "nothing"


def _is_nested_list(value: Any) -> bool:
    """Tell a list of lists of numbers, which is one array, from a list of three arrays."""
    if not isinstance(value, list) or not value:
        return False
    first = value[0]
    depth = 1
    while isinstance(first, list) and first:
        first, depth = first[0], depth + 1
    # dx, dw, db as nested lists are deeper than any one of them.
    return depth in (3, 4)
