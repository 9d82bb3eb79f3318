"""The command `symconv derive`: output, files, exit codes, bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from symconv import cli
from symconv.algebra.expressions import Expression
from symconv.derivations import steps


@pytest.fixture
def symconv(capsys: pytest.CaptureFixture[str]):
    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def spoiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let differentiation count everything twice."""
    honest = steps.differentiate

    def twice(expression: Expression, *given: Any, **named: Any) -> Expression:
        found = honest(expression, *given, **named)
        return found + found

    monkeypatch.setattr(steps, "differentiate", twice)


@pytest.mark.parametrize(
    ("document_format", "sign"),
    [
        ("latex", "\n\\begin{align*}\n"),
        ("markdown", "\n$$\n\\begin{align*}\n"),
        ("text", "\n(1) = "),
    ],
)
def test_derive_prints_a_derivation(symconv, document_format, sign) -> None:
    code, out, err = symconv("derive", "dy/db", "--format", document_format)
    assert (code, err) == (0, "")
    assert sign in out
    assert out.endswith("\n")
    assert not out.endswith("\n\n")


def test_derive_writes_latex_unless_told_otherwise(symconv) -> None:
    assert symconv("derive", "dy/db") == symconv("derive", "dy/db", "--format", "latex")


def test_derive_writes_a_file_by_its_ending(symconv, tmp_path: Path) -> None:
    code, out, err = symconv("derive", "dy/db", "-o", str(tmp_path / "notes.md"))
    assert (code, out, err) == (0, "", "")
    assert (tmp_path / "notes.md").read_text(encoding="utf-8").startswith("# Derivation of dy/db\n")
    code, _, _ = symconv("derive", "dy/db", "--format", "text", "-o", str(tmp_path / "b.md"))
    assert code == 0
    assert (tmp_path / "b.md").read_text(encoding="utf-8").startswith("Derivation of dy/db\n")


def test_derive_writes_a_whole_document(symconv) -> None:
    code, out, _ = symconv("derive", "dy/db", "--standalone", "--derivative", "d")
    assert code == 0
    assert out.startswith("\\documentclass")
    assert "\\partial" not in out


@pytest.mark.parametrize("document_format", ["markdown", "text"])
def test_only_latex_can_stand_alone(symconv, document_format) -> None:
    code, out, err = symconv("derive", "dy/db", "--standalone", "--format", document_format)
    assert (code, out) == (2, "")
    assert "--standalone goes with --format latex" in err


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("dL/dz", "conv2d has no array z"),
        ("dL", "'dL' is neither an array of conv2d nor a gradient"),
        ("dL/dx:contracted", "names a form"),
        ("dL/dy", "is the upstream gradient dout of conv2d, which is given"),
        ("x_pad", "x_pad is an array, not a gradient"),
        ("", "is neither an array of conv2d nor a gradient"),
    ],
)
def test_an_unknown_gradient_is_one_clear_message(symconv, name, fact) -> None:
    code, out, err = symconv("derive", name)
    assert (code, out) == (2, "")
    assert fact in err
    assert err.count("error[") == 1
    assert "help: " in err
    assert "Traceback" not in err


def test_a_wrong_step_is_never_printed(symconv, spoiled, tmp_path: Path) -> None:
    target = tmp_path / "notes.md"
    code, out, err = symconv("derive", "dL/dw", "-o", str(target))
    assert (code, out) == (70, "")
    assert "line 2 of the derivation of dL/dw is refuted" in err
    assert not target.exists()


def test_a_file_that_cannot_be_written_is_one_clear_message(symconv, tmp_path: Path) -> None:
    code, out, err = symconv("derive", "dy/db", "-o", str(tmp_path / "none" / "a.tex"))
    assert (code, out) == (2, "")
    assert "cannot write" in err


def test_a_layer_of_declarations_is_derived_and_read_back(symconv, tmp_path: Path) -> None:
    context = tmp_path / "names.txt"
    lines = ["size A, K", "assume A >= K", "array L ()", "array y (A-K+1)", "input g (A-K+1)"]
    lines += ["input x (A)", "input w (K)", r"define y_t = \sum_{k=0}^{K-1} x_{t+k} w_k"]
    lines += [r"define L = \sum_{t=0}^{A-K} g_t y_t"]
    _ = context.write_text("\n".join(lines))
    code, out, err = symconv("derive", "dL/dw", "--context", str(context))
    assert (code, err) == (0, "")
    assert "symconv: layer" not in out
    written = tmp_path / "a.tex"
    _ = written.write_text(out)
    assert symconv("check", str(written), "--context", str(context))[0] == 0
    _ = context.write_text("\n".join(lines[:-1]))
    code, out, err = symconv("derive", "dL/dw", "--context", str(context))
    assert (code, out) == (2, "")
    assert "error[" in err
