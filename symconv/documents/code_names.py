"""Names that listings declare, read from their lines and never run.

``N, C, H, W = x.shape`` names the axes of an array; ``S = conv_param['stride']`` names a
parameter of the layer. A line that is not Python by itself declares nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from symconv.algebra.indices import Size
from symconv.documents.contents import Listing
from symconv.errors import UsageError
from symconv.latex.reading.context import Context

PARAMETERS = {"stride": "S", "pad": "P", "padding": "P"}
"""Which size of a layer a parameter of that name is."""

_CANDIDATE = re.compile(r"^[ \t\-*>]*(?P<code>[A-Za-z_][^\n=]*=[^\n=][^\n]*)$", re.MULTILINE)
_MARK = re.compile(r"\.shape\b|\[\s*['\"]\w+['\"]\s*\]")
_LONGEST_LINE = 500


@dataclass(frozen=True, slots=True)
class ShapeLine:
    """A line that names the axes of an array, with its offset in the listing."""

    array: str
    names: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class ParameterLine:
    """A line that names a parameter, with its offset in the listing."""

    parameter: str
    name: str
    position: int


def code_declarations(listing: Listing) -> Iterator[ShapeLine | ParameterLine]:
    """Yield what the lines of a listing declare, in order."""
    for found in _CANDIDATE.finditer(listing.source.text):
        code = found.group("code")
        if len(code) > _LONGEST_LINE or not _MARK.search(code):
            continue
        try:
            tree = ast.parse(code.strip())
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        position = found.start("code")
        match tree.body:
            case [ast.Assign(targets=[target], value=value)]:
                yield from _declaration(target, value, position)


def _declaration(
    target: ast.expr, value: ast.expr, position: int
) -> Iterator[ShapeLine | ParameterLine]:
    match target, value:
        case (
            ast.Tuple(elts=parts),
            ast.Attribute(value=ast.Name(id=array), attr="shape"),
        ) if all(isinstance(part, ast.Name) for part in parts):
            names = tuple(part.id for part in parts if isinstance(part, ast.Name))
            yield ShapeLine(array, names, position)
        case ast.Name(id=name), ast.Subscript(slice=ast.Constant(value=str(parameter))):
            yield ParameterLine(parameter, name, position)


def with_code_line(line: ShapeLine | ParameterLine, context: Context) -> Context:
    """Take a line of code into account.

    A name for an axis whose size the context knows under another name becomes a spelling of
    that size. A line about an array that nothing declares declares it, unless the document is
    about a layer: its code may then have arrays of its own.

    Raises:
        UsageError: when the line contradicts what is known.
    """
    if isinstance(line, ParameterLine):
        known = PARAMETERS.get(line.parameter)
        if known is None:
            return context
        if Size(known) in context.sizes:
            return _named(context, line.name, Size(known))
        if context.layer is None:
            return context.with_size(line.name, minimum=1 if known == "S" else 0)
        return context
    names = [name for name in line.names if name != "_"]
    array = context.array(line.array)
    if array is None:
        if context.layer is not None or len(names) != len(line.names):
            return context
        for name in names:
            context = context.with_size(name)
        return context.with_array(line.array, tuple(Size(name) for name in names))
    if len(array.shape) != len(line.names):
        raise UsageError(
            f"{line.array} has {len(array.shape)} axes, and the code names {len(line.names)}",
            code="contradictory-declarations",
            help=f"the shape of {array.name} is ({', '.join(map(str, array.shape))})",
        )
    for name, extent in zip(line.names, array.shape, strict=True):
        if name != "_" and isinstance(extent, Size):
            context = _named(context, name, extent)
    return context


def _named(context: Context, name: str, size: Size) -> Context:
    if name == size.name:
        return context
    if any(known.name == name for known in context.sizes):
        raise UsageError(
            f"the code calls {name} what is {size}",
            code="contradictory-declarations",
            help=f"use another name than {name}, or the order of axes of the layer",
        )
    if context.knows(name):
        return context
    return context.with_spelling(name, size.name)
