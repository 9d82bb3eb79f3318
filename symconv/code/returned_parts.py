"""Which parts of the tuple that a function returns a line of it has no part in.

A name is touched by a line that stores it or changes what it holds, and by a later statement
that reads a touched name. Where a function returns at several places, or no tuple, nothing is
told.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from symconv.code.sources import Definition


def untouched_parts(function: Definition, line: int) -> tuple[int, ...]:
    """Return the places in what a function returns that nothing reaches from one of its lines.

    Args:
        function: the function.
        line: the line, counted as the function's nodes count theirs.
    """
    if isinstance(function, ast.Lambda):
        return ()
    returns = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
    match [*function.body], returns:
        case [*before, ast.Return(value=ast.Tuple(elts=parts)) as last], [only] if only is last:
            pass
        case _:
            return ()
    if any(isinstance(part, ast.Starred) for part in parts):
        return ()
    start = next((place for place, one in enumerate(before) if _holds(one, line)), len(before))
    touched: set[str] = set()
    for number, statement in enumerate(before[start:]):
        if not number or touched & {*_read(statement)}:
            touched |= {*_written(statement)}
    here = [_holds(part, line) for part in parts] if start == len(before) else [False] * len(parts)
    if start == len(before) and sum(here) != 1:
        # Of parts on one line, it may be either.
        return ()
    return tuple(
        place
        for place, part in enumerate(parts)
        if not here[place] and not touched & {*_read(part)}
    )


def _holds(node: ast.stmt | ast.expr, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _read(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load):
            yield one.id


def _written(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement stores, or may change in place."""
    for one in ast.walk(statement):
        match one:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.Subscript(ctx=ast.Store()) | ast.Attribute(ctx=ast.Store()):
                yield from _read(one.value)
            case ast.Expr():
                # A call whose value is dropped is made for what it changes.
                yield from _read(one)
            case _:
                continue
