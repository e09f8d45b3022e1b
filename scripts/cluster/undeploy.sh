#!/usr/bin/env bash
# Deletes the namespace with all that is in it, data and Secrets too. Asks before, unless CONFIRM=yes.
set -euo pipefail
echo "This deletes the namespace video2mp3 from the cluster $(kubectl config current-context), with all videos, MP3s, accounts"
echo "and Secrets in it. Knative, the operators, the images, and stores outside of the namespace stay."
if [[ ${CONFIRM-} != yes ]]; then
  read -rp 'Type "yes" to go on: ' answer
  [[ $answer == yes ]] || { echo "Nothing was deleted." >&2; exit 1; }
fi
# The broker first: its queues can be deleted only while RabbitMQ is there.
for kind in triggers.eventing.knative.dev brokers.eventing.knative.dev; do
  kubectl -n video2mp3 delete "$kind" --all --timeout=2m || echo "Going on without; the namespace may stay Terminating for it." >&2
done
kubectl delete namespace video2mp3 --ignore-not-found --timeout=10m
