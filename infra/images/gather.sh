#!/bin/bash
# gather.sh TARGET PACKAGE...: copies these installed packages, and the packages of the libraries that their programs and
# modules link to, into TARGET, which becomes the root of an image: without a shell, a package manager and anything that
# nothing links to. Documentation is left out; licences and the entries that scanners read (status.d) are kept.
set -euo pipefail
target=$1; shift

files() { # prints the files of these packages, without folders and documentation
  dpkg-query -L "$@" | grep -vP '^/\w+$|^/usr/share/(doc/[^/]+/(?!copyright)|doc-base|info|lintian|locale|man)' |
    while read -r file; do [[ -d $file && ! -L $file || ! -e $file ]] || echo "$file"; done
}

libraries() { # prints the libraries that the programs and modules among these files link to, by the loader's search
  (xargs ldd 2>/dev/null || true) | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\/.*[^:]$/ { print $1 }' | sort -u
}

owners() { while read -r file; do dpkg-query -S "*/$(basename "$(realpath "$file")")"; done | cut -d: -f1 | sort -u; }

mkdir -p "$target"/{usr/{bin,lib,lib64,sbin},var/lib/dpkg/status.d}
cp -a /bin /lib /lib64 /sbin "$target"  # Debian's links into /usr
files "$@" | libraries >/tmp/libraries
for package in $(owners </tmp/libraries) "$@"; do
  entry=var/lib/dpkg/status.d/$package
  if [[ ! -e $target/$entry ]]; then
    dpkg-query -s "$package" >"$target/$entry"
    files "$package" | xargs -r cp -a --parents -t "$target"
  fi
done
while read -r file; do  # files of no package: alternatives (libblas) are links that the installation makes
  if [[ $(readlink "$file") == /etc/alternatives/* ]]; then cp -L --parents -t "$target" "$file"; fi
done </tmp/libraries
