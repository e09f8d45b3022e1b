#!/usr/bin/env bash
# Builds an image of each function and hands it to the cluster: pushed if REGISTRY is set, else loaded by IMAGE_LOAD, a
# command that gets an archive's path: `minikube image load`, `kind load image-archive`, `k3s ctr images import`, …
set -euo pipefail
cd "$(dirname "$0")/../.."
read -ra load <<<"${IMAGE_LOAD:-minikube image load}"

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

for builder in docker podman buildah none; do
  if "$builder" info >/dev/null 2>&1; then break; fi
done
if [[ $builder == none ]]; then
  fail "Nothing here builds images: neither docker nor podman nor buildah answers to \`info\`." \
    "Install one (on Debian: apt-get install podman), or start docker's daemon."
fi
if [[ -z ${REGISTRY-} ]] && ! command -v "${load[0]}" >/dev/null; then
  fail "The images would not reach a cluster: there is no ${load[0]}." \
    "Install it, or set REGISTRY to a registry that the cluster pulls from, or IMAGE_LOAD to a command that gives it" \
    "an archive, as \`kind load image-archive\` or \`k3s ctr images import\`."
fi

mkdir -p .local/images
log=.local/images/build.log archive=.local/images/archive.tar
tag=$(scripts/cluster/tag.sh)
for main in functions/*/main.py; do
  function=$(basename "$(dirname "$main")")
  image=${REGISTRY:-dev.local}/video2mp3/$function:$tag
  target=function
  if [[ $function == convert ]]; then target=ffmpeg; fi
  "$builder" build -f infra/images/Dockerfile --target "$target" --build-arg "FUNCTION=$function" -t "$image" . \
    >"$log" 2>&1 || fail "$(tail -n 20 "$log")" "$image could not be built, $log has all of it."
  printf '%s  %s\n' "$image" "$("$builder" images --format '{{.Size}}' "$image" | sed -n 1p)"
  if [[ -n ${REGISTRY-} ]]; then
    "$builder" push "$image" >"$log" 2>&1 || fail "$(tail -n 20 "$log")" "$image could not be pushed. Is \`$builder login\` done?"
    continue
  fi
  rm -f "$archive"
  if [[ $builder == buildah ]]; then
    buildah push -q "$image" "docker-archive:$archive:$image"
  else
    "$builder" save -o "$archive" "$image"
  fi
  "${load[@]}" "$archive" >"$log" 2>&1 || fail "$(tail -n 20 "$log")" "$image could not be loaded by: ${load[*]}"
done
rm -f "$archive"
