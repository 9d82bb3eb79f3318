"""Listings accounted for without being run: their names, and whether they are Python."""

from __future__ import annotations

import ast
from dataclasses import replace

from symconv.documents.contents import Listing
from symconv.documents.outline import Outline
from symconv.verdicts import Result

MOST_CHARACTERS = 1_000_000
"""How long a listing may be; the syntax tree of a longer one takes gigabytes."""


def not_run(read: Outline, listing: Listing) -> Result:
    """Account for a listing that is not run, and say where it is not Python."""
    result = Result(
        statement=listing_name(listing),
        kind="code",
        code="not-run",
        detail="a listing is run with --run-code alone"
        if listing.is_python
        else "a listing that is not Python is not run",
        location=read.file.location(listing.start),
    )
    error = syntax_error(listing) if listing.is_python else None
    if error is None:
        return result
    fact, position = error
    place = read.file.location(listing.source.offset(position))
    code = "too-large" if len(listing.source.text) > MOST_CHARACTERS else "not-python"
    return replace(result, code=code, detail=fact, location=place)


def listing_name(listing: Listing) -> str:
    """Return the first line of a listing that says something."""
    lines = (line.strip() for line in listing.source.text.split("\n"))
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return f"{listing.language or 'code'}: {first[:60]}"


def syntax_error(listing: Listing) -> tuple[str, int] | None:
    """Return why a listing is not valid Python, and where in it; None when it is."""
    text = listing.source.text
    if len(text) > MOST_CHARACTERS:
        return f"a listing of more than {MOST_CHARACTERS:,} characters is not read", 0
    try:
        _ = compile(text, "<listing>", "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        lines = text.split("\n")
        line = min(max(error.lineno or 1, 1), len(lines))
        before = sum(len(item) + 1 for item in lines[: line - 1])
        column = min(max((error.offset or 1) - 1, 0), len(lines[line - 1]))
        return f"this is not valid Python: {error.msg}", before + column
    except (ValueError, RecursionError, MemoryError) as error:
        return f"this is not valid Python: {error}", 0
    return None


def only_defines(listing: Listing) -> tuple[str, ...]:
    """Return the functions and classes of a listing that does nothing but define and import.

    Empty when it does anything else, such as to call one of them.
    """
    names: list[str] = []
    for node in ast.parse(listing.source.text).body:
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                names.append(name)
            case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
                continue
            case _:
                return ()
    return tuple(names)
