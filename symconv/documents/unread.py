"""Declarations that could not be read: what hangs on them is neither true nor false.

How positions count, whether upper bounds belong to a sum and where an index runs change what a
formula says. One that reads the same whatever was meant does not hang on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from symconv.documents.passing import Meaning
from symconv.documents.renewing import used_arrays
from symconv.latex.reading.context import Context
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Equality

READING = ("index-base", "upper-bounds", "index")
"""The declarations that change how formulas are read."""
MOST_UNREAD = 100
"""Of so many declarations it is asked what hangs on them; behind more of them everything does."""
_LETTERS = re.compile(r"\\?[A-Za-z]+'*")
_BASE_OF = re.compile(r"(?:for|in)?\s*([A-Za-z]\w*)\s*$")


def is_of_reading(declaration: str) -> bool:
    """Tell whether a declaration says how formulas are read."""
    return declaration.partition(" ")[0].lower() in READING


def hangs_on(
    declaration: str,
    text: str,
    item: Equality,
    context: Context,
    meanings: Mapping[str, Meaning],
) -> bool:
    """Tell whether an equality may say something else by a declaration that was not read.

    Args:
        declaration: the declaration as it stands.
        text: the formula that holds the equality.
        item: the equality.
        context: what the formula was read in.
        meanings: what the text defined: that may be otherwise too.
    """
    word, _, rest = declaration.partition(" ")
    if word.lower() == "index":
        named = set(_LETTERS.findall(rest))
        return bool(named & set(_LETTERS.findall(text)))
    for other in _otherwise(word.lower(), rest, context):
        again = read_formula(text, other).items
        same = (i for i in again if isinstance(i, Equality) and i.span == item.span)
        if not any(i.statement == item.statement for i in same):
            return True
    return any(name in meanings for name in used_arrays(item, item.context))


def _otherwise(word: str, rest: str, context: Context) -> Iterator[Context]:
    """Yield the contexts that a declaration may have meant."""
    if word == "upper-bounds":
        yield context.with_upper_bounds("inclusive")
        yield context.with_upper_bounds("exclusive")
        return
    found = _BASE_OF.search(rest)
    array = found.group(1) if found and context.array(found.group(1)) else None
    yield context.with_index_base(0, array)
    yield context.with_index_base(1, array)
