#!/usr/bin/env bash
# All that CI runs, on real servers of its own; arguments go to pytest, e.g. ./test.sh tests/unit -k seats
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")"
./build.sh --dev || exit
failed=0
.venv/bin/ruff check . || failed=1
.venv/bin/mypy || failed=1
.venv/bin/lint-imports || failed=1
.venv/bin/python -m pytest "$@" || failed=1    # last, so that its summary is the last line
exit $failed
