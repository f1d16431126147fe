#!/usr/bin/env bash
# Installs what the tests run beside dockpass: registries, container clients, a browser, load tools.
#
#   tests/install-tools.sh [GROUP...]    groups: base registry clients engines go browser load python (default: all)
#
# Safe to run again: what is there is left alone, and then nothing is downloaded or updated. Debian packages come
# by apt where apt is there and we are root; Go programs are built once into .test-tools/bin. What cannot be
# installed is named on stderr and the exit code stays 0: the test that needs it says so itself, and fails on CI.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$PWD/.test-tools/bin

# NAME VERSION PACKAGE: pinned, since an end-to-end test is only worth its time if it fails for our own reasons.
go_programs="
registry3 v3.1.2  github.com/distribution/distribution/v3/cmd/registry
crane     v0.22.1 github.com/google/go-containerregistry/cmd/crane
oras      v1.3.6  oras.land/oras/cmd/oras
"

# PROOF:PACKAGE: the package is taken as installed if the command PROOF is there, so that a machine that has the
# command from elsewhere keeps it. A path is looked for as it stands.
packages_of() {
  case $1 in
    base) echo curl:curl jq:jq openssl:openssl git:git cc:gcc make:make ;;
    registry) echo docker-registry:docker-registry ;;
    clients) echo podman:podman skopeo:skopeo buildah:buildah ;;
    # /usr/bin/docker by path: the daemon's own client is tested too, whatever newer client stands before it.
    # systemd is booted with the unit that dockpass ships.
    engines) echo dockerd:docker.io /usr/bin/docker:docker.io containerd:containerd runc:runc iptables:iptables \
      docker-compose:docker-compose /lib/systemd/systemd:systemd ;;
    browser) echo chromium:chromium chromedriver:chromium-driver ;;
    load) echo wrk:wrk strace:strace valgrind:valgrind ;;
    python) echo python3:python3 ;;
    go) ;;
    *) return 1 ;;
  esac
}

is_there() { case $1 in /*) [ -x "$1" ] ;; *) command -v "$1" >/dev/null ;; esac }

say() { echo "install-tools: $*"; }

install_packages() {
  [ $# -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    say "missing and not installable here (apt and root are needed): $*" >&2
    return 0
  fi
  say "apt-get install $*"
  # Packages of services start them on installation; a test must find ports free and leave no daemon behind.
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    made=$policy
  fi
  local failed=
  apt-get update -qq >/dev/null 2>&1 || say "apt-get update failed; going on with the lists that are there" >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >.test-tools/apt.log 2>&1 || failed=1
  [ -z "$made" ] || rm -f "$made"
  if [ -n "$failed" ]; then
    tail -5 .test-tools/apt.log >&2
    say "apt-get could not install: $*" >&2
  fi
}

install_go_programs() {
  if ! command -v go >/dev/null; then
    say "no Go toolchain: registry 3, crane, oras, containerd 2 and the CRI client are left out" >&2
    return 0
  fi
  local name version package
  while read -r name version package; do
    [ -n "$name" ] || continue
    [ -x "$bin/$name-$version" ] || {
      say "go install $package@$version"
      # A directory of its own: `go install` names the file after the package, and two are called alike.
      GOBIN=$PWD/.test-tools/go-$name go install -trimpath -ldflags='-s -w' "$package@$version" 2>.test-tools/go.log || {
        tail -5 .test-tools/go.log >&2
        say "could not build $name $version" >&2
        continue
      }
      mv ".test-tools/go-$name/$(basename "$package")" "$bin/$name-$version"
      rmdir ".test-tools/go-$name"
    }
    ln -sfn "$name-$version" "$bin/$name"
  done <<<"$go_programs"
  # Ours, so rebuilt when their source changes.
  for name in cri-pull containerd2; do
    if [ ! -x "$bin/$name" ] || [ -n "$(find "tests/e2e/$name" -newer "$bin/$name" -type f)" ]; then
      say "go build tests/e2e/$name"
      (cd "tests/e2e/$name" && go build -trimpath -ldflags='-s -w' -o "$bin/$name" .) 2>.test-tools/go.log || {
        tail -5 .test-tools/go.log >&2
        say "could not build $name" >&2
      }
    fi
  done
}

# schemathesis and what it needs, pinned as a whole, in an environment of their own.
install_python_programs() {
  local wanted=tests/schemathesis/requirements.txt venv=.test-tools/python
  cmp -s "$wanted" "$venv/installed" && return 0
  say "pip install -r $wanted"
  rm -rf "$venv"
  # Debian's Python brings venv in a package of its own.
  if ! python3 -c 'import ensurepip' 2>/dev/null; then install_packages python3-venv; fi
  {
    python3 -m venv "$venv" &&
      "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input -r "$wanted" &&
      cp "$wanted" "$venv/installed"
  } 2>.test-tools/pip.log || {
    tail -5 .test-tools/pip.log >&2
    say "could not install schemathesis" >&2
  }
}

main() {
  mkdir -p "$bin"
  [ $# -gt 0 ] || set -- base registry clients engines go browser load python
  local group pair proof package missing=()
  for group in "$@"; do
    local pairs
    pairs=$(packages_of "$group") || { say "no such group: $group" >&2; exit 2; }
    for pair in $pairs; do
      proof=${pair%%:*} package=${pair##*:}
      is_there "$proof" || [[ " ${missing[*]-} " == *" $package "* ]] || missing+=("$package")
    done
  done
  install_packages ${missing[@]+"${missing[@]}"}
  case " $* " in *" go "*) install_go_programs ;; esac
  case " $* " in *" python "*) install_python_programs ;; esac
  say "ready: $*"
}

main "$@"
