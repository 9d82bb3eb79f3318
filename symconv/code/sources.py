"""The source text of somebody's functions as syntax trees; nothing here runs it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from tokenize import TokenError
from typing import Any, TypeAlias

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def definitions(function: Any) -> list[Definition]:
    """Return the definitions of a function, or of the methods of a class and its bases.

    Empty where there is no source at hand.
    """
    if inspect.isclass(function):
        trees = [tree for kind in own_bases(function) for tree in _parsed(kind)]
        members = (node for tree in trees for node in ast.iter_child_nodes(tree))
        return [item for item in members if isinstance(item, ast.FunctionDef)]
    trees = _parsed(plain_function(function))
    if trees and isinstance(trees[0], Definition):
        return [trees[0]]
    # A lambda stands inside the statement that makes it.
    lambdas: list[Definition] = [
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Lambda)
    ]
    return lambdas[:1] if len(lambdas) == 1 else []


def has_source(function: Any) -> bool:
    """Tell whether all of a function's source is at hand, or all of a class's and its bases'."""
    if inspect.isclass(function):
        return all(_parsed(kind) for kind in own_bases(function))
    return bool(definitions(function))


_GENERAL = ("builtins", "abc", "typing", "typing_extensions", "torch", "flax", "haiku", "equinox")
"""The packages whose classes say nothing of the code that is built on them."""


def own_bases(given: type) -> list[type]:
    """Return a class and its bases without those that every class, or every module, has."""
    return [kind for kind in given.__mro__ if kind.__module__.split(".")[0] not in _GENERAL]


def nodes(function: Any) -> Iterator[ast.AST]:
    """Yield the nodes of a function's source, or of a class's and its bases'.

    What stands around a lambda is none of it, unless it is not clear which lambda is meant.
    """
    if inspect.isclass(function):
        trees: list[ast.AST] = [tree for kind in own_bases(function) for tree in _parsed(kind)]
    else:
        trees = [*definitions(function)] or _parsed(plain_function(function))
    for tree in trees:
        yield from ast.walk(tree)


def with_helpers(functions: Iterable[Any]) -> list[Any]:
    """Return functions and classes with the functions of the same module that they call."""
    found: dict[int, Any] = {}
    waiting = list(functions)
    while waiting:
        function = plain_function(waiting.pop())
        if id(function) in found:
            continue
        found[id(function)] = function
        names = scope(function)
        for node in nodes(function):
            value = names.get(node.id) if isinstance(node, ast.Name) else None
            home = getattr(value, "__module__", None)
            if inspect.isfunction(value) and home == getattr(function, "__module__", None):
                waiting.append(value)
    return list(found.values())


def scope(function: Any) -> dict[str, Any]:
    """Return the globals of a function, or of the methods of a class."""
    if inspect.isclass(function):
        methods = [item for item in vars(function).values() if inspect.isfunction(item)]
        return methods[0].__globals__ if methods else {}
    return getattr(function, "__globals__", {})


def plain_function(function: Any) -> Any:
    """Return the function of the source inside decorators, partials and bound methods."""
    inner = inspect.unwrap(function)
    inner = getattr(inner, "func", inner)
    inner = getattr(inner, "__func__", inner)
    return getattr(inner, "py_func", inner)


def _parsed(item: Any) -> list[ast.AST]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(item)))
    except (TypeError, OSError, SyntaxError, TokenError, ValueError, RecursionError):
        return []
    return list(tree.body)
