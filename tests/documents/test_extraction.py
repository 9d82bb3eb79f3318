"""Formulas and listings found in Markdown and LaTeX, and what is left alone."""

from __future__ import annotations

import io

import pytest

from symconv.documents.accounting import check_documents
from symconv.documents.contents import Document, Format, Formula, Heading, Listing, Pragma
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.documents.source import Place
from symconv.reports.documents_view import documents_text


def _formulas(text: str, format: Format = "markdown") -> list[tuple[str, bool]]:
    found = parse_text("a", text, format).formulas
    return [(formula.source.text.strip(), formula.display) for formula in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a $x$ b", [("x", False)]),
        ("a $$x$$ b", [("x", False)]),
        ("$$\nx\n$$", [("x", True)]),
        ("$$x$$.", [("x", True)]),
        (r"a \(x\) b \[y\]", [("x", False), ("y", True)]),
        (r"a \\(x\\) b \\[y\\]", [("x", False), ("y", True)]),
        ("($F$,$C$)", [("F", False), ("C", False)]),
        ("```math\nx\n```", [("x", True)]),
        ("~~~ math\nx\n~~~", [("x", True)]),
        ("$`x`$ here", [("x", False)]),
        ("\\begin{align*}\nx\n\\end{align*}", [("\\begin{align*}\nx\n\\end{align*}", True)]),
        (r"$a &lt; b$", [("a < b", False)]),
        (r"$a &le; b$", [(r"a \le  b", False)]),
        (r"$a &amp; b$ &lt;", [("a & b", False)]),
        ("$a % no\n+ b$", [("a     \n+ b", False)]),
        (r"$50\% + b$", [(r"50\% + b", False)]),
        ("# Of $x$\n\ny", [("x", False)]),
        ("Of $x$\n======", [("x", False)]),
        ("- a\n\n    $x$", [("x", False)]),
        ("$ x = y $", [("x = y", False)]),
        (r"\$5 and $x$", [("x", False)]),
        ("it costs $5 and $x$", [("x", False)]),
        ("from $5 to $10.", []),
        ("a `$x$` b", []),
        ("a ``$x` $`` b", []),
        ("```\n$x$\n```", []),
        ("````\n```\n$x$\n````", []),
        ("{% highlight python %}\n$x$\n{% endhighlight %}", []),
        ("<!-- $x$ -->", []),
        ("<pre>$x$</pre> <code>$y$</code> <script>$z$</script>", []),
        ("text\n\n    $x$\n\ntext", []),
        ("---\ntitle: $x$\n---\n", []),
        (r"a \` $x$ \` b", [("x", False)]),
    ],
)
def test_markdown(text: str, expected: list[tuple[str, bool]]) -> None:
    assert _formulas(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a $ x $ b", [("x", False)]),
        ("a $x$5", [("x", False)]),
        ("a % $x$\n$y$", [("y", False)]),
        (
            "$$a\n% a comment is no blank line\nb$$",
            [("a\n                            \nb", True)],
        ),
        (r"\$ $x$", [("x", False)]),
        (r"\% $x$", [("x", False)]),
        (r"a \\[2pt] $x$", [("x", False)]),
        (r"\verb|$x$| $y$", [("y", False)]),
        ("\\begin{verbatim}\n$x$\n\\end{verbatim}$y$", [("y", False)]),
        ("\\begin{comment}\n$x$\n\\end{comment}$y$", [("y", False)]),
        (r"\newcommand{\f}[1]{$#1$} $y$", [("y", False)]),
        (r"\def\f#1{{$#1$}} $y$", [("y", False)]),
        ("\\documentclass{a} $x$\n\\begin{document}\n$y$\n\\end{document} $z$", [("y", False)]),
        ("\\begin{equation}x\\end{equation}", [("\\begin{equation}x\\end{equation}", True)]),
        (r"\section{Of $x$}", [("x", False)]),
        (r"&lt; $a &lt; b$", [("a &lt; b", False)]),
    ],
)
def test_latex(text: str, expected: list[tuple[str, bool]]) -> None:
    assert _formulas(text, "tex") == expected


@pytest.mark.parametrize(
    ("text", "format", "code", "place"),
    [
        ("a $x\n\n$y$", "markdown", "unclosed-math", (1, 3)),
        ("a $$x\n\n$y$", "markdown", "unclosed-math", (1, 3)),
        ("a \\[x\n\n$y$", "markdown", "unclosed-math", (1, 3)),
        ("a \\(x $y$", "markdown", "unclosed-math", (1, 3)),
        ("\\begin{align}\n$y$", "markdown", "unclosed-math", (1, 1)),
        ("\\begin{align}\n\\begin{align}$y$\\end{align}", "tex", "unclosed-math", (1, 1)),
        ("<!-- $x$ \n $y$", "markdown", "unclosed-comment", (1, 1)),
        ("text\n```\n$y$", "markdown", "unclosed-fence", (2, 1)),
        ("{% highlight python %}\n$y$", "markdown", "unclosed-block", (1, 1)),
        ("\\begin{verbatim}\n$y$", "tex", "unclosed-block", (1, 1)),
        ("a $x\n\n$y$", "tex", "unclosed-math", (1, 3)),
    ],
)
def test_what_is_not_closed_is_located_and_the_rest_is_read(
    text: str, format: Format, code: str, place: tuple[int, int]
) -> None:
    document = parse_text("a", text, format)
    troubles = [item for item in document.troubles if item.code == code]
    assert troubles
    position = document.file.position(troubles[0].start)
    assert (position.line, position.column) == place
    assert any("y" in formula.source.text for formula in document.formulas)


def test_an_environment_may_hold_blank_lines_in_a_display() -> None:
    text = "$$\n\\begin{aligned}\na\n\n b\n\\end{aligned}\n$$"
    document = parse_text("a", text, "markdown")
    assert document.troubles == ()
    assert len(document.formulas) == 1


def test_a_formula_knows_its_place() -> None:
    document = parse_text("a.md", "one\r\ntwo $$\r\n  x = 1$$\r\n", "markdown")
    [formula] = document.formulas
    assert document.file.location(formula.start) == "a.md:3:3"


@pytest.mark.parametrize(
    ("text", "format", "language", "code"),
    [
        ("```python\nx = 1\n```", "markdown", "python", "x = 1"),
        ("``` {.python .numberLines}\nx = 1\n```", "markdown", "python", "x = 1"),
        ("~~~\nx = 1\n~~~", "markdown", "", "x = 1"),
        (
            "{% highlight python linenos %}\nx = 1\n{% endhighlight %}",
            "markdown",
            "python",
            "x = 1\n",
        ),
        ("a\n\n    x = 1\n    y\n\nb", "markdown", "", "    x = 1\n    y\n"),
        ("<pre>x = 1</pre>", "markdown", "", "x = 1"),
        (
            "\\begin{lstlisting}[language=Python]\nx = 1\n\\end{lstlisting}",
            "tex",
            "python",
            "x = 1\n",
        ),
        ("\\begin{minted}{python}\nx = 1\n\\end{minted}", "tex", "python", "x = 1\n"),
    ],
)
def test_listings(text: str, format: Format, language: str, code: str) -> None:
    [listing] = parse_text("a", text, format).listings
    assert (listing.language, listing.source.text) == (language, code)


def _kinds(document: Document) -> list[str]:
    return [type(item).__name__ for item in document.items]


def test_declarations_and_headings_stand_in_the_order_of_the_text() -> None:
    text = "<!-- symconv: size K; size M\nsize R -->\n# One\n$x$\n```\ny\n```\nTwo\n---\n"
    document = parse_text("a", text, "markdown")
    assert _kinds(document) == ["Pragma", "Pragma", "Heading", "Formula", "Listing", "Heading"]
    pragmas = [item.source.text for item in document.items if isinstance(item, Pragma)]
    assert pragmas == ["size K; size M", "size R"]
    headings = [item.title for item in document.items if isinstance(item, Heading)]
    assert headings == ["One", "Two"]
    assert document.file.location(document.items[1].start) == "a:2:1"


def test_declarations_in_latex_stand_in_comments() -> None:
    document = parse_text("a", "% symconv: size K\n\\% symconv: size M\n%symconv: size R", "tex")
    assert [item.source.text for item in document.items if isinstance(item, Pragma)] == [
        "size K",
        "size R",
    ]


def test_an_ordinary_comment_declares_nothing() -> None:
    document = parse_text(
        "a", "<!-- symconv is a tool -->\n<!-- see symconv: size K -->", "markdown"
    )
    assert document.items == ()


def test_items_of_every_kind_have_places_inside_the_file() -> None:
    text = "# a\n$x$\n```python\ny\n```\n<!-- symconv: size K -->\n$$z\n"
    document = parse_text("a", text, "markdown")
    for item in document.items:
        assert 0 <= item.start < len(text)
    assert isinstance(document.items[1], Formula)
    assert isinstance(document.items[2], Listing)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("> $$\n> x\n> $$", [("x", True)]),
        ("> $$\n> a\n> > b\n> $$", [("a\n> b", True)]),
        ("> > \\[\n> > a\n>> = b\n> > \\]", [("a\n= b", True)]),
        ("> $a\n> = b$ c", [("a\n= b", False)]),
        ("> ```math\n> a\n> b\n> ```", [("a\nb", True)]),
        ("> $a\n>\n> b$", []),
        ("> $$\n> a\n>\n> b\n\n$$c$$", [("c", True)]),
        ("$$\na\n> b\n$$", [("a\n> b", True)]),
        ("> text\n\n$$\na\n> b\n$$", [("a\n> b", True)]),
    ],
)
def test_the_marks_of_a_quotation_are_no_part_of_its_formulas(
    text: str, expected: list[tuple[str, bool]]
) -> None:
    assert _formulas(text) == expected


def test_a_formula_in_a_quotation_has_its_place() -> None:
    document = parse_text("a.md", "> $$\n> a\n> = b\n> $$")
    [formula] = document.formulas
    place = formula.source.offset(formula.source.text.index("= b"))
    assert document.file.position(place) == Place(3, 3)


def test_a_listing_in_a_quotation_is_its_code_alone() -> None:
    [listing] = parse_text("a.md", "> ```python\n> a = 1\n>\n> b = 2\n> ```").listings
    assert listing.source.text == "a = 1\n\nb = 2"


@pytest.mark.parametrize("opening", ["\\[", "\\(", "\\begin{align}", "\\begin{align}\n", "<!--"])
def test_what_is_left_open_again_and_again_is_counted_and_told_once(opening: str) -> None:
    report = check_documents([parse_text("a.md", opening * 2_000)], declared_by(None))
    assert report.summary["undecided"] == report.summary["total"] == 2_000
    assert all(len(item.statement) < 100 for item in report.results)
    shown = documents_text(report, io.StringIO())
    assert shown.count("undecided  ") == 10
    assert "and 1990 more like it: " in shown
    few = check_documents([parse_text("a.md", opening * 10)], declared_by(None))
    assert "more like it" not in documents_text(few, io.StringIO())
