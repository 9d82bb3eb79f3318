"""A hundred hostile modules: each costs its own result or pass, and no neighbour's verdict."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from hostile import MODULES, UNLOADABLE, Hostile

from symconv.errors import UsageError
from symconv.implementations.calling.finding import Target
from symconv.implementations.checking import check_target
from symconv.implementations.trying.trials import Options
from symconv.verdicts import Result, Verdict
from tests.runs import quick_rows

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="most of them need Unix")

SIZES = ("N=1,C=2,H=3,W=4,F=2,HH=2,WW=3,S=2,P=1", "N=2,C=1,H=3,W=3,F=3,HH=2,WW=1,S=1,P=0")
SECONDS = 0.4
LONGEST = 700
LETTERS = {Verdict.REFUTED: "R", Verdict.UNDECIDED: "U", Verdict.VERIFIED: "V"}
RESULTS = ("y", "dL/dx", "dL/dw", "dL/db")


def checked(place: Path, sizes: tuple[str, ...] = SIZES[:1]) -> tuple[Result, ...]:
    options = Options(sizes=sizes, seconds=SECONDS, diagnose=False)
    report = check_target(Target(str(place)), options)
    assert report.exit_code in (0, 1, 3)
    return tuple(report.results)


def letters(results: Iterable[Result]) -> str:
    """Return what is found for each result, the worst of it."""
    found = {
        name: {one.verdict for one in results if one.statement == name and one.verdict in LETTERS}
        for name in RESULTS
    }
    worst = (next(one for one in LETTERS if one in verdicts) for verdicts in found.values())
    return "".join(LETTERS[one] for one in worst)


def expected(module: Hostile) -> list[str]:
    return [y + others * 2 + db for y, others, db in module.expected.split()]


@quick_rows(9, "each module disturbs in one more way what the others disturb too")
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.what)
def test_a_hostile_module_costs_no_neighbour_its_verdict(
    module: Hostile, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "theirs.py"
    _ = place.write_text(module.source)
    results = checked(place)
    sentences = [one.detail or "" for one in results]
    assert letters(results) in expected(module), sentences
    assert capfd.readouterr() == ("", "")
    assert max(map(len, sentences)) < LONGEST
    assert all(text.isprintable() for text in sentences)


@quick_rows(3, "the rows fail to load in different ways, told by the same lines")
@pytest.mark.parametrize("what", UNLOADABLE)
def test_a_module_that_cannot_be_loaded_is_bad_usage_said_in_a_few_lines(
    what: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "theirs.py"
    _ = place.write_text(f"import os, signal, sys, time\n{UNLOADABLE[what]}\n")
    with pytest.raises(UsageError) as caught:
        _ = checked(place)
    assert len(str(caught.value)) < LONGEST
    assert str(caught.value).isprintable() or caught.value.help
    assert capfd.readouterr() == ("", "")


NEIGHBOURS = ["kills its parent", "writes a flood everywhere", "replaces comparisons and is wrong"]


@quick_rows(1, "the modules are tried at one shape each in the other test")
@pytest.mark.parametrize("what", NEIGHBOURS)
def test_what_happened_at_one_shape_does_not_reach_the_next(what: str, tmp_path: Path) -> None:
    [module] = [module for module in MODULES if module.what == what]
    code = module.code.replace("\n", "\n    ")
    place = tmp_path / "theirs.py"
    _ = place.write_text(Hostile(what, module.place, f"if P:\n    {code}", "").source)
    results = checked(place, SIZES)
    by_padding = {
        padding: letters([one for one in results if (one.sizes or {})["P"] == padding])
        for padding in (1, 0)
    }
    assert by_padding[1] in expected(module)
    assert by_padding[0] == "VVVV"


def test_there_are_a_hundred_of_them() -> None:
    assert len({module.source for module in MODULES}) >= 100


def test_what_compiled_code_says_before_it_ends_the_process_is_told(tmp_path: Path) -> None:
    code = "os.write(2, b'Check failed: no such layout\\n    @ 0x1\\n')\nos.abort()"
    place = tmp_path / "theirs.py"
    _ = place.write_text(Hostile("", "backward", code, "").source)
    sentences = [one.detail or "" for one in checked(place) if one.code == "crashed"]
    assert any("ended by SIGABRT: Check failed: no such layout" in text for text in sentences)
