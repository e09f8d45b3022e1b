#!/usr/bin/env bash
# logs.sh FUNCTION: follows the logs of all pods of the function, including pods that start later, until Ctrl-C.
set -euo pipefail
function=${1:-none}
if [[ ! -f functions/$function/main.py ]]; then
  echo "FUNCTION must be one of:" functions/*/main.py | sed 's|functions/\([a-z]*\)/main.py|\1|g' >&2
  exit 1
fi
pods=(-n video2mp3 -l "serving.knative.dev/service=$function")
[[ $(kubectl get pods "${pods[@]}" -o name) ]] || echo "$function has no pod now. Waiting until a pod starts. Ctrl-C stops waiting." >&2

# One line for each change of a pod. A running container has an id, and a restarted one has another id.
# shellcheck disable=SC2016
kubectl get pods "${pods[@]}" --watch \
  -o jsonpath='{.metadata.name} {.status.containerStatuses[?(@.name=="function")].containerID}{"\n"}' | {
  trap 'kill $(jobs -p) 2>/dev/null' EXIT
  seen=
  while read -r pod container; do
    [[ -n $container && $seen != *$container* ]] || continue
    seen+=" $container"
    kubectl logs -n video2mp3 "$pod" -c function --follow --prefix --tail=50 &
  done
}
