"""Which layers there are, and what is known of one: as text, and as LaTeX that is read back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from symconv.algebra.expressions import Array, Statement, claim
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.layout import statement_display
from symconv.latex.writing.standalone import section
from symconv.latex.writing.writer import condition_latex, integer_latex
from symconv.layers.descriptions import (
    Word,
    contradictions,
    described,
    layer_line,
    size_lines,
    words,
)
from symconv.layers.layer import Layer
from symconv.reports.terminal import WIDTH_WHEN_PIPED

_HINTS = """\
A name alone, or with words behind it: --layer "conv2d strides dilation groups".
One of your own, in a Python file: --layer FILE.py:NAME.
symconv layers NAME prints sizes, constraints, definitions and statements of one."""


def layers_text(file: IO[str]) -> str:
    """Write which layers there are, the words behind their names, and what contradicts what.

    Args:
        file: where the text will be printed: decides on width, colours and characters.
    """
    names = _table("layer", "what it is")
    for name, line in described():
        names.add_row(Text(name, style="bold"), line)
    known = _table("word", "what it chooses", "behind")
    last = ""
    for word in _by_choice(words()):
        if last not in ("", word.chooses):
            known.add_section()
        last = word.chooses
        known.add_row(Text(word.word, style="bold"), word.line, ", ".join(word.stems))
    said = ("Words between two lines choose the same thing: take one.", *contradictions(), _HINTS)
    return _printed(file, names, known, *said)


def layer_text(layer: Layer, file: IO[str]) -> str:
    """Write what is known of a layer, as text."""
    line = Text.assemble((layer.name, "bold"), ("\n" + layer_line(layer.name), "not bold"))
    sizes = _table("size", "at least", "what it is")
    lines = size_lines(layer)
    for size in layer.every_size:
        sizes.add_row(str(size), str(layer.minimum.get(size, 1)), lines.get(size, ""))
    statements = [
        f"{statement.key}\n    {statement}{_under(map(str, statement.assumptions))}"
        for statement in layer.statements
    ]
    derived = [f"{item.size} = {item.value}" for item in layer.derived]
    loops = [", ".join(loop.name for loop in layer.loops)] if layer.loops else []
    return _printed(
        file,
        line,
        sizes,
        *_block("Constraints", [*map(str, layer.constraints), *derived]),
        *_block("Inputs", [", ".join(_with_shape(array) for array in layer.inputs)]),
        *_block("Definitions", [f"{one.target} = {one.body}" for one in layer.definitions]),
        *_block("Statements", statements),
        *_block("Loops", loops),
    )


def layer_latex(layer: Layer) -> str:
    """Write what is known of a layer as LaTeX, which `symconv check` reads back.

    Raises:
        NotSupported: for a name that cannot be written, or two that would look the same.
    """
    options = LatexOptions(ranges=True).for_layer(layer)
    conditions = ", ".join(f"${condition_latex(one, options)}$" for one in layer.constraints)
    least = [
        f"${integer_latex(size, options)} \\ge {value}$" for size, value in layer.minimum.items()
    ]
    hypotheses = ", ".join(
        ("Every size is at least 1", *least, *([conditions] if conditions else []))
    )
    definitions = (
        statement_display(claim(one.target, one.body), options) for one in layer.definitions
    )
    parts = [section("Definitions", f"{hypotheses}.", *definitions)]
    by_name: dict[str, list[Statement]] = {}
    for statement in layer.statements:
        by_name.setdefault(statement.name, []).append(statement)
    for name, forms in by_name.items():
        parts.append(section(name, *(statement_display(one, options) for one in forms)))
    return f"% symconv: layer {layer.name}\n" + "\n".join(parts)


def _by_choice(known: Sequence[Word]) -> list[Word]:
    """Put the words of one choice side by side."""
    order = {word.chooses: place for place, word in reversed([*enumerate(known)])}
    return sorted(known, key=lambda word: order[word.chooses])


def _with_shape(array: Array) -> str:
    return f"{array} ({', '.join(map(str, array.shape))})"


def _under(conditions: Iterable[str]) -> str:
    joined = " and ".join(conditions)
    return f"\n    where {joined}" if joined else ""


def _table(*headings: str) -> Table:
    table = Table()
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _block(title: str, lines: list[str]) -> list[Text]:
    inner = "\n".join(lines).replace("\n", "\n    ")
    return [Text.assemble((f"{title}\n", "bold"), f"    {inner}")] if lines else []


def _printed(file: IO[str], *parts: Text | Table | str) -> str:
    width = None if file.isatty() else WIDTH_WHEN_PIPED
    console = Console(file=file, highlight=False, width=width)
    with console.capture() as captured:
        for part in parts:
            if isinstance(part, Table):
                console.print(part)
            else:
                console.print(Text(part) if isinstance(part, str) else part, soft_wrap=True)
    return captured.get()
