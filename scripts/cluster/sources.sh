# Sourced in the root: the images of this project, and where the programs of others come from, at the versions of versions.env.
# shellcheck shell=bash disable=SC2034 # used by the scripts that source this
# shellcheck source=/dev/null
. infra/versions/versions.env

# What this project has an image of: the page, and each function.
mapfile -t own < <(echo page && printf '%s\n' functions/*/main.py | cut -d/ -f2)
# The third-party images, each as the name of its version in versions.env, and its repository.
images=(NGINX=nginx MONGODB=mongo MYSQL=mysql RABBITMQ=rabbitmq MAILPIT=axllent/mailpit)
# The image in which the functions' images are built.
base=docker.io/library/debian
# The digests and checksums that `make pin` has recorded, each with its name.
record=infra/versions/recorded.sha256

# The release manifests of each part of the platform.
github=https://github.com
serving=(
  "$github/knative/serving/releases/download/$KNATIVE_SERVING/serving-crds.yaml"
  "$github/knative/serving/releases/download/$KNATIVE_SERVING/serving-core.yaml"
)
kourier=("$github/knative-extensions/net-kourier/releases/download/$NET_KOURIER/kourier.yaml")
eventing=(
  "$github/knative/eventing/releases/download/$KNATIVE_EVENTING/eventing-crds.yaml"
  "$github/knative/eventing/releases/download/$KNATIVE_EVENTING/eventing-core.yaml"
)
cert_manager=("$github/cert-manager/cert-manager/releases/download/$CERT_MANAGER/cert-manager.yaml")
cluster_operator=("$github/rabbitmq/cluster-operator/releases/download/$RABBITMQ_CLUSTER_OPERATOR/cluster-operator.yml")
topology_operator=("$github/rabbitmq/messaging-topology-operator/releases/download/$RABBITMQ_TOPOLOGY_OPERATOR/messaging-topology-operator-with-certmanager.yaml")
broker=("$github/knative-extensions/eventing-rabbitmq/releases/download/$EVENTING_RABBITMQ/rabbitmq-broker.yaml")
releases=(
  "${serving[@]}" "${kourier[@]}" "${eventing[@]}" "${cert_manager[@]}"
  "${cluster_operator[@]}" "${topology_operator[@]}" "${broker[@]}"
)

all_images() { # prints the images of a deployment: the project's own as `make deploy` names them, and the third-party ones
  local image version
  printf "${REGISTRY:-dev.local}/video2mp3/%s:$(scripts/cluster/tag.sh)\n" "${own[@]}"
  for image in "${images[@]}"; do
    version=${image%%=*}
    echo "${image#*=}:${!version}"
  done
}
