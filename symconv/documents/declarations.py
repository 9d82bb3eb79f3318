r"""Declarations for a document: one syntax in three carriers.

``<!-- symconv: size K -->`` in Markdown, ``% symconv: size K`` in LaTeX, and a line
``size K`` in a context file say the same; a semicolon separates several.

=================================  =======================================================
``layer conv2d groups``            the layer of the document, or one of several of a section
``size K, M``                      sizes, at least 1; ``size P >= 0`` says otherwise
``array x (N, C, H, W)``           an array and its shape; ``array L ()`` is a scalar
``input x (N, C, H, W)``           an array that depends on no other; ``input x`` if declared
``index p``                        an index; ``index p 0 .. K-1`` also gives its range
``index-base 1``                   positions count from 1; ``index-base 1 x`` in x alone
``upper-bounds exclusive``         the number above a sum sign is one behind the last
``spelling \tilde{x} = x_pad``     the text writes x_pad as \tilde{x}
``define p_0 = Sk``                a definition, as a formula
``assume W >= K``                  a condition on sizes that holds throughout
=================================  =======================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches

from symconv.algebra.indices import IntegerExpression, Size
from symconv.algebra.tree import integers, symbols
from symconv.errors import SymconvError, UsageError
from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.formulas import read_condition, read_formula, read_integer
from symconv.latex.reading.items import Abbreviation, ArrayDefinition, Equality, Unreadable
from symconv.latex.reading.meaning.definitions import MOST_NAMES
from symconv.latex.spellings import (
    AND,
    CEILING,
    DIVIDES,
    DOES_NOT_DIVIDE,
    FALSE,
    FLOOR,
    MAXIMUM,
    MINIMUM,
    NOT,
    OR,
    PRODUCT_SIGN,
    RELATIONS,
    REMAINDER,
    SUM_SIGN,
    TRUE,
)
from symconv.layers.registry import layer_by_name

_NAME = r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*'*"
_LIST = re.compile(rf"({_NAME}(?:\s*,\s*{_NAME})*|{_NAME}(?:\s+{_NAME})*)(?:\s*>=\s*(\d{{1,9}}))?")
_ARRAY = re.compile(rf"({_NAME})\s*[(\[](.*)[)\]]", re.DOTALL)
_INDEX = re.compile(rf"({_NAME})(?:\s+(.+?)\s*\.\.\s*(.+))?", re.DOTALL)
_BASE = re.compile(rf"([01])(?:\s+(?:for\s+|in\s+)?({_NAME}))?")
_SIGNS = re.compile(r"\\(?:[A-Za-z]+|.)|\S", re.DOTALL)
_IN_NAMES = re.compile(r"\\[A-Za-z]+|[^\W]|['{}^_*]")
_OPERATORS = frozenset(
    sign
    for signs in (
        *RELATIONS.values(), DIVIDES, DOES_NOT_DIVIDE, AND, OR, NOT, TRUE, FALSE, SUM_SIGN,
        REMAINDER, MINIMUM, MAXIMUM, PRODUCT_SIGN, FLOOR, CEILING,
        (r"\frac", r"\partial", r"\left", r"\right", r"\begin", r"\end", r"\in", r"\text"),
        (r"\substack", r"\quad", r"\qquad", r"\odot", r"\ldots", r"\dots", r"\cdots"),
    )
    for sign in signs
)  # fmt: skip
"""What means something else in formulas, and cannot be a name."""
MOST_SIZES = 100
"""The most sizes that may be declared; the search for counterexamples goes through them all."""
_SPELLING = re.compile(rf"(\S.*?)\s*=\s*({_NAME})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Settings:
    """What declarations settled so far, beside the names that they declare.

    Attributes:
        layer: the name of the layer, where one was named.
        index_bases: the index base by array, ``""`` for all.
        upper_bounds: how upper bounds are read.
    """

    layer: str | None = None
    index_bases: tuple[tuple[str, str], ...] = ()
    upper_bounds: str | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """A context with what settled it."""

    context: Context
    settings: Settings = Settings()

    def with_layer(self, name: str) -> Declared:
        """Let the document be about a layer; named before anything else is declared.

        Raises:
            UsageError: when the layer is unknown, or another one was named before.
        """
        known = self.settings.layer
        if known == name:
            return self
        layer = layer_by_name(name)
        if known == layer.name:
            return self
        if known is not None:
            raise _contradiction(f"layer {name}", f"layer {known}")
        if self.context != Context():
            raise UsageError(
                f"layer {name} is named after other declarations",
                code="late-layer",
                help="name the layer first",
            )
        return Declared(context_of_layer(layer), replace(self.settings, layer=layer.name))


def declare(text: str, known: Declared) -> Declared:
    """Take one declaration into account.

    Raises:
        UsageError: when it is unknown, cannot be read, or contradicts an earlier one.
    """
    for part in _parts(text):
        word, _, rest = part.partition(" ")
        read = _READERS.get(word.lower())
        if read is None:
            close = get_close_matches(word.lower(), _READERS, n=1, cutoff=0.6)
            raise UsageError(
                f"unknown declaration {word!r}",
                code="unknown-declaration",
                help=f"did you mean {close[0]}?"
                if close
                else f"the declarations are {', '.join(_READERS)}",
            )
        try:
            found = read(rest.strip(), known)
        except UsageError:
            raise
        except SymconvError as error:
            raise UsageError(error.fact, code=error.code, help=error.help) from error
        _refuse_too_many(found.context, known.context)
        known = found
    return known


def _refuse_too_many(found: Context, known: Context) -> None:
    if max(MOST_NAMES, len(known.spellings)) < len(found.spellings):
        raise UsageError(
            f"more than {MOST_NAMES} names are known already",
            code="unsupported",
            help="declare those alone that the formulas hold, in a document for each part",
        )


def _parts(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split(";") if part.strip()]


def _layer(rest: str, known: Declared) -> Declared:
    return known.with_layer(rest)


def _size(rest: str, known: Declared) -> Declared:
    names, least = _match(_LIST, rest, "size", "size K, M or size P >= 0").groups()
    context = known.context
    for name in re.split(r"[\s,]+", names):
        if len(context.sizes) >= MOST_SIZES:
            raise UsageError(
                f"more than {MOST_SIZES} sizes are declared",
                code="unsupported",
                help="declare those alone that the formulas hold, in a document for each part",
            )
        context = context.with_size(name, minimum=1 if least is None else int(least))
    return replace(known, context=context)


def _array(rest: str, known: Declared) -> Declared:
    name, extents = _match(_ARRAY, rest, "array", "array x (N, C, H, W)").groups()
    parts = [part.strip() for part in extents.split(",") if part.strip()]
    shape = tuple(_size_expression(part, known.context) for part in parts)
    return replace(known, context=known.context.with_array(name, shape))


def _input(rest: str, known: Declared) -> Declared:
    name = rest.partition("(")[0].partition("[")[0].strip()
    if rest != name:
        known = _array(rest, known)
    context, array = known.context, known.context.array(name)
    if array is None:
        raise UsageError(
            f"there is no array {name}",
            code="undeclared-name",
            help=f"declare it with its shape, such as: input {name or 'x'} (N)",
        )
    if context.definition(name) is not None:
        raise _contradiction(f"input {name}", f"the definition of {name}")
    return replace(known, context=context.with_input(array))


def _index(rest: str, known: Declared) -> Declared:
    found = _match(_INDEX, rest, "index", "index p or index p 0 .. K-1")
    name, lower, upper = found.groups()
    bounds = None
    if lower is not None:
        bounds = (_size_expression(lower, known.context), _size_expression(upper, known.context))
    return replace(known, context=known.context.with_index(name, bounds))


def _index_base(rest: str, known: Declared) -> Declared:
    base, array = _match(_BASE, rest, "index-base", "index-base 1 or index-base 1 x").groups()
    before = dict(known.settings.index_bases).get(array or "")
    if before not in (None, base):
        raise _contradiction(f"index-base {rest}", f"index-base {before} {array or ''}".strip())
    if array is not None and known.context.array(array) is None:
        raise UsageError(
            f"there is no array {array}",
            code="undeclared-name",
            help=f"declare it first, such as: array {array} (N)",
        )
    context = known.context.with_index_base(int(base), array)
    bases = (*known.settings.index_bases, (array or "", base))
    return Declared(context, replace(known.settings, index_bases=bases))


def _upper_bounds(rest: str, known: Declared) -> Declared:
    before = known.settings.upper_bounds
    if before not in (None, rest):
        raise _contradiction(f"upper-bounds {rest}", f"upper-bounds {before}")
    settings = replace(known.settings, upper_bounds=rest)
    if rest == "exclusive":
        return Declared(known.context.with_upper_bounds("exclusive"), settings)
    if rest == "inclusive":
        return Declared(known.context.with_upper_bounds("inclusive"), settings)
    raise UsageError(
        f"upper bounds are inclusive or exclusive, not {rest!r}",
        code="unreadable-declaration",
        help="write: upper-bounds exclusive",
    )


def _spelling(rest: str, known: Declared) -> Declared:
    found = _match(_SPELLING, rest, "spelling", r"spelling \tilde{x} = x_pad")
    source, name = found.groups()
    _refuse_unspellable(source)
    if not known.context.knows(name):
        raise UsageError(
            f"there is nothing called {name}",
            code="undeclared-name",
            help=f"declare it first, such as: size {name}, or array {name} (N)",
        )
    before = dict(known.context.spellings).get(source)
    if before not in (None, name):
        raise _contradiction(f"{source} is {name}", f"{source} is {before}")
    return replace(known, context=known.context.with_spelling(source, name))


def _refuse_unspellable(source: str) -> None:
    """Refuse what cannot be a name in a formula: an operator, a number, a brace left open."""
    depth = 0
    outside: list[str] = []
    for sign in _SIGNS.findall(source):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            break
        outside += [sign] * (depth == 0)
    named = any(sign[0].isalpha() or sign[0] == "\\" for sign in outside)
    wrong = [sign for sign in outside if not _IN_NAMES.fullmatch(sign) or sign in _OPERATORS]
    if depth or wrong or not named or source[0] in "_^'" or source[0].isdigit():
        fact = "its braces do not match" if depth else f"{source} is not the spelling of a name"
        raise UsageError(
            fact if not depth else f"{source}: {fact}",
            code="unreadable-declaration",
            help=r"write letters or a command, such as: spelling \tilde{x} = x_pad",
        )


def _define(rest: str, known: Declared) -> Declared:
    reading = read_formula(rest, known.context)
    for item in reading.items:
        match item:
            case Unreadable():
                raise UsageError(item.message, code=item.code, help=item.help)
            case Equality():
                raise _contradiction(f"define {rest}", "an earlier definition")
            case Abbreviation() | ArrayDefinition():
                continue
            case _:
                raise UsageError(
                    f"{rest} defines nothing",
                    code="unreadable-declaration",
                    help="write a name, an equals sign, and what it is: define p_0 = Sk",
                )
    return replace(known, context=reading.context)


def _assume(rest: str, known: Declared) -> Declared:
    condition = read_condition(rest, known.context)
    for part in integers(condition):
        _require_sizes(part)
    return replace(known, context=known.context.with_assumption(condition))


def _size_expression(text: str, context: Context) -> IntegerExpression:
    value = read_integer(text, context)
    _require_sizes(value)
    return value


def _require_sizes(value: IntegerExpression) -> None:
    for symbol in symbols(value):
        if not isinstance(symbol, Size):
            raise UsageError(
                f"{symbol} is not a declared size",
                code="undeclared-name",
                help=f"declare it first: size {symbol}",
            )


_Reader = Callable[[str, Declared], Declared]
_READERS: dict[str, _Reader] = {
    "layer": _layer,
    "size": _size,
    "array": _array,
    "input": _input,
    "index": _index,
    "index-base": _index_base,
    "upper-bounds": _upper_bounds,
    "spelling": _spelling,
    "define": _define,
    "assume": _assume,
}


def _match(pattern: re.Pattern[str], text: str, word: str, example: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise UsageError(
            f"cannot read {word} {text!r}",
            code="unreadable-declaration",
            help=f"write: {example}",
        )
    return found


def _contradiction(later: str, earlier: str) -> UsageError:
    return UsageError(
        f"{later} contradicts {earlier}",
        code="contradictory-declarations",
        help="leave one of the two out",
    )
