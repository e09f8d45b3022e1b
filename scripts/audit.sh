#!/usr/bin/env bash
# Looks for known vulnerabilities, in the Python locks and in all images. Fails if there are any, and also if either part was
# not audited, as no source of advisories answered.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0
for part in locks images; do
  if "scripts/audit-$part.sh"; then echo "$part: audited"; else
    echo "$part: FAILED" >&2
    failed=1
  fi
done
exit "$failed"
