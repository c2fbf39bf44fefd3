"""Measures what guessing tokens (--speculate auto) gains or costs, against --speculate off.

    make build && python3 Benchmarks/speculation.py [--repeat 5] [--limit 60] [--shape FOLDER --quantize int8]

Each repetition runs every case with and without, one after the other; printed are medians of tokens per second, the median of the
ratios within a repetition, and the share of guesses that were right. With --shape, a model of random weights is measured instead
of the bundled one: greedy it falls into loops, where guesses are always right; at temperature 1 nothing repeats.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TASK = ROOT / "Models/pebble/evaluation.jsonl"


def kongur(*arguments):
    """What the command printed as JSON, and its seconds."""
    start = time.monotonic()
    done = subprocess.run([ROOT / ".build/release/kongur", *map(str, arguments)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout), time.monotonic() - start


def problems(limit, concurrency):
    """Tokens per second over problems of the bundled model's evaluation, loading included."""
    def measure(speculate):
        report, seconds = kongur(
            "eval", "--task", TASK, "--limit", limit, "--concurrency", concurrency, "--temperature", 0, "--json", "--speculate", speculate,
        )
        return report["mean_tokens"] * report["total"] / seconds, None
    return measure


def answer(*arguments):
    """Tokens per second after the first of one answer, and its guesses."""
    def measure(speculate):
        result, _ = kongur("run", *arguments, "--ignore-eos", "--json", "--speculate", speculate)
        usage = result["usage"]
        return result["timings"]["tokens_per_second"], (usage["accepted_tokens"], usage["draft_tokens"])
    return measure


def cases(options):
    if options.shape:
        model = [options.shape, "--token-ids", "5,6,7,8,9,10,11,12", "--quantize", options.quantize, "--max-new-tokens", options.tokens]
        return {
            "greedy, which loops": answer(*model, "--temperature", 0),
            "temperature 1, nothing repeats": answer(*model, "--temperature", 1, "--seed", 1),
        }
    question = json.loads(TASK.read_text().splitlines()[options.limit])["problem"]
    return {
        **{f"{options.limit} problems, {n} at once": problems(options.limit, n) for n in (1, 4, 16)},
        "one question, on and on": answer(question, "--max-new-tokens", 600, "--temperature", 0),
        "one question, temperature 3": answer(question, "--max-new-tokens", 600, "--temperature", 3, "--seed", 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--limit", type=int, default=60, help="problems of the evaluation")
    parser.add_argument("--shape", help="a checkpoint of random weights, as `kongur bench --shape` leaves in the cache folder")
    parser.add_argument("--quantize", default="int8")
    parser.add_argument("--tokens", type=int, default=200, help="tokens of an answer with --shape")
    options = parser.parse_args()
    print(f"{'case':32} {'off':>10} {'auto':>10} {'ratio':>7}  right")
    for name, measure in cases(options).items():
        runs = [(measure("off"), measure("auto")) for _ in range(options.repeat)]
        off, auto = ([run[i][0] for run in runs] for i in (0, 1))
        ratio = statistics.median(b / a for a, b in zip(off, auto))
        accepted = runs[-1][1][1]
        right = f"{accepted[0]} of {accepted[1]}" if accepted else ""
        print(f"{name:32} {statistics.median(off):10.1f} {statistics.median(auto):10.1f} {ratio:7.2f}  {right}", flush=True)


if __name__ == "__main__":
    main()
