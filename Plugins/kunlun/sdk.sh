#!/usr/bin/env bash
# Builds the shim against an SDK: sdk.sh library|link-check|cpu-check, with the Makefile's variables in the environment.
#
# What a release instantiates is found by linking (probe.cpp). Both checks leave their report in BUILD.
set -euo pipefail
cd "$(dirname "$0")"
task=${1:?the task is missing: library, link-check or cpu-check}
mkdir -p "$BUILD"

# The first of these folders that has a file.
folder_with() {
    local file=$1
    shift
    for folder in "$@"; do
        if [ -e "$folder/$file" ]; then
            (cd "$folder" && pwd)
            return
        fi
    done
}

# The archives' own layouts: xhpc-*/xdnn and xhpc-*/xblas beside xre-*, or xdnn-* beside xre-*, all below SDK or SDK itself.
shopt -s nullglob
XDNN=${XDNN:-$(folder_with include/xpu/xdnn.h ${SDK:+"$SDK"/xhpc-*/xdnn "$SDK"/output/xhpc-*/xdnn "$SDK"/xdnn "$SDK"/xdnn-* "$SDK"} /usr/local/xdnn)}
XBLAS=${XBLAS:-$(folder_with so/libxpu_blas.so ${SDK:+"$SDK"/xhpc-*/xblas "$SDK"/output/xhpc-*/xblas "$SDK"/xblas "$SDK"} /usr/local/xblas)}
XRE=${XRE:-$(folder_with include/xpu/runtime.h ${SDK:+"$SDK"/xre-* "$SDK"/output/xre-* "$SDK"/xre "$SDK"} /usr/local/xpu)}
missing() {
    echo "$1 is not found: name the folder with the unpacked archives as SDK=, or the one of this library as $2=" >&2
    exit 1
}
[ -n "$XDNN" ] || missing include/xpu/xdnn.h XDNN
[ -n "$XRE" ] || missing include/xpu/runtime.h XRE

# PaddlePaddle keeps xblas's headers in a folder of that name.
include=(-I../../Sources/CKunlun/include -I"$XDNN/include" -I"$XDNN/include/xpu/refactor/context" -I"$XRE/include")
libraries=(-L"$XDNN/so" -L"$XDNN/lib64" -L"$XRE/so" -L"$XRE/lib64")
found="$XDNN/so:$XDNN/lib64:$XRE/so:$XRE/lib64"
if [ "$GENERATION" -ge 3 ]; then
    [ -n "$XBLAS" ] || missing so/libxpu_blas.so XBLAS
    include+=(-I"$XBLAS/include")
    libraries+=(-L"$XBLAS/so" -lxpu_blas)
    found="$found:$XBLAS/so"
fi
libraries+=(-lxpuapi -lxpurt)
flags=(-std=c++17 -fPIC -Wall -Wextra ${CXXFLAGS:-} -DKONGUR_KUNLUN_GENERATION="$GENERATION" -DKONGUR_XDNN_PRODUCT="$PRODUCT"
    -D_GLIBCXX_USE_CXX11_ABI="$CXX11_ABI" "${include[@]}")

# Links the probe with a definition, or with none, and says whether it links; the log is BUILD/NAME.log.
links() {
    local name=$1
    $CXX "${flags[@]}" -w "-DKONGUR_XDNN_$name" -shared probe.cpp -o "$BUILD/$name.so" "${libraries[@]}" -Wl,-z,defs \
        > "$BUILD/$name.log" 2>&1
}

report() {
    echo "Kongur's shim for Kunlun: $task, generation $GENERATION, products in $PRODUCT, std::string of $CXX11_ABI"
    $CXX --version | head -n 1
    uname -srm
    echo "XDNN  $XDNN"
    echo "XRE   $XRE"
    echo "xblas ${XBLAS:-not found}"
    local header
    for header in "$XDNN"/include/xpu/refactor/core/xdnn_version.h "$XRE"/include/xpu/version.h "$XDNN"/version* "$XRE"/version*; do
        if [ -f "$header" ]; then echo "$header:" && grep -iE 'version|commit' "$header" | head -n 5 || true; fi
    done
}

has=()
probe() {
    if ! links NOTHING; then
        echo "FAILED   not even an empty call links:"
        tail -n 12 "$BUILD/NOTHING.log"
        return 1
    fi
    has=()
    local name names=(VERSION INT8 FLOAT_NORM FUSED_NORM)
    if [ "$GENERATION" -lt 3 ]; then names+=(WIDE); fi
    for name in "${names[@]}"; do
        rm -f "$BUILD/$name.so"
        links "$name" &
    done
    wait
    for name in "${names[@]}"; do
        if [ -e "$BUILD/$name.so" ]; then
            has+=("-DKONGUR_XDNN_$name")
            echo "has      $name"
        else
            echo "lacks    $name: $(grep -m 1 -E 'undefined|error' "$BUILD/$name.log" | c++filt | cut -c 1-200)"
        fi
    done
}

# The library finds the SDK where it was built against it.
library() {
    $CXX "${flags[@]}" "${has[@]}" -shared kongur_kunlun_xdnn.cpp -o "$BUILD/libkongur_kunlun_ops.so" "${libraries[@]}" \
        -Wl,-rpath,"$found" -Wl,-z,defs > "$BUILD/library.log" 2>&1 && return
    c++filt < "$BUILD/library.log" | grep -E 'error|undefined' | sort -u | head -n 40
    if c++filt < "$BUILD/library.log" | grep -q '__cxx11'; then echo "         std::string is of the other layout: CXX11_ABI=$((1 - CXX11_ABI))"; fi
    echo "FAILED   the shim does not build; the whole log is $BUILD/library.log"
    return 1
}

link_check() {
    report
    probe && library || return 1
    echo "ok       the shim links: every call is declared and instantiated"
}

# The shim on XDNN's reference for the processor, with the host's memory for the device's.
cpu_check() {
    report
    probe || return 1
    if ! $CXX "${flags[@]}" "${has[@]}" -DKONGUR_KUNLUN_HOST ${CHECK_FLAGS:-} check/check.cpp -o "$BUILD/cpu-check" \
        "${libraries[@]}" > "$BUILD/cpu-check.log" 2>&1; then
        c++filt < "$BUILD/cpu-check.log" | grep -E 'error|undefined' | sort -u | head -n 40
        echo "FAILED   the check does not build; the whole log is $BUILD/cpu-check.log"
        return 1
    fi
    LD_LIBRARY_PATH="$found${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$BUILD/cpu-check"
}

case "$task" in
    library) probe && library ;;
    link-check) link_check | tee "$BUILD/link-check.txt" ;;
    cpu-check) cpu_check | tee "$BUILD/cpu-check.txt" ;;
    *) echo "there is no task '$task'" >&2 && exit 1 ;;
esac
