"""Derivations as documents: what is written is complete, numbered, and compiles."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from symconv.algebra.expressions import Definition, Sum
from symconv.algebra.indices import Index
from symconv.derivations.derivation import Derivation, Prose
from symconv.derivations.steps import derive
from symconv.derivations.writing import (
    derivation_document,
    derivation_latex,
    derivation_markdown,
    derivation_text,
    format_of,
)
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.writer import expression_latex
from tests.runs import quick_rows

pytestmark = pytest.mark.xdist_group("derivations")  # They share the derivations.

GRADIENTS = [
    *("dL/dw", "dL/db", "dL/dx", "dL/dx_pad"),
    *("dy/dw", "dy/db", "dy/dx", "dy/dx_pad", "dx_pad/dx"),
]
PDFLATEX = shutil.which("pdflatex")
needs_pdflatex = pytest.mark.skipif(
    PDFLATEX is None,
    reason="pdflatex is not installed; get it with the Debian package texlive-latex-base",
)
k = Index("k")
GOLDEN_TEXT = """\
Derivation of dL/db

Every size is at least 1, with P >= 0, H+2*P >= HH, W+2*P >= WW.
    Hh = floor((H+2*P-HH)/S)+1
    Hw = floor((W+2*P-WW)/S)+1
    x_pad[n,c,i,j] = [P <= i <= P+H-1]*[P <= j <= P+W-1]*x[n,c,i-P,j-P]
    y[n,f,k,l] = b[f]+sum[c=0..C-1, p=0..HH-1, q=0..WW-1](w[f,c,p,q]*x_pad[n,c,S*k+p,S*l+q])

Derivative of y by b
    dy[n,f,k,l]/db[f']
    For 0 <= n <= N-1, 0 <= f <= F-1, 0 <= k <= Hh-1, 0 <= l <= Hw-1, 0 <= f' <= F-1:
(1) = d(b[f]+sum[c=0..C-1, p=0..HH-1, q=0..WW-1](w[f,c,p,q]*x_pad[n,c,S*k+p,S*l+q]))/db[f']
        Insert the definition of y.
(2) = delta(f, f')
        Differentiate term by term: an entry of b by b[f'] is 1 where its index agrees and 0 \
elsewhere, as the deltas say; what does not hold b is constant.

Derivative of L by b
    dL/db[f']
    For 0 <= f' <= F-1:
(3) = sum[n=0..N-1, f=0..F-1, k=0..Hh-1, l=0..Hw-1](dL/dy[n,f,k,l]*dy[n,f,k,l]/db[f'])
        Chain rule: L depends on b only through y.
(4) = sum[n=0..N-1, f=0..F-1, k=0..Hh-1, l=0..Hw-1](dout[n,f,k,l]*delta(f, f'))
        Insert (2); dout[n,f,k,l] is the upstream gradient, which is given.
(5) = sum[n=0..N-1, k=0..Hh-1, l=0..Hw-1](dout[n,f',k,l])
        delta(f, f') leaves only the term at f' of the sum over f.
"""
GOLDEN_PART = (Path(__file__).parent / "golden/bias_gradient.md").read_text(encoding="utf-8")


def test_a_derivation_as_text(derived) -> None:
    assert derivation_text(derived("dL/db")) == GOLDEN_TEXT


def test_a_part_as_markdown(derived) -> None:
    assert derivation_markdown(derived("dL/db")).endswith("\n\n" + GOLDEN_PART)


def formulas(document: str) -> tuple[list[str], list[str]]:
    """Return what stands in displays and what stands in the text of a document."""
    displays = re.compile(
        r"\\\[\n(.*?)\n\\\]|\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", re.DOTALL
    )
    displays_of_markdown = re.compile(r"^\$\$\n(.*?)\n\$\$$", re.DOTALL | re.MULTILINE)
    found = displays_of_markdown if "\n$$\n" in document else displays
    shown = ["".join(part or "" for part in match.groups()) for match in found.finditer(document)]
    return shown, re.findall(r"\$([^$]+)\$", found.sub("", document))


@pytest.mark.parametrize("write", [derivation_latex, derivation_markdown])
@pytest.mark.parametrize("name", GRADIENTS)
def test_every_line_is_written_with_its_number_and_nothing_else_claims(
    derived, write, name
) -> None:
    found: Derivation = derived(name)
    document = write(found, LatexOptions(line_width=1000))
    displays, inline = formulas(document)
    options = LatexOptions().for_layer(found.layer)
    for line in found.lines:
        written = f"= {expression_latex(line.expression, options)} \\tag{{{line.number}}}"
        assert sum(display.count(written) for display in displays) == 1, written
    assert len(displays) == len(found.parts) + len(found.sizes) + len(found.definitions)
    assert sum(display.count("\\tag{") for display in displays) == len(found.lines)
    assert inline
    for formula in inline:
        assert "=" not in formula, "a formula in a reason must not claim anything"
    for number in range(1, len(found.lines) + 1):
        assert document.count(f"({number}) ") + document.count(f"[({number})]") >= 1


@pytest.mark.parametrize("name", GRADIENTS)
def test_every_reason_is_there_in_every_format(derived, name) -> None:
    found: Derivation = derived(name)
    for document_format in ("latex", "markdown", "text"):
        document = derivation_document(found, document_format)
        for line in found.lines:
            assert plain_words(line.reason)
            for words in plain_words(line.reason):
                assert words in document
        assert document.count("Side condition, without which the term is 0: ") == sum(
            1 for line in found.lines if line.conditions
        )


def plain_words(prose: Prose) -> list[str]:
    return [fragment for fragment in prose if isinstance(fragment, str) and fragment.strip()]


def test_the_layer_is_named_where_a_reader_finds_it(derived) -> None:
    found = derived("dL/db")
    assert "\n<!-- symconv: layer conv2d -->\n" in derivation_markdown(found)
    assert derivation_latex(found).startswith("% symconv: layer conv2d\n")
    whole = derivation_latex(found, standalone=True)
    begin, pragma, end = (
        whole.index(text)
        for text in ("\\begin{document}", "\n% symconv: layer conv2d\n", "\\end{document}")
    )
    assert begin < pragma < end


def test_derivatives_are_written_as_asked(derived) -> None:
    found = derived("dL/db")
    with_d = derivation_markdown(found, LatexOptions(derivative="d"))
    assert r"\frac{d\mathcal{L}}{db_{f'}}" in with_d
    assert r"\partial" not in with_d
    assert r"\partial" in derivation_markdown(found)


def test_a_document_is_the_same_every_time() -> None:
    first, second = (derivation_latex(derive("dy/dw")) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("path", "document_format"),
    [
        (None, "latex"),
        ("a.tex", "latex"),
        ("a", "latex"),
        ("a.md", "markdown"),
        ("a.MARKDOWN", "markdown"),
        ("md", "latex"),
        ("a.txt", "text"),
    ],
)
def test_the_ending_of_a_file_tells_the_format(path, document_format) -> None:
    assert format_of(None if path is None else Path(path)) == document_format


def test_a_layer_of_a_user_is_written(layer_of_a_user) -> None:
    found = derive("dL/dx", layer_of_a_user(dilation=2, padded=True))
    text = derivation_latex(found)
    assert "% symconv: layer one-dimensional\n" in text
    assert r"\delta_{2p+Sk,i'}" in text
    assert "(-" not in text
    assert derivation_markdown(found).count("\\tag{") == len(found.lines)


def test_the_upstream_gradient_of_a_layer_is_written_as_a_derivative(layer_of_a_user) -> None:
    layer = layer_of_a_user(stride=1, dilation=1)
    other = replace(layer.upstream, name="g")
    loss = Definition(
        layer.loss[()], Sum(other[k] * layer.output[k], (k, 0, layer.output.shape[0] - 1))
    )
    layer = replace(
        layer,
        upstream=other,
        inputs=(*layer.inputs[:2], other),
        definitions=(*layer.definitions[:-1], loss),
    )
    document = derivation_latex(derive("dL/dw", layer))
    assert r"\frac{\partial L}{\partial y_{k}} \, x_{k+p'}" in document
    assert "g_" not in document


@quick_rows(7, "the rows differ in the gradient and in how a derivative is written")
@needs_pdflatex
@pytest.mark.parametrize("style", ["partial", "d"])
@pytest.mark.parametrize("name", GRADIENTS)
def test_a_standalone_document_compiles_and_stays_on_the_page(
    derived, name, style, tmp_path: Path
) -> None:
    options = LatexOptions(derivative=style)
    success, log = compiled(derivation_latex(derived(name), options, standalone=True), tmp_path)
    assert success, log[-2000:]
    assert "Overfull" not in log
    assert "LaTeX Warning" not in log


@needs_pdflatex
def test_the_check_sees_what_does_not_compile(derived, tmp_path: Path) -> None:
    broken = derivation_latex(derived("dL/db"), standalone=True).replace("\\tag{1}", "\\tag{1")
    success, _ = compiled(broken, tmp_path)
    assert not success


def compiled(document: str, folder: Path) -> tuple[bool, str]:
    """Run pdflatex: whether it succeeded, and its log."""
    assert PDFLATEX is not None
    _ = (folder / "document.tex").write_text(document, encoding="utf-8")
    command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    log = (folder / "document.log").read_text(encoding="latin-1")
    return done.returncode == 0 and (folder / "document.pdf").exists(), log
