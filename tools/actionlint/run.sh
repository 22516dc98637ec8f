#!/bin/sh
# Lints the workflows: actionlint on PATH, else the one that go.mod pins, which Go builds once.
set -eu
if command -v actionlint >/dev/null; then exec actionlint -shellcheck= -pyflakes=; fi
if ! command -v go >/dev/null; then
  echo "actionlint: neither it nor Go (1.25 or newer, which builds it) is on PATH" >&2
  exit 2
fi
echo "actionlint: built with Go, the first time takes half a minute"
exec go -C "$(dirname "$0")" tool actionlint -shellcheck= -pyflakes=
