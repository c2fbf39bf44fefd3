#!/usr/bin/env bash
# Makes .venv with the packages that tests compare with, once for each requirements.txt. Without Python or network it
# says so and succeeds: the tests that need the packages are skipped then.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv/requirements-$(cksum <requirements.txt | tr ' ' -)
[ -e "$stamp" ] && exit 0

skip() {
    echo "python: $*; tests that compare with Python packages will be skipped" >&2
    exit 0
}

command -v python3 >/dev/null || skip "no python3"
fresh=
if [ ! -x .venv/bin/python ]; then
    fresh=yes
    python3 -m venv .venv || { rm -rf .venv; skip "python3 cannot make a virtual environment"; }
fi

echo "python: installing the packages of requirements.txt into .venv" >&2
pip() { .venv/bin/python -m pip install --quiet --disable-pip-version-check --retries 2 "$@"; }
# torch for the CPU where pip's configuration offers it: the other build brings gigabytes for a GPU.
torch=$(sed -n 's/^\(torch==[0-9.]*\)$/\1+cpu/p' requirements.txt)
pip "$torch" 2>/dev/null || true
if ! pip -r requirements.txt; then
    # Half an environment would make tests fail that ought to be skipped.
    if [ -n "$fresh" ]; then rm -rf .venv; fi
    skip "could not install requirements.txt"
fi
rm -f .venv/requirements-*
touch "$stamp"
