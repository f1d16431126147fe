#!/usr/bin/env bash
# Asks a running dockpass, built from this tree, whatever its OpenAPI document allows, and holds the answers against the document.
#
#   tests/schemathesis.sh [SEED]    the seed is fixed unless given, and printed
set -euo pipefail
cd "$(dirname "$0")/.."

python=$PWD/.test-tools/python/bin/python
if ! [ -x "$python" ] || ! cmp -s tests/schemathesis/requirements.txt .test-tools/python/installed; then
  echo "schemathesis is not installed: tests/install-tools.sh python" >&2
  # A check that did not run must not look like one that passed.
  [ -z "${CI:-}" ] || exit 1
  echo "SKIPPED: the REST API against its OpenAPI document" >&2
  exit 0
fi
cargo build
exec "$python" tests/schemathesis/run.py "${CARGO_TARGET_DIR:-target}/debug/dockpass" "$@"
