"""The closest correct form: mistakes of the catalogue, taken back one or two at a time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from symconv.algebra.evaluation import Evaluator, Polynomial, Values
from symconv.algebra.expressions import Statement
from symconv.algebra.indices import Index, Size
from symconv.algebra.scoping import expand_where
from symconv.errors import SymconvError
from symconv.explanations.probes import Probes
from symconv.layers.layer import Layer
from symconv.mistakes.spoiling import EditedStatement, mend, same_statement
from symconv.mistakes.vocabulary import Vocabulary
from symconv.proof.equality import prove
from symconv.verdicts import Counterexample, Verdict

MOST_CANDIDATES = 1_000
"""How many edited statements are tried of each kind; a fixed number, so that reruns agree."""
MOST_OFFERED = 3


@dataclass(frozen=True, slots=True)
class Correction:
    """A statement near to a wrong one that was proved.

    Attributes:
        statement: the correct statement.
        edits: what was taken back, in order.
    """

    statement: Statement
    edits: tuple[EditedStatement, ...]

    def sentence(self) -> str:
        """Offer the correction, and say what was wrong."""
        wrong = "; ".join(dict.fromkeys(edit.mistake.sentence for edit in self.edits))
        return f"did you mean {self.statement}? ({wrong})"


def closest_correct_forms(
    statement: Statement,
    layer: Layer,
    counterexample: Counterexample,
    probes: Probes,
    vocabulary: Vocabulary,
) -> tuple[Correction, ...]:
    """Find proved statements that differ from a wrong one by one or two mistakes.

    Single edits come first, also made on both axes at once, then pairs of these with the
    same mistake, then pairs of different mistakes. A candidate must hold at the
    counterexample and at the probes before it is proved.
    """
    quick = _QuickCheck(statement, layer, counterexample)
    offered: list[Correction] = []
    for candidates in (_one_step, _one_mistake_twice, _two_mistakes):
        for edits in islice(candidates(statement, vocabulary), MOST_CANDIDATES):
            candidate = edits[-1].statement
            if not quick.passes(candidate):
                continue
            if any(same_statement(candidate, known.statement) for known in offered):
                continue
            if not all(probes.holds_at(candidate, at) for at in probes.admitting(candidate)):
                continue
            if prove(candidate, layer).verdict is Verdict.PROVED:
                offered.append(Correction(candidate, edits))
            if len(offered) == MOST_OFFERED:
                return tuple(offered)
        if offered:
            break
    return tuple(offered)


Edits: TypeAlias = tuple[EditedStatement, ...]


def _one_step(statement: Statement, vocabulary: Vocabulary) -> Iterator[Edits]:
    """Take back every mistake once, then on both axes, then wherever the same thing stands."""
    singles = list(mend(statement, vocabulary=vocabulary))
    yield from ((edit,) for edit in singles)
    yield from _on_both_axes(singles, vocabulary)
    yield from _everywhere(singles, vocabulary)


def _everywhere(singles: list[EditedStatement], vocabulary: Vocabulary) -> Iterator[Edits]:
    """Repeat an edit wherever the same thing stands, then also where its mirror image does."""
    places = Counter(_change(edit) for edit in singles)
    started: set[tuple[str, ...]] = set()
    for edit in singles:
        change, image = _change(edit), _change(edit, vocabulary)
        if change in started or places[change] + places[image] < 3:
            continue
        started.add(change)
        for wanted in dict.fromkeys(((change,), (change, image))):
            edits = [edit]
            for _ in range(sum(places[one] for one in dict.fromkeys(wanted)) - 1):
                again = mend(edits[-1].statement, [edit.mistake], vocabulary)
                following = next((item for item in again if _change(item) in wanted), None)
                if following is None:
                    break
                edits.append(following)
            yield tuple(edits)


def _one_mistake_twice(statement: Statement, vocabulary: Vocabulary) -> Iterator[Edits]:
    """Take back one mistake at two places on both axes, then at two places on one."""
    singles = list(mend(statement, vocabulary=vocabulary))
    for first in (list(_on_both_axes(singles, vocabulary)), [(edit,) for edit in singles]):
        for edits in first:
            again = list(mend(edits[-1].statement, [edits[0].mistake], vocabulary))
            seconds = ((edit,) for edit in again)
            if len(edits) == 2:
                seconds = _on_both_axes(again, vocabulary)
            yield from ((*edits, *second) for second in seconds)


def _two_mistakes(statement: Statement, vocabulary: Vocabulary) -> Iterator[Edits]:
    """Take back two different mistakes."""
    for first in mend(statement, vocabulary=vocabulary):
        for second in mend(first.statement, vocabulary=vocabulary):
            if second.mistake is not first.mistake:
                yield first, second


def _on_both_axes(edits: Iterable[EditedStatement], vocabulary: Vocabulary) -> Iterator[Edits]:
    """Follow each edit by the same one on the other axis, where there is one."""
    for edit in edits:
        image = _described(edit, vocabulary)
        if image == _described(edit):
            continue
        for other in mend(edit.statement, [edit.mistake], vocabulary):
            if _described(other) == image:
                yield edit, other
                break


def _described(edit: EditedStatement, mirror: Vocabulary | None = None) -> tuple[str, ...]:
    """Say where an edit stands and what it does, in the names of the other axis if asked."""
    return (_mirrored(edit.where, mirror), *_change(edit, mirror)[1:])


def _change(edit: EditedStatement, mirror: Vocabulary | None = None) -> tuple[str, ...]:
    """Say what an edit does, wherever it stands."""
    before, after = (_mirrored(str(node), mirror) for node in (edit.before, edit.after))
    return (edit.mistake.name, before, after)


def _mirrored(text: str, mirror: Vocabulary | None) -> str:
    if mirror is None:
        return text
    return _NAME.sub(lambda found: _twin(found.group(), mirror), text)


_NAME = re.compile(r"[A-Za-z]\w*'*")


def _twin(name: str, vocabulary: Vocabulary) -> str:
    for symbol in (Size(name), Index(name)):
        for twin in vocabulary.twins(symbol):
            return twin.name
    return name


class _QuickCheck:
    """Reject most candidates by evaluating them where the wrong statement fails."""

    def __init__(self, statement: Statement, layer: Layer, counterexample: Counterexample) -> None:
        sizes = layer.sizes("", **counterexample.sizes)
        self._evaluator = Evaluator(layer.definition_by_name, sizes.by_symbol)
        self._indices: Values = {
            Index(name): value for name, value in counterexample.indices.items()
        }
        self._left: Polynomial | None = None
        try:
            self._left = self._evaluator.polynomial(expand_where(statement).lhs, self._indices)
        except SymconvError:
            # The left-hand side has no meaning there: no edit on the right can help.
            self._left = None

    def passes(self, candidate: Statement) -> bool:
        """Tell whether a candidate holds where the wrong statement fails."""
        if self._left is None:
            return False
        try:
            right = self._evaluator.polynomial(expand_where(candidate).rhs, self._indices)
        except SymconvError:
            return False
        return right == self._left
