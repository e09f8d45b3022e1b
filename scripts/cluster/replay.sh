#!/usr/bin/env bash
# Replays the dead letters of the cluster: creates a Job from the CronJob replay, and prints its log.
set -euo pipefail
namespace=video2mp3
job=$(kubectl -n $namespace create job "replay-$(date -u +%Y%m%d-%H%M%S)" --from=cronjob/replay -o name)
finished() { kubectl -n $namespace get "$job" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}'; }
for ((seconds = 0; seconds < 300; seconds++)); do
  case $(finished) in
    *Complete*) exec kubectl -n $namespace logs "$job" ;;
    *Failed*) kubectl -n $namespace logs "$job" >&2 && exit 1 ;;
  esac
  sleep 1
done
echo "replay: $job has not ended after 5 minutes; see: kubectl -n $namespace describe $job" >&2
exit 1
