"""Measures `kongur serve` beside llama.cpp's server and OpenVINO's continuous batching, under the same clients.

    Benchmarks/peers/setup.sh
    Benchmarks/peers/.venv/bin/python Benchmarks/peers/serving.py --tokenizer FOLDER [--clients 8] [--json FILE]

All serve int8 (Q8_0) weights of one shape, random ones, with a real tokenizer of Qwen2's kind: FOLDER has vocab.json,
merges.txt and tokenizer_config.json. `kongur bench --server` loads the servers; OpenVINO's pipeline is called without one.
Each repetition measures every program once, one after the other; given are medians and the median of the ratios within a
repetition. `kongur bench` without a server stands beside them. The first repetition warms up and does not count.
"""

import argparse
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

from programs import KONGUR, Failure, Kongur, Peer, ending

HERE = pathlib.Path(__file__).resolve().parent
TOKENIZER = ["vocab.json", "merges.txt", "tokenizer_config.json"]


class Server:
    """A server on a free port of this machine, measured by `kongur bench --server`."""

    def __init__(self, name, command, log, environment=None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.name, self.log = name, log
        with open(log, "w") as output:
            self.process = subprocess.Popen(
                [*map(str, command), "--host", "127.0.0.1", "--port", str(self.port)], stdout=output, stderr=output,
                env={**os.environ, **(environment or {})},
            )
        self.wait()

    def wait(self):
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failure(f"{self.name}: ended with {ending(self.process.returncode)}; {self.log} says more")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v1/models", timeout=5).close()
                return
            except OSError:
                time.sleep(0.2)
        raise Failure(f"{self.name}: not ready after three minutes; {self.log} says more")

    def measure(self, clients, requests, prompt, generate):
        command = [
            KONGUR, "bench", "--server", f"http://127.0.0.1:{self.port}", "--clients", clients, "--requests", requests,
            "--prompt", prompt, "--generate", generate, "--json",
        ]
        done = subprocess.run([*map(str, command)], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"{self.name}: {done.stderr.strip()}")
        report = json.loads(done.stdout)
        if report["failures"] or report["output_tokens"] != generate:
            raise Failure(f"{self.name}: not all answers were complete: {done.stdout}")
        return {
            "tokens_per_s": report["output_tokens_per_s"], "ttft_ms": report["ttft_ms"]["p50"],
            "token_ms": report["time_per_token_ms"]["p50"],
        }

    def close(self):
        self.process.terminate()
        self.process.wait()


class Pipeline:
    """OpenVINO's, in a process of its own."""

    name = "OpenVINO INT8"

    def __init__(self, model, checkpoint, threads, clients, log):
        with open(log, "w") as output:
            self.process = subprocess.Popen(
                [sys.executable, HERE / "openvino_serving.py", model, checkpoint, str(threads), str(clients)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, text=True,
            )
        self.log = log
        self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"{self.name}: its process ended ({ending(self.process.wait())}); {self.log} says more")
        return json.loads(line)

    def measure(self, clients, requests, prompt, generate):
        print(requests, prompt, generate, file=self.process.stdin, flush=True)
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Alone:
    """The engine without a server, on as many answers at once: what later tokens take without prompts between them."""

    name = "kongur bench"

    def __init__(self, ours):
        self.ours = ours

    def measure(self, clients, requests, prompt, generate):
        result, = self.ours.bench("--prompt", 0, "--generate", generate, "--batch", clients)
        return {"token_ms": 1000 * clients / result["tokens_per_s"]}

    def close(self):
        pass


def checkpoint_with_tokenizer(shape, tokenizer, folder):
    """A folder with the shape's weights and the tokenizer's files, as links."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in [*(shape / name for name in ["config.json", "model.safetensors"]), *(tokenizer / name for name in TOKENIZER)]:
        if not source.exists():
            raise Failure(f"{source} is not there")
        link = folder / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source.resolve())
    return folder


def start(options, home):
    """The programs, one after the other as they are ready."""
    ours = Kongur(options.shape, "int8", options.threads, home)
    ours.prepare()
    cache = home / "peers" / f"{options.shape}-served"
    checkpoint = checkpoint_with_tokenizer(ours.checkpoint, options.tokenizer, cache / "checkpoint")
    room = options.clients * (options.prompt + options.generate + 32)
    # Random weights soon repeat themselves, and guesses would be right more often than any other model's.
    command = [KONGUR, "serve", checkpoint, "--quantize", "int8", "--threads", options.threads, "--speculate", "off"]
    yield Server("Kongur", command, cache / "kongur.log", {"KONGUR_CACHE": str(home)})
    if "llama_cpp" in options.peers:
        Peer("llama.cpp Q8_0", "llama_cpp", "Q8_0", checkpoint, cache, options.threads, room).prepare()
        command = [
            HERE / ".venv/bin/llama-server", "--model", cache / "llama_cpp/Q8_0.gguf", "--threads", options.threads,
            "--threads-batch", options.threads, "--parallel", options.clients, "--ctx-size", room, "--no-webui",
        ]
        yield Server("llama.cpp Q8_0", command, cache / "llama_cpp/server.log")
    if "openvino" in options.peers:
        Peer(Pipeline.name, "openvino", "int8", ours.checkpoint, home / "peers" / options.shape, options.threads, room).prepare()
        model = home / "peers" / options.shape / "openvino/int8"
        yield Pipeline(model, checkpoint, options.threads, options.clients, cache / "openvino.log")
    yield Alone(ours)


def report(programs, results, unit):
    """Lines of a table: a program's median and range, and how Kongur compares."""
    own = results[programs[0].name]
    for program in programs:
        values = [result[unit] for result in results[program.name] if unit in result]
        if not values:
            continue
        ratios = [mine[unit] / theirs if unit == "tokens_per_s" else theirs / mine[unit] for mine, theirs in zip(own, values)]
        line = f"| {program.name} | {statistics.median(values):.4g} ({min(values):.4g}-{max(values):.4g})"
        yield line + (" | |" if program is programs[0] else f" | {statistics.median(ratios):.2f}x |")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True, metavar="FOLDER")
    parser.add_argument("--shape", default="vibethinker-1.5b", help="as `kongur bench` has them (default: %(default)s)")
    parser.add_argument("--peers", nargs="*", default=["llama_cpp", "openvino"], choices=["llama_cpp", "openvino"])
    parser.add_argument("--clients", type=int, default=8, help="that ask at a time (default: %(default)s)")
    parser.add_argument("--requests", type=int, help="in a repetition (default: four for each client)")
    parser.add_argument("--prompt", type=int, default=64, help="tokens of a prompt (default: %(default)s)")
    parser.add_argument("--generate", type=int, default=64, help="tokens of an answer (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="repetitions that count (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: all, here %(default)s")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the results as JSON, too")
    options = parser.parse_args()
    options.requests = options.requests or 4 * options.clients
    if min(options.clients, options.requests, options.prompt, options.generate, options.repeat, options.threads) < 1:
        parser.error("--clients, --requests, --prompt, --generate, --repeat and --threads must be at least 1")
    return options


def main():
    options = arguments()
    home = pathlib.Path(os.getenv("KONGUR_CACHE") or pathlib.Path.home() / ".cache/kongur").resolve()
    programs = []
    try:
        for program in start(options, home):
            programs.append(program)
        results = {program.name: [] for program in programs}
        for repetition in range(options.repeat + 1):
            for program in programs:
                result = program.measure(options.clients, options.requests, options.prompt, options.generate)
                if repetition > 0:
                    results[program.name].append(result)
            print(f"serving.py: repetition {repetition} of {options.repeat}", file=sys.stderr, flush=True)
    except Failure as failure:
        sys.exit(f"serving.py: {failure}")
    finally:
        for program in programs:
            program.close()
    for unit, title in [
        ("tokens_per_s", "tokens/s together"), ("ttft_ms", "first token, ms, median"), ("token_ms", "each later token, ms, median"),
    ]:
        print(f"| {title}, {options.clients} clients | | Kongur |\n|---|---|---|")
        print("\n".join(report(programs, results, unit)), end="\n\n")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
