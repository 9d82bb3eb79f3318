"""The layer that a user names: one that symconv ships, or one of a Python file of their own.

Naming a file imports it, which runs it. So this is for the command line and for Python: what a
document or a configuration file names is looked up by `layers.registry.layer_by_name`, which
imports nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from difflib import get_close_matches
from inspect import Parameter, signature
from types import ModuleType

from symconv.algebra.expressions import Definition, claim
from symconv.algebra.scoping import arrays
from symconv.errors import SymconvError, UsageError
from symconv.implementations.calling.importing import import_target, split
from symconv.layers.layer import Layer
from symconv.layers.registry import layer_by_name
from symconv.proof.equality import prove
from symconv.verdicts import Verdict


def layer_from(text: str) -> Layer:
    """Return a layer by its name, such as ``conv2d dilation groups``, or from a file.

    A file is imported, and what it calls the layer is a `Layer`, or a function that returns one
    and takes no arguments: ``own.py:layer``.

    Raises:
        UsageError: when there is no such layer or file, the file does not import, or what it
            says of the layer has no meaning.
    """
    if ":" not in text and not text.endswith(".py"):
        return layer_by_name(text)
    place, name = split(text)
    # What it prints is no part of a report.
    with redirect_stdout(sys.stderr):
        module = import_target(place).module
        layer = _made(_named(module, place, name), text)
    _require_meaning(layer, text)
    return layer


def _named(module: ModuleType, place: str, name: str | None) -> object:
    """Return what a module calls something."""
    own = [key for key, value in vars(module).items() if isinstance(value, Layer)]
    if name is None:
        raise _refused(
            place, "which layer of the file is meant?", f"{place}:{(own or ['layer'])[0]}"
        )
    if not hasattr(module, name):
        near = get_close_matches(name, [key for key in vars(module) if key[0] != "_"], n=1)
        raise _refused(place, f"there is no {name}", f"{place}:{(near or own or ['layer'])[0]}")
    return getattr(module, name)


def _made(value: object, text: str) -> Layer:
    """Return a layer, or what a function without arguments returns as one."""
    if isinstance(value, Layer):
        return value
    if not callable(value) or _takes_arguments(value):
        kind = "takes arguments" if callable(value) else f"is a {type(value).__name__}"
        raise UsageError(
            f"it {kind}, and is no layer",
            code="no-layer",
            location=text,
            help="name a Layer, or a function without arguments that returns one",
        )
    try:
        made = value()
    except UsageError as error:
        error.location = error.location or text
        raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise UsageError(
            f"calling it raises {type(error).__name__}: {error}", code="import", location=text
        ) from error
    if not isinstance(made, Layer):
        raise UsageError(
            f"it returns a {type(made).__name__}, and no layer", code="no-layer", location=text
        )
    return made


def _takes_arguments(function: Callable[..., object]) -> bool:
    kinds = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):
        # Calling it will say what it needs.
        return False
    return any(one.default is Parameter.empty and one.kind not in kinds for one in parameters)


def _require_meaning(layer: Layer, text: str) -> None:
    """Refuse definitions that cannot mean anything, whatever is claimed of them.

    That a definition equals itself is true for every size unless one of its sides has no value:
    the prover says where.
    """
    known = layer.array_by_name
    for definition in layer.definitions:
        unknown = [one for one in arrays(definition.body) if one.name not in known]
        if unknown:
            raise _without_meaning(
                text,
                definition,
                f"reads {unknown[0]}, which is neither an input nor defined",
                "undefined-array",
                f"give the layer a Definition of {unknown[0]}, or name it among its inputs",
            )
    for definition in layer.definitions:
        try:
            outcome = prove(claim(definition.target, definition.body), layer)
        except SymconvError as error:
            raise UsageError(error.fact, code=error.code, help=error.help, location=text) from error
        if outcome.verdict is Verdict.ILL_FORMED:
            example = outcome.counterexample
            at = example and ",".join(f"{size}={value}" for size, value in example.sizes.items())
            where = f" at {at}" if at else ""
            fact = f"has no value: {outcome.detail}{where}"
            raise _without_meaning(text, definition, fact, str(outcome.code))


def _without_meaning(
    text: str, definition: Definition, fact: str, code: str, advice: str = ""
) -> UsageError:
    return UsageError(
        f"the definition of {definition.array} {fact}", code=code, help=advice, location=text
    )


def _refused(place: str, fact: str, example: str) -> UsageError:
    return UsageError(fact, code="no-layer", location=place, help=f"write {example}")
