#!/usr/bin/env bash
# Publishes the workflow and says hello as a customer. Needs `script/server` (or `perdure dev`) in another terminal.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
env="${PERDURE_DEV_ENV:-.perdure/dev.env}"
[ -f "$env" ] || { echo "error: nothing runs here; start script/server first" >&2; exit 3; }
set -a && . "$env" && set +a
perdure() { cargo run --quiet --package perdure --bin perdure -- "$@"; }

phone="3469$(date +%s | tail -c 8)"
say() {
  echo "customer: $1"
  curl -sf "$PERDURE_SIMULATOR_URL/_sim/whatsapp/inbound" -H 'content-type: application/json' \
    -d "{\"from\": \"$phone\", \"name\": \"Zoe\", \"text\": \"$1\"}" >/dev/null
}
# Waits until the customer's phone shows this text, 10 s at most.
hear() {
  for _ in $(seq 100); do
    curl -sf "$PERDURE_SIMULATOR_URL/_sim/whatsapp/conversation?customer=$phone" | grep -qF "$1" && echo "workflow: $1" && return
    sleep 0.1
  done
  echo "error: \"$1\" was not heard" >&2
  exit 1
}

perdure check examples/hello/workflow.json
perdure upload examples/hello/workflow.json
say "hello"
hear "Hello! What is your name?"
say "Zoe"
hear "Nice to meet you, Zoe."
perdure instances --phone "$phone"
