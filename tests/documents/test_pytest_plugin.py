"""Documents as pytest items, in runs of pytest on a folder of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RIGHT = (
    "<!-- symconv: layer conv2d -->\n$x$\n\n"
    r"$\frac{\partial y_{n,f,k,l}}{\partial b_g} = \delta_{f,g}$" + "\n"
)
WRONG = RIGHT.replace("= \\delta", "= 2\\delta")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "right.md").write_text(RIGHT)
    (tmp_path / "docs" / "notes.txt").write_text("$not = math$")
    (tmp_path / "test_one.py").write_text("def test_one():\n    pass\n")
    return tmp_path


def test_each_equality_is_an_item_named_by_its_line_and_text(project: Path, run_pytest) -> None:
    code, out = run_pytest("--symconv", "docs")
    assert code == 0, out
    assert "docs/right.md::4:2 \\frac{\\partial y_{n,f,k,l}}" in out
    assert "2 passed" in out


def test_a_false_equality_fails_with_the_message_of_its_verdict(project: Path, run_pytest) -> None:
    (project / "docs" / "wrong.md").write_text(WRONG)
    code, out = run_pytest("--symconv=docs")
    assert code == 1
    assert "1 failed, 2 passed" in out
    assert "docs/wrong.md:4:2: refuted[different]" in out
    assert "left is 1, right is 2" in out
    assert "Traceback" not in out


def test_two_lines_of_configuration_are_enough(project: Path, run_pytest) -> None:
    (project / "docs" / "right.md").write_text(RIGHT.split("\n", 1)[1])
    (project / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\naddopts = ["--symconv=docs", "--symconv-layer=conv2d"]\n'
    )
    code, out = run_pytest()
    assert code == 0, out
    assert "2 passed" in out


def test_a_layer_of_ones_own_is_named_on_the_command_line_and_not_in_a_configuration(
    project: Path, run_pytest
) -> None:
    (project / "own.py").write_text("from symconv import conv2d\n")
    (project / "docs" / "right.md").write_text(RIGHT.split("\n", 1)[1])
    code, out = run_pytest("--symconv=docs", "--symconv-layer=own.py:conv2d")
    assert code == 0, out
    (project / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\naddopts = ["--symconv=docs", "--symconv-layer=own.py:conv2d"]\n'
    )
    code, out = run_pytest()
    assert code == 2
    assert "own.py:conv2d is a file, and no name of a layer" in out


@pytest.mark.usefixtures("project")
def test_without_the_option_no_document_is_collected(run_pytest) -> None:
    code, out = run_pytest()
    assert code == 0
    assert "1 passed" in out


@pytest.mark.usefixtures("project")
def test_a_document_outside_of_what_is_collected_is_visited_once(run_pytest) -> None:
    code, out = run_pytest("--symconv=docs/right.md", "--symconv=docs", "test_one.py")
    assert code == 0, out
    assert "2 passed" in out


def test_what_cannot_be_read_is_an_error(project: Path, run_pytest) -> None:
    code, out = run_pytest("--symconv=nowhere")
    assert code == 4
    assert "nowhere" in out
    (project / "docs" / "bad.ipynb").write_text("{")
    code, out = run_pytest("--symconv=docs")
    assert code == 2
    assert "bad.ipynb:1:2" in out


def test_loading_the_plugin_imports_neither_the_prover_nor_sympy() -> None:
    program = (
        "import sys, symconv.pytest_plugin\n"
        "print([name for name in ('z3', 'sympy', 'numpy', 'symconv.proof') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_failure_under_assumptions_fails_as_any_other(project: Path, run_pytest) -> None:
    text = "<!-- symconv: layer conv2d; assume P >= 1 -->\n$b_f = b_f + 1$\n\n$b_f = b_f$\n"
    (project / "docs" / "right.md").write_text(text)
    code, out = run_pytest("--symconv=docs")
    assert code == 1
    assert "1 failed, 2 passed" in out
    assert "refuted[different]: b_f = b_f + 1" in out


def test_an_item_names_what_its_verdict_supposes(project: Path, run_pytest) -> None:
    (project / "docs" / "right.md").write_text(
        "<!-- symconv: size S, M; array g (M) -->\n# A\n<!-- symconv: assume S = 1 -->\n"
        "$S g_k = g_k$\n\n$S g_k = 2 g_k$\n# B\n$g_k = g_k$\n"
    )
    code, out = run_pytest("--symconv=docs")
    assert code == 1
    assert "docs/right.md::4:2 S g_k = g_k where S = 1 PASSED" in out
    assert "docs/right.md:6:2: refuted where S = 1[different]" in out
    assert "docs/right.md::8:2 g_k = g_k PASSED" in out
