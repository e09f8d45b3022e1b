#!/usr/bin/env bash
# Runs the suites of `make test`: three at a time, as most of them wait more than they compute; last and alone those that
# measure time. Each line of output begins with its suite's name; at the end stands how long each suite took.
set -euo pipefail
cd "$(dirname "$0")/.."
results=$(mktemp)
trap 'rm -f "$results"' EXIT

# Runs the suites in order; a suite that fails does not keep the next from running.
in_order() { # TARGET...
  local target began result
  trap 'exit 130' INT
  for target in "$@"; do
    echo "$target: begins"
    began=$SECONDS result=passed
    make "$target" </dev/null 2>&1 | (trap '' INT && exec sed -u "s/^/$target: /") || result=FAILED
    printf '%-18s %-6s %4d s\n' "$target" $result $((SECONDS - began)) | tee -a "$results"
  done
}

# Each lane is a process group of its own, so that Ctrl-C reaches it and lets its servers stop.
set -m
lanes=()
in_order test-integration &
lanes+=(-$!)
in_order test-contract test-journey &
lanes+=(-$!)
in_order test-properties lint test-unit test-manifests test-api &
lanes+=(-$!)
trap 'kill -INT -- "${lanes[@]}"; wait; exit 130' INT TERM
wait
trap - INT TERM
set +m
in_order test-timing

printf '\n%s\n%-25s %4d s\n' "$(<"$results")" together $SECONDS
! grep -q FAILED "$results"
