#!/bin/sh
# Push a raw article with redis-cli or valkey-cli: push.sh article.json [redis://…]
# To the embedded broker of a worker: push.sh article.json unix://$PWD/var/broker.sock
set -eu
article=$(cat "$1")
# redis-cli 7.0 reads ":password@" as a user with an empty name.
url=$(printf %s "${2:-redis://localhost:6379/0}" | sed 's#//:#//default:#')
case $url in
  unix://*) set -- -s "${url#unix://}" ;;
  *) set -- -u "$url" ;;
esac
cli=$(command -v redis-cli || command -v valkey-cli) || {
  echo "push.sh needs redis-cli or valkey-cli, and neither is installed" >&2
  exit 127
}

uuid() { cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen | tr A-Z a-z; }

receipt=$(uuid)
body=$(printf '[[[%s]], {"receipts": ["%s"]}, {}]' "$article" "$receipt" | base64 | tr -d '\n')
reply=$(printf '{"headers": {"task": "articles.ingest", "id": "%s"},
 "properties": {"delivery_info": {}, "body_encoding": "base64"},
 "content-type": "application/json", "content-encoding": "utf-8", "body": "%s"}' "$(uuid)" "$body" |
  "$cli" --no-auth-warning "$@" -x LPUSH articles)
case $reply in
  *[!0-9]* | "") echo "not pushed: $reply" >&2 && exit 1 ;;
esac
echo "$receipt"
