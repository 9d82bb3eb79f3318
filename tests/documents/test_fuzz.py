"""Random and mutated documents: whatever stands in them, every part is accounted for."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from symconv.documents.contents import FORMATS, Format
from symconv.documents.loading import parse_text
from symconv.documents.outline import Outline, ReadFormula, declared_by, outline
from symconv.errors import UsageError
from tests.runs import quick_rows

SAMPLES = sorted(Path(__file__).with_name("samples").rglob("*.*"))
FORMAT_BY_SUFFIX: dict[str, Format] = {".md": "markdown", ".tex": "tex"}
PIECES = (
    *("$", "$$", "\\(", "\\)", "\\[", "\\]", "\\begin{align}", "\\end{align}", "\\\\", "&", "%"),
    *("\\begin{equation}", "\\end{equation}", "\\begin{cases}", "\\end{cases}", "```", "~~~\n"),
    *("\n", "\n\n", "    ", "# ", "<!--", "-->", "<!-- symconv: size K -->", "`", "\\$", "\\"),
    *("<!-- symconv: layer conv2d -->", "% symconv: define p_0 = Sk\n", "{", "}", "\\left(", "^"),
    *("{% highlight python %}", "{% endhighlight %}", "N, C, H, W = x.shape", "&lt;", "x", "y_{n}"),
    *("\\sum_{c}", "\\frac{d}{dw}", "\\frac", "=", "_", "'", '"', "\\delta_{a,b}", "é", "\ud83d"),
    *("y_{n,f,k,l}", "b_f", "\\le", "1", "2", "+", "-", "(", ")", "[", "]", ",", "\\mathbb{1}"),
)


def _read(text: str, format: Format) -> Outline | None:
    try:
        document = parse_text("fuzz", text, format)
    except UsageError:
        # A notebook that is none is refused; nothing else is.
        assert format == "notebook"
        return None
    read = outline(document, declared_by(None))
    for part in read.parts:
        if isinstance(part, ReadFormula):
            assert part.reading.items, part.formula.source.text
            length = len(part.formula.source.text)
            for item in part.reading.items:
                assert 0 <= item.span[0] <= item.span[1] <= length
            _ = read.file.position(part.formula.start)
        else:
            assert 0 <= part.start <= len(read.file.text)
    return read


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("seed", range(4))
def test_random_documents_are_read_to_their_end(format: Format, seed: int) -> None:
    source = random.Random(f"{format} {seed}")
    for _ in range(60):
        text = "".join(source.choice(PIECES) for _ in range(source.randrange(60)))
        last = "\n\n$\\frac{\\partial y_{n,f,k,l}}{\\partial b_g}$\n"
        _ = _read(text, format)
        _ = _read(text + last, format)


@quick_rows(14, "each row is more random damage to another sample")
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_mutated_samples_are_read_to_their_end(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    source = random.Random(path.name)
    format = FORMAT_BY_SUFFIX.get(path.suffix, "notebook")
    for _ in range(12):
        mutated = text
        for _ in range(source.randrange(1, 6)):
            place = source.randrange(len(mutated))
            match source.randrange(4):
                case 0:
                    mutated = mutated[:place] + mutated[place + source.randrange(1, 9) :]
                case 1:
                    mutated = mutated[:place] + source.choice(PIECES) + mutated[place:]
                case 2:
                    other = source.randrange(len(mutated))
                    mutated = mutated[:place] + mutated[other : other + 40] + mutated[place:]
                case _:
                    mutated = mutated[:place]
            mutated = mutated or "$"
        _ = _read(mutated, format)


@quick_rows(2, "one limit of depth and length refuses them all")
@pytest.mark.parametrize(
    "formula",
    [
        "{" * 5_000,
        "(" * 20_000 + ")" * 20_000,
        "\\frac{" * 3_000 + "1" + "}{2}" * 3_000,
        "x_{" * 3_000 + "0" + "}" * 3_000,
        "\\begin{cases}" * 2_000,
        "b_f + " * 15_000 + "b_f = y_{n,f,k,l}",
        "y_{n,f,k,l} = " * 3_000 + "b_f",
        "\\left(" * 4_000,
        "+" * 100_000,
        "9" * 100_000,
    ],
    ids=lambda formula: formula[:12],
)
def test_a_formula_of_great_depth_or_length_is_accounted_for(formula: str) -> None:
    read = _read(f"<!-- symconv: layer conv2d -->\n$${formula}$$\n\n$x$\n", "markdown")
    assert read is not None
    assert len([part for part in read.parts if isinstance(part, ReadFormula)]) == 2
