#!/usr/bin/env bash
# Runs the tests, those too that need the tools of tests/install-tools.sh, and tells how many secrets were looked for in how many
# places: every harness does that when it goes (tests/support/watch.rs), and what is found fails its test.
#
#   tests/canaries.sh [FILTER...]    arguments go to the tests
set -euo pipefail
cd "$(dirname "$0")/.."

told=$(mktemp)
trap 'rm -f "$told"' EXIT
status=0
DOCKPASS_CANARIES=$told cargo test --quiet --test all -- --include-ignored --skip soak:: --skip instructions:: "$@" || status=$?
awk '
  { runs++; secrets += $1 }
  { for (field = 3; field <= NF; field++) { split($field, one, ":"); kinds[one[1]]++; places++; bytes += one[2] } }
  END {
    printf "%d secrets of %d installations looked for in %d places (%.0f MiB):", secrets, runs, places, bytes / 1048576
    for (kind in kinds) printf " %d %s", kinds[kind], tolower(kind)
    print ""
  }' "$told"
exit $status
