"""Listings run in processes of their own, with an eye on each answer.

A listing that is stuck where nothing interrupts it, or that ends its process, is blamed and
left out; the others are run again without it. So one listing never takes another's verdict.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, TypeAlias

Answers: TypeAlias = dict[tuple[int, int], dict[str, Any]]
"""What is known of a listing, by its number and that of the site."""

PROGRAM = Path(__file__).with_name("listing_process.py")
SECONDS_TO_START = 20.0
SECONDS_TO_ANSWER = 2.0
"""How long an answer may take besides the time that its listing may run."""
MOST_ANSWERED = 64 * 2**20


def listing_answers(request: dict[str, Any]) -> Answers:
    """Run listings at sites, in order, and return what each left or why it failed.

    Args:
        request: what `listing_process` reads: ``listings``, ``sites``, ``collect``,
            ``seconds`` and ``bytes``.

    Returns:
        An answer for every listing at every site, up to the first site at which it ended its
        process or could not be interrupted.
    """
    found: Answers = {}
    listings = list(request["listings"])
    while listings:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            stopped = _run({**request, "listings": listings}, folder, found)
        if stopped is None:
            break
        listings = [item for item in listings if item["number"] != stopped]
    return found


def _run(request: dict[str, Any], folder: str, found: Answers) -> int | None:
    """Run one process; return the number of the listing with which it stopped, or None."""
    token = secrets.token_hex(8)
    pairs = [
        (item["number"], site)
        for site in range(len(request["sites"]))
        for item in request["listings"]
    ]
    environment = {
        name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "LANG")
    }
    with subprocess.Popen(
        [sys.executable, "-I", str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={**environment, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    ) as process:
        try:
            assert process.stdin is not None, "the request is written to a pipe"
            with suppress(BrokenPipeError), process.stdin:
                _ = process.stdin.write(json.dumps({**request, "token": token}).encode())
            lines = _lines(process, request["seconds"])
            for number, site in pairs:
                answer = _answer(lines, token, (number, site))
                if answer is None:
                    found[number, site] = _why(process, request["seconds"])
                    return number
                _ = found.setdefault((number, site), answer)
        finally:
            # Whatever a listing has started ends with it.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    return None


def _answer(lines: Iterator[bytes], token: str, pair: tuple[int, int]) -> dict[str, Any] | None:
    """Return the next answer, or None when there is none in time."""
    for line in lines:
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        # A listing may have found the pipe; it does not know the token.
        if isinstance(answer, dict) and answer.get("token") == token:
            assert (answer["listing"], answer["site"]) == pair, "answers come in order"
            return answer
    return None


def _lines(process: subprocess.Popen[bytes], seconds: float) -> Iterator[bytes]:
    """Yield what a process writes, line by line, as long as it goes on in time."""
    assert process.stdout is not None, "the answers come through a pipe"
    descriptor = process.stdout.fileno()
    deadline = monotonic() + SECONDS_TO_START + seconds
    rest = b""
    with selectors.DefaultSelector() as selector:
        _ = selector.register(descriptor, selectors.EVENT_READ)
        while len(rest) < MOST_ANSWERED and selector.select(max(0.0, deadline - monotonic())):
            got = os.read(descriptor, 2**16)
            if not got:
                return
            *whole, rest = (rest + got).split(b"\n")
            for line in whole:
                yield line
                deadline = monotonic() + SECONDS_TO_ANSWER + seconds


def _why(process: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
    """Say why a process stopped answering."""
    try:
        code = process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        return {
            "error": "timeout",
            "fact": f"still running after {seconds:g} s, and not to be interrupted",
        }
    ended = f"by the signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
    return {"error": "process-ended", "fact": f"the process ended {ended}"}
