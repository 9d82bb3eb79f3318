"""The README is true: its examples run, and print what they show."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs import quick_rows

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
CONSOLE = [block for language, block in BLOCKS if language == "console"]
PYTHON = [block for language, block in BLOCKS if language == "python"]
SHELL = [block for language, block in BLOCKS if language == "sh"]


def sessions() -> list[tuple[str, str]]:
    """Return every command that the README shows, with the output under it."""
    found: list[tuple[str, str]] = []
    for block in CONSOLE:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            while command.endswith("\\"):
                more, _, output = output.partition("\n")
                command = command[:-1] + more.strip()
            found.append((command, output))
    return found


@quick_rows(4, "each command is run with other arguments by tests of its own")
@pytest.mark.parametrize(("command", "output"), sessions(), ids=[c for c, _ in sessions()])
def test_a_command_prints_what_the_readme_shows(command: str, output: str, tmp_path: Path) -> None:
    program, *arguments = shlex.split(command)
    if program == "symconv":
        call = [sys.executable, "-m", "symconv", *arguments]
    else:
        assert program == "python", "the README runs symconv and its scripts"
        call = [sys.executable, *arguments]
    finished = subprocess.run(
        call,
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "TMPDIR": str(tmp_path)},
    )
    assert finished.stdout + finished.stderr == output.rstrip("\n") + "\n"


def test_the_python_examples_run_in_the_order_in_which_they_are_read() -> None:
    namespace: dict[str, object] = {"__name__": "readme"}
    for block in PYTHON:
        exec(compile(block, "README.md", "exec"), namespace)
    assert len(PYTHON) >= 3


def test_there_are_exactly_two_set_up_commands_and_the_gate_runs_them() -> None:
    commands = [block.strip() for block in SHELL if "venv" in block]
    assert len(commands) == 2
    assert all(command.startswith("python3 -m venv ") for command in commands)
    main_job, tests = commands
    assert main_job.endswith("symconv verify")
    assert "pytest" in tests
    gate = (ROOT / "scripts" / "check.sh").read_text(encoding="utf-8")
    assert "readme_command 'symconv verify'" in gate
    assert "readme_command pytest" in gate


def test_links_into_the_repository_lead_somewhere() -> None:
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", prose)
    assert targets
    for target in targets:
        assert (ROOT / target).exists(), target
