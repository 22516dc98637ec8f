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
exec "$node" "$root/automation/main.ts" "$@"
