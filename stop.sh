#!/usr/bin/env bash
# Stop everything that run.sh or start.sh started; data stays in .run/.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
[ -x .venv/bin/python ] || { echo "Marquee is not running."; exit 0; }
exec .venv/bin/python -m operations stop "$@"
