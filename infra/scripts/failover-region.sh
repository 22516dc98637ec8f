#!/bin/sh
# Moves production to the surviving region: `dr failover`, from any directory. --help lists the options.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
exec "$here/dr.sh" failover "$@"
