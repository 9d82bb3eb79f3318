"""Which parameters of somebody's code stay at one value, and whether a result depends on them.

Code is run at every class of shapes, but a parameter that is neither an array nor a size, such
as ``dilation=1`` or ``activation=None``, keeps its default. What the code computes at other
values nobody has seen. Whether it could be something else is read off the source: a parameter
that is never read, or that is only refused, printed or kept, changes no result. Where there is
no source to read, it can.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from symconv.code import names
from symconv.code.settings import passes_on, settings
from symconv.code.signatures import Signature, location_of, name_of
from symconv.code.sources import Definition, definitions, has_source
from symconv.implementations.model import Unvaried

_KNOWS_ITS_NAMES = frozenset(["locals", "vars", "exec", "eval", "dir"])
_ONLY_TELLS = frozenset(["print", "warn", "debug", "info", "warning", "log", "error"])
_SHOWS = frozenset(["__repr__", "__str__", "extra_repr", "get_config", "__format__"])


def unvaried(signatures: Sequence[Signature], shown: Mapping[str, str]) -> tuple[Unvaried, ...]:
    """Return the parameters that stay at one value in every run, each name once.

    Names that speak of no result (``name``, ``verbose``, ``seed``) are left out.

    Args:
        signatures: of the functions and methods that are called.
        shown: how files are called, by their paths.
    """
    found: dict[str, Unvaried] = {}
    for signature in signatures:
        function = signature.function
        for name, value, reaches in _staying(signature):
            earlier = found.get(name)
            if names.is_about_no_result(name) or (earlier and not reaches > earlier.reaches):
                continue
            place = location_of(function, shown)
            found[name] = Unvaried(name, value, name_of(function), reaches, place)
    return tuple(found.values())


def _staying(signature: Signature) -> Iterator[tuple[str, str, bool]]:
    """Yield what stays at one value: its name, the value for people, whether it counts."""
    function = signature.function
    stars = signature.stars
    for item in signature.parameters:
        if item.role is None:
            is_read_by_name = item.keyword and bool(settings([function], stars).get(item.name))
            yield item.name, item.stays_at, is_read_by_name or can_reach(function, item.name)
    for setting in signature.settings:
        yield setting.key, str(setting.default), True
    for star in sorted(stars):
        if passes_on(function, star):
            yield star, "empty", True


def can_reach(function: Any, name: str) -> bool:
    """Tell whether a result of a function, or of a class, can depend on a parameter.

    Args:
        function: the function; a class for a parameter of its constructor.
        name: the parameter.
    """
    if not has_source(function):
        return True
    methods = definitions(function)
    if not inspect.isclass(function):
        return any(_reads(item, name, keeping=True) for item in methods)
    makers = [item for item in methods if _takes(item, name)]
    if not makers:
        # A dataclass, or a constructor that stands elsewhere: the attribute has its name.
        return any(_reads_attribute(item, {name}) for item in methods)
    kept = {attribute for item in makers for attribute in _kept_as(item, name)}
    return any(_reads(item, name, keeping=False) for item in makers) or any(
        _reads_attribute(item, kept) for item in methods
    )


def _takes(item: Definition, name: str) -> bool:
    given = item.args
    return name in {arg.arg for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs)}


def _reads(item: Definition, name: str, *, keeping: bool) -> bool:
    """Tell whether a function does anything with a parameter but refuse it or tell it.

    Args:
        item: the function.
        name: the parameter.
        keeping: whether to keep it in an attribute is something too.
    """
    return (keeping and bool(list(_kept_as(item, name)))) or any(
        (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load))
        or (isinstance(node, ast.Call) and _called(node) in _KNOWS_ITS_NAMES)
        for node in _telling(_body(item))
    )


def _reads_attribute(item: Definition, kept: set[str]) -> bool:
    if isinstance(item, ast.Lambda) or item.name in _SHOWS:
        return False
    return any(
        (isinstance(node, ast.Attribute) and node.attr in kept and isinstance(node.ctx, ast.Load))
        or (isinstance(node, ast.Attribute) and node.attr == "__dict__")
        or (isinstance(node, ast.Call) and _called(node) in {"vars", "getattr", "eval", "exec"})
        for node in _telling(_body(item))
    )


def _body(item: Definition) -> list[ast.AST]:
    return [item.body] if isinstance(item, ast.Lambda) else list(item.body)


def _telling(given: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes that a result can depend on.

    Left out are checks that only refuse, what is printed, and attributes that keep a value.
    """
    for node in given:
        match node:
            case ast.Assert():
                continue
            case ast.If(body=[ast.Raise()], orelse=rest):
                yield from _telling(rest)
                continue
            case ast.Expr(value=ast.Call() as call) if _called(call) in _ONLY_TELLS:
                continue
            case ast.Assign() if list(_keeps(node)):
                kept = {id(value) for _, value in _keeps(node)}
                parts = [*node.targets, *_parts(node.value)]
                yield from _telling(part for part in parts if id(part) not in kept)
                continue
            case _:
                yield node
        yield from _telling(ast.iter_child_nodes(node))


def _kept_as(item: Definition, name: str) -> Iterator[str]:
    """Yield the attributes under which a constructor keeps a parameter as it is."""
    for node in ast.walk(item):
        if isinstance(node, ast.Assign):
            for attribute, value in _keeps(node):
                if value.id == name:
                    yield attribute


def _keeps(node: ast.Assign) -> Iterator[tuple[str, ast.Name]]:
    """Yield what an assignment keeps: ``self.a, self.b = a, b`` keeps two names."""
    for target in node.targets:
        targets, values = _parts(target), _parts(node.value)
        if len(targets) != len(values):
            continue
        for one, value in zip(targets, values, strict=True):
            match one, value:
                case ast.Attribute(value=ast.Name(), attr=attribute), ast.Name() as name:
                    yield attribute, name
                case _:
                    continue


def _parts(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple | ast.List) else [node]


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]
