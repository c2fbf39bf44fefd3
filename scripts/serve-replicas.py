#!/usr/bin/env python3
"""Two replicas behind nginx that share their answers in Redis; Redis is killed under load, then a replica.

Takes Deploy/nginx/kongur.conf as it is but for the ports. Before the load, what one replica has answered must be a hit at the other.
While clients ask, some of them what others have asked, Redis is killed, and started anew on the same port: no request may fail, and answers
must be shared again. Then one replica is killed without a warning, started anew after some seconds, and the other one then ended as a roll-out
does, by SIGTERM. Every request must end in a complete answer, or, where a killed replica had begun to stream it, in a connection that ends
early; 429 and 503 are answers, too. Needs nginx and redis-server.

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


class Balancer:
    """nginx with the configuration of Deploy, in a folder of its own."""

    def __init__(self, ports):
        self.port = serving.free_port()
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


class Redis:
    """A Redis that keeps nothing on disk, in a folder of its own."""

    def __init__(self, port):
        self.port = port
        self.folder = tempfile.TemporaryDirectory()
        server = shutil.which("redis-server") or sys.exit("redis-server is not installed")
        self.process = subprocess.Popen(
            [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder.name], stdout=subprocess.DEVNULL
        )
        while self.process.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
        raise SystemExit("Redis did not start")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


def ask(port, body):
    """One request: its status, where its answer came from, and its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.getheader("X-Kongur-Cache"), response.read().decode()
    finally:
        connection.close()


def question(text, streams=False):
    return {
        "model": "model", "stream": streams, "temperature": 0, "max_tokens": 120,
        "messages": [{"role": "user", "content": text}],
    }


def sharing(replicas, text):
    """What is wrong with answers that replicas share: the first computes one, and the others have it then."""
    faults, answers = [], []
    for replica, expected in zip(replicas, ["miss"] + ["hit"] * len(replicas)):
        status, origin, body = ask(replica.port, question(text))
        if status != 200:
            return [f"status {status} for a question to one replica: {body[:200]}"]
        answers.append(json.loads(body)["choices"][0]["message"])
        if origin != expected:
            faults.append(f"an answer that ought to be a {expected} was a {origin}")
    if any(answer != answers[0] for answer in answers):
        faults.append(f"an answer is another one when it comes from the cache: {answers}")
    return faults


def shared_soon(replicas, number, patience=60):
    """What is still wrong with sharing after some tries: replicas find Redis by themselves, and keep answers after they have given them."""
    deadline = time.monotonic() + patience
    while (faults := sharing(replicas, f"What is {number} + 1?")) and time.monotonic() < deadline:
        number += 1
        time.sleep(0.2)
    return faults


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
        # Every third question is one of a few that others ask as well.
        limit = 6 if self.random.random() < 1 / 3 else 1000
        numbers = [self.random.randrange(limit) for _ in range(2)]
        status, origin, text = ask(self.port, question("What is {} + {}?".format(*numbers), streams))
        self.outcomes[f"cache {origin}"] += 1
        if status in (429, 503):
            time.sleep(0.2)
            return str(status)
        if status != 200:
            return f"{status}: {text[:200]}"
        if streams:
            return "complete" if text.endswith("data: [DONE]\n\n") and '"error"' not in text else "cut short"
        return "complete" if json.loads(text)["choices"][0]["finish_reason"] in ("stop", "length") else "not complete"


def main():
    parser = serving.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--clients", type=int, default=16)
    options = parser.parse_args()
    seconds = 16 if options.short else options.seconds
    ports = [serving.free_port(), serving.free_port()]
    redis = Redis(serving.free_port())
    cache = ["--response-cache", f"redis://127.0.0.1:{redis.port}"]
    replicas = [serving.Server(options, "--port", str(port), *cache) for port in ports]
    balancer = Balancer(ports)
    outcomes, faults = collections.Counter(), shared_soon(replicas, 1001)
    until = time.monotonic() + seconds
    clients = [Client(balancer.port, options.seed + index, until, outcomes) for index in range(options.clients)]
    try:
        for client in clients:
            client.start()
        time.sleep(seconds / 8)
        redis.kill()
        time.sleep(seconds / 8)
        redis = Redis(redis.port)
        until_redis_was_back = dict(outcomes)
        faults += [f"while Redis was killed: {outcome}" for outcome in until_redis_was_back if not is_complete(outcome)]
        faults += shared_soon(replicas, 2001)
        begun = replicas[0].metrics()["vllm:num_requests_running"]
        replicas[0].process.send_signal(signal.SIGKILL)
        replicas[0].process.wait()
        time.sleep(seconds / 4)
        replicas[0] = serving.Server(options, "--port", str(ports[0]), *cache)
        time.sleep(seconds / 4)
        metrics = replicas[1].metrics()
        faults += replicas[1].end()
        for client in clients:
            client.join()
        faults += [f"left at the end: {left}" for left in [replicas[0].left_after(5)] if left]
        faults += replicas[0].end()
    finally:
        balancer.end()
        redis.kill()
        for replica in replicas:
            replica.process.kill()
    allowed = re.compile(r"cache |(stream|whole) (complete|429|503)$|stream (cut short|connection: IncompleteRead)$")
    faults += [f"{outcome}: {count}" for outcome, count in outcomes.items() if not allowed.match(outcome)]
    cut = sum(count for outcome, count in outcomes.items() if outcome in ("stream cut short", "stream connection: IncompleteRead"))
    if cut > options.clients:
        faults.append(f"{cut} streams were cut short, more than ran at the killed replica")
    if not outcomes["whole complete"] or not outcomes["stream complete"]:
        faults.append("nothing was answered")
    if not metrics["kongur_response_cache_errors_total"] and not options.short:
        faults.append("nobody has seen that Redis was gone")
    report = {
        "seed": options.seed,
        "until_redis_was_back": until_redis_was_back,
        "running_when_killed": begun,
        "outcomes": dict(outcomes),
        "cache_of_the_other_replica": {
            name: metrics[f"kongur_response_cache_{name}_total"] for name in ["hits", "misses", "shared", "errors"]
        },
    }
    serving.finish(report, faults)


def is_complete(outcome):
    return outcome.startswith("cache ") or outcome.endswith(" complete")


if __name__ == "__main__":
    main()
