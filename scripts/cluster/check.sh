#!/usr/bin/env bash
# check.sh OVERLAY: lists what the kubeconfig's cluster lacks for this overlay, and how to add it. Changes nothing.
set -euo pipefail
overlay=$1
lacks=0

lack() { # WHAT WHAT-TO-DO
  printf '  - %s\n    %s\n' "$1" "$2" >&2
  lacks=1
}

crd() { # CRD WHAT WHAT-TO-DO
  [[ $'\n'$crds == *$'\n'"customresourcedefinition.apiextensions.k8s.io/$1"* ]] || lack "$2 ($1)" "$3"
}

command -v kubectl >/dev/null || { echo "kubectl is missing: https://kubernetes.io/docs/tasks/tools/" >&2; exit 1; }
[[ $(kubectl version --client 2>/dev/null) == *"Kustomize Version: v5"* ]] ||
  { echo "kubectl is too old. Install version 1.27 or later: https://kubernetes.io/docs/tasks/tools/" >&2; exit 1; }
answer=$(kubectl --request-timeout=10s get --raw /readyz 2>&1) ||
  { echo "The cluster does not answer: $answer" >&2; echo "Start a cluster (make minikube), or select another cluster: kubectl config use-context NAME" >&2; exit 1; }

install="scripts/cluster/install.sh installs it"
crds=$(kubectl get crd -o name)
crd services.serving.knative.dev "Knative Serving" "$install; https://knative.dev/docs/install/"
crd brokers.eventing.knative.dev "Knative Eventing" "$install; https://knative.dev/docs/install/"
crd rabbitmqbrokerconfigs.eventing.knative.dev "Knative's RabbitMQ broker" \
  "$install; https://github.com/knative-extensions/eventing-rabbitmq"
crd queues.rabbitmq.com "RabbitMQ's messaging topology operator" \
  "$install; https://www.rabbitmq.com/kubernetes/operator/install-topology-operator"
if [[ $overlay == minikube ]]; then
  crd rabbitmqclusters.rabbitmq.com "RabbitMQ's cluster operator" \
    "$install; https://www.rabbitmq.com/kubernetes/operator/install-operator"
  class='{range .items[*]}{.metadata.annotations.storageclass\.kubernetes\.io/is-default-class}{"\n"}{end}'
  [[ $(kubectl get storageclass -o jsonpath="$class") == *true* ]] ||
    lack "a default StorageClass, for the stores' volumes" \
      "kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true"
else
  missing= # those that deploy cannot create
  there=$'\n'$(kubectl -n video2mp3 get secrets -o name)$'\n'
  for secret in mongodb-{admin,upload,convert,notify,download,sweep,webhook,deadletter,replay} mysql-{admin,auth,upload,download,notify,sweep,webhook} rabbitmq smtp; do
    [[ $there == *$'\n'"secret/$secret"$'\n'* ]] || missing+=" $secret"
  done
  [[ -z $missing ]] || lack "these Secrets in the namespace video2mp3:$missing" \
    "infra/overlays/$overlay/README.md describes the content of each Secret"
fi

timeout='{.data.max-revision-timeout-seconds}'
timeout=$(kubectl -n knative-serving get configmap config-defaults --ignore-not-found -o jsonpath="$timeout")
((${timeout:-600} >= 3600)) ||
  lack "a request timeout of 3600 s, for uploads of an hour: Knative's limit is ${timeout:-600} s" \
    "kubectl -n knative-serving patch configmap config-defaults --type merge -p '{\"data\":{\"max-revision-timeout-seconds\":\"3600\"}}'"

((!lacks)) || { echo "The cluster lacks the items above. Nothing was changed. Add them, then repeat the command." >&2; exit 1; }
