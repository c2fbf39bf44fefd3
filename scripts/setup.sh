#!/usr/bin/env bash
# Installs what a build needs and this machine lacks, and the JavaScript packages that the web page draws formulas and code with;
# with `tests`, also Redis, nginx and the browser that tests need. Safe to run again; says nothing and needs no network when
# nothing is missing.
set -euo pipefail

# What to look for, and the Debian package that brings it.
needs() {
    have git || echo git
    have c++ || echo g++
    [ -e /usr/include/stdlib.h ] || echo libc6-dev
    [ -e /usr/include/zlib.h ] || echo zlib1g-dev
    [ -e /usr/include/sqlite3.h ] || echo libsqlite3-dev
    [ -e /usr/include/hiredis/hiredis.h ] || echo libhiredis-dev
    have python3 && python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
}

# What the web page shows plain text without.
page() {
    [ -e /usr/share/javascript/katex/katex.min.js ] || echo libjs-katex
    [ -e /usr/share/javascript/marked/marked.min.js ] || echo libjs-marked
    [ -e /usr/share/javascript/highlight.js/highlight.min.js ] || echo libjs-highlight.js
}

# For tests alone.
wants() {
    have redis-server || echo redis-server
    have nginx || [ -x /usr/sbin/nginx ] || echo nginx-light
    have chromium || echo chromium
    have chromedriver || echo chromium-driver
}

have() { command -v "$1" >/dev/null; }
stop() { echo "setup: $*" >&2; exit 1; }

# Installs packages, or says why it cannot and fails.
install() {
    [ $# != 0 ] || return 0
    fail() { echo "setup: $*" >&2; return 1; }
    have apt-get || fail "missing: $* (names as in Debian); install them with this system's package manager" || return
    local as_root=
    if [ "$(id -u)" != 0 ]; then
        have sudo || fail "missing: $*; install them as root: apt-get install $*" || return
        as_root=sudo
    fi
    echo "setup: installing $*" >&2
    $as_root apt-get update -qq || true
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
        fail "could not install: $*"
}

if [ "$(uname)" = Linux ]; then
    # shellcheck disable=SC2046  # one argument per package
    install $(needs) || exit 1
    # shellcheck disable=SC2046
    install $(page) || echo "setup: the web page will show formulas and code as plain text" >&2
    if [ "${1:-}" = tests ]; then
        # shellcheck disable=SC2046
        install $(wants) || echo "setup: tests of the web page, of Redis or of replicas will be skipped" >&2
    fi
fi

have swift || stop "no 'swift' on the PATH; install Swift 6.2 or newer from https://www.swift.org/install"
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
if [ "$(printf '%s\n' 6.2 "${version:-0}" | sort -V | head -n 1)" != 6.2 ]; then
    stop "Swift ${version:-of unknown version} is too old; install 6.2 or newer from https://www.swift.org/install"
fi
