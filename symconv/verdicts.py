"""The five verdicts, and the records that carry them to every view.

A verdict must not get lost. A `Report` is true only when everything was proved or verified,
a bare `Verdict` refuses to be used as a condition, a report whose failures nobody looked at
warns when it is dropped, and a `proved` result cannot be built without the proof.
"""

from __future__ import annotations

import enum
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from symconv.errors import InternalError, SymconvError, UsageError

Kind: TypeAlias = Literal["claim", "definition", "no-statement", "code"]
Method: TypeAlias = Literal["proof", "closed-form", "numbers"]
NoteKind: TypeAlias = Literal["reading", "region", "closest", "mistake", "convention", "scope"]


class Verdict(enum.Enum):
    """What is known of a statement.

    A verdict is neither true nor false as a Python condition: ``if verdict`` would read as
    "if there is one" and as "if it is good". Ask ``is_true`` or ``is_false``.
    """

    PROVED = "proved"
    """True for every size that satisfies the constraints and the statement's assumptions."""
    VERIFIED = "verified"
    """Exactly true at the sizes listed; nothing is claimed beyond them."""
    REFUTED = "refuted"
    """False; carries a counterexample that exact evaluation replays."""
    ILL_FORMED = "ill-formed"
    """Without meaning as written; takes precedence over refuted."""
    UNDECIDED = "undecided"
    """Neither shown true nor shown false; the detail says why."""

    def __bool__(self) -> bool:
        raise TypeError("a verdict is no condition: ask verdict.is_true or verdict.is_false")

    @property
    def is_true(self) -> bool:
        """Whether the statement was proved or verified."""
        return self in (Verdict.PROVED, Verdict.VERIFIED)

    @property
    def is_false(self) -> bool:
        """Whether the statement was shown to be false or meaningless."""
        return self in (Verdict.REFUTED, Verdict.ILL_FORMED)


class Evidence:
    """The base of proofs: only the prover derives from it, and `proved` cannot do without."""

    __slots__ = ()


class UnreadReport(UserWarning):
    """A report with failures was dropped before anybody asked whether it is true."""


class VerificationFailed(SymconvError):
    """Something was refuted, ill-formed or undecided; the report is a field."""

    default_code = "verification-failed"

    def __init__(self, report: Report, fact: str) -> None:
        super().__init__(fact)
        self.report = report
        self.exit_code = report.exit_code


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Where a statement fails.

    Attributes:
        sizes: the given sizes by name.
        indices: the free indices by name.
        monomial: the entries whose coefficients differ, or None where the two sides differ
            in kind or in value.
        left_coefficient: the coefficient of the monomial on the left, as exact text.
        right_coefficient: the coefficient of the monomial on the right, as exact text.
        left: the exact value of the left side.
        right: the exact value of the right side.
        minimal: whether it is the smallest one among all sizes that were looked at.
    """

    sizes: Mapping[str, int]
    indices: Mapping[str, int]
    monomial: str | None = None
    left_coefficient: str | None = None
    right_coefficient: str | None = None
    left: str | None = None
    right: str | None = None
    minimal: bool = True

    def sentence(self) -> str:
        """Say in one sentence what differs."""
        at = ", ".join(f"{name}={value}" for name, value in self.indices.items())
        place = f" at {at}" if at else ""
        if self.monomial is None:
            return f"left is {self.left}, right is {self.right}{place}"
        if self.right_coefficient == "0":
            return f"the term {self._term(self.left_coefficient)} is missing on the right{place}"
        if self.left_coefficient == "0":
            return f"the term {self._term(self.right_coefficient)} is too much on the right{place}"
        return (
            f"the coefficient of {self.monomial} is {self.left_coefficient} on the left "
            f"and {self.right_coefficient} on the right{place}"
        )

    def _term(self, coefficient: str | None) -> str:
        if coefficient in (None, "1"):
            return str(self.monomial)
        return str(coefficient) if self.monomial == "1" else f"{coefficient}*{self.monomial}"


class Note(str):
    """A sentence beside a verdict, with its kind; views arrange notes, nothing parses them.

    Attributes:
        kind: ``reading`` how something was read, or what to write so that it can be;
            ``region`` where it holds or fails; ``closest`` what would have been right;
            ``mistake`` what was done wrong; ``convention`` what everybody means so, or under
            which other convention it holds; ``scope`` on what the verdict rests, and what it
            does not cover.
    """

    __slots__ = ("kind",)

    kind: NoteKind

    def __new__(cls, kind: NoteKind, text: str) -> Note:
        """Make a note of a kind and a text."""
        note = super().__new__(cls, text)
        note.kind = kind
        return note

    def __getnewargs__(self) -> tuple[NoteKind, str]:  # pyright: ignore[reportIncompatibleMethodOverride] -- a note is made of two arguments, a str of one
        return self.kind, self.text

    @property
    def text(self) -> str:
        """The sentence."""
        return str(self)


@dataclass(frozen=True, slots=True)
class Result:
    """One verdict on one statement by one method, with what it rests on.

    Attributes:
        statement: the stable name without the form, such as ``dL/dx`` or ``loop/dx``.
        form: the form, or None.
        kind: what sort of thing was judged.
        method: by which of the three ways, or None where nothing was judged.
        route: how that way was carried out: ``sympy``, ``tables``, ``loops``, ...
        verdict: None unless something was judged.
        code: a stable, specific word, or None.
        sizes: the given sizes by name; None for every size.
        shape_class: the name of the class of shapes that the sizes stand for, or None.
        seconds: the time that it took.
        detail: a sentence.
        notes: further sentences: where a failed statement is true, what was meant.
        assumptions: what the verdict supposes beyond the layer's constraints, such as ``S = 1``.
        counterexample: where it fails, or None.
        location: ``file:line:column`` or None.
        evidence: the proof of a `proved` result.
    """

    statement: str
    form: str | None = None
    kind: Kind = "claim"
    method: Method | None = None
    route: str | None = None
    verdict: Verdict | None = None
    code: str | None = None
    sizes: Mapping[str, int] | None = None
    shape_class: str | None = None
    seconds: float = 0.0
    detail: str = ""
    notes: tuple[Note, ...] = ()
    assumptions: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    location: str | None = None
    evidence: Evidence | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if (self.verdict is Verdict.PROVED) != (self.evidence is not None):
            raise InternalError(
                f"{self.key}: a proved result and a proof go together, got {self.verdict} "
                f"with {'a' if self.evidence else 'no'} proof"
            )
        if self.verdict is Verdict.REFUTED and not (self.counterexample or self.code):
            raise InternalError(f"{self.key}: refuted without a counterexample")

    @property
    def key(self) -> str:
        """The stable name with the form: ``dL/dx:contracted``."""
        return f"{self.statement}:{self.form}" if self.form else self.statement

    @property
    def supposition(self) -> str:
        """What the verdict supposes, as words behind it: ``where S = 1 and P = 0``, or none."""
        return where_text(self.assumptions)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what it rests on, before it is said of a statement.

    Attributes:
        verdict: None where nothing is judged, such as code that refuses sizes on purpose.
        code: a stable, specific word, or None.
        detail: a sentence.
        counterexample: where it fails, or None.
        notes: further sentences.
        evidence: the proof of what is proved.
    """

    verdict: Verdict | None
    code: str | None
    detail: str
    counterexample: Counterexample | None = None
    notes: tuple[Note, ...] = ()
    evidence: Evidence | None = field(default=None, repr=False, compare=False)

    @property
    def is_wrong(self) -> bool:
        """Whether it was shown to be wrong."""
        return self.verdict is Verdict.REFUTED

    def result(self, statement: str, **facts: Any) -> Result:
        """Say it of a statement; the facts are the other fields of a result."""
        return Result(
            statement=statement,
            verdict=self.verdict,
            code=self.code,
            detail=self.detail,
            counterexample=self.counterexample,
            notes=self.notes,
            evidence=self.evidence,
            **facts,
        )


def where_text(assumptions: Sequence[str]) -> str:
    """Write assumptions as words behind a verdict: ``where S = 1, P = 0 and N = 1``."""
    if not assumptions:
        return ""
    *most, last = assumptions
    return f"where {', '.join(most)} and {last}" if most else f"where {last}"


class Report:
    """Every result of one run; many views are made of it.

    A report is true when nothing in it is refuted, ill-formed or undecided, and something was
    judged. It reads like a sequence of results. One with failures that is dropped before
    anybody looked at it warns with `UnreadReport`.

    Args:
        results: the results, in the order in which they are shown.
        layer: the name of the layer, or None.
        solver: name and version of the solver, or None where none was used.
        notes: what is to be said of the whole, such as how it was checked.
    """

    def __init__(
        self,
        results: Iterable[Result],
        *,
        layer: str | None = None,
        solver: str | None = None,
        notes: Iterable[Note] = (),
    ) -> None:
        self._results = tuple(results)
        self._read = False
        self.layer = layer
        self.solver = solver
        self.notes = tuple(notes)

    @property
    def results(self) -> tuple[Result, ...]:
        """Every result, in order."""
        self._read = True
        return self._results

    @property
    def failures(self) -> tuple[Result, ...]:
        """The results that are refuted, ill-formed or undecided."""
        return self.where(lambda result: result.verdict is not None and not result.verdict.is_true)

    @property
    def summary(self) -> dict[str, int]:
        """How many results have each verdict, how many were not judged, and the total.

        The counts of the verdicts, of ``definition``, ``no-statement`` and ``not-judged``
        add up to ``total``.
        """
        self._read = True
        counts = {verdict.value: 0 for verdict in Verdict}
        counts |= {"definition": 0, "no-statement": 0, "not-judged": 0}
        for result in self._results:
            if result.verdict is not None:
                counts[result.verdict.value] += 1
            elif result.kind in ("definition", "no-statement"):
                counts[result.kind] += 1
            else:
                counts["not-judged"] += 1
        return {**counts, "total": len(self._results)}

    @property
    def exit_code(self) -> int:
        """0 all proved or verified, 1 something false, 2 nothing to check, 3 undecided."""
        self._read = True
        verdicts = [result.verdict for result in self._results if result.verdict is not None]
        if not verdicts:
            return 2
        if any(verdict.is_false for verdict in verdicts):
            return 1
        return 0 if all(verdict.is_true for verdict in verdicts) else 3

    def where(self, condition: Callable[[Result], bool]) -> tuple[Result, ...]:
        """Return the results that satisfy a condition."""
        return tuple(result for result in self.results if condition(result))

    def only(
        self,
        *,
        statement: str | None = None,
        method: Method | None = None,
        verdict: Verdict | None = None,
    ) -> tuple[Result, ...]:
        """Return the results of one statement (with or without its form), method or verdict."""
        return self.where(
            lambda result: (
                (statement is None or statement in (result.statement, result.key))
                and (method is None or result.method == method)
                and (verdict is None or result.verdict is verdict)
            )
        )

    def require(self) -> None:
        """Raise `VerificationFailed` unless the report is true.

        Raises:
            VerificationFailed: when something is refuted, ill-formed or undecided.
            UsageError: when nothing was judged.
        """
        failures = self.failures
        if failures:
            lines = [f"{result.key}: {result.verdict.value}" for result in failures[:5]]  # pyright: ignore[reportOptionalMemberAccess] -- a failure has one
            more = f" and {len(failures) - 5} more" if len(failures) > 5 else ""
            raise VerificationFailed(self, "; ".join(lines) + more)
        if self.exit_code == 2:
            raise UsageError("nothing was judged")

    def __bool__(self) -> bool:
        return self.exit_code == 0

    def __iter__(self):
        return iter(self.results)

    def __len__(self) -> int:
        return len(self._results)

    def __getitem__(self, position: int) -> Result:
        return self.results[position]

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in self.summary.items() if count)
        return f"<Report {counts or 'empty'}>"

    def __del__(self) -> None:
        if not getattr(self, "_read", True) and not self:
            warnings.warn(
                "a report with failures was dropped unread: use it as a condition, "
                "call require(), or pass on its exit_code",
                UnreadReport,
                stacklevel=1,
            )
