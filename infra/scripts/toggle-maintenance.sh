#!/bin/sh
# Halts the platform (--enable), lets it go on (--disable), or says how it stands (--status): `dr maintenance`, from any
# directory. --help lists the options.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
exec "$here/dr.sh" maintenance "$@"
