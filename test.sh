#!/usr/bin/env bash
# All that CI runs, on real servers of its own; arguments go to pytest, e.g. ./test.sh tests/unit -k seats
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")"
./build.sh --dev || exit
failed=0
.venv/bin/ruff check . || failed=1
.venv/bin/mypy || failed=1
.venv/bin/lint-imports || failed=1
# The scripts in web/ and tests/web/, as deno.json says; none of these needs a network.
export DENO_DIR=.run/deno DENO_NO_UPDATE_CHECK=1
.venv/bin/deno fmt --quiet --check || failed=1
.venv/bin/deno lint --quiet || failed=1
.venv/bin/deno check --quiet --no-remote web/ tests/web/ || failed=1
# Two at a time, a file each: most tests wait more than they work, and a third would be slow. Last, so that its summary is the last line.
.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder "$@" || failed=1
exit $failed
