"""What words around formulas put on them, in what is known where they stand.

A word that begins a condition may also begin a definition (``with $p_0 = kS$``): what defines a
name is no condition. What cannot be read as a condition on sizes and indices is not understood,
and is never passed over where its words do nothing but restrict.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symconv.algebra.expressions import Definition, Entry, Expression, Number
from symconv.algebra.indices import (
    And,
    Comparison,
    Condition,
    Index,
    Not,
    Size,
    Symbol,
    as_integer,
    between,
    equal,
)
from symconv.algebra.tree import symbols
from symconv.documents.contents import Formula
from symconv.documents.other_conventions import map_entries
from symconv.documents.spoken import Cue, Kind, Spoken
from symconv.documents.wording import NO_BIAS
from symconv.latex.reading.context import Context, Said
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Abbreviation, ArrayDefinition, Equality, Item
from symconv.latex.reading.meaning.clauses import read_said

_IN_SET = re.compile(
    r"\s*(?P<letters>[A-Za-z]'*(?:\s*,\s*[A-Za-z]'*)*)\s*\\in\b(?P<set>.*)", re.DOTALL
)
_SPACE = re.compile(r"\\(?:mathbb|mathbf|mathcal|mathrm|R|Z|N|Reals|real)\b|\^")
"""What tells of a number or an array to which space it belongs, and gives no index a range."""


def heard(cue: Cue, context: Context) -> Said:
    """Read what one condition says; `Said.unclear` holds its words where it is not understood."""
    total = Said()
    for part in cue.said:
        text = part.source.text if isinstance(part, Formula) else part
        weak = cue.kind in ("for", "where", "let")
        if isinstance(part, Formula) and weak and _defines(part, cue.kind, context):
            continue
        said = _in_words(part, context) if isinstance(part, str) else read_said(text, context)
        if said is None:
            words = f"{cue.words} {' '.join(text.split())}"
            restricts = not weak or _is_range(text, context)
            return Said(unclear=words) if restricts else Said()
        total = joined(total, said)
    return _negated(total) if cue.negated else total


def setting(cue: Cue, context: Context) -> Said:
    """Read conditions that no word introduces, as cells of a table hold them: of given sizes.

    What is said of a derived size is a result, and no setting.
    """
    derived = {item.size for item in context.layer.derived} if context.layer else set()
    total = Said()
    for part in cue.said:
        said = heard(replace(cue, said=(part,)), context)
        kept = (c for c in said.conditions if not derived & set(symbols(c)))
        total = joined(total, replace(said, conditions=tuple(kept)))
    return total


def _in_words(latex: str, context: Context) -> Said | None:
    """Read what words mean without a formula."""
    left, _, right = latex.partition(" = ")
    if latex == NO_BIAS:
        return _without_bias(context) or Said()
    if left == right:
        free = [size for size in context.sizes if size.name == left]
        return Said(tuple(Comparison(size, "==", size) for size in free))
    if context.layer is None:
        # Letters of the usual layers may be other sizes of the text, or be written small.
        own = next((s for s in context.sizes if s.name.lower() == left.lower()), None)
        if own is not None and right.isdigit():
            least = dict(context.minimum).get(own, 1)
            return Said((equal(own, int(right)),) if int(right) >= least else ())
    return read_said(latex, context, sizes_alone=True)


def _without_bias(context: Context) -> Said | None:
    """Say that the bias of the layer is left out, where there is one."""
    bias = None if context.layer is None else context.layer.bias
    return None if bias is None else Said(zero=(bias.name,))


def _is_range(text: str, context: Context) -> bool:
    r"""Tell whether a formula puts letters that can be indices into a set, as ``k \in K`` does."""
    found = _IN_SET.fullmatch(text)
    if found is None or _SPACE.search(found["set"]):
        return False
    names = [name.strip() for name in found["letters"].split(",")]
    return not any(context.array(name) or Size(name) in context.sizes for name in names)


def joined(old: Said, new: Said) -> Said:
    """Add conditions to earlier ones; another value of the same size takes the place of one."""
    fixed = [used for item in new.conditions if (used := _fixed(item))]
    kept = tuple(item for item in old.conditions if _fixed(item) not in fixed or not _fixed(item))
    return replace(old, conditions=kept) + new


def supposed(old: Said, new: Said) -> Said:
    """Add conditions to earlier ones, and keep what restricts: ``S = S`` only sets S free."""
    said = joined(old, new)
    held = (i for i in said.conditions if not isinstance(i, Comparison) or i.left != i.right)
    return replace(said, conditions=tuple(held))


def all_heard(spoken: Spoken, context: Context) -> Said:
    """Read everything that the sentence of a formula says of it."""
    total = Said()
    for cue in spoken.cues:
        total = joined(total, heard(cue, context))
    if not spoken.unclear:
        return total
    if "bias" in spoken.unclear.lower() and (said := _without_bias(context)) is not None:
        return total + said
    return total + Said(unclear=spoken.unclear)


def is_condition(formula: Formula, spoken: Spoken, context: Context) -> bool:
    """Tell whether a formula is nothing but a condition on what stands near it."""
    match spoken.introduced:
        case "if" | "assume":
            return True
        case "for" | "where" as kind:
            return not _defines(formula, kind, context) and (
                read_said(formula.source.text, context) is not None
            )
        case _:
            return False


def without_entries(context: Context, names: tuple[str, ...]) -> Context:
    """Let all entries of some arrays be 0 in every definition."""
    if not names:
        return context

    def changed(entry: Entry) -> Expression:
        return Number(as_integer(0)) if entry.array.name in names else entry

    def zeroed(definitions: tuple[Definition, ...]) -> tuple[Definition, ...]:
        return tuple(
            Definition(item.target, map_entries(item.body, changed)) for item in definitions
        )

    layer = context.layer
    if layer is not None:
        layer = replace(layer, definitions=zeroed(layer.definitions))
    return replace(context, layer=layer, definitions=zeroed(context.definitions))


def _defines(formula: Formula, kind: Kind, context: Context) -> bool:
    """Tell whether a formula says what names stand for, for the first time or once more.

    ``For $i = j$`` compares two indices, and ``with $i = j$`` gives one of them a name.
    """
    items = read_formula(formula.source.text, context).items
    if kind == "for" and any(
        isinstance(item, Abbreviation) and isinstance(item.value, Index) for item in items
    ):
        return False
    return all(
        isinstance(item, Abbreviation | ArrayDefinition) or _restates(item, context)
        for item in items
    )


def _restates(item: Item, context: Context) -> bool:
    if not isinstance(item, Equality) or not isinstance(item.statement.lhs, Number):
        return False
    name = item.statement.lhs.value
    return isinstance(name, Index) and context.abbreviation(name.name) is not None


def _fixed(condition: Condition) -> set[Symbol]:
    """Return the one size that a condition gives a value, or nothing."""
    if not isinstance(condition, Comparison) or condition.relation != "==":
        return set()
    used = set(symbols(condition))
    return used if len(used) == 1 else set()


def _negated(said: Said) -> Said:
    held = (
        *said.conditions,
        *(between(item.lower, item.index, item.upper) for item in said.ranges),
    )
    if not held:
        return said
    return Said((Not(held[0] if len(held) == 1 else And(held)),), (), said.zero, said.unclear)
