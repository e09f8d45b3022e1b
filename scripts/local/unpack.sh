#!/usr/bin/env bash
# unpack.sh [--with-libraries] SUITE TARGET PACKAGE...: unpacks packages of a Debian release (bookworm, unstable,
# bullseye-security) into the folder TARGET, optionally with all their dependencies. They come from the machine's own Debian
# mirror and are verified with Debian's keys. Nothing is installed, and the machine's package lists are not changed.
set -euo pipefail
libraries=
if [[ $1 == --with-libraries ]]; then libraries=$1 && shift; fi
suite=$1 target=$2
shift 2

own=$(. /etc/os-release && echo "$VERSION_CODENAME")
[[ $suite == *-security ]] && own+=-security
uri=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Identifier: Packages' | awk -v own="$own" '$1 == own { print $2; exit }')
[[ -n $uri ]] || { echo "unpack: the package sources of this machine do not contain $own, so the mirror of $suite is unknown" >&2; exit 1; }

apt=$(mktemp -d) && trap 'rm -rf "$apt"' EXIT
mkdir -p "$apt"/{lists/partial,archives/partial}
: >"$apt/status" # an empty list of installed packages
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" >"$apt/sources.list"
get() {
  apt-get -qq -o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" \
    -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User="$(id -un)" \
    -o APT::Install-Recommends=false -o Debug::NoLocking=true "$@"
}
get update
if [[ -n $libraries ]]; then get install -y --download-only "$@" >/dev/null; else (cd "$apt/archives" && get download "$@"); fi

mkdir -p "$target"
for deb in "$apt"/archives/*.deb; do dpkg-deb -x "$deb" "$target"; done
