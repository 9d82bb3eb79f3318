"""Forward and backward passes that behave in every way but a good one, wrapped by hand.

The layer here is small: y = w*x + b entry by entry, so that what a test is about stands out.
`load` can be sent to another process by name.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from symconv.errors import NotSupported, UsageError
from symconv.implementations.model import RESULTS, Description, Implementation, Request

SIZES = {"N": 2, "S": 1, "P": 0}
X, W, B, DOUT = (np.array(values, dtype=float) for values in ([3, 4], [5, 6], [7, 8], [9, 10]))
Y, DX, DW, DB = W * X + B, DOUT * W, DOUT * X, DOUT


def request(dtype: Any = float, *, repeat: bool = False, traced: bool = False) -> Request:
    """A request at the one size there is."""
    if traced:
        arrays = {name: np.arange(2) + 10 * n for n, name in enumerate(("x", "w", "b", "dout"))}
        return Request(SIZES, arrays, repeat, traced=True)
    arrays = {"x": X, "w": W, "b": B, "dout": DOUT}
    return Request(SIZES, {name: array.astype(dtype) for name, array in arrays.items()}, repeat)


def forward(x: Any, w: Any, b: Any) -> tuple[Any, Any]:
    out = np.zeros(x.shape)
    out += x * w + b
    return out, (x, w, b)


def backward(dout: Any, cache: Any) -> Any:
    x, w, _ = cache
    return dout * w, dout * x, dout * 1


def rejecting(x: Any, w: Any, b: Any) -> Any:
    assert x.shape[0] % 3 == 0
    return forward(x, w, b)


def wrapped(
    forward: Callable[..., Any] | None = forward,
    backward: Callable[..., Any] = backward,
    provides: tuple[str, ...] = RESULTS,
    from_own: Callable[[str, Any], Any] = lambda _name, value: np.asarray(value),
) -> Implementation:
    def run_forward(own: Any, sizes: Any) -> Any:
        if forward is None:
            return {}, (own["x"], own["w"], own["b"])
        out, cache = forward(own["x"], own["w"], own["b"])
        return {"y": out}, cache

    def run_backward(own: Any, sizes: Any, cache: Any) -> Any:
        return dict(zip(RESULTS[1:], backward(own["dout"], cache), strict=True))

    return Implementation(
        Description(
            "theirs",
            "(x, w, b)",
            forward="forward" if forward else None,
            backward="backward",
            provides=provides,
        ),
        lambda _name, array: array.copy(),
        from_own,
        run_forward,
        run_backward,
    )


def load(name: str) -> Implementation:
    """Return an implementation by its name here."""
    made = globals()[name]()
    return made if isinstance(made, Implementation) else wrapped(*made)


def rejects() -> Any:
    return rejecting, backward


def right() -> Any:
    return forward, backward


def exits() -> Any:
    return lambda *_: os._exit(3), backward


def exits_in_backward() -> Any:
    return forward, lambda *_: os._exit(0)


def exits_in_a_later_forward() -> Any:
    calls: list[int] = []

    def fragile(x: Any, w: Any, b: Any) -> Any:
        calls.append(1)
        return forward(x, w, b) if len(calls) == 1 else os._exit(5)

    return fragile, backward


def exits_behind_a_later_backward() -> Any:
    def late(*arguments: Any) -> Any:
        global _IS_ARMED
        if _IS_ARMED:
            time.sleep(60)
        _IS_ARMED = True
        threading.Timer(0.2, os._exit, (6,)).start()
        return backward(*arguments)

    return forward, late


_IS_ARMED = False


def exits_on_zeros() -> Any:
    return lambda x, w, b: forward(x, w, b) if x.any() else os._exit(7), backward


def exits_on_objects() -> Any:
    def fussy(x: Any, w: Any, b: Any) -> Any:
        return forward(x, w, b) if x.dtype == float else os._exit(3)

    return fussy, backward


def faults() -> Any:
    return lambda *_: ctypes.string_at(0), backward


def kills_itself() -> Any:
    return forward, lambda *_: os.kill(os.getpid(), signal.SIGKILL)


def calls_exit() -> Any:
    return lambda *_: sys.exit("enough"), backward


def never_ends() -> Any:
    def turn(*_: Any) -> Any:
        while True:
            pass

    return turn, backward


def never_ends_in_backward() -> Any:
    return forward, never_ends()[0]


def never_ends_the_second_time() -> Any:
    calls: list[int] = []

    def again(*given: Any) -> Any:
        calls.append(1)
        return backward(*given) if len(calls) == 1 else never_ends()[0]()

    return forward, again


def sleeps_in_a_child() -> Any:
    def child(*given: Any) -> Any:
        _ = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        os._exit(4)

    return child, backward


def forks() -> Any:
    def child(*given: Any) -> Any:
        if os.fork() == 0:
            return forward(*given)
        return forward(*given)

    return child, backward


def prints() -> Any:
    def noisy(*given: Any) -> Any:
        print("x" * 2_000_000)
        print("y" * 2_000_000, file=sys.stderr)
        _ = os.write(1, b"z" * 1_000_000)
        _ = subprocess.run(["echo", "hello"], check=True)
        warnings.warn("careful", stacklevel=1)
        return forward(*given)

    return noisy, backward


def reads() -> Any:
    return lambda *_: input("a number, please: "), backward


SHARED = ((np, "array"), (np, "array_equal"), (np, "errstate"), (time, "perf_counter"))


def disturbs() -> Any:
    """Change everything that a process shares."""

    def changed(*given: Any) -> Any:
        found = forward(*given)
        os.chdir("/")
        sys.stdout = None
        for module, name in SHARED:
            setattr(module, name, None)
        warnings.simplefilter("error")
        return found

    return changed, backward


def leaves_threads() -> Any:
    def start(*given: Any) -> Any:
        threading.Thread(target=time.sleep, args=(60,)).start()
        return forward(*given)

    return start, backward


def returns_much() -> Any:
    def large(*given: Any) -> Any:
        return np.zeros(3_000_000), forward(*given)[1]

    return large, backward


def takes_memory() -> Any:
    return lambda *_: np.zeros(2**31), backward


def interrupts() -> Any:
    def stop(*_: Any) -> Any:
        raise KeyboardInterrupt("stop")

    return stop, backward


def counts() -> Any:
    calls: list[int] = []

    def counted(*given: Any) -> Any:
        calls.append(1)
        y, cache = forward(*given)
        return y * 0 + len(calls), cache

    return counted, backward


def not_supported() -> Any:
    raise NotSupported("a layer of another kind", help="none")


def exit_while_loading() -> Any:
    sys.exit(5)


def crash_while_loading() -> Any:
    os._exit(6)


def raise_while_loading() -> Any:
    return {}["forward"]


def usage_error() -> Any:
    raise UsageError("no function found", code="no-function", help="name it", location="a.py:3:1")


def gradients_only() -> Any:
    def alone(dout: Any, _cache: Any) -> Any:
        return dout * W, dout * X, dout

    return wrapped(None, alone, provides=RESULTS[1:])


def imports() -> Any:
    """Say what a new interpreter has imported, in the place of a name."""
    found = wrapped()
    return replace(found, description=replace(found.description, name=" ".join(sys.modules)))
