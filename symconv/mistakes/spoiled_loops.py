"""Loops with a mistake in them: real functions, compiled from our own edited source."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any

from symconv.algebra.tree import Node
from symconv.layers.layer import Loop, Vocabulary
from symconv.layers.registry import default_vocabulary
from symconv.mistakes.catalogue import CATALOGUE
from symconv.mistakes.code import CodeSite, code_sites, replaced_code
from symconv.mistakes.mistake import Mistake
from symconv.mistakes.pieces import parts_beside, read, write
from symconv.mistakes.sites import Edit, replaced, same_tree, sites


@dataclass(frozen=True, slots=True)
class SpoiledLoop:
    """A loop nest with one mistake in it.

    Attributes:
        mistake: the mistake.
        loop: the loop nest that contains it; its function runs.
        where: the site, in words.
        source: the text of the function that was changed, a helper's where it was a helper.
    """

    mistake: Mistake
    loop: Loop
    where: str
    source: str


def spoil_loop(
    loop: Loop, mistakes: Iterable[Mistake] = CATALOGUE, vocabulary: Vocabulary | None = None
) -> Iterator[SpoiledLoop]:
    """Make every mistake at every site of a loop nest where it applies, one at a time.

    The helpers of the same module that the loops call, such as the one that pads, are
    edited as well. The order is that of the mistakes, then of the functions, helpers first,
    then of the text.

    Args:
        loop: one of the package's own loop nests: its source is edited and compiled, so it
            is never made from a document's text.
        mistakes: which mistakes to make.
        vocabulary: what the names in the source stand for; as in the default layer if left out.
    """
    assert isinstance(loop.function, FunctionType), "a loop is a function with a source"
    functions = [*_helpers(loop.function), loop.function]
    vocabulary = vocabulary or default_vocabulary()
    trees = [_syntax(function) for function in functions]
    for mistake in mistakes:
        for number, tree in enumerate(trees):
            seen = {ast.dump(tree)}
            for site, new in _changed(tree, mistake, vocabulary):
                changed = replaced_code(tree, site.path, new)
                assert isinstance(changed, ast.FunctionDef), "an edit keeps the function"
                if (text := ast.dump(changed)) in seen:
                    continue
                seen.add(text)
                edited = [*trees[:number], changed, *trees[number + 1 :]]
                function = _compiled(loop.function, edited, f"{loop.name} with {mistake.name}")
                yield SpoiledLoop(
                    mistake, replace(loop, function=function), site.where(), ast.unparse(changed)
                )


def _changed(
    tree: ast.FunctionDef, mistake: Mistake, vocabulary: Vocabulary
) -> Iterator[tuple[CodeSite, ast.AST]]:
    inside: list[CodeSite] = []
    for site in code_sites(tree, vocabulary):
        if mistake.edit is not None and mistake.in_pieces and not _within(site, inside):
            piece = read(site.code, vocabulary)
            if piece is not None:
                inside.append(site)
                yield from ((site, code) for code in _edited(site, piece, mistake.edit))
        if mistake.code is not None:
            yield from ((site, code) for code in mistake.code(site))


def _edited(site: CodeSite, piece: Node, edit: Edit) -> Iterator[ast.AST]:
    """Yield a piece of code after an edit of statements, made at each site of its node."""
    for part in sites(piece, site.vocabulary):
        for new in edit(part):
            code = write(site.code, replaced(piece, part.path, new))
            if code is not None and not same_tree(part.node, new):
                yield code


def _within(site: CodeSite, pieces: list[CodeSite]) -> bool:
    """Tell whether a site belongs to a piece that was read already, as a part of its node."""
    for piece in pieces:
        depth = len(piece.path)
        if site.path[:depth] == piece.path and len(site.path) > depth:
            top = (*site.ancestors, site.code)[depth + 1]
            if not any(top is part for part in parts_beside(piece.code)):
                return True
    return False


def _helpers(function: FunctionType) -> list[FunctionType]:
    """Return the functions of the same module that a function calls, by their names in order."""
    called = [function.__globals__.get(name) for name in function.__code__.co_names]
    return [
        helper
        for helper in called
        if isinstance(helper, FunctionType) and helper.__module__ == function.__module__
    ]


def _syntax(function: FunctionType) -> ast.FunctionDef:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef), "the source of a function is a function"
    return tree


def _compiled(
    function: FunctionType, trees: list[ast.FunctionDef], name: str
) -> Callable[..., Any]:
    """Compile edited functions in a copy of their module's names; the module stays as it is."""
    module = ast.fix_missing_locations(ast.Module(list[ast.stmt](trees), []))
    names = dict(function.__globals__)
    # Only a program makes a function with its defaults and its helpers.
    exec(compile(module, f"<{name}>", "exec"), names)  # noqa: S102 -- loops of a layer, edited as a tree; no text comes in
    return names[function.__name__]
