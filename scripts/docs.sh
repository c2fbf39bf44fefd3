#!/usr/bin/env bash
# Writes the documentation of every room that has a page, for a web server to serve, into .build/docs.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p .build/docs
for catalog in Sources/*/*.docc; do
    room=$(basename "$catalog" .docc)
    echo "$room" >&2
    swift package --allow-writing-to-directory .build/docs generate-documentation --target "$room" \
        --symbol-graph-minimum-access-level package --transform-for-static-hosting \
        --hosting-base-path "$room" --output-path ".build/docs/$room" >/dev/null
done
