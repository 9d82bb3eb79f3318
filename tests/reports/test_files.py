"""A file is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from symconv.errors import UsageError
from symconv.reports.files import require_own, write_whole


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


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "real" / "out.tex"
    target.parent.mkdir()
    _ = target.write_text("old")
    target.chmod(0o640)
    (tmp_path / "once").symlink_to("real/out.tex")
    (tmp_path / "twice").symlink_to("once")
    (tmp_path / "dangling").symlink_to("real/new.tex")
    write_whole(tmp_path / "twice", "new")
    write_whole(tmp_path / "dangling", "another")
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "real" / "new.tex").read_text() == "another"
    assert all((tmp_path / name).is_symlink() for name in ("once", "twice", "dangling"))
    assert sorted(path.name for path in target.parent.iterdir()) == ["new.tex", "out.tex"]


def test_links_in_a_circle_are_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UsageError, match="cannot write"):
        write_whole(tmp_path / "a", "text")
    assert (tmp_path / "a").is_symlink()


def test_a_pipe_takes_the_text_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, "through the pipe")
    assert os.read(reader, 100) == b"through the pipe"
    os.close(reader)
    assert pipe.is_fifo()


def test_devices_are_written_to_and_never_replaced() -> None:
    write_whole(Path(os.devnull), "text")
    assert Path(os.devnull).is_char_device()
    with pytest.raises(UsageError, match="cannot write /dev/full"):
        write_whole(Path("/dev/full"), "text")


def test_what_is_open_already_is_written_to_where_it_stands(tmp_path: Path) -> None:
    target = tmp_path / "log"
    _ = target.write_text("before\n")
    link = tmp_path / "link"
    with target.open("a") as file:
        link.symlink_to(f"/dev/fd/{file.fileno()}")
        write_whole(link, "text\n")
        write_whole(Path(f"/proc/self/fd/{file.fileno()}"), "again\n")
        _ = file.write("behind\n")
    assert target.read_text() == "before\ntext\nagain\nbehind\n"
    with pytest.raises(UsageError, match="cannot write"):
        write_whole(Path("/dev/fd/12345"), "text")


def test_what_is_no_plain_file_is_never_asked_whether_it_is_ours(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (pipe, Path(os.devnull), Path("/dev/stdout"), tmp_path / "new"):
        require_own(place, "a mark")


def test_what_has_no_bytes_is_escaped(tmp_path: Path) -> None:
    write_whole(tmp_path / "out", "a\ud800b")
    assert (tmp_path / "out").read_bytes() == rb"a\ud800b"
