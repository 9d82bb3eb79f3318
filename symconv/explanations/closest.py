"""The closest correct form: mistakes of the catalogue, taken back one or two at a time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TypeAlias

from symconv.algebra.evaluation import Evaluator, Polynomial, Values
from symconv.algebra.expressions import Number, Statement
from symconv.algebra.indices import Index, IntegerExpression, Size
from symconv.algebra.scoping import expand_where, free_symbols
from symconv.algebra.tree import Node
from symconv.errors import SymconvError
from symconv.explanations.lengths import is_too_long, part_count
from symconv.explanations.probes import CANDIDATE, Probes
from symconv.explanations.tidying import tidied, tidied_integer
from symconv.layers.layer import Layer, Vocabulary
from symconv.mistakes.spoiling import EditedStatement, mend, same_statement
from symconv.proof.equality import prove
from symconv.verdicts import Counterexample, Note, Verdict

MOST_CANDIDATES = 1_000
"""How many edited statements are tried of each kind; a fixed number, so that reruns agree."""
MOST_WALKED = 250_000
"""Limit: so many parts are walked through to make edited statements of one statement."""
MOST_UNDECIDED = 2
"""Limit: after so many candidates that the solver gives up on, each of which costs seconds."""
MOST_OFFERED = 3
MOST_SPOT_SIZES = 2
MOST_SPOT_VALUES = 200
SPOTS_TRIED = 12
"""At how many sizes a candidate is evaluated first, and where a value of the indices is sought."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A statement near to a wrong one that was proved.

    Attributes:
        statement: the correct statement, with the integers on its right tidied.
        edits: what was taken back, in order.
    """

    statement: Statement
    edits: tuple[EditedStatement, ...]

    def note(self) -> Note:
        """Offer the correction, and say what was wrong."""
        wrong = "; ".join(dict.fromkeys(edit.mistake.sentence for edit in self.edits))
        return Note("closest", f"did you mean {self.statement}? ({wrong})")


def closest_correct_forms(
    statement: Statement,
    layer: Layer,
    counterexample: Counterexample,
    probes: Probes,
    most: int = MOST_OFFERED,
) -> tuple[Correction, ...]:
    """Find proved statements that differ from a wrong one by one or two mistakes.

    Single edits come first, also made on both axes at once, then pairs of these with the
    same mistake, then pairs of different mistakes. A candidate must hold at the
    counterexample and at the probes before it is proved.

    Args:
        statement: the wrong statement.
        layer: its layer.
        counterexample: where it fails.
        probes: small sizes at which a candidate is tried.
        most: after how many proved statements the search ends.

    Returns:
        The corrections, none of which only repeats the left-hand side; none at all for a
        statement that is too long to search, or where the layer has no vocabulary.
    """
    if layer.vocabulary is None or is_too_long(statement):
        return ()
    quick = _QuickCheck(statement, layer, counterexample, probes)
    if not quick.possible:
        return ()
    search = _Search(statement, layer.vocabulary)
    offered: list[Correction] = []
    undecided = 0
    for candidates in (search.one_step, search.one_mistake_twice, search.two_mistakes):
        for edits in islice(candidates(), MOST_CANDIDATES):
            if not quick.passes(edits[-1].statement):
                continue
            candidate = tidied(edits[-1].statement)
            if any(same_statement(candidate, known.statement) for known in offered):
                continue
            if says_nothing(candidate):
                continue
            if not probes.holds_everywhere(candidate):
                continue
            verdict = prove(candidate, layer, effort=CANDIDATE).verdict
            undecided += verdict is Verdict.UNDECIDED
            if verdict is Verdict.PROVED:
                offered.append(Correction(candidate, edits))
            if len(offered) == most or undecided == MOST_UNDECIDED:
                return tuple(offered)
        if offered:
            break
    return tuple(offered)


def says_nothing(statement: Statement) -> bool:
    """Tell whether both sides of a statement are the same as they stand, as in ``y = y``."""
    statement = expand_where(statement)
    left, right = statement.lhs, statement.rhs
    if isinstance(left, Number) and isinstance(right, Number):
        return left.value == right.value or _same_integer(left.value, right.value)
    return tidied(replace(statement, rhs=left)).rhs == tidied(statement).rhs


def _same_integer(left: IntegerExpression, right: IntegerExpression) -> bool:
    # A floor that is proved to be another number is no repetition of it.
    return tidied_integer(left) == tidied_integer(right)


Edits: TypeAlias = tuple[EditedStatement, ...]
Change: TypeAlias = tuple[str, str, str]
"""A mistake's name, what stood at its site, and what stands there now."""


class _Step:
    """One edit, with what it does in words; most are refuted before anyone asks."""

    def __init__(self, edit: EditedStatement, twins: _Twins) -> None:
        self.edit = edit
        self._twins = twins

    @cached_property
    def change(self) -> Change:
        """What the edit does, wherever it stands."""
        return (self.edit.mistake.name, str(self.edit.before), str(self.edit.after))

    @cached_property
    def image(self) -> Change:
        """The same in the names of the other axis."""
        name, before, after = self.change
        return (name, self._twins.mirrored(before), self._twins.mirrored(after))

    @cached_property
    def place_image(self) -> str:
        """Where it stands, in the names of the other axis."""
        return self._twins.mirrored(self.edit.where)

    @property
    def is_own_image(self) -> bool:
        """Tell whether the names of the other axis change nothing."""
        return self.image == self.change and self.place_image == self.edit.where


class _Search:
    """The candidates, likely ones first; each statement is edited only when it is asked for."""

    def __init__(self, statement: Statement, vocabulary: Vocabulary) -> None:
        self._statement = statement
        self._vocabulary = vocabulary
        self._twins = _Twins(vocabulary)
        self._source = mend(statement, vocabulary=vocabulary)
        self._known: list[_Step] = []
        self._parts = part_count(statement)
        self._walked = 0

    def one_step(self) -> Iterator[Edits]:
        """Take back every mistake once, then on both axes, then wherever the same thing stands."""
        yield from ((step.edit,) for step in self._singles())
        yield from self._on_both_axes(self._singles())
        yield from self._everywhere()

    def one_mistake_twice(self) -> Iterator[Edits]:
        """Take back one mistake at two places on both axes, then at two places on one."""
        singles = [(step.edit,) for step in self._singles()]
        for first in (list(self._on_both_axes(self._singles())), singles):
            for edits in first:
                if not self._may_go_on():
                    return
                again = [
                    _Step(edit, self._twins)
                    for edit in mend(edits[-1].statement, [edits[0].mistake], self._vocabulary)
                ]
                seconds: Iterable[Edits] = ((step.edit,) for step in again)
                if len(edits) == 2:
                    seconds = self._on_both_axes(again)
                yield from ((*edits, *second) for second in seconds)

    def two_mistakes(self) -> Iterator[Edits]:
        """Take back two different mistakes."""
        for step in self._singles():
            if not self._may_go_on():
                return
            for second in mend(step.edit.statement, vocabulary=self._vocabulary):
                if second.mistake is not step.edit.mistake:
                    yield step.edit, second

    def _singles(self) -> Iterator[_Step]:
        """Yield the single edits; those that nobody asked for yet are made on the way."""
        yield from self._known
        for edit in self._source:
            self._known.append(_Step(edit, self._twins))
            yield self._known[-1]

    def _on_both_axes(self, steps: Iterable[_Step]) -> Iterator[Edits]:
        """Follow each edit by the same one on the other axis, where there is one."""
        for step in steps:
            if step.is_own_image:
                continue
            for other in self._again(step.edit, {step.image}):
                if other.change == step.image and other.edit.where == step.place_image:
                    yield step.edit, other.edit
                    break

    def _everywhere(self) -> Iterator[Edits]:
        """Repeat an edit wherever the same thing stands, then also where its mirror image does."""
        singles = list(self._singles())
        places = Counter(step.change for step in singles)
        started: set[Change] = set()
        for step in singles:
            change, image = step.change, step.image
            if change in started or places[change] + places[image] < 3:
                continue
            started.add(change)
            for wanted in dict.fromkeys(((change,), (change, image))):
                edits = [step.edit]
                for _ in range(sum(places[one] for one in dict.fromkeys(wanted)) - 1):
                    again = self._again(edits[-1], set(wanted))
                    following = next((item.edit for item in again if item.change in wanted), None)
                    if following is None:
                        break
                    edits.append(following)
                yield tuple(edits)

    def _may_go_on(self) -> bool:
        """Count one more walk through the statement; False when there were too many."""
        self._walked += self._parts
        return self._walked <= MOST_WALKED

    def _again(self, edit: EditedStatement, wanted: set[Change]) -> Iterator[_Step]:
        """Take the same mistake back once more, where one of the wanted things stands."""
        if not self._may_go_on():
            return
        kind = type(edit.before)
        befores = {before for _, before, _ in wanted}

        def stands(node: Node) -> bool:
            return type(node) is kind and str(node) in befores

        for item in mend(edit.statement, [edit.mistake], self._vocabulary, at=stands):
            yield _Step(item, self._twins)


class _Twins:
    """The names of the other axis."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._twin_by_name: dict[str, str] = {}

    def mirrored(self, text: str) -> str:
        """Replace every name in a text by that of the other axis."""
        return _NAME.sub(lambda found: self._twin(found.group()), text)

    def _twin(self, name: str) -> str:
        if name not in self._twin_by_name:
            symbols = (Size(name), Index(name))
            twins = (twin.name for item in symbols for twin in self._vocabulary.twins(item))
            self._twin_by_name[name] = next(twins, name)
        return self._twin_by_name[name]


_NAME = re.compile(r"[A-Za-z]\w*'*")


@dataclass(frozen=True, slots=True)
class _Spot:
    """One place where both sides of a statement have to agree.

    Attributes:
        evaluator: knows the sizes.
        indices: the values of the free indices.
        left: the left-hand side there, which no edit changes.
    """

    evaluator: Evaluator
    indices: Values
    left: Polynomial


class _QuickCheck:
    """Reject most candidates by evaluating them at single values of the free indices.

    These are where the wrong statement fails, and some others where its left-hand side is
    not 0, at sizes that refuted candidates before.

    Attributes:
        possible: whether an edit on the right can help at all: not where the left-hand side
            has no meaning.
    """

    def __init__(
        self, statement: Statement, layer: Layer, counterexample: Counterexample, probes: Probes
    ) -> None:
        self._spots: list[_Spot] = []
        # Abbreviations are edited, too, so a left-hand side that uses one may change.
        abbreviated = {index for index, _ in statement.where}
        self._same_left = abbreviated.isdisjoint(free_symbols(statement.lhs))
        self._lhs = expand_where(statement).lhs
        sizes = layer.sizes("", **counterexample.sizes)
        indices: Values = {Index(name): value for name, value in counterexample.indices.items()}
        read = self._add(Evaluator(layer.definition_by_name, sizes.by_symbol), indices)
        self.possible = read or not self._same_left
        if read:
            for more in islice(probes.telling(statement), MOST_SPOT_SIZES):
                self._add_some(statement, probes.evaluator(more))

    def passes(self, candidate: Statement) -> bool:
        """Tell whether a candidate holds at every place that is looked at."""
        candidate = expand_where(candidate)
        try:
            return all(self._agrees(candidate, spot) for spot in self._spots)
        except SymconvError:
            return False

    def _agrees(self, candidate: Statement, spot: _Spot) -> bool:
        left = spot.left
        if not self._same_left:
            left = spot.evaluator.polynomial(candidate.lhs, spot.indices)
        return left == spot.evaluator.polynomial(candidate.rhs, spot.indices)

    def _add_some(self, statement: Statement, evaluator: Evaluator) -> None:
        try:
            values = list(islice(evaluator.assignments(statement.free), MOST_SPOT_VALUES))
        except SymconvError:
            return
        # From the middle on: at the first values mistakes in the indices do not show.
        for indices in values[len(values) // 2 :][:SPOTS_TRIED]:
            if self._add(evaluator, indices) and not self._spots[-1].left:
                _ = self._spots.pop()
                continue
            return

    def _add(self, evaluator: Evaluator, indices: Values) -> bool:
        try:
            left = evaluator.polynomial(self._lhs, indices)
        except SymconvError:
            return False
        self._spots.append(_Spot(evaluator, indices, left))
        return True
