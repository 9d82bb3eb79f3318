"""What in the source of code may treat floats otherwise than symbols."""

import io
from pathlib import Path

import pytest

from symconv.code.type_tests import type_tests
from symconv.implementations.calling.finding import Target
from symconv.implementations.checking import check_target
from symconv.implementations.trying.trials import Options
from symconv.reports.code_view import code_text

PLAIN = [
    "y = np.zeros(x.shape, dtype=x.dtype)",
    "y = np.zeros(x.shape, x.dtype)",
    "y = np.empty_like(x).astype(x.dtype)",
    "if isinstance(stride, int): y = x",
    "sh, sw = stride if isinstance(stride, (tuple, list)) else (stride, stride)",
    "assert type(stride) is int",
    "Hh = int((x.shape[2] - 3) / stride + 1)",
    "assert x.ndim == 4 and x.shape[2] % stride == 0",
    "dtype = x.dtype",
]
TESTING = [
    "if x.dtype == object: y = x",
    "y = x if x.dtype.kind == 'f' else 2 * x",
    "y = TABLE[x.dtype](x)",
    "if isinstance(x.flat[0], float): y = 0 * x",
    "if type(x.flat[0]) is np.float64: y = 0 * x",
    "if np.issubdtype(x.dtype, np.floating): y = 0 * x",
    "y = x * np.finfo(x.dtype).eps",
    "if x.itemsize == 8 and np.isrealobj(x): y = x",
    "if hasattr(x.flat[0], 'hex'): y = 0 * x",
    "try:\n        y = np.round(x)\n    except TypeError:\n        y = x",
    "with contextlib.suppress(TypeError): y = np.round(x)",
    "match x.flat[0]:\n        case float(): y = 0 * x",
]


def found(folder, body, **others):
    for name, text in others.items():
        _ = (folder / f"{name}.py").write_text(text)
    file = folder / "code.py"
    _ = file.write_text(
        f"import contextlib\nimport numpy as np\n\ndef conv(x, stride):\n    {body}\n"
    )
    return type_tests([f"{file}:4:1"])


@pytest.mark.parametrize("body", PLAIN)
def test_what_lets_no_type_decide_is_passed_over(tmp_path, body) -> None:
    assert found(tmp_path, body) == ()


@pytest.mark.parametrize("body", TESTING)
def test_a_test_of_a_type_is_found_with_its_line(tmp_path, body) -> None:
    first, *_ = found(tmp_path, body) or [None]
    assert first is not None
    assert first.location.endswith(("code.py:5", "code.py:6"))


def test_helpers_are_followed_into_files_beside(tmp_path) -> None:
    helper = "def tidy(x):\n    return x if x.dtype == object else x.round(2)\n"
    (one,) = found(tmp_path, "from helper import tidy\n    return tidy(x)", helper=helper)
    assert one.location.endswith("helper.py:2")


def test_what_is_not_reached_does_not_count(tmp_path) -> None:
    helper = "def other(x):\n    return x.dtype == object\n\ndef tidy(x):\n    return x\n"
    assert found(tmp_path, "from helper import tidy\n    return tidy(x)", helper=helper) == ()


@pytest.mark.parametrize("location", ["", "nowhere.py:1:1", "<string>:1", "compiled.so:3"])
def test_what_is_not_there_to_be_read_is_none(location) -> None:
    assert type_tests([location]) is None
    assert type_tests([]) is None


def test_a_file_that_is_imported_and_not_there_is_none(tmp_path) -> None:
    assert found(tmp_path, "from no_such_module_anywhere import tidy") is None


def test_this_package_is_not_followed_as_the_users_own(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(Path(type_tests.__code__.co_filename).parents[2])
    body = "from symconv.concrete.tracing import TracedArray\n    return TracedArray(x)"
    assert found(tmp_path, body) == ()


def test_another_package_in_the_folder_is_followed(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    _ = (tmp_path / "own" / "helper.py").write_text("def tidy(x):\n    return x.dtype == object\n")
    body = "from own.helper import tidy\n    return tidy(x)"
    assert [one.location for one in found(tmp_path, body) or ()] == [f"{tmp_path}/own/helper.py:2"]


def test_a_report_says_what_may_send_floats_another_way(tmp_path) -> None:
    file = tmp_path / "layers.py"
    code = (
        "import numpy as np\n"
        "def conv(x, w, b, stride, padding):\n"
        "    big = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))\n"
        "    rows, columns = ((big.shape[d] - w.shape[d]) // stride + 1 for d in (2, 3))\n"
        "    y = np.zeros((len(x), len(w), rows, columns), dtype=x.dtype)\n"
        "    for k in range(rows):\n"
        "        for l in range(columns):\n"
        "            part = big[:, :, k * stride :, l * stride :]\n"
        "            part = part[:, :, : w.shape[2], : w.shape[3]]\n"
        "            y[:, :, k, l] = np.tensordot(part, w, ((1, 2, 3), (1, 2, 3))) + b\n"
        "    return y\n"
    )
    size = ("N=2,C=3,H=2,W=5,F=4,HH=2,WW=3,S=2,P=1",)

    def said(text):
        _ = file.write_text(text)
        report = check_target(Target(str(file), forward="conv"), Options(sizes=size))
        return code_text(report, io.StringIO())

    assert "may tell them apart" not in said(code)
    doubtful = said(code.replace("return y", "return y if y.dtype == object else y + 0"))
    assert "may tell them apart" in doubtful
    assert "`y.dtype`" in doubtful
    assert "layers.py:11" in doubtful
