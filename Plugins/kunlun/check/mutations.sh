#!/usr/bin/env bash
# Whether the check fails for each mistake of mutations.txt: mutations.sh BUILD, after `make check`.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/Plugins/kunlun" "$folder/Sources/CKunlun"
cp -r ../../Sources/CKunlun/include "$folder/Sources/CKunlun"
missed=0
while IFS='|' read -r generation file what expression; do
    generation=${generation// /} file=${file// /} what=${what# } expression=${expression# }
    case "$generation" in '' | \#*) continue ;; esac
    cp -r ./*.h ./*.cpp check "$folder/Plugins/kunlun"
    sed -i "$expression" "$folder/Plugins/kunlun/$file"
    if cmp -s "$file" "$folder/Plugins/kunlun/$file"; then
        echo "STALE   $file: $what: nothing was replaced"
        missed=$((missed + 1))
        continue
    fi
    sdk=$build/sdk$generation
    paths=("$sdk"/*/include "$sdk"/*/*/include)
    arguments=()
    search=
    for path in "${paths[@]}"; do
        [ -d "$path" ] || continue
        arguments+=(-I"$path" -L"${path%include}so")
        search=$search:${path%include}so
    done
    if [ "$generation" = 3 ]; then arguments+=(-lxpu_blas); else arguments+=(-DKONGUR_XDNN_FLOAT_NORM -DKONGUR_XDNN_FUSED_NORM); fi
    $COMPILER -std=c++17 -O0 -w -fuse-ld="$LINKER" -DKONGUR_STANDIN -DKONGUR_XDNN_INT8 -DKONGUR_KUNLUN_GENERATION="$generation" \
        -I../../Sources/CKunlun/include "$folder/Plugins/kunlun/check/check.cpp" -o "$folder/check" "${arguments[@]}" -lxpuapi -lxpurt
    if LD_LIBRARY_PATH=$search "$folder/check" > "$folder/log" 2>&1; then
        echo "MISSED  $file: $what (generation $generation)"
        missed=$((missed + 1))
    else
        echo "seen    $file: $what (generation $generation): $(grep -cE '^(WRONG|refused|CRASHED)' "$folder/log") lines"
    fi
done < check/mutations.txt
[ "$missed" = 0 ]
