#!/usr/bin/env bash
# secrets.sh OVERLAY: creates the missing Secrets whose content can be generated. Existing Secrets are kept.
set -euo pipefail
umask 077
overlay=$1
folder=$(mktemp -d) # mode 700. Values pass through its files, as every user may read a process's arguments
trap 'rm -rf "$folder"' EXIT

there=$(kubectl -n video2mp3 get secrets -o name)
exists() { [[ $'\n'$there$'\n' == *$'\n'"secret/$1"$'\n'* ]]; }

password() { openssl rand -hex 24; } # needs no escaping in a URL

put() { # SECRET KEY: reads the value from stdin
  mkdir -p "$folder/$1"
  cat >"$folder/$1/$2"
}

keep() { # SECRET: creates it from its folder, which has one file per key
  kubectl -n video2mp3 create secret generic "$1" --from-file="$folder/$1" >/dev/null
  echo "         created the Secret $1"
}

if [[ $overlay == minikube ]]; then
  mongodb=mongodb.video2mp3.svc.cluster.local:27017/video2mp3
  mysql=mysql.video2mp3.svc.cluster.local:3306
  if ! exists mongodb-admin; then
    secret=$(password)
    printf admin | put mongodb-admin username
    printf %s "$secret" | put mongodb-admin password
    printf %s "mongodb://admin:$secret@$mongodb?authSource=admin" | put mongodb-admin url
    keep mongodb-admin
  fi
  for user in upload convert notify download sweep webhook deadletter replay; do
    exists "mongodb-$user" && continue
    printf %s "mongodb://$user:$(password)@$mongodb" | put "mongodb-$user" url
    keep "mongodb-$user"
  done
  if ! exists mysql-admin; then
    secret=$(password)
    printf %s "$secret" | put mysql-admin password
    printf %s "mysql://root:$secret@$mysql/" | put mysql-admin url
    keep mysql-admin
  fi
  for user in auth upload download notify sweep webhook; do
    exists "mysql-$user" && continue
    printf %s "mysql://$user:$(password)@$mysql/auth" | put "mysql-$user" url
    keep "mysql-$user"
  done
  exists smtp || { printf %s smtp://mail.video2mp3.svc.cluster.local:25 | put smtp url && keep smtp; }
fi

exists gateway || { printf %s "$(password)" | put gateway password && keep gateway; } # a header cannot have a line break
exists link-keys || { printf %s "$(password)" | put link-keys keys && keep link-keys; }

if ! exists jwt-private || ! exists jwt-public; then # the public key is derived from the private key
  if exists jwt-private; then
    kubectl -n video2mp3 get secret jwt-private -o jsonpath='{.data.key}' | openssl base64 -d -A | put jwt-private key
  fi
  scripts/signing-keys.sh "$folder"
  exists jwt-private || keep jwt-private
  ! exists jwt-public || kubectl -n video2mp3 delete secret jwt-public >/dev/null # belongs to a deleted private key
  keep jwt-public
fi
