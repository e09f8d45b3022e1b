#!/usr/bin/env bash
# Installs Knative with Kourier, its RabbitMQ broker and RabbitMQ's operators on the kubeconfig's cluster, each from its
# project's release, at the versions of infra/versions/versions.env. Before it changes the cluster, it downloads all release
# manifests and verifies those whose checksum `make pin` has recorded. Safe to repeat, also after an interruption.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/cluster/sources.sh
downloads=.local/releases

say() { printf '%5d s  %s\n' "$SECONDS" "$1"; }

download() { # URL of a manifest
  local file=$downloads/${1##*/} recorded sum
  curl -fsSL --retry 3 -o "$file" "$1" || { echo "$1 cannot be downloaded. Nothing was installed." >&2; exit 1; }
  recorded=$(awk -v url="$1" '$2 == url { print $1 }' "$record")
  sum=$(sha256sum <"$file" | cut -d' ' -f1)
  if [[ -z $recorded ]]; then
    unverified+=("$1")
  elif [[ $sum != "$recorded" ]]; then
    cat >&2 <<END
$1
does not have its recorded checksum. Nothing was installed.
    recorded    $recorded ($record)
    downloaded  $sum ($file)
Find out why the file has changed since it was recorded. If its project confirms the change, make pin records it.
END
    exit 1
  fi
}

apply() { # URL of a manifest
  local manifest said tries=1
  # The activator waits for its requests to end; an upload may take an hour (config-defaults, below).
  manifest=$(sed 's/terminationGracePeriodSeconds: 600$/terminationGracePeriodSeconds: 3600/' "$downloads/${1##*/}")
  # A webhook that has just been installed rejects everything until it has its certificate.
  until said=$(kubectl apply --server-side --force-conflicts -f - <<<"$manifest" 2>&1); do
    ((tries++ < 20)) || { grep -v 'serverside-applied$' <<<"$said" >&2; exit 1; }
    sleep 6
  done
  kubectl wait crd --all --for=condition=Established --timeout=2m >/dev/null
}

install() { # WHAT NAMESPACE URL...: waits until its Deployments are available
  local what=$1 namespace=$2 url
  shift 2
  for url; do apply "$url"; done
  kubectl -n "$namespace" wait deployment --all --for=condition=Available --timeout=15m >/dev/null ||
    { kubectl -n "$namespace" get pods >&2; exit 1; }
  say "$what"
}

configure() { # NAME-OF-CONFIGMAP DATA
  kubectl -n knative-serving patch configmap "$1" --type merge -p "{\"data\":{$2}}" >/dev/null
}

mkdir -p "$downloads"
unverified=()
for url in "${releases[@]}"; do download "$url"; done
if ((${#unverified[@]})); then
  echo "Not verified, as no checksum is recorded (make pin records them):" >&2
  printf '    %s\n' "${unverified[@]}" >&2
fi

echo "Installing on the cluster $(kubectl config current-context)"
install "Knative Serving $KNATIVE_SERVING" knative-serving "${serving[@]}"
install "Kourier $NET_KOURIER" kourier-system "${kourier[@]}"
kubectl apply -f infra/platform/kourier-internal.yaml >/dev/null
configure config-network '"ingress-class": "kourier.ingress.networking.knative.dev"'
configure config-kourier '"enable-service-access-logging": "false"' # it logs paths with their queries, signed links too
configure config-defaults '"max-revision-timeout-seconds": "3600"'
install "Knative Eventing $KNATIVE_EVENTING" knative-eventing "${eventing[@]}"
install "cert-manager $CERT_MANAGER" cert-manager "${cert_manager[@]}"
install "RabbitMQ's cluster operator $RABBITMQ_CLUSTER_OPERATOR" rabbitmq-system "${cluster_operator[@]}"
install "RabbitMQ's topology operator $RABBITMQ_TOPOLOGY_OPERATOR" rabbitmq-system "${topology_operator[@]}"
install "Knative's RabbitMQ broker $EVENTING_RABBITMQ" knative-eventing "${broker[@]}"
