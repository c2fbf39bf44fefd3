#!/usr/bin/env python3
"""Loads and runs models that are wrong in every way, under the address sanitizer.

Compiles the bundled model and small random ones in several forms, changes what is in program.json, weights.bin and XIR
text (numbers, types, places, steps, words, bytes), and reads, loads and runs each result: several tokens, then one by
one, on the CPU, the reference and in the engine. Each may be refused; none may end the program, reach outside its
memory, take more than 4 GB or 60 s. Inputs that do are kept, and named with the seed and the number that make them.
Builds its worker in .build-asan, which takes some minutes at the first time.

    scripts/fuzz-models.py [--minutes 5] [--seed N] [--keep FOLDER] [--only NUMBER]
"""

import argparse
import os
import queue
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = [
    "swift", "build", "-c", "release", "--sanitize=address", "--scratch-path", ".build-asan", "--product", "FuzzModels",
]
WORKER = ROOT / ".build-asan/release/FuzzModels"
KONGUR = ROOT / ".build/release/kongur"
FORMS = {"stored": [], "int8": ["--quantize", "int8"], "int4": ["--quantize", "int4"], "kunlun": ["--target", "kunlun"]}
OUTCOMES = ["not read", "not loaded", "not run", "ran"]
PATIENCE = 60
BATCH = 2000


def compile_models(folder):
    """Compiled models in several forms, and the XIR texts of the tests."""
    checkpoints = {"pebble": ROOT / "Models/pebble"}
    for made in sorted((ROOT / ".build/tiny-checkpoints").glob("*/*/config.json"))[:3]:
        checkpoints[made.parent.name] = made.parent
    models = []
    for name, checkpoint in checkpoints.items():
        for form, options in FORMS.items():
            target = folder / f"{name}-{form}.kongur"
            command = [KONGUR, "compile", checkpoint, "-o", target, *options]
            if subprocess.run(command, capture_output=True).returncode == 0:
                models.append(str(target))
    assert models, f"{KONGUR} compiled nothing"
    return models, sorted(map(str, (ROOT / "Tests/XIRTests/Golden").glob("*.xir")))


class Worker:
    """A process that tries inputs from a number on."""

    def __init__(self, seed, first, count, scratch, files):
        options = "detect_leaks=0:hard_rss_limit_mb=4096:allocator_may_return_null=0:max_allocation_size_mb=1048576"
        command = [WORKER, str(seed), str(first), str(count), str(scratch), *files]
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, text=True,
            env={**os.environ, "ASAN_OPTIONS": options},
        )
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())
        self.lines.put(None)

    def errors(self):
        self.log.seek(0)
        return self.log.read()


def try_inputs(worker, first, counts, end):
    """Follows a worker; the number of the input that ended it with a reason, or None with the number to go on at."""
    number, open_input = first, False
    while True:
        if time.monotonic() > end:
            worker.process.kill()
            worker.process.wait()
            return number, None
        try:
            line = worker.lines.get(timeout=PATIENCE)
        except queue.Empty:
            worker.process.kill()
            worker.process.wait()
            return number, f"goes on after {PATIENCE} s"
        if line is None:
            code = worker.process.wait()
            if code == 0:
                return number + 1, None
            return number, f"ends with {code}" + ("" if open_input else " between inputs")
        if line.isdigit():
            number, open_input = int(line), True
        else:
            source, outcome = line.rsplit(": ", 1)
            counts[source, outcome] += 1
            open_input = False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5, help="how long to try inputs (default: 5)")
    parser.add_argument("--seed", type=int, default=None, help="repeats an earlier run")
    parser.add_argument("--first", type=int, default=0, help="the number of the first input")
    parser.add_argument("--only", type=int, default=None, help="tries this input alone and shows what it says")
    parser.add_argument("--no-build", action="store_true", help="takes the worker as it was built")
    parser.add_argument("--keep", type=Path, default=ROOT / ".build-asan/found", help="where inputs are kept")
    options = parser.parse_args()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    if not options.no_build:
        subprocess.run(BUILD, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    if not KONGUR.exists():
        sys.exit(f"{KONGUR} is not there: make build")
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as temporary:
        folder = Path(temporary)
        models, texts = compile_models(folder)
        files = [*models, "--", *texts]
        scratch = folder / "scratch"
        scratch.mkdir()
        if options.only is not None:
            worker = Worker(seed, options.only, 1, scratch, files)
            print(worker.process.wait(), worker.errors())
            return
        print(f"seed {seed}, {len(models)} models, {len(texts)} texts", flush=True)
        counts, found, number = Counter(), [], options.first
        end, told = time.monotonic() + 60 * options.minutes, time.monotonic()
        while time.monotonic() < end:
            worker = Worker(seed, number, BATCH, scratch, files)
            last, reason = try_inputs(worker, number, counts, end)
            if reason:
                found.append((last, reason))
                place = options.keep / f"{seed}-{last}"
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir(parents=True)
                arguments = [str(seed), str(last), "0", str(place), *files]
                source = subprocess.run([WORKER, *arguments], capture_output=True, text=True).stdout.strip()
                if (place / "weights.bin").is_symlink():
                    (place / "weights.bin").unlink()
                (place / "error.txt").write_text(f"{source}: {reason}\n{worker.errors()}")
                kind = re.search(r"(SUMMARY: .*|Fatal error: .*|.*hard rss limit.*)", worker.errors())
                print(f"input {last} ({source}) {reason}: {kind.group(1) if kind else ''} -> {place}", flush=True)
                last += 1
            number = last
            if time.monotonic() - told > 300:
                told = time.monotonic()
                print(f"{sum(counts.values())} inputs, {len(found)} faults", flush=True)
        total = sum(counts.values())
        print(f"{total} inputs, of which")
        for source in sorted({source for source, _ in counts}):
            own = sum(counts[source, outcome] for outcome in OUTCOMES)
            shares = ", ".join(f"{100 * counts[source, outcome] / own:.0f} % {outcome}" for outcome in OUTCOMES)
            print(f"  {source}: {own}: {shares}")
        print(f"{len(found)} faults" + "".join(f"\n  --seed {seed} --only {number}: {reason}" for number, reason in found))
        if found or not any(outcome == "ran" for _, outcome in counts):
            sys.exit(1)


if __name__ == "__main__":
    main()
