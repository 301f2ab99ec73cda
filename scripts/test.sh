#!/usr/bin/env bash
# Set up .venv, then run the linters, the type checker and the fast tests: about three minutes on two idle cores.
#   bash scripts/test.sh [pytest arguments]
extras=dev
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/lint-imports
.venv/bin/mypy & types=$!  # while the tests run
# One worker process per core with one thread each; all tests of a file run in the same worker.
status=0
OMP_NUM_THREADS=1 .venv/bin/pytest -q --numprocesses auto --dist loadfile "$@" || status=$?
wait "$types"
exit "$status"
