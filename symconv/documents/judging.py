"""One equality of a document, judged for every size and explained where it fails."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from time import perf_counter

from symconv.algebra.expressions import Array, Number, Statement, claim
from symconv.algebra.scoping import arrays, expand_where
from symconv.documents.conventions import Convention, conventions
from symconv.errors import NotSupported
from symconv.explanations.closest import Correction, closest_correct_forms
from symconv.explanations.failures import VOCABULARIES
from symconv.explanations.probes import Probes
from symconv.explanations.validity import validity_region
from symconv.latex.context import Context
from symconv.latex.options import LatexOptions
from symconv.latex.reader_items import Span
from symconv.latex.spellings import DerivativeStyle
from symconv.latex.writer import statement_latex
from symconv.layers.layer import Layer
from symconv.proof.equality import Outcome, prove
from symconv.verdicts import Counterexample, Verdict

RIGHT = "would be right: "
"""Begins a note that holds a correction as LaTeX."""
SIZES_TRIED_FIRST = 8
MOST_SEARCHES = 30
"""For how many failed equalities of one run the closest correct form is searched.

Limit: a search without success costs seconds, and a document that fails so often needs
another look than corrections one by one.
"""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of an equality.

    Attributes:
        outcome: what the prover found for it as written.
        notes: conventions under which it is true, where it is true, what would be right.
        seconds: the time that it took.
    """

    outcome: Outcome
    notes: tuple[str, ...]
    seconds: float


@dataclass(slots=True)
class Judge:
    """Judge equalities; equal ones once.

    Attributes:
        options: how corrections are written.
    """

    options: LatexOptions = field(default_factory=LatexOptions)
    _searches: int = 0
    _known: dict[tuple[object, ...], Judgement] = field(default_factory=dict)
    _layers: dict[tuple[object, ...], Layer] = field(default_factory=dict)
    _probes: dict[tuple[object, ...], Probes] = field(default_factory=dict)

    def judge(self, text: str, span: Span, context: Context, statement: Statement) -> Judgement:
        """Decide an equality in what is known where it stands.

        Args:
            text: the formula that holds it.
            span: where it stands in the formula.
            context: what was known where the formula was read.
            statement: the equality.
        """
        key = (statement, _layer_key(_reduced(context, statement)))
        if key not in self._known:
            start = perf_counter()
            layer = self._layer(context, statement)
            outcome = prove(statement, layer)
            notes: tuple[str, ...] = ()
            if outcome.verdict.is_false:
                notes = self._explained(text, span, context, statement, outcome)
            self._known[key] = Judgement(outcome, notes, perf_counter() - start)
        return self._known[key]

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
    ) -> tuple[str, ...]:
        options = replace(self.options, derivative=derivative_style(text))
        layer = self._layer(context, statement)
        probes = self._probes_of(context, statement)
        meant = self._convention(conventions(text, span, context, statement, outcome.code), context)
        notes: list[str] = []
        if meant is not None:
            declared = f" (declare it: symconv: {meant.declaration})" if meant.declaration else ""
            notes.append(f"proved when {meant.condition}{declared}")
        validity = validity_region(statement, layer, probes).sentence()
        if validity:
            notes.append(validity)
        offered = None
        searched = self._searches < MOST_SEARCHES
        if searched and (meant is None or not meant.correct or meant.declaration == ""):
            self._searches += 1
            offered = self._closest(statement, layer, outcome.counterexample, probes)
        if offered is not None:
            wrong = dict.fromkeys(edit.mistake.sentence for edit in offered.edits)
            notes.extend(("; ".join(wrong), *_pasted(offered.statement, options)))
        elif meant is not None and meant.correct:
            notes.extend(_pasted(meant.statement, options))
        elif not searched:
            notes.append(f"what would be right is searched for {MOST_SEARCHES} equalities alone")
        return tuple(notes)

    def _closest(
        self, statement: Statement, layer: Layer, example: Counterexample | None, probes: Probes
    ) -> Correction | None:
        """Return the closest correct form, unless the statement is about an abbreviation."""
        vocabulary = VOCABULARIES.get(layer.name)
        names = {index for index, _ in statement.where}
        abbreviation = isinstance(statement.lhs, Number) and statement.lhs.value in names
        if vocabulary is None or example is None or abbreviation:
            return None
        offered = closest_correct_forms(statement, layer, example, probes, vocabulary)
        return offered[0] if offered else None

    def _convention(self, candidates: Iterable[Convention], context: Context) -> Convention | None:
        """Return the first convention under which an equality is proved.

        One that fails at a few small sizes is not tried further.
        """
        for convention in candidates:
            statement = convention.statement
            probes = self._probes_of(context, statement)
            few = islice(probes.admitting(statement), SIZES_TRIED_FIRST)
            if not all(probes.holds_at(statement, sizes) for sizes in few):
                continue
            if prove(statement, self._layer(context, statement)).verdict is Verdict.PROVED:
                return convention
        return None

    def _probes_of(self, context: Context, statement: Statement) -> Probes:
        key = _layer_key(_reduced(context, statement))
        if key not in self._probes:
            self._probes[key] = Probes(self._layer(context, statement))
        return self._probes[key]


def derivative_style(text: str) -> DerivativeStyle:
    """Tell whether a formula writes its derivatives with a curly or a straight d."""
    return "partial" if "\\partial" in text or "\\frac" not in text else "d"


def _pasted(statement: Statement, options: LatexOptions) -> tuple[str, ...]:
    """Write a correction; the document's own abbreviations stay where they can be written."""
    plain = all(len(index.name.partition("_")[0]) == 1 for index, _ in statement.where)
    shown = replace(statement, where=()) if plain else expand_where(statement)
    if not _says_its_ranges(shown):
        options = replace(options, ranges=True)
    try:
        return (f"{RIGHT}{statement_latex(shown, options)}",)
    except NotSupported:
        return (f"{RIGHT}{shown}",)


def _says_its_ranges(statement: Statement) -> bool:
    """Tell whether the left-hand side alone says where the free indices run."""
    try:
        said = claim(statement.lhs, statement.rhs).free
    except ValueError:
        return False
    return all(item in said for item in statement.free)


def _reduced(context: Context, statement: Statement) -> Context:
    """Leave out the document's own arrays that the statement does not use."""
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
    known = set() if context.layer is None else set(context.layer.array_by_name)
    return replace(
        context,
        arrays=tuple(a for a in context.arrays if a in needed or a.name in known),
        definitions=tuple(
            d for d in context.definitions if d.array in needed or d.array.name in known
        ),
    )


def _layer_key(context: Context) -> tuple[object, ...]:
    name = None if context.layer is None else context.layer.name
    return (
        name, context.sizes, context.minimum, context.arrays, context.definitions,
        context.assumptions,
    )  # fmt: skip
