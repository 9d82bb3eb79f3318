"""A layer that a user names: one of ours, or one of a Python file of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from symconv import cli
from symconv.errors import UsageError
from symconv.own_layers import layer_from

LINES = """
from symconv import *
print("a line that is no part of a report")
A, K, D, M, Q = sizes("A K D M Q")
i, k, t = indices("i k t")
x, w, dy, z = Array("x", (A,)), Array("w", (K,)), Array("dy", (M,)), Array("z", (A,))
y, L = Array("y", (M,)), Array("L")
right = Sum(dy[t] * x[t + D * k], (t, 0, M - 1))
def made(output, constraint=A > D * (K - 1), **more):
    return Layer(
        "dilated",
        given=(A, K, D),
        derived=(DerivedSize(M, A - D * (K - 1), (equal(M, A - D * (K - 1)),)),),
        constraints=(constraint,),
        inputs=(x, w, dy),
        definitions=(Definition(y[t], output), Definition(L[()], Sum(dy[t] * y[t], (t, 0, M - 1)))),
        **more,
    )
output = Sum(x[t + D * k] * w[k], (k, 0, K - 1))
layer = made(output, statements=(claim(Derivative(L[()], w[k]), right, name="dL/dw"),))
def spoiled():
    wrong = claim(Derivative(L[()], w[k]), Sum(dy[t] * x[t + k], (t, 0, M - 1)), name="dL/dw")
    return made(output, statements=(wrong,))
bare = made(output)
circular = made(y[t] * w[0])
outside = made(Sum(x[t + D * k + 1] * w[k], (k, 0, K - 1)))
undefined = made(Sum(z[t + D * k] * w[k], (k, 0, K - 1)))
unknown_size = made(Sum(x[t + D * k] * w[k], (k, 0, Q - 1)))
nowhere = made(output, D < D)
def raising():
    raise KeyError("no such thing")
def leaving():
    raise SystemExit(0)
def none():
    pass
def refused():
    return convolution(padding="same", transposed=True)
"""

TEXT = r"""
$$\frac{\partial L}{\partial w_k} = \sum_{t=0}^{M-1} \mathit{dy}_t x_{t+Dk}$$
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of layers and a document about one of them."""
    _ = (tmp_path / "own.py").write_text(LINES)
    _ = (tmp_path / "leaves.py").write_text("raise SystemExit(0)")
    _ = (tmp_path / "wrong.py").write_text("layer = (")
    _ = (tmp_path / "notes.md").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def symconv(folder: Path, capsys: pytest.CaptureFixture[str]):
    _ = folder

    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


CODE = """
import numpy as np

def forward(x, w, D):
    places = len(x) - D * (len(w) - 1)
    return np.array([sum(x[t + D * k] * w[k] for k in range(len(w))) for t in range(places)])

def backward(dy, x, w, D):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for t in range(len(dy)):
        for k in range(len(w)):
            dx[t + D * k] += dy[t] * w[k]
            dw[k] += dy[t] * x[t + D * k]
    return dx, dw
"""


@pytest.mark.parametrize(("old", "code"), [("", 0), ("dy[t] * x[t + D * k]", 1)])
def test_code_is_compared_with_a_layer_of_a_file(symconv, folder, old: str, code: int) -> None:
    _ = (folder / "code.py").write_text(CODE.replace(old, "dy[t] * x[t + k]") if old else CODE)
    found, out, _ = symconv("test", "code.py", "--layer", "own.py:bare")
    assert found == code
    assert "dout is its dy" in out
    assert ("wrong value" in out) == bool(code)


def test_code_for_a_layer_without_a_loss_is_refused_in_one_line(symconv, folder) -> None:
    lines = "bare = Layer('bare', given=(A,), inputs=(x,), definitions=(Definition(z[i], x[i]),))"
    _ = (folder / "own.py").write_text(f"{LINES}\n{lines}\n")
    _ = (folder / "code.py").write_text(CODE)
    found, _, err = symconv("test", "code.py", "--layer", "own.py:bare")
    assert found == 2
    assert "code for bare cannot be compared: no loss adds up" in err


def test_a_name_with_words_is_a_layer_that_symconv_ships() -> None:
    assert layer_from("conv1d groups dilation").name == "conv1d dilation groups"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["layer", "spoiled"])
def test_a_file_gives_a_layer_or_a_function_that_makes_one(name: str) -> None:
    assert layer_from(f"own.py:{name}").name == "dilated"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "code", "fact"),
    [
        ("own.py:circular", "recursive-definition", "the definition of y depends on itself"),
        ("own.py:outside", "out-of-range", "x[1], which is outside the shape (1) of x at A=1,K=1"),
        ("own.py:undefined", "undefined-array", "reads z, which is neither an input nor defined"),
        ("own.py:unknown_size", "unknown-size", "Q is not a size of the layer"),
        ("own.py:nowhere", "states-nothing", "no size satisfies"),
        ("own.py:laier", "no-layer", "own.py:layer"),
        ("own.py", "no-layer", "which layer of the file is meant"),
        ("own.py:x", "no-layer", "is a Array, and is no layer"),
        ("own.py:made", "no-layer", "takes arguments"),
        ("own.py:none", "no-layer", "returns a NoneType"),
        ("own.py:raising", "import", "KeyError: 'no such thing'"),
        ("own.py:leaving", "import", "SystemExit"),
        ("own.py:refused", "contradicting-choices", "a transposed layer has no padding 'same'"),
        ("leaves.py:layer", "import", "SystemExit"),
        ("wrong.py:layer", "import", "SyntaxError"),
        ("owm.py:layer", "no-file", "did you mean own.py"),
        ("conv2", "unknown-layer", "did you mean conv2d"),
        ("conv2d dilaton", "unknown-layer", "did you mean dilation"),
        ("conv2d sides valid", "contradicting-choices", "choose the same thing"),
    ],
)
def test_what_is_no_layer_is_refused_with_one_clear_line(text: str, code: str, fact: str) -> None:
    with pytest.raises(UsageError) as refused:
        _ = layer_from(text)
    assert refused.value.code == code
    assert fact in str(refused.value)
    assert "\n" not in refused.value.fact
    assert refused.value.exit_code == 2


def test_the_command_line_names_the_place_of_what_it_refuses(symconv) -> None:
    code, out, err = symconv("verify", "--layer", "own.py:circular")
    assert (code, out) == (2, "")
    assert "symconv: own.py:circular: error[recursive-definition]" in err
    assert "Traceback" not in err


def test_verify_takes_a_layer_of_ones_own_at_sizes_of_its_own(symconv) -> None:
    code, out, _ = symconv("verify", "--layer", "own.py:layer")
    assert code == 0
    assert "a line that is no part of a report" not in out
    assert "proved" in out
    assert "verified at 5 sizes" in out
    code, out, _ = symconv("verify", "--layer", "own.py:spoiled", "--method", "proof")
    assert code == 1
    assert "dL/dw: refuted (smallest counterexample at A=3,K=2,D=2)" in out


def test_a_layer_without_statements_leaves_nothing_to_verify(symconv) -> None:
    code, out, err = symconv("verify", "--layer", "own.py:bare")
    assert (code, out) == (2, "")
    assert "error[nothing-to-check]: dilated has no statements and no loops" in err


def test_latex_derive_and_check_take_a_layer_of_ones_own(symconv) -> None:
    code, out, _ = symconv("latex", "dL/dw", "--layer", "own.py:layer")
    written = TEXT.strip(" $\n").replace("w_k", "w_{k}").replace("_t", "_{t}")
    assert (code, out) == (0, f"{written}\n")
    code, out, _ = symconv("derive", "dL/dx", "--layer", "own.py:bare", "--format", "text")
    assert code == 0
    assert "[0 <= i-D*k <= M-1]" in out
    assert symconv("check", "notes.md", "--layer", "own.py:layer")[0] == 0
    assert symconv("check", "notes.md", "--layer", "conv1d")[0] == 3


def test_a_document_names_no_file(symconv, folder: Path) -> None:
    pragma = "<!-- symconv: layer own.py:layer -->"
    _ = (folder / "notes.md").write_text(pragma + TEXT)
    code, out, _ = symconv("check", "notes.md")
    assert code == 3
    assert "own.py:layer is a file, and no name of a layer" in out
    _ = (folder / "names.txt").write_text("layer own.py:layer")
    code, _, err = symconv("check", "notes.md", "--context", "names.txt")
    assert code == 2
    assert "names.txt:1:1: error[unknown-layer]: own.py:layer is a file" in err


def test_a_document_may_say_the_name_of_the_layer_that_the_command_names(
    symconv, folder: Path
) -> None:
    _ = (folder / "notes.md").write_text("<!-- symconv: layer dilated -->" + TEXT)
    assert symconv("check", "notes.md", "--layer", "own.py:layer")[0] == 0
    assert symconv("check", "notes.md")[0] == 3
