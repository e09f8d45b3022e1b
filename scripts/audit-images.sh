#!/usr/bin/env bash
# Lets trivy look for known vulnerabilities in each image: the functions' images, of this machine or of REGISTRY, and the
# third-party ones. Exits with 1 if there is any that an update fixes, and with 2 if an image was not audited.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/cluster/sources.sh
found=10 # trivy's exit code for vulnerabilities; it uses 1 for its own failures
result=0

scan() { trivy "$1" --scanners vuln --ignore-unfixed --exit-code "$found" --no-progress "$2"; }

if ! command -v trivy >/dev/null; then
  echo "No image was audited: trivy is not installed. Install it (https://trivy.dev), then run make audit again." >&2
  exit 2
fi

# A version that is known to be vulnerable distinguishes a source without advisories from a clean result.
control=$(mktemp -d)
trap 'rm -rf "$control"' EXIT
echo 'jinja2==2.4.1' >"$control/requirements.txt"
code=0
said=$(scan fs "$control" 2>&1) || code=$?
if ((code != found)); then
  printf 'No image was audited: trivy finds no advisory, not even for Jinja2 2.4.1. %s\n' "${said##*$'\n'}" >&2
  exit 2
fi

for image in $(all_images); do
  echo "$image"
  code=0
  scan image "$image" || code=$?
  if ((code == found)); then
    echo "$image has known vulnerabilities that an update fixes." >&2
    ((result)) || result=1
  elif ((code)); then
    echo "$image was not audited." >&2
    result=2
  fi
done
exit "$result"
