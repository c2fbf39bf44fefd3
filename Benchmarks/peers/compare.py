"""Measures Kongur beside llama.cpp, OpenVINO and ONNX Runtime, all with the same shape and random weights.

    Benchmarks/peers/setup.sh
    Benchmarks/peers/.venv/bin/python Benchmarks/peers/compare.py [--forms int8 int4 bf16] [--json FILE]

Each repetition runs every test on every program once, one program after the other, so that all see the same machine. Given
are medians, the smallest and the largest, and how many times as fast (or small) Kongur is, the median of the ratios within a
repetition. The first repetition warms up and does not count. A program that fails is left out, with the reason.
"""

import argparse
import json
import os
import pathlib
import sys

from common import PROMPT, vocabulary_size
from programs import Failure, Kongur, Peer
from results import Results

PEERS = {
    "bf16": [("llama.cpp bf16", "llama_cpp", "bf16")],
    "int8": [
        ("llama.cpp Q8_0", "llama_cpp", "Q8_0"), ("OpenVINO INT8", "openvino", "int8"), ("ONNX Runtime INT8", "onnxruntime", "int8"),
    ],
    "int4": [
        ("llama.cpp Q4_0", "llama_cpp", "Q4_0"), ("OpenVINO INT4", "openvino", "int4"), ("ONNX Runtime INT4", "onnxruntime", "int4"),
    ],
}
MODULES = ["llama_cpp", "openvino", "onnxruntime"]


def attempt(body, failures):
    """What `body` returns, or None with its failure noted and printed."""
    try:
        return body()
    except Failure as failure:
        if str(failure) not in failures:
            failures.append(str(failure))
            print(f"compare.py: {failure}", file=sys.stderr, flush=True)
        return None


def works(body, failures):
    return attempt(lambda: body() or True, failures) is not None


def measure_starts(ours, peers, options, results, failures):
    """Fresh processes to their first token; the peers' models need not be loaded for that."""
    vocabulary = vocabulary_size(ours.checkpoint)
    for repetition in range(options.repeat + 1):
        values = {ours.name: ours.first(PROMPT, vocabulary)}
        for peer in peers:
            values[peer.name] = attempt(lambda: peer.first(PROMPT), failures)
        if repetition > 0:
            results.add("first token", 1, {name: value and value[0] for name, value in values.items()})
            results.add("memory", 1, {name: value and value[1] for name, value in values.items()})


def measure_speeds(ours, peers, options, results, failures):
    tests = [("pp", options.prompt)] + [("tg", options.generate, batch) for batch in options.batch]
    peers = [peer for peer in peers if works(peer.start, failures)]
    broken = set()
    for repetition in range(options.repeat + 1):
        for test in tests:
            speed, fraction = ours.measure(test)
            values = {ours.name: speed}
            for peer in peers:
                if (peer.name, test) not in broken:
                    values[peer.name] = attempt(lambda: peer.measure(test), failures)
                    if values[peer.name] is None:
                        broken.add((peer.name, test))
            if repetition > 0:
                results.add(f"{test[0]}{test[1]}", test[2] if len(test) > 2 else 1, values, fraction)
        print(f"compare.py: {ours.form}: repetition {repetition} of {options.repeat}", file=sys.stderr, flush=True)
    for peer in peers:
        peer.close()


def compare(form, options, home, failures):
    ours = Kongur(options.shape, form, options.threads, home)
    ours.prepare()
    cache = home / "peers" / options.shape
    context = max(options.prompt, max(options.batch) * (PROMPT + options.generate)) + 64
    peers = [
        Peer(name, module, peer_form, ours.checkpoint, cache, options.threads, context)
        for name, module, peer_form in PEERS[form] if module in options.peers
    ]
    peers = [peer for peer in peers if works(peer.prepare, failures)]
    results = Results(form, ours.name)
    measure_starts(ours, peers, options, results, failures)
    measure_speeds(ours, peers, options, results, failures)
    return results


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", default="vibethinker-1.5b", help="as `kongur bench` has them (default: %(default)s)")
    parser.add_argument("--forms", nargs="+", default=["int8", "int4", "bf16"], choices=PEERS, help="of weights (default: all)")
    parser.add_argument("--peers", nargs="+", default=MODULES, choices=MODULES, help="programs to compare with (default: all)")
    parser.add_argument("--prompt", type=int, default=512, help="tokens of the prompt (default: %(default)s)")
    parser.add_argument("--generate", type=int, default=128, help="tokens of an answer (default: %(default)s)")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 4, 8, 16], help="answers at once (default: 1 4 8 16)")
    parser.add_argument("--repeat", type=int, default=5, help="repetitions that count (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: all, here %(default)s")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the results as JSON, too")
    options = parser.parse_args()
    if min(options.prompt, options.generate, options.repeat, options.threads, *options.batch) < 1:
        parser.error("--prompt, --generate, --batch, --repeat and --threads must be at least 1")
    return options


def main():
    options = arguments()
    home = pathlib.Path(os.getenv("KONGUR_CACHE") or pathlib.Path.home() / ".cache/kongur").resolve()
    failures, rows = [], []
    for form in options.forms:
        results = attempt(lambda: compare(form, options, home, failures), failures)
        if results:
            print(results.table(), flush=True)
            rows += results.rows()
    if options.json:
        options.json.write_text(json.dumps({"results": rows, "failures": failures}, indent=2) + "\n")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
