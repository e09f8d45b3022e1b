#!/usr/bin/env bash
# Records what the versions stand for today: the digest of each third-party image, beside its tag in versions.env and in the
# Dockerfile, and the checksum of each release manifest, in releases.sha256. What cannot be looked up keeps its record; the
# exit code is then 1. skopeo and curl use the machine's own configuration: registries.conf, `skopeo login`, ~/.curlrc.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:$PWD/.local/bin # skopeo, where the set-up unpacked it
. scripts/cluster/sources.sh
versions=infra/versions/versions.env dockerfile=infra/images/Dockerfile record=infra/versions/releases.sha256
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

pin_image() { # REPOSITORY FILE BEFORE: in the line of FILE that begins with BEFORE, the tag follows, and the digest if recorded
  local tag old new
  IFS=@ read -r tag old < <(sed -n "s|^$3\([^ ]*\).*|\1|p" "$2")
  new=$(skopeo --command-timeout 1m inspect --no-tags --format '{{.Digest}}' "docker://$1:$tag" 2>"$scratch/error") || new=
  report "$1:$tag" "$old" "$new"
  if [[ -n $new ]]; then sed -i "s|^$3[^ ]*|$3$tag@$new|" "$2"; fi
}

pin_release() { # URL: adds its line to $scratch/record
  local old new=
  old=$(awk -v url="$1" '$2 == url { print $1 }' "$record")
  if curl -fsSL -m 120 -o "$scratch/manifest" "$1" 2>"$scratch/error"; then
    new=$(sha256sum <"$scratch/manifest" | cut -d' ' -f1)
  fi
  report "$1" "$old" "$new"
  if [[ -n $new$old ]]; then echo "${new:-$old}  $1" >>"$scratch/record"; fi
}

for image in "${images[@]}"; do pin_image "${image#*=}" "$versions" "${image%%=*}="; done
base=docker.io/library/debian
pin_image "$base" "$dockerfile" "FROM $base:"
grep '^#' "$record" >"$scratch/record"
for url in "${releases[@]}"; do pin_release "$url"; done
cp "$scratch/record" "$record"

if ((unresolved)); then
  echo "Run make pin again where the network and the registries answer." >&2
  exit 1
fi
