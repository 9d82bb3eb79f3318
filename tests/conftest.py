"""The run that was asked for: what it leaves out, and that CI skips nothing."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runs import LONG, left_out

REASONS = pytest.StashKey[Counter[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and where the reasons are kept."""
    config.addinivalue_line("markers", "quick_rows(rows, why): how many rows the quick run takes")
    config.stash[REASONS] = Counter()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the quick run leaves out, except where a test is asked for by its name."""
    if LONG or any("::" in argument for argument in config.args):
        return
    reasons = left_out(items)
    config.stash[REASONS].update(reasons.values())
    config.hook.pytest_deselected(items=list(reasons))
    items[:] = [item for item in items if item not in reasons]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node) -> None:
    """Take the reasons of a worker; all of them have the same."""
    node.config.stash[REASONS] |= Counter(getattr(node, "workeroutput", {}).get("left_out", {}))


def skipped_in_ci(reporter) -> bool:
    """Tell whether CI skipped what it could run: the post is not ours to bring along."""
    skipped = reporter.stats.get("skipped", []) if os.environ.get("CI") else []
    return any("the post is not" not in str(report.longrepr) for report in skipped)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over the reasons of a worker; in CI, fail where anything was skipped."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = dict(session.config.stash[REASONS])
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and skipped_in_ci(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Say what the quick run left out, and why."""
    reasons = config.stash[REASONS]
    if reasons:
        terminalreporter.section("left out of the quick run; SYMCONV_LONG=1 runs them")
        for why, count in sorted(reasons.items()):
            terminalreporter.write_line(f"{count:5} {why}")
    if skipped_in_ci(terminalreporter):
        terminalreporter.section("CI skips nothing: what is skipped above fails this run")


@pytest.fixture
def run_pytest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Run pytest in the folder of a test and in this process, where nothing is imported anew.

    What it imports from the folder is forgotten, so that the next run imports it again.
    """

    def run(*arguments: str) -> tuple[int, str]:
        # Two plugins would collect the garbage of all tests; hypothesis takes long to configure.
        without = ("cacheprovider", "hypothesispytest", "threadexception", "unraisableexception")
        leave_out = [word for name in (*without, "xdist") for word in ("-p", f"no:{name}")]
        _ = capsys.readouterr()
        with monkeypatch.context() as here:
            here.chdir(tmp_path)
            here.setattr(sys, "path", [*sys.path])
            here.delenv("PYTEST_ADDOPTS", raising=False)
            code = pytest.main(["-v", "--capture=sys", *leave_out, *arguments])
        for name, module in [*sys.modules.items()]:
            if tmp_path in Path(getattr(module, "__file__", None) or "/").parents:
                del sys.modules[name]
        said = capsys.readouterr()
        return int(code), said.out + said.err

    return run
