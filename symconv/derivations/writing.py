r"""A derivation as a document: LaTeX, Markdown or plain text.

Each part is one display, a chain of equalities whose lines are numbered by ``\tag``, and
below it a list that gives the reason of every line. What is written is read back: no
formula outside the displays is an equality, and a comment says which layer it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, TypeAlias

from symconv.algebra.expressions import Array, Expression
from symconv.algebra.indices import Condition, IntegerExpression, Range, between
from symconv.derivations.derivation import Derivation, Line, Part, Prose
from symconv.latex.reading.context import OF_A_DOCUMENT
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.layout import EQUALS, aligned, broken_lines, statement_display
from symconv.latex.writing.standalone import plain_text, section
from symconv.latex.writing.standalone import standalone as whole_document
from symconv.latex.writing.widths import estimated_width
from symconv.latex.writing.writer import (
    condition_latex,
    entry_latex,
    expression_latex,
    integer_latex,
    statement_options,
    written_expression,
)

Format: TypeAlias = Literal["latex", "markdown", "text"]

_DEFAULT = LatexOptions()
_TAG = 5.0
"""The room that the number of a line takes beside a display, in em."""
_Fragments: TypeAlias = Callable[[Prose], str]


def format_of(path: Path | None) -> Format:
    """Tell from the ending of a file how it is written; LaTeX where nothing tells."""
    endings: dict[str, Format] = {".md": "markdown", ".markdown": "markdown", ".txt": "text"}
    return "latex" if path is None else endings.get(path.suffix.lower(), "latex")


def derivation_document(
    derivation: Derivation,
    document_format: Format,
    options: LatexOptions = _DEFAULT,
    *,
    standalone: bool = False,
) -> str:
    """Write a derivation in one of the formats.

    Args:
        derivation: the derivation.
        document_format: ``latex``, ``markdown`` or ``text``.
        options: how formulas are written; a plain text has one way only.
        standalone: whether LaTeX is a whole document that compiles.

    Raises:
        NotSupported: for a name that LaTeX cannot hold, or two that would look the same.
    """
    match document_format:
        case "latex":
            return derivation_latex(derivation, options, standalone=standalone)
        case "markdown":
            return derivation_markdown(derivation, options)
        case "text":
            return derivation_text(derivation)


def derivation_text(derivation: Derivation) -> str:
    """Write a derivation as plain text, for a terminal."""
    lines = [_title(derivation), "", _plain(_hypotheses(derivation))]
    lines += [f"    {statement}" for statement in derivation.written_definitions()]
    for part in derivation.parts:
        lines += ["", part.title, f"    {part.last.statement.lhs}", f"    {_plain(_ranges(part))}"]
        for line in part.lines:
            lines += [f"({line.number}) = {line.expression}"]
            lines += [f"        {_plain(text)}" for text in _reasons(line)]
    return "\n".join(lines) + "\n"


def derivation_latex(
    derivation: Derivation, options: LatexOptions = _DEFAULT, *, standalone: bool = False
) -> str:
    """Write a derivation as LaTeX.

    Args:
        derivation: the derivation.
        options: how formulas are written.
        standalone: whether to write a whole document that compiles.

    Raises:
        NotSupported: for a name that cannot be written, or two that would look the same.
    """
    options = options.for_layer(derivation.layer)

    def words(prose: Prose) -> str:
        return _mixed(prose, plain_text, options)

    displays = (statement_display(item, options) for item in derivation.written_definitions())
    found = [section("Definitions", words(_hypotheses(derivation)), *displays)]
    for part in derivation.parts:
        items = "\n".join(f"\\item[({line.number})] {_joined(line, words)}" for line in part.lines)
        reasons = f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}"
        found.append(section(part.title, words(_ranges(part)), _display(part, options), reasons))
    about = _about(derivation)
    body = (f"% {about}\n" if about else "") + "\n".join(found)
    return whole_document(body, title=_title(derivation)) if standalone else body


def derivation_markdown(derivation: Derivation, options: LatexOptions = _DEFAULT) -> str:
    """Write a derivation as Markdown with LaTeX in it.

    Raises:
        NotSupported: for a name that cannot be written, or two that would look the same.
    """
    options = options.for_layer(derivation.layer)

    def words(prose: Prose) -> str:
        return _mixed(prose, str, options)

    blocks = [
        f"# {_title(derivation)}",
        *(f"<!-- {about} -->" for about in [_about(derivation)] if about),
        words(_hypotheses(derivation)),
    ]
    blocks += [
        _between_dollars(statement_display(item, options))
        for item in derivation.written_definitions()
    ]
    for part in derivation.parts:
        blocks += [
            f"## {part.title}",
            words(_ranges(part)),
            _between_dollars(_display(part, options)),
            "\n".join(f"- ({line.number}) {_joined(line, words)}" for line in part.lines),
        ]
    return "\n\n".join(blocks) + "\n"


def _about(derivation: Derivation) -> str:
    """Say which layer it is about, where that has a name to say."""
    name = derivation.layer.name
    return "" if name == OF_A_DOCUMENT else f"symconv: layer {name}"


def _title(derivation: Derivation) -> str:
    return f"Derivation of {derivation.name}"


def _hypotheses(derivation: Derivation) -> Prose:
    """Say for which sizes the derivation holds."""
    layer = derivation.layer
    conditions = [
        *(size >= least for size, least in layer.minimum.items() if least != 1),
        *layer.constraints,
    ]
    extra = (", with ", *_listed(conditions)) if conditions else ()
    return ("Every size is at least 1", *extra, ".")


def _ranges(part: Part) -> Prose:
    """Say over what the free indices of a part run."""
    free = part.last.statement.free
    if not free:
        return ("One number.",)
    return ("For ", *_listed(_range_condition(item) for item in free), ":")


def _range_condition(item: Range) -> Condition:
    return between(item.lower, item.index, item.upper)


def _reasons(line: Line) -> tuple[Prose, ...]:
    """Return the reason of a line, and its side condition where there is one."""
    if not line.conditions:
        return (line.reason,)
    conditions = _listed(line.conditions)
    return line.reason, ("Side condition, without which the term is 0: ", *conditions, ".")


def _joined(line: Line, words: _Fragments) -> str:
    return " ".join(words(prose) for prose in _reasons(line))


def _display(part: Part, options: LatexOptions) -> str:
    """Write a part as one chain of numbered lines."""
    for line in part.lines:
        options = statement_options(line.statement, options)
    left = written_expression(part.last.statement.lhs, options).text
    room = options.line_width - estimated_width(left) - EQUALS - _TAG
    rows: list[tuple[str, list[str]]] = []
    for line in part.lines:
        lines = broken_lines(written_expression(line.expression, options).pieces(), room)
        lines[-1] += f" \\tag{{{line.number}}}"
        rows.append(("" if rows else left, lines))
    return aligned(rows)


def _between_dollars(display: str) -> str:
    r"""Put a display between dollars, which Markdown knows better than ``\[``."""
    inner = display.removeprefix("\\[\n").removesuffix("\n\\]")
    return f"$$\n{inner}\n$$"


def _mixed(prose: Prose, escape: Callable[[str], str], options: LatexOptions) -> str:
    parts: list[str] = []
    for fragment in prose:
        match fragment:
            case str():
                parts.append(escape(fragment))
            case Array(name=name):
                parts.append(f"${entry_latex(name, (), options).text}$")
            case Expression():
                parts.append(f"${expression_latex(fragment, options)}$")
            case IntegerExpression():
                parts.append(f"${integer_latex(fragment, options)}$")
            case Condition():
                parts.append(f"${condition_latex(fragment, options)}$")
    return "".join(parts)


def _plain(prose: Prose) -> str:
    return "".join(map(str, prose))


def _listed(conditions: Iterable[Condition]) -> Prose:
    """Put commas between conditions."""
    parts = list(conditions)
    return tuple(
        piece for place, part in enumerate(parts) for piece in ((", ", part) if place else (part,))
    )
