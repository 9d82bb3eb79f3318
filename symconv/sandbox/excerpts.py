"""What is said of an exception or by people's code, cut to what a person reads.

The text may have any length and hold anything, control sequences of a terminal included. All of
it that is ever shown passes through here, in the process that runs the code.
"""

from __future__ import annotations

import re

LONGEST = 300
"""In characters: about four lines of a terminal."""
_MOST_LOOKED_AT = 4 * LONGEST
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's text, the same in every run; it may be empty."""
    lines = _text(error)[: 16 * _MOST_LOOKED_AT].strip().splitlines()
    return _ADDRESS.sub("", printable(lines[0]))[:LONGEST] if lines else ""


def whole_text(error: BaseException) -> str:
    """Return an exception's text as one line, with a mark where it was cut."""
    text = _text(error)
    line = " ".join(printable(word) for word in text[:_MOST_LOOKED_AT].split())
    return cut(line)


def cut(text: str) -> str:
    """Return a text, a number of very many digits for one, with a mark where it was cut."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def named(error: BaseException, text: str) -> str:
    """Return an exception's type, with a text about it where there is one."""
    name = printable(type(error).__name__[:LONGEST])
    return f"{name}: {text}" if text else name


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:
        # It is theirs, and may do anything.
        return ""


def printable(text: str) -> str:
    """Return a text in which every control character is written out."""
    return _UNPRINTABLE.sub(lambda found: ascii(found.group())[1:-1], text)
