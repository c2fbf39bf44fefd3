"""Measures Kongur beside llama.cpp, OpenVINO and ONNX Runtime, all with the same shape and random weights.

    Benchmarks/peers/setup.sh
    Benchmarks/peers/.venv/bin/python Benchmarks/peers/compare.py [--forms int8 int4 bf16] [--json FILE]

Each repetition runs every program once, one after the other, so that all see the same machine; printed are medians and the
ratio of Kongur's speed to each peer's, the median of the ratios within a repetition.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEERS = {
    "bf16": [("llama.cpp bf16", "llama_cpp", "bf16")],
    "int8": [("llama.cpp Q8_0", "llama_cpp", "Q8_0"), ("OpenVINO INT8", "openvino", "int8")],
    "int4": [
        ("llama.cpp Q4_0", "llama_cpp", "Q4_0"), ("OpenVINO INT4", "openvino", "int4"), ("ONNX Runtime INT4", "onnxruntime", "int4"),
    ],
}


class Worker:
    """A peer in a process of its own, which keeps its model loaded."""

    def __init__(self, name, module, form, checkpoint, cache, threads):
        self.name = name
        command = [sys.executable, str(HERE / f"{module}_worker.py"), str(checkpoint), str(cache / module), form, str(threads)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if not os.getenv("VERBOSE") else None,
            text=True, cwd=HERE,
        )

    def is_ready(self):
        """Waits until the model is loaded; what a library prints on the way is passed over."""
        return any(line.strip() == "ready" for line in iter(self.process.stdout.readline, ""))

    def measure(self, test):
        print(*test, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def kongur(form, shape, threads, prompt, generate, batches):
    """Tokens per second by test, and the fraction of the limit."""
    command = [
        str(ROOT / ".build/release/kongur"), "bench", "--shape", shape, "--quantize", form, "--repeat", "1", "--json", "--threads",
        str(threads), "--prompt", str(prompt), "--generate", str(generate), "--batch", *map(str, batches),
    ]
    results = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["results"]
    return {(r["test"], r["batch"]): (r["tokens_per_s"], r["fraction_of_limit"]) for r in results}


def compare(form, options, checkpoint, cache):
    """Rows of test, batch, name, tokens/s, ratio."""
    workers = []
    for name, module, peer_form in PEERS[form]:
        if options.peers and module not in options.peers:
            continue
        worker = Worker(name, module, peer_form, checkpoint, cache, options.threads)
        if worker.is_ready():
            workers.append(worker)
        else:
            print(f"{name}: did not start; VERBOSE=1 says why", file=sys.stderr)
    tests = [("pp", options.prompt)] + [("tg", options.generate, batch) for batch in options.batch]
    speeds, ratios, fractions = {}, {}, {}
    for repetition in range(options.repeat + 1):
        ours = kongur(form, options.shape, options.threads, options.prompt, options.generate, options.batch)
        for test in tests:
            key = (f"{test[0]}{test[1]}", test[2] if len(test) > 2 else 1)
            speed, fraction = ours[key]
            theirs = {worker.name: worker.measure(test) for worker in workers}
            if repetition == 0:
                continue  # warm-up
            speeds.setdefault((key, "Kongur"), []).append(speed)
            fractions.setdefault(key, []).append(fraction)
            for name, value in theirs.items():
                speeds.setdefault((key, name), []).append(value)
                ratios.setdefault((key, name), []).append(speed / value)
    for worker in workers:
        worker.close()
    rows = []
    for (key, name), values in speeds.items():
        row = {"form": form, "test": key[0], "batch": key[1], "program": name, "tokens_per_s": statistics.median(values),
               "min": min(values), "max": max(values)}
        if name == "Kongur":
            row["fraction_of_limit"] = statistics.median(fractions[key])
        else:
            row["kongur_ratio"] = statistics.median(ratios[key, name])
        rows.append(row)
    return rows


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--shape", default="vibethinker-1.5b")
    arguments.add_argument("--forms", nargs="+", default=["int8", "int4", "bf16"], choices=PEERS)
    arguments.add_argument("--peers", nargs="+", help="these modules alone: llama_cpp, openvino, onnxruntime")
    arguments.add_argument("--prompt", type=int, default=512)
    arguments.add_argument("--generate", type=int, default=128)
    arguments.add_argument("--batch", type=int, nargs="+", default=[1, 4, 8, 16])
    arguments.add_argument("--repeat", type=int, default=5)
    arguments.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    arguments.add_argument("--json", type=pathlib.Path)
    options = arguments.parse_args()
    home = pathlib.Path(os.getenv("KONGUR_CACHE") or pathlib.Path.home() / ".cache/kongur")
    checkpoint = home / "shapes" / options.shape
    kongur(options.forms[0], options.shape, options.threads, 8, 0, [1])  # makes the checkpoint
    rows = []
    for form in options.forms:
        for row in compare(form, options, checkpoint, home / "peers" / options.shape):
            rows.append(row)
            last = f"{row['fraction_of_limit']:6.0%} of limit" if "fraction_of_limit" in row else f"{row['kongur_ratio']:6.2f}x"
            print(f"{row['form']:5} {row['test']:6} batch {row['batch']:2}  {row['program']:20} {row['tokens_per_s']:8.1f} "
                  f"[{row['min']:.1f}, {row['max']:.1f}]  {last}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")
