#!/usr/bin/env bash
# Prints the tag of this project's images, VERSION-HASH: the version of pyproject.toml, and a hash of the content of the images
# and of the set-up programs, uncommitted changes included. The same content has the same tag on every machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
content=(functions infra/images infra/gateway/page infra/gateway/render_page.py scripts/local/node.txt infra/mongodb/setup.py infra/mysql/setup.py infra/mysql/schema.sql .dockerignore)

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
hash=$(git ls-files -z -co --exclude-standard "${content[@]}" ':!*README.md' | LC_ALL=C sort -zu |
  while IFS= read -rd '' file; do
    if [[ -f $file ]]; then printf '%s %s\n' "$(git hash-object --no-filters "$file")" "$file"; fi
  done | sha256sum | cut -c1-12)
echo "$version-$hash"
