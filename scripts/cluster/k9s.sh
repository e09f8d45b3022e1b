#!/usr/bin/env bash
# Opens K9s on the namespace, with the views, keys and names of infra/k9s.
set -euo pipefail
command -v k9s >/dev/null || { echo "k9s is missing: https://k9scli.io/topics/install/" >&2; exit 1; }
# K9s writes into its configuration folder, so it uses a copy.
export K9S_CONFIG_DIR=$PWD/.local/k9s K9S_LOGS_DIR=$PWD/.local/k9s
mkdir -p "$K9S_CONFIG_DIR"
cp infra/k9s/*.yaml "$K9S_CONFIG_DIR"
exec k9s --namespace video2mp3 --command functions
