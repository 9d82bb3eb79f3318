r"""Displayed formulas: long ones broken into lines, with \quad before what continues.

Lines break before a plus or minus sign where there is one, otherwise between factors,
where the next line begins with the sign of a product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from symconv.algebra.expressions import Statement
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.joining import Piece
from symconv.latex.writing.widths import estimated_width
from symconv.latex.writing.writer import (
    WrittenClause,
    statement_clauses,
    statement_options,
    written_expression,
)

_DEFAULT = LatexOptions()
EQUALS = 1.9
"""The width of an equals sign with the spaces around it, in em."""
INDENT = 1.0
"""The width of \\quad, in em."""


@dataclass(slots=True)
class _Line:
    """A line that is being filled; the width counts from the place where lines align."""

    text: str = ""
    width: float = 0.0


def statement_display(statement: Statement, options: LatexOptions = _DEFAULT) -> str:
    r"""Write a statement as a display: ``\[ ... \]``, or ``align*`` where it is long.

    Raises:
        NotSupported: for a name that cannot be written, or two that would look the same.
    """
    options = statement_options(statement, options)
    left = written_expression(statement.lhs, options).text
    terms = written_expression(statement.rhs, options).pieces()
    indented = options.line_width - estimated_width(left) - EQUALS
    lines = broken_lines(terms, indented)
    for clause in statement_clauses(statement, options):
        lines = _with_clause(lines, clause, indented)
    if len(lines) == 1:
        return f"\\[\n  {left} = {lines[0]}\n\\]"
    return aligned([(left, lines)])


def aligned(rows: Sequence[tuple[str, Sequence[str]]], note: str = "") -> str:
    r"""Write equations one below the other, aligned at their equals signs.

    Args:
        rows: per equation its left side, and its right side as lines; a line that begins
            with ``\text`` stands where the first one does, any other is indented.
        note: a comment in the source, or nothing.
    """
    equations: list[str] = []
    for left, (first, *others) in rows:
        lines = [f"  {left} &= {first}"]
        lines += [
            f"    &{line}" if line.startswith("\\text") else f"    &\\quad {line}"
            for line in others
        ]
        equations.append(" \\\\\n".join(lines))
    gap = "[1ex]" if len(rows) > 1 and any(len(lines) > 1 for _, lines in rows) else ""
    body = f" \\\\{gap}\n".join(equations)
    comment = f"  % {note}\n" if note else ""
    return f"\\begin{{align*}}\n{comment}{body}\n\\end{{align*}}"


def broken_lines(terms: Sequence[Sequence[Piece]], room: float) -> list[str]:
    """Break a right-hand side into as few lines as fit, of about equal widths.

    Args:
        terms: the terms, each as its factors.
        room: the width of a line from the equals sign on, in em.
    """
    lines = _filled(terms, room)
    count = len(lines)
    while count > 1 and room > 1:
        room -= 1
        narrower = _filled(terms, room)
        if len(narrower) > count:
            break
        lines = narrower
    return [line.text for line in lines]


def _filled(terms: Sequence[Sequence[Piece]], room: float) -> list[_Line]:
    lines = [_Line()]
    for first, *others in terms:
        inside = "".join(piece.joint + piece.text for piece in others)
        whole = replace(first, text=first.text + inside)
        fits_alone = INDENT + estimated_width(whole.sign + whole.text) <= room
        for piece in [whole] if fits_alone else [first, *others]:
            _append(lines, piece, room)
    return lines


def _append(lines: list[_Line], piece: Piece, room: float) -> None:
    """Put a piece on the last line, or on a new one where it does not fit; a first one does."""
    line = lines[-1]
    joined = piece.joint + piece.text
    if line.text and line.width + estimated_width(joined) > room:
        line = _Line(width=INDENT)
        lines.append(line)
        joined = piece.sign + piece.text
    line.text += joined
    line.width += estimated_width(joined)


def _with_clause(lines: list[str], clause: WrittenClause, room: float) -> list[str]:
    """Put a clause behind the last line where it fits, otherwise on lines of its own."""
    *before, last = lines
    together = f"{last}, \\quad {clause.text()}"
    if estimated_width(together) + (INDENT if before else 0) <= room:
        return [*before, together]
    *items, final = clause.items
    first, *others = [*(f"{item}," for item in items), final]
    pieces = [Piece(f"\\text{{{clause.keyword} }} {first}")]
    pieces += [Piece(item, joint="\\ ") for item in others]
    return [*before, f"{last},", *(line.text for line in _filled([[p] for p in pieces], room))]
