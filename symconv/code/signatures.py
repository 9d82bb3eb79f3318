"""Reading a signature: what each parameter of somebody's function is for."""

from __future__ import annotations

import inspect
import linecache
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any, Literal

from symconv.code import names
from symconv.code.names import (
    DILATION,
    FOREIGN,
    KERNEL,
    OUTPUT_PADDING,
    PADDING,
    STRIDE,
    X_SHAPE,
)
from symconv.code.neutral import ACTIVATIONS, LEARNING_RATES, is_no_activation, neutral
from symconv.code.pairing import forms, parts
from symconv.code.settings import Setting, is_dictionary, settings
from symconv.code.sources import plain_function
from symconv.errors import UsageError
from symconv.layers.axis import ZERO
from symconv.layers.layer import Layer
from symconv.layers.registry import default_layer

Purpose = Literal["forward", "backward", "constructor"]
_KINDS = inspect.Parameter
_NOTHING = inspect.Parameter.empty
OF_EACH_AXIS = (STRIDE, PADDING, DILATION, OUTPUT_PADDING)
"""The settings that an axis may have of its own."""
_DEFINITION = re.compile(r"\s*(?:async\s+def|def|class)\s")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function, and what it is for.

    Attributes:
        name: its name.
        role: what it is for (see `names`), None where it stays at its default.
        default: its default, or `inspect.Parameter.empty`.
        keyword: whether it can only be given by its name.
        positional: whether it can only be given by its position.
        pairs: whether its value is a pair, one for each spatial axis: ``pair``, ``number``, or
            ``either`` where the function asks.
        supplied: how people read the value that it is given because it has no fitting default;
            an empty string where it keeps its own.
        parts: into how many parts a shape is taken apart, 0 where that is not seen.
        axes: how many spatial axes the layer has.
    """

    name: str
    role: str | None
    default: Any
    keyword: bool
    positional: bool
    pairs: Literal["pair", "number", "either"]
    supplied: str = ""
    parts: int = 0
    axes: int = 2

    @property
    def stays_at(self) -> str:
        """How people read the one value that it has in every run."""
        return self.supplied or _value_text(self.default)

    def adapted(self, value: Any) -> Any:
        """Return a value in the form that the parameter takes: a number, or a pair of them."""
        if self.role == X_SHAPE and self.parts:
            # (C, H, W) of one image, or (N, C, H, W) of a batch.
            return value[-self.parts :]
        if self.role == KERNEL:
            return value if self.pairs != "number" else value[0]
        if self.role in OF_EACH_AXIS:
            if isinstance(value, str):
                shouts = isinstance(self.default, str) and self.default.isupper()
                return value.upper() if shouts else value
            if isinstance(self.default, (tuple, list)):
                return _like(self.default, value)
            if self.pairs == "number":
                return one_number(value)
            return (value,) * self.axes if self.pairs == "pair" and _is_one(value) else value
        return value

    @property
    def takes_pairs(self) -> bool:
        """Whether it is a stride or another setting that may have one part for each axis."""
        if isinstance(self.default, (tuple, list)):
            return len(self.default) == self.axes
        return self.role in OF_EACH_AXIS and self.pairs != "number"


@dataclass(frozen=True, slots=True)
class Signature:
    """A function and what its parameters are for.

    Attributes:
        function: what is called.
        text: how it is written: ``conv(x, w, b, stride=1)``.
        parameters: its parameters, in order.
        guessed: the names of parameters whose roles follow from their order only.
        settings: what it reads by name from a dictionary that does not hold it.
        stars: the names of its ``*args`` and ``**kwargs``.
    """

    function: Callable[..., Any]
    text: str
    parameters: tuple[Parameter, ...]
    guessed: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    stars: frozenset[str] = frozenset()

    @property
    def roles(self) -> frozenset[str]:
        """What its parameters are for."""
        return frozenset(item.role for item in self.parameters if item.role is not None)

    def parameter(self, role: str) -> Parameter | None:
        """Return the parameter with a role."""
        return next((item for item in self.parameters if item.role == role), None)

    def call(self, values: Mapping[str, Any]) -> Any:
        """Call the function on values by role; what has no role stays at its default."""
        return self.bound(values, self.function)

    def bound(self, values: Mapping[str, Any], function: Callable[..., Any]) -> Any:
        """Call a function that has this signature: `call` for a method of another object."""
        given: list[Any] = []
        named: dict[str, Any] = {}
        for position, item in enumerate(self.parameters):
            if item.role is None and not item.supplied:
                if item.positional:
                    given.append(item.default)
                continue
            value = item.default if item.role is None else item.adapted(values[item.role])
            if item.keyword or len(given) < position:
                named[item.name] = value
            else:
                given.append(value)
        return function(*given, **named)

    def positions(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return all arguments by position, defaults written out."""
        return tuple(
            item.default if item.role is None else item.adapted(values[item.role])
            for item in self.parameters
        )


def read_signature(
    function: Callable[..., Any],
    purpose: Purpose,
    order: tuple[str, ...],
    *,
    drop: int = 0,
    layer: Layer | None = None,
) -> Signature:
    """Read what the parameters of a function are for, by their names.

    Parameters with unknown names and no default take the roles of `order` that no name has, in
    that order; ones with a default keep it.

    Args:
        function: the function, or a class for its constructor.
        purpose: what the function does; it decides which roles there are.
        order: the roles in the documented order.
        drop: how many first parameters are given by somebody else (``ctx``).
        layer: whose settings they may be; the usual one when left out.

    Raises:
        UsageError: when a parameter is not understood, or two have the same role.
    """
    layer = layer or default_layer()
    name = name_of(function)
    try:
        given = list(inspect.signature(function).parameters.values())[drop:]
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"{name} has no signature that can be read: {error}",
            code="signature",
            help=f"wrap it in a Python function {_documented(name, order, layer)}",
        ) from error
    text = f"{name}({', '.join(_shown(item) for item in given)})"
    kinds = (_KINDS.VAR_POSITIONAL, _KINDS.VAR_KEYWORD)
    stars = frozenset(item.name for item in given if item.kind in kinds)
    given += _from_stars(function, stars)
    known = _known_roles(function, given, purpose, layer)
    for held in _dictionaries(function, given):
        # A backward pass may read them from its cache, which is no dictionary of ours.
        if purpose != "backward" or known[held] in (STRIDE, PADDING):
            known[held] = names.HYPER
    shapes = _forms(function, given)
    roles: dict[str, str | None] = {}
    unknown: list[str] = []
    foreign: list[str] = []
    supplied: dict[str, str] = {}
    for place, item in enumerate(given):
        if item.kind in kinds:
            continue
        role = known[item.name]
        if role is not None and role != FOREIGN:
            roles[item.name] = role
            continue
        own = item.default
        steps = names.plain(item.name) in LEARNING_RATES
        acts = names.plain(item.name) in ACTIVATIONS and not is_no_activation(own)
        if acts or (own is _NOTHING) != steps:
            fitting = neutral(function, item.name, paired=shapes.get(item.name) == "pair")
            if fitting is not None:
                given[place] = item.replace(default=fitting.value)
                supplied[item.name] = fitting.text
        if given[place].default is not _NOTHING:
            roles[item.name] = None
        else:
            (foreign if role == FOREIGN else unknown).append(item.name)
    free = [role for role in order if role not in roles.values()]
    guessed = tuple(unknown) if len(unknown) <= len(free) else ()
    by_order = dict(zip(guessed, free, strict=False))
    if any(role in _ARRAYS and names.is_measure(key) for key, role in by_order.items()):
        # A stride or shape is no array, wherever it stands.
        guessed, by_order = (), {}
    roles |= by_order
    not_understood = [item.name for item in given if item.name in {*foreign, *unknown} - {*guessed}]
    if not_understood:
        raise _misfit(
            function, text, f"{_words(not_understood)} not understood", name, order, layer
        )
    named: dict[str, str] = {}
    for key, role in roles.items():
        if role is not None and role in named:
            fact = f"{named[role]} and {key} both look like {_meaning(role, layer)}"
            raise _misfit(function, text, fact, name, order, layer)
        if role is not None:
            named[role] = key
    parameters = tuple(
        Parameter(
            item.name,
            roles[item.name],
            item.default,
            item.kind is _KINDS.KEYWORD_ONLY,
            item.kind is _KINDS.POSITIONAL_ONLY,
            shapes.get(item.name, "number"),
            supplied.get(item.name, ""),
            parts(function, item.name) if roles[item.name] == X_SHAPE else 0,
            len(layer.axes),
        )
        for item in given
        if item.name in roles
    )
    return Signature(function, text, parameters, guessed, stars=stars)


def require(
    signature: Signature, roles: tuple[str, ...], order: tuple[str, ...], layer: Layer
) -> None:
    """Make sure that a function takes what every such function takes.

    Raises:
        UsageError: when it does not.
    """
    missing = [_meaning(role, layer) for role in roles if role not in signature.roles]
    if missing:
        name = name_of(signature.function)
        fact = f"no parameter for {' and '.join(missing)}"
        raise _misfit(signature.function, signature.text, fact, name, order, layer)


def name_of(function: Any) -> str:
    """Return how people call a function or class."""
    function = getattr(function, "func", function)
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    # A function in a function is called by its own name.
    return name.rpartition("<locals>.")[2]


def location_of(function: Any, shown: Mapping[str, str] | None = None) -> str:
    """Return ``file:line:column`` of where a function or class is defined, or an empty string.

    Args:
        function: the function, decorated or not.
        shown: how files are called, by their paths; others by their path as it is.
    """
    inner = plain_function(function)
    try:
        file = inspect.getsourcefile(inner)
        first = inspect.getsourcelines(inner)[1] if inspect.isclass(inner) else None
    except (TypeError, OSError, TokenError):
        return ""
    code = getattr(inner, "__code__", None)
    line = first if code is None else code.co_firstlineno
    if file is None or line is None:
        return ""
    text = linecache.getline(file, line)
    # A decorated function begins at its first decorator; its definition is what people look for.
    if text.lstrip().startswith("@"):
        for number, later in enumerate(linecache.getlines(file)[line:], line + 1):
            if _DEFINITION.match(later):
                line, text = number, later
                break
    column = len(text) - len(text.lstrip()) + 1
    return f"{path_shown(file, shown or {})}:{line}:{column}"


def path_shown(file: str, shown: Mapping[str, str]) -> str:
    """Return how people call a file: as they wrote it, or from the folder that they are in."""
    path = Path(file).resolve()
    if str(path) in shown:
        return shown[str(path)]
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


_LONGEST_DEFAULT = 24
_ARRAYS = ("x", "w", "b", "dout", "y")
_MEANING = {
    "x": "the input x",
    "w": "the filters w",
    "b": "the bias b",
    "dout": "the upstream gradient dout",
    "y": "the output y",
    "hyper": "a dictionary with stride and padding",
    "cache": "the cache of the forward pass",
    "C": "the number of channels",
    "F": "the number of filters",
    "kernel": "the size of the filters",
    "has_bias": "a flag for the bias",
}


def _meaning(role: str, layer: Layer) -> str:
    """Return what people call a role; an array of a layer of one's own by its name in it."""
    return layer.words.get(role, role) if names.has_own_names(layer) else _MEANING.get(role, role)


def _known_roles(
    function: Any, given: list[inspect.Parameter], purpose: Purpose, layer: Layer
) -> dict[str, str | None]:
    """Return what parameters are for by their names, None where a name says nothing."""
    roles: dict[str, str | None] = {}
    for item in given:
        role = names.role_of(item.name, purpose, layer)
        # A flag such as bias=True, a mode such as padding="valid": neither is the thing itself.
        is_mode = role == PADDING and isinstance(item.default, str) and padding_mode(layer) is None
        roles[item.name] = None if isinstance(item.default, bool) or is_mode else role
    for name, role in roles.items():
        # Without filters, what speaks of a kernel is its size.
        if role == "w" and layer.weights is None:
            roles[name] = KERNEL
    with_bias = purpose == "constructor" or "b" in roles.values()
    for item in given:
        if with_bias and isinstance(item.default, bool) and names.is_bias_flag(item.name):
            roles[item.name] = names.HAS_BIAS
    if purpose == "constructor":
        for item in given:
            # How it is meant shows where it is taken apart.
            is_shape = names.role_of(item.name, "backward") == X_SHAPE
            ranks = (len(layer.axes) + 1, len(layer.axes) + 2)
            if is_shape and parts(function, item.name) in ranks:
                roles[item.name] = X_SHAPE
        counts = {names.CHANNELS, names.FILTERS} & set(roles.values())
        sized = {KERNEL, "HH"} & set(roles.values())
        for name, role in roles.items():
            # Beside the size of a filter, filters are counted; beside counts, a kernel is a size.
            if names.plain(name) in ("filters", "kernels") and sized:
                roles[name] = names.FILTERS
            elif role == "w" and counts and not sized:
                roles[name] = KERNEL
    return roles


def _dictionaries(function: Any, given: list[inspect.Parameter]) -> list[str]:
    """Return the parameters from which a stride or a padding is read, whatever their names."""

    def is_of_the_layer(key: str) -> bool:
        return names.role_of(key, "forward") in (STRIDE, PADDING)

    return [item.name for item in given if is_dictionary(function, item.name, is_of_the_layer)]


@dataclass(frozen=True, slots=True)
class _Written:
    """A default that is known as source text only."""

    text: str

    def __repr__(self) -> str:
        return self.text


def _from_stars(function: Callable[..., Any], stars: frozenset[str]) -> list[inspect.Parameter]:
    """Return what a function reads from its ``**kwargs`` as parameters of their own."""
    return [
        inspect.Parameter(
            setting.key,
            _KINDS.KEYWORD_ONLY,
            default=_NOTHING if setting.default is None else _Written(setting.default),
        )
        for setting in settings([function], stars).values()
        if stars and setting.key.isidentifier()
    ]


def one_number(value: Any) -> Any:
    """Return a setting as one number; all its parts are equal, since the code asks for it."""
    return one_number(value[0]) if isinstance(value, tuple) else value


def padding_mode(layer: Layer) -> str | None:
    """Return the word for how a layer pads where no size says it: ``same`` or ``valid``."""
    sides = {side for axis in layer.axes for side in (axis.padding_before, axis.padding_after)}
    if sides == {ZERO}:
        return "valid"
    derived = {item.size for item in layer.derived}
    return "same" if sides and sides <= derived else None


def _is_one(value: Any) -> bool:
    return isinstance(value, int) or hasattr(value, "text")


def _like(default: Any, value: Any) -> Any:
    if isinstance(default, (tuple, list)):
        if isinstance(value, tuple):
            return type(default)(map(_like, default, value))
        return type(default)(_like(item, value) for item in default)
    return value


def _forms(
    function: Callable[..., Any], given: list[inspect.Parameter]
) -> dict[str, Literal["pair", "number", "either"]]:
    """Tell from annotations and the source which parameters are taken as height and width."""
    found: dict[str, Literal["pair", "number", "either"]] = {}
    for item in given:
        annotation = str(item.annotation)
        if "uple" in annotation:
            found[item.name] = "either" if "|" in annotation or "Union" in annotation else "pair"
    for name, form in forms(function).items():
        if found.get(name) != "either":
            found[name] = form
    return found


def _shown(item: inspect.Parameter) -> str:
    star = {_KINDS.VAR_POSITIONAL: "*", _KINDS.VAR_KEYWORD: "**"}.get(item.kind, "")
    if item.default is _NOTHING:
        return star + item.name
    text = repr(item.default)
    # The text of an object may hold its address, which is another one in every run.
    return (
        f"{item.name}={text if len(text) <= _LONGEST_DEFAULT and ' at 0x' not in text else '...'}"
    )


def _value_text(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_DEFAULT and " at 0x" not in text else "its default"


def _documented(name: str, order: tuple[str, ...], layer: Layer) -> str:
    own = layer.words if names.has_own_names(layer) else {}
    return f"{name}({', '.join(own.get(role, role) for role in order)})"


def _words(items: list[str]) -> str:
    return f"{', '.join(items)} {'is' if len(items) == 1 else 'are'}"


def _misfit(
    function: Any, text: str, fact: str, name: str, order: tuple[str, ...], layer: Layer
) -> UsageError:
    return UsageError(
        f"{text}: {fact}",
        code="signature",
        location=location_of(function),
        help=f"write it as {_documented(name, order, layer)}, and give other parameters a default",
    )
