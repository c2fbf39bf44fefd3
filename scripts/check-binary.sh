#!/usr/bin/env bash
# Says what a binary asks of the system that runs it: shared libraries, the newest versions of glibc and libstdc++, and the
# kernel for which it was made. Fails when that is more than what is named in the environment:
#
#     MOST_GLIBC=2.36 scripts/check-binary.sh .build/release/kongur
set -euo pipefail

binary=${1:?usage: scripts/check-binary.sh BINARY}
[ -f "$binary" ] || { echo "check-binary: $binary is not there" >&2; exit 2; }

symbols=$(objdump -T "$binary")
newest() { grep -o "$1_[0-9.]*" <<<"$symbols" | sed "s/$1_//" | sort -uV | tail -1; }
glibc=$(newest GLIBC)

echo "size       $(stat -c %s "$binary" | numfmt --to=iec)"
echo "libraries  $(objdump -p "$binary" | awk '/NEEDED/ { print $2 }' | xargs)"
echo "glibc      ${glibc:-none}: $(grep "GLIBC_$glibc)" <<<"$symbols" | awk '{ print $NF }' | sort -u | head -5 | xargs)"
echo "libstdc++  $(newest GLIBCXX)"
echo "kernel     $(file -b "$binary" | grep -o 'for GNU/Linux [0-9.]*' || echo 'not named')"

if [ -n "${MOST_GLIBC:-}" ] && [ "$(printf '%s\n' "$MOST_GLIBC" "${glibc:-0}" | sort -V | tail -1)" != "$MOST_GLIBC" ]; then
    echo "check-binary: needs glibc $glibc, which is newer than $MOST_GLIBC" >&2
    exit 1
fi
