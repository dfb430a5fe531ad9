#!/bin/sh
# Push a raw article with nothing but redis-cli (or valkey-cli): push.sh article.json [redis://…]
set -eu
article=$(cat "$1")
url=${2:-redis://localhost:6379/0}
cli=$(command -v redis-cli || command -v valkey-cli)

uuid() { cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen | tr A-Z a-z; }

receipt=$(uuid)
body=$(printf '[[[%s]], {"receipts": ["%s"]}, {}]' "$article" "$receipt" | base64 | tr -d '\n')
printf '{"headers": {"task": "articles.ingest", "id": "%s"},
 "properties": {"delivery_info": {}, "body_encoding": "base64"},
 "content-type": "application/json", "content-encoding": "utf-8", "body": "%s"}' "$(uuid)" "$body" |
  "$cli" -u "$url" -x LPUSH articles >/dev/null
echo "$receipt"
