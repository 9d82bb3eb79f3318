"""A file is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from symconv.errors import UsageError
from symconv.reports.files import write_whole


def test_a_file_is_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / "out.tex"
    write_whole(target, "a\n")
    write_whole(target, "b\n")
    assert target.read_text() == "b\n"
    assert list(tmp_path.iterdir()) == [target]


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch) -> None:
    target = tmp_path / "out.tex"
    write_whole(target, "old")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write") as caught:
        write_whole(tmp_path / "missing" / "out.tex", "a")
    assert caught.value.code == "unwritable"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match="cannot write"):
        write_whole(tmp_path / "out", "a")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
