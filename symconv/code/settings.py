"""Settings that code reads by name out of a dictionary, an object or ``**kwargs``, as written.

``conv_param["stride"]``, ``conv_param.get("dilation", 1)``, ``hparams.pad``: what is read is a
parameter like any other, though no signature lists it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from symconv.code.pairing import Form, forms
from symconv.code.sources import nodes

_OF_EVERY_DICTIONARY = frozenset(dir(dict))


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that is read somewhere.

    Attributes:
        key: its name.
        holder: what it is read from: ``conv_param``.
        default: its default as source text; None where it has to be there.
        form: whether it is taken apart into height and width (``pair``), or taken either as a pair
            or as a number; None for a number.
    """

    key: str
    holder: str
    default: str | None = None
    form: Form | None = None


def settings(functions: Iterable[Any], holders: frozenset[str]) -> dict[str, Setting]:
    """Return what is read from holders with these names, each key once.

    A setting that is read with a default in one place and without in another has to be there.
    """
    found: dict[str, Setting] = {}
    for function in functions:
        form = forms(function)
        for node in nodes(function):
            for setting in _read(node, holders):
                earlier = found.get(setting.key, setting)
                found[setting.key] = Setting(
                    setting.key,
                    setting.holder,
                    None if earlier.default is None else setting.default,
                    earlier.form or form.get(setting.key),
                )
    return found


def is_dictionary(function: Any, name: str, keys: Callable[[str], bool]) -> bool:
    """Tell whether a function reads something of some keys from a parameter as a dictionary."""
    return any(
        isinstance(node, ast.Subscript | ast.Call)
        and any(keys(setting.key) for setting in _read(node, frozenset([name])))
        for node in nodes(function)
    )


def passes_on(function: Any, holder: str) -> bool:
    """Tell whether a star parameter goes anywhere but into reads of one setting by its name."""
    seen = list(nodes(function))
    whole = {id(node) for node in seen if isinstance(node, ast.Name) and node.id == holder}
    for node in seen:
        if _read(node, frozenset([holder])):
            whole -= {id(inner) for inner in ast.iter_child_nodes(node)}
            whole -= {id(getattr(getattr(node, "func", None), "value", None))}
    return bool(whole)


def _read(node: ast.AST, holders: frozenset[str]) -> list[Setting]:
    match node:
        case ast.Subscript(value=given, slice=ast.Constant(value=str(key)), ctx=ast.Load()):
            return [Setting(key, holder) for holder in _holder(given, holders)]
        case ast.Call(func=ast.Attribute(value=given, attr="get" | "pop"), args=[first, *rest]):
            default = ast.unparse(rest[0]) if rest else "None"
            match first:
                case ast.Constant(value=str(key)):
                    return [Setting(key, holder, default) for holder in _holder(given, holders)]
                case _:
                    return []
        case ast.Call(
            func=ast.Name(id="getattr"), args=[given, ast.Constant(value=str(key)), last]
        ):
            return [Setting(key, one, ast.unparse(last)) for one in _holder(given, holders)]
        case ast.Attribute(value=given, attr=key, ctx=ast.Load()):
            if key in _OF_EVERY_DICTIONARY:
                return []
            return [Setting(key, holder) for holder in _holder(given, holders)]
        case _:
            return []


def _holder(node: ast.expr, holders: frozenset[str]) -> list[str]:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
    return [name] if name in holders else []
