#!/usr/bin/env bash
# Installs what a build needs and this machine lacks. Safe to run again; says nothing and needs no network when nothing
# is missing.
set -euo pipefail

# What to look for, and the Debian package that brings it.
needs() {
    have git || echo git
    have c++ || echo g++
    [ -e /usr/include/stdlib.h ] || echo libc6-dev
    [ -e /usr/include/zlib.h ] || echo zlib1g-dev
    have python3 && python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
}

have() { command -v "$1" >/dev/null; }
stop() { echo "setup: $*" >&2; exit 1; }

if [ "$(uname)" = Linux ]; then
    missing=$(needs | xargs)
    if [ -n "$missing" ]; then
        have apt-get || stop "missing: $missing (names as in Debian); install them with this system's package manager"
        as_root=
        if [ "$(id -u)" != 0 ]; then
            have sudo || stop "missing: $missing; install them as root: apt-get install $missing"
            as_root=sudo
        fi
        echo "setup: installing $missing" >&2
        $as_root apt-get update -qq || true
        # shellcheck disable=SC2086  # one argument per package
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
            stop "could not install: $missing"
    fi
fi

have swift || stop "no 'swift' on the PATH; install Swift 6.2 or newer from https://www.swift.org/install"
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
if [ "$(printf '%s\n' 6.2 "${version:-0}" | sort -V | head -n 1)" != 6.2 ]; then
    stop "Swift ${version:-of unknown version} is too old; install 6.2 or newer from https://www.swift.org/install"
fi
