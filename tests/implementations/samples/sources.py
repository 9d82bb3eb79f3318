"""Where the text of a wrong implementation comes from: an edit of a right one, or a file."""

from samples.entries import FOLDER, Call, Source
from samples.right_samples import RIGHT

_RIGHT_BY_NAME = {sample.name: sample for sample in RIGHT}


def edited(right: str, *edits: tuple[str, str]) -> Source:
    """Return a right implementation in which the old text of each edit gave way to the new."""
    sample = _RIGHT_BY_NAME[right]
    return Source(sample.call, replaced(sample.text, *edits))


def whole(name: str, call: Call) -> Source:
    """Return an implementation that no right one is near to: a file of its own."""
    return Source(call, (FOLDER / "wrong" / f"{name}.py").read_text())


def replaced(text: str, *edits: tuple[str, str]) -> str:
    """Replace one text after the other.

    Raises:
        ValueError: an old text does not occur exactly once, or nothing changes.
    """
    for old, new in edits:
        if text.count(old) != 1 or old == new:
            raise ValueError(f"{old!r} occurs {text.count(old)} times and becomes {new!r}")
        text = text.replace(old, new)
    return text
