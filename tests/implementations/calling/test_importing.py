"""Importing somebody's own file or module: what goes wrong there, and where."""

import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from symconv.errors import UsageError
from symconv.implementations.calling.importing import import_target, split


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch, tmp_path):
    """Undo what an import leaves behind, which is why it has a process of its own."""
    before = dict(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.chdir(tmp_path)
    yield
    for name in set(sys.modules) - set(before):
        del sys.modules[name]


def write(files):
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("layers.py", ("layers.py", None)),
        ("layers.py:conv_forward", ("layers.py", "conv_forward")),
        ("a/b/layers.py:Conv", ("a/b/layers.py", "Conv")),
        ("layers.py:Conv.forward", ("layers.py", "Conv")),
        ("layers.py:Conv.backward", ("layers.py", "Conv")),
        ("layers.py:Layers.conv_forward", ("layers.py", "Layers.conv_forward")),
        ("package.module", ("package.module", None)),
        ("package.module:conv", ("package.module", "conv")),
        ("C:/mine/layers.py", ("C:/mine/layers.py", None)),
        ("C:/mine/layers.py:conv", ("C:/mine/layers.py", "conv")),
        (":conv", (":conv", None)),
    ],
)
def test_a_target_is_a_place_and_perhaps_a_function(text, parts) -> None:
    assert split(text) == parts


def test_a_file_is_imported_with_its_siblings_and_nothing_is_written() -> None:
    write({"deep/layers.py": "from helper import value\n", "deep/helper.py": "value = 3\n"})
    found = import_target("deep/layers.py")
    assert found.module.value == 3
    assert found.name == "deep/layers.py"
    assert found.module.__name__ == "layers"
    assert sorted(path.name for path in Path("deep").iterdir()) == ["helper.py", "layers.py"]


def test_a_file_of_a_project_imports_from_the_folder_of_the_project() -> None:
    write({
        "nets/layers.py": "from nets.fast import value\nfrom fast import value as same\n",
        "nets/fast.py": "value = 1\n",
        "fast.py": "value = 2\n",
    })  # fmt: skip
    module = import_target("nets/layers.py").module
    assert (module.value, module.same) == (1, 1)


def test_a_main_guard_does_not_run() -> None:
    write({"layers.py": "if __name__ == '__main__':\n    raise RuntimeError\nvalue = 1\n"})
    assert import_target("layers.py").module.value == 1


@pytest.mark.parametrize("init", [True, False])
def test_a_file_of_a_package_imports_from_its_package(init) -> None:
    write({
        "outer/inner/layers.py": "from .fast import value\nfrom ..other import more\n",
        "outer/inner/fast.py": "value = 1\n",
        "outer/other.py": "more = 2\n",
    })  # fmt: skip
    if init:
        write({"outer/__init__.py": "", "outer/inner/__init__.py": ""})
    found = import_target("outer/inner/layers.py")
    assert (found.module.value, found.module.more) == (1, 2)
    assert found.module.__name__ == "outer.inner.layers"


def test_a_file_of_a_package_without_relative_imports_stands_alone() -> None:
    write({"mine/__init__.py": "raise RuntimeError\n", "mine/layers.py": "value = 1\n"})
    assert import_target("mine/layers.py").module.value == 1


def test_a_file_called_like_a_library_does_not_take_its_place() -> None:
    write({"numpy.py": "value = 1\n", "layers.py": "import numpy\n"})
    assert import_target("numpy.py").module.value == 1
    assert import_target("layers.py").module.numpy is np


@pytest.mark.parametrize("name", ["my.layers.py", "conv-layers.py", "2layers.py"])
def test_a_file_need_not_be_called_like_a_module(name) -> None:
    write({name: "value = 1\n"})
    assert import_target(name).module.value == 1


def test_a_module_is_imported_from_here_by_its_name() -> None:
    write({"mine/nets/layers.py": "value = 1\n"})
    found = import_target("mine.nets.layers")
    assert found.module.value == 1
    assert found.name == "mine.nets.layers"


def refused(target):
    with pytest.raises(UsageError) as caught:
        import_target(target)
    return caught.value


@pytest.mark.parametrize(
    ("target", "fact", "help"),
    [
        ("layer.py", "the file layer.py does not exist", "did you mean layers.py?"),
        ("nothing/x.py", "the file nothing/x.py does not exist", "there is no folder nothing"),
        ("quite_other.py", "the file quite_other.py does not exist", "name a Python file"),
        ("folder", "folder is a folder", "name one file in it"),
        ("notes.md", "notes.md is not a Python file", "name a file that ends in .py"),
        ("not here", "'not here' is neither a file nor the name of a module", "write layers.py"),
        ("no_such", "there is no module 'no_such'", "name a file such as layers.py"),
        ("folder.no_such", "there is no module 'folder.no_such'", "name a file"),
        ("no_such.layers", "there is no module 'no_such'", "name a file"),
    ],
)
def test_what_is_not_there_is_said(target, fact, help) -> None:
    write({"layers.py": "", "folder/a.py": "", "notes.md": ""})
    error = refused(target)
    assert error.fact == fact
    assert help in error.help


@pytest.mark.parametrize(
    ("files", "location", "fact"),
    [
        ({"layers.py": "x = 1\ndef f(:\n    pass\n"}, "layers.py:2:7", "SyntaxError: "),
        ({"layers.py": "import helper\n", "helper.py": "if True:\nx = 1\n"}, "helper.py:2:1",
         "IndentationError: expected an indented block"),
        ({"layers.py": "x = 1\nx / 0\n"}, "layers.py:2", "importing it raises ZeroDivisionError"),
        ({"layers.py": "import helper\n", "helper.py": "\n\n{}['a']\n"}, "helper.py:3",
         "importing it raises KeyError: 'a'"),
        ({"layers.py": "import json\n\njson.loads('{')\n"}, "layers.py:3",
         "importing it raises JSONDecodeError"),
        ({"layers.py": "import no_such_thing\n"}, "layers.py:1",
         "importing it raises ModuleNotFoundError: No module named 'no_such_thing'"),
        ({"layers.py": "from math import no_such\n"}, "layers.py:1",
         "importing it raises ImportError: cannot import name 'no_such' from 'math'"),
        ({"layers.py": "import sys\nsys.exit(3)\n"}, "layers.py:2",
         "importing it raises SystemExit: 3"),
        ({"layers.py": "raise AssertionError\n"}, "layers.py:1",
         "importing it raises AssertionError"),
        ({"layers.py": "raise ValueError('one\\ntwo')\n"}, "layers.py:1",
         "importing it raises ValueError: one two"),
        ({"layers.py": "def f(): f()\nf()\n"}, "layers.py:1", "importing it raises RecursionError"),
    ],
)  # fmt: skip
def test_an_error_of_the_import_is_told_where_it_is(files, location, fact) -> None:
    write(files)
    error = refused("layers.py")
    assert error.location == location
    assert error.fact.startswith(fact)
    assert error.code == "import"


def test_a_module_that_misses_another_is_not_missing_itself() -> None:
    write({"nets/layers.py": "\nimport no_such_thing\n"})
    error = refused("nets.layers")
    assert error.location == "nets/layers.py:2"
    assert error.fact == (
        "importing it raises ModuleNotFoundError: No module named 'no_such_thing'"
    )


def test_a_file_that_is_no_text_is_told() -> None:
    Path("layers.py").write_bytes(b"x = '\xff'\n")
    assert refused("layers.py").fact.startswith("SyntaxError: ")
    Path("layers.py").write_bytes(b"x = 1\0\n")
    assert "null bytes" in refused("layers.py").fact


def test_a_missing_framework_is_told_with_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    write({"layers.py": "import torch\n"})
    error = refused("layers.py")
    assert error.location == "layers.py:1"
    assert error.help == "pip install 'symconv[torch]'"


def test_an_import_that_failed_is_tried_again() -> None:
    write({"layers.py": "1 / 0\n"})
    _ = refused("layers.py")
    write({"layers.py": "value = 11111\n"})
    assert import_target("layers.py").module.value == 11111


def test_an_interrupt_is_not_the_fault_of_the_file() -> None:
    write({"layers.py": "raise KeyboardInterrupt\n"})
    with pytest.raises(KeyboardInterrupt):
        import_target("layers.py")


def test_a_package_that_means_another_one_is_refused() -> None:
    write({"json/decoder.py": "from . import scanner\n", "json/scanner.py": ""})
    assert "json.decoder means" in refused("json/decoder.py").fact


def test_a_folder_whose_name_is_no_module_cannot_hold_a_package() -> None:
    write({"my-net/layers.py": "from . import fast\n", "my-net/fast.py": ""})
    assert refused("my-net/layers.py").help == "rename the folder or the file"
