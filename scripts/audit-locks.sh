#!/usr/bin/env bash
# Asks PyPI for known vulnerabilities of the locked versions. Exits with 1 if there are any, and with 2 if the package index
# does not answer or has no vulnerability data, like most mirrors. The tests' lock contains every other lock
# (tests/unit/supply/test_locks.py).
set -euo pipefail
cd "$(dirname "$0")/.."

audit() { # REQUIREMENTS
  .local/venv/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes --requirement "$1"
}

# A version that is known to be vulnerable distinguishes an index without vulnerability data from a clean result.
control=$(mktemp)
trap 'rm -f "$control"' EXIT
printf 'jinja2==2.4.1 --hash=sha256:%064d\n' 0 >"$control"
said=$(audit "$control" 2>&1 || true)
if [[ $said != *"known vulnerabilit"*"in 1 package"* ]]; then
  echo "${said##*$'\n'}" >&2
  echo "Nothing was audited: the package index has no vulnerability data, not even for Jinja2 2.4.1." \
    "Run \`make audit\` with access to PyPI itself instead of a mirror." >&2
  exit 2
fi
audit tests/requirements.txt
