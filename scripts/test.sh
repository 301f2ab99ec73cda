#!/usr/bin/env bash
# Sets up .venv as quickstart.sh does and runs lint, types and the fast tests: about seven minutes on two cores.
#   bash scripts/test.sh [arguments of pytest]
extras=dev
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
# each file's tests in one of as many processes as there are cores, so one thread for each
OMP_NUM_THREADS=1 .venv/bin/pytest -q --numprocesses auto --dist loadfile "$@"
