#!/usr/bin/env bash
# Deploys infra/overlays/$OVERLAY to the kubeconfig's cluster, and waits until all of it is ready. Safe to repeat.
# Needs Knative and the RabbitMQ operators there (scripts/cluster/install.sh), and the images of `make images`.
set -euo pipefail
cd "$(dirname "$0")/../.."
overlay=${OVERLAY:-minikube}
registry=${REGISTRY:-dev.local}
[[ -d infra/overlays/$overlay ]] || { echo "OVERLAY must be one of: $(cd infra/overlays && echo *)" >&2; exit 1; }

say() { printf '%5d s  %s\n' "$SECONDS" "$1"; }

echo "To the cluster $(kubectl config current-context 2>/dev/null || echo of the kubeconfig), overlay $overlay"
scripts/cluster/check.sh "$overlay"

# In three steps. The stores come first: what asks for one that is not up yet backs off for minutes. The functions come last:
# the broker has the address by then that a SinkBinding injects as K_SINK when a function is created. Earlier, three of them
# would have a first revision without it, which does not start.
functions=$(printf '%s\n' functions/*/main.py | cut -d/ -f2)
tag=$(scripts/cluster/tag.sh)
mkdir -p .local/deploy
{
  printf 'resources:\n  - ../../infra/overlays/%s\n' "$overlay"
  printf 'patches:\n'
  for step in "second eventing.knative.dev|sources.knative.dev|batch" "third serving.knative.dev"; do
    printf '  - target: {group: %s}\n    patch: |\n' "${step#* }"
    printf '      - {op: add, path: /metadata/labels/deploy-step, value: %s}\n' "${step% *}"
  done
  printf 'images:\n'
  for function in $functions; do
    printf '  - {name: dev.local/video2mp3/%s, newName: %s/video2mp3/%s, newTag: "%s"}\n' "$function" "$registry" "$function" "$tag"
  done
} >.local/deploy/kustomization.yaml
kubectl kustomize .local/deploy >.local/deploy/manifests.yaml

apply() { # SELECTOR: of the manifests those whose labels it selects
  local said
  # By force: a SinkBinding owns a field of the Services that it writes to.
  if said=$(kubectl apply --server-side --force-conflicts -f .local/deploy/manifests.yaml -l "$1" 2>&1); then return; fi
  echo "$said" | grep -v 'serverside-applied$' >&2
  if grep -qi immutable <<<"$said"; then
    cat >&2 <<'END'
A Broker's and a Trigger's spec cannot be changed. Delete it, then deploy again:
    kubectl -n video2mp3 delete broker default       # or: trigger NAME
Events under way go with its queues; the sweeper tells again what is overdue, so no video is lost.
END
  fi
  exit 1
}

wait_for() { # WHAT KIND/NAME CONDITION [LABELS-OF-ITS-PODS]: the condition "rolled-out" is that of Deployments and StatefulSets
  local seen kind=${2%/*} name=${2#*/} pods=${4:-app.kubernetes.io/name=${2#*/}} wait=(wait "$2" --for="condition=$3")
  [[ $3 != rolled-out ]] || wait=(rollout status "$2")
  if kubectl -n video2mp3 "${wait[@]}" --timeout=10m >/dev/null 2>&1; then
    say "$1"
    return
  fi
  {
    echo "$2 is not $3 after ten minutes. Its conditions, events, and its pods' last words:"
    kubectl -n video2mp3 get "$2" \
      -o jsonpath='{range .status.conditions[*]}  {.type}={.status} {.reason} {.message}{"\n"}{end}'
    kubectl -n video2mp3 get events --field-selector "involvedObject.name=$name" | tail -n 10
    seen=$(kubectl -n video2mp3 get pods -l "$pods")
    echo "$seen"
    [[ $seen != *ImagePull* ]] || echo "An image is not there: make images, and with the same REGISTRY, if any."
    kubectl -n video2mp3 logs -l "$pods" --all-containers --prefix --tail=20
    echo "Look on: kubectl -n video2mp3 describe $kind $name; make k9s; make deploy again is safe."
  } >&2 || true
  exit 1
}

kubectl apply --server-side -f infra/base/namespace.yaml >/dev/null
scripts/cluster/secrets.sh "$overlay"
kubectl -n video2mp3 delete job mongodb-setup mysql-setup --ignore-not-found >/dev/null # Jobs are immutable
apply '!deploy-step'
say "applied all but events and functions"

if [[ $overlay == minikube ]]; then
  wait_for MongoDB statefulset/mongodb rolled-out
  wait_for MySQL statefulset/mysql rolled-out
  wait_for RabbitMQ rabbitmqcluster/rabbitmq AllReplicasReady
  wait_for "the mails' page" deployment/mail rolled-out
fi
apply deploy-step=second
wait_for "MongoDB's users and indexes" job/mongodb-setup Complete
wait_for "MySQL's tables and user" job/mysql-setup Complete
wait_for "the broker" broker/default Ready eventing.knative.dev/broker=default
apply deploy-step=third
for function in $functions; do
  wait_for "$function" "ksvc/$function" Ready "serving.knative.dev/service=$function"
done
for file in eventing/{sinkbinding,trigger,pingsource}-*.yaml; do
  object=$(basename "$file" .yaml)
  wait_for "$object" "${object%%-*}/${object#*-}" Ready eventing.knative.dev/broker=default
done
wait_for "dead letters" broker/default DeadLetterSinkResolved eventing.knative.dev/broker=default
wait_for "the gateway" deployment/gateway rolled-out
scripts/cluster/reach.sh "$overlay"
