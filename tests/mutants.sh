#!/usr/bin/env bash
# Mutation testing: every change that cargo-mutants makes to the code has to be noticed by a test.
#
#   tests/mutants.sh [PART...]    parts: domain tokens parsers routes logins (default: all)
#
# The whole crate and all its tests take a minute to build for each mutant, so the parts are laid out as crates of their own.
# `domain` is the rules, `tokens` is keys and tokens, `parsers` is what reads headers, bodies and the configuration: modules, what
# stands below them, and their unit tests. `routes` and `logins` are the way from a request to its token, in the whole library:
# the one with unit tests, the other with the whole requests of tests/token and tests/auth. What cannot be noticed is excluded
# in .cargo/mutants.toml, each with its reason.
# `MUTANTS_AGAIN=1` goes on with a run that was cut short, and tries again what no test had noticed.
# Ends with a failure below MUTANTS_LEAST percent (95). What timed out counts as noticed, and is named.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
if ! cargo mutants --version >/dev/null 2>&1; then
  echo "SKIPPED: cargo-mutants is not installed (cargo install cargo-mutants --locked)" >&2
  exit 0
fi

# Lays out the crate of a part in target/mutants/PART.
lay_out() {
  local part=$1 crate=$root/target/mutants/$1 module
  mkdir -p "$crate/.cargo"
  rm -rf "$crate/src" "$crate/tests"
  mkdir "$crate/src"
  cp Cargo.lock schema.sql "$crate/"
  cp .cargo/mutants.toml "$crate/.cargo/"
  # The package and its dependencies, without the program, the tests and the benches.
  sed -e '/^\[\[/,/^$/d; /^\[lints/,$d; /^autotests/d; /^autobenches/d; /^readme/d' Cargo.toml >"$crate/Cargo.toml"
  # Nobody looks at a backtrace of a mutant, and it is built and linked faster without what that needs.
  printf '\n[profile.dev.package.dockpass]\ndebug = 0\n\n[workspace]\n' >>"$crate/Cargo.toml"
  if [ "$part" = routes ] || [ "$part" = logins ]; then
    lay_out_whole "$crate"
    [ "$part" = routes ] || lay_out_tests "$crate"
    return
  fi
  local modules="domain"
  [ "$part" = domain ] || modules="config domain keys system telemetry"
  for module in $modules; do
    [ ! -d "src/$module" ] || cp -r "src/$module" "$crate/src/"
    cp "src/$module.rs" "$crate/src/"
    echo "pub mod $module;"
  done >"$crate/src/lib.rs"
  [ "$part" = parsers ] || return 0
  # The headers' parsers, and the two types of the services that they give.
  printf 'pub mod http;\npub mod service;\n' >>"$crate/src/lib.rs"
  mkdir -p "$crate/src/http" "$crate/src/service"
  for module in address authenticate body browser; do
    cp "src/http/$module.rs" "$crate/src/http/"
    echo "pub mod $module;"
  done >"$crate/src/http.rs"
  cp -r src/http/body "$crate/src/http/"
  printf 'pub mod login;\npub mod sessions;\n' >"$crate/src/service.rs"
  {
    printf 'use crate::domain::credential::Secret;\n#[derive(Clone, Debug)]\n'
    sed -n '/^pub enum Credentials/,/^}/p' src/service/login.rs
  } >"$crate/src/service/login.rs"
  {
    printf 'use crate::domain::{credential::Secret, random::Random};\nuse base64::Engine;\n'
    printf 'use base64::engine::general_purpose::URL_SAFE_NO_PAD;\n'
    printf '#[derive(Clone, Debug, PartialEq, Eq)]\npub struct SessionId(Secret);\n'
    sed -n '/^impl SessionId/,/^}/p' src/service/sessions.rs | sed '/fn digest/,/^    }/d'
  } >"$crate/src/service/sessions.rs"
}

# The whole library.
lay_out_whole() {
  local crate=$1
  cp -r src assets templates "$crate/"
  rm -r "$crate/src/main.rs" "$crate/src/cli.rs" "$crate/src/cli"
  sed -i '/^pub mod cli;/d' "$crate/src/lib.rs"
  # Unit tests of what is not changed here would only have to be built.
  grep -rl --include='*.rs' '#\[cfg(test)\]' "$crate/src/http/api" "$crate/src/http/web" "$crate/src/service" "$crate/src/issuers" |
    xargs sed -i 's/#\[cfg(test)\]/#[cfg(any())]/'
}

# Of the tests of whole requests what asks for tokens, and no unit tests, which would be built as well.
lay_out_tests() {
  local crate=$1 module
  mkdir "$crate/tests"
  for module in auth support token; do
    cp -r "tests/$module" "tests/$module.rs" "$crate/tests/"
    echo "mod $module;"
  done >"$crate/tests/main.rs"
  # The modules beside main.rs are no tests of their own.
  sed -i 's/^\[package\]/&\nautotests = false/; s/^\[lib\]/&\ntest = false\ndoctest = false/' "$crate/Cargo.toml"
  printf '\n[[test]]\nname = "all"\npath = "tests/main.rs"\n' >>"$crate/Cargo.toml"
}

mutate() {
  local part=$1 files filter tests=--lib out=$root/target/mutants/$1.out file
  case $part in
    domain) files="domain/*.rs" filter="domain::" ;;
    tokens) files="keys.rs keys/*.rs" filter="keys::" ;;
    parsers) files="config/syntax.rs config/value.rs http/*.rs http/body/*.rs" filter="http:: config::syntax config::value config::live config::check config::tests" ;;
    routes) files="http/route.rs store/memo.rs" filter="http::route:: store::memo::" ;;
    logins)
      files="http/registry.rs service/issue.rs service/login.rs" tests=--test=all
      filter="token:: auth::kinds auth::refresh auth::throttle"
      ;;
    *) echo "no such part: $part" >&2; exit 2 ;;
  esac
  lay_out "$part"
  local arguments=() earlier=$out/earlier.txt
  if [ -n "${MUTANTS_AGAIN:-}" ] && [ -d "$out/mutants.out" ]; then
    cat "$out/mutants.out/caught.txt" >>"$earlier"
    arguments+=(--iterate)
  else
    rm -rf "$out"
  fi
  for file in $files; do arguments+=(--file "src/$file"); done
  echo "== $part"
  # In place: the copy above may be changed, and keeps what is built from one mutant to the next. A mutant that never ends must
  # not take all memory, and is waited for long enough that a busy machine alone makes none time out. The first test that notices
  # is enough: stable Rust stops there only if it is told to take such options.
  # shellcheck disable=SC2086
  (
    ulimit -v 12000000
    cd "target/mutants/$part"
    export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target/mutants/target}" CARGO_INCREMENTAL=1
    export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="env RUSTC_BOOTSTRAP=1" PROPTEST_CASES="${PROPTEST_CASES:-64}"
    cargo mutants --in-place --no-shuffle --colors never --timeout "${MUTANTS_TIMEOUT:-120}" --output "$out" \
      --cargo-test-arg="$tests" "${arguments[@]}" -- -- -Z unstable-options --fail-fast $filter
  ) || true
  local missed=$out/mutants.out/missed.txt caught timeout
  touch "$earlier"
  caught=$(sort -u "$out/mutants.out/caught.txt" "$earlier" | wc -l)
  timeout=$(wc -l <"$out/mutants.out/timeout.txt")
  echo "$part: $((caught + timeout)) of $((caught + timeout + $(wc -l <"$missed"))) mutants killed"
  killed=$((killed + caught + timeout))
  all=$((all + caught + timeout + $(wc -l <"$missed")))
}

killed=0 all=0
[ $# -gt 0 ] || set -- domain tokens parsers routes logins
for part in "$@"; do mutate "$part"; done
[ "$all" -gt 0 ] || { echo "no mutant was tested" >&2; exit 1; }
echo "together: $killed of $all mutants killed, $((killed * 1000 / all))/1000"
[ $((killed * 100)) -ge $((all * ${MUTANTS_LEAST:-95})) ]
