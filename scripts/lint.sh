#!/usr/bin/env bash
# Everything that can be said about the code without running it.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.local/venv/bin
$bin/ruff format --check --quiet
$bin/ruff check --quiet
$bin/mypy --no-error-summary
PYTHONPATH=. $bin/lint-imports --no-logo --no-cache
$bin/bandit --quiet --recursive --severity-level medium --configfile pyproject.toml functions infra scripts
scripts/no-secrets.sh
# Known vulnerabilities. A PyPI that tells of none, such as a mirror, is no fault of the code: it says that nothing was
# audited, and only `make audit` fails of it.
scripts/audit.sh || [[ $? == 2 ]]
