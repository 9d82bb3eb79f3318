r"""Whole documents around displayed formulas: they compile with pdflatex as they are."""

from __future__ import annotations

_PREAMBLE = r"""\documentclass[10pt]{article}
\usepackage[a4paper,margin=2cm]{geometry}
\usepackage{amsmath,amssymb}
% amssymb has no digits in blackboard bold; this is the 1 of an indicator.
\let\blackboard\mathbb
\renewcommand{\mathbb}[1]{\ifx1#1\mathrm{1}\mkern-4.8mu\mathrm{l}\else\blackboard{#1}\fi}
% The limits of sums side by side would touch.
\let\sumsign\sum
\renewcommand{\sum}{\,\sumsign}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\pagestyle{plain}
\begin{document}
"""
_END = "\n\\end{document}\n"

_SPECIAL_CHARACTERS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "'": r"\textquotesingle{}",
    **{character: f"\\{character}" for character in "{}$&#_%"},
}


def standalone(body: str, *, title: str = "") -> str:
    r"""Write a complete document that compiles with pdflatex, on A4 at 10 points.

    It needs the packages geometry, amsmath and amssymb, which every TeX distribution has.

    Args:
        body: displays, such as `statement_display`, `entries_latex` or `section` return.
        title: plain text for a heading, or nothing.
    """
    heading = f"\\section*{{{plain_text(title)}}}\n\n" if title else ""
    return _PREAMBLE + heading + body.strip("\n") + _END


def section(title: str, *displays: str) -> str:
    """Put a heading over displays.

    Args:
        title: plain text.
        displays: what stands below it.
    """
    return "\n\n".join((f"\\subsection*{{{plain_text(title)}}}", *displays)) + "\n"


def plain_text(text: str) -> str:
    """Escape plain text for LaTeX, outside of mathematics."""
    return "".join(_SPECIAL_CHARACTERS.get(character, character) for character in text)
