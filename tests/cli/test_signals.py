"""Ctrl-C and SIGTERM end the process with an exit code and no traceback, at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runs import quick_rows

FALSE = "<!-- symconv: layer conv2d -->\n\n$$\\frac{\\partial L}{\\partial b_f} = 0$$\n"
# Until Python has started there is nobody who could mind a signal, so each process says when
# its first line runs.
MARKED = (
    "import sys; from symconv.cli import main; import symconv.cli.streams as streams; "
    "first = streams.occupy_standard_streams; "
    "mark = lambda: (sys.stdout.write('.'), sys.stdout.flush(), first()); "
    "streams.occupy_standard_streams = mark; main("
)
WORKING = (
    "import sys, time, symconv.cli.running as running; from symconv.cli import main; "
    "running.exit_code = lambda _: (sys.stdout.write('.'), sys.stdout.flush(), time.sleep(60)); "
    "main("
)
MOMENTS = (0.0, 0.005, 0.02, 0.06, 0.15, 0.4)


@quick_rows(2, "every command minds signals by the same lines")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["verify", "check", "derive", "test"])
def test_a_signal_at_any_moment_ends_without_a_traceback(command, number, tmp_path: Path) -> None:
    file = tmp_path / "formula.md"
    _ = file.write_text(FALSE)
    code = tmp_path / "layers.py"
    _ = code.write_text(
        "def conv_forward_naive(x, w, b, conv_param):\n    while True:\n        pass\n"
    )
    arguments = {"check": ["check", str(file)], "derive": ["derive", "dL/dw"]}.get(
        command, [command] if command == "verify" else ["test", str(code)]
    )
    for moment in MOMENTS:
        ended, error = _ended_by(number, moment, arguments)
        assert ended in (128 + number, -number, 0, 1, 2), error
        assert "Traceback" not in error


@pytest.mark.parametrize(
    ("number", "code", "sentence"),
    [(signal.SIGINT, 130, "interrupted\n"), (signal.SIGTERM, 143, "ended by SIGTERM\n")],
)
def test_a_signal_at_work_ends_with_its_code(
    number: signal.Signals, code: int, sentence: str
) -> None:
    assert _ended_by(number, 0.0, [], WORKING) == (code, sentence)


def _ended_by(
    number: signal.Signals, moment: float, arguments: list[str], program: str = MARKED
) -> tuple[int, str]:
    with subprocess.Popen(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys; sys.path[:0] = {sys.path!r}; {program}{arguments!r})",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.read(1) == b"."
        time.sleep(moment)
        running.send_signal(number)
        _, error = running.communicate(timeout=60)
    return running.returncode, error.decode()


def test_a_signal_reaches_what_keeps_python_from_looking(tmp_path: Path) -> None:
    # One call that lasts for minutes and lets other threads run, as the solver's may.
    code = (
        "from symconv.cli.signals import end_on_signals; end_on_signals(); import os, threading; "
        "print('ready', flush=True); lock = threading.Lock(); lock.acquire(); "
        "import ctypes; ctypes.CDLL(None).pause(); ctypes.CDLL(None).sleep(300)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        running.send_signal(signal.SIGINT)
        _, error = running.communicate(timeout=60)
    assert (running.returncode, error) == (130, b"interrupted\n")


def test_a_child_that_is_forked_off_keeps_its_signals_to_itself() -> None:
    code = (
        "from symconv.cli.signals import end_on_signals; end_on_signals()\n"
        "import os, signal, time\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    signal.signal(signal.SIGINT, lambda *_: os._exit(5))\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(60)\n"
        "_, status = os.waitpid(child, 0)\n"
        "time.sleep(0.2)\n"
        "print(os.waitstatus_to_exitcode(status))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "5\n")


def test_a_file_that_is_being_replaced_is_finished_first(tmp_path: Path) -> None:
    target = tmp_path / "out.tex"
    code = (
        "from symconv.cli.signals import end_on_signals; end_on_signals()\n"
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from symconv.reports import files\n"
        "keep = files._keep_mode\n"
        "def interrupted(temporary, path):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    keep(temporary, path)\n"
        "files._keep_mode = interrupted\n"
        f"files.write_whole(Path({os.fspath(target)!r}), 'whole')\n"
        "import time; time.sleep(60)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 130
    assert target.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [target]


def test_nothing_slow_is_imported_before_signals_are_minded() -> None:
    # Until then Ctrl-C ends in a traceback of Python's own.
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}; import os, re; before = set(sys.modules); "
        "from symconv.cli import main; import symconv.cli.streams, symconv.cli.signals; "
        "print(*sorted(set(sys.modules) - before))"
    )
    ran = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, check=True)
    loaded = set(ran.stdout.decode().split())
    assert "symconv.cli.signals" in loaded
    assert loaded <= {
        *("symconv", "symconv.views", "symconv.cli", "symconv.cli.streams", "symconv.cli.signals"),
        *("__future__", "select", "signal"),
    }
