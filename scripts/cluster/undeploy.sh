#!/usr/bin/env bash
# Deletes the namespace with everything in it, including data and Secrets. Asks first, unless CONFIRM=yes.
set -euo pipefail
echo "This deletes the namespace video2mp3 from the cluster $(kubectl config current-context), with all videos, MP3s, accounts"
echo "and Secrets in it. Knative, the operators, the images, and stores outside of the namespace are kept."
if [[ ${CONFIRM-} != yes ]]; then
  read -rp 'Type "yes" to continue: ' answer
  [[ $answer == yes ]] || { echo "Nothing was deleted." >&2; exit 1; }
fi
gone() { # WHAT-TO-DELETE
  kubectl -n video2mp3 delete "$@" --all --ignore-not-found --timeout=3m ||
    echo "Some objects were not deleted. Continuing; the namespace may remain in the state Terminating." >&2
}
# The broker first: its queues can be deleted only while RabbitMQ is there.
gone triggers.eventing.knative.dev
gone brokers.eventing.knative.dev
# Then the pods, without their grace period of up to an hour: the namespace controller would only check again much later.
gone services.serving.knative.dev,deployments,statefulsets,jobs
! kubectl get crd rabbitmqclusters.rabbitmq.com >/dev/null 2>&1 || gone rabbitmqclusters.rabbitmq.com
gone pods --grace-period=5
kubectl delete namespace video2mp3 --ignore-not-found --timeout=10m
