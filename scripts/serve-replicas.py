#!/usr/bin/env python3
"""Two replicas behind nginx, of which one is killed under load.

Takes Deploy/nginx/kongur.conf as it is but for the ports. While clients ask, one replica is killed without a warning, started
anew after some seconds, and the other one then ended as a roll-out does, by SIGTERM. Every request must end in a complete
answer, or, where a killed replica had begun to stream it, in a connection that ends early; 429 and 503 are answers, too.
Needs nginx.

    scripts/serve-replicas.py [--seconds 30]
"""

import collections
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import serving


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Balancer:
    """nginx with the configuration of Deploy, in a folder of its own."""

    def __init__(self, ports):
        self.port = free_port()
        with open(os.path.join(serving.ROOT, "Deploy/nginx/kongur.conf")) as file:
            text = file.read()
        for given, port in zip(["127.0.0.1:8000", "127.0.0.1:8001", "127.0.0.1:8002"], [self.port, *ports]):
            text = text.replace(given, f"127.0.0.1:{port}")
        self.folder = tempfile.TemporaryDirectory()
        path = self.folder.name
        with open(os.path.join(path, "nginx.conf"), "w") as file:
            file.write(
                f"daemon off; pid {path}/pid; error_log {path}/error.log; events {{}}\nhttp {{ access_log off;\n"
                + "".join(f"{kind}_temp_path {path}/{kind};\n" for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
                + text + "}\n"
            )
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin") or sys.exit("nginx is not installed")
        self.process = subprocess.Popen([nginx, "-p", path, "-c", "nginx.conf"], stderr=subprocess.DEVNULL)
        while self.process.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
        raise SystemExit("nginx did not start: " + open(os.path.join(path, "error.log")).read())

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


class Client(threading.Thread):
    """Asks until the time is over, and counts how its requests end."""

    def __init__(self, port, seed, until, outcomes):
        super().__init__()
        self.port, self.random, self.until, self.outcomes = port, random.Random(seed), until, outcomes

    def run(self):
        while time.monotonic() < self.until:
            streams = self.random.random() < 0.5
            try:
                outcome = self.ask(streams)
            except (OSError, http.client.HTTPException) as error:
                outcome = f"connection: {type(error).__name__}"
            self.outcomes[("stream " if streams else "whole ") + outcome] += 1

    def ask(self, streams):
        numbers = [self.random.randrange(1000) for _ in range(2)]
        body = {
            "model": "model", "stream": streams, "temperature": 0, "max_tokens": 120,
            "messages": [{"role": "user", "content": "What is {} + {}?".format(*numbers)}],
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if response.status in (429, 503):
            time.sleep(0.2)
            return str(response.status)
        if response.status != 200:
            return f"{response.status}: {text[:200]}"
        if streams:
            return "complete" if text.endswith("data: [DONE]\n\n") and '"error"' not in text else "cut short"
        return "complete" if json.loads(text)["choices"][0]["finish_reason"] in ("stop", "length") else "not complete"


def main():
    parser = serving.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--clients", type=int, default=16)
    options = parser.parse_args()
    seconds = 8 if options.short else options.seconds
    ports = [free_port(), free_port()]
    replicas = [serving.Server(options, "--port", str(port)) for port in ports]
    balancer = Balancer(ports)
    outcomes, faults = collections.Counter(), []
    until = time.monotonic() + seconds
    clients = [Client(balancer.port, options.seed + index, until, outcomes) for index in range(options.clients)]
    try:
        for client in clients:
            client.start()
        time.sleep(seconds / 4)
        begun = replicas[0].metrics()["vllm:num_requests_running"]
        replicas[0].process.send_signal(signal.SIGKILL)
        replicas[0].process.wait()
        time.sleep(seconds / 4)
        replicas[0] = serving.Server(options, "--port", str(ports[0]))
        time.sleep(seconds / 4)
        faults += replicas[1].end()
        for client in clients:
            client.join()
        faults += [f"left at the end: {left}" for left in [replicas[0].left_after(5)] if left]
        faults += replicas[0].end()
    finally:
        balancer.end()
        for replica in replicas:
            replica.process.kill()
    allowed = re.compile(r"(stream|whole) (complete|429|503)$|stream (cut short|connection: IncompleteRead)$")
    faults += [f"{outcome}: {count}" for outcome, count in outcomes.items() if not allowed.match(outcome)]
    cut = sum(count for outcome, count in outcomes.items() if outcome in ("stream cut short", "stream connection: IncompleteRead"))
    if cut > options.clients:
        faults.append(f"{cut} streams were cut short, more than ran at the killed replica")
    if not outcomes["whole complete"] or not outcomes["stream complete"]:
        faults.append("nothing was answered")
    serving.finish({"seed": options.seed, "running_when_killed": begun, "outcomes": dict(outcomes)}, faults)


if __name__ == "__main__":
    main()
