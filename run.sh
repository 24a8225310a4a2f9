#!/usr/bin/env bash
# Start everything in the foreground and follow its log; Ctrl-C stops everything.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
./build.sh
exec .venv/bin/python -m operations run "$@"
