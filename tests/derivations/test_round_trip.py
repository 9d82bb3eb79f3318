"""What `symconv derive` writes, the reader reads back and `symconv check` proves."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from symconv import cli
from symconv.algebra.expressions import (
    Add,
    Derivative,
    Entry,
    Expression,
    Mul,
    Statement,
    Sum,
)
from symconv.derivations.derivation import Derivation
from symconv.derivations.writing import derivation_latex, derivation_markdown
from symconv.latex.reading.context import context_of_layer
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Equality
from symconv.latex.writing.choices import LatexOptions
from symconv.layers.convolution.forward import dout
from symconv.layers.convolution.post import conv2d
from tests.runs import quick_rows

pytestmark = pytest.mark.xdist_group("derivations")  # They share the derivations.

GRADIENTS = [
    *("dL/dw", "dL/db", "dL/dx", "dL/dx_pad"),
    *("dy/dw", "dy/db", "dy/dx", "dy/dx_pad", "dx_pad/dx"),
]
DISPLAY = re.compile(
    r"\\\[\n(.*?)\n\\\]|(\\begin\{align\*\}\n.*?\n\\end\{align\*\})|^\$\$\n(.*?)\n\$\$$",
    re.DOTALL | re.MULTILINE,
)


def equalities(document: str) -> Iterator[Statement]:
    """Yield every equality that the reader finds in the displays of a document."""
    context = context_of_layer(conv2d())
    for match in DISPLAY.finditer(document):
        reading = read_formula(next(filter(None, match.groups())), context)
        context = reading.context
        for item in reading.items:
            assert isinstance(item, Equality), item
            assert item.readings == ()
            yield item.statement


def with_upstream(expression: Expression) -> Expression:
    """Write the derivative of the loss by the output as the upstream gradient."""
    match expression:
        case Derivative(body=Entry(array=loss), by=by) if (loss.name, by.array.name) == ("L", "y"):
            return Entry(dout, by.indices)
        case Add(terms=parts):
            return Add(tuple(map(with_upstream, parts)))
        case Mul(factors=parts):
            return Mul(tuple(map(with_upstream, parts)))
        case Sum(body=body, ranges=ranges):
            return Sum(with_upstream(body), *ranges)
    return expression


def said(statement: Statement) -> object:
    """Return what a statement says, whatever the order of its free indices."""
    sides = with_upstream(statement.lhs), with_upstream(statement.rhs)
    return sides, frozenset(statement.free), statement.assumptions


@quick_rows(3, "steps of each derivation are written and read in the same way")
@pytest.mark.parametrize("write", [derivation_latex, derivation_markdown])
@pytest.mark.parametrize("style", ["partial", "d"])
@pytest.mark.parametrize("name", GRADIENTS)
def test_every_step_is_read_back_as_it_was_proved(derived, name, style, write) -> None:
    found: Derivation = derived(name)
    steps = [*found.written_definitions(), *(line.step for line in found.lines)]
    read = list(equalities(write(found, LatexOptions(derivative=style))))
    assert [said(item) for item in read] == [said(item) for item in steps]


def test_the_comparison_sees_a_range_that_is_one_longer(derived) -> None:
    found: Derivation = derived("dL/db")
    spoiled = derivation_latex(found).replace("_{c=0}^{C-1}", "_{c=0}^{C}")
    steps = [*found.written_definitions(), *(line.step for line in found.lines)]
    assert [said(item) for item in equalities(spoiled)] != [said(item) for item in steps]


def checked(path: Path, document: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, Counter]:
    """Run `symconv check` on a document: its exit code, and the verdicts with their counts."""
    _ = path.write_text(document, encoding="utf-8")
    code = cli.run(["check", "--json", str(path)])
    report = json.loads(capsys.readouterr().out)
    return code, Counter(result["verdict"] for result in report["results"])


@quick_rows(1, "the rows differ in the gradient and the form of the document")
@pytest.mark.parametrize(
    ("name", "ending", "arguments"),
    [
        ("dL/dx", "tex", ["--standalone"]),
        ("dL/dw", "md", ["--derivative", "d"]),
        ("dx_pad/dx", "md", []),
        ("dL/db", "tex", []),
    ],
)
def test_check_proves_what_derive_writes(
    derived, name, ending, arguments, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"derivation.{ending}"
    assert cli.run(["derive", name, "-o", str(path), *arguments]) == 0
    code, verdicts = checked(path, path.read_text(encoding="utf-8"), capsys)
    found: Derivation = derived(name)
    assert code == 0
    assert verdicts["proved"] == len(found.lines) + len(found.written_definitions())
    assert set(verdicts) == {"proved", None}


def test_check_refutes_a_derivation_that_was_spoiled(
    derived, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = derivation_latex(derived("dL/db"))
    spoiled = document.replace(r"= \sum_{n=0}^{N-1} \sum_{k=0}", r"= \sum_{n=1}^{N-1} \sum_{k=0}")
    assert spoiled != document
    code, verdicts = checked(tmp_path / "derivation.tex", spoiled, capsys)
    assert code == 1
    assert verdicts["refuted"] == 1
