"""From what a user names to a pair that is called right, or to one clear message."""

import json
import pickle
import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from exactness import MATHEMATICS, SIZES, wrong

from symconv import conv2d
from symconv.cli.chosen_layers import layer_of_code
from symconv.errors import UsageError
from symconv.implementations.calling.finding import Target, load
from symconv.implementations.model import RESULTS


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch, tmp_path):
    """Undo what an import leaves behind, which is why it has a process of its own."""
    before = dict(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.chdir(tmp_path)
    Path("arithmetic.py").write_text(MATHEMATICS, encoding="utf-8")
    yield
    for name in set(sys.modules) - set(before):
        del sys.modules[name]


IMPORTS = "from arithmetic import *\nimport arithmetic\n\n"
CS231N = """
def conv_forward_{0}(x, w, b, conv_param):
    S, P = conv_param["stride"], conv_param["pad"]
    return compute_y(x, w, b, S, P), (x, w, b, conv_param)

def conv_backward_{0}(dout, cache):
    x, w, b, conv_param = cache
    return compute_gradients(dout, x, w, conv_param["stride"], conv_param["pad"])
"""
PLAIN = """
def conv2d(x, w, b, stride=1, padding=0):
    return compute_y(x, w, b, stride, padding)

def conv2d_backward(dout, x, w, b, stride=1, padding=0):
    return compute_gradients(dout, x, w, stride, padding)
"""
CLASS = """
class Conv:
    def __init__(self, w, b, stride, padding):
        self.w, self.b, self.stride, self.padding = w, b, stride, padding

    def forward(self, x):
        self.x = x
        return compute_y(x, self.w, self.b, self.stride, self.padding)

    def backward(self, dout):
        dx, self.dw, self.db = compute_gradients(
            dout, self.x, self.w, self.stride, self.padding)
        return dx
"""
PARTS = """
def conv(x, w, b, S, P):
    return compute_y(x, w, b, S, P)

def conv_dx(dout, x, w, S, P):
    return compute_gradients(dout, x, w, S, P)[0]

def conv_dw(dout, x, w, S, P):
    return compute_gradients(dout, x, w, S, P)[1]

def conv_db(dout):
    return dout.sum((0, 2, 3))
"""
OTHERS = """
def affine_forward(x, w, b):
    return x @ w + b, (x, w, b)

def affine_backward(dout, cache):
    return dout

def max_pool_forward_naive(x, pool_param):
    return x

def conv_relu_forward(x, w, b, conv_param):
    return x

def rel_error(a, b):
    return 0
"""
NAIVE, FAST = CS231N.format("naive"), CS231N.format("fast")


def write(*parts, name="layers.py"):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(IMPORTS + "".join(dedent(part) for part in parts), encoding="utf-8")


def line_of(text, name="layers.py"):
    lines = Path(name).read_text(encoding="utf-8").splitlines()
    return 1 + next(number for number, line in enumerate(lines) if text in line)


@pytest.mark.parametrize(
    ("parts", "target", "name", "convention"),
    [
        ([OTHERS, NAIVE], Target("layers.py"), "conv_forward_naive, conv_backward_naive",
         "cs231n"),
        ([PLAIN, OTHERS], Target("layers.py"), "conv2d, conv2d_backward", "functions"),
        ([CLASS, OTHERS], Target("layers.py"), "Conv.forward, Conv.backward", "class"),
        ([PARTS], Target("layers.py"), "conv, conv_dx, conv_dw, conv_db", "functions"),
        ([NAIVE, FAST], Target("layers.py:conv_forward_fast"),
         "conv_forward_fast, conv_backward_fast", "cs231n"),
        ([NAIVE, FAST], Target("layers.py:conv_backward_fast"),
         "conv_forward_fast, conv_backward_fast", "cs231n"),
        ([NAIVE, FAST], Target("layers.py", "conv_forward_fast"),
         "conv_forward_fast, conv_backward_fast", "cs231n"),
        ([NAIVE, FAST], Target("layers.py", backward="conv_backward_fast"),
         "conv_forward_fast, conv_backward_fast", "cs231n"),
        ([NAIVE, FAST], Target("layers.py", "conv_forward_fast", "conv_backward_naive"),
         "conv_forward_fast, conv_backward_naive", "cs231n"),
        ([NAIVE, FAST], Target("layers.py:conv_forward_fast", backward="conv_backward_naive"),
         "conv_forward_fast, conv_backward_naive", "cs231n"),
        ([NAIVE, CLASS], Target("layers.py:Conv"), "Conv.forward, Conv.backward", "class"),
        ([NAIVE, CLASS], Target("layers.py", "Conv"), "Conv.forward, Conv.backward", "class"),
        ([NAIVE, CLASS], Target("layers.py:Conv.backward"), "Conv.forward, Conv.backward",
         "class"),
        ([NAIVE, CLASS], Target("layers.py", convention="class"), "Conv.forward, Conv.backward",
         "class"),
        ([NAIVE, PLAIN], Target("layers.py", convention="functions"), "conv2d, conv2d_backward",
         "functions"),
        ([NAIVE, PARTS], Target("layers.py", "conv", "conv_dx, conv_dw, conv_db"),
         "conv, conv_dx, conv_dw, conv_db", "functions"),
        ([OTHERS], Target("layers.py", "arithmetic.compute_y"), "compute_y", "functions"),
    ],
)  # fmt: skip
def test_a_pair_is_found_and_called_right(parts, target, name, convention) -> None:
    write(*parts)
    implementation = load(target)
    assert implementation.description.name == f"layers.py: {name}"
    assert implementation.description.convention.startswith(f"{convention}: ")
    assert wrong(implementation) == {}


def test_results_are_located_in_the_file_as_the_user_wrote_it() -> None:
    write(NAIVE, name="deep/er/layers.py")
    description = load(Target("deep/er/../er/layers.py")).description
    forward, backward = (
        line_of(f"def conv_{way}_naive", "deep/er/layers.py") for way in ("forward", "backward")
    )
    place = "deep/er/../er/layers.py"
    assert description.location["y"] == f"{place}:{forward}:1"
    assert {description.location[name] for name in RESULTS[1:]} == {f"{place}:{backward}:1"}


def test_a_module_is_named_by_its_name() -> None:
    write(NAIVE, name="nets/layers.py")
    implementation = load(Target("nets.layers:conv_forward_naive"))
    assert implementation.description.name == (
        "nets.layers: conv_forward_naive, conv_backward_naive"
    )
    assert implementation.description.location["y"].startswith("nets/layers.py:")
    assert wrong(implementation) == {}


def test_the_loops_of_this_repository_are_found_without_a_word() -> None:
    implementation = load(Target("symconv.layers.convolution.loops"))
    assert implementation.description.provides == RESULTS
    assert wrong(implementation) == {}
    assert wrong(implementation, dtype="object") == {}


def test_a_wrong_implementation_is_loaded_like_a_right_one() -> None:
    write(
        NAIVE.replace("return compute_gradients(dout, x, w", "return compute_gradients(dout, x, -w")
    )
    assert wrong(load(Target("layers.py"))) == {"dL/dx": "value"}


def test_options_of_a_target_reach_the_code() -> None:
    write("def conv(x, w):\n    return compute_y(x[None], w, None, 2, 1)[0]\n")
    description = load(Target("layers.py", batch=False, stride=2, padding=1)).description
    assert [str(condition) for condition, _ in description.restrictions] == [
        "N == 1", "S == 2", "P == 1",
    ]  # fmt: skip
    assert not description.has_bias
    assert description.provides == ("y",)


def test_a_target_can_be_sent_to_another_process() -> None:
    target = Target("layers.py", "f", "g", convention="class", images="NHWC", square=True)
    assert pickle.loads(pickle.dumps(target)) == target
    assert pickle.loads(pickle.dumps(target)).options == target.options


def refused(target):
    with pytest.raises(UsageError) as caught:
        load(target)
    return caught.value


def test_several_pairs_are_listed_with_their_lines() -> None:
    write(NAIVE, FAST, CLASS)
    error = refused(Target("layers.py"))
    assert error.code == "several-candidates"
    assert error.location == "layers.py"
    assert error.fact == (
        f"several candidates: Conv (line {line_of('class Conv')}); "
        f"conv_forward_naive (line {line_of('conv_forward_naive')}) and "
        f"conv_backward_naive (line {line_of('conv_backward_naive')}); "
        f"conv_forward_fast (line {line_of('conv_forward_fast')}) and "
        f"conv_backward_fast (line {line_of('conv_backward_fast')})"
    )
    assert error.help.startswith("choose with --forward NAME --backward NAME")
    assert "layers.py:Conv" in error.help


def test_a_file_without_a_convolution_says_what_it_has_and_what_was_looked_for() -> None:
    write(OTHERS)
    error = refused(Target("layers.py"))
    assert error.code == "no-function"
    assert error.fact == (
        "no forward or backward pass of a layer was found; it defines affine_forward, "
        "affine_backward, max_pool_forward_naive, conv_relu_forward, rel_error"
    )
    for name in ("cs231n", "course", "functions", "class", "torch", "jax"):
        assert f"\n      {name}: " in error.help


def test_an_empty_file_defines_no_function() -> None:
    write()
    assert refused(Target("layers.py")).fact.endswith("it defines no function")


@pytest.mark.parametrize(
    ("target", "fact", "help"),
    [
        (Target("layers.py:conv_forward_naiv"), "layers.py has no function 'conv_forward_naiv'",
         "did you mean conv_forward_naive or"),
        (Target("layers.py", "conv_forward_naive", "quite_different"),
         "layers.py has no function 'quite_different'",
         "it has conv_forward_naive, conv_backward_naive"),
        (Target("layers.py", "arithmetic.nothing"),
         "layers.py has no function 'arithmetic.nothing'", ""),
        (Target("layers.py:conv_forward_naive", "conv_forward_naive"),
         "the forward function is named twice: conv_forward_naive and conv_forward_naive",
         "leave out --forward"),
        (Target("layers.py", "conv_forward_naive", "a,b,c,d"), "4 backward functions are named",
         "name one, or those of dx, dw and db in this order"),
        (Target("layers.py", "conv_forward_naive", " , "), "0 backward functions are named", ""),
        (Target("layers.py", "__name__"), "a value of type str cannot be called", ""),
        (Target("layers.py", convention="keras"), "unknown convention 'keras'", "cs231n"),
        (Target("layers.py", images="NWHCC"), "the axes of images cannot be 'NWHCC'", "NHWC"),
        (Target("layer.py"), "the file layer.py does not exist", "did you mean layers.py?"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_clear_message(target, fact, help) -> None:
    write(NAIVE)
    error = refused(target)
    assert error.fact == fact
    assert help in error.help


def test_a_backward_pass_alone_needs_no_forward_pass_unless_it_takes_a_cache() -> None:
    write(
        "def conv_backward(dout, x, w, b, S, P):\n    return compute_gradients(dout, x, w, S, P)\n"
    )
    implementation = load(Target("layers.py"))
    assert implementation.description.provides == RESULTS[1:]
    assert wrong(implementation) == {}
    write("def conv_backward(dout, cache):\n    return cache\n", name="other.py")
    error = refused(Target("other.py"))
    assert error.fact == (
        "conv_backward(dout, cache) takes the cache of a forward pass, and there is none"
    )
    assert error.help == "name it with --forward NAME"


def test_a_signature_that_does_not_fit_is_shown_with_what_would_be_right() -> None:
    write("\n\ndef conv_forward(x, w, b, axis, rate):\n    return x\n")
    error = refused(Target("layers.py"))
    assert str(error) == (
        f"layers.py:{line_of('def conv_forward')}:1: error[signature]: "
        "conv_forward(x, w, b, axis, rate): axis, rate are not understood\n"
        "    help: write it as conv_forward(x, w, b, stride, padding), and give other parameters "
        "a default"
    )


def test_a_file_that_does_not_import_is_refused_with_its_own_error() -> None:
    write("raise RuntimeError('no data here')\n")
    error = refused(Target("layers.py"))
    assert error.fact == "importing it raises RuntimeError: no data here"
    assert error.location == f"layers.py:{line_of('raise')}"


def test_sizes_of_the_tests_tell_every_axis_apart() -> None:
    # What compares right at these sizes has no two axes in each other's place.
    assert SIZES == "N=2,C=2,H=4,W=5,F=3,HH=2,WW=3,S=2,P=1"


METHODS = """
class Layer:
    def __init__(self, w, b, stride=1, padding=0):
        self.w, self.b = w, b

    def feed_forward(self, x):
        return x

    def back_prop(self, dout):
        return dout, dout, dout
"""


def test_methods_of_other_names_are_found_and_self_is_no_array() -> None:
    write(METHODS)
    for target in (
        Target("layers.py"),
        Target("layers.py", forward="Layer"),
        Target("layers.py", forward="Layer.feed_forward", backward="Layer.back_prop"),
    ):
        description = load(target).description
        assert description.forward == "Layer.feed_forward"
        assert description.backward == "Layer.back_prop"


def test_an_array_is_the_gradient_that_the_name_of_its_function_speaks_of() -> None:
    write(
        "\n\ndef conv2d(x, w, b, stride, padding):\n    return x\n\n\n"
        "def conv2d_weight(x, w, dout, stride, padding):\n    return w\n"
    )
    loaded = load(Target("layers.py", forward="conv2d", backward="conv2d_weight"))
    found = loaded.run_backward(
        {name: np.zeros(1) for name in ("x", "w", "b", "dout")},
        conv2d().sizes(**dict.fromkeys(["N", "C", "H", "W", "F", "HH", "WW", "S", "P"], 1)),
        None,
    )
    assert found["dL/dw"].shape == (1,)
    assert found["dL/dx"].reason == "one array was returned, which by the name is dL/dw"


def test_passes_are_found_in_two_files_that_are_named_together(tmp_path) -> None:
    first, second = tmp_path / "outputs.py", tmp_path / "gradients.py"
    first.write_text("def conv_forward(x, w, b, stride, padding): return x\n")
    second.write_text("def conv_backward(dout, x, w, b, stride, padding): return dout, w, b\n")
    target = Target(str(first), beside=(str(second),))
    description = load(target).description
    assert (description.forward, description.backward) == ("conv_forward", "conv_backward")
    assert description.absent == ()
    assert description.location["y"].startswith(str(first))
    assert description.location["dL/dx"].startswith(str(second))
    alone = load(Target(str(first))).description
    assert alone.absent == ("dL/dx", "dL/dw", "dL/db")
    assert "found where both files are named" in alone.sought


def test_a_function_can_be_named_in_each_of_two_files(tmp_path) -> None:
    first, second = tmp_path / "one.py", tmp_path / "other.py"
    first.write_text("def correlate(x, w, b, stride, padding): return x\n")
    second.write_text("def pull(dout, x, w, b, stride, padding): return dout, w, b\n")
    target = Target(f"{first}:correlate", beside=(f"{second}:pull",))
    description = load(target).description
    assert (description.forward, description.backward) == ("correlate", "pull")
    with pytest.raises(UsageError, match="the backward function is named twice"):
        load(Target(str(first), backward="pull", beside=(f"{second}:pull",)))


def test_two_files_with_a_whole_pair_each_are_several_candidates(tmp_path) -> None:
    text = "def {0}_forward(x, w, b): return x\ndef {0}_backward(dout, x, w, b): return x, w, b\n"
    first, second = tmp_path / "one.py", tmp_path / "other.py"
    first.write_text(text.format("conv"))
    second.write_text(text.format("conv_fast"))
    with pytest.raises(UsageError) as caught:
        load(Target(str(first), beside=(str(second),)))
    assert caught.value.code == "several-candidates"


def cells(*sources):
    given = [{"cell_type": "code", "source": source} for source in sources]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "# A title"}, *given]})


def test_a_pair_is_found_in_the_cells_of_a_notebook() -> None:
    magic = "%matplotlib inline\n!pip list\nfrom arithmetic import *\n"
    shell = "%%bash\nls -l | wc\n"
    Path("notes.ipynb").write_text(cells(magic, shell, [*PLAIN.splitlines(keepends=True)]))
    implementation = load(Target("notes.ipynb"))
    assert wrong(implementation) == {}
    assert implementation.description.location["y"].startswith("notes.ipynb#code:")


def test_a_mistake_in_a_notebook_is_seen() -> None:
    text = "from arithmetic import *\n" + PLAIN.replace("w, b, stride", "2 * w, b, stride", 1)
    text = text.replace("compute_y(x, w,", "compute_y(x, 2 * w,")
    Path("notes.ipynb").write_text(cells(text.replace("2 * w, b, stride=1", "w, b, stride=1")))
    assert "y" in wrong(load(Target("notes.ipynb")))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "is not a notebook: it has no list of cells"),
        ("no json", "is not a notebook: it cannot be read"),
        (cells("raise OSError('no data')"), "importing it raises OSError: no data"),
        (cells("def ("), "SyntaxError"),
    ],
)
def test_a_notebook_that_cannot_be_run_is_refused_with_its_own_error(text, words) -> None:
    Path("notes.ipynb").write_text(text)
    assert words in refused(Target("notes.ipynb")).fact


def test_a_layer_that_is_named_goes_to_another_interpreter_as_its_name() -> None:
    target = Target("layers.py", layer=layer_of_code("conv2d strides dilation"))
    assert pickle.loads(pickle.dumps(target)).meant == target.meant
    assert target.layer == "conv2d strides dilation"
