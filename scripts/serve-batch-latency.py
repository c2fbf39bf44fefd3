#!/usr/bin/env python3
"""Measures how long people wait for `kongur serve` while it works on a batch, and while it does not.

One client asks again and again, with pauses, and reads its answer as a stream: first alone, then while a batch of long lines
runs. Prints percentiles of the time to the first token and between tokens, in milliseconds, and how many tokens of the batch
were drawn in a second, alone and beside the client. Starts a server of its own. Needs Python alone.

    scripts/serve-batch-latency.py [--requests 60] [--model path/to/model]
"""

import http.client
import json
import random
import tempfile
import time

import serving


def ask(port, chance):
    """Returns the seconds until the first token, and those between tokens."""
    prompt = " ".join(str(chance.randrange(1000)) for _ in range(60))
    body = {"model": "model", "prompt": prompt, "max_tokens": 32, "ignore_eos": True, "stream": True, "cache": False}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    start = time.monotonic()
    connection.request("POST", "/v1/completions", json.dumps(body))
    response = connection.getresponse()
    times = []
    while line := response.readline():
        if line.startswith(b"data: {"):
            times.append(time.monotonic())
    return times[0] - start, [later - earlier for earlier, later in zip(times, times[1:])]


def measure(port, requests, chance):
    firsts, betweens = [], []
    for _ in range(requests):
        first, between = ask(port, chance)
        firsts.append(first)
        betweens += between
        time.sleep(0.05)
    share = lambda values, part: round(1000 * sorted(values)[int(part * (len(values) - 1))], 2)
    return {
        f"{name}_ms": {"p50": share(values, 0.5), "p95": share(values, 0.95)}
        for name, values in [("first_token", firsts), ("between_tokens", betweens)]
    }


def drawn(server):
    return server.metrics()["vllm:generation_tokens_total"]


def main():
    parser = serving.arguments(__doc__)
    parser.add_argument("--requests", type=int, default=60)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        with serving.Server(options, "--batch-folder", folder, "--log-level", "error") as server:
            ask(server.port, chance)
            report = {"alone": measure(server.port, options.requests, chance)}
            lines = []
            for number in range(5000):
                body = {"model": "model", "max_tokens": 900, "ignore_eos": True, "temperature": 1, "seed": number}
                body["prompt"] = " ".join(str(chance.randrange(1000)) for _ in range(60))
                lines.append({"custom_id": str(number), "method": "POST", "url": "/v1/completions", "body": body})
            _, batch = server.start_batch(lines, "/v1/completions")
            before = drawn(server)
            while drawn(server) < before + 1000:
                time.sleep(0.02)
            before, start = drawn(server), time.monotonic()
            time.sleep(5)
            report["batch_alone_tokens_per_s"] = round((drawn(server) - before) / (time.monotonic() - start))
            before, start = drawn(server), time.monotonic()
            report["beside_a_batch"] = measure(server.port, options.requests, chance)
            tokens = drawn(server) - before - 32 * options.requests
            report["batch_tokens_per_s_beside"] = round(tokens / (time.monotonic() - start))
            server.call("POST", f"/v1/batches/{batch}/cancel")
    serving.finish(report, [])


main()
