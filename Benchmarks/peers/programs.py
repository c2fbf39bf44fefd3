"""The programs that compare.py measures: Kongur, and peers in processes of their own."""

import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
KONGUR = HERE.parent.parent / ".build/release/kongur"


class Failure(Exception):
    """Says what failed, why, and what to do."""


class Kongur:
    """Kongur's own commands; a process for each measurement."""

    name = "Kongur"

    def __init__(self, shape, form, threads, home):
        self.shape, self.form, self.threads = shape, form, threads
        self.environment = {**os.environ, "KONGUR_CACHE": str(home)}
        self.checkpoint = home / "shapes" / shape

    def bench(self, *arguments):
        command = [
            KONGUR, "bench", "--shape", self.shape, "--quantize", self.form, "--repeat", "1", "--json", "--threads",
            str(self.threads), *map(str, arguments),
        ]
        return json.loads(self.output(command))["results"]

    def prepare(self):
        """Makes the checkpoint and compiles it, where that has not been done yet."""
        self.bench("--prompt", 8, "--generate", 0)

    def measure(self, test):
        """Tokens per second, and the fraction of the machine's limit in the same moment."""
        if test[0] == "pp":
            results = self.bench("--prompt", test[1], "--generate", 0)
        else:
            results = self.bench("--prompt", 0, "--generate", test[1], "--batch", test[2])
        return results[0]["tokens_per_s"], results[0]["fraction_of_limit"]

    def first(self, prompt, vocabulary):
        """Seconds from the start of the process to its end, after one token, and the most memory that it held."""
        tokens = ",".join(str(random.randrange(vocabulary)) for _ in range(prompt))
        command = [
            KONGUR, "run", self.checkpoint, "--quantize", self.form, "--threads", str(self.threads), "--token-ids", tokens,
            "--max-new-tokens", "1", "--temperature", "0", "--json",
        ]
        start = time.perf_counter()
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            self.output(command)  # again, for what it says
        return time.perf_counter() - start, usage.ru_maxrss * 1024

    def output(self, command):
        if not KONGUR.exists():
            raise Failure(f"{KONGUR} is not there; run `make build`")
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"{' '.join(map(str, command))}: {done.stderr.strip() or ending(done.returncode)}")
        return done.stdout


class Peer:
    """One of the other programs. `name` is as in tables, `module` the file that knows it."""

    def __init__(self, name, module, form, checkpoint, cache, threads, context):
        self.name, self.form = name, form
        self.cache = cache / module
        self.log = self.cache / f"{form}.log"
        self.arguments = [f"{module}_peer", str(checkpoint), str(self.cache), form, str(threads)]
        self.context = context
        self.process = None

    def prepare(self):
        """Makes the peer's model where it has not been made yet."""
        self.cache.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        self.run("prepare", self.context)

    def first(self, prompt):
        answer = self.run("first", 2 * prompt)
        return answer["seconds"], answer["bytes"]

    def start(self):
        """Loads the model, which then stays loaded."""
        self.process = self.spawn("serve", self.context)
        self.answer()

    def measure(self, test):
        try:
            print(*test, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass  # it has ended, and answer() says how
        return self.answer()["tokens_per_s"]

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()

    def run(self, task, context):
        self.process = self.spawn(task, context)
        try:
            return self.answer()
        finally:
            self.close()

    def spawn(self, task, context):
        with open(self.log, "a") as log:
            return subprocess.Popen(
                [sys.executable, "worker.py", task, *self.arguments, str(context)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=HERE,
            )

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"{self.name}: its process ended ({ending(self.process.wait())}): {self.complaint()}; {self.log} says more")
        answer = json.loads(line)
        if "error" not in answer:
            return answer
        cause = answer.get("cause")
        if cause == "import":
            raise Failure(f"{self.name}: {answer['error']}; run Benchmarks/peers/setup.sh")
        if cause == "tool":
            raise Failure(f"{self.name}: {answer['error']}: {self.complaint()}; {self.log} says more")
        raise Failure(
            f"{self.name}: {answer['error']}; {self.log} says more. If its model is broken, delete {self.cache / self.form}*"
        )

    def complaint(self):
        """The last line of the log that reads like one; libraries print much besides."""
        lines = self.log.read_text(errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if re.search("error|assert|fail", line, re.I)), "no word of why")


def ending(code):
    if code == -signal.SIGKILL:
        return "killed, perhaps for want of memory"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
