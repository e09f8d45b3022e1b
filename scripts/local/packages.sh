#!/usr/bin/env bash
# Installs the missing Debian packages that the laptop stack needs, and with the argument `tests` those of the tests. None of their services is started, and those that the
# installation enables for the next boot are disabled. Packages that are already installed, and their services, stay as they are.
set -euo pipefail
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Each program that is needed, and its package.
declare -A package=(
  [mysqld]=mariadb-server-core
  [/usr/lib/rabbitmq/bin/rabbitmq-server]=rabbitmq-server
  [nginx]=nginx
  [openssl]=openssl
  [curl]=curl
  [envsubst]=gettext-base # the tests run the script that renders the gateway's templates in a cluster
  [setpriv]=util-linux
)
# Makes the files of the tests, checks MP3s independently of convert's ffmpeg, and is what the benchmark compares with.
# The browser is for the tests of the page.
[[ ${1:-} != tests ]] || package+=([ffmpeg]=ffmpeg [ffprobe]=ffmpeg [chromium]=chromium)
missing=()
for program in "${!package[@]}"; do
  command -v "$program" >/dev/null || missing+=("${package[$program]}")
done
# Without ensurepip Python cannot create virtual environments.
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
libraries=$(ldconfig -p)
[[ $libraries == *libseccomp.so.2* ]] || missing+=(libseccomp2)
[[ $libraries == *libcurl.so.4* ]] || command -v mongod >/dev/null || missing+=(libcurl4)
((${#missing[@]})) || exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

sudo=()
if ((EUID)); then
  if ! command -v sudo >/dev/null; then
    echo "These Debian packages are missing: ${missing[*]}. Install them as root, or install sudo, and run this again." >&2
    exit 1
  fi
  sudo=(sudo)
fi

policy=/usr/sbin/policy-rc.d made=
cleanup() { [[ -z $made ]] || "${sudo[@]}" rm -f "$policy"; }
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
if [[ ! -e $policy ]]; then
  made=yes
  # While this file exists, no package starts a service.
  printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" install -m 755 /dev/stdin "$policy"
fi

units() { (cd /lib/systemd/system 2>/dev/null && ls -- *.service *.socket *.timer 2>/dev/null | sort) || true; }
scripts() { (cd /etc/init.d 2>/dev/null && ls | sort) || true; }
before=$(units) before_scripts=$(scripts)

printf '\033[1m==>\033[0m Debian packages: %s\n' "${missing[*]}"
apt() {
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -o Dpkg::Use-Pty=0 "$@" </dev/null
}
apt -qq update
# One line for each unpacked package shows the progress.
apt install -y --no-install-recommends "${missing[@]}" | awk '/newly installed/ || /^Unpacking / { print "    " $0; fflush() }'

mapfile -t new < <(comm -13 <(echo "$before") <(units))
for unit in "${new[@]}"; do
  # deb-systemd-helper runs in a package's script only; the variable makes it run here.
  "${sudo[@]}" env DPKG_MAINTSCRIPT_PACKAGE=none deb-systemd-helper disable "$unit" >/dev/null 2>&1 || true
  if [[ -d /run/systemd/system ]]; then "${sudo[@]}" systemctl disable --quiet "$unit" 2>/dev/null || true; fi
done
mapfile -t new < <(comm -13 <(echo "$before_scripts") <(scripts))
for script in "${new[@]}"; do
  [[ -z $script ]] || "${sudo[@]}" update-rc.d "$script" disable >/dev/null
done
