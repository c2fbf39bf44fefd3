#!/usr/bin/env bash
# Fails when a benchmark is slower than Benchmarks/Thresholds allows, when one crashes, and when one has no threshold.
set -euo pipefail
cd "$(dirname "$0")/.."

thresholds=Benchmarks/Thresholds
benchmark() { swift package --package-path Benchmarks benchmark "$@"; }
stop() { echo "bench-check: $*" >&2; exit 1; }

output=$(mktemp)
trap 'rm -f "$output"' EXIT
# The package manager makes one exit code of all that a plugin says, so what it prints counts.
check() { benchmark thresholds check --no-progress --path "$thresholds" "$@" | tee "$output"; }
says() { grep -q "$1" "$output"; }

if ! check; then
    if says 'Failed to run' || ! says 'is WORSE than\|is BETTER than'; then stop "a benchmark failed to run"; fi
    worse=$(sed -n 's/.*worse than threshold for [^:]*:\([A-Za-z0-9.-]*\).*/\1/p' "$output" | sort -u | paste -sd '|')
    if [ -n "$worse" ]; then
        echo "bench-check: once more, since something else may have run on this machine: $worse" >&2
        check --filter "$worse" || says 'is BETTER than' ||
            stop "slower than $thresholds allows; Benchmarks/README.md says what is compared"
    else
        echo "bench-check: faster than $thresholds by much; \`make bench-thresholds\` on an idle machine keeps it" >&2
    fi
fi

# The tool passes over what has no threshold. In its list a line names a target in quotes, and the next ones its benchmarks.
benchmark list >"$output" 2>/dev/null || stop "the benchmarks cannot be listed"
missing=$(awk -F"'" -v folder="$thresholds" '
    /^Target .* available benchmarks:/ { target = $2; next }
    NF == 0                            { target = "" }
    target != ""                       { print folder "/" target "." $0 ".p90.json" }' "$output" |
    while read -r file; do [ -e "$file" ] || echo "$file"; done)
[ -z "$missing" ] || stop "missing; \`make bench-thresholds\` makes them: $missing"
