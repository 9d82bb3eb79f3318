"""Reading a forward and a backward pass of each kind: functions, a class, an autograd function.

What comes out is a `Pair`: how both are called, and what their signatures leave open.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from symconv.code import names
from symconv.code.names import (
    CACHE,
    DILATION,
    FOREIGN,
    GROUPS,
    HYPER,
    KERNEL,
    OUTPUT_PADDING,
    PADDING,
    STRIDE,
    has_own_names,
)
from symconv.code.settings import Setting, settings
from symconv.code.signatures import (
    Purpose,
    Signature,
    location_of,
    name_of,
    read_signature,
    require,
)
from symconv.code.sources import with_helpers
from symconv.errors import UsageError
from symconv.implementations.calling.automatic import (
    JaxGradients,
    TorchGradients,
    in_double_precision,
)
from symconv.implementations.calling.built_in import BuiltIn
from symconv.implementations.calling.candidates import passes_of
from symconv.implementations.calling.class_samples import sample
from symconv.implementations.calling.classes import Class
from symconv.implementations.calling.frameworks import (
    framework_of,
    imported,
    is_jax_function,
    is_torch_class,
    to_tensor,
)
from symconv.implementations.calling.functions import (
    Functions,
    Keys,
    Run,
    RunBack,
    check_cache,
    values_by_role,
)
from symconv.implementations.calling.layouts import BIAS, OWN, Axes
from symconv.implementations.model import BACKWARD_RESULTS, Framework
from symconv.implementations.options import (
    CONVENTION_BY_NAME,
    CONVENTIONS,
    CodeOptions,
    Convention,
)
from symconv.layers.layer import Layer


@dataclass(frozen=True, slots=True)
class Pair:
    """A forward and a backward pass whose signatures are read.

    Attributes:
        convention: how it is called.
        framework: what its arrays are.
        axes: the order of axes.
        run_forward: calls the forward pass.
        run_backward: calls the backward pass.
        signatures: the signatures, for people.
        needing: signatures that must take the stride and the padding, in one of each group.
        places: the function or method that computes each result.
        has_bias: whether it takes a bias.
        forward: the name of the forward pass, or None.
        backward: the name of the backward pass, or None.
        automatic: whether gradients come from automatic differentiation.
        caller: what calls it: functions, or a class; for those who write the calls down.
        built_in: the layer of a framework inside a module, or None.
    """

    convention: Convention
    framework: Framework
    axes: Axes
    run_forward: Run
    run_backward: RunBack
    signatures: tuple[Signature, ...]
    needing: tuple[tuple[Signature, ...], ...]
    places: Mapping[str, Any]
    has_bias: bool
    forward: str | None
    backward: str | None
    automatic: bool = False
    caller: Functions | Class | None = None
    built_in: BuiltIn | None = None


def read_functions(forward: Any, parts: Mapping[str, Any], options: CodeOptions) -> Pair:
    """Read a forward function and backward functions.

    Args:
        forward: the forward function, or None.
        parts: the backward functions by the gradient that each computes; "" is for all.
        options: what was said of them.

    Raises:
        UsageError: when a signature does not fit.
    """
    layer = options.meant
    functions = [item for item in (forward, *parts.values()) if item is not None]
    framework = _framework(functions, options)
    automatic = framework != "numpy" and not parts
    convention = _convention(functions, options, framework if automatic else None)
    convention = options.in_order(convention)
    first = None
    if forward is not None:
        first = read_signature(forward, "forward", convention.forward, layer=layer)
        require(first, _needed(layer), convention.forward, layer)
    read = {key: _backward(item, convention, first, key, layer) for key, item in parts.items()}
    check_cache(first, read)
    signatures = [item for item in (first, *read.values()) if item is not None]
    keys, left = _dictionary(signatures, convention, layer)
    if first is not None:
        first = replace(first, settings=left)
    has_bias = options.has_bias(first is None or "b" in first.roles, name_of(functions[0]))
    pair = Functions(first, read, keys, has_bias)
    run: tuple[Run, RunBack] = (pair.run_forward, pair.run_backward)
    places = {} if forward is None else {"y": forward}
    places |= dict.fromkeys(BACKWARD_RESULTS, parts[""]) if "" in parts else parts
    if automatic and first is not None:
        run = _differentiated(framework, first, keys, has_bias)
        # A rule of somebody's own is what a custom_vjp calls ``bwd``.
        places |= dict.fromkeys(BACKWARD_RESULTS, getattr(forward, "bwd", None) or forward)
    elif framework == "jax":
        run = in_double_precision(*run)
    # A cache and the output tell the stride; the gradient of the bias needs none.
    needing = [
        signature
        for key, signature in read.items()
        if key != "dL/db" and not {CACHE, "y"} & signature.roles
    ]
    return Pair(
        convention,
        framework,
        options.axes(convention.axes(layer)),
        *run,
        signatures=(*([] if first is None else [first]), *read.values()),
        needing=tuple((item,) for item in ([] if first is None else [first]) + needing),
        places=places,
        has_bias=has_bias,
        forward=None if forward is None else name_of(forward),
        backward=", ".join(name_of(item) for item in parts.values()) or None,
        automatic=automatic,
        caller=pair,
    )


def read_class(given: type, options: CodeOptions) -> Pair:
    """Read a class with a forward and a backward method, or a module of PyTorch.

    A small instance is made once, to see what it holds.

    Raises:
        UsageError: when a signature does not fit, or an instance holds no weights.
    """
    layer = options.meant
    called, back = _methods(given)
    framework = options.framework or (
        "torch" if is_torch_class(given, "module") else framework_of(given)
    )
    automatic = framework == "torch" and back is None
    wanted = "torch" if automatic else "class"
    refused = tuple(name for name in CONVENTIONS if name not in (wanted, framework))
    options.refuse(refused, f"{name_of(given)} is a class")
    convention = CONVENTION_BY_NAME[wanted]
    if has_own_names(layer):
        raise UsageError(
            f"{name_of(given)} is a class, and code for {layer.name} is functions",
            help="wrap it in functions of its arrays and sizes",
        )
    order = ("w", "b", STRIDE, PADDING) if layer.weights else (KERNEL, STRIDE, PADDING)
    constructor = read_signature(given, "constructor", order, layer=layer)
    forward = _method(given, called, "forward", convention.forward, layer)
    require(forward, ("x",), ("x",), layer)
    backward = None if back is None else _method(given, back, "backward", ("dout", CACHE), layer)
    keys, left = _dictionary([constructor, forward], convention, layer)
    constructor = replace(constructor, settings=left)
    found = Class(constructor, forward, backward, (called, back or ""), keys, True)
    seen = sample(found, partial(to_tensor, framework))
    has_bias = options.has_bias(seen.has_bias, name_of(given))
    found = replace(found, bias=has_bias)
    taught = TorchGradients(found.called) if automatic else found
    place = getattr(given, back or called)
    computed = BACKWARD_RESULTS if automatic or back else ()
    return Pair(
        convention,
        framework,
        options.axes(Axes(seen.images or OWN, seen.filters or OWN, seen.bias or BIAS, layer)),
        taught.run_forward,
        taught.run_backward,
        signatures=(constructor, forward, *([] if backward is None else [backward])),
        needing=((constructor, forward),),
        places={"y": getattr(given, called), **dict.fromkeys(computed, place)},
        has_bias=has_bias,
        forward=f"{name_of(given)}.{called}",
        backward=f"{name_of(given)}.{back}" if back else None,
        automatic=automatic,
        caller=found,
        built_in=seen.built_in,
    )


def read_autograd_function(given: Any, options: CodeOptions) -> Pair:
    """Read a ``torch.autograd.Function``, whose own backward is run by autograd.

    Raises:
        UsageError: when its signature does not fit.
    """
    refused = tuple(name for name in CONVENTIONS if name != "torch")
    options.refuse(refused, f"{name_of(given)} is a torch.autograd.Function")
    layer = options.meant
    convention = options.in_order(CONVENTION_BY_NAME["torch"])
    base = imported("torch").autograd.Function
    # With a setup_context of its own, forward takes no context.
    drop = 1 if given.setup_context is base.setup_context else 0
    forward = read_signature(given.forward, "forward", convention.forward, drop=drop, layer=layer)
    require(forward, _needed(layer), convention.forward, layer)
    has_bias = options.has_bias("b" in forward.roles, name_of(given))
    keys = Keys(_usual_keys(convention), layer)

    def call(arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
        values = values_by_role(arrays, sizes, keys, bias=has_bias)
        return given.apply(*forward.positions(values))

    roles = tuple(item.role for item in forward.parameters)
    taught = TorchGradients(_with_leaves(call, has_bias), given.backward, roles)
    return Pair(
        convention,
        "torch",
        options.axes(convention.axes(layer)),
        taught.run_forward,
        taught.run_backward,
        signatures=(forward,),
        needing=((forward,),),
        places={"y": given.forward, **dict.fromkeys(BACKWARD_RESULTS, given.backward)},
        has_bias=has_bias,
        forward=name_of(given.forward),
        backward=name_of(given.backward),
        automatic=True,
        caller=Functions(forward, {}, keys, has_bias),
    )


def _needed(layer: Layer) -> tuple[str, ...]:
    """Return the arrays without which a function is no forward pass of a layer."""
    own_bias = layer.bias if has_own_names(layer) else None
    needed = (layer.input, layer.weights, own_bias)
    return tuple(one.name for one in needed if one is not None)


def _framework(functions: list[Any], options: CodeOptions) -> Framework:
    if options.framework is not None:
        return options.framework
    if options.convention == "torch" or options.convention == "jax":
        return options.convention
    if any(is_jax_function(item) for item in functions):
        return "jax"
    return framework_of(*functions)


def _convention(
    functions: list[Any], options: CodeOptions, automatic: Framework | None
) -> Convention:
    """Return the convention that was asked for, or that the parameters' names speak of."""
    asked = options.convention
    if asked in ("torch", "jax") and automatic != asked:
        raise UsageError(
            f"the {asked} convention takes no backward function",
            help=f"leave out the backward function, or say --framework {asked} instead",
        )
    if asked is not None:
        return CONVENTION_BY_NAME[asked]
    if automatic is not None:
        return CONVENTION_BY_NAME[automatic]
    given = {name for function in functions for name in _parameter_names(function)}
    if {"aprev", "hparameters"} & {names.plain(name) for name in given}:
        return CONVENTION_BY_NAME["course"]
    hyper = any(names.role_of(name, "forward") == HYPER for name in given)
    return CONVENTION_BY_NAME["cs231n" if hyper else "functions"]


def _parameter_names(function: Any) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        # Reading it later says so.
        return []


def _backward(
    function: Any, convention: Convention, forward: Signature | None, part: str, layer: Layer
) -> Signature:
    """Read a backward function; of two parameters beside a forward function, one is a cache."""
    order = convention.backward
    if forward is not None and not part:
        given = inspect.signature(function).parameters.values()
        if sum(item.default is item.empty for item in given) == 2:
            order = ("dout", CACHE)
    signature = read_signature(function, "backward", order, layer=layer)
    require(signature, ("dout",), order, layer)
    return signature


def _dictionary(
    signatures: list[Signature], convention: Convention, layer: Layer
) -> tuple[Keys, tuple[Setting, ...]]:
    """Return the keys of stride and padding as the code spells them, and what else it reads.

    Raises:
        UsageError: when it needs a key that the layer has nothing for.
    """
    usual = _usual_keys(convention)
    holders = frozenset(
        item.name for one in signatures for item in one.parameters if item.role == HYPER
    )
    if not holders:
        return Keys(usual, layer), ()
    read = settings(with_helpers(one.function for one in signatures), holders)
    roles = (STRIDE, PADDING, DILATION, GROUPS, OUTPUT_PADDING)
    if layer.weights is None:
        roles = (*roles, KERNEL, *(axis.filter.name for axis in layer.axes))
    spelled: dict[str, list[str]] = {role: [] for role in roles}
    left: list[Setting] = []
    for setting in read.values():
        role = names.role_of(setting.key, "forward", layer)
        if role in spelled:
            spelled[role].append(setting.key)
        elif setting.default is not None:
            left.append(setting)
        elif role == FOREIGN:
            raise UsageError(
                f"{setting.holder}[{setting.key!r}] is not understood",
                code="signature",
                location=location_of(signatures[0].function),
                help=f"read it with {setting.holder}.get({setting.key!r}, ...) and its usual value",
            )
    # Two spellings of one thing are a mistake of the code, which a dictionary of one shows.
    keys = {
        role: found[0] if len(found) == 1 else usual.get(role, role)
        for role, found in spelled.items()
        if found or role in usual
    }
    forms = {role: {read[key].form for key in keys} for role, keys in spelled.items() if keys}
    paired = frozenset(role for role, found in forms.items() if found == {"pair"})
    either = frozenset(role for role, found in forms.items() if None not in found)
    return Keys(keys, layer, paired, either), tuple(left)


def _usual_keys(convention: Convention) -> dict[str, str]:
    return dict(zip((STRIDE, PADDING), convention.keys, strict=True))


def _differentiated(
    framework: Framework, forward: Signature, keys: Keys, has_bias: bool
) -> tuple[Run, RunBack]:
    def call(arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
        return forward.call(values_by_role(arrays, sizes, keys, bias=has_bias))

    if framework == "jax":
        inputs = tuple(name for name in _inputs(has_bias) if name in keys.layer.array_by_name)
        pulled = JaxGradients(call, inputs)
        return pulled.run_forward, pulled.run_backward
    taught = TorchGradients(_with_leaves(call, has_bias))
    return taught.run_forward, taught.run_backward


def _with_leaves(call: Callable[..., Any], has_bias: bool) -> Callable[..., Any]:
    def called(arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
        leaves = {name: arrays[name] for name in _inputs(has_bias) if name in arrays}
        return call(arrays, sizes), leaves

    return called


def _inputs(has_bias: bool) -> tuple[str, ...]:
    return ("x", "w", "b") if has_bias else ("x", "w")


def _methods(given: type) -> tuple[str, str | None]:
    """Return how the methods are called; calling an instance is running it forward."""
    own = {name for kind in given.__mro__[:-1] for name in vars(kind)}
    forward, backward = passes_of(given)
    called = forward or "__call__"
    if called not in own:
        raise UsageError(
            f"{name_of(given)} has no forward method",
            code="signature",
            location=location_of(given),
            help="give it forward(self, x) and backward(self, dout)",
        )
    return called, backward


def _method(
    given: type, name: str, purpose: Purpose, order: tuple[str, ...], layer: Layer
) -> Signature:
    static = isinstance(inspect.getattr_static(given, name), (staticmethod, classmethod))
    return read_signature(
        getattr(given, name), purpose, order, drop=0 if static else 1, layer=layer
    )
