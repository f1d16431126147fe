#!/usr/bin/env bash
# The long forms of what `make test` does in a short form, one after the other, each with a bound. Prints the figures that
# docs/reliability.md holds.
#
#   tests/soak/run.sh [PART...]    parts: model requests flips kill calls fuzz load lists (default: all)
set -euo pipefail
cd "$(dirname "$0")/../.."

# The optimised program and the optimised tests: figures of anything else would say nothing.
tests() { cargo test --quiet --release --test all -- --nocapture --test-threads 1 "$@"; }
run() { echo "== $*"; tests --include-ignored "$@"; }

# The long forms alone, and at the end the rows for docs/reliability.md; about seven minutes after the build.
load() {
  local told status=0
  told=$(mktemp)
  tests --ignored soak:: --skip soak::lists | tee "$told" || status=$?
  printf '\n| what | target | figure | met |\n|---|---|---|---|\n'
  grep '^| ' "$told" || true
  rm -f "$told"
  return $status
}

part() {
  case $1 in
    # Random sequences of changes and tokens against the reference model; about 110 steps each.
    model) DOCKPASS_MODEL_CASES=${CASES:-10000} run model::tokens ;;
    # Well-formed requests in random order.
    requests) DOCKPASS_REQUESTS=${REQUESTS:-100000} run requests:: ;;
    # Single flipped bits of the database.
    flips) DOCKPASS_FLIPS=${FLIPS:-10000} run faults::altered ;;
    # The server killed at random times under load.
    kill) DOCKPASS_KILLS=${KILLS:-1000} run faults::kill_server ;;
    # Commands and the server killed at every system call that changes a file; the disk failing.
    calls) DOCKPASS_FAULTS=long run faults::kill:: faults::kill_session faults::disk upgrade:: ;;
    # Every fuzz target on stable Rust.
    fuzz) DOCKPASS_FUZZ_SECONDS=${FUZZ_SECONDS:-30} run fuzz::no_mutation ;;
    # Floods of wrong logins, idle and slow clients, timing, revocation under load.
    load) load ;;
    # A hundred thousand robots in one organization.
    lists) run soak::lists ;;
    *) echo "no such part: $1" >&2; exit 2 ;;
  esac
}

echo "$(date -u +%FT%TZ) $(nproc) processors, $(free -m | awk '/^Mem/ {print $2}') MiB, $(uname -srm)"
[ $# -gt 0 ] || set -- model requests flips kill calls fuzz load lists
for one in "$@"; do part "$one"; done
