"""The program that runs listings: a process of its own, with limits; imports nothing of ours.

It reads one JSON object from standard input and writes one JSON line per listing and site. The
limits keep a mistake from taking the machine along; they are no protection against malice,
which is why listings run only when they are asked to.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from typing import Any


def main() -> None:
    """Run every listing at every site, in order, in one namespace per site."""
    request = json.loads(sys.stdin.buffer.read())
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        _ = os.dup2(null, stream)
    import numpy as np

    _limit(request["bytes"])
    late: dict[int, dict[str, Any]] = {}
    for number, site in enumerate(request["sites"]):
        namespace: dict[str, Any] = {"__name__": "listing"}
        for listing in request["listings"]:
            # What was too slow at small sizes is not waited for again.
            answer = late.get(listing["number"]) or _answer(listing, site, namespace, request, np)
            if answer.get("error") == "timeout":
                late[listing["number"]] = answer
            told = {**answer, "listing": listing["number"], "site": number}
            _ = answers.write(json.dumps({**told, "token": request["token"]}) + "\n")
            answers.flush()
    # Threads that a listing left behind are not waited for.
    os._exit(0)


def _answer(
    listing: Any, site: Any, namespace: dict[str, Any], request: Any, np: Any
) -> dict[str, Any]:
    _prepare(namespace, site, request["collect"], np)
    answer = _run(listing["code"], listing["name"], namespace, request["seconds"])
    if "error" in answer:
        return answer
    try:
        answer = _collected(namespace, site["shapes"], np)
        _ = json.dumps(answer)
    except Exception as error:
        return {"error": "raised", "fact": _fact(error), "line": None}
    return answer


def _prepare(namespace: dict[str, Any], site: Any, collect: list[str], np: Any) -> None:
    """Give the names that the document declares their values, and forget earlier results."""
    for name in collect:
        _ = namespace.pop(name, None)
    namespace["np"] = namespace["numpy"] = np
    namespace.update(site["integers"])
    namespace["conv_param"] = dict(site["parameters"])
    for name, array in site["arrays"].items():
        namespace[name] = np.array(array["values"], dtype="float64").reshape(array["shape"])


def _run(code: str, name: str, namespace: dict[str, Any], seconds: float) -> dict[str, Any]:
    def ring(_signal: int, _frame: object) -> None:
        raise _TimeIsUp

    previous = signal.signal(signal.SIGALRM, ring)
    _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        exec(compile(code, name, "exec", dont_inherit=True), namespace)  # noqa: S102, what --run-code is for
    except _TimeIsUp:
        return {"error": "timeout", "fact": f"still running after {seconds:g} s"}
    except BaseException as error:
        lines = [item.lineno for item in traceback.extract_tb(error.__traceback__)
                 if item.filename == name]  # fmt: skip
        return {"error": "raised", "fact": _fact(error), "line": lines[-1] if lines else None}
    finally:
        _ = signal.setitimer(signal.ITIMER_REAL, 0)
        _ = signal.signal(signal.SIGALRM, previous)
    return {}


def _collected(namespace: dict[str, Any], shapes: dict[str, list[int]], np: Any) -> dict[str, Any]:
    """Return the results: their shapes, and their values where the shape is the right one.

    What is no array of real numbers is no result, and is only named; None is a placeholder.
    """
    arrays: dict[str, Any] = {}
    others: dict[str, str] = {}
    for name, shape in shapes.items():
        value: Any = namespace.get(name)
        if value is None:
            continue
        if not isinstance(value, np.ndarray):
            others[name] = f"of type {type(value).__name__}"
            continue
        found = {"shape": list(value.shape), "values": None}
        if found["shape"] == shape:
            flat = [item.item() if hasattr(item, "item") else item for item in value.reshape(-1)]
            if not all(isinstance(item, int | float) for item in flat):
                others[name] = f"an array of {value.dtype}"
                continue
            found["values"] = flat
        arrays[name] = found
    return {"arrays": arrays, "others": others}


def _fact(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".split("\n", maxsplit=1)[0][:300]


def _limit(most_bytes: int) -> None:
    """Limit memory and forbid writing files, where the system can."""
    try:
        import resource
    except ImportError:
        return
    for kind, value in ((resource.RLIMIT_AS, most_bytes), (resource.RLIMIT_FSIZE, 0)):
        _, hard = resource.getrlimit(kind)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, hard))


class _TimeIsUp(BaseException):
    """Raised in a listing that runs too long; no `except Exception` catches it."""


if __name__ == "__main__":
    main()
