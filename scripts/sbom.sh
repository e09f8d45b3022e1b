#!/usr/bin/env bash
# Writes software bills of materials (CycloneDX, JSON) to .local/sbom/: of each function's Python lock, and by trivy of each image:
# the functions' images, of this machine or of REGISTRY, and the third-party ones. Exits with 1 if any could not be written.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/cluster/sources.sh
folder=.local/sbom failed=0
rm -rf "$folder"
mkdir -p "$folder"

for lock in functions/*/requirements.txt; do
  file=$folder/lock-$(basename "$(dirname "$lock")").cdx.json
  .local/venv/bin/cyclonedx-py requirements --of JSON -o "$file" "$lock"
  echo "$file"
done

if ! command -v trivy >/dev/null; then
  echo "No SBOM of an image: trivy is not installed. Install it (https://trivy.dev), then run make sbom again." >&2
  exit 1
fi
for image in $(all_images); do
  name=${image##*/}
  file=$folder/image-${name%%:*}.cdx.json
  if said=$(trivy image --no-progress --format cyclonedx --output "$file" "$image" 2>&1); then
    echo "$file"
  else
    printf 'No SBOM of %s: %s\n' "$image" "${said##*$'\n'}" >&2
    failed=1
  fi
done
exit "$failed"
