"""Interrupted while people's code runs: no folder and no process is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runs import quick_rows

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no os.fork")

STAYS = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    time.sleep(600)
"""
LISTING = f"""<!-- symconv: layer conv2d -->

```python
{STAYS}
os.mkdir("made")
os.mkdir("made/inside")
os.chmod("made", 0)
os.mkdir({{witness!r}})
time.sleep(600)
```
"""
MODULE = f"""
def conv_forward(x, w, b, stride, pad):
    {STAYS.strip().replace(chr(10), chr(10) + "    ")}
    os.mkdir({{witness!r}})
    time.sleep(600)


def conv_backward(dout, x, w, b, stride, pad):
    return x, w, b
"""


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def of_session(mark: str) -> list[int]:
    """Return the processes that have a mark in their environment or arguments."""
    found: list[int] = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                text = (place / "environ").read_bytes() + (place / "cmdline").read_bytes()
                state = (place / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if mark.encode() in text and state != "Z":
                found.append(int(place.name))
    return found


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@quick_rows(1, "each row is interrupted in another way")
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="it looks into Linux's /proc")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("kind", ["listing", "module"])
def test_an_interrupt_leaves_no_folder_and_no_process(
    tmp_path: Path, temporary: Path, kind: str, name: str
) -> None:
    witness = tmp_path / "witness"
    text, place = (LISTING, "a.md") if kind == "listing" else (MODULE, "a.py")
    _ = (tmp_path / place).write_text(text.format(witness=str(witness)))
    listing = ["check", "--run-code", place]
    command = listing if kind == "listing" else ["test", "--seconds", "500", place]
    paths = os.pathsep.join(filter(None, sys.path))
    program = "from symconv.cli import main; main()"
    running = subprocess.Popen(
        [sys.executable, "-c", program, *command],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert eventually(witness.exists)
        mark = str(temporary)
        assert len(of_session(mark)) > 1
        running.send_signal(getattr(signal, name))
        _ = running.wait(timeout=20)
        assert eventually(lambda: not of_session(mark))
        assert eventually(lambda: not list(temporary.iterdir()))
    finally:
        running.kill()
