"""A `kongur serve` of one's own, for the scripts that load, leave and attack it. Needs Python alone."""

import argparse
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def arguments(description):
    """A parser with what every script takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, ".build/release/kongur"), help="the built kongur")
    parser.add_argument("--model", help="the model to serve; the bundled one where not given")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--short", action="store_true", help="the form that `make test` runs")
    parser.add_argument("flags", nargs="*", help="further flags for the server, after --")
    return parser


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server on a free port of this machine; ends with the block that it is used in."""

    def __init__(self, options, *flags):
        self.log = tempfile.NamedTemporaryFile(suffix=".log")
        model = [options.model] if options.model else []
        command = [options.program, "serve", *model, "--model-name", "model", "--port", "0", *flags, *options.flags]
        self.process = subprocess.Popen(command, stderr=self.log)
        deadline = time.monotonic() + 120
        while not (match := re.search(r" answers at http://[^/]*:(\d+)/v1", self.logged())):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise SystemExit("the server did not start: " + self.logged())
            time.sleep(0.02)
        self.port = int(match[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def logged(self):
        with open(self.log.name, errors="replace") as log:
            return log.read()

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()

    def call(self, method, path, body=None, headers={}):
        """The body of an answer, which must be a good one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, headers)
        response = connection.getresponse()
        data = response.read()
        if response.status != 200:
            raise SystemExit(f"{method} {path}: {response.status}: {data.decode(errors='replace')}")
        return data

    def start_batch(self, lines, endpoint):
        """Sends lines of a batch, and starts it; returns the file's name and the batch's."""
        data = "".join(json.dumps(line) + "\n" for line in lines)
        form = (
            '--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--x\r\n'
            f'Content-Disposition: form-data; name="file"; filename="lines.jsonl"\r\n\r\n{data}\r\n--x--\r\n'
        )
        file = json.loads(self.call("POST", "/v1/files", form, {"Content-Type": "multipart/form-data; boundary=x"}))
        asked = {"input_file_id": file["id"], "endpoint": endpoint, "completion_window": "24h"}
        return file["id"], json.loads(self.call("POST", "/v1/batches", asked))["id"]

    def status(self):
        return json.loads(self.get("/admin/status")[1])

    def metrics(self):
        """Samples by their name, those that differ in labels alone added up."""
        values = {}
        for line in self.get("/metrics")[1].splitlines():
            if match := re.match(r"([a-zA-Z_:]+)(?:\{.*\})? (\S+)$", line):
                values[match[1]] = values.get(match[1], 0) + float(match[2])
        return values

    def memory(self):
        """Bytes that the process holds."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) << 10

    def left(self):
        """What is not as it is in a server that nobody asks; nothing when all is."""
        status, metrics = self.status(), self.metrics()
        left = {name: status[name] for name in ["admitted", "running", "waiting"]}
        left["used_blocks"] = status["cache_blocks"] - status["free_cache_blocks"]
        for name in ["vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc"]:
            left[name] = metrics[name]
        return {name: value for name, value in left.items() if value}

    def left_after(self, seconds):
        """The same, as soon as nothing is left or the time is over."""
        deadline = time.monotonic() + seconds
        while (left := self.left()) and time.monotonic() < deadline:
            time.sleep(0.01)
        return left

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def end(self, seconds=40):
        """Ends it and returns what is wrong with its end."""
        if self.process.poll() is not None:
            return [f"the server had ended with status {self.process.returncode}: {self.logged()[-2000:]}"]
        self.terminate()
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return [f"the server did not end within {seconds} s"]
        faults = [line for line in self.logged().splitlines() if " error " in line or "Fatal" in line]
        return ([f"the server ended with status {status}"] if status else []) + faults[:5]


def finish(report, faults):
    """Prints a report, and fails with what is wrong."""
    print(json.dumps(report, indent=2))
    if faults:
        sys.exit("failed:\n  " + "\n  ".join(str(fault) for fault in faults))
