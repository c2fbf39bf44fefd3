#!/usr/bin/env bash
# What the first user with an SDK runs, on the stand-ins' archives: archives.sh SDK2 SDK3 BUILD, the compiler in COMPILER.
set -euo pipefail
cd "$(dirname "$0")/.."
sdk2=$1 sdk3=$2 build=$3

# run TASK GENERATION SDK: the report, and how it ended as $status.
run() {
    status=0
    output=$(make -s "$1" GENERATION="$2" SDK="$3" CXX="$COMPILER" BUILD="$build/archives" CXXFLAGS=-O0 2>&1) || status=$?
}
expect() {
    if grep -qE "$1" <<< "$output"; then return; fi
    echo "FAILED: the report has no line '$1':" >&2
    echo "$output" >&2
    exit 1
}
ends() {
    if [ "$status" = "$1" ]; then return; fi
    echo "FAILED: it ended with $status, not $1:" >&2
    echo "$output" >&2
    exit 1
}

run link-check 2 "$sdk2"
ends 0
expect '^has +INT8'
expect '^has +FUSED_NORM'
expect '^lacks +WIDE: .*undefined.*fc_fusion<_Float16, _Float16, float, short>'
expect '^ok +the shim links'

output=$(ldd "$build/archives/libkongur_kunlun_ops.so")
expect "libxpuapi.so => $sdk2"

run cpu-check 2 "$sdk2"
ends 0
expect '^XDNN stand-in'
expect '^ok +attention of 12 heads on 2'
expect '^ok +reading swiglu.gate=first \(in use\)'
expect '^differs +reading swiglu.gate=second'
expect '^refused +reading paged_attention.heads=grouped: qkv_paged_attention answered 1'
expect '^0 wrong, 0 refused'

run cpu-check 3 "$sdk3"
ends 0
expect '^lacks +FLOAT_NORM'
expect '^refused +linear: cublasGemmEx, which has no reference on the host'
expect '^ok +linear_int8'
expect '^0 wrong, 1 refused'

# Another generation's SDK, and none.
run link-check 2 "$sdk3"
ends 2
expect "fc_fusion"
expect '^FAILED'
run link-check 2 "$build/nowhere"
ends 2
expect 'include/xpu/xdnn.h is not found: name the folder'
