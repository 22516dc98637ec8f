#!/bin/sh
# Runs `dr` with the project's own Node, whatever the machine has and wherever it is called from.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd -P)
node="$root/node_modules/.bin/node"
if [ ! -x "$node" ]; then
  echo "dr: the project's Node is missing in $root/node_modules: run \`npm ci\` in $root first" >&2
  exit 2
fi
: "${DR_PROJECT_DIR:=$root}"
export DR_PROJECT_DIR
# A failover waits for this program to load: compiled code is kept, and young objects are not collected too early.
: "${NODE_COMPILE_CACHE:=$root/node_modules/.cache/compiled}"
export NODE_COMPILE_CACHE
exec "$node" --max-semi-space-size=64 "$root/automation/main.ts" "$@"
