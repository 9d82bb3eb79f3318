"""One equality of a document, judged for every size and explained where it fails."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeAlias

from symconv.algebra.expressions import Array, Iverson, Number, Statement, claim, product_factors
from symconv.algebra.indices import Size, condition_text
from symconv.algebra.scoping import all_symbols, arrays, expand_where, size_symbols
from symconv.algebra.tree import Node, symbols
from symconv.documents.bound_names import standard_names
from symconv.documents.other_conventions import OtherReading, Rereadings, conventions
from symconv.errors import NotSupported
from symconv.explanations.closest import Correction, closest_correct_forms, says_nothing
from symconv.explanations.probes import CANDIDATE, Probes
from symconv.explanations.proving import judgement_of
from symconv.explanations.tidying import tidied
from symconv.explanations.validity import validity_region
from symconv.latex.reading.context import Context
from symconv.latex.reading.items import Span
from symconv.latex.reading.positions import as_the_text_counts
from symconv.latex.spellings import DerivativeStyle, is_read_as_written
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.writer import statement_latex
from symconv.layers.layer import Layer
from symconv.proof.equality import Outcome, prove
from symconv.verdicts import Counterexample, Judgement, Note, Verdict

_Key: TypeAlias = tuple[object, ...]

STATES_NOTHING = "states-nothing"
"""The code of what holds at no sizes at all: nowhere is it true, and nothing is nearby."""
SIZES_TRIED_FIRST = 8
MOST_SEARCHES = 30
"""For how many failed equalities of one run the closest correct form is searched.

Limit: a search without success costs seconds, and a document that fails so often needs
another look than corrections one by one.
"""
MOST_WORK = 120_000_000
"""Limit: how much is done for the equalities of one document, counted as `Outcome.work`.

That is about half a minute: 800 different small equalities, or 200 gradients of a layer.
"""
WORK_AN_EXPLANATION = 2_000_000
"""What it costs to say why an equality is false, beside the rows that are compared."""
UNEXPLAINED = Note("scope", "what would be right is not searched for: the document is too long")
TOO_MUCH = Outcome(
    Verdict.UNDECIDED,
    "the equalities before this one took as much work as one document may; split the document",
    code="too-large",
)


@dataclass(slots=True)
class Judge:
    """Judge equalities; equal ones once.

    What is proved is proved for every way to name the bound indices. What is false is judged
    anew under other names, because its counterexample and corrections are told in them. What
    a formula may have meant instead depends on how it is written, and where.

    Attributes:
        options: how corrections are written.
        work: what was done for the document so far, counted as `Outcome.work`.
    """

    options: LatexOptions = field(default_factory=LatexOptions)
    work: int = 0
    _known: dict[_Key, Judgement] = field(default_factory=dict)
    _outcomes: dict[_Key, Outcome] = field(default_factory=dict)
    _validity: dict[_Key, Note | None] = field(default_factory=dict)
    _closest: dict[_Key, Correction | None] = field(default_factory=dict)
    _layers: dict[_Key, Layer] = field(default_factory=dict)
    _probes: dict[_Key, Probes] = field(default_factory=dict)
    _rereadings: Rereadings = field(default_factory=Rereadings)

    def for_another_document(self) -> Judge:
        """Return a judge that knows what this one knows, and has done nothing yet."""
        return replace(self, work=0)

    @property
    def is_exhausted(self) -> bool:
        """Whether so much was done that only what is known is told from now on."""
        return self.work > MOST_WORK

    def judge(self, text: str, span: Span, context: Context, statement: Statement) -> Judgement:
        """Decide an equality in what is known where it stands.

        Args:
            text: the formula that holds it.
            span: where it stands in the formula.
            context: what was known where the formula was read.
            statement: the equality.

        Returns:
            What the prover found, with conventions under which it is true, where it is true,
            and what would be right.
        """
        within = _layer_key(_reduced(context, statement))
        outcome = self._outcome(context, statement, within)
        if outcome is TOO_MUCH:
            return judgement_of(outcome)
        written: _Key = (text, span, _conventions_of(context)) if outcome.verdict.is_false else ()
        key = (statement, within, written)
        if key not in self._known:
            notes: tuple[Note, ...] = ()
            if outcome.verdict.is_false and outcome.code != STATES_NOTHING:
                if self.is_exhausted:
                    return judgement_of(outcome, [UNEXPLAINED])
                notes = self._explained(text, span, context, statement, outcome)
                # What the next one may compare is no less because this one failed.
                rows = sum(probes.rows for probes in self._probes.values())
                self.work += WORK_AN_EXPLANATION + rows
                for probes in self._probes.values():
                    probes.rows = 0
            self._known[key] = judgement_of(outcome, notes)
        return self._known[key]

    def _outcome(self, context: Context, statement: Statement, within: _Key) -> Outcome:
        general = (standard_names(statement), within)
        if general in self._outcomes:
            return self._outcomes[general]
        key = (statement, within)
        if key not in self._outcomes:
            if self.is_exhausted:
                return TOO_MUCH
            outcome = prove(statement, self._layer(context, statement))
            self.work += outcome.work
            self._outcomes[general if outcome else key] = outcome
            return outcome
        return self._outcomes[key]

    def _layer(self, context: Context, statement: Statement) -> Layer:
        """Return the layer of a context, with those definitions alone that matter here."""
        reduced = _reduced(context, statement)
        key = _layer_key(reduced)
        if key not in self._layers:
            layer = reduced.as_layer()
            if reduced.layer is not None and layer.given != reduced.layer.given:
                # The layer's own choices say nothing of the sizes that the document adds.
                layer = replace(layer, default_sizes=())
            self._layers[key] = layer
        return self._layers[key]

    def _explained(
        self, text: str, span: Span, context: Context, statement: Statement, outcome: Outcome
    ) -> tuple[Note, ...]:
        options = replace(self.options, derivative=derivative_style(text))
        candidates = conventions(text, span, context, statement, outcome.code, self._rereadings)
        meant = self._convention(candidates, context)
        notes: list[Note] = []
        if meant is not None:
            declared = f" (declare it: symconv: {meant.declaration})" if meant.declaration else ""
            notes.append(Note("convention", f"proved when {meant.condition}{declared}"))
        key = (statement, _layer_key(_reduced(context, statement)))
        if key not in self._validity:
            layer = self._layer(context, statement)
            region = validity_region(statement, layer, self._probes_of(context, statement))
            self._validity[key] = region.note()
        where = self._validity[key]
        notes += [] if where is None else [where]
        wanted = meant is None or not meant.correct or meant.declaration == ""
        if wanted and key not in self._closest and len(self._closest) < MOST_SEARCHES:
            self._closest[key] = self._searched(context, statement, outcome.counterexample)
        offered = self._closest.get(key) if wanted else None
        if offered is not None:
            wrong = dict.fromkeys(edit.mistake.sentence for edit in offered.edits)
            shown = self._tidied(context, offered.statement, statement)
            notes += [Note("mistake", "; ".join(wrong)), _pasted(shown, context, options)]
        elif meant is not None and meant.correct and not says_nothing(meant.statement):
            shown = self._tidied(context, meant.statement, statement)
            notes.append(_pasted(shown, context, options))
        elif key not in self._closest:
            said = f"what would be right is searched for {MOST_SEARCHES} equalities alone"
            notes.append(Note("scope", said))
        return tuple(notes)

    def _searched(
        self, context: Context, statement: Statement, example: Counterexample | None
    ) -> Correction | None:
        """Return the closest correct form, unless the statement is about an abbreviation."""
        layer = self._layer(context, statement)
        names = {index for index, _ in statement.where}
        abbreviation = isinstance(statement.lhs, Number) and statement.lhs.value in names
        if layer.vocabulary is None or example is None or abbreviation:
            return None
        probes = self._probes_of(context, statement)
        offered = closest_correct_forms(statement, layer, example, probes, most=1)
        return offered[0] if offered else None

    def _convention(
        self, candidates: Iterable[OtherReading], context: Context
    ) -> OtherReading | None:
        """Return the first convention under which an equality is proved.

        One that fails at a few small sizes is not tried further.
        """
        for convention in candidates:
            statement = convention.statement
            probes = self._probes_of(context, statement)
            few = islice(probes.admitting(statement), SIZES_TRIED_FIRST)
            if not all(probes.holds_at(statement, sizes) for sizes in few):
                continue
            if self._is_proved(context, statement):
                return convention
        return None

    def _is_proved(self, context: Context, statement: Statement) -> bool:
        outcome = prove(statement, self._layer(context, statement), effort=CANDIDATE)
        self.work += outcome.work
        return outcome.verdict is Verdict.PROVED

    def _tidied(self, context: Context, correction: Statement, wrong: Statement) -> Statement:
        """Return a correction as it is shown, which is proved unless it is the proved one.

        The document's own abbreviations stay where they were right and can be written.
        """
        kept = correction.where == wrong.where
        kept = kept and all(is_read_as_written(index.name) for index, _ in correction.where)
        plain = correction if kept else expand_where(correction)
        tidy = tidied(plain)
        return tidy if tidy == plain or self._is_proved(context, tidy) else plain

    def _probes_of(self, context: Context, statement: Statement) -> Probes:
        key = _layer_key(_reduced(context, statement))
        if key not in self._probes:
            self._probes[key] = Probes(self._layer(context, statement))
        return self._probes[key]


def suppositions(context: Context, statement: Statement) -> tuple[str, ...]:
    """Return what a verdict on a statement supposes beyond the constraints of the layer.

    An assumption of the text is left out only where no chain of conditions leads from it to a
    size on which the statement can depend.
    """
    reached: set[Size] = set(size_symbols(statement))
    needed = _needed(context, statement)
    for array in needed:
        reached |= _sizes_of(array.shape)
    for definition in context.definitions:
        if definition.array in needed:
            reached |= {s for s in all_symbols(definition.body) if isinstance(s, Size)}
    links = [_sizes_of((item,)) for item in context.as_layer().size_constraints]
    while any(link & reached and not link <= reached for link in links):
        reached |= {size for link in links if link & reached for size in link}
    supposed = dict.fromkeys(statement.assumptions)
    for condition in context.assumptions:
        used = _sizes_of((condition,))
        if used & reached or not used:
            supposed[condition] = None
    for condition in context.said.conditions:
        if Iverson(condition) in product_factors(statement.lhs):
            supposed[condition] = None
    zero = (f"{name} = 0" for name in context.said.zero)
    return tuple(dict.fromkeys((*map(condition_text, supposed), *zero)))


def _sizes_of(nodes: Iterable[Node]) -> set[Size]:
    return {symbol for item in nodes for symbol in symbols(item) if isinstance(symbol, Size)}


def derivative_style(text: str) -> DerivativeStyle:
    """Tell whether a formula writes its derivatives with a curly or a straight d."""
    return "partial" if "\\partial" in text or "\\frac" not in text else "d"


def _pasted(statement: Statement, context: Context, options: LatexOptions) -> Note:
    """Write a correction as the document counts; what it abbreviates is said elsewhere in it."""
    shown = replace(statement, where=())
    if not _says_its_ranges(shown):
        options = replace(options, ranges=True)
    shown = as_the_text_counts(shown, context)
    try:
        text = statement_latex(shown, options)
    except NotSupported:
        text = str(shown)
    return Note("closest", f"would be right: {text}")


def _says_its_ranges(statement: Statement) -> bool:
    """Tell whether the left-hand side alone says where the free indices run."""
    try:
        said = claim(statement.lhs, statement.rhs).free
    except ValueError:
        return False
    return all(item in said for item in statement.free)


def _reduced(context: Context, statement: Statement) -> Context:
    """Leave out the document's own arrays that the statement does not use."""
    needed = _needed(context, statement)
    known = set() if context.layer is None else set(context.layer.array_by_name)
    return replace(
        context,
        arrays=tuple(a for a in context.arrays if a in needed or a.name in known),
        definitions=tuple(
            d for d in context.definitions if d.array in needed or d.array.name in known
        ),
    )


def _needed(context: Context, statement: Statement) -> dict[Array, None]:
    """Return the arrays that a statement uses, directly or through definitions."""
    definitions = {item.array.name: item for item in context.definitions}
    needed: dict[Array, None] = {}
    pending = list(arrays(statement.lhs) | arrays(statement.rhs))
    while pending:
        array = pending.pop()
        if array in needed:
            continue
        needed[array] = None
        if array.name in definitions:
            pending.extend(arrays(definitions[array.name].body))
    return needed


def _conventions_of(context: Context) -> _Key:
    return (
        context.upper_bounds, context.index_base, context.index_bases, context.abbreviations,
        context.ranges,
    )  # fmt: skip


def _layer_key(context: Context) -> _Key:
    name = None if context.layer is None else context.layer.name
    return (
        name, context.sizes, context.minimum, context.arrays, context.definitions,
        context.assumptions, context.inputs,
    )  # fmt: skip
