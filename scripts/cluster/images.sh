#!/usr/bin/env bash
# Builds the image of each function and that of the page, and delivers them to the cluster: pushed if REGISTRY is set, else loaded by IMAGE_LOAD, a
# command that takes the path of an archive: `minikube image load`, `kind load image-archive`, `k3s ctr images import`, …
# Each has two tags: VERSION, which the manifests name, and VERSION-HASH (tag.sh), which `make deploy` names.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/cluster/sources.sh
read -ra load <<<"${IMAGE_LOAD:-minikube image load}"
export DOCKER_BUILDKIT=1 # before version 23 docker builds without BuildKit by default

fail() {
  printf '%s\n' "$@" | sed '/^$/d' >&2
  exit 1
}

hint() { # what to do about the failure in $log, if it is a known one
  case $(<"$log") in
    *BuildKit* | *buildx*) echo "This build needs BuildKit. Install docker's buildx plugin (on Debian: docker-buildx), or podman." ;;
    *"HTTP response to HTTPS client"*)
      echo "The registry does not use TLS. To allow that: for docker, add it to \"insecure-registries\" in"
      echo "/etc/docker/daemon.json; for podman and buildah, add it with \"insecure = true\" to /etc/containers/registries.conf." ;;
    *unauthorized* | *denied* | *authentication*) echo "Log in to the registry first: $builder login ${REGISTRY%%/*}" ;;
  esac
}

for builder in docker podman buildah none; do
  if "$builder" info >/dev/null 2>&1; then break; fi
done
if [[ $builder == none ]]; then
  fail "No image builder works: \`info\` fails with docker, podman and buildah." \
    "Install one (on Debian: apt-get install podman), or start docker's daemon."
fi
if [[ -z ${REGISTRY-} ]] && ! command -v "${load[0]}" >/dev/null; then
  fail "The images cannot be loaded into a cluster: ${load[0]} is not installed." \
    "Install it, or set REGISTRY to a registry that the cluster pulls from, or IMAGE_LOAD to a command that takes" \
    "the path of an archive, such as \`kind load image-archive\` or \`k3s ctr images import\`."
fi

if ! grep -q '^FROM .*@sha256:' infra/images/Dockerfile; then
  echo "The base image of infra/images/Dockerfile is not pinned, as no digest is recorded (make pin records it)." >&2
fi
mkdir -p .local/images
log=.local/images/build.log archive=.local/images/archive.tar
tag=$(scripts/cluster/tag.sh)
for part in "${own[@]}"; do
  image=${REGISTRY:-dev.local}/video2mp3/$part
  what=(--build-arg "FUNCTION=$part")
  [[ $part != page ]] || what=(--target page)
  "$builder" build -f infra/images/Dockerfile "${what[@]}" -t "$image:$tag" . \
    >"$log" 2>&1 || fail "$(tail -n 20 "$log")" "Building $image:$tag failed; the whole log is $log." "$(hint)"
  printf '%s  %s\n' "$image:$tag" "$("$builder" images --format '{{.Size}}' "$image:$tag" | sed -n 1p)"
  "$builder" tag "$image:$tag" "$image:${tag%-*}"
  for name in "$image:$tag" "$image:${tag%-*}"; do
    if [[ -n ${REGISTRY-} ]]; then
      "$builder" push "$name" >"$log" 2>&1 || fail "$(tail -n 20 "$log")" "Pushing $name failed." "$(hint)"
      continue
    fi
    rm -f "$archive"
    case $builder in
      docker) docker save -o "$archive" "$name" ;;
      podman) podman save -q -o "$archive" "$name" ;;
      buildah) buildah push -q "$name" "docker-archive:$archive:$name" ;;
    esac
    "${load[@]}" "$archive" >"$log" 2>&1 || fail "$(tail -n 20 "$log")" "Loading $name failed: ${load[*]} $archive"
  done
done
rm -f "$archive"
