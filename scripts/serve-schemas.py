#!/usr/bin/env python3
"""Many clients ask `kongur serve` for answers in hostile schemas at once, and nobody else may notice.

The schemas are made to take long to compile, to become large, or to take long for each token. As many other clients ask for
long answers with logprobs and read nothing of them. Beside them a client asks short questions. Every request is answered or
refused with a reason, the short questions are answered soon, and the process stays within its --memory-mib and a tenth more.
Half of the clients with schemas leave before they are answered. Starts a server of its own. Linux, and Python alone.

    scripts/serve-schemas.py [--clients 50] [--seed N]
"""

import json
import random
import socket
import threading
import time
from collections import Counter

import serving

LIMIT_MIB = 512
# Seconds for a short question beside the bombs, on a busy machine.
PATIENCE = 20


def marked(number):
    """A text with five combining marks, which are not in canonical order."""
    text = ""
    for _ in range(5):
        text = chr(0x300 + number % 16) + text
        number //= 16
    return "q" + text


def bombs(chance):
    """Schemas, each another one every time."""
    seed = chance.randrange(1 << 30)
    words = lambda count: [f"value {seed} {number}" for number in range(count)]
    string = lambda pattern: {"type": "string", "pattern": pattern}
    return [
        {"allOf": [{"enum": [marked(seed + n) for n in range(4000)]}, {"enum": [marked(seed + n) for n in range(4000, 8000)]}]},
        {"enum": words(5000)},
        {"anyOf": [string(f"^[a-zA-Z0-9 .,;:_()-]{{30}}q{seed}_{n}$") for n in range(300)]},
        string(f"^(.{{{chance.randint(100, 999)}}}){{{chance.randint(10, 99)}}}$"),
        string(f"^[a-c]([d-z]|[A-Z]|[0-9]|\\W){{{chance.randint(2000, 9000)}}}$"),
        string(f"{seed}.{{12}}b"),
        {"properties": {"k" * 200_000: {"properties": {f"a{seed}_{n}": {"type": "integer"} for n in range(900)}}}},
        {"allOf": [{"anyOf": [{"properties": {f"p{seed}_{i}_{j}": {"type": "integer"}}} for j in range(50)]} for i in range(20)]},
        {"properties": {f"{seed}_{n}": {"enum": words(9)} for n in range(400)}},
    ]


def attack(port, chance, start, counts):
    body = {"model": "model", "max_tokens": 40, "temperature": 1.0, "cache": False, "messages": [{"role": "user", "content": "hi"}]}
    body["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": chance.choice(bombs(chance))}}
    data = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    leaves = chance.random() < 0.5
    start.wait()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5 if leaves else 300) as client:
            client.sendall(head.encode() + data)
            if leaves:
                time.sleep(chance.random())
                counts["left"] += 1
                return
            answer = b""
            while part := client.recv(65536):
                answer += part
        counts[answer.split(b" ")[1].decode() if answer else "closed"] += 1
    except OSError as error:
        counts[type(error).__name__] += 1


def ask_and_read_nothing(port, number):
    """A connection whose answer is longer than what the two ends hold for it."""
    body = {"model": "model", "max_tokens": 900, "ignore_eos": True, "temperature": 1.0, "seed": number, "cache": False}
    body |= {"stream": number % 4 != 3, "logprobs": True, "top_logprobs": 5, "messages": [{"role": "user", "content": f"{number}+1="}]}
    data = json.dumps(body).encode()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
    return client


def memory(pid, field):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024


def main():
    parser = serving.arguments(__doc__)
    parser.add_argument("--clients", type=int, default=50)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    clients = min(options.clients, 20) if options.short else options.clients
    wrong = []
    with serving.Server(options, "--memory-mib", str(LIMIT_MIB)) as server:
        question = {"model": "model", "max_tokens": 4, "cache": False, "messages": [{"role": "user", "content": "1+1"}]}
        server.call("POST", "/v1/chat/completions", question)
        before = memory(server.process.pid, "VmRSS")
        readers = [ask_and_read_nothing(server.port, number) for number in range(clients)]
        start, counts = threading.Event(), Counter()
        own = [random.Random(chance.random()) for _ in range(clients)]
        threads = [threading.Thread(target=attack, args=(server.port, one, start, counts)) for one in own]
        for thread in threads:
            thread.start()
        start.set()
        slowest, asked = 0, 0
        while any(thread.is_alive() for thread in threads) or not asked:
            begin = time.monotonic()
            server.call("POST", "/v1/chat/completions", question)
            slowest, asked = max(slowest, time.monotonic() - begin), asked + 1
            time.sleep(0.1)
        for thread in threads:
            thread.join()
        for reader in readers:
            reader.close()
        most = memory(server.process.pid, "VmHWM")
        if set(counts) - {"200", "400", "429", "503", "left"}:
            wrong.append(f"answers that are none: {dict(counts)}")
        if slowest > PATIENCE:
            wrong.append(f"a short question took {slowest:.1f} s")
        if most > LIMIT_MIB * 1.1:
            wrong.append(f"{most:.0f} MiB are more than {LIMIT_MIB} MiB and a tenth")
        wrong += server.end()
    report = {"seed": options.seed, "schemas": dict(sorted(counts.items())), "readers": len(readers), "questions": asked, "slowest_s": round(slowest, 1)}
    report["memory_mib"] = {"before": round(before), "most": round(most), "limit": LIMIT_MIB}
    serving.finish(report, wrong)


main()
