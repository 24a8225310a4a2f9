#!/usr/bin/env bash
# Measure Marquee against stock Nameko on this machine: a table, and .run/bench/bench.json.
set -euo pipefail
cd "$(dirname "$0")"
./build.sh --dev
exec .venv/bin/python -W ignore -m bench "$@"
