#!/usr/bin/env bash
# A room imports only what its line in Package.swift lists. (`swift build` does not see the import of a dependency's
# dependency, so it cannot hold this.)
set -euo pipefail
cd "$(dirname "$0")/.."

system='Foundation|FoundationEssentials|Glibc|Musl|Darwin|Synchronization|Dispatch|Testing'

# "target dependency", one pair a line. Keys of a target are six spaces deep in what SwiftPM writes.
listed=$(swift package dump-package | awk -F'"' '
    /^  "targets"/                             { inside = 1 }
    inside && /"(byName|product|target)" : \[/ { getline; waiting[++count] = $2 }
    inside && /^      "name" : /               { for (i = 1; i <= count; i++) print $4, waiting[i]; count = 0 }')

# "folder file:line module", one import a line.
imports=$(grep -rnE --include='*.swift' '^[[:space:]]*(@[A-Za-z_]+ +)*((public|package|internal|private|fileprivate) +)?import +' Sources Tests |
    sed -E 's/^([^/]+\/([^/]+)\/[^:]*:[0-9]+):.*import +((struct|class|enum|protocol|func|let|var|typealias|actor) +)?([A-Za-z_0-9]+).*/\2 \1 \5/')

bad=$(awk -v system_modules="^($system)$" '
    NR == FNR                        { listed[$1, $2] = 1; next }
    $3 ~ system_modules || $1 == $3  { next }
    !(($1, $3) in listed)            { print $2 ": " $1 " imports " $3 ", which its line in Package.swift does not list" }
' <(echo "$listed") <(echo "$imports"))

if [ -n "$bad" ]; then
    echo "$bad" >&2
    exit 1
fi
