"""What peers and compare.py share."""

import json
import pathlib
import subprocess
import sys
import time

PROMPT = 16  # tokens before an answer, as `kongur bench` has them


def seconds(body):
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


class ToolFailure(Exception):
    """A program that makes a model has failed; what it printed says why."""


def run_tool(command):
    tool = pathlib.Path(command[0]).name if command[0] != sys.executable else " ".join(map(str, command[1:3]))
    code = subprocess.run(command).returncode
    if code != 0:
        raise ToolFailure(f"{tool} ended with exit code {code}")


def vocabulary_size(checkpoint):
    return json.loads((checkpoint / "config.json").read_text())["vocab_size"]
