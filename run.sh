#!/usr/bin/env bash
# Start everything and follow one log of it all, in the foreground; Ctrl-C stops everything.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
./build.sh
exec .venv/bin/python -m operations run "$@"
