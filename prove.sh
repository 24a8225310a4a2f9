#!/usr/bin/env bash
# Try everything at full size, with new seeds, and write docs/proof.md.
#   ./prove.sh                          all parts: some hours
#   ./prove.sh --only model             one part; may be repeated
#   ./prove.sh --only model --seed 7    as a run before
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
./build.sh --dev
exec .venv/bin/python -m proof "$@"
