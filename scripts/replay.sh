#!/usr/bin/env bash
# Republishes the dead letters of the system that runs on this machine, or of the cluster's where none runs here.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.local/venv/bin/python
if "$python" -m scripts.local.ps >/dev/null 2>&1; then
  MONGODB_URL=$(<.local/run/secrets/mongodb-replay/url)
  export MONGODB_URL PYTHONPATH=.
  exec "$python" -m functions.deadletter.replay
fi
exec scripts/cluster/replay.sh
