"""Which values somebody's code takes apart into height and width, as its source has it.

A stride may be one number for both axes, or a pair. ``sh, sw = stride`` takes a pair, and so do
``sh, sw = conv_param["stride"]`` and a helper that is given the stride and unpacks it. What goes
on to a framework may be either, unless it is counted with as it is: ``(H - HH) // stride``.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from symconv.code.sources import definitions, nodes, scope

Form: TypeAlias = Literal["pair", "either"]
_Seen: TypeAlias = Literal["passed", "number", "pair", "either"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ASK = _words("isinstance type hasattr isscalar ndim _single single _pair pair _triple triple")
_TAKE_EITHER = _words(
    "Unfold Fold unfold fold Conv1d Conv2d Conv3d LazyConv1d LazyConv2d LazyConv3d "
    "ConvTranspose1d ConvTranspose2d ConvTranspose3d conv1d conv2d conv3d conv_transpose1d "
    "conv_transpose2d conv_transpose3d AvgPool1d AvgPool2d AvgPool3d avg_pool1d avg_pool2d "
    "avg_pool3d"
)
_STRENGTH: Mapping[_Seen, int] = {"passed": 0, "number": 1, "pair": 2, "either": 3}
"""What is seen of a value, the weakest first: it goes on to what takes both, is counted with, is
taken apart, or asked for its type."""
MOST_DEEP = 3
"""Limit: a helper of so many helpers is not read; each may call many others."""
_FRAMEWORKS = _words("numpy torch jax scipy")
_GO_THROUGH = _words("len iter prod tuple list zip map enumerate max min sum reversed")


def forms(function: Any) -> dict[str, Form]:
    """Return the form of what a function, or a class, takes apart, by its name.

    A value's name is that of a variable or attribute, or its key in a dictionary. What is taken
    apart is a pair; where its type is asked for, or it goes on to what takes both and is not
    counted with, it is either.
    """
    seen = _seen(function, frozenset())
    shown: dict[_Seen, Form] = {"passed": "either", "pair": "pair", "either": "either"}
    return {name: shown[form] for name, form in seen.items() if form in shown}


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


def _seen(function: Any, above: frozenset[int]) -> dict[str, _Seen]:
    found: dict[str, _Seen] = {}
    names: dict[str, set[str]] = {}
    computed: set[str] = set()

    def see(name: str, form: _Seen) -> bool:
        is_more = name not in found or _STRENGTH[form] > _STRENGTH[found[name]]
        if is_more:
            found[name] = form
        return is_more

    every = list(nodes(function))
    for node in every:
        for name, value in _bound(node):
            bound = {*_names(value)}
            names.setdefault(name, set()).update(bound)
            computed |= set() if bound else {name}
    for node in every:
        for form, value in (*_taken(node), *_given_on(node, function, above)):
            for name in _names(value):
                # What was computed on the way is not the value that was given.
                if form != "number" or name not in computed:
                    _ = see(name, form)
    # What is bound to a name is taken apart where the name is.
    changed = True
    while changed:
        bindings = [(name, other) for name in names if name in found for other in names[name]]
        changed = sum(see(other, found[name]) for name, other in bindings) > 0
    return found


def _taken(node: ast.AST) -> Iterator[tuple[_Seen, ast.expr]]:
    """Yield what a node takes apart, asks the type of, gives on or counts with."""
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
            if last in _ASK | _TAKE_EITHER:
                for value in given:
                    yield "either" if last in _ASK else "passed", value
            elif last in _GO_THROUGH:
                # max(kernel, stride) compares them.
                alone = last not in ("max", "min", "sum") or len(arguments) == 1
                for value in arguments if alone else ():
                    yield "pair", value
        case ast.BinOp(op=ast.Sub() | ast.FloorDiv() | ast.Mod(), left=left, right=right):
            # Tuples can be added and repeated, and this they cannot.
            for value in (*_operands(left), *_operands(right)):
                yield "number", value
        case _:
            return


def _operands(node: ast.expr) -> Iterator[ast.expr]:
    """Yield what an expression counts with as it is."""
    match node:
        case ast.BinOp(left=left, right=right):
            yield from _operands(left)
            yield from _operands(right)
        case _:
            yield node


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
    node: ast.AST, function: Any, above: frozenset[int]
) -> Iterator[tuple[_Seen, ast.expr]]:
    """Yield what a node gives to a function of somebody's own, as that takes it."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return
    helper = scope(function).get(node.func.id)
    if not inspect.isfunction(helper) or id(helper) in above or len(above) == MOST_DEEP:
        return
    if helper.__module__.split(".")[0] in _FRAMEWORKS:
        return
    parameters = [
        [*item.args.posonlyargs, *item.args.args, *item.args.kwonlyargs]
        for item in definitions(helper)
    ]
    form = _seen(helper, above | {id(helper)})
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
