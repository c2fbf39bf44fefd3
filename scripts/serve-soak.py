#!/usr/bin/env python3
"""Loads `kongur serve` with twice as many clients as it lets in, for a long time, and says what became of it.

`kongur bench --server` is the load: clients that come later when they are told to. Every answer must be complete, or a 429
or 503; the memory of the server must not grow, and `/metrics` must answer within 50 ms for 99 of 100 scrapes. Then the
same load again, and the server is ended in the middle of it: what it has let in must be answered. Starts servers of its
own. Needs Python alone.

    scripts/serve-soak.py [--seconds 600]
"""

import json
import subprocess
import threading
import time

import serving

RUNNING, WAITING = 8, 8
# A cache that is soon full: blocks that nobody has written take no memory, and would look like growth.
FLAGS = ["--cache-mib", "4", "--max-sequences", str(RUNNING), "--max-queued-requests", str(WAITING), "--log-level", "error"]


class Load:
    """`kongur bench` with twice as many clients as the server lets in."""

    def __init__(self, options, server, seconds):
        self.process = subprocess.Popen(
            [
                options.program, "bench", "--server", f"http://127.0.0.1:{server.port}", "--clients", str(2 * (RUNNING + WAITING)),
                "--seconds", str(seconds), "--prompt", "64", "--shared-prefix", "16", "--generate", str(options.generate),
                "--seed", str(options.seed), "--json",
            ],
            stdout=subprocess.PIPE, text=True,
        )

    def report(self):
        return json.loads(self.process.communicate()[0])


class Probe(threading.Thread):
    """Scrapes the server as Prometheus does, more often, and looks at its memory."""

    def __init__(self, server):
        super().__init__()
        self.server, self.delays, self.memory, self.most_running = server, [], [], 0
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.1):
            start = time.monotonic()
            metrics = self.server.metrics()
            self.delays.append(time.monotonic() - start)
            self.most_running = max(self.most_running, int(metrics["vllm:num_requests_running"]))
            self.memory.append(self.server.memory())

    def end(self):
        self.over.set()
        self.join()


def tenths(samples):
    """The means of ten parts, one after the other, of what was seen in bytes; in MiB."""
    parts = [samples[len(samples) * part // 10 : len(samples) * (part + 1) // 10] for part in range(10)]
    return [round(sum(part) / len(part) / (1 << 20), 1) for part in parts if part]


def soak(options):
    """The long part: returns what it saw and what is wrong with that."""
    faults = []
    with serving.Server(options, *FLAGS) as server:
        load, probe = Load(options, server, options.seconds), Probe(server)
        probe.start()
        bench = load.report()
        probe.end()
        left, metrics = server.left_after(1), server.metrics()
        faults += server.end()
    if left:
        faults.append(f"left: {left}")
    for failure in bench["failures"]:
        if failure["kind"] not in ("429", "503"):
            faults.append(failure)
    # The client's count and the server's own; a few requests went before to see what the server understands.
    finished, aborted = metrics["vllm:request_success_total"], metrics.get("vllm:http_requests_client_disconnected_total")
    if not bench["completed"] <= finished <= bench["completed"] + 8 or aborted:
        faults.append(f"{bench['completed']} answers came of {finished} that were finished and {aborted} that were not")
    delays, memory = sorted(probe.delays), tenths(probe.memory)
    # After a tenth of the time every buffer has been needed once.
    if memory[-1] > memory[1] + 4:
        faults.append(f"memory grew from {memory[1]} to {memory[-1]} MiB")
    scrape = 1000 * delays[len(delays) * 99 // 100]
    # Of a few scrapes the 99th of 100 is the slowest, which says nothing.
    if scrape > 50 and len(delays) >= 500:
        faults.append(f"the 99th of 100 scrapes took {scrape:.0f} ms")
    report = {
        "seconds": bench["seconds"], "completed": bench["completed"], "failures": bench["failures"],
        "output_tokens_per_s": bench["output_tokens_per_s"], "ttft_ms": bench["ttft_ms"], "itl_ms": bench["itl_ms"],
        "most_running": probe.most_running, "memory_mib": memory,
        "scrape_ms": {"p50": round(1000 * delays[len(delays) // 2], 1), "p99": round(scrape, 1), "scrapes": len(delays)},
    }
    return report, faults


def ended(options):
    """A server that gets SIGTERM under the same load."""
    faults = []
    with serving.Server(options, *FLAGS, "--drain-timeout", "30") as server:
        load = Load(options, server, 6)
        time.sleep(3)
        start = time.monotonic()
        faults += server.end()
        seconds = time.monotonic() - start
        bench = load.report()
    # Clients that come when it is going or gone find nobody; an answer that had begun is whole.
    for failure in bench["failures"]:
        if failure["kind"] not in ("429", "503", "unreachable", "connectionLost"):
            faults.append(failure)
    return {"completed": bench["completed"], "failures": bench["failures"], "end_s": round(seconds, 1)}, faults


def main():
    parser = serving.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--generate", type=int, default=200, help="tokens of an answer")
    options = parser.parse_args()
    if options.short:
        options.seconds = 5
    report, faults = soak(options)
    end, others = ended(options)
    serving.finish({"soak": report, "sigterm": end}, faults + others)


main()
