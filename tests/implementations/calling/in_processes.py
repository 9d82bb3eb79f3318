"""Pairs of functions that behave in many ways, in processes of their own."""

from __future__ import annotations

import functools
import os
from typing import Any

import pytest
from behaviours import pairs

from symconv.implementations.calling.processes import Runner
from symconv.implementations.calling.requests import same
from symconv.implementations.model import (
    RESULTS,
    RunAnswer,
    RunTrouble,
)

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no os.fork")
SHORT = 0.4
KINDS = ("spawn", pytest.param("fork", marks=forking))


def runner(name: str, kind: str = "spawn", **options: Any) -> Runner:
    by_name = functools.partial(pairs.load, name)
    found = Runner(by_name if kind == "spawn" else lambda: by_name(), **options)
    assert found.isolation == kind
    return found


def facts(trouble: RunTrouble | None) -> tuple[str, str]:
    assert trouble is not None
    return trouble.code, trouble.fact


def is_right(found: RunAnswer) -> bool:
    expected = (pairs.Y, pairs.DX, pairs.DW, pairs.DB)
    return all(
        name in found.of(name).results and same(found.of(name).results[name], value)
        for name, value in zip(RESULTS, expected, strict=True)
    )
