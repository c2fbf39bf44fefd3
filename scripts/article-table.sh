#!/usr/bin/env bash
# Puts what `kongur plan --article` prints between the marks of docs/article.md: scripts/article-table.sh .build/release/kongur
set -euo pipefail
program=$(readlink -f "${1:?the program is missing: scripts/article-table.sh .build/release/kongur}")
cd "$(dirname "$0")/.."

table=$(mktemp) page=$(mktemp)
trap 'rm -f "$table" "$page"' EXIT
# The user's own descriptors of devices have no part in it.
KONGUR_DEVICES=/nonexistent "$program" plan --article > "$table"
awk -v table="$table" '
    /^<!-- end of table -->/ { inside = 0; print "" }
    !inside                  { print }
    /^<!-- table:/           { inside = 1; print ""; while ((getline line < table) > 0) print line }' docs/article.md > "$page"
cat "$page" > docs/article.md
