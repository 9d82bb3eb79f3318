"""How a pair is called, written down as Python: for tests that do without this package.

All of this happens in the process that runs the code. What leaves it is text, in which ``$S``,
``$P``, ``$C`` and so on stand for sizes.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from symconv.algebra.indices import Constant, IntegerExpression, Size
from symconv.code.names import (
    CACHE,
    HAS_BIAS,
    HYPER,
    RESULT_BY_INPUT,
    W_SHAPE,
    X_SHAPE,
    gradient_of,
    role_of,
)
from symconv.code.signatures import Signature
from symconv.errors import NotSupported
from symconv.implementations.calling.candidates import Passes
from symconv.implementations.calling.classes import Class
from symconv.implementations.calling.conventions import implementation, read_pair
from symconv.implementations.calling.finding import Target, members, resolve
from symconv.implementations.calling.frameworks import is_torch_class
from symconv.implementations.calling.functions import Functions, Keys, settings_by_role
from symconv.implementations.calling.importing import Imported, is_file
from symconv.implementations.calling.layouts import Axes
from symconv.implementations.calling.observing import LAYER, Observed, ObservedSizes, observe
from symconv.implementations.calling.pairs import Pair
from symconv.implementations.calling.results import NoArray, gradients
from symconv.implementations.model import (
    BACKWARD_RESULTS,
    Description,
    Framework,
    Implementation,
)
from symconv.layers.registry import layer_by_name

CODE = "code"
"""What the module of the code is called."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where the code is imported from.

    Attributes:
        file: its file.
        module: its dotted name where it is imported by that, and else an empty string.
        root: the folder that a dotted name starts from; None where the module is installed.
    """

    file: Path
    module: str = ""
    root: Path | None = None


@dataclass(frozen=True, slots=True)
class SpelledCall:
    """One call, and how what it returns is taken apart.

    Attributes:
        text: the call: ``code.conv_backward(dout, cache)``.
        places: what each place of the tuple that it returns is, by name, None for what is of no
            use; a name that starts with a star takes the rest. Empty where it is no tuple.
        reached: without places, how each result is reached, by name; ``{}`` stands for what is
            returned.
    """

    text: str
    places: tuple[str | None, ...] = ()
    reached: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Spelling:
    """The calls of a pair.

    Attributes:
        home: where the code is imported from.
        framework: what its arrays are.
        order: the axes of its images, filters and bias.
        layer: the name of the layer whose arrays they are.
        bias: whether it takes a bias.
        made: lines that make an instance of a class and give it its weights.
        forward: the call of the forward pass, or None.
        backward: the calls of the backward pass.
        taken: what the backward pass takes of the forward pass: ``y``, ``cache``.
        held: where an instance holds gradients that backward does not return, by result.
        leaves: what is differentiated by, by result, where gradients are automatic.
    """

    home: Home
    framework: Framework
    order: tuple[str, str, str]
    layer: str
    bias: bool
    made: tuple[str, ...] = ()
    forward: SpelledCall | None = None
    backward: tuple[SpelledCall, ...] = ()
    taken: frozenset[str] = frozenset()
    held: tuple[tuple[str, str], ...] = ()
    leaves: tuple[tuple[str, str], ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The arrays that it takes, besides what flows back."""
        layer = layer_by_name(self.layer)
        weights = () if layer.weights is None else ("w",)
        return ("x", *weights, *(("b",) if self.bias else ()))

    @property
    def axes(self) -> Axes:
        """The order of its axes."""
        return Axes(*self.order, layer_by_name(self.layer))


@dataclass(frozen=True, slots=True)
class Spelled(Description):
    """A description with the calls written down.

    Attributes:
        spelling: the calls, or why they cannot be written.
    """

    spelling: Spelling | str = ""


def load_spelled(target: Target, probes: Sequence[ObservedSizes]) -> Implementation:
    """Load a target, and write its calls down in its description, which is a `Spelled`.

    Args:
        target: what the user named.
        probes: where the code runs, to see what it returns.

    Raises:
        UsageError: when it cannot be loaded.
    """
    found, candidate = resolve(target)
    forward, backward = members(found, candidate)
    loaded = implementation(forward, backward, target.options, name=found.name, shown=found.shown)
    pair = read_pair(forward, backward, target.options)
    spelling: Spelling | str
    try:
        spelling = _spelling(found, candidate, forward, pair, observe(pair, loaded, probes))
    except NotSupported as error:
        spelling = error.fact
    facts = {item.name: getattr(loaded.description, item.name) for item in fields(Description)}
    return replace(loaded, description=Spelled(**facts, spelling=spelling))


def _spelling(
    found: Imported, candidate: Passes, forward: Any, pair: Pair, seen: Observed
) -> Spelling:
    """Write the calls of a pair.

    Raises:
        NotSupported: when one of them cannot be written.
    """
    axes = pair.axes
    order = (axes.images, axes.filters, axes.bias)
    base = Spelling(_home(found), pair.framework, order, axes.layer.name, pair.has_bias)
    name = f"{CODE}.{candidate.forward}"
    match pair.caller:
        case Functions() as functions:
            parts = [f"{CODE}.{part}" for _, part in candidate.backward]
            applied = is_torch_class(forward, "function")
            return _of_functions(base, functions, name, parts, seen, applied=applied)
        case Class() as layer:
            return _of_class(base, layer, name, seen)
        case other:
            raise AssertionError(f"no other kind of code is read: {other}")


def _of_functions(
    base: Spelling,
    functions: Functions,
    name: str,
    parts: Sequence[str],
    seen: Observed,
    *,
    applied: bool,
) -> Spelling:
    values = _values(functions.keys, base.bias)
    needed = {role for signature in functions.backward.values() for role in signature.roles}
    taken = frozenset(needed & {"y", CACHE})
    forward = None
    if functions.forward is not None:
        if applied:
            given = ", ".join(_written(item) for item in functions.forward.positions(values))
            text = f"{name}.apply({given})"
        else:
            text = _call(functions.forward, values, name)
        forward = _output(text, seen.forward, cached=CACHE in taken)
    values[CACHE] = _cache(forward)
    calls = []
    for position, (result, signature) in enumerate(functions.backward.items()):
        returned = seen.backward[position] if seen.backward else _UNSEEN
        text = _call(signature, values, parts[position])
        calls.append(_single(text, result, returned) if result else _gradients(text, returned))
    leaves = () if calls else tuple((RESULT_BY_INPUT[role], role) for role in base.inputs)
    return replace(base, forward=forward, backward=tuple(calls), taken=taken, leaves=leaves)


def _of_class(base: Spelling, found: Class, name: str, seen: Observed) -> Spelling:
    values = _values(found.keys, base.bias)
    given = found.constructor.roles | found.forward.roles
    made = [f"{LAYER} = {_call(found.constructor, values, name)}"]
    for role in base.inputs[1:]:
        if role not in given:
            if role not in seen.weights:
                raise NotSupported("no instance of the class could be made to see its weights")
            wrapped = ".data" if role in seen.wrapped else ""
            made.append(f"{seen.weights[role]}{wrapped} = {role}")
    taken = frozenset() if found.backward is None else found.backward.roles & {"y", CACHE}
    called = LAYER if found.methods[0] == "__call__" else f"{LAYER}.{found.methods[0]}"
    text = _call(found.forward, values, called)
    forward = _output(text, seen.forward, cached=CACHE in taken)
    base = replace(base, made=tuple(made), forward=forward, taken=frozenset(taken))
    if found.backward is None:
        # Where it went into the constructor or into forward, the array itself may be the leaf.
        places = {
            role: role if role in found.forward.roles else seen.weights.get(role, role)
            for role in base.inputs
        }
        return replace(base, leaves=tuple((RESULT_BY_INPUT[role], places[role]) for role in places))
    values[CACHE] = _cache(forward)
    called = f"{LAYER}.{found.methods[1]}"
    text = _call(found.backward, values, called)
    call = _gradients(text, seen.backward[0] if seen.backward else _UNSEEN)
    returned = {*call.places, *(result for result, _ in call.reached)}
    held = tuple((result, seen.held[result]) for result in sorted({*seen.held} - returned))
    return replace(base, backward=(call,), held=held)


_UNSEEN = object()


@dataclass(frozen=True, slots=True)
class _Source:
    """A value of which only the spelling is known."""

    text: str


def _values(keys: Keys, bias: bool) -> dict[str, Any]:
    """Return what can be given to a parameter by its role, as `values_by_role` does, spelled."""
    settings = settings_by_role(keys.layer, _spelled)
    held = keys.filled(settings)
    dictionary = ", ".join(f"{json.dumps(key)}: {_written(value)}" for key, value in held.items())
    values: dict[str, Any] = {
        **{name: _Source(name) for name in ("x", "w", "b", "dout", "y")},
        **settings,
        HYPER: _Source(f"{{{dictionary}}}"),
        **{size.name: _Source(f"${size}") for size in keys.layer.every_size},
        X_SHAPE: _Source("x.shape"),
        W_SHAPE: _Source("w.shape"),
        HAS_BIAS: bias,
    }
    return values if bias else {**values, "b": None}


def _spelled(expression: IntegerExpression) -> Any:
    """Write a setting.

    Raises:
        NotSupported: when it is neither a size nor a number.
    """
    match expression:
        case Size():
            return _Source(f"${expression}")
        case Constant(value=value):
            return value
        case _:
            raise NotSupported(f"the setting {expression} cannot be written as a literal")


def _cache(forward: SpelledCall | None) -> _Source:
    return _Source("tuple(cache)" if forward and "*cache" in forward.places else CACHE)


def _call(signature: Signature, values: Mapping[str, Any], name: str) -> str:
    """Write a call: the signature passes its arguments to what writes instead of computes."""

    def written(*given: Any, **named: Any) -> str:
        arguments = [_written(item) for item in given]
        arguments += [f"{key}={_written(item)}" for key, item in named.items()]
        return f"{name}({', '.join(arguments)})"

    return signature.bound(values, written)


def _written(value: Any) -> str:
    """Write an argument.

    Raises:
        NotSupported: when it is nothing that has a literal.
    """
    match value:
        case _Source(text):
            return text
        case str():
            return json.dumps(value).replace("$", "$$")
        case None | bool() | int() | float():
            return repr(value)
        case tuple():
            inside = ", ".join(map(_written, value))
            return f"({inside},)" if len(value) == 1 else f"({inside})"
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case _:
            kind = type(value).__qualname__
            raise NotSupported(f"an argument of type {kind} cannot be written as a literal")


def _output(text: str, returned: Any, *, cached: bool) -> SpelledCall:
    """Say how y, and a cache if one is needed, are taken from what a forward pass returned."""
    if isinstance(returned, Mapping):
        for key in returned:
            if isinstance(key, str) and role_of(key, "backward") == "y":
                return SpelledCall(text, reached=(("y", f"{{}}[{json.dumps(key)}]"), (CACHE, "{}")))
    if isinstance(returned, tuple):
        last = () if len(returned) < 2 else (CACHE,) if len(returned) == 2 else ("*cache",)
        return SpelledCall(text, places=("y", *last))
    if returned is None and cached:
        # It never ran well; a backward pass that takes a cache says that there is one.
        return SpelledCall(text, places=("y", CACHE))
    return SpelledCall(text, reached=(("y", "{}"),))


def _single(text: str, result: str, returned: Any) -> SpelledCall:
    if isinstance(returned, tuple) and len(returned) == 1:
        return SpelledCall(text, places=(result,))
    return SpelledCall(text, reached=((result, "{}"),))


def _gradients(text: str, returned: Any) -> SpelledCall:
    """Say how gradients are taken from what a backward pass returned."""
    if returned is _UNSEEN:
        return SpelledCall(text, places=BACKWARD_RESULTS)
    found = {
        result: value
        for result, value in gradients(returned).items()
        if value is not None and not isinstance(value, NoArray)
    }
    if isinstance(returned, Mapping):
        reached = [
            (result, f"{{}}[{json.dumps(key)}]")
            for key, value in returned.items()
            for result, one in found.items()
            if one is value
        ]
        return SpelledCall(text, reached=tuple(reached))
    if isinstance(returned, list | tuple) and not any(
        value is returned for value in found.values()
    ):
        if any(isinstance(value, Mapping | list | tuple) for value in returned):
            raise NotSupported("the backward pass returns several gradients in one value")
        names = {id(value): result for result, value in found.items()}
        return SpelledCall(text, places=tuple(names.get(id(value)) for value in returned))
    if any(value is returned for value in found.values()):
        return SpelledCall(text, reached=((BACKWARD_RESULTS[0], "{}"),))
    reached = [
        (result, f"{{}}.{name}")
        for name, value in inspect.getmembers(returned)
        for result, one in found.items()
        if one is value and gradient_of(name) == result
    ]
    return SpelledCall(text, reached=tuple(reached))


def _home(found: Imported) -> Home:
    """Say where a module was imported from.

    Raises:
        NotSupported: when it has no file.
    """
    if found.beside:
        raise NotSupported("its passes may stand in several files")
    name, file = found.module.__name__, found.module.__file__
    if file is None:
        raise NotSupported(f"{found.name} has no file")
    path = Path(file).resolve()
    dotted = all(part.isidentifier() for part in name.split("."))
    if is_file(found.name) and (not dotted or "." not in name):
        return Home(path)
    root = (path.parent if path.name == "__init__.py" else path).parents[name.count(".")]
    installed = any(root.is_relative_to(Path(prefix).resolve()) for prefix in _PREFIXES)
    return Home(path, name, None if installed else root)


_PREFIXES = (sys.prefix, sys.base_prefix)
