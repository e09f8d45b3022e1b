#!/usr/bin/env bash
# user.sh ADDRESS: creates an account in the cluster, and prints a link to set its password. The link is in no log.
set -euo pipefail
namespace=video2mp3
# The request starts a pod of auth if there is none.
kubectl -n $namespace exec deployment/gateway -c nginx -- \
  curl --silent --fail --max-time 60 --output /dev/null http://auth.video2mp3.svc.cluster.local/auth/keys
pod=$(kubectl -n $namespace get pods -l app.kubernetes.io/name=auth --field-selector status.phase=Running -o name | head -n 1)
exec kubectl -n $namespace exec "$pod" -c function -- python3.11 -m functions.auth.invite "$1"
