#!/usr/bin/env bash
# Licences, banned crates and sources of everything in Cargo.lock, and known advisories where their database can be reached.
# Floors of single crates are checked from the repository alone by tests/supply_chain.rs.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo deny --version >/dev/null 2>&1; then
  echo "SKIPPED: licences and advisories: cargo-deny is not installed (cargo install cargo-deny --locked)" >&2
  exit 0
fi
cargo deny check bans licenses sources
# The database is a repository on the internet; a machine without one still checks the rest.
if cargo deny fetch db >/dev/null 2>&1; then
  cargo deny check advisories
else
  echo "SKIPPED: advisories: the RustSec database cannot be fetched here" >&2
fi
