#!/usr/bin/env python3
"""Many clients leave `kongur serve` at once, in every way and at every moment, and nothing of them may be left.

They leave by a reset, by closing, by closing one side, or by no longer reading; before their body is whole, while they
wait, while their prompt is read, in the middle of their answer; streamed or not. Within a second after the last one
nothing may run or wait, and every block of the cache must be free. Starts a server of its own. Needs Python alone.

    scripts/serve-storm.py [--clients 200] [--rounds 5] [--seed N]
"""

import json
import random
import select
import socket
import struct
import threading
import time
from collections import Counter

import serving

WAYS = ["reset", "close", "half-close", "stall"]
MOMENTS = ["in the body", "at once", "soon", "at the first byte", "later"]


def message(chance, moment):
    """A request as bytes; one that leaves in its body is not whole."""
    words = "the of and to in is that for it as was with be by on not he his but at are this have from".split()
    # Long prompts take long to read, short ones leave time to answer.
    length, tokens = chance.choice([(2, 900), (2, 900), (300, 100), (300, 5)])
    prompt = " ".join(chance.choice(words) for _ in range(length))
    body = {"model": "model", "max_tokens": tokens, "ignore_eos": True, "stream": chance.random() < 0.5}
    path = chance.choice(["/v1/completions", "/v1/chat/completions"])
    if path == "/v1/completions":
        body |= {"prompt": prompt, "n": chance.choice([1, 1, 3])}
    else:
        body["messages"] = [{"role": "user", "content": prompt}]
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    return head + (data[: len(data) // 2] if moment == "in the body" else data)


def leave(port, chance, start, counts):
    way, moment = chance.choice(WAYS), chance.choice(MOMENTS)
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    start.wait()
    time.sleep(chance.random() * 0.2)
    counts[f"{way}, {moment}"] += 1
    try:
        client.sendall(message(chance, moment))
        if moment == "soon":
            time.sleep(chance.random() * 0.02)
        elif moment == "at the first byte":
            select.select([client], [], [], 1)
        elif moment == "later":
            time.sleep(chance.random())
        if way == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif way == "half-close":
            # It stays to hear what comes, and is let go.
            client.shutdown(socket.SHUT_WR)
            client.settimeout(5)
            while client.recv(65536):
                pass
        elif way == "stall":
            time.sleep(chance.random() * 0.5)
    except TimeoutError:
        counts["not let go"] += 1
    except OSError:
        # Whoever leaves may find that the other side has, too.
        pass
    client.close()


def storm(server, clients, chance):
    """Returns what is left a second after the last client, and how they have left."""
    start, counts = threading.Event(), Counter()
    chances = [random.Random(chance.random()) for _ in range(clients)]
    threads = [threading.Thread(target=leave, args=(server.port, own, start, counts)) for own in chances]
    for thread in threads:
        thread.start()
    start.set()
    for thread in threads:
        thread.join()
    return server.left_after(1), counts


def main():
    parser = serving.arguments(__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rounds = 1 if options.short else options.rounds
    chance = random.Random(options.seed)
    faults, ways = [], Counter()
    with serving.Server(options, "--max-sequences", "8", "--log-level", "error") as server:
        memory = []
        for number in range(rounds):
            left, counts = storm(server, options.clients, chance)
            ways += counts
            memory.append(server.memory() >> 20)
            if left:
                faults.append(f"round {number} of seed {options.seed} has left {left}")
            if server.get("/health/ready")[0] != 200:
                faults.append(f"after round {number} the server is not ready")
        if ways["not let go"]:
            faults.append(f"{ways['not let go']} clients that closed one side were not let go")
        abandoned = server.metrics()["vllm:http_requests_client_disconnected_total"]
        if not abandoned:
            faults.append("the server noticed nobody leave")
        faults += server.end()
    report = {"seed": options.seed, "left": dict(sorted(ways.items())), "noticed": abandoned, "memory_mib": memory}
    serving.finish(report, faults)


main()
