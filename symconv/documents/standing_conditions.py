"""Conditions that stand by themselves: what is said of them, and which of them claim something.

A range of an index restricts what stands near it, and ``H = W`` or ``P > 0`` restricts the
sizes: neither claims anything. An inequality between anything else is a claim, and is not
judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from symconv.algebra.expressions import Number, Statement, claim
from symconv.algebra.indices import Comparison, Index, Size, conjuncts
from symconv.algebra.tree import symbols
from symconv.errors import UsageError
from symconv.latex.reading.context import Context
from symconv.latex.reading.formulas import read_condition
from symconv.latex.reading.items import Span
from symconv.verdicts import Note

_RELATION = re.compile(r"<|>|\\(?:leq?|geq?|neq?|lt|gt|leqslant|geqslant|nmid|mid)(?![A-Za-z])")
_NOT_EQUAL = re.compile(r"\\not\s*=")
_ROW = re.compile(r"\\\\(?:\[[^\]]*\])?")
_SHAPES = ("a condition", "a list")
"""How the reader calls what may hold an inequality, or restrict sizes."""
_CLUTTER = re.compile(r"&|\\(?:quad|qquad|[,;:!])|\\tag\*?\{[^{}]*\}|\\label\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Found:
    """What is said of mathematics that is no equality.

    Attributes:
        detail: what it is.
        code: a stable word, or None for what nobody needs to hear of.
        claims: whether it claims something, which is then not judged.
        notes: what to do about it.
    """

    detail: str
    code: str | None = None
    claims: bool = False
    notes: tuple[Note, ...] = ()


def condition_found(text: str, reason: str, context: Context) -> Found:
    """Tell an inequality that claims something from a condition, and from anything else.

    Args:
        text: the LaTeX.
        reason: why the reader takes it for no statement.
        context: what is known where it stands.
    """
    if not reason.startswith(_SHAPES):
        return Found(reason)
    found = [_one(part, reason, context) for part in _parts(text)]
    claims = [item for item in found if item.claims]
    told = [item for item in found if item.code is not None]
    if claims:
        return claims[0]
    return told[0] if len(found) == 1 and told else Found(reason)


def size_relations(text: str, reason: str, context: Context) -> Iterator[tuple[Span, Statement]]:
    """Yield the equations between given sizes that the declared assumptions may settle.

    Args:
        text: the LaTeX.
        reason: why the reader takes it for no statement.
        context: what is known where it stands.
    """
    if not reason.startswith(_SHAPES) or not context.assumptions:
        return
    cuts = [found.span() for found in _ROW.finditer(text)]
    starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)]
    for start, end in zip(starts, ends, strict=True):
        part, span = text[start:end], (start, end)
        try:
            condition = read_condition(_CLUTTER.sub(" ", part).strip().rstrip(" .,;"), context)
        except UsageError:
            continue
        if not isinstance(condition, Comparison) or condition.relation != "==":
            continue
        used = set(symbols(condition))
        given = {symbol for item in context.assumptions for symbol in symbols(item)}
        if len(used) > 1 and used <= given and all(isinstance(s, Size) for s in used):
            yield span, claim(Number(condition.left), Number(condition.right))


def _one(text: str, reason: str, context: Context) -> Found:
    compares = _RELATION.search(text) is not None or _NOT_EQUAL.search(text) is not None
    if not compares and "=" not in text:
        return Found(reason)
    unjudged = Found(
        "inequalities are not judged",
        "inequality",
        claims=True,
        notes=(Note("reading", "an equation is judged, also one between brackets: [a < b] = 1"),),
    )
    try:
        condition = read_condition(text, context)
    except UsageError:
        return unjudged if compares else Found(reason)
    used = set(symbols(condition))
    if any(isinstance(symbol, Index) for symbol in used):
        return Found(reason)
    derived = {item.size for item in context.layer.derived} if context.layer else set()
    if not used or used & derived:
        return unjudged if compares else Found(reason)
    if all(part in context.assumptions for part in conjuncts(condition)):
        return Found("a condition on the given sizes, which is assumed")
    plain = " ".join(_CLUTTER.sub(" ", text).split()).rstrip(" .,;")
    return Found(
        "a condition on the given sizes, and not assumed elsewhere",
        "condition",
        notes=(Note("reading", f"to let it hold throughout: symconv: assume {plain}"),),
    )


def _parts(text: str) -> list[str]:
    """Cut a list at the commas outside of brackets."""
    depth, start = 0, 0
    parts: list[str] = []
    for sign in re.finditer(r"\\.|[(\[{}\]),;]", text):
        match sign.group():
            case "(" | "[" | "{":
                depth += 1
            case ")" | "]" | "}":
                depth -= 1
            case "," | ";" if depth == 0:
                parts.append(text[start : sign.start()])
                start = sign.end()
            case _:
                continue
    return [part for part in (*parts, text[start:]) if part.strip()]
