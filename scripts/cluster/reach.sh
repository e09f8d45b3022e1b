#!/usr/bin/env bash
# reach.sh OVERLAY: prints how to reach what was deployed.
set -euo pipefail
route=$(kubectl -n video2mp3 get ksvc auth -o jsonpath='{.status.url}')
[[ $1 == managed ]] || mails="kubectl -n video2mp3 port-forward service/mail 8025:80         # mails: http://127.0.0.1:8025"
cat <<END

Everything is ready. In other terminals:

  kubectl -n video2mp3 port-forward service/gateway 8080:80      # the page: http://127.0.0.1:8080
${mails:+  $mails
}  kubectl -n kourier-system port-forward service/kourier 8081:80   # Knative's routes

Through the gateway:

  curl http://127.0.0.1:8080/auth/register -H 'Content-Type: application/json' \\
    -d '{"email": "you@example.com", "password": "a film for my ears"}'
  TOKEN=\$(curl -s -X POST -u 'you@example.com:a film for my ears' http://127.0.0.1:8080/auth/login | cut -d '"' -f 4)
  curl -H "Authorization: Bearer \$TOKEN" -F file=@film.mp4 http://127.0.0.1:8080/upload
  curl -H "Authorization: Bearer \$TOKEN" http://127.0.0.1:8080/jobs
  curl -H "Authorization: Bearer \$TOKEN" -OJ http://127.0.0.1:8080/download/MP3-ID-FROM-THE-MAIL

Through a Knative route:

  curl -H 'Host: ${route#*://}' http://127.0.0.1:8081/auth/keys
END
