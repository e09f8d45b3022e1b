#!/usr/bin/env bash
# signing-keys.sh FOLDER: creates auth's private key FOLDER/jwt-private/key (Ed25519; PEM, PKCS #8) unless it exists, and
# the public FOLDER/jwt-public/keys that belongs to it (JWKS, RFC 7517; the key's id is its thumbprint, RFC 7638).
set -euo pipefail
umask 077
private=$1/jwt-private/key public=$1/jwt-public/keys
mkdir -p "${private%/*}" "${public%/*}"
if [[ ! -f $private ]]; then
  openssl genpkey -algorithm ed25519 -out "$private.half"
  mv "$private.half" "$private"
fi

base64url() { base64 | tr '+/' '-_' | tr -d '=\n'; }
der=$(openssl pkey -in "$private" -pubout -outform DER | base64url)
prefix=MCowBQYDK2VwAyEA # the twelve bytes before the key itself, which identify Ed25519
[[ $der == "$prefix"* ]] || { echo "$private is not an Ed25519 key" >&2; exit 1; }
members='"crv":"Ed25519","kty":"OKP","x":"'${der#"$prefix"}'"' # the thumbprint's input: members sorted, no spaces
kid=$(printf %s "{$members}" | openssl dgst -sha256 -binary | base64url)
printf '{"keys":[{%s,"alg":"EdDSA","use":"sig","kid":"%s"}]}' "$members" "$kid" >"$public.half"
mv "$public.half" "$public"
