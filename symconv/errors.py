"""One family of errors; facts are fields, and the text is made from them at the end."""

from __future__ import annotations


class SymconvError(Exception):
    """Say what is wrong, where, and what would be right.

    Attributes:
        code: a stable, specific word such as ``out-of-range``.
        fact: what is wrong, in one clause.
        help: what would be right, or an empty string.
        location: ``file:line:column`` or an empty string.
    """

    exit_code = 2
    default_code = "error"

    def __init__(self, fact: str, *, code: str = "", help: str = "", location: str = "") -> None:
        super().__init__(fact, code, help, location)
        self.fact = fact
        self.code = code or self.default_code
        self.help = help
        self.location = location

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        advice = f"\n    help: {self.help}" if self.help else ""
        return f"{place}error[{self.code}]: {self.fact}{advice}"


class UsageError(SymconvError):
    """A request that cannot be carried out as it was made: bad usage, exit code 2."""

    default_code = "usage"


class SizesError(UsageError):
    """Sizes that are missing, unknown, not positive, or leave no output position."""

    default_code = "sizes"


class UnknownStatement(UsageError):
    """A statement or loop that the layer does not have."""

    default_code = "unknown-statement"


class TooLarge(UsageError):
    """Sizes whose closed forms would not fit in memory; the count of terms is a field."""

    default_code = "too-large"

    def __init__(self, fact: str, *, terms: int, help: str = "") -> None:
        super().__init__(fact, help=help)
        self.terms = terms


class NotSupported(SymconvError):
    """Meaningful, but outside what this part of symconv handles: the verdict is `undecided`."""

    default_code = "not-supported"


class IllFormed(SymconvError):
    """Without meaning as written: the verdict is `ill-formed`.

    Attributes:
        indices: the values of the indices in force where the meaning was lost, by name.
    """

    default_code = "ill-formed"

    def __init__(
        self, fact: str, *, code: str = "", help: str = "", indices: dict[str, int] | None = None
    ) -> None:
        super().__init__(fact, code=code, help=help)
        self.indices = dict(indices or {})


class WrongShape(SymconvError):
    """A loop returned an array of another shape than what it computes.

    Attributes:
        got: the shape that was returned.
        expected: the shape of what the loop computes.
    """

    default_code = "wrong-shape"

    def __init__(self, got: tuple[int, ...], expected: tuple[int, ...]) -> None:
        super().__init__(f"the result has shape {got}, expected {expected}")
        self.got = got
        self.expected = expected


class LoopRaised(SymconvError):
    """A loop raised an exception of its own, which is its cause."""

    default_code = "raised"


class InternalError(SymconvError):
    """Two independent ways disagree, or a verdict does not replay: a defect of symconv itself."""

    exit_code = 70
    default_code = "internal"
