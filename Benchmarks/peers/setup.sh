#!/usr/bin/env bash
# Makes an environment of its own, of about 2 GB, for the programs that Kongur is compared with. llama.cpp is built from its
# source package, with what this processor has; that takes some minutes. After a failure it can be run again.
set -euo pipefail
cd "$(dirname "$0")"

stamp=.venv/requirements-$(cksum <requirements.txt | tr ' ' -)
[ -e "$stamp" ] && exit 0

pip() { local command=$1; shift; .venv/bin/python -m pip "$command" --quiet --disable-pip-version-check "$@"; }
pinned() { grep "^$1==" requirements.txt; }

python3 -m venv .venv
echo "peers: installing OpenVINO and ONNX Runtime" >&2
# torch for the CPU where pip's configuration offers it: the other build brings gigabytes for a GPU.
pip install "$(pinned torch)+cpu" 2>/dev/null || true
grep -v '^llama-cpp-python' requirements.txt | pip install -r /dev/stdin scikit-build-core cmake ninja
# Optimum asks for torchvision, whose build does not fit torch for the CPU and breaks what imports both; no peer needs it.
pip uninstall --yes torchvision
echo "peers: building llama.cpp" >&2
# A wheel that pip keeps from an earlier build may be for another processor.
CMAKE_ARGS="-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF -DLLAMA_CURL=OFF" PATH="$PWD/.venv/bin:$PATH" \
    pip install --no-cache-dir --no-build-isolation --no-binary llama-cpp-python "$(pinned llama-cpp-python)"
echo "peers: building llama.cpp's server" >&2
pip download --no-deps --no-build-isolation --no-binary llama-cpp-python --dest .venv/source "$(pinned llama-cpp-python)"
tar -xzf .venv/source/llama_cpp_python-*.tar.gz -C .venv/source
PATH="$PWD/.venv/bin:$PATH" cmake -S .venv/source/llama_cpp_python-*/vendor/llama.cpp -B .venv/source/build -G Ninja \
    -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=ON -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF \
    -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_USE_PREBUILT_UI=OFF >.venv/source/build.log
PATH="$PWD/.venv/bin:$PATH" cmake --build .venv/source/build --target llama-server >>.venv/source/build.log
cp .venv/source/build/bin/llama-server .venv/bin/
rm -rf .venv/source .venv/requirements-*
touch "$stamp"
