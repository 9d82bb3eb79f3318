"""What runs an implementation in a process of its own: a service of the sandbox."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from symconv.errors import SymconvError, UsageError
from symconv.implementations.calling.requests import steps, trouble
from symconv.implementations.model import Implementation, Request
from symconv.sandbox.serving import Service


def served(load: Callable[[], Implementation]) -> Service:
    """Load an implementation to be run by requests; each call gives one part of the answer.

    Raises:
        UsageError: when it cannot be loaded.
    """
    implementation = loaded(load)
    torch = sys.modules.get("torch")
    if torch is not None:
        # Its pool of threads does not survive a fork, and small arrays have no use for it.
        torch.set_num_threads(1)
    return Service(implementation.description, Request, partial(steps, implementation))


def loaded(load: Callable[[], Implementation]) -> Implementation:
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
        raise UsageError(
            f"it cannot be loaded: {found.fact}", code="load", location=found.location or ""
        ) from error
