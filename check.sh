#!/usr/bin/env bash
# Check every invariant against the live databases, one line each; exit with 1 if one is broken.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
./build.sh
exec .venv/bin/python -m operations check "$@"
