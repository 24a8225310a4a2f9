#!/usr/bin/env bash
# Check every promise against the live databases: a line each, and 1 as the exit code when one is broken.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
./build.sh
exec .venv/bin/python -m operations check "$@"
