#!/usr/bin/env bash
# Runs the suites of `make test`: four at a time, as most of them wait more than they compute; last and alone those that
# measure time. Each line of output begins with its suite's name; at the end stands how long each suite took.
set -euo pipefail
cd "$(dirname "$0")/.."
queue=$(mktemp) results=$(mktemp)
trap 'rm -f "$queue" "$results"' EXIT

run() { # "TARGET [VARIABLE=VALUE]": a suite that fails does not keep the next from running
  local suite=$1 began=$SECONDS result=passed words
  read -ra words <<<"$suite"
  echo "$suite: begins"
  make "${words[@]}" </dev/null 2>&1 | (trap '' INT && exec sed -u "s,^,$suite: ,") || result=FAILED
  printf '%-36s %-6s %4d s\n' "$suite" $result $((SECONDS - began)) | tee -a "$results"
}

lane() { # runs the queue's next suite until there is none
  local suite
  trap 'exit 130' INT
  while suite=$(flock "$results" sed -i -e '1w /dev/stdout' -e 1d "$queue") && [[ $suite ]]; do run "$suite"; done
}

# The longest first, so that the lanes end together. Each folder of the integration tests is a suite of its own here.
{
  printf '%s\n' "test-integration FOLDER=convert" test-journey test-browser "test-integration FOLDER=upload" test-properties
  for folder in tests/integration/*/; do
    [[ $folder == */@(__pycache__|convert|upload)/ ]] || echo "test-integration FOLDER=$(basename "$folder")"
  done
  printf '%s\n' test-{contract,api,client} lint test-{unit,manifests}
} >"$queue"

# Each lane is a process group of its own, so that Ctrl-C reaches it and lets its servers stop.
set -m
lanes=()
for _ in 1 2 3 4; do
  lane &
  lanes+=(-$!)
done
trap 'kill -INT -- "${lanes[@]}"; wait; exit 130' INT TERM
wait
trap - INT TERM
set +m
run test-timing

printf '\n%s\n%-43s %4d s\n' "$(<"$results")" together $SECONDS
! grep -q FAILED "$results"
