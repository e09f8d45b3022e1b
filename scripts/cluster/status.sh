#!/usr/bin/env bash
# Shows the namespace's functions, broker, triggers, sources, queue depths and pods.
set -euo pipefail
command -v kn >/dev/null || { echo "kn is missing, Knative's command line: https://knative.dev/docs/client/install-kn/" >&2; exit 1; }
kubectl get namespace video2mp3 >/dev/null || { echo "The system is not deployed there. Run make deploy first." >&2; exit 1; }

title() { printf '\n== %s\n' "$1"; }

title Functions && kn service list -n video2mp3
title Broker && kn broker list -n video2mp3
title Triggers && kn trigger list -n video2mp3
title Sources && kn source list -n video2mp3

title Queues
if kubectl -n video2mp3 get pod rabbitmq-server-0 >/dev/null 2>&1; then
  kubectl -n video2mp3 exec rabbitmq-server-0 -c rabbitmq -- \
    rabbitmqctl -q list_queues name messages_ready messages_unacknowledged consumers || echo "RabbitMQ does not answer."
else
  secret() { kubectl -n video2mp3 get secret rabbitmq -o "jsonpath={.data.$1}" | openssl base64 -d -A; }
  uri=$(secret uri)
  # curl reads the password from its standard input, as every user may read a process's arguments.
  printf 'user = "%s:%s"' "$(secret username)" "$(secret password)" |
    curl -fsS -m 10 -K - "$uri/api/queues?columns=name,messages_ready,messages_unacknowledged,consumers" |
    awk -v RS='{' 'NR > 1 { gsub(/[]"}]|,$/, ""); print }' || echo "RabbitMQ's management API at $uri cannot be reached from here."
fi

title Pods && kubectl -n video2mp3 get pods
