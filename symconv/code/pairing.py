"""Which values somebody's code takes apart into height and width, as its source has it.

A stride may be one number for both axes, or a pair. ``sh, sw = stride`` takes a pair, and so do
``sh, sw = conv_param["stride"]`` and a helper that is given the stride and unpacks it.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

from symconv.code.sources import definitions, nodes, scope

Form: TypeAlias = Literal["pair", "either"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAKE_EITHER = _words(
    "isinstance type hasattr isscalar ndim _single single _pair pair _triple triple Unfold Fold "
    "unfold fold Conv1d Conv2d Conv3d LazyConv1d LazyConv2d LazyConv3d ConvTranspose1d "
    "ConvTranspose2d ConvTranspose3d conv1d conv2d conv3d conv_transpose1d conv_transpose2d "
    "conv_transpose3d"
)
"""What asks which of the two it is given, or takes both."""
_FRAMEWORKS = _words("numpy torch jax scipy")
_GO_THROUGH = _words("len iter prod tuple list zip map enumerate max min sum reversed")


def forms(function: Any) -> dict[str, Form]:
    """Return the form of what a function, or a class, takes apart, by its name.

    A value's name is that of a variable or attribute, or its key in a dictionary. What is taken
    apart is a pair; where its type is asked for, or it goes on to what takes both, it is either.
    """
    return _forms(function, frozenset())


def parts(function: Any, name: str) -> int:
    """Return how many names a value is taken apart into; 0 where it is not."""
    return next(
        (
            len(targets)
            for node in nodes(function)
            if isinstance(node, ast.Assign)
            for targets in [getattr(node.targets[0], "elts", ())]
            if targets and name in _names(node.value)
        ),
        0,
    )


def _forms(function: Any, seen: frozenset[int]) -> dict[str, Form]:
    found: dict[str, Form] = {}
    names: dict[str, set[str]] = {}
    for node in nodes(function):
        for form, value in (*_taken(node), *_given_on(node, function, seen)):
            for name in _names(value):
                if found.get(name) != "either":
                    found[name] = form
        for name, value in _bound(node):
            names.setdefault(name, set()).update(_names(value))
    # What is bound to a name is taken apart where the name is.
    for _ in names:
        new: dict[str, Form] = {}
        for name in (one for one in names if one in found):
            for other in names[name]:
                if found.get(other) not in (found[name], "either"):
                    new[other] = found[name]
        if not new:
            break
        found.update(new)
    return found


def _taken(node: ast.AST) -> Iterator[tuple[Form, ast.expr]]:
    """Yield what a node takes apart, or asks the type of."""
    match node:
        case ast.Subscript(slice=ast.Constant(value=str())):
            return
        case ast.Subscript(value=value) | ast.Starred(value=value):
            yield "pair", value
        case ast.For(iter=value) | ast.comprehension(iter=value):
            yield "pair", value
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Tuple(elts=parts)):
            # What makes a pair of itself was none.
            for part in parts:
                if isinstance(part, ast.Name) and part.id == name:
                    yield "either", part
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
            if isinstance(value, ast.Tuple) and len(value.elts) == len(targets):
                for target, part in zip(targets, value.elts, strict=True):
                    if isinstance(target, ast.Tuple):
                        yield "pair", part
            else:
                yield "pair", value
        case ast.Call(func=called, args=arguments, keywords=keywords):
            last = ast.unparse(called).rpartition(".")[2]
            given = [*arguments, *(item.value for item in keywords)]
            if last in _TAKE_EITHER:
                for value in given:
                    yield "either", value
            elif last in _GO_THROUGH:
                # max(kernel, stride) compares them.
                alone = last not in ("max", "min", "sum") or len(arguments) == 1
                for value in arguments if alone else ():
                    yield "pair", value
        case _:
            return


def _bound(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a node binds as a whole, and to what."""
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(
            targets
        ) == len(values):
            pairs: Iterable[tuple[ast.expr, ast.expr]] = zip(targets, values, strict=True)
        case ast.Assign(targets=targets, value=value):
            pairs = [(target, value) for target in targets]
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            pairs = [(target, value)]
        case _:
            return
    for target, value in pairs:
        if isinstance(target, ast.Name | ast.Attribute):
            for name in _names(target):
                yield name, value


def _given_on(
    node: ast.AST, function: Any, seen: frozenset[int]
) -> Iterator[tuple[Form, ast.expr]]:
    """Yield what a node gives to a function of somebody's own that takes it apart."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return
    helper = scope(function).get(node.func.id)
    if not inspect.isfunction(helper) or id(helper) in seen:
        return
    if helper.__module__.split(".")[0] in _FRAMEWORKS:
        return
    parameters = [
        [*item.args.posonlyargs, *item.args.args, *item.args.kwonlyargs]
        for item in definitions(helper)
    ]
    form = _forms(helper, seen | {id(helper)})
    for given in parameters[:1]:
        by_name = {item.arg: item.arg for item in given}
        for parameter, value in zip(given, node.args, strict=False):
            if isinstance(value, ast.Starred):
                # How many it stands for is not known, and so not what follows.
                break
            if parameter.arg in form:
                yield form[parameter.arg], value
        for keyword in node.keywords:
            if by_name.get(keyword.arg or "") in form:
                yield form[str(keyword.arg)], keyword.value


def _names(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            yield name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            yield name
        case ast.Call(
            func=ast.Attribute(attr="get" | "pop"), args=[ast.Constant(value=str(name)), *_]
        ):
            yield name
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]):
            yield name
        case _:
            return
