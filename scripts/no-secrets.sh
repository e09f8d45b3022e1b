#!/usr/bin/env bash
# Scans all files that git tracks or would add for secrets. The secrets found are neither tried out nor printed. Addresses at
# example.com are ignored. Any other line that only looks like a secret has a comment `kingfisher:ignore` with the reason.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
git ls-files -z --cached --others --exclude-standard | xargs -0 "$here/.local/venv/bin/kingfisher" scan --quiet \
  --no-validate --no-update-check --redact --rule-cache-dir "$here/.local/kingfisher" --skip-regex '@example\.com'
