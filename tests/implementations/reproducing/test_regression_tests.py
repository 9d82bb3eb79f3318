"""A regression test fails on the wrong code, passes on the mended code, and needs no symconv."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from regressions import LOOPS, MODULES, mended, wrong
from samples.catalogue import FOLDER

from symconv.cli import run
from symconv.errors import NotSupported
from symconv.implementations.calling.finding import Target
from symconv.implementations.checking import check_target
from symconv.implementations.reproducing.regression_tests import regression_test_text
from symconv.implementations.trying.trials import Options
from tests.runs import quick_rows

pytestmark = pytest.mark.xdist_group("regression tests")  # They share one project.
SIZES = ("N=1,C=1,H=2,W=3,F=1,HH=1,WW=2,S=1,P=1", "N=2,C=2,H=4,W=6,F=3,HH=2,WW=3,S=2,P=1")
SPOILED = {
    "torch": {
        "torch_function.py": ("return grad_x, grad", "return grad_x, 2 * grad"),
        "torch_module.py": ("(window * self", "(2 * window * self"),
        "torch_unfold.py": ("w.reshape", "2 * w.reshape"),
    },
    "jax": {"jax_custom_vjp.py": ("return dx, dw", "return dx, 2 * dw")},
}


def text_for(path, options=None, place=None, **said):
    options = options or Options(sizes=SIZES)
    target = Target(str(path), **said)
    return regression_test_text(target, check_target(target, options), options, place=place)


def pytest_run(folder, *arguments):
    """Run pytest without symconv, so that a test which imports it would fail."""
    blocked = folder / "blocked" / "symconv"
    blocked.mkdir(parents=True, exist_ok=True)
    (blocked / "__init__.py").write_text("raise ImportError('symconv is not to be had')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-W", "error"]
    done = subprocess.run(
        [*command, "-p", "no:symconv", "-p", "no:xdist", "-p", "no:hypothesispytest",
         "--rootdir", str(folder), *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": str(blocked.parent), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    return done.stdout + done.stderr


def outcomes(out):
    """Return the outcomes of the tests, by the folder of the file that they are in."""
    found = {}
    for outcome, place in re.findall(r"^(PASSED|FAILED|ERROR) (\S+?)/", out, re.MULTILINE):
        found.setdefault(place, set()).add(outcome)
    return found


def name_of(convention):
    return convention.replace(" ", "_")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder for every convention, with wrong code and the test that was written for it."""
    root = tmp_path_factory.mktemp("project")
    for convention in MODULES:
        folder = root / name_of(convention)
        folder.mkdir()
        (folder / "my_loops.py").write_text(LOOPS)
        (folder / "layers.py").write_text(wrong(convention))
        place = folder / f"test_{folder.name}.py"
        # A class that is only called is not found by itself.
        forward = "Conv2d" if "__call__" in wrong(convention) else None
        text = text_for(folder / "layers.py", place=place, forward=forward)
        assert text is not None, convention
        place.write_text(text)
    return root


@pytest.fixture(scope="module")
def before_and_after(project):
    before = pytest_run(project)
    for convention in MODULES:
        (project / name_of(convention) / "layers.py").write_text(mended(convention))
    after = pytest_run(project)
    return before, after


@quick_rows(0, "other tests write and run the regression test of one convention each")
@pytest.mark.parametrize("convention", MODULES)
def test_every_test_fails_on_the_wrong_code_and_passes_on_the_mended(before_and_after, convention):
    before, after = before_and_after
    assert outcomes(before)[name_of(convention)] == {"FAILED"}, before
    assert outcomes(after)[name_of(convention)] == {"PASSED"}, after


@quick_rows(0, "other tests write and run the regression test of one convention each")
def test_failures_are_readable(before_and_after):
    before, _ = before_and_after
    assert re.search(r"AssertionError: db\[0\] is -?\d+\.0, and should be -?\d+; ", before)
    assert "AssertionError: dx has shape (1, 1, 1, 3), and should have (1, 1, 2, 3)" in before
    assert re.search(r"dw\[0, 0, 0, 0\] is nan, and should be -?\d+", before)
    assert re.search(r"dout\[0, 0, 0, 0\] is -?\d\.0, and should be -?\d", before)
    assert "IndexError: list index out of range" in before
    assert "KeyError: 'bias'" in before


@quick_rows(0, "other tests write and run the regression test of one convention each")
@pytest.mark.parametrize("convention", MODULES)
def test_the_file_is_small_formatted_and_free_of_symconv(project, convention):
    folder = project / name_of(convention)
    text = (folder / f"test_{folder.name}.py").read_text()
    tree = ast.parse(text)
    imported = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"importlib", "sys", "pathlib", "numpy"}
    assert max(map(len, text.splitlines())) <= 100
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert str(project) not in re.sub("^#.*(?:\n#  .*)*", "", text, flags=re.MULTILINE)
    numbers = [abs(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)
               and isinstance(node.value, int | float)]  # fmt: skip
    small = convention != "single precision"
    assert max(numbers) <= 99 if small else max(numbers) > 2**24


@quick_rows(0, "other tests write and run the regression test of one convention each")
def test_calls_are_written_as_the_signatures_ask(project):
    def lines(convention):
        folder = project / name_of(convention)
        return (folder / f"test_{folder.name}.py").read_text()

    assert 'code.conv_forward(x, w, b, {"stride": 1, "pad": 1})' in lines(
        "a dictionary of hyperparameters and a cache"
    )
    assert "dx, _, _ = code.conv_backward(dout, x, w, b, stride=1, padding=1)" in lines(
        "sizes by name only"
    )
    assert "y = code.conv_forward(x, w, b, (1, 1), (1, 1))" in lines("pairs of sizes")
    assert "_, *cache = code.conv_forward(x, w, b, 1, 1)" in lines("more to keep than one value")
    assert "conv_backward(dout, tuple(cache))" in lines("more to keep than one value")
    text = lines("a class with dictionaries of weights and gradients")
    assert "layer = code.Conv2d(1, 1, (1, 2), 1, 1)" in text
    assert 'layer.params["W"] = w' in text
    assert 'db = layer.grads["b"]' in text
    assert "layer.weight.data = w" in lines("a class with weights inside objects")


@quick_rows(0, "arrays of NumPy go the same way in the quick run")
@pytest.mark.parametrize("framework", SPOILED)
def test_tensors_are_made_and_differentiated_as_their_framework_does(framework, tmp_path):
    _ = pytest.importorskip(
        framework, reason=f"{framework} is not installed: pip install 'symconv[{framework}]'"
    )
    samples = {name: (FOLDER / "right" / name).read_text() for name in SPOILED[framework]}
    for name, right in samples.items():
        assert right.count(SPOILED[framework][name][0]) == 1
        folder = tmp_path / name
        folder.mkdir()
        (folder / "layers.py").write_text(right.replace(*SPOILED[framework][name]))
        place = folder / f"test_{name}"
        text = text_for(folder / "layers.py", Options(sizes=SIZES[:1]), place=place)
        assert text is not None
        assert f"import {framework}\n" in text
        place.write_text(text)
    assert outcomes(pytest_run(tmp_path)) == {name: {"FAILED"} for name in samples}
    for name, right in samples.items():
        (tmp_path / name / "layers.py").write_text(right)
    after = pytest_run(tmp_path)
    assert outcomes(after) == {name: {"PASSED"} for name in samples}, after


def module(tmp_path, convention, text=None):
    (tmp_path / "my_loops.py").write_text(LOOPS)
    path = tmp_path / "layers.py"
    path.write_text(text or wrong(convention))
    return path


@quick_rows(0, "the command writes one file for the same code twice in the quick run")
def test_the_same_code_gives_the_same_file(tmp_path):
    path = module(tmp_path, "a wrong shape")
    assert text_for(path) == text_for(path)


@quick_rows(0, "regions are tested in checks, and tests are written of one shape")
def test_a_region_is_reproduced_at_its_smallest_shape(tmp_path):
    text = wrong("no bias").replace(" * 2  # WRONG", " * (2 if stride > 1 else 1)")
    found = text_for(module(tmp_path, "", text), Options())
    assert found is not None
    assert re.findall(r"def (test_\w+)", found) == ["test_dw_when_the_stride_is_larger_than_1"]
    assert re.search(r'"""N=1,C=1,H=\d,W=\d,F=1,HH=\d,WW=\d,S=2,P=\d."""', found)


def test_other_dtypes_are_tested_in_their_own(tmp_path):
    text = mended("no bias").replace("    return dx, dw", "    return dx, dw.astype(np.float32)")
    found = text_for(
        module(tmp_path, "", text), Options(sizes=SIZES, dtypes=("float32", "float64"))
    )
    assert found is not None
    assert 'dtype="float64"' in found
    assert 'dtype="float32"' not in found


@quick_rows(0, "tolerances are tested in checks, and the tests that are written with other options")
def test_a_tolerance_that_was_asked_for_is_the_tests_as_well(tmp_path):
    folder = tmp_path / "case"
    folder.mkdir()
    path = module(folder, "no bias")
    options = Options(sizes=SIZES[:1], tolerance=1e-6)
    found = text_for(path, options, place=folder / "test_it.py")
    assert found is not None
    assert "1e-06 * max(1.0, abs(expected).max())" in found
    (folder / "test_it.py").write_text(found)
    assert outcomes(pytest_run(tmp_path)) == {"case": {"FAILED"}}
    nearly = mended("no bias").replace("return dx, dw", "return dx, dw + 1e-7")
    _ = module(folder, "", nearly)
    assert outcomes(pytest_run(tmp_path)) == {"case": {"PASSED"}}


def test_right_code_gives_no_test(tmp_path):
    assert text_for(module(tmp_path, "", mended("no bias"))) is None


@quick_rows(0, "such endings are tried in the tests of processes and of listings")
@pytest.mark.parametrize("ends", ["while True: pass", "import os; os._exit(3)"])
def test_what_ends_the_process_is_listed_and_not_run(tmp_path, ends):
    text = mended("no bias").replace("def conv_backward(", "def conv_backward_real(")
    text += f"\ndef conv_backward(dout, x, w, stride, padding):\n    {ends}\n"
    path = module(tmp_path, "", text)
    options = Options(sizes=SIZES[:1], seconds=0.5)
    assert text_for(path, options, forward="conv_forward", backward="conv_backward") is None
    path = module(tmp_path, "", text.replace("return slide(", "return 2 * slide("))
    found = text_for(path, options, forward="conv_forward", backward="conv_backward")
    assert found is not None
    assert re.findall(r"def (test_\w+)", found) == ["test_y_at_the_one_shape_that_ran"]
    assert re.search(r"# Not reproduced: dL/dx, dL/dw: (does not end|ends its process)", found)


def test_a_call_that_has_no_literal_is_refused(tmp_path):
    text = mended("no bias").replace("    return dx, dw", "    return dx, 2 * dw")
    text = text.replace(
        "stride, padding):\n    dx", "stride, padding, scale=np.ones(2), /):\n    dx"
    )
    with pytest.raises(NotSupported, match="argument of type ndarray cannot be written"):
        _ = text_for(module(tmp_path, "", text))


@quick_rows(0, "how a package is imported and how a test is written are tested apart")
def test_code_that_is_a_module_of_a_package_is_imported_as_one(tmp_path, monkeypatch):
    package = tmp_path / "mynets"
    (package / "tests").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "my_loops.py").write_text(LOOPS)
    text = wrong("no bias").replace("from my_loops", "from .my_loops")
    (package / "layers.py").write_text(text)
    place = package / "tests" / "test_it.py"
    monkeypatch.chdir(tmp_path)
    for named in ("mynets/layers.py", "mynets.layers"):
        found = text_for(named, place=place)
        assert found is not None
        assert 'code = importlib.import_module("mynets.layers")' in found
        assert '(Path(__file__).parent / "../..").resolve()' in found
        place.write_text(found)
        assert outcomes(pytest_run(tmp_path)) == {"mynets": {"FAILED"}}
        (package / "layers.py").write_text(text.replace(" * 2", ""))
        assert outcomes(pytest_run(tmp_path)) == {"mynets": {"PASSED"}}
        (package / "layers.py").write_text(text)


@quick_rows(0, "how the code is named is one line of the tests that are written")
def test_a_test_far_from_the_code_names_it_in_full(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = module(tmp_path, "no bias")
    far = text_for(path, place=Path(tmp_path).parent / "elsewhere" / "test_it.py")
    assert far is not None
    assert f'FILE = Path("{path}")' in far
    near = text_for(path, place=tmp_path / "tests" / "test_it.py")
    assert near is not None
    assert 'FILE = (Path(__file__).parent / "../layers.py").resolve()' in near


def test_the_command_says_what_it_wrote_and_what_it_did_not(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _ = module(tmp_path, "no bias")
    arguments = ["test", "layers.py", "--sizes", SIZES[0], "--regression-test"]
    assert run([*arguments, "test_it.py"]) == 1
    assert "def test_dw_at_the_one_shape_that_ran():" in (tmp_path / "test_it.py").read_text()
    assert run([*arguments, "missing/test_it.py"]) == 2
    assert "cannot write missing/test_it.py" in capsys.readouterr().err
    _ = module(tmp_path, "", mended("no bias"))
    assert run([*arguments, "other.py"]) == 0
    assert "no test was written: nothing that one could reproduce" in capsys.readouterr().err
    assert not (tmp_path / "other.py").exists()
