#!/usr/bin/env python3
"""Loads `kongur serve` beyond what it can do, with clients that leave in every way, and says what became of it.

Starts a server of its own with the bundled model. Fails when an answer is neither complete nor a 429 or 503, when
anything is left behind, or when memory grows. Needs Python alone.

    scripts/serve-load.py [--seconds 20] [--clients 32] [--leavers 8]
"""

import argparse
import http.client
import json
import os
import random
import re
import signal
import socket
import struct
import subprocess
import threading
import time
from collections import Counter

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Server:
    """`kongur serve` with the bundled model; after its first line nobody reads its log."""

    def __init__(self, *arguments):
        program = os.path.join(ROOT, ".build/release/kongur")
        command = [program, "serve", "--port", "0", "--log-level", "error", *arguments]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        match = re.search(r":(\d+)/v1", line)
        if not match:
            raise SystemExit("the server did not start: " + line + self.process.stderr.read())
        self.port = int(match[1])

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()

    def memory(self):
        """Bytes that the process holds."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) << 10


def body(stream):
    prompt = f"{random.randrange(1000)}+{random.randrange(1000)}="
    tokens = random.randrange(20, 400)
    fields = {"model": "pebble", "prompt": prompt, "max_tokens": tokens, "ignore_eos": True, "stream": stream}
    return json.dumps(fields).encode()


def stay(server, end, counts):
    """Asks again and again, and waits as long as it is told to."""
    while time.monotonic() < end:
        stream = random.random() < 0.5
        try:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
            connection.request("POST", "/v1/completions", body(stream))
            response = connection.getresponse()
            text = response.read()
        except OSError as error:
            counts[f"failed: {error}"] += 1
            continue
        if response.status == 200:
            whole = text.endswith(b"data: [DONE]\n\n") if stream else b'"usage"' in text
            counts["complete" if whole and b'"error"' not in text else "cut short"] += 1
        else:
            counts[response.status] += 1
            time.sleep(min(1, int(response.getheader("Retry-After") or 0)))


def leave(server, end, counts):
    """Asks and leaves at a random moment: by a reset, by closing, by closing one side."""
    while time.monotonic() < end:
        try:
            client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        except OSError as error:
            counts[f"not connected: {error}"] += 1
            continue
        data = body(random.random() < 0.5)
        head = f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n"
        client.sendall(head.encode() + data[: random.choice([len(data), len(data), 5])])
        time.sleep(random.random() * 0.3)
        way = random.randrange(3)
        if way == 0:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif way == 1:
            client.shutdown(socket.SHUT_WR)
            time.sleep(0.05)
        client.close()


def probe(server, end, counts, delays):
    """Asks for the server's health, as whoever runs it does."""
    while time.monotonic() < end:
        start = time.monotonic()
        try:
            status, _ = server.get("/health/live")
        except OSError as error:
            status = error
        delays.append(time.monotonic() - start)
        if status != 200:
            counts[f"health: {status}"] += 1
        time.sleep(0.02)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--leavers", type=int, default=8)
    options = parser.parse_args()

    server = Server("--max-sequences", "8", "--max-queued-requests", "8")
    counts, delays = Counter(), []
    end = time.monotonic() + options.seconds
    threads = [threading.Thread(target=stay, args=(server, end, counts)) for _ in range(options.clients)]
    threads += [threading.Thread(target=leave, args=(server, end, counts)) for _ in range(options.leavers)]
    threads.append(threading.Thread(target=probe, args=(server, end, counts, delays)))
    for thread in threads:
        thread.start()
    time.sleep(options.seconds / 4)
    early = server.memory()
    for thread in threads:
        thread.join()
    time.sleep(1)
    late = server.memory()
    status = json.loads(server.get("/admin/status")[1])
    server.process.send_signal(signal.SIGTERM)
    exit_status = server.process.wait(30)

    delays.sort()
    report = {
        "answers": {str(name): count for name, count in counts.items()},
        "generated_tokens": status["generated_tokens"],
        "health_p50_ms": round(1000 * delays[len(delays) // 2], 1),
        "health_p99_ms": round(1000 * delays[len(delays) * 99 // 100], 1),
        "memory_mib": [early >> 20, late >> 20],
        "left": {name: status[name] for name in ["admitted", "running", "waiting", "cache_usage"]},
        "exit_status": exit_status,
    }
    print(json.dumps(report, indent=2))
    bad = [name for name in counts if name not in ("complete", 429, 503)]
    if bad or exit_status or any(report["left"].values()) or late > early + (32 << 20):
        raise SystemExit(f"failed: {', '.join(map(str, bad)) or 'something was left, or memory grew'}")


main()
