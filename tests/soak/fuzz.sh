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
for target in "$@"; do
  echo "== $target"
  mkdir -p "fuzz/found/$target"
  cargo +nightly fuzz run --fuzz-dir fuzz "$target" "fuzz/found/$target" "fuzz/corpus/$target" -- \
    -max_total_time="${FUZZ_SECONDS:-60}" -max_len=8192 -timeout=5 -print_final_stats=1 2>&1 |
    grep -E '^(==|stat::number_of_executed|stat::new_units|Done|SUMMARY)|panicked' || true
  [ -z "$(ls -A "fuzz/artifacts/$target" 2>/dev/null)" ] || { echo "crashes: fuzz/artifacts/$target" >&2; exit 1; }
done
