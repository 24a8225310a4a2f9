#!/usr/bin/env bash
# Start everything in the background and return when it is healthy.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
./build.sh
exec .venv/bin/python -m operations start "$@"
