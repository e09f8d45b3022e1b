#!/usr/bin/env bash
# Records what the versions stand for today, in infra/versions/recorded.sha256: the digest of each third-party image, which it
# also adds to the tag in versions.env or the Dockerfile, and the checksum of each release manifest. What cannot be looked up
# keeps its record; the exit code is then 1. skopeo and curl use the machine's own configuration: registries.conf,
# `skopeo login`, ~/.curlrc.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:$PWD/.local/bin # skopeo, where the set-up unpacked it
. scripts/cluster/sources.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unresolved=0

report() { # NAME OLD NEW: NEW is empty if the name could not be resolved, for the reason in $scratch/error
  if [[ -z $3 ]]; then
    unresolved=1
    printf 'NOT RESOLVED %s: %s\n' "$1" "$(tail -n 1 "$scratch/error" | sed -E 's/^.*msg="(.*)"$/\1/; s/\\"/"/g')" >&2
    echo "             ${2:-nothing} stays recorded" >&2
  elif [[ -z $2 ]]; then
    printf 'recorded     %s %s\n' "$1" "$3"
  elif [[ $2 == "$3" ]]; then
    printf 'unchanged    %s %s\n' "$1" "$3"
  else
    printf 'CHANGED      %s %s, was %s\n' "$1" "$3" "$2"
  fi
}

recorded() { awk -v name="$1" '$2 == name { print $1 }' "$record"; }

keep() { # NAME OLD NEW: reports, and adds the line of NAME to the new record
  report "$@"
  if [[ -n $3$2 ]]; then echo "${3:-$2}  $1" >>"$scratch/record"; fi
}

pin_image() { # REPOSITORY FILE BEFORE: the tag follows in the line of FILE that begins with BEFORE
  local tag old new now
  tag=$(sed -n "s|^$3\([^@ ]*\).*|\1|p" "$2")
  old=$(recorded "$1:$tag")
  new=$(skopeo --command-timeout 1m inspect --no-tags --format '{{.Digest}}' "docker://$1:$tag" 2>"$scratch/error") || new=
  new=${new#sha256:}
  keep "$1:$tag" "$old" "$new"
  now=${new:-$old}
  sed -i "s|^$3[^ ]*|$3$tag${now:+@sha256:$now}|" "$2" # without the digest of another tag
}

pin_release() { # URL
  local new=
  if curl -fsSL -m 120 -o "$scratch/manifest" "$1" 2>"$scratch/error"; then
    new=$(sha256sum <"$scratch/manifest" | cut -d' ' -f1)
  fi
  keep "$1" "$(recorded "$1")" "$new"
}

grep '^#' "$record" >"$scratch/record"
for image in "${images[@]}"; do pin_image "${image#*=}" infra/versions/versions.env "${image%%=*}="; done
pin_image "$base" infra/images/Dockerfile "FROM $base:"
for url in "${releases[@]}"; do pin_release "$url"; done
cp "$scratch/record" "$record"

if ((unresolved)); then
  echo "Run make pin again where the network and the registries answer." >&2
  exit 1
fi
