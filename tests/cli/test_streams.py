"""Standard streams that are closed, full, poor in characters or left early."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from symconv.cli import run
from tests.runs import quick_rows

RIGHT = "# Größen ∂ 😀\n\n$$k = k$$\n\n$$k = k - \\text{größer ∂ 😀}$$\n"
COMMANDS = (["--help"], ["latex", "dL/db"], ["check", "{file}"], ["check", "--json", "{file}"])
ASCII = {"PYTHONIOENCODING": "ascii"}
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LATIN = {"PYTHONIOENCODING": "latin-1"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "größe ∂ 😀.md"
    _ = file.write_text(RIGHT)
    return file


def shell(line: str, file: Path | str = "", **environment: str) -> tuple[int, bytes, str]:
    """Run a line of bash in which SYMCONV is the command; return its exit code and outputs."""
    command = line.replace("SYMCONV", f"{sys.executable} -m symconv").replace("{file}", f"'{file}'")
    finished = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True,
        env={**os.environ, **environment},
    )
    error = finished.stderr.decode(errors="replace")
    assert "Traceback" not in error
    return finished.returncode, finished.stdout, error


@quick_rows(1, "each row is one command more, by the same path of output")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", COMMANDS)
def test_output_that_is_lost_is_never_a_success(arguments, unbuffered, file: Path) -> None:
    command = f"SYMCONV {' '.join(arguments)}"
    for place in (">&-", ">/dev/full"):
        code, _, error = shell(f"{command} {place}", file, PYTHONUNBUFFERED=unbuffered)
        assert code == 2, error
        assert "symconv: error[" in error


@quick_rows(1, "each row is one command more, by the same path of output")
@pytest.mark.parametrize("arguments", COMMANDS)
def test_other_streams_change_nothing(arguments, file: Path) -> None:
    command = f"SYMCONV {' '.join(arguments)}"
    expected, out, _ = shell(command, file)
    for place in ("<&-", "2>&-", "2>/dev/full", "<&- 2>&-"):
        code, seen, _ = shell(f"{command} {place}", file, PYTHONUNBUFFERED="1")
        assert code == expected
        assert len(seen) == pytest.approx(len(out), abs=40)  # times differ
    code, _, error = shell(f"{command} | true; exit ${{PIPESTATUS[0]}}", file)
    assert (code, error) == (expected, "")


def test_what_goes_wrong_keeps_its_code_where_nobody_listens() -> None:
    for place in ("2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-", "2>&1 | true"):
        assert shell(f"SYMCONV check nowhere.md {place}; exit ${{PIPESTATUS[0]}}")[0] == 2


def test_standard_input_that_is_closed_is_told() -> None:
    code, _, error = shell("SYMCONV check - <&-")
    assert code == 2
    assert "cannot read <stdin>" in error


@quick_rows(1, "each row is one more encoding that lacks them")
@pytest.mark.parametrize("environment", [ASCII, LATIN, C_LOCALE])
def test_characters_that_a_terminal_lacks_are_escaped(environment, file: Path) -> None:
    expected, plain, _ = shell("SYMCONV check --json {file}", file)
    code, out, error = shell("SYMCONV check {file}", file, **environment)
    assert (code, error) == (expected, "")
    assert out.isascii() or environment is LATIN
    assert rb"\u" in out
    code, out, error = shell("SYMCONV check --json {file}", file, **environment)
    assert (code, error) == (expected, "")
    text = json.loads(out.decode("latin-1"))["results"][1]["statement"]
    assert text == json.loads(plain)["results"][1]["statement"]
    code, _, error = shell("SYMCONV check größe.md", **environment)
    assert code == 2
    assert "cannot read gr" in error


def test_names_that_are_no_text_are_escaped(tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.md"))
    _ = file.write_text("$$k = k$$\n")
    code, out, _ = shell("SYMCONV check " + os.fsencode(tmp_path).decode() + "/a*.md")
    assert code in (0, 1, 3)
    assert rb"a\udcff.md:1:3" in out
    code, _, error = shell("SYMCONV check $'\\xfe.md'")
    assert (code, r"cannot read \udcfe.md" in error) == (2, True)


def test_a_folder_that_is_gone_is_no_internal_error(tmp_path: Path, file: Path) -> None:
    gone = tmp_path / "gone"
    line = f"mkdir '{gone}'; cd '{gone}'; rmdir '{gone}'; "
    assert (
        shell(f"{line} SYMCONV check {{file}}", file)[0] == shell("SYMCONV check {file}", file)[0]
    )
    for command in ("check here.md", "latex dL/db -o out.tex", "test here.py"):
        assert shell(f"{line} SYMCONV {command}")[0] == 2


def test_what_the_system_refuses_is_told_as_that(monkeypatch, capsys) -> None:
    for refusal, words in (
        (PermissionError(1, "not permitted"), "not permitted"),
        (MemoryError(), "memory"),
    ):

        def refuse(*_: object, refusal: Exception = refusal, **__: object) -> None:
            raise refusal

        monkeypatch.setattr("symconv.derivations.steps.derive", refuse)
        assert run(["derive", "dL/db"]) == 2
        assert words in capsys.readouterr().err
