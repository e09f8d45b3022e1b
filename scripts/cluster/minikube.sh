#!/usr/bin/env bash
# From nothing to the whole system on Minikube. Safe to repeat, also after an interruption.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=/dev/null
. infra/versions/versions.env

missing=0
need() { # WHERE-TO-GET-IT COMMAND...: one of the commands
  local where=$1 command
  shift
  for command; do
    if command -v "$command" >/dev/null; then return; fi
  done
  printf '  - %s: %s\n' "$*" "$where" >&2
  missing=1
}
need https://minikube.sigs.k8s.io/docs/start/ minikube
need https://kubernetes.io/docs/tasks/tools/ kubectl
need "one of them, to build the images: https://docs.docker.com/engine/install/ or https://podman.io/docs/installation" \
  docker podman buildah
need "your system's package" curl
need "your system's package" openssl
((!missing)) || { echo "Install the programs above, then run make minikube again." >&2; exit 1; }
command -v kn >/dev/null ||
  echo "kn is missing; only \`make status\` needs it: https://knative.dev/docs/client/install-kn/" >&2

# An existing cluster keeps its size and its network plugin. Calico enforces NetworkPolicies.
minikube start --kubernetes-version="$KUBERNETES" --cni=calico --cpus=4 --memory=8g --disk-size=40g
scripts/cluster/install.sh
# The routes' names resolve to this machine, where a port-forward of Kourier receives their requests.
kubectl -n knative-serving patch configmap config-domain --type merge -p '{"data":{"127.0.0.1.sslip.io":""}}'
scripts/cluster/images.sh
OVERLAY=minikube exec scripts/cluster/deploy.sh
