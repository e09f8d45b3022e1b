#!/usr/bin/env bash
# unpack.sh SUITE TARGET PACKAGE [--with-libraries]: unpacks a package of another Debian release (unstable, bullseye-security)
# into the folder TARGET, with all that it depends on if asked. It comes from where this machine has its own packages, checked
# by Debian's keys. Nothing is installed, and this machine's package lists stay as they are.
set -euo pipefail
suite=$1 target=$2 package=$3 libraries=${4:-}

own=$(. /etc/os-release && echo "$VERSION_CODENAME")
[[ $suite == *-security ]] && own+=-security
uri=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Identifier: Packages' | awk -v own="$own" '$1 == own { print $2; exit }')
[[ -n $uri ]] || { echo "unpack: this machine's package sources name no $own, so $suite cannot be found beside it" >&2; exit 1; }

apt=$(mktemp -d) && trap 'rm -rf "$apt"' EXIT
mkdir -p "$apt"/{lists/partial,archives/partial}
: >"$apt/status" # as if nothing were installed
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" >"$apt/sources.list"
get() {
  apt-get -qq -o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" \
    -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User="$(id -un)" \
    -o APT::Install-Recommends=false -o Debug::NoLocking=true "$@"
}
get update
if [[ -n $libraries ]]; then get install -y --download-only "$package" >/dev/null; else (cd "$apt/archives" && get download "$package"); fi

mkdir -p "$target"
for deb in "$apt"/archives/*.deb; do dpkg-deb -x "$deb" "$target"; done
