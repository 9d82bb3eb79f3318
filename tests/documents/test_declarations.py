"""Declarations in comments, context files and code: accepted, refused, contradicted."""

from __future__ import annotations

import pytest

from symconv.algebra.indices import Index, Size
from symconv.documents.accounting import check_document
from symconv.documents.contents import DECLARATIONS, Format, Pragma
from symconv.documents.declarations import Declared, declare
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by, outline
from symconv.errors import UsageError
from symconv.latex.reading.context import Context
from symconv.latex.reading.meaning.definitions import MOST_NAMES
from symconv.layers.registry import layer_by_name


def _declare(*lines: str, layer: str | None = None) -> Context:
    known = declared_by(None if layer is None else layer_by_name(layer))
    for line in lines:
        known = declare(line, known)
    return known.context


def test_sizes_with_their_least_values() -> None:
    context = _declare("size K, M", "size P >= 0; size D E")
    assert [size.name for size in context.sizes] == ["K", "M", "P", "D", "E"]
    assert dict(context.minimum) == {Size("P"): 0}


def test_arrays_with_shapes_in_sizes() -> None:
    context = _declare("size K, M", "array x (K, M+2K-1)", "array s ()")
    assert [str(array) for array in context.arrays] == ["x", "s"]
    assert len(context.arrays[0].shape) == 2
    assert context.arrays[1].shape == ()


def test_indices_with_and_without_ranges() -> None:
    context = _declare("size K", "index p", "index q 0 .. K-1")
    assert context.indices == (Index("p"), Index("q"))
    assert [str(item) for item in context.ranges] == ["q=0..K-1"]


def test_conventions() -> None:
    context = _declare("index-base 1", "upper-bounds exclusive", layer="conv2d")
    assert (context.index_base, context.upper_bounds) == (1, "exclusive")
    assert _declare("index-base 1 x", layer="conv2d").base_of("x") == 1
    assert _declare("index-base 1 x", layer="conv2d").base_of("w") == 0


def test_definitions_and_assumptions() -> None:
    context = _declare("define p_0 = Sk", "assume H = W", layer="conv2d")
    assert str(context.abbreviation("p_0")) == "S*k"
    assert [str(item) for item in context.assumptions] == ["H == W"]


def test_spellings() -> None:
    context = _declare(r"spelling \mathbf{v} = w", layer="conv2d")
    assert dict(context.spellings)[r"\mathbf{v}"] == "w"


@pytest.mark.parametrize(
    ("line", "code", "word"),
    [
        ("sise K", "unknown-declaration", "did you mean size"),
        ("", None, ""),
        ("frobnicate", "unknown-declaration", "layer, size, array"),
        ("layer conv9d", "unknown-layer", "conv2d"),
        ("size", "unreadable-declaration", "size K"),
        ("size 3", "unreadable-declaration", "size K"),
        ("size K = 3", "unreadable-declaration", "size K"),
        ("size K >= -1", "unreadable-declaration", "size K"),
        ("array v", "unreadable-declaration", "array x"),
        ("array v (Q)", "undeclared-name", "size Q"),
        ("array x (N)", "overloaded-name", ""),
        ("input q", "undeclared-name", "input q (N)"),
        ("input y", "contradictory-declarations", ""),
        ("input x (N)", "overloaded-name", ""),
        ("array N (C)", "overloaded-name", ""),
        ("size x", "overloaded-name", ""),
        ("index-base 2", "unreadable-declaration", "index-base 1"),
        ("index-base 1 zz", "undeclared-name", "array zz"),
        ("upper-bounds sometimes", "unreadable-declaration", "exclusive"),
        ("spelling a", "unreadable-declaration", "spelling"),
        (r"spelling \tilde{a} = nothing", "undeclared-name", "declare it first"),
        ("spelling + = x", "unreadable-declaration", "letters"),
        (r"spelling \tilde{ = x", "unreadable-declaration", "letters"),
        (r"spelling \tilde} = x", "unreadable-declaration", "letters"),
        (r"spelling \sum = x", "unreadable-declaration", "letters"),
        (r"spelling a \cdot b = x", "unreadable-declaration", "letters"),
        ("spelling 3 = x", "unreadable-declaration", "letters"),
        ("spelling _a = x", "unreadable-declaration", "letters"),
        ("spelling X = w", "contradictory-declarations", ""),
        ("define x", "unreadable-declaration", "equals sign"),
        ("define y_{n,f,k,l} = b_f", "contradictory-declarations", ""),
        ("assume nothing", None, ""),
        ("index q 0 .. __import__('os')", None, ""),
    ],
)
def test_what_cannot_be_declared_says_why(line: str, code: str | None, word: str) -> None:
    if not line:
        assert _declare(line, layer="conv2d") == _declare(layer="conv2d")
        return
    with pytest.raises(UsageError) as caught:
        _ = _declare(line, layer="conv2d")
    assert code in (None, caught.value.code)
    assert word in caught.value.help


@pytest.mark.parametrize(
    "source", [r"\tilde{v}", "v'", "v^{(1)}", "K_h", r"\mathbf W", "H_{out}", "v^*", r"\delta"]
)
def test_names_as_texts_spell_them_are_accepted(source: str) -> None:
    context = _declare(f"spelling {source} = w", layer="conv2d")
    assert dict(context.spellings)[source] == "w"


def test_more_sizes_than_can_be_searched_are_refused() -> None:
    _ = _declare("size " + ", ".join(f"A{number}" for number in range(100)))
    with pytest.raises(UsageError, match="more than 100 sizes"):
        _ = _declare("size " + ", ".join(f"A{number}" for number in range(3000)))


@pytest.mark.parametrize("word", ["array a{} (N)", "index a{}", "spelling a_{} = w"])
def test_more_names_than_are_read_fast_are_refused(word: str) -> None:
    known = declare(
        "; ".join(word.format(number) for number in range(MOST_NAMES - 50)),
        declared_by(layer_by_name("conv2d")),
    )
    _ = declare(word.format("c"), known)
    with pytest.raises(UsageError, match="more than 500 names"):
        _ = declare("; ".join(word.format(number) for number in range(9_000, 9_100)), known)


@pytest.mark.parametrize(("format", "comment"), [("markdown", "<!-- {} -->\n"), ("tex", "% {}\n")])
@pytest.mark.parametrize("word", DECLARATIONS)
def test_a_declaration_without_its_colon_is_located(
    word: str, format: Format, comment: str
) -> None:
    document = parse_text("a", comment.format(f"symconv {word} conv2d"), format)
    [trouble] = document.troubles
    assert trouble.code == "unreadable-declaration"
    assert document.file.text[trouble.start :].startswith("symconv")
    assert f"symconv: {word}" in trouble.help
    with_space = parse_text("a", comment.format(f"symconv : {word} conv2d"), format)
    assert [type(item) for item in with_space.items] == [Pragma]


@pytest.mark.parametrize("text", ["symconv checks this", "about symconv layers", "symconv"])
def test_a_comment_that_only_mentions_symconv_is_left_alone(text: str) -> None:
    assert parse_text("a.md", f"<!-- {text} -->\n").items == ()


@pytest.mark.parametrize("word", DECLARATIONS)
def test_every_word_that_is_known_to_begin_a_declaration_does(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        _ = _declare(f"{word} ?")
    assert caught.value.code != "unknown-declaration"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("index-base 0", "index-base 1"),
        ("index-base 1 x", "index-base 0 x"),
        ("upper-bounds inclusive", "upper-bounds exclusive"),
    ],
)
def test_contradictions_are_refused_and_repetitions_are_not(first: str, second: str) -> None:
    _ = _declare(first, first, layer="conv2d")
    with pytest.raises(UsageError, match="contradicts"):
        _ = _declare(first, second, layer="conv2d")


def test_a_context_file_says_where_it_is_wrong() -> None:
    lines = "# about the filters\nsize K\n\n  sise M\n"
    with pytest.raises(UsageError) as caught:
        _ = declared_by(None, lines, "context.txt")
    assert caught.value.location == "context.txt:4:3"


def test_a_context_file_may_carry_the_prefix() -> None:
    known = declared_by(None, "symconv: layer conv2d\nindex-base 1\n", "context.txt")
    assert known.settings.layer == "conv2d"
    assert known.context.index_base == 1


def test_the_layer_may_be_named_anywhere_in_the_document() -> None:
    text = "<!-- symconv: index-base 1 -->\n$x$\n<!-- symconv: layer conv2d -->\n"
    read = outline(parse_text("a.md", text), Declared(Context()))
    assert read.context.layer is not None
    assert read.context.index_base == 1


def test_another_layer_than_that_of_the_command_is_a_contradiction() -> None:
    text = "<!-- symconv: layer conv9d -->"
    read = outline(parse_text("a.md", text), declared_by(layer_by_name("conv2d")))
    assert [getattr(part, "code", "") for part in read.parts] == ["unknown-layer"]


CODE = "```python\n{}\n```\n"


def _read_code(code: str, layer: str | None = None) -> tuple[Context, list[str]]:
    known = declared_by(None if layer is None else layer_by_name(layer))
    read = outline(parse_text("a.md", CODE.format(code)), known)
    return read.context, [part.code for part in read.parts if hasattr(part, "fact")]


def test_a_line_about_a_shape_declares_sizes_and_the_array() -> None:
    context, troubles = _read_code("N, M = v.shape\nt = options['stride']")
    assert troubles == []
    assert [size.name for size in context.sizes] == ["N", "M", "t"]
    assert context.array("v") is not None


def test_with_a_layer_other_names_become_spellings_of_its_sizes() -> None:
    context, troubles = _read_code("- F, C, R, _ = w.shape\nt = p['stride']", "conv2d")
    assert troubles == []
    assert dict(context.spellings)["R"] == "HH"
    assert dict(context.spellings)["t"] == "S"


@pytest.mark.parametrize(
    "code", ["N, H, W, C = x.shape", "N, C, H = x.shape", "H = conv_param['stride']"]
)
def test_code_that_contradicts_the_layer_is_located(code: str) -> None:
    context, troubles = _read_code(code, "conv2d")
    assert troubles == ["contradictory-declarations"]
    assert context.spellings == _declare(layer="conv2d").spellings


@pytest.mark.parametrize(
    "code",
    [
        "N, M = f(v).shape",
        "N, (M, K) = v.shape",
        "N = v.shape[0]",
        "x = y = z.shape",
        "a = b['unknown']",
        "__import__('os').system('true').shape = 3",
        "if True: N, M = v.shape",
        "N, M == v.shape",
    ],
)
def test_other_code_declares_nothing(code: str) -> None:
    context, troubles = _read_code(code)
    assert (context, troubles) == (Context(), [])


LONG = "7" * 6_000


@pytest.mark.parametrize(
    ("declared", "formula", "verdict"),
    [
        (f"assume M = {LONG}", "g_i + h_i = h_i + g_i", "proved"),
        # What would have been assumed is not known, and perhaps makes it true.
        (f"assume M = {LONG}", r"\sum_{i=0}^{M-1} 1 = 3", "undecided"),
        ("assume M = 3", r"\sum_{i=0}^{M-1} 1 = 3", "proved"),
        ("assume M = 4", r"\sum_{i=0}^{M-1} 1 = 3", "refuted"),
    ],
)
def test_a_declaration_that_fails_costs_none_of_its_neighbours(declared, formula, verdict):
    text = f"<!-- symconv: size M; array g (M); {declared}; array h (M) -->\n$${formula}$$\n"
    found = check_document(parse_text("a.md", text), declared_by(None))
    claims = [result for result in found if result.method == "proof"]
    assert [str(getattr(result.verdict, "value", None)) for result in claims] == [verdict]


def test_a_number_of_thousands_of_digits_is_refused_where_it_stands():
    text = f"<!-- symconv: size M; array g (M) -->\n$$g_i = {LONG} g_i$$\n\n$$g_i = g_i$$\n"
    first, second = check_document(parse_text("a.md", text), declared_by(None))
    assert first.verdict is not None
    assert first.verdict.value == "undecided"
    assert "30 digits" in first.detail
    assert second.verdict is not None
    assert second.verdict.value == "proved"
