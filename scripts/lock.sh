#!/usr/bin/env bash
# Locks every dependency group of pyproject.toml with hashes. The developers' group holds all the others, so it is
# resolved first and every other lock is a part of it: one set of versions, from a function's image to the tests. The
# laptop and the developers have the dependencies of the command line too, which are the project's own.
# Versions stay what they are where pyproject.toml still allows them, except that of the package in UPGRADE.
set -euo pipefail
cd "$(dirname "$0")/.."

lock() { # GROUP FILE [OPTION...]
  "${UV:-.local/venv/bin/uv}" pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate \
    --no-emit-index-url --custom-compile-command "make lock" --group "pyproject.toml:$1" --output-file "$2" "${@:3}"
  echo "locked $2"
}

lock dev tests/requirements.txt pyproject.toml --extra keyring ${UPGRADE:+--upgrade-package "$UPGRADE"}
lock local scripts/local/requirements.txt pyproject.toml --constraint tests/requirements.txt
for folder in functions/*/; do
  name=$(basename "$folder")
  if [[ $name != shared && $name != __pycache__ ]]; then
    lock "$name" "functions/$name/requirements.txt" --constraint tests/requirements.txt
  fi
done
