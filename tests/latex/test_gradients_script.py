"""The script that writes the output and every gradient."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from click.testing import CliRunner

SCRIPT = Path(__file__).parents[2] / "scripts" / "gradients_to_latex.py"
SMALL = "N=1,C=1,H=2,W=2,F=1,HH=2,WW=1,S=1,P=0"


@pytest.fixture(scope="module")
def command():
    specification = importlib.util.spec_from_file_location("gradients_to_latex", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.main


def test_the_formulas_are_one_document(command) -> None:
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 0
    assert result.stdout.startswith("\\documentclass")
    assert result.stdout.endswith("\\end{document}\n")
    for name in ("y", "dL/dw", "dL/db", "dL/dx"):
        assert f"\\subsection*{{{name}}}" in result.stdout
    assert r"\frac{\partial L}{\partial w_{f',c',i,j}} = \sum_{n=0}^{N-1}" in result.stdout


def test_fragments_have_no_document_around_them(command) -> None:
    result = CliRunner().invoke(command, ["--fragment", "--derivative", "d"])
    assert result.exit_code == 0
    assert result.stdout.startswith("\\subsection*{y}\n\n\\[\n")
    assert r"\frac{d\mathcal{L}}{db_{f'}}" in result.stdout
    assert "document" not in result.stdout


def test_closed_forms_are_written_to_a_file(command, tmp_path: Path) -> None:
    target = tmp_path / "entries.tex"
    result = CliRunner().invoke(command, ["--sizes", SMALL, "-o", str(target)])
    assert (result.exit_code, result.stdout) == (0, "")
    text = target.read_text(encoding="utf-8")
    assert r"y_{0,0,0,1} &= x_{0,0,0,1} w_{0,0,0,0}" in text
    assert f"conv2d at {SMALL}" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sizes", "N=1"], "no value for C"),
        (["--sizes", SMALL.replace("H=2", "H=0", 1)], "H must be at least 1"),
        (["--sizes", SMALL.replace("N=1,C=1,H=2", "N=9,C=99,H=999")], "has up to"),
        (["-o", "/nowhere/at/all.tex"], "cannot write /nowhere/at/all.tex"),
        (["--derivative", "D"], "--derivative"),
    ],
)
def test_bad_requests_end_with_one_clear_message(command, arguments, message: str) -> None:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
