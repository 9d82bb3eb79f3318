"""The program of a new interpreter that runs people's code: first its guard, then the service."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> None:
    """Start as the arguments say: a folder to work in or null, and where modules are found."""
    path, folder = json.loads(sys.argv.pop()), json.loads(sys.argv.pop())
    if hasattr(os, "fork"):
        from symconv.sandbox.guarding import go_on_guarded

        go_on_guarded(0, folder)
    elif folder is not None:
        Path(folder).mkdir(0o700)
        os.chdir(folder)
    sys.path[:] = path
    from symconv.sandbox.serving import main as serve

    serve()
