#!/usr/bin/env bash
# Prints the tag of the function images: a hash of all that goes into them, uncommitted changes too, the same everywhere.
set -euo pipefail
cd "$(dirname "$0")/../.."

git ls-files -z -co --exclude-standard functions infra/images .dockerignore ':!*README.md' | LC_ALL=C sort -zu |
  while IFS= read -rd '' file; do
    if [[ -f $file ]]; then printf '%s %s\n' "$(git hash-object --no-filters "$file")" "$file"; fi
  done | sha256sum | cut -c1-12
