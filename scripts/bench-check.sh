#!/usr/bin/env bash
# Fails when a benchmark is slower than Benchmarks/Thresholds allows, when one crashes, and when one has no threshold.
set -euo pipefail
cd "$(dirname "$0")/.."

thresholds=Benchmarks/Thresholds
benchmark() { swift package --package-path Benchmarks benchmark "$@"; }
stop() { echo "bench-check: $*" >&2; exit 1; }

# The package manager makes one exit code of all that a plugin says, so what it prints counts.
output=$(mktemp)
trap 'rm -f "$output"' EXIT
if ! benchmark thresholds check --no-progress --path "$thresholds" 2>&1 | tee "$output"; then
    grep -q 'benchmarkThresholdImprovement' "$output" ||
        stop "slower than $thresholds allows, or failed; Benchmarks/README.md says what is compared"
    echo "bench-check: faster than $thresholds by much; \`make bench-thresholds\` on an idle machine keeps it" >&2
fi

# The tool passes over what has no threshold. In its list a line names a target in quotes, and the next ones its benchmarks.
benchmark list >"$output" 2>/dev/null || stop "the benchmarks cannot be listed"
missing=$(awk -F"'" -v folder="$thresholds" '
    /^Target .* available benchmarks:/ { target = $2; next }
    NF == 0                            { target = "" }
    target != ""                       { print folder "/" target "." $0 ".p90.json" }' "$output" |
    while read -r file; do [ -e "$file" ] || echo "$file"; done)
[ -z "$missing" ] || stop "missing; \`make bench-thresholds\` makes them: $missing"
