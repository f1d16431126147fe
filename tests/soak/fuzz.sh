#!/usr/bin/env bash
# Every fuzz target under libFuzzer, one after the other, FUZZ_SECONDS each (60 by default). What it finds beyond the corpus
# goes to fuzz/found, which is not kept in the repository; a crash is written to fuzz/artifacts and ends the run.
#
#   tests/soak/fuzz.sh [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/../.."

for tool in "cargo +nightly --version" "cargo fuzz --version"; do
  if ! $tool >/dev/null 2>&1; then
    echo "SKIPPED: libFuzzer needs nightly Rust and cargo-fuzz ($tool fails); tests/soak/run.sh fuzz runs the same targets" >&2
    [ -z "${CI:-}" ] || exit 1
    exit 0
  fi
done
[ $# -gt 0 ] || set -- $(cd fuzz/corpus && ls)
cargo +nightly fuzz build --fuzz-dir fuzz targets
for target in "$@"; do
  echo "== $target"
  mkdir -p "fuzz/found/$target" "fuzz/artifacts/$target"
  export DOCKPASS_FUZZ_TARGET="$target"
  log="fuzz/found/$target.log"
  # Only the newest crash is told: the first one ends the run.
  cargo +nightly fuzz run --fuzz-dir fuzz targets "fuzz/found/$target" "fuzz/corpus/$target" -- \
    -artifact_prefix="fuzz/artifacts/$target/" -max_total_time="${FUZZ_SECONDS:-60}" -max_len=8192 -timeout=5 \
    -print_final_stats=1 >"$log" 2>&1 || { tail -60 "$log" >&2; echo "crashes: fuzz/artifacts/$target" >&2; exit 1; }
  grep -E '^(stat::number_of_executed|stat::new_units|stat::peak_rss|Done)' "$log"
done
