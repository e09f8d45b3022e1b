#!/usr/bin/env bash
# Creates an account in the system that runs on this machine, or in the cluster's where none runs here.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.local/venv/bin/python
if "$python" -m scripts.local.ps >/dev/null 2>&1; then
  exec "$python" -m scripts.local.user "${EMAIL:?is missing: make user EMAIL=name@example.org}"
fi
exec scripts/cluster/user.sh "${EMAIL:?is missing: make user EMAIL=name@example.org}"
