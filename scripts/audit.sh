#!/usr/bin/env bash
# Asks PyPI which of the locked versions have known vulnerabilities; exits with 1 if any has, with 2 if PyPI does not tell,
# as many mirrors do. The tests' lock holds every other lock: tests/unit/supply.
set -euo pipefail
cd "$(dirname "$0")/.."

audit() { # REQUIREMENTS
  .local/venv/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes --requirement "$1"
}

# One that is known to be vulnerable tells a service that knows nothing from a clean answer.
control=$(mktemp)
trap 'rm -f "$control"' EXIT
printf 'jinja2==2.4.1 --hash=sha256:%064d\n' 0 >"$control"
said=$(audit "$control" 2>&1 || true)
if [[ $said != *"known vulnerabilit"*"in 1 package"* ]]; then
  echo "${said##*$'\n'}" >&2
  echo "Nothing was audited: from here PyPI does not tell of vulnerabilities, not even of Jinja2 2.4.1." \
    "Run \`make audit\` where PyPI itself is reached, not a mirror of its files." >&2
  exit 2
fi
audit tests/requirements.txt
