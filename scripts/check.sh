#!/usr/bin/env bash
# The one gate, the same here and in CI: the README's two set-up commands, word for word,
# then format, lint, types, import rules, and branch coverage of the algebra. It works in
# the virtual environment .venv beside the README, which those commands make. Between the two
# it installs the frameworks that the tests compare with; PIP_CONSTRAINT, which CI sets, says
# which versions.
#
# SYMCONV_LONG=1, which CI sets, runs every row of the tests; see tests/runs.py.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -n "${CI:-}" ]; then export SYMCONV_LONG=1; fi

step() { printf '\n== %s\n' "$*"; }
readme_command() { grep -m 1 "^python3 -m venv .*$1" README.md; }

step 'README: install and run the main job'
bash -euc "$(readme_command 'symconv verify')"
step 'frameworks to compare with'
.venv/bin/pip install --quiet --disable-pip-version-check -e '.[torch,jax,suites]'
step 'README: install and run the tests'
bash -euc "$(readme_command pytest)"

step 'tools for developers'
.venv/bin/pip install --quiet --disable-pip-version-check -e '.[dev]'
export PATH="$PWD/.venv/bin:$PATH"
step format
ruff format --check .
step lint
ruff check .
step types
basedpyright --pythonpath .venv/bin/python
step 'import rules'
lint-imports --no-cache
step 'branch coverage of the algebra'
coverage run -m pytest -q tests/algebra
coverage report --include='symconv/algebra/*' --fail-under=100
step 'all good'
