"""What a mistake is."""

from __future__ import annotations

from dataclasses import dataclass

from symconv.mistakes.code import CodeEdit
from symconv.mistakes.sites import Edit


@dataclass(frozen=True, slots=True)
class Mistake:
    """One way in which people get an index formula, or a loop, wrong.

    Attributes:
        name: the stable name, in kebab case.
        sentence: what is wrong, as a clause without a full stop.
        edit: makes the mistake at a site of a right statement; None where it is one of
            code only.
        undo: takes the mistake back at a site of a wrong statement. It offers several
            replacements where the statement no longer says what was there, and is None
            where too little of it is left.
        code: makes the mistake in Python code, where it looks different there.
        in_pieces: whether `edit` is also made in the pieces of code that read as algebra.
    """

    name: str
    sentence: str
    edit: Edit | None = None
    undo: Edit | None = None
    code: CodeEdit | None = None
    in_pieces: bool = True
