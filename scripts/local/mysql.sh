#!/usr/bin/env bash
# mysql.sh COMMAND...: runs the command with MYSQLD set to the server of MySQL 9. It comes from Debian unstable and is
# started with its own C library, which is newer than this machine's.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD/.local/mysql9
if [[ ! -d $root ]]; then
  echo "==> MySQL 9, from Debian unstable"
  rm -rf "$root.half"
  scripts/local/unpack.sh --with-libraries unstable "$root.half" mysql-server-core
  mv "$root.half" "$root"
fi
library=$(find "$root/usr/lib" -name libc.so.6 -printf %h)
loader=$(find "$root/usr" -name 'ld-linux*.so.*' -type f -print -quit)
printf -v MYSQLD '%q ' "$loader" --library-path "$library" "$root/usr/sbin/mysqld"
export MYSQLD
exec "$@"
