#!/usr/bin/env bash
# signing-keys.sh FOLDER: makes auth's private key FOLDER/jwt-private/key (Ed25519; PEM, PKCS #8) unless it is there,
# and everybody's FOLDER/jwt-public/keys of it (JWKS, RFC 7517; the key's id is its thumbprint, RFC 7638).
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
prefix=MCowBQYDK2VwAyEA # the twelve bytes that say Ed25519 before the key itself
[[ $der == "$prefix"* ]] || { echo "$private is no Ed25519 key" >&2; exit 1; }
members='"crv":"Ed25519","kty":"OKP","x":"'${der#"$prefix"}'"' # of which the thumbprint is: sorted, without a space
kid=$(printf %s "{$members}" | openssl dgst -sha256 -binary | base64url)
printf '{"keys":[{%s,"alg":"EdDSA","use":"sig","kid":"%s"}]}' "$members" "$kid" >"$public.half"
mv "$public.half" "$public"
