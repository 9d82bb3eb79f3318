"""What holds around tests that start processes."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Iterator

import pytest


@pytest.fixture
def without_jax(monkeypatch):
    """Other tests of this process may have imported jax, beside which nothing is forked."""
    if "jax" in sys.modules:
        monkeypatch.delitem(sys.modules, "jax")


@pytest.fixture
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left: queue.SimpleQueue[threading.Thread] = queue.SimpleQueue()
    for thread in threading.enumerate():
        if thread not in before:
            thread.join(timeout=5.0)
            if thread.is_alive():
                left.put(thread)
    assert left.empty()
