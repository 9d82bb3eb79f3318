"""The command line: output, exit codes, bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from symconv import cli, verification
from symconv.algebra.expressions import Sum
from symconv.concrete import site
from symconv.errors import InternalError
from symconv.layers.convolution.post import conv2d
from tests.runs import LONG

SMALL = "N=1,C=1,H=3,W=2,F=1,HH=2,WW=1,S=1,P=0"
REMAINDER = "N=1,C=1,H=4,W=2,F=1,HH=2,WW=1,S=3,P=0"
EXAMPLE = "N=1,C=1,H=5,W=5,F=1,HH=3,WW=3,S=2,P=0"


def only(*names: str) -> list[str]:
    """Name the statements that the quick run verifies; in the long run there is no choice."""
    return [] if LONG else [word for name in names for word in ("--statement", name)]


@pytest.fixture
def symconv(capsys: pytest.CaptureFixture[str]):
    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def spoiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let conv2d's dL/db:contracted miss the last image."""
    layer = conv2d()
    statement = layer.statement("dL/db")
    assert isinstance(statement.rhs, Sum)
    first, *rest = statement.rhs.ranges
    shorter = Sum(statement.rhs.body, replace(first, upper=first.upper - 1), *rest)
    wrong = statement.with_sides(statement.lhs, shorter)
    statements = tuple(wrong if item is statement else item for item in layer.statements)
    monkeypatch.setattr(
        "symconv.layers.registry.conv2d",
        lambda: replace(layer, statements=statements),
    )


def test_verify_shows_a_row_per_statement_and_what_its_verdicts_mean(symconv) -> None:
    code, out, err = symconv("verify", "--sizes", SMALL, "--statement", "dL/dx")
    assert (code, err) == (0, "")
    for name in ("dL/dx:chain", "dL/dx:deltas", "dL/dx:contracted"):
        assert name in out
    assert "verified at 1 size" in out
    assert "nothing claimed beyond" in out
    assert "refuted" not in out


def test_verify_takes_several_sizes_and_statements(symconv) -> None:
    code, out, _ = symconv(
        "verify", "--sizes", SMALL, "--sizes", REMAINDER,
        "--statement", "y:strided", "--statement", "loop/forward",
    )  # fmt: skip
    assert code == 0
    assert "verified at 2 sizes" in out
    assert "y:strided" in out
    assert "loop/forward" in out
    assert "dL/dx" not in out


def test_verify_lists_every_check_on_request(symconv) -> None:
    _, brief, _ = symconv("verify", "--sizes", SMALL, "--statement", "dL/dw")
    code, out, _ = symconv("verify", "--sizes", SMALL, "--statement", "dL/dw", "-v")
    assert code == 0
    assert len(out.splitlines()) > len(brief.splitlines()) + 5
    assert SMALL in out
    assert "tables" in out
    assert "sympy" in out


def test_json_is_the_complete_report(symconv) -> None:
    some = only("dL/dw", "y", "loop/dw")
    code, out, err = symconv("verify", "--sizes", SMALL, *some, "--json")
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert report["tool"] == "symconv"
    assert report["exit_code"] == 0
    assert report["layer"] == "conv2d"
    assert sum(report["summary"].values()) == 2 * report["summary"]["total"]
    assert len(report["results"]) == report["summary"]["total"]
    assert {"proof", "closed-form", "numbers"} >= {item["method"] for item in report["results"]}
    fields = {
        "kind", "statement", "form", "location", "method", "route", "verdict", "code", "sizes",
        "seconds", "detail", "counterexample", "assumptions", "notes", "shape_class",
    }  # fmt: skip
    for item in report["results"]:
        assert set(item) == fields
        assert item["location"] is None
    sized = [item for item in report["results"] if item["sizes"] is not None]
    assert {json.dumps(item["sizes"]) for item in sized} == {
        json.dumps({"N": 1, "C": 1, "H": 3, "W": 2, "F": 1, "HH": 2, "WW": 1, "S": 1, "P": 0})
    }


@pytest.mark.usefixtures("spoiled")
def test_a_wrong_statement_turns_the_run_red_with_a_counterexample(symconv) -> None:
    code, out, _ = symconv("verify", "--sizes", SMALL, "--statement", "dL/db")
    assert code == 1
    assert "dL/db:contracted: refuted" in out
    assert "the term dout[0,0,0,0] is missing on the right" in out
    code, out, _ = symconv("verify", "--sizes", SMALL, "--statement", "dL/db", "--json")
    assert code == 1
    (wrong, *_) = [
        item
        for item in json.loads(out)["results"]
        if item["verdict"] == "refuted" and item["method"] == "closed-form"
    ]
    assert wrong["code"] == "wrong-value"
    assert wrong["counterexample"] == {
        "sizes": wrong["sizes"],
        "indices": {"f'": 0},
        "monomial": "dout[0,0,0,0]",
        "left_coefficient": "1",
        "right_coefficient": "0",
        "left": "dout[0,0,0,0] + dout[0,0,0,1] + dout[0,0,1,0] + dout[0,0,1,1]",
        "right": "0",
        "minimal": True,
    }


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (["verify", "--sizes", SMALL.replace("HH=2", "HH=9")], ["no output position", "H+2*P"]),
        (["verify", "--sizes", SMALL.replace("N=1", "N=0")], ["N must be at least 1, got 0"]),
        (["verify", "--sizes", SMALL.replace("N=1", "N=x")], ["N must be an integer, got 'x'"]),
        (["verify", "--sizes", "N=1"], ["no value for C, H, W, F, HH, WW, S, P"]),
        (["verify", "--sizes", SMALL + ",Z=1"], ["unknown size Z", "N, C, H, W"]),
        (["verify", "--statement", "dL/dy"], ["no statement 'dL/dy'", "did you mean"]),
        (["verify", "--method", "magic"], ["magic"]),
        (
            ["verify", "--statement", "y:example", "--sizes", SMALL, "--method", "numbers"],
            ["nothing to check", "H == 5"],
        ),
        (["verify", "--statement", "loop", "--method", "proof"], ["loops are not proved"]),
        (["verify", "--sizes", "N=0", "--method", "proof"], ["no value for C"]),
        (["verify", "--what"], ["--what"]),
        (["latex", "dL/dq"], ["dL/dq"]),
        (["latex"], ["STATEMENT"]),
        (["latex", "dL/dx", "--form", "entries"], ["--sizes", "N=1,C=1"]),
        (["latex", "dL/dx", "--sizes", SMALL], ["--form entries"]),
        (["latex", "dL/dx", "-o", "/nowhere/at/all.tex"], ["cannot write", "/nowhere/at/all.tex"]),
        (["frobnicate"], ["frobnicate"]),
    ],
)
def test_bad_input_is_one_clear_message_and_exit_2(symconv, arguments, fragments) -> None:
    code, out, err = symconv(*arguments)
    assert code == 2
    assert out == ""
    for fragment in fragments:
        assert fragment in err
    assert "Traceback" not in err


def test_sizes_too_large_are_refused_with_their_count_of_terms(symconv) -> None:
    huge = "N=100,C=100,H=1000,W=1000,F=100,HH=9,WW=9,S=1,P=0"
    code, out, err = symconv("verify", "--sizes", huge, "--statement", "dL/dx:contracted")
    assert (code, out) == (2, "")
    assert "terms" in err
    code, out, err = symconv("latex", "dL/dx", "--form", "entries", "--sizes", huge)
    assert (code, out) == (2, "")
    assert "terms" in err


def test_certificates_are_written_one_per_obligation(symconv, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "certificates"
    arguments = ("verify", "--statement", "dL/db:contracted", "--method", "proof")
    code, out, err = symconv(*arguments, "--certificates", str(folder))
    assert code == 0
    assert "proved" in out
    files = sorted(folder.iterdir())
    assert err == f"{len(files)} certificates in {folder}\n"
    assert files
    for file in files:
        assert file.suffix == ".smt2"
        assert "dL/db" in file.read_text()
        assert file.read_text().rstrip().endswith("(check-sat)")


def test_certificates_need_proofs_and_a_folder(symconv, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    _ = blocked.write_text("")
    code, _, err = symconv("verify", "--certificates", str(tmp_path), "--method", "numbers")
    assert code == 2
    assert "--method proof" in err
    arguments = ("verify", "--statement", "dL/db:contracted", "--method", "proof")
    code, _, err = symconv(*arguments, "--certificates", str(blocked / "inside"))
    assert code == 2
    assert "cannot write" in err


def test_latex_is_printed_or_written(symconv, tmp_path: Path) -> None:
    code, out, _ = symconv("latex", "dL/dw")
    assert code == 0
    assert out.startswith(r"\frac{\partial L}{\partial w_{f',c',i,j}} = ")
    target = tmp_path / "gradient.tex"
    code, printed, _ = symconv("latex", "dL/dw", "-o", str(target))
    assert (code, printed) == (0, "")
    assert target.read_text() == out
    assert list(tmp_path.iterdir()) == [target], "no temporary file is left"


def test_latex_follows_its_options(symconv) -> None:
    _, out, _ = symconv("latex", "dL/dx:deltas", "--derivative", "d")
    assert r"\frac{d\mathcal{L}}{dx_{n',c',i,j}}" in out
    _, out, _ = symconv("latex", "dL/dx", "--form", "entries", "--sizes", SMALL)
    assert r"\frac{\partial L}{\partial x_{0,0,0,0}}" in out
    _, out, _ = symconv("latex", "y", "--standalone")
    assert out.startswith(r"\documentclass")
    assert out.endswith("\\end{document}\n")


def test_an_overwritten_file_is_replaced_whole(symconv, tmp_path: Path) -> None:
    target = tmp_path / "gradient.tex"
    _ = target.write_text("x" * 100_000)
    target.chmod(0o600)
    code, _, _ = symconv("latex", "dL/db", "-o", str(target))
    assert code == 0
    assert "xxx" not in target.read_text()
    assert target.stat().st_mode & 0o777 == 0o600


def test_an_internal_error_is_loud_and_exits_with_70(symconv, monkeypatch) -> None:
    def disagree(*_: object) -> None:
        raise InternalError("two ways disagree")

    monkeypatch.setattr(site, "require_agreement", disagree)
    code, out, err = symconv("verify", "--sizes", SMALL)
    assert (code, out) == (70, "")
    assert "two ways disagree" in err


def test_an_unexpected_exception_is_an_internal_error(symconv, monkeypatch) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise RuntimeError("broken inside")

    monkeypatch.setattr(verification, "verify", break_down)
    code, out, err = symconv("verify")
    assert (code, out) == (70, "")
    assert "internal error: broken inside" in err
    assert "please report" in err


def test_an_interrupt_ends_with_130(symconv, monkeypatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(verification, "verify", interrupt)
    code, out, err = symconv("verify")
    assert (code, out) == (130, "")
    assert "interrupted" in err


def process(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "symconv", *arguments], text=True, capture_output=True, **options
    )


def test_help_names_the_commands_and_exit_codes_and_imports_nothing_heavy() -> None:
    shown = process("--help")
    assert shown.returncode == 0
    for word in ("verify", "latex", "refuted or ill-formed", "130", "143"):
        assert word in shown.stdout
    code = (
        "import sys, symconv.cli; symconv.cli.run(['--help']); "
        "heavy = {'sympy', 'numpy', 'z3', 'rich'} & set(sys.modules); sys.exit(len(heavy))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_output_is_the_same_in_every_process() -> None:
    seen = {
        process(
            "verify", "--sizes", SMALL, "--statement", "dL/dw",
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1")
    }  # fmt: skip
    assert len(seen) == 1


def test_a_reader_that_stops_early_does_not_change_the_exit_code() -> None:
    command = (
        f"set -o pipefail; {sys.executable} -m symconv verify --sizes {SMALL} "
        f"{' '.join(only('dL/dw'))} -v | true; exit ${{PIPESTATUS[0]}}"
    )
    finished = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_piped_output_has_no_colours_and_no_progress_bar() -> None:
    shown = process("verify", "--sizes", SMALL, *only("dL/db"))
    assert "\x1b" not in shown.stdout
    assert shown.stderr == ""


def test_ctrl_c_ends_the_process_with_130() -> None:
    command = [sys.executable, "-m", "symconv", "verify"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        # Interrupt while it is at work: SymPy's import alone takes longer than this.
        try:
            _ = running.wait(timeout=0.7)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert out == b""
    assert b"Traceback" not in err


@pytest.mark.parametrize("content", ["x = 1\n", ""])
def test_a_regression_test_never_overwrites_what_is_not_one(tmp_path, content) -> None:
    file = tmp_path / "layers.py"
    _ = file.write_text(content)
    assert cli.run(["test", str(file), "--regression-test", str(file)]) == 2
    assert file.read_text() == content


def test_a_regression_test_replaces_an_earlier_one(tmp_path) -> None:
    target = str(Path(__file__).parents[1] / "scripts" / "example_layers.py")
    file = tmp_path / "test_layers.py"
    one = [] if LONG else ["--sizes", SMALL]
    arguments = ["test", target, *one, "--regression-test", str(file)]
    assert cli.run(arguments) == 1
    first = file.read_text()
    assert cli.run(arguments) == 1
    assert file.read_text() == first
