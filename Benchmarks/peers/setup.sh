#!/usr/bin/env bash
# Makes an environment of its own for the programs that Kongur is compared with. llama.cpp is built from its source package,
# with what this processor has; that takes some minutes.
set -euo pipefail
cd "$(dirname "$0")"

[ -e .venv/ready ] && exit 0
python3 -m venv .venv
pip() { .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }
echo "peers: installing OpenVINO and ONNX Runtime" >&2
pip openvino-genai "optimum-intel[openvino]" onnxruntime-genai onnx-ir gguf scikit-build-core cmake ninja
echo "peers: building llama.cpp" >&2
CMAKE_ARGS="-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF -DLLAMA_CURL=OFF" PATH="$PWD/.venv/bin:$PATH" \
    pip --no-build-isolation --no-binary llama-cpp-python llama-cpp-python
touch .venv/ready
