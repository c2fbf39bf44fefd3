#!/usr/bin/env bash
# Fails when a benchmark is slower than Benchmarks/Thresholds allows, or has no threshold there.
set -euo pipefail
cd "$(dirname "$0")/.."

thresholds=Benchmarks/Thresholds
benchmark() { swift package --package-path Benchmarks benchmark "$@"; }

status=0
benchmark thresholds check --no-progress --path "$thresholds" || status=$?
case $status in
    0) ;;
    4) echo "bench-check: faster than before; \`make bench-thresholds\` on an idle machine holds it" >&2 ;;
    *) echo "bench-check: slower than $thresholds allows, or failed; Benchmarks/README.md says how it is measured" >&2
       exit 1 ;;
esac

# The tool passes over what has no threshold. In its list a line names a target in quotes, and the next ones its benchmarks.
missing=$(benchmark list 2>/dev/null | awk -F"'" -v folder="$thresholds" '
    /^Target .* available benchmarks:/ { target = $2; next }
    NF == 0                            { target = "" }
    target != ""                       { print folder "/" target "." $0 ".p90.json" }' |
    while read -r file; do [ -e "$file" ] || echo "$file"; done)
if [ -n "$missing" ]; then
    echo "bench-check: no such thresholds, make them with \`make bench-thresholds\`:" >&2
    echo "$missing" >&2
    exit 1
fi
