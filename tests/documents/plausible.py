r"""Plausible documents and what goes wrong with them: one document for each seed.

A document holds a few blocks as people write them (declarations, definitions, gradients right
and wrong, words, listings), in one of the formats; then some of its parts are cut, repeated,
swapped, or get something in between that does not belong there.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable

from symconv.documents.contents import Format

BLOCKS = (
    "<!-- symconv: layer conv2d -->\n",
    "<!-- symconv: size A >= 1; size K >= 1; size M >= 1; array u (A); array v (K) -->\n",
    "<!-- symconv: size T; assume T = 3; array a (T, T); array e (T) -->\n",
    "<!-- symconv: assume A >= K; array z (A-K+1); index m 0 .. A-K; index r 0 .. K-1 -->\n",
    "# The layer\n",
    "## Special cases\n\nLet $S = 1$ and $P = 0$ from here on.\n",
    "We write $p = Sk + i$ and use $q = Sl + j$ below.\n",
    "where $0 \\le k < Hh$ and $0 \\le l < Wh$, unless the stride is odd.\n",
    "$$\\frac{\\partial L}{\\partial b_f} = \\sum \\frac{\\partial L}{\\partial y_{nfkl}}$$\n",
    "$$\\frac{\\partial y_{n,f,k,l}}{\\partial b_g} = \\delta_{fg}$$\n",
    (
        "$$\\frac{\\partial L}{\\partial w_{fcpq}} = \\sum_{n,k,l} "
        "\\frac{\\partial L}{\\partial y_{nfkl}} x^{pad}_{n,c,Sk+p,Sl+q}$$\n"
    ),
    (
        "\\begin{align}\ny_{nfkl} &= b_f + \\sum_{c,p,q} w_{fcpq} x^{pad}_{n,c,kS+p,lS+q} \\\\\n"
        "\\frac{\\partial y_{nfkl}}{\\partial b_g} &= \\mathbb{1}[f = g] \\nonumber\n\\end{align}\n"
    ),
    "$$z_m = \\sum_{r=0}^{K-1} v_r u_{m+r}, \\qquad \\text{if } A \\ge K$$\n",
    "$$\\sum_{r=0}^{A-1} u_r = \\sum_{s=0}^{A-1} u_{A-1-s}$$\n",
    "$$\\sum_{r=0}^{A-1}\\sum_{s=0}^{A-1} \\delta_{rs} u_r u_s = \\sum_{r=0}^{A-1} u_r^2$$\n",
    "$$\\frac{\\partial L}{\\partial b_f} = \\sum_{n,k,l} x_{nfkl}$$\n",
    (
        "$$\\frac{\\partial L}{\\partial x_{ncij}} = \\sum_{f,k,l} "
        "\\frac{\\partial L}{\\partial y_{nfkl}} w_{f,c,i+P-Sk,j+P-Sl}$$\n"
    ),
    "$$\\frac{\\partial z_m}{\\partial v_r} = u_{m+r}$$\n",
    "$$\\sum_{r=0}^{A-1} u_r = \\sum_{s=1}^{A-1} u_s$$\n",
    "$$\\frac{A(A+1)}{2} = \\sum_{r=0}^{A-1} (r + 1)$$\n",
    "$\\left\\lfloor \\frac{A + 2M}{K} \\right\\rfloor = \\frac{A + 2M - (A + 2M) \\bmod K}{K}$\n",
    "$$\\max(0, A - K) + \\min(A, K) = A$$\n",
    "$$h_m = \\begin{cases} u_m & \\text{if } m < K \\\\ 0 & \\text{otherwise} \\end{cases}$$\n",
    "$$e = \\begin{pmatrix} a_{00} & a_{01} \\\\ a_{10} & a_{11} \\end{pmatrix}$$\n",
    "$$e_k = a_{k0} + a_{k1} + a_{k2} = \\sum_{i=0}^{T-1} a_{ki}$$\n",
    "$$g_k = u_0 + u_1 + \\dots + u_{A-1}$$\n",
    "It has 267,960 parameters and costs \\$12; the *gain* is 3.5 % (see `y_k = 0`).\n",
    "```python\nN, C, H, W = x.shape\ndb = dout.sum(axis=(0, 2, 3))\n```\n",
    "> quoted: $u_m = v_m$ &lt; and &#x3c; & more\n\n- item $K \\le A$\n",
)
PIECES = (
    *("$", "$$", "\\(", "\\)", "\\[", "\\]", "\\begin{align}", "\\end{align}", "\\\\", "&", "%"),
    *("\\begin{cases}", "\\end{cases}", "\\begin{pmatrix}", "```\n", "<!--", "-->", "`", "\\"),
    *("{", "}", "(", ")", "[", "]", "\\left(", "\\right.", "|", "^", "_", "=", ":=", "\\le", "<"),
    *(
        "<!-- symconv: size K -->",
        "<!-- symconv: assume S = 2 -->",
        "<!-- symconv: array x (K) -->",
    ),
    *(
        "<!-- symconv: define y_k = u_k -->",
        "<!-- symconv: nonsense -->",
        "<!-- symconv:",
        "% symconv: ",
    ),
    *(
        "\n\n",
        "\n# Next\n",
        "\n    ",
        "\t",
        "é",
        "∂",
        "∑",
        "δ",
        "≤",
        "𝛿",
        "\u202e",
        "\ud83d",
        "\x0c",
    ),
    *(
        "9" * 400,
        "9" * 5_000,
        "10^{23}",
        "10^{10^{10}}",
        "0",
        "-1",
        "/0",
        "1/2",
        "0.5",
        "1e9",
        "S",
        "P",
    ),
    *(
        "\\frac{",
        "\\frac{1}{" * 20,
        "(" * 60,
        "{" * 300,
        ")" * 60,
        "\\sum_{i}",
        "\\sum_{i=0}^{K-1}",
    ),
    *(
        "\\prod_{i}",
        "\\int",
        "\\sqrt{2}",
        "\\delta_{ab}",
        "\\partial",
        "\\text{if } S = 1",
        "\\dots",
    ),
    *(
        "\\lfloor",
        "\\rfloor",
        "\\bmod S",
        "\\max(",
        "!",
        "?",
        "...",
        " where $k = 0$ ",
        "now let",
        "u_k",
    ),
    *(
        "x_{n,c,i,j}",
        "\\frac{\\partial L}{\\partial x_{ncij}}",
        "w_{f,c,p,q}",
        "y",
        "L",
        "+",
        "-",
        "*",
    ),
)
_PARTS = re.compile(r"\\?[A-Za-z]+|\d+|\s+|.", re.DOTALL)


def plausible_document(seed: int) -> tuple[str, Format]:
    """Return the text of a document that was plausible once, and its format."""
    source = random.Random(f"document {seed}")
    format: Format = source.choice(("markdown", "markdown", "tex", "notebook"))
    blocks = [*BLOCKS[:4], *source.choices(BLOCKS[4:], k=source.randrange(1, 6))]
    in_json = format == "notebook" and source.random() < 0.3
    if format == "notebook" and not in_json:
        blocks = [_mutated(block, source) for block in blocks]
    text = _WRITTEN[format](blocks)
    if format == "notebook" and not in_json:
        return text, format
    return _mutated(text, source), format


def _mutated(text: str, source: random.Random) -> str:
    for _ in range(source.choice((0, 1, 1, 2, 3, 5))):
        parts = _PARTS.findall(text)
        if not parts:
            return source.choice(PIECES)
        first, second = sorted(source.randrange(len(parts)) for _ in range(2))
        short = min(second, first + source.randrange(1, 12))
        match source.randrange(9):
            case 7 | 8:
                letters = [n for n, part in enumerate(parts) if re.fullmatch(r"[A-Za-z0-9]", part)]
                if letters:
                    parts[source.choice(letters)] = parts[source.choice(letters)]
            case 0:
                parts[first:short] = []
            case 1:
                parts[first:first] = parts[first:short] * source.choice((1, 1, 2, 40))
            case 2:
                parts[first], parts[second] = parts[second], parts[first]
            case 3:
                parts[first] = source.choice(PIECES)
            case 4:
                parts[first:first] = parts[second : second + 12]
            case 5 if source.random() < 0.2:
                parts[first:] = []
            case _:
                parts[first:first] = [source.choice(PIECES)]
        text = "".join(parts)
    return text


def _markdown(blocks: list[str]) -> str:
    return "\n".join(blocks)


def _tex(blocks: list[str]) -> str:
    text = "\n".join(blocks).replace("<!-- symconv:", "% symconv:").replace(" -->", "")
    text = re.sub(r"^#+ (.*)$", r"\\section{\1}", text, flags=re.MULTILINE)
    return f"\\begin{{document}}\n{text}\\end{{document}}\n"


def _notebook(blocks: list[str]) -> str:
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": block[10:-4]}
        if block.startswith("```")
        else {"cell_type": "markdown", "metadata": {}, "source": block.splitlines(keepends=True)}
        for block in blocks
    ]
    return json.dumps(
        {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )


_WRITTEN: dict[Format, Callable[[list[str]], str]] = {
    "markdown": _markdown,
    "tex": _tex,
    "notebook": _notebook,
}
