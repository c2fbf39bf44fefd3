#!/usr/bin/env python3
"""A server on a stand-in for a Kunlun card whose thousandth call fails, once with each known error code and once by hanging.

The stand-ins for the vendor's libraries are built from Tests/KunlunBackendTests/StandIn with clang. While clients ask, the
call fails; every request must end in a complete answer or in an error that says so: a status of 500 or more with an error
in JSON, or a stream that has one. Afterwards the server must answer, hold nothing, and end as it is told to.

    scripts/serve-kunlun-faults.py [--call 1000] [--codes 705 714]
"""

import collections
import http.client
import json
import os
import subprocess
import tempfile
import threading

import serving

CODES = [*range(701, 721), *range(800, 818)]
HANGS = 9999


def build(folder):
    """The stand-ins' paths, by the variables that name them."""
    sources = os.path.join(serving.ROOT, "Tests/KunlunBackendTests/StandIn")
    variables = {}
    for variable, name in [("KONGUR_XPURT", "xpurt"), ("KONGUR_XPUML", "xpuml"), ("KONGUR_KUNLUN_OPS", "ops")]:
        path = os.path.join(folder, f"lib{name}.so")
        include = os.path.join(serving.ROOT, "Sources/CKunlun/include")
        command = ["clang", "-O2", "-std=c11", "-shared", "-fPIC", "-I", include, "-o", path]
        subprocess.run([*command, os.path.join(sources, f"standin_{name}.c"), "-lm", "-lpthread"], check=True)
        variables[variable] = path
    return variables


def ask(port, number, streams):
    """How one request ended: `complete`, `error`, or what is wrong with it."""
    body = {
        "model": "model", "stream": streams, "temperature": 0, "max_tokens": 40,
        "messages": [{"role": "user", "content": f"What is {number} + {number + 7}?"}],
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    if response.status >= 500:
        return "error" if json.loads(text).get("error", {}).get("message") else f"{response.status} without an error"
    if response.status != 200:
        return f"{response.status}: {text[:200]}"
    if not streams:
        return "complete" if json.loads(text)["choices"][0]["finish_reason"] in ("stop", "length") else "not complete"
    events = [event[6:] for event in text.split("\n\n") if event.startswith("data: ")]
    if any("error" in json.loads(event) for event in events if event != "[DONE]"):
        return "error"
    return "complete" if events and events[-1] == "[DONE]" else "a stream that just ends"


def serve(options, code, call, requests):
    """What became of the requests to one server, and what was wrong."""
    # Short only where it must pass: a busy machine may keep any call waiting.
    os.environ.update(
        STANDIN_FAIL_AT=str(call), STANDIN_FAIL_CODE=str(code), KONGUR_XPU_TIMEOUT="10" if code == HANGS else "300"
    )
    outcomes, faults = collections.Counter(), []

    def client(first):
        for number in range(first, first + requests):
            try:
                outcomes[ask(server.port, number, number % 2 == 0)] += 1
            except (OSError, ValueError, http.client.HTTPException) as error:
                outcomes[f"{type(error).__name__}: {error}"] += 1

    with serving.Server(options, "--device", "xpu", "--quantize", "f16", "--no-fallback") as server:
        clients = [threading.Thread(target=client, args=(1000 * index,)) for index in range(4)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        faults += [outcome for outcome in outcomes if outcome not in ("complete", "error")]
        if not outcomes["complete"] and not outcomes["error"]:
            faults.append("nothing was answered")
        if not outcomes["error"]:
            faults.append("the call that failed was not noticed")
        faults += [f"left at the end: {left}" for left in [server.left_after(30)] if left]
        server.terminate()
        try:
            server.process.wait(60)
        except subprocess.TimeoutExpired:
            faults.append("the server did not end")
        if "Fatal" in server.logged() or server.process.returncode not in (0, None):
            faults.append(f"it ended with status {server.process.returncode}: {server.logged()[-1000:]}")
    return dict(outcomes), [f"code {code}: {fault}" for fault in faults]


def main():
    parser = serving.arguments(__doc__)
    parser.add_argument("--call", type=int, default=1000)
    parser.add_argument("--codes", type=int, nargs="+")
    options = parser.parse_args()
    codes = options.codes or ([705, 714, 809, HANGS] if options.short else [*CODES, HANGS])
    report, faults = {}, []
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(build(folder))
        for code in codes:
            report[code], wrong = serve(options, code, options.call, 4)
            faults += wrong
    serving.finish(report, faults)


if __name__ == "__main__":
    main()
