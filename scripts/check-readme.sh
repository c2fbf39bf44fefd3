#!/usr/bin/env bash
# Fails when the Chinese README does not name the same commands, options, fields and paths as the English one.
set -euo pipefail
cd "$(dirname "$0")/.."

# What stands in backquotes, without the walk through the rooms, which is in English alone.
names() { sed "/^## $2/,/^## /d" "$1" | grep -o '`[^`]*`' | sort -u; }

if ! diff <(names README.md 'How it works') <(names README.zh-CN.md '工作原理'); then
    echo "check-readme: above is what README.md (<) and README.zh-CN.md (>) do not have in common" >&2
    exit 1
fi
