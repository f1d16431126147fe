#!/usr/bin/env bash
# Every fuzz target under libFuzzer, one after the other, FUZZ_SECONDS each (60 by default). What it finds beyond the corpus
# goes to fuzz/found, which is not kept in the repository; a crash is written to fuzz/artifacts and ends the run.
# `FUZZ_KEEP=1` puts the fewest inputs that reach what the corpus does not into the corpus.
#
#   tests/soak/fuzz.sh [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/../.."

# The sanitizer is an unstable option: nightly Rust has it, and stable Rust if it is told to take such options.
toolchain=+nightly
if ! cargo +nightly --version >/dev/null 2>&1; then
  toolchain=
  export RUSTC_BOOTSTRAP=1
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
  env -u RUSTC_BOOTSTRAP cargo install --quiet --locked --root target/fuzz-tools cargo-fuzz
  PATH=$PWD/target/fuzz-tools/bin:$PATH
fi
# shellcheck disable=SC2086
cargo $toolchain fuzz build --fuzz-dir fuzz targets
# Run without cargo, which would make a corpus for the name of the binary.
binary=$PWD/fuzz/target/$(rustc -vV | sed -n 's/^host: //p')/release/targets
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_odr_violation=0}"

# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(cd fuzz/corpus && ls)
for target in "$@"; do
  echo "== $target"
  corpus=fuzz/corpus/$target found=fuzz/found/$target log=fuzz/found/$target.log
  mkdir -p "$found" "fuzz/artifacts/$target"
  export DOCKPASS_FUZZ_TARGET="$target"
  # One input may take long on a machine that does much else; it never ends if the time is up.
  "$binary" "$found" "$corpus" -artifact_prefix="fuzz/artifacts/$target/" -max_total_time="${FUZZ_SECONDS:-60}" \
    -max_len=8192 -timeout="${FUZZ_TIMEOUT:-30}" -print_final_stats=1 >"$log" 2>&1 ||
    { tail -60 "$log" >&2; echo "crashes: fuzz/artifacts/$target" >&2; exit 1; }
  grep -E '^(stat::number_of_executed|stat::new_units|stat::peak_rss|Done)' "$log"
  if [ -n "${FUZZ_KEEP:-}" ]; then
    "$binary" -merge=1 -set_cover_merge=1 -use_counters=0 -max_len=1024 "$corpus" "$found" >>"$log" 2>&1
    echo "corpus: $(find "$corpus" -type f | wc -l) inputs"
  fi
done
