"""Proof obligations as SMT-LIB 2 files that another solver can check again.

Each file declares integers, asserts the hypotheses on sizes and the formulas of one
obligation, and asks for satisfiability; the answer must be ``unsat``. What an obligation
says, and of which statement, stands in a comment. That these answers together entail the
statement is the theorem in `equality`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from symconv.algebra.indices import Condition, Size, equal
from symconv.proof.equality import Proof
from symconv.proof.obligations import Formula, Obligation
from symconv.proof.smt import smt_text


def certificates(proof: Proof, *, fixed: Mapping[Size, int] | None = None) -> list[tuple[str, str]]:
    """Write every obligation of a proof as a file of its own.

    Args:
        proof: what `prove` returned.
        fixed: sizes to give a value, such as a stride by which another solver cannot
            divide symbolically; the files then only cover these values.

    Returns:
        File names, unique within one run over different statements, with their texts.
    """
    extra = [equal(size, value) for size, value in (fixed or {}).items()]
    suffix = "".join(f"-{size}={value}" for size, value in (fixed or {}).items())
    stem = _file_stem(proof.statement.key or "statement")
    return [
        (f"{stem}-{number:03}-{obligation.kind}{suffix}.smt2", _text(proof, obligation, extra))
        for number, obligation in enumerate(_distinct(proof.obligations), 1)
    ]


def _distinct(obligations: tuple[Obligation, ...]) -> Iterator[Obligation]:
    seen: set[tuple[Formula, ...]] = set()
    for obligation in obligations:
        if obligation.formulas not in seen:
            seen.add(obligation.formulas)
            yield obligation


def _text(proof: Proof, obligation: Obligation, extra: list[Condition]) -> str:
    name = f" ({proof.statement.key})" if proof.statement.key else ""
    comments = [
        f"Layer {proof.layer}, statement{name}:",
        f"  {proof.statement}",
        f"Obligation {obligation.kind}: {obligation.claim}",
        *(f"Only where {condition}" for condition in extra),
        "The assertions deny it; the expected answer is unsat.",
    ]
    lines = [f"; {' '.join(comment.split())}" for comment in comments]
    body = smt_text(proof.hypotheses, (*obligation.formulas, *extra), proof.least)
    lines += ["(set-logic QF_NIA)", "(set-info :status unsat)", body.strip(), "(check-sat)"]
    return "\n".join(line for line in lines if line) + "\n"


def _file_stem(key: str) -> str:
    """Make a file name of a statement's name: letters, digits and dashes, injectively enough."""
    return "".join(c if c.isalnum() or c in "-_" else "." for c in key)
