"""The value at which a parameter that the layer does not have changes nothing.

A dilation of 1, one group, the identity as activation: code that asks for one of these is a
plain convolution there. What it does at other values is another matter.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from symconv.code import names
from symconv.code.sources import nodes

_IDENTITIES = ("linear", "identity", "none", "id", "no", "")
_VALUE_BY_WORD: dict[str, int] = {
    **dict.fromkeys(("dilation", "dilations", "dilationrate", "dilate"), 1),
    **dict.fromkeys(("groups", "group", "ngroups", "numgroups"), 1),
    **dict.fromkeys(("outputpadding", "outpadding"), 0),
}
LEARNING_RATES = frozenset(["lr", "learningrate", "learnrate", "eta", "stepsize"])
"""At 0 a step that a backward pass takes changes nothing, and its gradients are those of the
weights it was given."""
ACTIVATIONS = frozenset(
    {"activation", "activations", "activationfn", "activationfunction", "activationname"}
    | {"act", "actfn", "activ", "nonlinearity", "nonlin"}
)


@dataclass(frozen=True, slots=True)
class Neutral:
    """A value that changes nothing, and how people read it."""

    value: Any
    text: str


def identity(values: Any) -> Any:
    """Return what is given, as an activation that does nothing."""
    return values


def neutral(function: Callable[..., Any], name: str, *, paired: bool) -> Neutral | None:
    """Return the value at which a parameter of a function changes nothing, if it is known."""
    word = names.plain(name)
    if word in LEARNING_RATES:
        return Neutral(0.0, "0")
    if word in _VALUE_BY_WORD:
        value = _VALUE_BY_WORD[word]
        return Neutral((value, value) if paired else value, str(value))
    if word not in ACTIVATIONS:
        return None
    if _is_called(function, name):
        return Neutral(identity, "the identity")
    for text in _compared_with(function, name):
        if text.casefold() in _IDENTITIES:
            return Neutral(text, repr(text))
    return Neutral(None, "None")


def is_no_activation(value: Any) -> bool:
    """Tell an activation that does nothing, as far as that can be seen."""
    if value is None or value is False or value is identity:
        return True
    if isinstance(value, str):
        return value.casefold() in _IDENTITIES
    try:
        probe = object()
        return callable(value) and value(probe) is probe
    except Exception:
        # It computes something, which no plain object goes through.
        return False


def _is_called(function: Callable[..., Any], name: str) -> bool:
    return any(
        isinstance(node, ast.Call)
        and name in (getattr(node.func, "id", None), getattr(node.func, "attr", None))
        for node in nodes(function)
    )


def _compared_with(function: Callable[..., Any], name: str) -> list[str]:
    """Return the texts that a parameter, or the attribute that keeps it, is compared with."""
    found: list[str] = []
    for node in nodes(function):
        match node:
            case ast.Compare():
                spoken = [node.left, *node.comparators]
            case ast.Match():
                spoken = [node.subject, *(item.pattern for item in node.cases)]
            case _:
                continue
        inside = [inner for part in spoken for inner in ast.walk(part)]
        if any(name in (getattr(one, "id", None), getattr(one, "attr", None)) for one in inside):
            found += [
                one.value
                for one in inside
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            ]
    return found
