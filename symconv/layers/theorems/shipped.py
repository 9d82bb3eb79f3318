"""The theorems that are shipped, by name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache

from symconv.errors import UnknownStatement
from symconv.layers.theorems.equal_layers import layer_theorems
from symconv.layers.theorems.gradients import gradient_theorems
from symconv.layers.theorems.stating import Theorem


def chosen_theorems(names: Iterable[str] = ()) -> tuple[Theorem, ...]:
    """Return theorems by name, with or without ``theorem/`` before it; no names mean all.

    Raises:
        UnknownStatement: for a name that no theorem has.
    """
    by_name = {theorem.name: theorem for theorem in theorems()}
    wanted = [name.removeprefix("theorem/") for name in names]
    for name in wanted:
        if name not in by_name:
            near = get_close_matches(name, by_name, n=2, cutoff=0.5)
            raise UnknownStatement(
                f"there is no theorem {name!r}",
                help=f"did you mean {' or '.join(near)}?"
                if near
                else f"there are {', '.join(by_name)}",
            )
    return tuple(one for name, one in by_name.items() if not wanted or name in wanted)


@cache
def theorems() -> tuple[Theorem, ...]:
    """Return every identity between layers that is shipped."""
    return (*gradient_theorems(), *layer_theorems())
