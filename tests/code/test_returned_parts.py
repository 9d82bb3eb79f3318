"""Which parts of a returned tuple a line has no part in."""

import ast
from textwrap import dedent

import pytest

from symconv.code.returned_parts import untouched_parts


def parts(body: str) -> tuple[int, ...]:
    """Return the parts that the line marked ``# here`` has no part in."""
    source = "def backward(ctx, g):\n" + "".join(
        f"    {line}\n" for line in dedent(body).strip().splitlines()
    )
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    (line,) = (n for n, text in enumerate(source.splitlines(), 1) if text.endswith("# here"))
    return untouched_parts(function, line)


@pytest.mark.parametrize(
    ("body", "untouched"),
    [
        ("dx = a(g)\ndw = b(g)  # here\nreturn dx, dw, g.sum()", (0, 2)),
        # What is computed from it is touched too, and what it is computed from is not.
        ("dx = a(g)\ndw = b(dx)  # here\ndb = dw.sum()\nreturn dx, dw, db", (0,)),
        ("both = a(g)  # here\nreturn both[0], both[1], g.sum()", (2,)),
        # Loops and branches are taken as a whole.
        ("dx = dw = 0\nfor k in g:\n    dx += k\n    dw += k  # here\nreturn dx, dw, g", (2,)),
        ("dx[k] = a(g)  # here\nreturn dx, dw, g", (1, 2)),
        ("np.add.at(dx, k, g)  # here\nreturn dx, dw, b", (1, 2)),
        ("return (\n    a(x),\n    b(w),  # here\n    c,\n)", (0, 2)),
        # Nothing is told where it may be any of them, or where it is not seen what is returned.
        ("return a(x), b(w), c  # here", ()),
        ("dw = b(g)  # here\nreturn [dx, dw]", ()),
        ("dw = b(g)  # here\nreturn (dx, *dw)", ()),
        ("if early:\n    return dx, dw\ndw = b(g)  # here\nreturn dx, dw", ()),
        ("dw = b(g)  # here\nif late:\n    return dx, dw", ()),
    ],
)
def test_a_line_has_no_part_in_what_nothing_reaches_from_it(body, untouched) -> None:
    assert parts(body) == untouched
