#!/usr/bin/env bash
# Deploys infra/overlays/$OVERLAY to the kubeconfig's cluster and waits until all of it is ready. Safe to repeat.
# Needs Knative and the RabbitMQ operators there (scripts/cluster/install.sh), and the images of `make images`.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/cluster/sources.sh
overlay=${OVERLAY:-minikube}
registry=${REGISTRY:-dev.local}
[[ -d infra/overlays/$overlay ]] || { echo "OVERLAY must be one of: $(cd infra/overlays && echo *)" >&2; exit 1; }

say() { printf '%5d s  %s\n' "$SECONDS" "$1"; }

kustomization() { # the overlay with the images of this commit
  printf 'resources:\n  - ../../infra/overlays/%s\nimages:\n' "$overlay"
  for part in "${own[@]}"; do
    printf '  - {name: dev.local/video2mp3/%s, newName: %s/video2mp3/%s, newTag: "%s"}\n' \
      "$part" "$registry" "$part" "$tag"
  done
}

report_unpinned() { # names the third-party images whose tag and digest are not in the record
  local unpinned
  unpinned=$(kubectl kustomize .local/deploy | awk 'NR == FNR { recorded[$2 "@sha256:" $1]; next }
    /^ *(- )?image: / && !/\/video2mp3\// && !($NF in recorded) { print "    " $NF }' infra/versions/recorded.sha256 - | sort -u)
  [[ -z $unpinned ]] || printf 'Not pinned, as no digest is recorded for these tags (make pin records them):\n%s\n' "$unpinned" >&2
}

apply() { # FOLDER with a kustomization
  local output
  # By force: a SinkBinding owns the field of the Services to which it adds K_SINK. It adds it again at once.
  if output=$(kubectl apply --server-side --force-conflicts -k "$1" 2>&1); then return; fi
  echo "$output" | grep -v 'serverside-applied$' >&2
  if grep -qi immutable <<<"$output"; then
    cat >&2 <<'END'
The spec of a Broker or a Trigger cannot be changed. Delete the object, then deploy again:
    kubectl -n video2mp3 delete broker default       # or: trigger NAME
Its queues and their events are deleted too. sweep republishes these events later, so no video is lost.
END
  fi
  exit 1
}

wait_for() { # WHAT KIND/NAME CONDITION [LABELS-OF-ITS-PODS]: the condition "rolled-out" is that of Deployments and StatefulSets
  local found kind=${2%/*} name=${2#*/} pods=${4:-app.kubernetes.io/name=${2#*/}} wait=(wait "$2" --for="condition=$3")
  [[ $3 != rolled-out ]] || wait=(rollout status "$2")
  if kubectl -n video2mp3 "${wait[@]}" --timeout=10m >/dev/null 2>&1; then
    say "$1"
    return
  fi
  {
    echo "$2 is not $3 after ten minutes. Its conditions, its events and the last log lines of its pods follow:"
    kubectl -n video2mp3 get "$2" \
      -o jsonpath='{range .status.conditions[*]}  {.type}={.status} {.reason} {.message}{"\n"}{end}'
    kubectl -n video2mp3 get events --field-selector "involvedObject.name=$name" | tail -n 10
    found=$(kubectl -n video2mp3 get pods -l "$pods")
    echo "$found"
    [[ $found != *ImagePull* ]] || echo "The cluster cannot pull an image. Run make images with the same REGISTRY as this command."
    kubectl -n video2mp3 logs -l "$pods" --all-containers --prefix --tail=20
    echo "For more: kubectl -n video2mp3 describe $kind $name, or make k9s. It is safe to run make deploy again."
  } >&2 || true
  exit 1
}

wait_for_job() { # WHAT NAME: a hash follows the name
  wait_for "$1" "$(kubectl -n video2mp3 get job -l "app.kubernetes.io/name=$2" -o name)" Complete "app.kubernetes.io/name=$2"
}

echo "Deploying the overlay $overlay to the cluster $(kubectl config current-context 2>/dev/null || echo of the kubeconfig)"
scripts/cluster/check.sh "$overlay"

functions=$(printf '%s\n' functions/*/main.py | cut -d/ -f2)
tag=$(scripts/cluster/tag.sh)
mkdir -p .local/deploy
kustomization >.local/deploy/kustomization.yaml
report_unpinned
kubectl apply --server-side -f infra/base/namespace.yaml >/dev/null
scripts/cluster/secrets.sh "$overlay"
# Without their Jobs the set-up programs run again: a changed password reaches the stores.
kubectl -n video2mp3 delete job -l app.kubernetes.io/part-of=video2mp3 >/dev/null
# A revision whose pods did not start in time, as after a deploy without its images, stays failed for ever. Knative makes it
# anew once it is deleted.
ready='{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}'
kubectl -n video2mp3 get revisions.serving.knative.dev -o jsonpath="$ready" | awk '$2 == "False" { print $1 }' |
  xargs -r kubectl -n video2mp3 delete revisions.serving.knative.dev >/dev/null
apply .local/deploy
say "applied"

if [[ $overlay == minikube ]]; then
  wait_for MongoDB statefulset/mongodb rolled-out
  wait_for MySQL statefulset/mysql rolled-out
  wait_for RabbitMQ rabbitmqcluster/rabbitmq AllReplicasReady
  wait_for "the mail catcher" deployment/mail rolled-out
  # While RabbitMQ starts, the controllers of the broker and of its exchange back off exponentially, up to minutes. They retry
  # at once when their objects change.
  for object in broker exchanges.rabbitmq.com; do
    kubectl -n video2mp3 annotate "$object" --all --overwrite "video2mp3/rabbitmq-ready=$(date +%s)" >/dev/null 2>&1 || true
  done
fi
wait_for_job "MongoDB's users and indexes" mongodb-setup
wait_for_job "MySQL's tables and user" mysql-setup
wait_for "the broker" broker/default Ready eventing.knative.dev/broker=default
for file in eventing/sinkbinding-*.yaml; do # first, as each causes a new revision of its function
  name=$(basename "$file" .yaml)
  wait_for "$name" "${name/-//}" Ready eventing.knative.dev/broker=default
done
for function in $functions; do
  wait_for "$function" "ksvc/$function" Ready "serving.knative.dev/service=$function"
done
for file in eventing/{trigger,pingsource}-*.yaml; do
  name=$(basename "$file" .yaml)
  wait_for "$name" "${name/-//}" Ready eventing.knative.dev/broker=default
done
wait_for "dead letters" broker/default DeadLetterSinkResolved eventing.knative.dev/broker=default
wait_for "the gateway" deployment/gateway rolled-out
scripts/cluster/reach.sh "$overlay"
