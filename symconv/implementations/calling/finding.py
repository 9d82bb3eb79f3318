"""Finding the forward and the backward pass in a file or module that a user names.

Names say which functions are meant: ``conv_forward_naive`` and ``conv_backward_naive`` go
together, ``max_pool_forward`` is another layer. What is imported from elsewhere is no candidate
unless it is named. More than one pair is never settled by a guess.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, fields
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from symconv.code import names
from symconv.code.signatures import location_of
from symconv.errors import UsageError
from symconv.implementations.calling.candidates import Passes, candidates, own_callables
from symconv.implementations.calling.conventions import Backward, implementation
from symconv.implementations.calling.importing import Imported, import_target, split
from symconv.implementations.calling.meant_layers import pooling
from symconv.implementations.model import BACKWARD_RESULTS, Implementation
from symconv.implementations.options import CONVENTIONS, CodeOptions


@dataclass(frozen=True, slots=True)
class Target(CodeOptions):
    """What a user named, and what they said of it; it can be sent to another process.

    Attributes:
        text: a file, a module, or either with a function: ``layers.py:conv_forward``.
        forward: the name of the forward function, or of a class.
        backward: the name of the backward function; several, in the order dx, dw, db, with
            commas between them.
        beside: other files or modules in which a pass may stand, as in `text`.
    """

    text: str
    forward: str | None = None
    backward: str | None = None
    beside: tuple[str, ...] = ()

    @property
    def options(self) -> CodeOptions:
        """What was said of the code."""
        return CodeOptions(**{item.name: getattr(self, item.name) for item in fields(CodeOptions)})


def load(target: Target) -> Implementation:
    """Import what a user named and find the forward and the backward pass in it.

    The user's code runs here, as far as importing it runs it.

    Raises:
        UsageError: when it does not import, holds no pair or several, or a signature does not
            fit.
    """
    found, candidate = resolve(target)
    forward, backward = members(found, candidate)
    return implementation(
        forward,
        backward,
        target.options,
        name=found.name,
        shown=found.shown,
        sought="" if _names_backward(target) else _sought(found, candidate),
    )


def _names_backward(target: Target) -> bool:
    function = split(target.text)[1]
    return target.backward is not None or (
        target.forward is None
        and function is not None
        and names.direction_of(function) == "backward"
    )


def _sought(found: Imported, candidate: Passes) -> str:
    """Say where a pass was looked for, by which names, and what else is there."""
    used = {candidate.forward, *(name for _, name in candidate.backward)}
    rest = [name for name in _callables(found) if name not in used]
    homes = {module.__name__ for module in (found.module, *found.beside)}
    elsewhere = [
        f"{name} (from {value.__module__})"
        for name, value in vars(found.module).items()
        if inspect.isfunction(value)
        and value.__module__ not in homes
        and names.direction_of(name) is not None
    ]
    said = (
        f"looked in {found.name} for a function whose name says {names.SAID_OF_PASSES}, and for a "
        "class with both passes"
    )
    if rest:
        said += f"; it also defines {', '.join(rest)}"
    if elsewhere:
        said += f"; it imports {', '.join(elsewhere)}, which counts only where it is named"
    if not found.beside:
        said += "; one that stands in another file is found where both files are named"
    return said


def resolve(target: Target) -> tuple[Imported, Passes]:
    """Import what a user named, and say which functions in it belong together.

    Raises:
        UsageError: when it does not import, or holds no pair or several.
    """
    target.options.check()
    place, function = split(target.text)
    forward, backward = target.forward, target.backward
    if function is not None and names.direction_of(function) == "backward" and backward is None:
        backward = function
    elif function is not None:
        if forward is not None:
            raise UsageError(
                f"the forward function is named twice: {function} and {forward}",
                help="leave out --forward, or the name behind the colon",
            )
        forward = function
    found = import_target(place)
    for text in target.beside:
        place, function = split(text)
        found = found.joined(import_target(place))
        if function is not None and backward is not None:
            raise UsageError(
                f"the backward function is named twice: {backward} and {function}",
                help="leave out --backward, or the name behind the colon",
            )
        backward = function or backward
    forward, backward = _of_one_class(found, forward, backward)
    return found, _chosen(found, forward, backward, target)


def _of_one_class(
    found: Imported, forward: str | None, backward: str | None
) -> tuple[str | None, str | None]:
    """Take methods for their class: one called alone would have nobody to be ``self``."""
    owner = (forward or "").rpartition(".")[0]
    if not owner or not inspect.isclass(getattr(_home_of(found, owner), owner, None)):
        return forward, backward
    own = backward is None or backward.rpartition(".")[0] == owner
    return owner, None if own else backward


def members(found: Imported, candidate: Passes) -> tuple[Any, Backward]:
    """Return the forward and the backward pass that a candidate names.

    Raises:
        UsageError: when the module has no such function.
    """
    forward = None if candidate.forward is None else _resolved(found, candidate.forward)
    parts = {key: _resolved(found, name) for key, name in candidate.backward}
    return forward, parts.get("", parts or None)


def _chosen(found: Imported, forward: str | None, backward: str | None, target: Target) -> Passes:
    """Return the pair that was named, completed by its names, or the only one there is.

    Raises:
        UsageError: when there is none, or more than one.
    """
    if forward is not None and backward is not None:
        return Passes(forward, _named_parts(backward))
    public = _callables(found)
    pairs = candidates(public, target.convention, any_layer=target.layer is not None)
    if backward is not None:
        named = _named_parts(backward)
        fitting = [item.forward for item in pairs if set(item.backward) & set(named)]
        return Passes(fitting[0] if len(fitting) == 1 else None, named)
    if forward is not None:
        pairs = [item for item in pairs if item.forward == forward] or [Passes(forward)]
    if not pairs and target.layer is None:
        averaging = {name: value for name, value in public.items() if pooling([value], None)}
        pairs = candidates(averaging, target.convention, any_layer=True)
    if not pairs:
        raise _nothing(found, public)
    if len(pairs) > 1:
        raise _several(found, pairs)
    return pairs[0]


def _callables(found: Imported) -> dict[str, Any]:
    """Return what the named modules define; a name of two of them means the first one's."""
    return {
        name: value
        for module in (*reversed(found.beside), found.module)
        for name, value in own_callables(module).items()
    }


def _home_of(found: Imported, name: str) -> ModuleType:
    modules = (found.module, *found.beside)
    defining = [module for module in modules if name in own_callables(module)]
    return next((one for one in (*defining, *modules) if hasattr(one, name)), found.module)


def _named_parts(text: str) -> tuple[tuple[str, str], ...]:
    given = [name.strip() for name in text.split(",") if name.strip()]
    if len(given) == 1:
        part = names.part_of(given[0]) if names.is_differential(given[0]) else None
        return ((part or "", given[0]),)
    if len(given) > len(BACKWARD_RESULTS) or not given:
        raise UsageError(
            f"{len(given)} backward functions are named",
            help="name one, or those of dx, dw and db in this order",
        )
    return tuple(zip(BACKWARD_RESULTS, given, strict=False))


def _resolved(found: Imported, name: str) -> Any:
    """Return what a name means in a module, dots included.

    Raises:
        UsageError: when it means nothing there.
    """
    value: Any = _home_of(found, name.partition(".")[0])
    for part in name.split("."):
        if not hasattr(value, part):
            known = [key for key, item in vars(found.module).items() if callable(item)]
            close = get_close_matches(name, known, n=3, cutoff=0.6)
            own = ", ".join(_callables(found)) or "no functions"
            raise UsageError(
                f"{found.name} has no function {name!r}",
                code="no-function",
                location=next(iter(found.shown.values()), ""),
                help=f"did you mean {' or '.join(close)}?" if close else f"it has {own}",
            )
        value = getattr(value, part)
    return value


def _several(found: Imported, pairs: list[Passes]) -> UsageError:
    lines = []
    for item in pairs:
        members = [*([item.forward] if item.forward else []), *(name for _, name in item.backward)]
        lines.append(" and ".join(f"{name} ({_line(found, name)})" for name in members))
    return UsageError(
        f"several candidates: {'; '.join(lines)}",
        code="several-candidates",
        location=found.name,
        help="choose with --forward NAME --backward NAME, or name a class: "
        f"{found.name.split(', ')[0]}:{pairs[0].forward or pairs[0].backward[0][1]}",
    )


def _line(found: Imported, name: str) -> str:
    place = location_of(_resolved(found, name), found.shown)
    parts = place.rsplit(":", 2)
    return f"line {parts[1]}" if len(parts) == 3 else "line unknown"


def _nothing(found: Imported, public: dict[str, Any]) -> UsageError:
    has = f"it defines {', '.join(public)}" if public else "it defines no function"
    looked_for = "".join(f"\n      {name}: {text}" for name, text in CONVENTIONS.items())
    return UsageError(
        f"no forward or backward pass of a layer was found; {has}",
        code="no-function",
        location=found.name,
        help=f"name them with --forward NAME --backward NAME; looked for:{looked_for}",
    )
