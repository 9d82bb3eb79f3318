"""Documents that compile; with pdflatex where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.entry_lists import entries_latex
from symconv.latex.writing.layout import statement_display
from symconv.latex.writing.standalone import plain_text, section, standalone
from symconv.latex.writing.widths import estimated_width
from symconv.latex.writing.writer import statement_latex
from symconv.layers.convolution.post import conv2d
from tests.runs import quick_rows

LAYER = conv2d()
PDFLATEX = shutil.which("pdflatex")
needs_pdflatex = pytest.mark.skipif(
    PDFLATEX is None,
    reason="pdflatex is not installed; get it with the Debian package texlive-latex-base",
)


def compiled(document: str, folder: Path) -> tuple[bool, str]:
    """Run pdflatex: whether it succeeded, and its log with its lines joined."""
    assert PDFLATEX is not None
    _ = (folder / "document.tex").write_text(document, encoding="utf-8")
    command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    log = (folder / "document.log").read_text(encoding="latin-1")
    return done.returncode == 0 and (folder / "document.pdf").exists(), log


def all_statements(options: LatexOptions) -> str:
    return "\n".join(
        section(statement.key, statement_display(statement, options))
        for statement in LAYER.statements
    )


def test_a_document_is_complete() -> None:
    document = standalone("\\[ x \\]\n", title="dL/dx & x_pad")
    assert document.startswith("\\documentclass[10pt]{article}\n")
    assert "\n\\section*{dL/dx \\& x\\_pad}\n\n\\[ x \\]\n\\end{document}\n" in document
    for needed in ("amsmath,amssymb", "\\allowdisplaybreaks"):
        assert needed in document
    assert "\\section*" not in standalone("\\[ x \\]")


def test_plain_text_loses_its_meaning_to_latex() -> None:
    assert plain_text(r"\input{x} 5% $y_1^2$ #a ~b") == (
        r"\textbackslash{}input\{x\} 5\% \$y\_1\textasciicircum{}2\$ \#a \textasciitilde{}b"
    )


def test_a_section_holds_its_displays() -> None:
    assert section("n'", "a", "b") == "\\subsection*{n\\textquotesingle{}}\n\na\n\nb\n"


@needs_pdflatex
@pytest.mark.parametrize("style", ["partial", "d"])
def test_every_statement_compiles_and_stays_on_the_page(style, tmp_path: Path) -> None:
    options = LatexOptions(derivative=style, ranges=style == "d")
    success, log = compiled(standalone(all_statements(options), title="conv2d"), tmp_path)
    assert success, log[-2000:]
    assert "Overfull" not in log
    assert "LaTeX Warning" not in log


@quick_rows(1, "each row is one more list, written by one writer")
@needs_pdflatex
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("N=1,C=1,H=5,W=5,F=1,HH=3,WW=3,S=2,P=0", ["y", "x_pad", "dL/dw", "dL/dx", "dy/dw"]),
        ("N=2,C=2,H=3,W=4,F=2,HH=3,WW=2,S=1,P=1", ["y", "dL/dw", "dL/db", "dL/dx", "L"]),
        ("N=1,C=1,H=2,W=12,F=1,HH=1,WW=1,S=1,P=0", ["y", "dL/dx"]),
        ("N=12,C=1,H=1,W=12,F=1,HH=1,WW=1,S=1,P=0", ["x_pad", "dL/dw"]),
    ],
)
def test_closed_forms_compile_and_stay_on_the_page(text, names, tmp_path: Path) -> None:
    body = "\n".join(
        section(f"{name} at {text}", entries_latex(LAYER, name, LAYER.sizes(text)))
        for name in names
    )
    success, log = compiled(standalone(body), tmp_path)
    assert success, log[-2000:]
    assert "Overfull" not in log


@needs_pdflatex
def test_the_check_sees_lines_that_run_off_the_page(tmp_path: Path) -> None:
    given = LAYER.sizes("N=1,C=1,H=5,W=5,F=1,HH=3,WW=3,S=2,P=0")
    body = entries_latex(LAYER, "y", given, LatexOptions(line_width=1000))
    success, log = compiled(standalone(body), tmp_path)
    assert success
    assert "Overfull" in log


@needs_pdflatex
def test_the_check_sees_what_does_not_compile(tmp_path: Path) -> None:
    success, _ = compiled(standalone("\\[ x_{ \\]"), tmp_path)
    assert not success


@needs_pdflatex
def test_the_one_of_an_indicator_is_drawn_twice_and_other_letters_stay(tmp_path: Path) -> None:
    shown = [r"\mathbb{1}", r"\mathrm{1}\mkern-4.8mu\mathrm{l}", r"\mathbb{R}", r"\blackboard{R}"]
    body = "".join(f"\\setbox0\\hbox{{${item}$}}\\typeout{{WIDTH:\\the\\wd0}}" for item in shown)
    success, log = compiled(standalone(f"{body}."), tmp_path)
    assert success
    one, drawn, letter, plain = re.findall(r"WIDTH:([\d.]+)pt", log)
    assert one == drawn
    assert letter == plain


@needs_pdflatex
def test_estimated_widths_are_those_of_the_page(tmp_path: Path) -> None:
    formulas = [
        statement_latex(statement, LatexOptions(derivative=style))
        for statement in LAYER.statements
        for style in ("partial", "d")
    ]
    formulas += [
        r"x_{0,0,2,3} w_{0,0,0,0} + x_{0,0,2,3} w_{0,0,0,0} - x_{10,0,2,3} w_{0,0,0,0}",
        r"\frac{\partial L}{\partial y_{0,0,0,0}} \, w_{0,0,0,0}",
        r"i \bmod S = 0 \land \min(a, b) \le \max(c, d)",
        r"\left\lceil \frac{H+2P-HH}{S} \right\rceil \lor S \mid H \land S \nmid W",
    ]
    measured = "\n".join(
        f"\\setbox0\\hbox{{$\\displaystyle {formula}$}}\\typeout{{WIDTH:\\the\\wd0}}"
        for formula in formulas
    )
    success, log = compiled(standalone(f"{measured}\n."), tmp_path)
    assert success
    widths = [float(points) / 10 for points in re.findall(r"WIDTH:([\d.]+)pt", log)]
    for formula, width in zip(formulas, widths, strict=True):
        assert estimated_width(formula) == pytest.approx(width, rel=0.06), formula
