r"""From LaTeX to statements: a straight pipeline of five steps, each from one value to the next.

`formulas.read_formula` walks it for one formula, in a `Context` (what is known before it), and
returns a `FormulaReading`: its items (equalities, definitions, what claims nothing, what could
not be read), and the context behind it. Nothing is ever changed in place: what a claim defines
is part of the context that the next one is read in.

1. `atoms`: the text as a flat list of visible signs, each with its place. `intervals` lets
   ``k \in [0, M)`` say what ``\{0, \ldots, M-1\}`` says.
2. `claims`: the atoms cut into rows and these into claims: the members of a chain of
   equalities, and the clauses that restrict or explain them. `signs` and `cue_words` know which
   signs and words cut, and what they do to a claim.
3. `tokens`: the atoms of one member as tokens; the names declared in the context decide where a
   name ends.
4. `syntax`: the tokens as a small tree, by the grammar in ``grammar.lark``; it says how a member
   is put together, and nothing about what its names mean.
5. `meaning`: the trees of a claim as expressions and statements of the algebra.

    - One side: `meaning.sides` walks over a tree, with `integers`, `array_entries`, `sums`,
      `piecewise`, `dots` and `derivatives` for its parts; what it finds out about names is
      noted in a `Scope`, which ends with the side.
    - What restricts it: `meaning.clauses`.
    - What it says: `meaning.chains` reads one equality after the other, as one that claims
      nothing (`no_statements`), a definition (`definitions`, `elements`) or a `Statement`
      (`statements`, with `doubts` about what else it may mean).

Reading is total: what cannot be read becomes an `Unreadable` with its place, and what stands
beside it is read all the same. `positions` goes the other way: it says a statement in the
conventions of a text.
"""
