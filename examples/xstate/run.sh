#!/usr/bin/env bash
# Plays the machine under a virtual clock: an order that is packed and paid, and one that nobody pays. Needs no server.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
perdure() { cargo run --quiet --package perdure --bin perdure -- "$@"; }

input="$(mktemp)"
trap 'rm -f "$input"' EXIT
echo '{"number": "A1"}' >"$input"

perdure check examples/xstate/machine.json

echo "packed after an hour, paid after two:"
perdure simulate examples/xstate/machine.json --input "$input" --events - <<'EVENTS'
[
  {"event": {"type": "step.done", "id": "confirm", "output": {}}},
  {"after": "PT1H", "event": {"type": "packed"}},
  {"after": "PT1H", "event": {"type": "payment.done", "number": "A1"}}
]
EVENTS

echo "never paid:"
perdure simulate examples/xstate/machine.json --input "$input" --events - <<'EVENTS'
[
  {"event": {"type": "step.done", "id": "confirm", "output": {}}},
  {"after": "PT1H", "event": {"type": "packed"}},
  {"after": "P1D"}
]
EVENTS
