#!/usr/bin/env bash
# Installs Knative with Kourier, its RabbitMQ broker and RabbitMQ's operators on the kubeconfig's cluster, each from its
# project's release, at the versions of infra/versions/versions.env. Safe to repeat, also after an interruption.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=/dev/null
. infra/versions/versions.env

say() { printf '%5d s  %s\n' "$SECONDS" "$1"; }

apply() { # URL of a manifest
  local manifest said tries=1
  # The activator waits for its requests to end; an upload may take an hour (config-defaults, below).
  manifest=$(curl -fsSL --retry 3 "$1" | sed 's/terminationGracePeriodSeconds: 600$/terminationGracePeriodSeconds: 3600/') ||
    { echo "$1 cannot be downloaded." >&2; exit 1; }
  # A webhook that has just been installed rejects everything until it has its certificate.
  until said=$(kubectl apply --server-side --force-conflicts -f - <<<"$manifest" 2>&1); do
    ((tries++ < 20)) || { grep -v 'serverside-applied$' <<<"$said" >&2; exit 1; }
    sleep 6
  done
  kubectl wait crd --all --for=condition=Established --timeout=2m >/dev/null
}

install() { # WHAT NAMESPACE RELEASE-FILE...: waits until its Deployments are available
  local what=$1 namespace=$2 file
  shift 2
  for file; do apply "https://github.com/$file"; done
  kubectl -n "$namespace" wait deployment --all --for=condition=Available --timeout=15m >/dev/null ||
    { kubectl -n "$namespace" get pods >&2; exit 1; }
  say "$what"
}

configure() { # NAME-OF-CONFIGMAP DATA
  kubectl -n knative-serving patch configmap "$1" --type merge -p "{\"data\":{$2}}" >/dev/null
}

echo "Installing on the cluster $(kubectl config current-context)"
install "Knative Serving $KNATIVE_SERVING" knative-serving \
  "knative/serving/releases/download/$KNATIVE_SERVING/serving-crds.yaml" \
  "knative/serving/releases/download/$KNATIVE_SERVING/serving-core.yaml"
install "Kourier $NET_KOURIER" kourier-system \
  "knative-extensions/net-kourier/releases/download/$NET_KOURIER/kourier.yaml"
kubectl apply -f infra/platform/kourier-internal.yaml >/dev/null
configure config-network '"ingress-class": "kourier.ingress.networking.knative.dev"'
configure config-defaults '"max-revision-timeout-seconds": "3600"'
install "Knative Eventing $KNATIVE_EVENTING" knative-eventing \
  "knative/eventing/releases/download/$KNATIVE_EVENTING/eventing-crds.yaml" \
  "knative/eventing/releases/download/$KNATIVE_EVENTING/eventing-core.yaml"
install "cert-manager $CERT_MANAGER" cert-manager \
  "cert-manager/cert-manager/releases/download/$CERT_MANAGER/cert-manager.yaml"
install "RabbitMQ's cluster operator $RABBITMQ_CLUSTER_OPERATOR" rabbitmq-system \
  "rabbitmq/cluster-operator/releases/download/$RABBITMQ_CLUSTER_OPERATOR/cluster-operator.yml"
install "RabbitMQ's topology operator $RABBITMQ_TOPOLOGY_OPERATOR" rabbitmq-system \
  "rabbitmq/messaging-topology-operator/releases/download/$RABBITMQ_TOPOLOGY_OPERATOR/messaging-topology-operator-with-certmanager.yaml"
install "Knative's RabbitMQ broker $EVENTING_RABBITMQ" knative-eventing \
  "knative-extensions/eventing-rabbitmq/releases/download/$EVENTING_RABBITMQ/rabbitmq-broker.yaml"
