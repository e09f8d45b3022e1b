#!/usr/bin/env bash
# All checks of the code that do not run it.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.local/venv/bin
$bin/ruff format --check --quiet
$bin/ruff check --quiet
$bin/mypy --no-error-summary
PYTHONPATH=. $bin/lint-imports --no-logo --no-cache
$bin/bandit --quiet --recursive --severity-level medium --configfile pyproject.toml functions infra scripts
scripts/no-secrets.sh
# Known vulnerabilities. A package index without vulnerability data, such as a mirror, is not a fault of the code:
# audit-locks.sh reports that nothing was audited, and only `make audit` fails.
scripts/audit-locks.sh || [[ $? == 2 ]]
